//! All that is known beside the current file: the index, the open documents, what was edited of late. The message loop tells it of changes,
//! which costs next to nothing; [`Workspace::pieces`] asks every source, reads and parses, and belongs on a thread that may block.

use std::{
    collections::{HashMap, HashSet},
    fs,
    num::NonZeroUsize,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use grammars::{Language, Notation};
use lru::LruCache;
use ropey::Rope;
use tower_lsp::gen_lsp_types::{self as lsp_types, TextDocumentContentChangeEvent};

use super::{
    Piece, Source, counterpart, definitions,
    diagnostic::Diagnostics,
    lines::{line_changes, lines_of},
    outline,
    privacy::{self, Cleared},
    recent_edits::RecentEdits,
    similar::{self, Candidate, Prepared},
};
use crate::{
    documents::{Documents, Snapshot},
    files,
    index::Index,
    syntax::{INTERACTIVE_BUDGET, Parsed, newest_tree},
};

/// Texts that are searched for similar code: the nearest files of a folder, and the documents that are open.
const MAX_TEXTS: usize = 24;
/// Files that are looked at for them, at most: those that may not be read are passed over.
const MAX_FILES: usize = 64;
/// Larger files are not searched.
const MAX_TEXT_BYTES: u64 = 256 * 1024;
/// Texts that stay prepared; a file of 10 KB takes 30.
const PREPARED: NonZeroUsize = NonZeroUsize::new(64).unwrap();
/// Entries of a folder that are looked at.
const MAX_SIBLINGS: usize = 500;
/// Lines above and below the cursor in which the current document is searched. To prepare so many takes a millisecond.
const NEAR_LINES: usize = 1000;
/// Text around the cursor that is compared.
const COMPARED_BYTES: usize = 2048;

/// See [module docs](self).
#[derive(Default)]
pub struct Workspace {
    pub index: Index,
    live: Mutex<Live>,
}

struct Live {
    open: HashMap<Arc<str>, Snapshot>,
    edits: RecentEdits,
    diagnostics: Diagnostics,
    prepared: LruCache<PathBuf, (Stamp, Arc<Prepared>)>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            open: HashMap::new(),
            edits: RecentEdits::default(),
            diagnostics: Diagnostics::default(),
            prepared: LruCache::new(PREPARED),
        }
    }
}

/// Which state of a text was prepared.
#[derive(Clone)]
enum Stamp {
    Open(Rope),
    File(files::Stamp),
}

impl Stamp {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Open(a), Self::Open(b)) => a.is_instance(b),
            (Self::File(a), Self::File(b)) => a.is_known() && a == b,
            _ => false,
        }
    }
}

/// Where something similar is looked for.
#[derive(Clone, Copy)]
struct Around<'a> {
    snapshot: &'a Snapshot,
    path: &'a Path,
    /// The workspace folder of the document.
    folder: Option<&'a Path>,
    /// Byte.
    cursor: usize,
    /// The bytes that the prompt shows anyway.
    window: &'a Range<usize>,
}

impl Workspace {
    pub fn opened(&self, snapshot: &Snapshot) {
        self.index.opened(snapshot);
        self.index_unparsed(snapshot);
        self.live()
            .open
            .insert(snapshot.uri.clone(), snapshot.clone());
    }

    /// The editor asked for code actions at `range`, and said what is wrong there.
    pub fn diagnosed(
        &self,
        uri: &str,
        range: lsp_types::Range,
        diagnostics: &[lsp_types::Diagnostic],
    ) {
        self.live().diagnostics.seen(uri, range, diagnostics);
    }

