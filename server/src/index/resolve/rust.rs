//! Rust: `crate`, `self`, `super` and the crates of the workspace, by the folders they lie in: `shelf.rs`, `shelf/mod.rs`, and modules
//! inside of a file, which count as the file.

use std::path::{Path, PathBuf};

use super::folders::{ancestors, nearest};
use super::{Layout, Via};
use crate::index::symbols::FileSymbols;
use crate::index::workspace::{Entry, WorkspaceSymbols};

pub(super) static LAYOUT: Layout = Layout {
    separator: "::",
    files,
    includes: false,
    sees,
};

fn files<'a>(index: &'a WorkspaceSymbols, from: &Path, written: &str, _: &str) -> Vec<&'a Entry> {
    let mut parts = written
        .split("::")
        .filter(|part| !part.is_empty())
        .peekable();
    // The module's file where there is one, and the folder of the modules in it.
    let mut module = match parts.peek() {
        None => return Vec::new(),
        Some(&"crate") => {
            parts.next();
            crate_of(index, from)
        }
        Some(&"self") => {
            parts.next();
            Module {
                file: index.entry(from),
                folder: folder_of(from),
            }
        }
        Some(&"super") => {
            let mut folder = folder_of(from);
            while parts.next_if_eq(&"super").is_some() {
                folder.pop();
            }
            Module {
                file: file_of(index, &folder),
                folder,
            }
        }
        Some(&first) => {
            let child = Module {
                file: index.entry(from),
                folder: folder_of(from),
            }
            .child(index, first);
            match child.or_else(|| crate_named(index, from, first)) {
                Some(module) => {
                    parts.next();
                    module
                }
                None => return Vec::new(),
            }
        }
    };
    for part in parts {
        match module.child(index, part) {
            Some(child) => module = child,
            // A module inside of the file, or one that is re-exported: its names are looked for here.
            None => break,
        }
    }
    module.file.into_iter().collect()
}

struct Module<'a> {
    file: Option<&'a Entry>,
    folder: PathBuf,
}

impl<'a> Module<'a> {
    fn child(&self, index: &'a WorkspaceSymbols, name: &str) -> Option<Module<'a>> {
        let name = name.strip_prefix("r#").unwrap_or(name);
        let folder = self.folder.join(name);
        let file = index
            .entry(&self.folder.join(format!("{name}.rs")))
            .or_else(|| index.entry(&folder.join("mod.rs")));
        let is_there = file.is_some() || index.files_in(&folder).next().is_some();
        is_there.then_some(Module { file, folder })
    }
}

/// Where the modules of the module in `file` lie.
fn folder_of(file: &Path) -> PathBuf {
    let is_root = matches!(
        file.file_name().and_then(|name| name.to_str()),
        Some("mod.rs" | "lib.rs" | "main.rs")
    );
    let is_root = is_root || is_target(file);
    if is_root {
        file.parent().map_or_else(PathBuf::new, Path::to_owned)
    } else {
        file.with_extension("")
    }
}

/// Tests, examples, benches and the programs of `src/bin` are crates of their own.
fn is_target(file: &Path) -> bool {
    let folder = file
        .parent()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    matches!(folder, Some("tests" | "examples" | "benches" | "bin"))
}

/// The file of the module whose modules lie in `folder`.
fn file_of<'a>(index: &'a WorkspaceSymbols, folder: &Path) -> Option<&'a Entry> {
    let names = ["mod.rs", "lib.rs", "main.rs"];
    let inside = names
        .iter()
        .find_map(|name| index.entry(&folder.join(name)));
    inside.or_else(|| index.entry(&folder.with_extension("rs")))
}

fn crate_of<'a>(index: &'a WorkspaceSymbols, from: &Path) -> Module<'a> {
    if is_target(from) {
        return Module {
            file: index.entry(from),
            folder: folder_of(from),
        };
    }
    let root = |folder: &Path| {
        ["lib.rs", "main.rs"]
            .iter()
            .find_map(|name| index.entry(&folder.join(name)))
    };
    for folder in ancestors(index, from) {
        let file = root(folder);
        if file.is_some() || folder.file_name().is_some_and(|name| name == "src") {
            return Module {
                file,
                folder: folder.to_owned(),
            };
        }
    }
    Module {
        file: None,
        folder: folder_of(from),
    }
}

/// Another crate of the workspace; and from a test or a program, the library beside it.
fn crate_named<'a>(index: &'a WorkspaceSymbols, from: &Path, name: &str) -> Option<Module<'a>> {
    let mut roots = Vec::new();
    for folder in [name.to_owned(), name.replace('_', "-")] {
        for sources in index.folders_ending_in(&Path::new(&folder).join("src")) {
            roots.extend(index.entry(&sources.join("lib.rs")));
        }
    }
    let root = nearest(roots, from).first().copied().or_else(|| {
        let is_program = is_target(from) || from.file_name().is_some_and(|name| name == "main.rs");
        let package = from
            .parent()
            .filter(|_| is_program && !is_of_the_toolchain(name))?;
        ancestors(index, package)
            .chain([package])
            .find_map(|folder| {
                let library = index.entry(&folder.join("src/lib.rs"));
                library.or_else(|| index.entry(&folder.join("lib.rs")))
            })
    })?;
    Some(Module {
        file: Some(root),
        folder: folder_of(&root.path),
    })
}

fn is_of_the_toolchain(name: &str) -> bool {
    matches!(name, "std" | "core" | "alloc" | "proc_macro" | "test")
}

fn sees(from: &Path, _: &FileSymbols, other: &Entry) -> Option<(Via, f32)> {
    // Without an import nothing is seen, but within a crate it is one line away.
    let package = |path: &Path| {
        let sources = path
            .ancestors()
            .find(|folder| folder.file_name().is_some_and(|name| name == "src"));
        sources.and_then(Path::parent).map(Path::to_owned)
    };
    let ours = package(from)?;
    (package(&other.path)? == ours).then_some((Via::SameCrate, 0.5))
}
