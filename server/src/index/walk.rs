//! The thread behind an [`Index`](super::Index): finds the files of the workspace, those around the open documents first, and reads one
//! after the other. It may be told of anything between two files.
//!
//! Which files: what is in a language whose symbols can be told, what ignore files do not exclude, nothing hidden, secret, generated or unreadable.
//! Links are not followed, so there are no loops, and everything has one path.

mod source;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, HashSet},
    ffi::OsString,
    fs,
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Component, Path, PathBuf},
    sync::{Arc, PoisonError, RwLockWriteGuard},
    thread,
};

use grammars::Language;

use super::{
    Document, Mailbox, Shared, language,
    nearness::steps_between,
    symbols::{self, FileSymbols, plain},
    workspace::WorkspaceSymbols,
};
use crate::{
    context::privacy::{self, Rules},
    documents::Snapshot,
    files::Stamp,
    priority,
};

/// Files of the index. The largest repositories in one piece have about so many that a person works on.
const MAX_FILES: usize = 200_000;

/// Estimated bytes of all symbols together: beside a model of half a gigabyte nobody notices them.
const MAX_SYMBOL_BYTES: usize = 64 * 1024 * 1024;

/// Folders around which files are read first.
const MAX_FOCUS: usize = 8;

/// Installed packages, which nobody has written here.
const DEPENDENCY_FOLDERS: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    "site-packages",
    "venv",
    "__pycache__",
    "Pods",
];

/// What builds make. Where there is a `.gitignore` it has the say: a folder that it leaves in is source.
const BUILD_FOLDERS: &[&str] = &["target", "dist", "build", "out"];

/// The lowest priority: everything else on this machine comes first.
const NICENESS: i32 = 19;

/// Starts the thread. Without it, which only a machine out of resources refuses, the index stays empty.
pub fn start(shared: Arc<Shared>) {
    let run = move || {
        priority::lower(NICENESS);
        Walker::new(shared).run();
    };
    if let Err(error) = thread::Builder::new().name("index".into()).spawn(run) {
        tracing::warn!(%error, "no thread for the index: suggestions will not know other files");
    }
}

struct Walker {
    shared: Arc<Shared>,
    roots: Vec<PathBuf>,
    /// Folders of open documents, the newest first.
    focus: Vec<PathBuf>,
    queue: BinaryHeap<Reverse<Queued>>,
    queued: u64,
    /// The files that were read, also those in which there was nothing.
    stamps: BTreeMap<Arc<Path>, Stamp>,
    /// The documents whose text is in the index in place of their files'.
    open: HashMap<Arc<str>, Arc<Path>>,
    is_full: bool,
}

/// In the order of being done.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Queued {
    /// Steps from the nearest focus.
    distance: usize,
    order: u64,
    task: Task,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// The disk is to be looked at: a file or a folder was created, changed or deleted here.
    Look(PathBuf),
    Folder(PathBuf),
    /// Files of a folder, the first one last.
    Files(PathBuf, Vec<PathBuf>),
}

impl Task {
    fn folder(&self) -> &Path {
        match self {
            Self::Look(path) => path.parent().unwrap_or(path),
            Self::Folder(folder) | Self::Files(folder, _) => folder,
        }
    }
}

