//! Where a name that a file uses is defined: through its imports and the module layout of its language. Pure: it asks
//! [`WorkspaceSymbols`] which files there are and never looks at the disk, so what only a configuration file says
//! (`tsconfig.json`, `go.mod`, `Cargo.toml`) is guessed from the names of folders.
//!
//! This file says what a name may mean and how surely; names are followed from file to file in `resolve/imported.rs`, and how a
//! language finds the files of a module lies in `resolve/<language>.rs`.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::symbols::{Definition, DefinitionKind, FileSymbols, Import, Imported};
use super::workspace::{Entry, WorkspaceSymbols};

mod c;
mod csharp;
mod folders;
mod go;
mod imported;
mod java;
mod javascript;
mod layout;
mod python;
mod rust;
mod swift;

use imported::Trail;
use layout::{Layout, layout_of};

/// A name with more definitions than this (`new`, `main`) says nothing unless an import does.
const MAX_NAMESAKES: usize = 256;

/// Shorter names are too likely to be chance to be found without an import.
const MIN_UNIQUE_NAME: usize = 4;

/// A definition that a name may mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resolved<'a> {
    pub path: &'a Path,
    pub definition: &'a Definition,
    pub via: Via,
    /// How likely it is what the name means, from 0 to 1.
    pub certainty: f32,
}

/// How a definition was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// It stands in the same file.
    SameFile,
    Import,
    /// Files of one package or namespace see each other.
    SamePackage,
    /// `ring.h` and `ring.c`.
    HeaderPair,
    /// An importless guess: nothing else in the same crate, folder or package has the name.
    SameCrate,
    /// An importless guess: nothing else in the workspace has the name.
    UniqueName,
}

/// What `name` (or a path of names: `json.loads`, `Shelf::new`) means in the file `from`, best first.
pub fn resolve<'a>(
    index: &'a WorkspaceSymbols,
    from: &'a Path,
    file: &'a FileSymbols,
    name: &str,
) -> Vec<Resolved<'a>> {
    Resolver::new(index, from, file).resolve(name)
}

/// Resolves the names of one file.
pub struct Resolver<'a> {
    index: &'a WorkspaceSymbols,
    from: &'a Path,
    file: &'a FileSymbols,
    layout: Option<&'static Layout>,
    /// What the file itself defines: most names are not among them, and a file may define thousands.
    own_names: OnceCell<HashSet<&'a str>>,
    /// C and C++: the files that are included, with the number of steps.
    included: OnceCell<BTreeMap<&'a Path, usize>>,
}

/// A file that names are looked for in.
#[derive(Clone, Copy)]
struct View<'a> {
    path: &'a Path,
    symbols: &'a FileSymbols,
}

impl<'a> From<&'a Entry> for View<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            path: &entry.path,
            symbols: &entry.symbols,
        }
    }
}

impl<'a> Resolver<'a> {
    pub fn new(index: &'a WorkspaceSymbols, from: &'a Path, file: &'a FileSymbols) -> Self {
        Self {
            index,
            from,
            file,
            layout: layout_of(file.language),
            own_names: OnceCell::new(),
            included: OnceCell::new(),
        }
    }

