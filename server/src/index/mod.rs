//! What the files of the workspace define and import. A thread of low priority walks the folders and reads the files; everybody else asks
//! [`Index::read`] and waits for nobody. Knows nothing of prompts, and keeps no text but the outlines of definitions.

pub mod language;
mod nearness;
pub mod resolve;
pub mod symbols;
mod walk;
pub mod workspace;

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
    time::{Duration, Instant},
};

use crate::{context::privacy::Ignored, documents::Snapshot};
pub use walk::source_text;
use workspace::WorkspaceSymbols;

/// An edited text is read when its user has paused so long: its symbols change with every key, and nobody asks for those in between.
const SETTLED: Duration = Duration::from_millis(250);

/// With more changed files at once (another branch checked out) all files are looked at again: that costs a `stat` for each.
const MAX_CHANGED: usize = 10_000;

/// The symbols of a workspace, kept up to date in the background. Clones are handles of the same; the last one ends the thread.
///
/// Nothing here blocks or reads files but where it says so.
#[derive(Clone)]
pub struct Index(Arc<Handle>);

struct Handle(Arc<Shared>);

/// What the thread and the handles share.
struct Shared {
    symbols: RwLock<WorkspaceSymbols>,
    ignored: Ignored,
    mailbox: Mutex<Mailbox>,
    /// Something is in the mailbox, or the thread has nothing to do any more.
    changed: Condvar,
}

/// What the thread has to hear of. Of each thing only the newest word is kept.
#[derive(Default)]
struct Mailbox {
    folders: Option<Vec<PathBuf>>,
    changed: HashSet<PathBuf>,
    too_much_changed: bool,
    /// Folders of documents that were opened, the newest last.
    focus: Vec<PathBuf>,
    documents: HashMap<Arc<str>, (Instant, Document)>,
    progress: Progress,
    ended: bool,
}

enum Document {
    /// Its text, with a tree of this very text where the language has a grammar.
    Text(Snapshot),
    Closed,
}

/// How far the index is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub files: usize,
    /// An estimate of the memory that the symbols take.
    pub bytes: usize,
    /// Nothing is left to be read.
    pub is_ready: bool,
    /// The workspace is larger than the index may become; what lies far from the open files is left out.
    pub is_full: bool,
}

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}

impl Index {
    /// An empty index, and its thread.
    pub fn new() -> Self {
        let shared = Arc::new(Shared {
            symbols: RwLock::default(),
            ignored: Ignored::default(),
            mailbox: Mutex::default(),
            changed: Condvar::new(),
        });
        walk::start(shared.clone());
        Self(Arc::new(Handle(shared)))
    }

    /// The symbols. The guard is to be held for moments: the thread waits for it to add a file.
    pub fn read(&self) -> RwLockReadGuard<'_, WorkspaceSymbols> {
        let symbols = &self.0.0.symbols;
        symbols.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What ignore files exclude, from completions too.
    pub fn ignored(&self) -> &Ignored {
        &self.0.0.ignored
    }

    pub fn progress(&self) -> Progress {
        self.0.0.lock().progress
    }

    /// Makes these the folders of the workspace.
    pub fn set_folders(&self, folders: Vec<PathBuf>) {
        self.ignored().set_workspaces(&folders);
        self.tell(|mailbox| mailbox.folders = Some(folders));
    }

    /// A file or folder was created, changed or deleted: the thread looks which.
    pub fn changed(&self, path: &Path) {
        self.tell(|mailbox| {
            if mailbox.changed.len() < MAX_CHANGED {
                mailbox.changed.insert(path.to_owned());
            } else {
                mailbox.too_much_changed = true;
            }
        });
    }

    /// A document was opened: what lies around it is read first.
    pub fn opened(&self, snapshot: &Snapshot) {
        if let Some(folder) = snapshot.path.as_deref().and_then(Path::parent) {
            self.tell(|mailbox| mailbox.focus.push(folder.to_owned()));
        }
    }

    /// A document has a new tree, of this very text, or none because its language has no grammar. From now on its text counts, not
    /// that of the file. Returns a state of it that was not read and is of no use any more: to be dropped where that holds nobody up.
    pub fn edited(&self, snapshot: Snapshot) -> Option<Snapshot> {
        let settled = Instant::now() + SETTLED;
        let uri = snapshot.uri.clone();
        let document = Document::Text(snapshot);
        let older = self.tell(|mailbox| mailbox.documents.insert(uri, (settled, document)));
        match older? {
            (_, Document::Text(older)) => Some(older),
            (_, Document::Closed) => None,
        }
    }

    /// A document was closed: its file counts again, if it has one.
    pub fn closed(&self, uri: &str) {
        self.tell(|mailbox| {
            let closed = (Instant::now(), Document::Closed);
            mailbox.documents.insert(uri.into(), closed);
        });
    }

    /// Blocks until all that was told is in the index, or until `patience` ends; whether it is.
    pub fn wait_until_ready(&self, patience: Duration) -> bool {
        let shared = &self.0.0;
        let (mailbox, _) = shared
            .changed
            .wait_timeout_while(shared.lock(), patience, |mailbox| {
                !mailbox.progress.is_ready
            })
            .unwrap_or_else(PoisonError::into_inner);
        mailbox.progress.is_ready
    }

    fn tell<T>(&self, what: impl FnOnce(&mut Mailbox) -> T) -> T {
        let mut mailbox = self.0.0.lock();
        let done = what(&mut mailbox);
        mailbox.progress.is_ready = false;
        self.0.0.changed.notify_all();
        done
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is to hear, at once if the thread `has_work`, else as soon as there is something. `None` when it is to end.
    fn next(&self, has_work: bool) -> Option<Mailbox> {
        let mut mailbox = self.lock();
        loop {
            if mailbox.ended {
                return None;
            }
            let now = Instant::now();
            let settled = |_: &Arc<str>, entry: &mut (Instant, Document)| entry.0 <= now;
            let documents: HashMap<_, _> = mailbox.documents.extract_if(settled).collect();
            let has_mail = mailbox.folders.is_some()
                || !mailbox.changed.is_empty()
                || !mailbox.focus.is_empty()
                || !documents.is_empty();
            if has_mail || has_work {
                return Some(Mailbox {
                    folders: mailbox.folders.take(),
                    changed: std::mem::take(&mut mailbox.changed),
                    too_much_changed: std::mem::take(&mut mailbox.too_much_changed),
                    focus: std::mem::take(&mut mailbox.focus),
                    documents,
                    ..Mailbox::default()
                });
            }
            let until_settled = mailbox.documents.values().map(|(at, _)| *at - now).min();
            mailbox.progress.is_ready = until_settled.is_none();
            self.changed.notify_all();
            let (woken, _) = self
                .changed
                .wait_timeout(mailbox, until_settled.unwrap_or(Duration::MAX))
                .unwrap_or_else(PoisonError::into_inner);
            mailbox = woken;
        }
    }
}
