//! Python: a module is a file or a folder with `__init__.py`, found from the folder of the importer or from a root that only the
//! environment knows: any folder above the importer, or a `src` in one.

use std::path::Path;

use super::Layout;
use super::folders::{ancestors, nearest, sees_folder};
use crate::index::workspace::{Entry, WorkspaceSymbols};

pub(super) static LAYOUT: Layout = Layout {
    separator: ".",
    files,
    includes: false,
    sees: sees_folder,
};

fn files<'a>(index: &'a WorkspaceSymbols, from: &Path, written: &str, _: &str) -> Vec<&'a Entry> {
    let module = written.trim_start_matches('.');
    let dots = written.len() - module.len();
    let inner = module.replace('.', "/");
    if dots > 0 {
        let package = from.ancestors().nth(dots);
        return package
            .and_then(|package| module_in(index, package, &inner))
            .into_iter()
            .collect();
    }
    if module.is_empty() {
        return Vec::new();
    }
    // Inside of a package its neighbours are not importable by their bare name, beside a script they are.
    let is_package = |folder: &&Path| index.contains(&folder.join("__init__.py"));
    let (packages, roots): (Vec<_>, Vec<_>) = ancestors(index, from).partition(is_package);
    let in_roots = roots.iter().chain(&packages).find_map(|root| {
        module_in(index, root, &inner).or_else(|| module_in(index, &root.join("src"), &inner))
    });
    if let Some(entry) = in_roots {
        return vec![entry];
    }
    // One word may be a package of the environment: `import requests` is not `scripts/old/requests.py`.
    if !module.contains('.') {
        return Vec::new();
    }
    let mut ends = index.files_ending_in(Path::new(&format!("{inner}.py")));
    ends.extend(index.files_ending_in(Path::new(&format!("{inner}/__init__.py"))));
    nearest(ends, from)
}

/// The module `inner` (`shelf/items`, or nothing for the package itself) as seen in `folder`.
fn module_in<'a>(index: &'a WorkspaceSymbols, folder: &Path, inner: &str) -> Option<&'a Entry> {
    if inner.is_empty() {
        return index.entry(&folder.join("__init__.py"));
    }
    let package = folder.join(inner);
    ["py", "pyi"]
        .iter()
        .find_map(|extension| index.entry(&folder.join(format!("{inner}.{extension}"))))
        .or_else(|| index.entry(&package.join("__init__.py")))
        .or_else(|| index.entry(&package.join("__init__.pyi")))
}
