//! Open documents: open, change, save, close.

use std::sync::Arc;

use serde_json::Value;
use tower_lsp::gen_lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DidSaveTextDocumentParams, MessageType, TextDocumentContentChangeEvent as Change,
};

use super::{Server, Session, lock};
use crate::documents::{DocVersion, MAX_TEXT_BYTES, MAX_URI_BYTES, Snapshot, file_path};

impl Server {
    pub(super) async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        if document.uri.0.len() > MAX_URI_BYTES {
            tracing::info!("a document has a name that no file can have, and is not followed");
            return;
        }
        let language_id = String::from(document.language_id);
        let version = DocVersion(document.version);
        let notebook = lock(&self.0.notebooks)
            .holding(&document.uri.0)
            .map(ToOwned::to_owned);
        let mut documents = lock(&self.0.documents);
        if let Some(last) = documents.snapshot(&document.uri.0) {
            self.0.stop_following(&last);
        }
        if document.text.len() as u64 > MAX_TEXT_BYTES {
            tracing::info!("a document is too large for completions");
            documents.open(&document.uri.0, &language_id, version, "");
            documents.desync(&document.uri.0);
        } else {
            let (notebook, uri) = (notebook.as_deref(), &document.uri.0);
            let snapshot = documents.open_in(notebook, uri, &language_id, version, &document.text);
            self.0.workspace.opened(&snapshot);
            self.0.parser.request(snapshot);
        }
    }

    /// Takes the params as they are: a change that can't be read must not be skipped silently, as every later one would
    /// then be applied to the wrong text.
    pub(super) async fn did_change(&self, params: Value) {
        let uri = params
            .pointer("/textDocument/uri")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let Ok(terms) = self.0.terms() else { return };
        let mut documents = lock(&self.0.documents);
        match (read_change(params), uri) {
            (Some(params), _) => {
                let uri = &params.text_document.text_document_identifier.uri.0;
                let version = DocVersion(params.text_document.version);
                let (changes, encoding) = (&params.content_changes, terms.client.encoding);
                let before = documents.snapshot(uri);
                match documents.change(uri, version, changes, encoding) {
                    Ok(snapshot) => {
                        let workspace = &self.0.workspace;
                        let change =
                            |before: &Snapshot| workspace.changed(&before.rope, &snapshot, changes);
                        let older = before.as_ref().and_then(change);
                        self.0.follow(before.as_ref(), &snapshot, changes, encoding);
                        self.0.parser.request(snapshot);
                        let unneeded = before.into_iter().chain(older);
                        unneeded.for_each(|snapshot| self.0.parser.retire(snapshot));
                    }
                    Err(error) => tracing::warn!(%error, "a change did not count"),
                }
            }
            (None, Some(uri)) => {
                tracing::warn!(
                    "a change can't be taken; its document is ignored until all of its text comes"
                );
                if documents.desync(&uri) {
                    self.0.tell_lost(&uri);
                }
            }
            (None, None) => tracing::warn!("a change names no document"),
        }
    }

    pub(super) async fn did_save(&self, params: DidSaveTextDocumentParams) {
        // Clients that watch files tell of the same change again; others do not.
        if let Some(path) = file_path(&params.text_document.uri.0) {
            self.0.file_changed(&path);
        }
    }

    pub(super) async fn did_close(&self, params: DidCloseTextDocumentParams) {
        let uri = &params.text_document.uri.0;
        let (last, was_open) = {
            let mut documents = lock(&self.0.documents);
            (documents.snapshot(uri), documents.close(uri))
        };
        if let Some(last) = last {
            self.0.stop_following(&last);
        }
        if was_open {
            self.0.workspace.closed(uri);
            lock(&self.0.explanations).pop(uri);
            if let Ok(terms) = self.0.terms() {
                terms.completer.closed(uri);
            }
        }
    }
}

impl Session {
    /// Tells the user, once, why there is nothing in a document any more.
    fn tell_lost(self: &Arc<Self>, uri: &str) {
        let name = uri.rsplit('/').next().unwrap_or(uri);
        let text = format!(
            "tacit: A change of {name} could not be taken, or was in too many places at once. Close the file and open it again to have suggestions in it."
        );
        let editor = self.editor.clone();
        self.spawn(async move { editor.show_message(MessageType::Info, text).await });
    }
}

/// `None` unless every part is understood, and none too large. A change whose range can't be read must not pass for one of the whole document,
/// which is what the types alone would make of it.
fn read_change(params: Value) -> Option<DidChangeTextDocumentParams> {
    let changes = params.get("contentChanges")?.as_array()?;
    let ranged: Vec<bool> = changes
        .iter()
        .map(|change| change.get("range").is_some_and(|range| !range.is_null()))
        .collect();
    let params: DidChangeTextDocumentParams = serde_json::from_value(params).ok()?;
    let mut read = params.content_changes.iter().zip(ranged);
    let understood = read.all(|(change, is_ranged)| {
        let (read_as_ranged, text) = match change {
            Change::TextDocumentContentChangePartial(change) => (true, &change.text),
            Change::TextDocumentContentChangeWholeDocument(change) => (false, &change.text),
        };
        read_as_ranged == is_ranged && text.len() as u64 <= MAX_TEXT_BYTES
    });
    understood.then_some(params)
}
