//! Paths and folders, as all languages look at them.

use std::path::{Component, Path, PathBuf};

use super::MAX_NAMESAKES;
use crate::index::workspace::{Entry, WorkspaceSymbols};

/// The files of a package or namespace that define `name`.
pub(super) fn files_of_package<'a>(
    index: &'a WorkspaceSymbols,
    package: &str,
    name: &str,
) -> Vec<&'a Entry> {
    if index.count_named(name) > MAX_NAMESAKES {
        return Vec::new();
    }
    let named = index.named(name).filter_map(|(path, _)| index.entry(path));
    let mut entries: Vec<_> = named
        .filter(|entry| entry.symbols.package.as_deref() == Some(package))
        .collect();
    entries.dedup_by_key(|entry| &entry.path);
    entries
}

/// The folders from that of `file` up to the workspace folder that holds it, nearest first.
pub(super) fn ancestors<'p>(
    index: &WorkspaceSymbols,
    file: &'p Path,
) -> impl Iterator<Item = &'p Path> {
    let root = index
        .roots()
        .iter()
        .filter(|root| file.starts_with(root))
        .map(|root| root.components().count())
        .max();
    let folders = file.ancestors().skip(1);
    folders.take_while(move |folder| root.is_none_or(|root| folder.components().count() >= root))
}

/// `folder/written` without `.` and `..`.
pub(super) fn joined(folder: &Path, written: &str) -> PathBuf {
    let mut path = folder.to_owned();
    for component in Path::new(written).components() {
        match component {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

/// How many folders two paths share: the larger, the nearer.
pub(super) fn nearness(a: &Path, b: &Path) -> usize {
    a.components()
        .zip(b.components())
        .take_while(|(a, b)| a == b)
        .count()
}

/// The entries nearest to `from`, all of them if several are equally near.
pub(super) fn nearest<'a>(mut entries: Vec<&'a Entry>, from: &Path) -> Vec<&'a Entry> {
    let best = entries
        .iter()
        .map(|entry| nearness(&entry.path, from))
        .max();
    entries.retain(|entry| Some(nearness(&entry.path, from)) == best);
    entries
}
