//! Java, and Kotlin, Scala and Groovy, which share its packages: files of a package see each other, wherever they lie. The namespaces
//! of PHP are the same with another separator.

use std::path::Path;

use super::folders::files_of_package_or_type;
use super::{Layout, Via};
use crate::index::symbols::FileSymbols;
use crate::index::workspace::Entry;

pub(super) static LAYOUT: Layout = Layout {
    separator: ".",
    files: files_of_package_or_type,
    includes: false,
    sees,
};

pub(super) static PHP_LAYOUT: Layout = Layout {
    separator: "\\",
    files: files_of_package_or_type,
    includes: false,
    sees,
};

fn sees(_: &Path, file: &FileSymbols, other: &Entry) -> Option<(Via, f32)> {
    let is_visible = file.package.is_some() && file.package == other.symbols.package;
    is_visible.then_some((Via::SamePackage, 0.95))
}