    /// See [`resolve`].
    pub fn resolve(&self, name: &str) -> Vec<Resolved<'a>> {
        let names: Vec<&str> = parts(name).collect();
        let Some(&first) = names.first() else {
            return Vec::new();
        };
        let here = View {
            path: self.from,
            symbols: self.file,
        };
        let own_names = self.own_names.get_or_init(|| {
            let definitions = self.file.definitions.iter();
            definitions.map(|each| each.name.as_str()).collect()
        });
        let mut ends = names.iter().rev().take(2);
        let is_own = ends.any(|name| own_names.contains(name));
        let own = if is_own {
            own(here, &names)
        } else {
            Vec::new()
        };
        if !own.is_empty() {
            return self.resolved(here.path, own, Via::SameFile, 1.0);
        }
        if let Some(found) = self.imported(here, &names, 0, &mut Trail::default()) {
            let certainty = 0.98 - 0.01 * found.depth as f32;
            return self.resolved(found.path, found.definitions, Via::Import, certainty);
        }
        self.unimported(first, &names)
    }

    /// The files of the module that `name` stands for in this file, if it is one.
    pub fn module(&self, name: &str) -> Vec<&'a Entry> {
        let Some(layout) = self.layout else {
            return Vec::new();
        };
        let mut files = Vec::new();
        for import in &self.file.imports {
            match &import.names {
                Imported::Module(local) if local == name => {
                    files.extend((layout.files)(self.index, self.from, &import.module, ""));
                }
                Imported::Names(names) => {
                    for (theirs, _) in names.iter().filter(|(_, local)| local == name) {
                        let module = layout.join(&import.module, theirs);
                        files.extend((layout.files)(self.index, self.from, &module, ""));
                    }
                }
                _ => {}
            }
        }
        files
    }

    /// Whether an import names something of the workspace, as far as its spelling tells.
    pub fn is_local(&self, import: &Import) -> bool {
        let first = import
            .module
            .split(['.', ':', '/'])
            .next()
            .unwrap_or_default();
        let is_relative = matches!(first, "" | "crate" | "self" | "super" | "@" | "~");
        is_relative || !self.index.folders_ending_in(Path::new(first)).is_empty()
    }

    /// The files that an import of everything names: star imports, globs, includes.
    pub fn imported_whole(&self) -> Vec<&'a Entry> {
        let Some(layout) = self.layout else {
            return Vec::new();
        };
        let imports = self
            .file
            .imports
            .iter()
            .filter(|import| import.names == Imported::All);
        imports
            .flat_map(|import| (layout.files)(self.index, self.from, &import.module, ""))
            .collect()
    }

    /// The other files of the same package or namespace, which are seen without an import.
    pub fn package(&self) -> Vec<&'a Entry> {
        let files = match &self.file.package {
            Some(package) => self.index.files_of_package(package),
            None if self
                .layout
                .is_some_and(|layout| std::ptr::eq(layout, &swift::LAYOUT)) =>
            {
                swift::around(self.index, self.from)
            }
            None => Vec::new(),
        };
        let is_other = |entry: &&Entry| *entry.path != *self.from;
        let sees = |entry: &&'a Entry| matches!(self.sees(entry), Some((Via::SamePackage, _)));
        files.into_iter().filter(is_other).filter(sees).collect()
    }

    /// The members of a type, wherever in its file they stand.
    pub fn members(&self, path: &Path, name: &str) -> impl Iterator<Item = &'a Definition> {
        let file = if path == self.from {
            Some(self.file)
        } else {
            self.index.file(path).map(AsRef::as_ref)
        };
        let definitions = file.into_iter().flat_map(|file| &file.definitions);
        definitions.filter(move |definition| definition.container.as_deref() == Some(name))
    }

    fn resolved(
        &self,
        path: &'a Path,
        found: Vec<&'a Definition>,
        via: Via,
        certainty: f32,
    ) -> Vec<Resolved<'a>> {
        let resolved = found.into_iter().map(|definition| Resolved {
            path,
            definition,
            via,
            certainty,
        });
        resolved.collect()
    }

    /// What has the name without an import of it: files of the same package first, then a name that nobody else has.
    fn unimported(&self, first: &str, names: &[&str]) -> Vec<Resolved<'a>> {
        let count = self.index.count_named(first);
        if count == 0 || count > MAX_NAMESAKES {
            return Vec::new();
        }
        let mut best: Vec<Resolved<'a>> = Vec::new();
        let mut everywhere = Vec::new();
        for (path, definition) in self.index.named(first) {
            let Some(entry) = self.index.entry(path) else {
                continue;
            };
            if definition.container.is_some()
                || path.as_ref() == self.from
                || !self.is_same_family(&entry.symbols)
            {
                continue;
            }
            let path: &Path = path;
            everywhere.push((path, definition));
            let Some((via, certainty)) = self.sees(entry) else {
                continue;
            };
            let better = best.first().is_none_or(|best| certainty > best.certainty);
            if better {
                best.clear();
            }
            if better || best.first().is_some_and(|best| certainty == best.certainty) {
                best.push(Resolved {
                    path,
                    definition,
                    via,
                    certainty,
                });
            }
        }
        if best.is_empty()
            && let Some(&(path, definition)) = everywhere.first()
            && is_one_thing(&everywhere)
            && first.len() >= MIN_UNIQUE_NAME
            && matches!(
                definition.kind,
                DefinitionKind::Type | DefinitionKind::Function
            )
        {
            let (via, certainty) = (Via::UniqueName, 0.4);
            best.push(Resolved {
                path,
                definition,
                via,
                certainty,
            });
        }
        // A guess among several is none.
        let is_guess = best.first().is_some_and(|best| best.via == Via::SameCrate);
        if is_guess
            && !is_one_thing(
                &best
                    .iter()
                    .map(|each| (each.path, each.definition))
                    .collect::<Vec<_>>(),
            )
        {
            return Vec::new();
        }
        if names.len() > 1 {
            let members = best.iter().flat_map(|each| {
                let view = View {
                    path: each.path,
                    symbols: self.index.file(each.path).map_or(self.file, AsRef::as_ref),
                };
                let found = own(view, names);
                found.into_iter().map(|definition| Resolved {
                    definition,
                    ..*each
                })
            });
            let members: Vec<_> = members.collect();
            if !members.is_empty() {
                return members;
            }
        }
        best
    }

    fn sees(&self, other: &'a Entry) -> Option<(Via, f32)> {
        let layout = self.layout?;
        if layout.includes {
            let included = self
                .included
                .get_or_init(|| c::included(self.index, self.from, self.file));
            if let Some(&steps) = included.get(&*other.path) {
                return Some((Via::Import, 0.95 - 0.1 * steps as f32));
            }
        }
        (layout.sees)(self.from, self.file, other)
    }

    fn is_same_family(&self, other: &FileSymbols) -> bool {
        match (self.layout, layout_of(other.language)) {
            (Some(ours), Some(theirs)) => std::ptr::eq(ours, theirs),
            _ => self.file.language == other.language,
        }
    }
}

