//! Follows a name from import to import, until a file defines it.

use std::path::Path;

use super::{Resolver, View, own, parts};
use crate::index::symbols::{Definition, Imported};
use crate::index::workspace::Entry;

/// Longer chains of re-exports are not followed. Real ones end after two or three.
const MAX_DEPTH: usize = 5;

/// Files that one name is looked for in, at most: glob imports of glob imports grow fast.
const MAX_FILES_PER_NAME: usize = 64;

/// The definitions of a name in one file, and how many imports led there.
pub(super) struct Found<'a> {
    pub path: &'a Path,
    pub definitions: Vec<&'a Definition>,
    pub depth: usize,
}

/// The state of one look-up.
#[derive(Default)]
pub(super) struct Trail<'a> {
    /// Cycles of imports end here.
    seen: Vec<(&'a Path, String)>,
}

impl<'a> Resolver<'a> {
    /// The definition of `names` in `view`, or in a file that it imports it from.
    fn lookup(
        &self,
        view: View<'a>,
        names: &[&str],
        depth: usize,
        trail: &mut Trail<'a>,
    ) -> Option<Found<'a>> {
        let own = own(view, names);
        if !own.is_empty() {
            return Some(Found {
                path: view.path,
                definitions: own,
                depth,
            });
        }
        self.imported(view, names, depth, trail)
    }

    /// The definition of `names` that an import in `view` leads to, `depth` imports away from where the look-up began.
    pub(super) fn imported(
        &self,
        view: View<'a>,
        names: &[&str],
        depth: usize,
        trail: &mut Trail<'a>,
    ) -> Option<Found<'a>> {
        let layout = self.layout?;
        let visit = (view.path, names.join("."));
        if depth >= MAX_DEPTH
            || trail.seen.len() >= MAX_FILES_PER_NAME
            || trail.seen.contains(&visit)
        {
            return None;
        }
        trail.seen.push(visit);
        let files = |module: &str, name: &str| (layout.files)(self.index, view.path, module, name);
        let (first, rest) = names.split_first()?;
        // What is imported by name wins over what a glob brings.
        for import in &view.symbols.imports {
            match &import.names {
                Imported::Module(local) => {
                    let Some(rest) = after(local, names) else {
                        continue;
                    };
                    let found = rest.first().and_then(|next| {
                        self.in_files(files(&import.module, next), rest, depth, trail)
                            .or_else(|| self.in_submodule(view, &import.module, rest, depth, trail))
                    });
                    // `use crate::shelf::Shelf`: what looks like a module may be a thing of one.
                    let found = found.or_else(|| {
                        let (module, name) = layout.split(&import.module)?;
                        let wanted = [&[name], rest].concat();
                        self.in_files(files(module, name), &wanted, depth, trail)
                    });
                    if found.is_some() {
                        return found;
                    }
                }
                Imported::Names(imported) => {
                    for (theirs, _) in imported.iter().filter(|(_, local)| local == first) {
                        let mut wanted = vec![theirs.as_str()];
                        wanted.extend(rest);
                        let candidates = files(&import.module, theirs);
                        let found = if theirs == "default" {
                            candidates
                                .iter()
                                .find_map(|file| self.default_export(file, first, depth, trail))
                        } else {
                            self.in_files(candidates, &wanted, depth, trail)
                        };
                        let found = found.or_else(|| {
                            self.in_submodule(view, &import.module, &wanted, depth, trail)
                        });
                        // A static member: the module is a class.
                        let found = found.or_else(|| {
                            let (module, class) = layout.split(&import.module)?;
                            wanted.insert(0, class);
                            self.in_files(files(module, class), &wanted, depth, trail)
                        });
                        if found.is_some() {
                            return found;
                        }
                    }
                }
                Imported::All => {}
            }
        }
        if layout.includes {
            return None;
        }
        for import in view
            .symbols
            .imports
            .iter()
            .filter(|import| import.names == Imported::All)
        {
            let found = self.in_files(files(&import.module, first), names, depth, trail);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn in_files(
        &self,
        files: Vec<&'a Entry>,
        names: &[&str],
        depth: usize,
        trail: &mut Trail<'a>,
    ) -> Option<Found<'a>> {
        files
            .into_iter()
            .find_map(|file| self.lookup(file.into(), names, depth + 1, trail))
    }

    /// `names` where its first part is a module in `module`: `from . import shelf`, then `shelf.Shelf`.
    fn in_submodule(
        &self,
        view: View<'a>,
        module: &str,
        names: &[&str],
        depth: usize,
        trail: &mut Trail<'a>,
    ) -> Option<Found<'a>> {
        let layout = self.layout?;
        let (submodule, rest) = names.split_first()?;
        let module = layout.join(module, submodule);
        let files = (layout.files)(self.index, view.path, &module, rest.first()?);
        self.in_files(files, rest, depth, trail).or_else(|| {
            if rest.len() < 2 || depth >= MAX_DEPTH {
                return None;
            }
            self.in_submodule(view, &module, rest, depth + 1, trail)
        })
    }

    /// The default export has no name of its own where it is not declared as one: the importer usually calls it as its file is called.
    fn default_export(
        &self,
        file: &'a Entry,
        local: &str,
        depth: usize,
        trail: &mut Trail<'a>,
    ) -> Option<Found<'a>> {
        if let Some(found) = self.imported(file.into(), &["default"], depth + 1, trail) {
            return Some(found);
        }
        let stem = file.path.file_stem().unwrap_or_default().to_string_lossy();
        let top_level: Vec<_> = file.symbols.top_level().collect();
        let found = top_level
            .iter()
            .find(|each| each.name == local || each.name.eq_ignore_ascii_case(&stem))
            .or(top_level.first().filter(|_| top_level.len() == 1))?;
        Some(Found {
            path: &file.path,
            definitions: vec![found],
            depth: depth + 1,
        })
    }
}

/// What follows the name that a module has here: `["join"]` for `os.path` and `["os", "path", "join"]`.
fn after<'n, 's>(local: &str, names: &'n [&'s str]) -> Option<&'n [&'s str]> {
    let mut rest = names;
    for part in parts(local) {
        let (first, others) = rest.split_first()?;
        if *first != part {
            return None;
        }
        rest = others;
    }
    Some(rest)
}
