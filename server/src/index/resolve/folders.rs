//! Paths and folders, as all languages look at them.

use std::path::{Component, Path, PathBuf};

use super::{MAX_NAMESAKES, Via};
use crate::index::nearness::shared_components;
use crate::index::symbols::FileSymbols;
use crate::index::workspace::{Entry, WorkspaceSymbols};

/// The files of the package or namespace `written` that define `name`. Where there are none, what is written may name a type of a
/// package: Java's `import static stock.Prices.of`, C#'s `using static Stock.Prices` and `using Price = Stock.Prices.Price`.
pub(super) fn files_of_package_or_type<'a>(
    index: &'a WorkspaceSymbols,
    _: &Path,
    written: &str,
    name: &str,
) -> Vec<&'a Entry> {
    let found = files_of_package(index, written, name);
    match written.rsplit_once('.') {
        Some((package, class)) if found.is_empty() => files_of_package(index, package, class),
        _ => found,
    }
}

/// The files of a package or namespace that define `name`.
fn files_of_package<'a>(index: &'a WorkspaceSymbols, package: &str, name: &str) -> Vec<&'a Entry> {
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

/// The entries nearest to `from`, all of them if several are equally near.
pub(super) fn nearest<'a>(mut entries: Vec<&'a Entry>, from: &Path) -> Vec<&'a Entry> {
    let shared = |entry: &Entry| shared_components(&entry.path, from);
    let best = entries.iter().map(|entry| shared(entry)).max();
    entries.retain(|entry| Some(shared(entry)) == best);
    entries
}

/// Where nothing is visible without an import, one of a file in the same folder may be about to be written.
pub(super) fn sees_folder(from: &Path, _: &FileSymbols, other: &Entry) -> Option<(Via, f32)> {
    (from.parent() == other.path.parent()).then_some((Via::SameCrate, 0.5))
}
