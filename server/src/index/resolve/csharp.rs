//! C#: namespaces. A file sees its own, those around it, and those it names by `using`.

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

fn files<'a>(index: &'a WorkspaceSymbols, _: &Path, written: &str, name: &str) -> Vec<&'a Entry> {
    let found = files_of_package(index, written, name);
    // `using static Stock.Prices`, and `using Price = Stock.Prices.Price`.
    match written.rsplit_once('.') {
        Some((namespace, class)) if found.is_empty() => files_of_package(index, namespace, class),
        _ => found,
    }
}

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
