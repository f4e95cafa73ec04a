//! Swift and Ruby: what a module or program consists of stands in no source file, and its files see each other without an import. So
//! every file of the workspace is seen; of several definitions the nearest is meant.

use std::path::Path;

use super::folders::ancestors;
use super::{Layout, MAX_NAMESAKES, Via};
use crate::index::nearness::steps_between;
use crate::index::symbols::FileSymbols;
use crate::index::workspace::{Entry, WorkspaceSymbols};

pub(super) static LAYOUT: Layout = Layout {
    separator: ".",
    files,
    includes: false,
    sees,
};

/// Files around one that may be of its module, at most.
const MAX_AROUND: usize = 500;

/// Package managers give each module a folder of its name.
fn files<'a>(index: &'a WorkspaceSymbols, _: &Path, written: &str, name: &str) -> Vec<&'a Entry> {
    let folders = index.folders_ending_in(Path::new(written));
    if folders.is_empty() || index.count_named(name) > MAX_NAMESAKES {
        return Vec::new();
    }
    let named = index.named(name).map(|(path, _)| path);
    let inside = named.filter(|path| folders.iter().any(|folder| path.starts_with(folder)));
    inside.filter_map(|path| index.entry(path)).collect()
}

fn sees(from: &Path, file: &FileSymbols, other: &Entry) -> Option<(Via, f32)> {
    let steps = steps_between(from, &other.path);
    let certainty = (0.95 - 0.02 * steps as f32).max(0.6);
    (file.language == other.symbols.language).then_some((Via::SamePackage, certainty))
}

/// The files that are most likely of the same module: those in the folder of the file, and in the folders beside and below it.
pub(super) fn around<'a>(index: &'a WorkspaceSymbols, from: &Path) -> Vec<&'a Entry> {
    let folder = ancestors(index, from).take(2).last();
    let files = folder
        .into_iter()
        .flat_map(|folder| index.files_below(folder));
    files.take(MAX_AROUND).collect()
}
