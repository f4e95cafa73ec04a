//! The only owner of open text. The language server's loop changes it; everybody else works on a [`Snapshot`].
//!
//! Edits are applied in the order of their arrival, each at once: text, then the syntax tree's offsets. Nothing here
//! waits, parses or reads files.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use grammars::{Language, Notation};
use ropey::Rope;
use thiserror::Error;
use tower_lsp::gen_lsp_types::TextDocumentContentChangeEvent;
use tree_sitter::{InputEdit, Point, Tree};

use crate::lsp::position::{ByteOffset, PositionEncoding};
use crate::syntax::{self, Parsed};

/// Nothing is completed in larger texts: building the rope of one takes the message loop longer than it may be held up.
pub const MAX_TEXT_BYTES: u64 = 16 * 1024 * 1024;

/// A longer URI names no file: Linux has 4096 bytes for a path (`PATH_MAX`), and each may take three in a URI. What is asked of every folder of a
/// path must not be asked half a million times.
pub const MAX_URI_BYTES: usize = 16 * 1024;

/// With more edits in one message (replace all, format) the tree is parsed afresh: telling it of each would hold up the
/// loop, at up to a quarter of a millisecond for one (see [`advance`]).
const MAX_TREE_EDITS: usize = 64;

/// The number that the client gave to a state of a document. It only labels the text: clients may repeat it, and count
/// from anywhere after a document was opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocVersion(pub i32);

/// A document at one moment. Cloning costs a few reference counts, whatever the size of the text.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// As the client spells it.
    pub uri: Arc<str>,
    pub version: DocVersion,
    pub rope: Rope,
    /// Its offsets fit the text; its shape is older than the text while [`Snapshot::tree_is_behind`].
    pub tree: Option<Tree>,
    pub language: Option<&'static Language>,
    /// What parses this document; `None` for languages without a grammar, and after a parse that took too long.
    pub grammar: Option<tree_sitter::Language>,
    /// Where the file lies, if the URI names one.
    pub path: Option<Arc<Path>>,
    /// The URI of the notebook that this is a cell of.
    pub notebook: Option<Arc<str>>,
}

impl Snapshot {
    /// How values are written in it.
    pub fn notation(&self) -> Notation {
        Notation::of(self.language)
    }

    /// The text was edited after the tree was made, or there is no tree.
    pub fn tree_is_behind(&self) -> bool {
        self.tree
            .as_ref()
            .is_none_or(|tree| tree.root_node().has_changes())
    }

    /// A parse would bring a newer tree: there is a grammar, and the text is not above [`syntax::MAX_PARSED_BYTES`].
    pub fn wants_parse(&self) -> bool {
        self.grammar.is_some()
            && self.rope.len_bytes() <= syntax::MAX_PARSED_BYTES
            && self.tree_is_behind()
    }
}

/// Why a change was not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ChangeError {
    #[error(
        "The editor changed a document that is not open. The change was ignored; open the document again."
    )]
    NotOpen,
    #[error(
        "An earlier change of this document was lost, so edits to it are ignored. Close the document and open it again."
    )]
    Desynced,
}

/// The open documents, by URI.
#[derive(Debug, Default)]
pub struct Documents {
    open: HashMap<Arc<str>, Document>,
}

#[derive(Debug)]
struct Document {
    now: Snapshot,
    /// Our text may differ from the client's: it is not shown to anybody until the client sends all of it.
    desynced: bool,
}

impl Documents {
    /// Opens a document, or opens it again: what was known of it is forgotten. `language_id` is the client's; where it
    /// says nothing, the file's name and first line decide.
    pub fn open(
        &mut self,
        uri: &str,
        language_id: &str,
        version: DocVersion,
        text: &str,
    ) -> Snapshot {
        self.open_in(None, uri, language_id, version, text)
    }

    /// [`open`](Self::open) for a cell of a notebook, which is named by its URI.
    pub fn open_in(
        &mut self,
        notebook: Option<&str>,
        uri: &str,
        language_id: &str,
        version: DocVersion,
        text: &str,
    ) -> Snapshot {
        let uri: Arc<str> = uri.into();
        let path = file_path(&uri).map(Arc::from);
        let language = Language::by_lsp_id(language_id).or_else(|| {
            let name = path.as_deref().unwrap_or(Path::new(&*uri));
            Language::detect(name, text.lines().next().unwrap_or_default())
        });
        let now = Snapshot {
            uri: uri.clone(),
            version,
            rope: Rope::from_str(text),
            tree: None,
            language,
            grammar: language.and_then(Language::parser),
            path,
            notebook: notebook.map(Arc::from),
        };
        let document = Document {
            now: now.clone(),
            desynced: false,
        };
        self.open.insert(uri, document);
        now
    }

