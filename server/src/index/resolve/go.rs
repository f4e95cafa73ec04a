//! Go: a package is a folder; its files see each other. The module's own prefix stands in `go.mod`, which is not read: the longest end
//! of the import path that is a folder of the workspace is taken.

use std::path::Path;

use super::folders::nearest;
use super::{Layout, Via};
use crate::index::symbols::FileSymbols;
use crate::index::workspace::{Entry, WorkspaceSymbols};

pub(super) static LAYOUT: Layout = Layout {
    separator: "/",
    files,
    includes: false,
    sees,
};

/// First elements of the standard library's import paths: a folder `http` of the workspace is not `net/http`.
const STANDARD: &str = " archive bufio builtin bytes cmp compress container context crypto database debug embed encoding errors expvar flag \
    fmt go hash html image index io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings \
    structs sync syscall testing text time unicode unique unsafe weak ";

fn files<'a>(
    index: &'a WorkspaceSymbols,
    from: &Path,
    written: &str,
    name: &str,
) -> Vec<&'a Entry> {
    let mut elements: Vec<&str> = written
        .split('/')
        .filter(|element| !element.is_empty())
        .collect();
    let is_version = |element: &&str| {
        element.strip_prefix('v').is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    if elements.len() > 1 && elements.last().is_some_and(is_version) {
        elements.pop();
    }
    if elements
        .first()
        .is_none_or(|first| STANDARD.contains(&format!(" {first} ")))
    {
        return Vec::new();
    }
    for start in 0..elements.len() {
        let end = elements[start..].join("/");
        let folders = index.folders_ending_in(Path::new(&end));
        let files: Vec<_> = folders
            .into_iter()
            .flat_map(|folder| index.files_in(folder))
            .filter(|entry| entry.symbols.language.id() == "go" && !is_test(&entry.path))
            .filter(|entry| {
                name.is_empty()
                    || entry
                        .symbols
                        .definitions
                        .iter()
                        .any(|each| each.name == name)
            })
            .collect();
        if !files.is_empty() {
            return nearest(files, from);
        }
    }
    Vec::new()
}

fn is_test(path: &Path) -> bool {
    path.file_stem()
        .is_some_and(|stem| stem.to_string_lossy().ends_with("_test"))
}

fn sees(from: &Path, file: &FileSymbols, other: &Entry) -> Option<(Via, f32)> {
    let is_visible = from.parent() == other.path.parent()
        && (!is_test(&other.path) || is_test(from))
        && (file.package == other.symbols.package || file.package.is_none());
    is_visible.then_some((Via::SamePackage, 0.95))
}
