//! Java, and Kotlin, Scala and Groovy, which share its packages: files of a package see each other, wherever they lie. The namespaces
//! of PHP are the same with another separator.

use std::path::Path;

use super::folders::files_of_package;
use super::{Layout, Via};
use crate::index::symbols::FileSymbols;
use crate::index::workspace::{Entry, WorkspaceSymbols};

pub(super) static LAYOUT: Layout = Layout {
    separator: ".",
    files,
    includes: false,
    sees,
};

pub(super) static PHP_LAYOUT: Layout = Layout {
    separator: "\\",
    files,
    includes: false,
    sees,
};

/// A static import names a type where others name a package: then its file is meant.
fn files<'a>(index: &'a WorkspaceSymbols, _: &Path, written: &str, name: &str) -> Vec<&'a Entry> {
    let found = files_of_package(index, written, name);
    match written.rsplit_once('.') {
        Some((package, class)) if found.is_empty() => files_of_package(index, package, class),
        _ => found,
    }
}

fn sees(_: &Path, file: &FileSymbols, other: &Entry) -> Option<(Via, f32)> {
    let is_visible = file.package.is_some() && file.package == other.symbols.package;
    is_visible.then_some((Via::SamePackage, 0.95))
}
