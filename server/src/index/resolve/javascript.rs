//! JavaScript and TypeScript: relative paths with and without their extension, `index` files, and the usual spellings of aliases
//! (`@/`, `~/`, paths from a base folder, packages of the same repository), since configuration files are not read here.

use std::path::Path;

use super::Layout;
use super::folders::{ancestors, joined, nearest, sees_folder};
use crate::index::workspace::{Entry, WorkspaceSymbols};

pub(super) static LAYOUT: Layout = Layout {
    separator: "/",
    files,
    includes: false,
    sees: sees_folder,
};

const EXTENSIONS: [&str; 11] = [
    "ts", "tsx", "d.ts", "mts", "cts", "js", "jsx", "mjs", "cjs", "vue", "svelte",
];

fn files<'a>(index: &'a WorkspaceSymbols, from: &Path, written: &str, _: &str) -> Vec<&'a Entry> {
    // A file that names its own exports.
    if written.is_empty() {
        return index.entry(from).into_iter().collect();
    }
    let Some(folder) = from.parent() else {
        return Vec::new();
    };
    if written == "." || written == ".." || written.starts_with("./") || written.starts_with("../")
    {
        return module_at(index, &joined(folder, written))
            .into_iter()
            .collect();
    }
    let alias = ["@/", "~/", "#/", "$lib/", "/"]
        .iter()
        .find_map(|prefix| written.strip_prefix(prefix));
    let inner = alias.unwrap_or(written);
    if alias.is_some() || inner.contains('/') {
        let found = ancestors(index, from).find_map(|root| {
            ["", "src", "src/lib", "app", "lib"]
                .iter()
                .find_map(|base| module_at(index, &joined(&root.join(base), inner)))
        });
        if let Some(entry) = found {
            return vec![entry];
        }
    }
    // A package of the same repository: its scope names no folder, its name usually does.
    let package = written
        .split_once('/')
        .filter(|_| written.starts_with('@'))
        .map_or(written, |(_, name)| name);
    let (package, inner) = package.split_once('/').unwrap_or((package, ""));
    let mut entries = Vec::new();
    for sources in ["src", "lib", ""] {
        for folder in index.folders_ending_in(Path::new(&joined(Path::new(package), sources))) {
            entries.extend(module_at(index, &joined(folder, inner)));
        }
    }
    entries.sort_by_key(|entry| &entry.path);
    entries.dedup_by_key(|entry| &entry.path);
    nearest(entries, from)
}

/// The file that is meant by a path without extension, with one, or with that of what it is compiled to.
fn module_at<'a>(index: &'a WorkspaceSymbols, path: &Path) -> Option<&'a Entry> {
    let name = path.file_name()?.to_str()?;
    let with = |stem: &str| {
        EXTENSIONS
            .iter()
            .find_map(|extension| index.entry(&path.with_file_name(format!("{stem}.{extension}"))))
    };
    let compiled = || {
        let (stem, extension) = name.rsplit_once('.')?;
        matches!(extension, "js" | "jsx" | "mjs" | "cjs").then(|| with(stem))?
    };
    index
        .entry(path)
        .or_else(|| with(name))
        .or_else(compiled)
        .or_else(|| {
            EXTENSIONS
                .iter()
                .find_map(|extension| index.entry(&path.join(format!("index.{extension}"))))
        })
}
