//! Notebooks. Their cells are documents like all others; here it is known in which order they stand, so that a cell is completed as if the code
//! of the cells before it stood above it.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tower_lsp::gen_lsp_types::{
    DidCloseNotebookDocumentParams, DidCloseTextDocumentParams, DidOpenNotebookDocumentParams,
    DidOpenTextDocumentParams, NotebookCell, NotebookCellKind, NotebookDocumentCellChangeStructure,
};

use super::{Server, Session, lock};
use crate::documents::{Documents, MAX_URI_BYTES, Snapshot, file_path};

/// Of the code above a cell; more than any prompt holds. What lies further up is left out, cell by cell.
const MAX_EARLIER_BYTES: usize = 64 * 1024;

/// The cells of the open notebooks, in their order, by the URI of the notebook.
#[derive(Debug, Default)]
pub struct Notebooks(HashMap<String, Vec<Cell>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cell {
    uri: String,
    is_code: bool,
}

impl From<NotebookCell> for Cell {
    fn from(cell: NotebookCell) -> Self {
        Self {
            uri: cell.document.0,
            is_code: cell.kind == NotebookCellKind::Code,
        }
    }
}

impl Notebooks {
    fn open(&mut self, notebook: &str, cells: Vec<NotebookCell>) {
        let cells = cells.into_iter().map(Cell::from).collect();
        self.0.insert(notebook.to_owned(), cells);
    }

    /// Replaces cells by others. What names more of them than there are takes those that are there.
    fn splice(&mut self, notebook: &str, replaced: Range<usize>, cells: Vec<NotebookCell>) {
        if let Some(known) = self.0.get_mut(notebook) {
            let start = replaced.start.min(known.len());
            let end = replaced.end.clamp(start, known.len());
            known.splice(start..end, cells.into_iter().map(Cell::from));
        }
    }

    /// Takes over the kinds of cells that have changed.
    fn update(&mut self, notebook: &str, changed: Vec<NotebookCell>) {
        let known = self.0.get_mut(notebook);
        for cell in known.into_iter().flatten() {
            let change = changed
                .iter()
                .find(|changed| changed.document.0 == cell.uri);
            if let Some(change) = change {
                cell.is_code = change.kind == NotebookCellKind::Code;
            }
        }
    }

    /// Forgets a notebook, and returns its cells.
    fn close(&mut self, notebook: &str) -> Vec<Cell> {
        self.0.remove(notebook).unwrap_or_default()
    }

    /// The notebook that has this cell.
    pub(super) fn holding(&self, cell: &str) -> Option<&str> {
        let has = |cells: &[Cell]| cells.iter().any(|known| known.uri == cell);
        let mut notebooks = self.0.iter();
        notebooks.find_map(|(notebook, cells)| has(cells).then_some(notebook.as_str()))
    }

    /// The notebook that has this cell, and the URIs of the code cells before it.
    fn above(&self, cell: &str) -> Option<(&str, Vec<&str>)> {
        self.0.iter().find_map(|(notebook, cells)| {
            let at = cells.iter().position(|known| known.uri == cell)?;
            let above = cells[..at].iter().filter(|known| known.is_code);
            Some((
                notebook.as_str(),
                above.map(|known| known.uri.as_str()).collect(),
            ))
        })
    }
}

/// A document as the model should see it.
pub struct Seen {
    pub snapshot: Snapshot,
    /// Where the document begins in it, in bytes.
    pub start: usize,
}

impl Session {
    /// Of a cell, its text below that of the code cells before it in the same language. Any other document as it is.
    pub(super) fn seen(&self, document: Snapshot) -> Seen {
        let notebooks = lock(&self.notebooks);
        let Some((notebook, above)) = notebooks.above(&document.uri) else {
            let start = 0;
            return Seen {
                snapshot: document,
                start,
            };
        };
        let path = file_path(notebook).map(Arc::<Path>::from);
        seen_below(document, path, &above, &lock(&self.documents))
    }
}

fn seen_below(
    cell: Snapshot,
    notebook: Option<Arc<Path>>,
    above: &[&str],
    documents: &Documents,
) -> Seen {
    let mut earlier = Vec::new();
    let mut bytes = 0;
    for uri in above.iter().rev() {
        let Some(text) = documents.snapshot(uri).and_then(|one| code(&one, &cell)) else {
            continue;
        };
        bytes += text.len();
        if bytes > MAX_EARLIER_BYTES {
            break;
        }
        earlier.push(text);
    }
    earlier.reverse();
    let earlier = earlier.concat();
    let mut snapshot = Snapshot {
        // Its prompt names the file that the cell is a part of.
        path: notebook,
        ..cell
    };
    if !earlier.is_empty() {
        snapshot.rope.insert(0, &earlier);
        snapshot.tree = None;
    }
    Seen {
        snapshot,
        start: earlier.len(),
    }
}

/// The code of a cell with a blank line below it, if it is in the language of `other`. A cell that begins with a magic (`%%bash`) is in another.
fn code(cell: &Snapshot, other: &Snapshot) -> Option<String> {
    let language = |cell: &Snapshot| cell.language.map(|language| language.id());
    if language(cell) != language(other) || cell.rope.len_bytes() > MAX_EARLIER_BYTES {
        return None;
    }
    let text = cell.rope.to_string();
    let text = text.trim_end();
    (!text.is_empty() && !text.starts_with("%%")).then(|| format!("{text}\n\n"))
}

impl Server {
    pub(super) async fn did_open_notebook(&self, params: DidOpenNotebookDocumentParams) {
        let notebook = params.notebook_document;
        if notebook.uri.0.len() > MAX_URI_BYTES {
            tracing::info!("a notebook has a name that no file can have, and is not followed");
            return;
        }
        lock(&self.0.notebooks).open(&notebook.uri.0, notebook.cells);
        for text_document in params.cell_text_documents {
            self.did_open(DidOpenTextDocumentParams { text_document })
                .await;
        }
    }

    /// Takes the params as they are: see [`Server::did_change`]. If the order of the cells can't be read, it is forgotten, and each is
    /// completed for itself.
    pub(super) async fn did_change_notebook(&self, params: Value) {
        let uri = params.pointer("/notebookDocument/uri");
        let Some(uri) = uri.and_then(Value::as_str) else {
            tracing::warn!("a change names no notebook");
            return;
        };
        let cells = &params["change"]["cells"];
        let structure: Option<Option<NotebookDocumentCellChangeStructure>> =
            read(&cells["structure"]);
        let data: Option<Option<Vec<NotebookCell>>> = read(&cells["data"]);
        if params.get("change").is_none() {
            tracing::warn!("a change of a notebook was too large to be taken");
            let cells = lock(&self.0.notebooks).close(uri);
            // What it says of their text is lost with it.
            let mut documents = lock(&self.0.documents);
            for cell in cells {
                documents.desync(&cell.uri);
            }
            return;
        }
        let (Some(structure), Some(data)) = (structure, data) else {
            tracing::warn!("a change of a notebook can't be read");
            lock(&self.0.notebooks).close(uri);
            return;
        };
        if let Some(structure) = structure {
            self.change_structure(uri, structure).await;
        }
        lock(&self.0.notebooks).update(uri, data.unwrap_or_default());
        for text in cells["textContent"].as_array().into_iter().flatten() {
            let change =
                json!({ "textDocument": text["document"], "contentChanges": text["changes"] });
            self.did_change(change).await;
        }
    }

    async fn change_structure(
        &self,
        notebook: &str,
        structure: NotebookDocumentCellChangeStructure,
    ) {
        let array = structure.array;
        let start = array.start as usize;
        let replaced = start..start.saturating_add(array.delete_count as usize);
        let cells = array.cells.unwrap_or_default();
        lock(&self.0.notebooks).splice(notebook, replaced, cells);
        for text_document in structure.did_close.unwrap_or_default() {
            self.did_close(DidCloseTextDocumentParams { text_document })
                .await;
        }
        for text_document in structure.did_open.unwrap_or_default() {
            self.did_open(DidOpenTextDocumentParams { text_document })
                .await;
        }
    }

    pub(super) async fn did_close_notebook(&self, params: DidCloseNotebookDocumentParams) {
        lock(&self.0.notebooks).close(&params.notebook_document.uri.0);
        for text_document in params.cell_text_documents {
            self.did_close(DidCloseTextDocumentParams { text_document })
                .await;
        }
    }
}

/// `Some(None)` for what is not there; `None` for what can't be read.
fn read<T: DeserializeOwned>(value: &Value) -> Option<Option<T>> {
    serde_json::from_value(value.clone()).ok()
}