impl Walker {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            roots: Vec::new(),
            focus: Vec::new(),
            queue: BinaryHeap::new(),
            queued: 0,
            stamps: BTreeMap::new(),
            open: HashMap::new(),
            is_full: false,
        }
    }

    fn run(mut self) {
        while let Some(mail) = self.shared.next(!self.queue.is_empty()) {
            self.take(mail);
            if let Some(Reverse(Queued { task, .. })) = self.queue.pop() {
                self.work(task);
            }
            let (files, bytes) = {
                let symbols = self.symbols();
                (symbols.len(), symbols.bytes())
            };
            let mut mailbox = self.shared.lock();
            mailbox.progress.files = files;
            mailbox.progress.bytes = bytes;
            mailbox.progress.is_full = self.is_full;
        }
    }

    fn take(&mut self, mail: Mailbox) {
        for folder in mail.focus {
            self.focus.retain(|known| *known != folder);
            self.focus.insert(0, folder);
            self.focus.truncate(MAX_FOCUS);
            self.reorder();
        }
        if let Some(folders) = mail.folders {
            self.set_folders(folders);
        }
        if mail.too_much_changed {
            for root in self.roots.clone() {
                self.push(Task::Folder(root));
            }
        }
        for path in mail.changed {
            self.push(Task::Look(path));
        }
        for (uri, (_, document)) in mail.documents {
            match document {
                Document::Text(snapshot) => self.read_document(snapshot),
                Document::Closed => self.close(&uri),
            }
        }
    }

    fn work(&mut self, task: Task) {
        match task {
            Task::Look(path) => self.look(path),
            Task::Folder(folder) => self.list(&folder),
            Task::Files(folder, mut files) => {
                if let Some(file) = files.pop() {
                    self.push(Task::Files(folder, files));
                    self.read_file(&file, false);
                }
            }
        }
    }

    fn set_folders(&mut self, folders: Vec<PathBuf>) {
        self.roots = folders;
        self.is_full = false;
        self.symbols().set_roots(
            self.roots
                .iter()
                .map(|root| root.as_path().into())
                .collect(),
        );
        let gone: Vec<_> = self
            .stamps
            .keys()
            .filter(|path| self.root(path).is_none())
            .cloned()
            .collect();
        for path in gone {
            self.forget(&path);
        }
        for root in self.roots.clone() {
            if !self.shared.ignored.excludes_folder(&root, Some(&root)) {
                self.push(Task::Folder(root));
            }
        }
    }

    fn push(&mut self, task: Task) {
        if let Task::Files(_, files) = &task
            && files.is_empty()
        {
            return;
        }
        self.queued += 1;
        self.queue.push(Reverse(Queued {
            distance: self.distance(task.folder()),
            order: self.queued,
            task,
        }));
    }

    /// After the focus has moved.
    fn reorder(&mut self) {
        let mut queued = std::mem::take(&mut self.queue).into_vec();
        for Reverse(queued) in &mut queued {
            queued.distance = self.distance(queued.task.folder());
        }
        self.queue = queued.into();
    }

    /// Steps from the nearest focus, up and down; without one, from the root.
    fn distance(&self, folder: &Path) -> usize {
        let steps = self.focus.iter().map(|focus| steps_between(focus, folder));
        steps.min().unwrap_or_else(|| folder.components().count())
    }

    /// The innermost workspace folder that holds `path`.
    fn root(&self, path: &Path) -> Option<&PathBuf> {
        let holding = self.roots.iter().filter(|root| path.starts_with(root));
        holding.max_by_key(|root| root.components().count())
    }

    /// The disk has changed at `path`.
    fn look(&mut self, path: PathBuf) {
        if self.shared.ignored.changed(&path)
            && let Some(folder) = path.parent().filter(|folder| self.is_walked(folder))
        {
            let folder = folder.to_owned();
            self.push(Task::Folder(folder));
        }
        let metadata = fs::symlink_metadata(&path).ok();
        let is_folder = metadata.as_ref().is_some_and(fs::Metadata::is_dir);
        if !is_folder {
            // Also what was a folder before.
            for below in self.below(&path) {
                if *below != *path {
                    self.forget(&below);
                }
            }
        }
        if is_folder && self.is_walked(&path) {
            self.push(Task::Folder(path));
        } else if metadata.is_some_and(|metadata| metadata.is_file())
            && path.parent().is_some_and(|folder| self.is_walked(folder))
            && self.is_wanted(&path)
        {
            self.read_file(&path, true);
        } else {
            self.forget(&path);
        }
    }

    /// The walk would come into this folder.
    fn is_walked(&self, folder: &Path) -> bool {
        let Some(root) = self.root(folder) else {
            return false;
        };
        let rules = self.shared.ignored.rules(folder, Some(root));
        let inside = folder.strip_prefix(root).unwrap_or(folder);
        inside
            .components()
            .all(|component| matches!(component, Component::Normal(name) if is_walked_name(&name.to_string_lossy(), &rules)))
            && !self.shared.ignored.excludes_folder(folder, Some(root))
    }

    /// The file itself is one for the index, wherever it is.
    fn is_wanted(&self, file: &Path) -> bool {
        source::is_source(file)
            && privacy::secret(file).is_none()
            && !self
                .shared
                .ignored
                .verdict(file, self.root(file).map(PathBuf::as_path))
                .excludes()
    }

    /// The same of a document, which may have no file, and be reached by links.
    fn may_be_read(&self, document: &Snapshot) -> bool {
        let path = document.path.as_deref();
        let root = path.and_then(|path| self.root(path));
        let root = root.map(PathBuf::as_path);
        path.is_none_or(source::is_source)
            && privacy::hidden_document(document, root, &self.shared.ignored).is_none()
    }

    /// Queues what is in a folder, and forgets what is not there any more.
    fn list(&mut self, folder: &Path) {
        let Some(root) = self.root(folder).cloned() else {
            return;
        };
        let rules = self.shared.ignored.rules(folder, Some(&root));
        let (mut files, mut folders) = (Vec::new(), Vec::new());
        let mut names = HashSet::<OsString>::new();
        // A folder that can't be read has nothing.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let text = name.to_string_lossy();
            let is_folder = kind.is_dir() && is_walked_name(&text, &rules);
            let is_file = kind.is_file()
                && !text.starts_with('.')
                && source::is_source(&path)
                && privacy::secret(&path).is_none();
            if !(is_folder || is_file) || rules.verdict(&path, is_folder).excludes() {
                continue;
            }
            names.insert(name);
            if is_folder {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
        for known in self.below(folder) {
            let inside = known.strip_prefix(folder).ok();
            let first = inside.and_then(|path| path.components().next());
            if !first.is_some_and(|first| names.contains(first.as_os_str())) {
                self.forget(&known);
            }
        }
        if self.is_full {
            // What is known may have changed; nothing is added.
            let is_known = |path: &PathBuf| !self.below(path).is_empty();
            files.retain(is_known);
            folders.retain(is_known);
        }
        files.sort_unstable_by(|a, b| b.cmp(a));
        folders.sort_unstable();
        self.push(Task::Files(folder.to_owned(), files));
        for folder in folders {
            self.push(Task::Folder(folder));
        }
    }

    /// The files at and below `path` that were read.
    fn below(&self, path: &Path) -> Vec<Arc<Path>> {
        self.stamps
            .range::<Path, _>((Bound::Included(path), Bound::Unbounded))
            .map(|(known, _)| known)
            .take_while(|known| known.starts_with(path))
            .cloned()
            .collect()
    }

    /// Reads a file, if it is not the one that was read before; `anew` in any case.
    fn read_file(&mut self, path: &Path, anew: bool) {
        let path: Arc<Path> = path.into();
        if self.open.values().any(|open| *open == path) {
            return;
        }
        let Some(stamp) = source::stamp(&path) else {
            return self.forget(&path);
        };
        let known = self.stamps.get(&path);
        if !anew && known == Some(&stamp) {
            return;
        }
        if known.is_none() && !self.has_room() {
            return;
        }
        let symbols = source::read(&path).and_then(|text| {
            let language = language::detect(&path, &text)?;
            extracted(language, || symbols::symbols_of_text(&text, language))
        });
        self.put(&path, symbols);
        self.stamps.insert(path, stamp);
    }

    /// What a document says counts more than what is in its file.
    fn read_document(&mut self, snapshot: Snapshot) {
        let path: Arc<Path> = snapshot
            .path
            .clone()
            .unwrap_or_else(|| Path::new(&*snapshot.uri).into());
        let Some(language) = snapshot.language else {
            return;
        };
        if snapshot.tree.is_none() && !plain::reads(language) {
            return;
        }
        if !self.may_be_read(&snapshot) {
            self.open.remove(&snapshot.uri);
            return self.forget(&path);
        }
        let text = snapshot.rope.to_string();
        let symbols = extracted(language, || match &snapshot.tree {
            Some(tree) => symbols::symbols(&text, tree, language),
            None => plain::symbols(&text, language),
        });
        self.put(&path, symbols);
        self.open.insert(snapshot.uri, path);
    }

    fn close(&mut self, uri: &str) {
        let Some(path) = self.open.remove(uri) else {
            return;
        };
        self.forget(&path);
        self.push(Task::Look(path.to_path_buf()));
    }

    fn put(&self, path: &Arc<Path>, symbols: Option<FileSymbols>) {
        match symbols {
            Some(symbols) => self.symbols().insert(path.clone(), Arc::new(symbols)),
            None => {
                self.symbols().remove(path);
            }
        }
    }

    fn forget(&mut self, path: &Path) {
        self.stamps.remove(path);
        let is_open = self.open.values().any(|open| **open == *path);
        if !is_open || !self.is_wanted(path) {
            self.symbols().remove(path);
        }
    }

    /// Whether one more file may be read. When the index is full, the walk ends, and the farther files are left out.
    fn has_room(&mut self) -> bool {
        let bytes = self.symbols().bytes();
        let has_room = self.stamps.len() < MAX_FILES && bytes < MAX_SYMBOL_BYTES;
        if !has_room && !self.is_full {
            tracing::info!(
                files = self.stamps.len(),
                bytes,
                "the workspace is larger than the index may become: files far from the open ones are left out"
            );
            self.is_full = true;
        }
        has_room
    }

    fn symbols(&self) -> RwLockWriteGuard<'_, WorkspaceSymbols> {
        let symbols = &self.shared.symbols;
        symbols.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text of a file that is in an index; `None` if it is no source code of a size that somebody has written any more.
pub fn source_text(path: &Path) -> Option<String> {
    source::stamp(path)?;
    source::read(path)
}

/// A folder of this name is looked into.
fn is_walked_name(name: &str, rules: &Rules) -> bool {
    !name.starts_with('.')
        && !DEPENDENCY_FOLDERS.contains(&name)
        && (rules.has_gitignore() || !BUILD_FOLDERS.contains(&name))
}

/// The symbols without secret values: from here on nobody looks for them. A panic costs this file only: the text may be anything.
fn extracted(
    language: &Language,
    extract: impl FnOnce() -> Option<FileSymbols>,
) -> Option<FileSymbols> {
    let mut symbols = catch_unwind(AssertUnwindSafe(extract)).ok().flatten()?;
    for definition in &mut symbols.definitions {
        if let std::borrow::Cow::Owned(shown) =
            privacy::without_secrets(&definition.outline, language.notation)
        {
            definition.outline = shown;
        }
    }
    Some(symbols)
}

#[cfg(test)]
mod tests;