    /// Applies the changes of one `textDocument/didChange`, one after the other. The transport keeps messages in order,
    /// so a version that repeats or goes back is the client's slip and the edit still counts.
    pub fn change(
        &mut self,
        uri: &str,
        version: DocVersion,
        changes: &[TextDocumentContentChangeEvent],
        encoding: PositionEncoding,
    ) -> Result<Snapshot, ChangeError> {
        use TextDocumentContentChangeEvent::{
            TextDocumentContentChangePartial as Partial,
            TextDocumentContentChangeWholeDocument as Whole,
        };
        let document = self.open.get_mut(uri).ok_or(ChangeError::NotOpen)?;

        // What comes before the last whole text does not matter any more.
        let whole = changes
            .iter()
            .rposition(|change| matches!(change, Whole(_)));
        if document.desynced && whole.is_none() {
            return Err(ChangeError::Desynced);
        }
        // Stays so if anything below panics.
        document.desynced = true;
        let now = &mut document.now;
        let changes = &changes[whole.unwrap_or(0)..];
        if changes.len() > MAX_TREE_EDITS {
            now.tree = None;
        }
        for change in changes {
            match change {
                Whole(whole) => {
                    now.rope = Rope::from_str(&whole.text);
                    now.tree = None;
                }
                Partial(partial) => {
                    let range = encoding.range(&now.rope, partial.range);
                    if let Some(tree) = &mut now.tree {
                        tree.edit(&input_edit(&now.rope, &range, &partial.text));
                    }
                    replace(&mut now.rope, &range, &partial.text);
                }
            }
        }
        if now.rope.len_bytes() > syntax::MAX_PARSED_BYTES {
            now.tree = None;
        }
        now.version = version;
        document.desynced = false;
        Ok(document.now.clone())
    }

    /// Forgets a document; whether it was open.
    pub fn close(&mut self, uri: &str) -> bool {
        self.open.remove(uri).is_some()
    }

    /// The document as it is now. `None` if it is not open, or if its text is not known for sure.
    pub fn snapshot(&self, uri: &str) -> Option<Snapshot> {
        let document = self.open.get(uri)?;
        (!document.desynced).then(|| document.now.clone())
    }

    /// To be called when a change was lost before it came here: the document is useless until the client sends all of
    /// its text, by a whole-document change or by opening it again. Whether it was of use until now.
    pub fn desync(&mut self, uri: &str) -> bool {
        let document = self.open.get_mut(uri);
        document.is_some_and(|document| !std::mem::replace(&mut document.desynced, true))
    }

    /// Takes over the result of a parse, if the text is still the one that was parsed; whether it was taken. A parse
    /// that took too long ends the parsing of this document until it is opened again.
    pub fn store(&mut self, parsed: Parsed) -> bool {
        let Some(document) = self.open.get_mut(&parsed.snapshot.uri) else {
            return false;
        };
        let now = &mut document.now;
        match parsed.tree {
            // Every opening has a string of its own.
            None if Arc::ptr_eq(&now.uri, &parsed.snapshot.uri) => {
                now.grammar = None;
                now.tree = None;
                true
            }
            // The same rope, not only the same version: numbers come again, after an opening for instance.
            Some(tree) if now.rope.is_instance(&parsed.snapshot.rope) => {
                now.tree = Some(tree);
                true
            }
            _ => false,
        }
    }
}

/// The path that a `file:` URI names; `None` for other schemes (`untitled:`, a notebook's cell).
pub fn file_path(uri: &str) -> Option<PathBuf> {
    let url = url::Url::parse(uri).ok()?;
    (url.scheme() == "file").then(|| url.to_file_path().ok())?
}

fn replace(rope: &mut Rope, range: &Range<ByteOffset>, text: &str) {
    let start = rope.byte_to_char(range.start.0);
    let end = rope.byte_to_char(range.end.0);
    rope.remove(start..end);
    rope.insert(start, text);
}

/// The replacement of `range` by `text`, as tree-sitter wants to hear of it. `rope` is the text before.
fn input_edit(rope: &Rope, range: &Range<ByteOffset>, text: &str) -> InputEdit {
    let (start, end) = (range.start.0, range.end.0);
    let start_position = advance(Point::new(0, 0), rope.byte_slice(..start).chunks());
    InputEdit {
        start_byte: start,
        old_end_byte: end,
        new_end_byte: start + text.len(),
        start_position,
        old_end_position: advance(start_position, rope.byte_slice(start..end).chunks()),
        new_end_position: advance(start_position, [text].into_iter()),
    }
}

/// Where `point` comes to by reading `chunks`. To tree-sitter only LF ends a line, so the rope's lines, which a CR ends
/// too, do not help; reading all of a text of [`syntax::MAX_PARSED_BYTES`] costs a quarter of a millisecond.
fn advance<'a>(mut point: Point, chunks: impl Iterator<Item = &'a str>) -> Point {
    for chunk in chunks {
        let line_feeds = chunk.bytes().filter(|&byte| byte == b'\n').count();
        point.row += line_feeds;
        match chunk.rfind('\n') {
            Some(last) => point.column = chunk.len() - last - 1,
            None => point.column += chunk.len(),
        }
    }
    point
}

#[cfg(test)]
mod tests;
