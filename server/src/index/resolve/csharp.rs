//! C#: namespaces. A file sees its own, those around it, and those it names by `using`.

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

fn sees(from: &Path, file: &FileSymbols, other: &Entry) -> Option<(Via, f32)> {
    let theirs = other.symbols.package.as_deref();
    match (file.package.as_deref(), theirs) {
        (Some(ours), Some(theirs)) if ours == theirs => Some((Via::SamePackage, 0.95)),
        (Some(ours), Some(theirs))
            if ours
                .strip_prefix(theirs)
                .is_some_and(|inner| inner.starts_with('.')) =>
        {
            Some((Via::SamePackage, 0.85))
        }
        // Types outside of any namespace are seen everywhere; near ones are meant.
        (_, None) if from.parent() == other.path.parent() => Some((Via::SamePackage, 0.7)),
        _ => None,
    }
}
