//! What is in reach although the code near the cursor does not name it yet: what is imported, and what the package, an include or an
//! imported module brings.

use std::borrow::Cow;
use std::collections::HashMap;

use ropey::Rope;

use super::near::{Candidate, Near};
use super::{Guess, MAX_ALIKE, MAX_PIECES, Search};
use crate::index::resolve::{Resolved, Via};
use crate::index::symbols::Imported;
use crate::index::workspace::Entry;
use crate::words::is_identifier_char;

/// An imported name that does not occur this near to the cursor counts as not used yet, in bytes to each side.
const USE_DISTANCE: usize = 64 * 1024;

/// Definitions that are compared with the words near the cursor, at most, where only a package or an include names them.
const MAX_COMPARED: usize = 2_000;

impl<'a> Search<'a> {
    /// How often the imported names and those of `candidates` occur near the cursor.
    pub(super) fn uses(
        &self,
        rope: &Rope,
        cursor: usize,
        candidates: &[Candidate<'a>],
    ) -> HashMap<&'a str, u32> {
        let imported = self
            .file
            .imports
            .iter()
            .flat_map(|import| match &import.names {
                Imported::Names(names) => names.as_slice(),
                _ => &[],
            });
        let imported = imported.map(|(_, local)| local.as_str());
        let candidates = candidates
            .iter()
            .map(|candidate| candidate.definition.name.as_str());
        let mut uses: HashMap<&str, u32> =
            imported.chain(candidates).map(|name| (name, 0)).collect();
        if uses.is_empty() {
            return uses;
        }
        let start = rope.byte_to_line(cursor.saturating_sub(USE_DISTANCE));
        let end = rope.byte_to_line((cursor + USE_DISTANCE).min(rope.len_bytes())) + 1;
        let lines = rope.line_to_char(start)..rope.line_to_char(end.min(rope.len_lines()));
        for line in rope.slice(lines).lines() {
            let line: Cow<'_, str> = line.into();
            for word in line.split(|c| !is_identifier_char(c)) {
                if let Some(count) = uses.get_mut(word) {
                    *count += 1;
                }
            }
        }
        uses
    }

    /// What is imported: most of all what was imported and not used yet.
    pub(super) fn imports(&mut self, uses: &HashMap<&'a str, u32>, near: &Near<'_>) {
        let file = self.file;
        for import in &file.imports {
            let Imported::Names(names) = &import.names else {
                continue;
            };
            // A re-export that is generated, or lies outside of the index, must not hide what it names.
            let guess = if self.resolver.is_local(import) {
                Guess::Allowed
            } else {
                Guess::No
            };
            for (_, local) in names.iter().filter(|_| !import.is_reexport) {
                // Its import is one of the places, if it is that near.
                let is_unused = uses.get(local.as_str()).is_some_and(|&count| count <= 1);
                let (weight, how) = if is_unused {
                    (0.7, "is imported and not used yet")
                } else {
                    (0.35, "is imported")
                };
                let weight = weight + 0.25 * near.likeness(local);
                self.want(local, weight, guess, || format!("`{local}` {how}"));
            }
        }
    }

    /// What the package, an include or an imported module brings without naming it.
    pub(super) fn candidates(&self) -> Vec<Candidate<'a>> {
        let file = self.file;
        let mut files: Vec<(&'a Entry, Option<&'a str>)> = Vec::new();
        files.extend(
            self.resolver
                .imported_whole()
                .into_iter()
                .map(|entry| (entry, None)),
        );
        files.extend(
            self.resolver
                .package()
                .into_iter()
                .map(|entry| (entry, None)),
        );
        for import in &file.imports {
            if let Imported::Module(local) = &import.names {
                let module = self.resolver.module(local).into_iter();
                files.extend(module.map(|entry| (entry, Some(local.as_str()))));
            }
        }
        files.retain(|(entry, _)| *entry.path != *self.path);
        let mut candidates = Vec::new();
        for (entry, scope) in files {
            let definitions = entry.symbols.top_level();
            candidates.extend(definitions.map(|definition| Candidate {
                path: &entry.path,
                definition,
                scope,
            }));
            if candidates.len() > MAX_COMPARED {
                break;
            }
        }
        candidates
    }

    /// Of the candidates those that the file uses elsewhere, and those that share words with the code near the cursor.
    pub(super) fn alike(
        &mut self,
        candidates: Vec<Candidate<'a>>,
        uses: &HashMap<&'a str, u32>,
        near: &Near<'_>,
    ) {
        // Of many, those that have nothing to do with the code here are chance.
        let are_few = candidates.len() <= MAX_PIECES;
        let is_used = |name: &str| uses.get(name).is_some_and(|&count| count > 0);
        for (
            likeness,
            Candidate {
                path, definition, ..
            },
        ) in near.most_alike(candidates, is_used, MAX_ALIKE)
        {
            let name = &definition.name;
            let why = if is_used(name) {
                " and used in this file"
            } else if likeness > 0.0 {
                " and shares words with the lines above"
            } else if are_few {
                ""
            } else {
                continue;
            };
            let resolved = Resolved {
                path,
                definition,
                via: Via::SamePackage,
                certainty: 0.9,
            };
            self.add(
                resolved,
                0.3 + 0.4 * likeness,
                format!("`{name}` is in reach{why}"),
            );
        }
    }
}