    /// A document was changed from `before` to `after`. Returns what is of no use any more, to be dropped where that holds nobody up.
    #[must_use]
    pub fn changed(
        &self,
        before: &Rope,
        after: &Snapshot,
        changes: &[TextDocumentContentChangeEvent],
    ) -> Option<Snapshot> {
        let now = Instant::now();
        let mut live = self.live();
        for change in line_changes(changes, before, &after.rope) {
            live.diagnostics.edited(&after.uri, change);
            if let Some(path) = &after.path {
                live.edits.edited(&after.uri, path, change, now);
            }
        }
        let older = live.open.insert(after.uri.clone(), after.clone());
        drop(live);
        self.index_unparsed(after);
        older
    }

    /// Nobody will parse this text: it goes to the index as it is.
    fn index_unparsed(&self, snapshot: &Snapshot) {
        if snapshot.grammar.is_none() {
            self.index.edited(snapshot.clone());
        }
    }

    /// Takes the result of a parse over into the open documents, and into the index if it is still of their text. For the parse thread: to free a tree
    /// takes milliseconds.
    pub fn take_parsed(&self, documents: &Mutex<Documents>, parsed: Parsed) {
        // Its tree is an older one.
        let read = parsed.snapshot.clone();
        let snapshot = Snapshot {
            tree: parsed.tree.clone(),
            ..read.clone()
        };
        // Under the lock, so that nothing comes to the index after its document was closed.
        let mut documents = documents.lock().unwrap_or_else(PoisonError::into_inner);
        let is_indexed = documents.store(parsed) && snapshot.tree.is_some();
        let older = is_indexed.then(|| self.parsed(snapshot.clone()));
        // What is freed now keeps nobody from the documents.
        drop(documents);
        drop((read, snapshot, older));
    }

    /// A document has a new tree, of this very text. Returns what is of no use any more, as [`Workspace::changed`] does.
    pub fn parsed(&self, snapshot: Snapshot) -> Option<Snapshot> {
        self.index.edited(snapshot)
    }

    pub fn closed(&self, uri: &str) {
        self.index.closed(uri);
        let mut live = self.live();
        live.open.remove(uri);
        live.edits.closed(uri);
        live.diagnostics.closed(uri);
    }