/// The parts of `a.b`, `a::b` and `a->b`.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(['.', ':', '-', '>'])
        .filter(|part| !part.is_empty())
}

/// The definition of `names` in the file itself: at its top level, or a member of a type there.
fn own<'a>(view: View<'a>, names: &[&str]) -> Vec<&'a Definition> {
    let definitions = &view.symbols.definitions;
    let named = |name: &str, container: Option<&str>| -> Vec<&'a Definition> {
        let found = definitions
            .iter()
            .filter(|each| each.name == name && each.container.as_deref() == container);
        found.collect()
    };
    match names {
        [] => Vec::new(),
        [name] => {
            let found = named(name, None);
            if !found.is_empty() {
                return found;
            }
            // A type inside of a type is reached by its own name often enough.
            let nested = definitions
                .iter()
                .filter(|each| each.name == *name && each.kind == DefinitionKind::Type);
            nested.take(1).collect()
        }
        [.., container, name] => {
            let members = named(name, Some(container));
            if members.is_empty() {
                named(container, None)
            } else {
                members
            }
        }
    }
}

/// Whether these are one definition, or one declared in a header and defined in its source.
fn is_one_thing(found: &[(&Path, &Definition)]) -> bool {
    let mut files: Vec<_> = found
        .iter()
        .map(|(path, _)| path.with_extension(""))
        .collect();
    files.dedup();
    files.len() <= 1
}
