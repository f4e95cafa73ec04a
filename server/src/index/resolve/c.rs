//! C and C++: what is included, and the source or header of the same name.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use super::folders::{joined, nearest, sees_folder};
use super::{Layout, Via};
use crate::index::symbols::FileSymbols;
use crate::index::workspace::{Entry, WorkspaceSymbols};

pub(super) static LAYOUT: Layout = Layout {
    separator: "\\",
    files,
    includes: true,
    sees,
};

/// Headers that are looked at for one file: what the headers that it includes include themselves counts too.
const MAX_INCLUDED: usize = 512;

fn files<'a>(index: &'a WorkspaceSymbols, from: &Path, written: &str, _: &str) -> Vec<&'a Entry> {
    let written = written.trim_matches(['<', '>', '"']);
    let beside = from
        .parent()
        .and_then(|folder| index.entry(&joined(folder, written)));
    if let Some(entry) = beside {
        return vec![entry];
    }
    let end = joined(Path::new(""), written);
    nearest(index.files_ending_in(&end), from)
}

/// The files that `from` includes (0 steps) and those that these include (1 step).
pub(super) fn included<'a>(
    index: &'a WorkspaceSymbols,
    from: &Path,
    file: &FileSymbols,
) -> BTreeMap<&'a Path, usize> {
    let mut included = BTreeMap::new();
    let mut waiting = VecDeque::new();
    for import in &file.imports {
        waiting.extend(
            files(index, from, &import.module, "")
                .into_iter()
                .map(|entry| (entry, 0)),
        );
    }
    while let Some((entry, steps)) = waiting.pop_front() {
        if included.len() >= MAX_INCLUDED || included.contains_key(&*entry.path) {
            continue;
        }
        included.insert(&*entry.path, steps);
        if steps == 0 {
            for import in &entry.symbols.imports {
                waiting.extend(
                    files(index, &entry.path, &import.module, "")
                        .into_iter()
                        .map(|entry| (entry, 1)),
                );
            }
        }
    }
    included
}

fn sees(from: &Path, file: &FileSymbols, other: &Entry) -> Option<(Via, f32)> {
    if from.file_stem() == other.path.file_stem() {
        return Some((Via::HeaderPair, 0.9));
    }
    sees_folder(from, file, other)
}