    /// Asks whether a model may see an open document. `folder` is the workspace folder that holds it. A disk that does not answer keeps nobody else
    /// waiting.
    ///
    /// # Errors
    /// Why not, for a person.
    pub async fn clear(
        this: &Arc<Self>,
        document: &Snapshot,
        folder: Option<PathBuf>,
    ) -> Result<Cleared, &'static str> {
        let (workspace, document) = (this.clone(), document.clone());
        let clear = move || privacy::clear(&document, folder.as_deref(), workspace.index.ignored());
        tokio::task::spawn_blocking(clear).await.unwrap_or(Err(
            "It could not be found out whether a model may see this file.",
        ))
    }

    /// What may help at `cursor` (byte), from every source but those `without`; nothing that no model may see. `window`: the bytes that the
    /// prompt shows anyway. `folder` is the workspace folder of the document. May read files and parse.
    pub fn pieces(
        &self,
        snapshot: &Snapshot,
        cursor: usize,
        window: &Range<usize>,
        folder: Option<&Path>,
        without: &[Source],
    ) -> Vec<Piece> {
        let Some(path) = snapshot.path.clone() else {
            return Vec::new();
        };
        let snapshot = &Snapshot {
            // One that is a key behind will do, and is there at once.
            tree: snapshot
                .tree
                .clone()
                .or_else(|| newest_tree(snapshot, INTERACTIVE_BUDGET)),
            ..snapshot.clone()
        };
        let wanted = |source| !without.contains(&source);
        let mut pieces = Vec::new();
        if wanted(Source::Definitions) {
            let index = self.index.read();
            pieces.extend(definitions::pieces(
                &index,
                snapshot,
                cursor,
                window.clone(),
            ));
        }
        if wanted(Source::Outline) {
            let symbols = self.index.read().file(&path).cloned();
            let symbols = symbols.as_deref();
            pieces.extend(
                symbols
                    .map(|symbols| outline::pieces(snapshot, symbols, cursor, window))
                    .unwrap_or_default(),
            );
        }
        if wanted(Source::Counterpart) {
            pieces.extend(self.counterparts(snapshot, &path, window));
        }
        let open = self.visible_documents(folder);
        if wanted(Source::RecentEdits) {
            let live = self.live();
            let open = |uri: &str| open.get(uri).cloned();
            let now = Instant::now();
            pieces.extend(live.edits.pieces(open, &snapshot.uri, window, now));
        }
        if wanted(Source::Diagnostic)
            && let Some(language) = snapshot.language
        {
            let line = *lines_of(&snapshot.rope, &(cursor..cursor)).start();
            let live = self.live();
            let diagnostics = &live.diagnostics;
            pieces.extend(diagnostics.piece(&snapshot.uri, &path, language, line));
        }
        if wanted(Source::Similar) {
            let named: Vec<PathBuf> = pieces.iter().map(|piece| piece.path.clone()).collect();
            let around = Around {
                snapshot,
                path: &path,
                folder,
                cursor,
                window,
            };
            pieces.extend(self.similar(&around, &open, named));
        }
        pieces.retain(|piece| self.may_be_seen(&piece.path, folder));
        for piece in &mut pieces {
            let notation = Notation::of(Language::detect(&piece.path, ""));
            piece.text = privacy::without_secrets(&piece.text, notation).into_owned();
        }
        pieces
    }

    fn may_be_seen(&self, path: &Path, folder: Option<&Path>) -> bool {
        privacy::hidden_file(path, folder, self.index.ignored()).is_none()
    }

    /// The open documents that a model may see.
    fn visible_documents(&self, folder: Option<&Path>) -> HashMap<Arc<str>, Snapshot> {
        let mut open = self.live().open.clone();
        // Looks at the disk, so not under the lock.
        let ignored = self.index.ignored();
        open.retain(|_, document| privacy::hidden_document(document, folder, ignored).is_none());
        open
    }

    fn counterparts(&self, snapshot: &Snapshot, path: &Path, window: &Range<usize>) -> Vec<Piece> {
        let index = self.index.read();
        let known = counterpart::counterparts(path)
            .find_map(|other| index.entry(&other).map(|entry| (other, entry.clone())));
        drop(index);
        let Some((other, entry)) = known else {
            return Vec::new();
        };
        if counterpart::is_test(path) {
            let near = snapshot.rope.byte_slice(window.clone()).to_string();
            counterpart::source_pieces(&other, &entry.symbols, &near)
        } else {
            let language = entry.symbols.language;
            let piece = counterpart::test_piece(&other, &entry.symbols, language);
            piece.into_iter().collect()
        }
    }

    fn similar(
        &self,
        around: &Around,
        open: &HashMap<Arc<str>, Snapshot>,
        named: Vec<PathBuf>,
    ) -> Vec<Piece> {
        let Around {
            snapshot,
            path,
            cursor,
            window,
            ..
        } = *around;
        let rope = &snapshot.rope;
        let mut texts: Vec<(PathBuf, Arc<Prepared>)> = Vec::new();
        let mut seen: HashSet<PathBuf> = HashSet::new();
        let current = (path.to_owned(), Arc::new(near(rope, cursor)));
        seen.insert(path.to_owned());
        let mut documents: Vec<&Snapshot> = open.values().collect();
        documents.sort_by(|a, b| a.uri.cmp(&b.uri));
        for document in documents {
            if let Some(path) = document.path.as_deref()
                && texts.len() < MAX_TEXTS
                && document.rope.len_bytes() as u64 <= MAX_TEXT_BYTES
                && document.language == snapshot.language
                && seen.insert(path.to_owned())
            {
                texts.push((path.to_owned(), self.prepared_document(document)));
            }
        }
        for file in named.into_iter().chain(siblings(path)).take(MAX_FILES) {
            if texts.len() >= MAX_TEXTS {
                break;
            }
            if seen.insert(file.clone())
                && let Some(prepared) = self.prepared_file(&file, around)
            {
                texts.push((file, prepared));
            }
        }
        let shown_lines = lines_of(rope, window);
        let mut candidates: Vec<Candidate> = texts
            .iter()
            .map(|(path, text)| Candidate {
                path,
                text,
                shown: None,
            })
            .collect();
        candidates.push(Candidate {
            path: &current.0,
            text: &current.1,
            shown: Some(shown_lines),
        });
        let text = |range: Range<usize>| {
            let start = rope.char_to_byte(rope.byte_to_char(range.start));
            let end = rope.char_to_byte(rope.byte_to_char(range.end.min(rope.len_bytes())));
            rope.byte_slice(start..end.max(start)).to_string()
        };
        let before = text(cursor.saturating_sub(COMPARED_BYTES)..cursor);
        let after = text(cursor..cursor + COMPARED_BYTES / 4);
        similar::pieces(&before, &after, &text(window.clone()), &candidates)
    }

    fn prepared_document(&self, snapshot: &Snapshot) -> Arc<Prepared> {
        let path = snapshot.path.as_deref().unwrap_or(Path::new(""));
        let stamp = Stamp::Open(snapshot.rope.clone());
        let text = || Some(snapshot.rope.to_string());
        self.prepared(path, stamp, text)
            .unwrap_or_else(|| Arc::new(Prepared::new("")))
    }

    /// `None` for what a model may not see, and for what does not belong to the project: a link may lead anywhere.
    fn prepared_file(&self, path: &Path, around: &Around) -> Option<Arc<Prepared>> {
        let Around {
            path: of, folder, ..
        } = *around;
        let file = privacy::readable(path, of, folder, self.index.ignored()).ok()?;
        let stamp = Stamp::File(files::Stamp::of(&file.place, MAX_TEXT_BYTES)?);
        self.prepared(path, stamp, || file.text(MAX_TEXT_BYTES).ok())
    }

    fn prepared(
        &self,
        path: &Path,
        stamp: Stamp,
        text: impl FnOnce() -> Option<String>,
    ) -> Option<Arc<Prepared>> {
        if let Some((known, prepared)) = self.live().prepared.get(path)
            && known.is(&stamp)
        {
            return Some(prepared.clone());
        }
        let prepared = Arc::new(Prepared::new(&text()?));
        let entry = (stamp, prepared.clone());
        self.live().prepared.put(path.to_owned(), entry);
        Some(prepared)
    }

    // Nothing panics while it is held, and what it guards has no broken states.
    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The current document, of which each key makes another: lines that are far from the cursor are left empty, so that the others keep their
/// numbers.
fn near(rope: &Rope, cursor: usize) -> Prepared {
    let line = rope.byte_to_line(cursor.min(rope.len_bytes()));
    let lines = line.saturating_sub(NEAR_LINES)..(line + NEAR_LINES).min(rope.len_lines());
    let text = "\n".repeat(lines.start)
        + &rope
            .slice(rope.line_to_char(lines.start)..rope.line_to_char(lines.end))
            .to_string();
    Prepared::new(&text)
}

/// The files beside a file that are written in its language, as its extension says: those with the most similar names first.
fn siblings(path: &Path) -> Vec<PathBuf> {
    // The cells of a notebook are code, but the files of other notebooks are JSON.
    if path
        .extension()
        .is_some_and(|extension| extension == "ipynb")
    {
        return Vec::new();
    }
    let Some(entries) = path.parent().and_then(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .take(MAX_SIBLINGS)
        .flatten()
        .map(|entry| entry.path())
        .filter(|other| other.extension() == path.extension() && other != path)
        .collect();
    let name = |path: &Path| {
        let name = path.file_stem().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let own = name(path);
    files.sort_by_cached_key(|other| {
        let other_name = name(other);
        let common = own
            .chars()
            .zip(other_name.chars())
            .take_while(|(a, b)| a == b);
        (std::cmp::Reverse(common.count()), other_name)
    });
    files
}
