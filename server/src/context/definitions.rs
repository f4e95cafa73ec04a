//! Definitions in other files, and in parts of this one that the prompt does not show, of what the code near the cursor names: the
//! types of receivers and parameters, called functions, base classes, what was just imported.
//!
//! Names are read from the text line by line, so that code which is being typed and does not parse yet counts as well; the tree only
//! tells what is a comment or a string and what is around the cursor. Where a name leads is for [`crate::index::resolve`] to say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;

use ropey::Rope;
use tree_sitter::Tree;

use super::{Piece, Source};
use crate::documents::Snapshot;
use crate::index::resolve::{Resolved, Resolver, Via};
use crate::index::symbols::{Definition, DefinitionKind, FileSymbols};
use crate::index::workspace::WorkspaceSymbols;
use crate::words::is_identifier_char;
use code::code;
use near::Near;
use receivers::{Variables, method_of};
use scope::Scope;
use words::Token;

mod code;
mod near;
mod reach;
mod receivers;
mod scope;
mod types;
mod words;

/// As many as fit a prompt of some thousand tokens beside other sources; more were not better on unseen repositories.
const MAX_PIECES: usize = 12;

/// Names in these many lines above the cursor count, the nearer the more.
const LINES_ABOVE: usize = 12;

/// Names in these many lines below the cursor count.
const LINES_BELOW: usize = 3;

/// How far above the cursor the declaration of a variable is looked for, in lines.
const DECLARATION_LINES: usize = 400;

/// Of the code above and below no more than this is read, in bytes: a line may be as long as a file.
const MAX_NEAR_BYTES: usize = 8 * 1024;

/// As [`MAX_NEAR_BYTES`], for declarations.
const MAX_DECLARATION_BYTES: usize = 64 * 1024;

/// Names that are resolved for one request, at most.
const MAX_NAMES: usize = 300;

/// Of these many of the best definitions the types in their signatures are looked up too.
const FOLLOWED: usize = 5;

/// Of what only a package or an include names, as many are shown.
const MAX_ALIKE: usize = 5;

/// The definitions that matter at `cursor`, best first. `window` is what the prompt shows of the document in any case, in bytes, as is
/// `cursor`.
pub fn pieces(
    index: &WorkspaceSymbols,
    snapshot: &Snapshot,
    cursor: usize,
    window: Range<usize>,
) -> Vec<Piece> {
    let (Some(path), Some(language)) = (snapshot.path.as_deref(), snapshot.language) else {
        return Vec::new();
    };
    let unknown;
    let file = match index.file(path) {
        Some(file) => file.as_ref(),
        None => {
            unknown = FileSymbols::empty(language);
            &unknown
        }
    };
    let rope = &snapshot.rope;
    let cursor = rope.char_to_byte(rope.byte_to_char(cursor.min(rope.len_bytes())));
    let line = |byte: usize| rope.byte_to_line(byte.min(rope.len_bytes())) as u32 + 1;
    let mut search = Search {
        index,
        resolver: Resolver::new(index, path, file),
        path,
        file,
        line: line(cursor),
        shown: line(window.start)..line(window.end) + 1,
        asked: HashMap::new(),
        lookups: 0,
        found: BTreeMap::new(),
    };
    let scope = scope::scope(rope, snapshot.tree.as_ref(), cursor);
    search.collect(rope, snapshot.tree.as_ref(), cursor, &scope);
    search.follow();
    search.into_pieces()
}

struct Search<'a> {
    index: &'a WorkspaceSymbols,
    resolver: Resolver<'a>,
    path: &'a Path,
    file: &'a FileSymbols,
    /// That of the cursor.
    line: u32,
    /// The lines that the prompt shows in any case.
    shown: Range<u32>,
    /// Names that were looked up, with the weight that they had.
    asked: HashMap<String, f32>,
    lookups: usize,
    /// By path and first line.
    found: BTreeMap<(&'a Path, u32), Found<'a>>,
}

struct Found<'a> {
    definition: &'a Definition,
    score: f32,
    reason: String,
}

/// Whether a name may be found without an import. A local variable has the name of a function somewhere too often.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guess {
    Allowed,
    No,
}

impl<'a> Search<'a> {
    fn collect(&mut self, rope: &Rope, tree: Option<&Tree>, cursor: usize, scope: &Scope) {
        let line = rope.byte_to_line(cursor);
        let whole = |byte: usize| rope.char_to_byte(rope.byte_to_char(byte.min(rope.len_bytes())));
        let first = line.saturating_sub(LINES_ABOVE);
        let start = rope
            .line_to_byte(first)
            .max(whole(cursor.saturating_sub(MAX_NEAR_BYTES)));
        let above = code(rope, tree, start..cursor);
        let above = words::tokens(&above, Some(self.file.language));
        let last = (line + 1 + LINES_BELOW).min(rope.len_lines());
        let end = rope.line_to_byte(last).min(whole(cursor + MAX_NEAR_BYTES));
        let below = code(rope, tree, cursor..end);
        let below = words::tokens(&below, Some(self.file.language));

        let start = [
            scope.class.as_ref().map(|class| class.head.start),
            scope.functions.last().map(|head| head.start),
        ];
        let start = start.into_iter().flatten().min().unwrap_or(cursor);
        let start = rope
            .byte_to_line(start)
            .min(first)
            .max(line.saturating_sub(DECLARATION_LINES));
        let start = rope
            .line_to_byte(start)
            .max(cursor.saturating_sub(MAX_DECLARATION_BYTES));
        let declarations = scope::text(rope, &(start..cursor));
        let declarations = words::tokens(&declarations, Some(self.file.language));
        let class = scope.class.as_ref().map(|class| class.name.clone());
        let class = class.or_else(|| method_of(rope, scope, self.file.language));
        let variables = Variables {
            declarations,
            class,
        };

        let is_in_word =
            cursor > 0 && scope::text(rope, &(cursor - 1..cursor)).ends_with(is_identifier_char);
        let near = Near::new(&above, self.path, is_in_word);
        self.names_near(&above, line - first, &variables, |distance| {
            1.0 - 0.05 * distance as f32
        });
        self.names_near(&below, 0, &variables, |_| 0.55);
        self.receiver(&above, &variables, &near);
        for (depth, head) in scope.functions.iter().enumerate().take(3) {
            let weight = [0.85, 0.6, 0.5][depth];
            self.signature(
                rope,
                head,
                weight,
                "is in the signature of the enclosing function",
            );
        }
        if let Some(class) = &scope.class {
            self.signature(
                rope,
                &class.head,
                0.75,
                "is in the head of the enclosing type",
            );
        }
        if let Some(class) = &variables.class {
            self.fields(class);
        }
        let candidates = self.candidates();
        let uses = self.uses(rope, cursor, &candidates);
        self.imports(&uses, &near);
        self.alike(candidates, &uses, &near);
    }

    /// Names in the lines near the cursor, and the types of the variables whose members are used there.
    fn names_near(
        &mut self,
        tokens: &[Token<'_>],
        cursor_line: usize,
        variables: &Variables<'_>,
        weight: impl Fn(usize) -> f32,
    ) {
        for at in (0..tokens.len()).rev() {
            let token = &tokens[at];
            if !words::begins_chain(tokens, at)
                || (words::is_keyword(token.text) && !is_self(token.text))
            {
                continue;
            }
            let (names, after) = words::chain(tokens, at);
            let distance = cursor_line.abs_diff(token.line);
            let weight = weight(distance);
            let place = place(distance, cursor_line < token.line);
            let is_called = tokens
                .get(after)
                .is_some_and(|token| matches!(token.text, "(" | "{" | "<" | "!"));
            let guess = if is_called || is_type_like(names[0]) {
                Guess::Allowed
            } else {
                Guess::No
            };
            let name = names.join(".");
            let is_found = !is_self(names[0])
                && self.want(&name, weight, guess, || format!("`{name}` is used {place}"));
            if is_found {
                continue;
            }
            // Of `shelf.items.first()` the type of `shelf.items`, or else that of `shelf`.
            let types = (1..names.len())
                .rev()
                .map(|end| (names[end], self.type_of(&names[..end], variables)))
                .find(|(_, types)| !types.is_empty());
            let Some((member, types)) = types else {
                continue;
            };
            for of_type in types {
                let name = &of_type.definition.name;
                self.add(
                    of_type,
                    0.8 * weight,
                    format!("`{member}` of `{name}` is used {place}"),
                );
            }
        }
    }

    fn signature(&mut self, rope: &Rope, head: &Range<usize>, weight: f32, reason: &str) {
        let text = scope::text(rope, head);
        let tokens = words::tokens(&text, Some(self.file.language));
        for name in type_like_names(&tokens) {
            self.want(&name, weight, Guess::Allowed, || {
                format!("`{name}` {reason}")
            });
        }
    }

    /// The enclosing type itself, where it is defined elsewhere (`impl Shelf`, `Shelf::add` in C++), and the types of its fields.
    fn fields(&mut self, class: &str) {
        self.want(class, 0.8, Guess::Allowed, || {
            format!("`{class}` is the enclosing type")
        });
        for resolved in self.resolver.resolve(class) {
            let tokens = words::tokens(&resolved.definition.outline, Some(self.file.language));
            self.want_in(resolved.path, &tokens, 0.45, |name| {
                format!("`{name}` is in the fields of `{class}`")
            });
        }
    }

    /// The types in the signatures and fields of the best definitions.
    fn follow(&mut self) {
        let mut best: Vec<_> = self
            .found
            .iter()
            .map(|(&(path, _), found)| (path, found.definition, found.score))
            .collect();
        best.sort_by(|a, b| b.2.total_cmp(&a.2));
        best.truncate(FOLLOWED);
        for (path, definition, score) in best {
            let tokens = words::tokens(&definition.outline, Some(self.file.language));
            let of = &definition.name;
            self.want_in(path, &tokens, 0.5 * score, |name| {
                format!("`{name}` is in the signature of `{of}`")
            });
        }
    }

    /// Looks `name` up in this file; whether it was found, now or before.
    fn want(&mut self, name: &str, weight: f32, guess: Guess, reason: impl Fn() -> String) -> bool {
        let before = self.asked.get(name).copied();
        if let Some(before) = before
            && before >= weight
        {
            return true;
        }
        if self.lookups == MAX_NAMES {
            return false;
        }
        self.lookups += 1;
        let mut is_found = false;
        for resolved in self.resolver.resolve(name) {
            if guess == Guess::No && matches!(resolved.via, Via::SameCrate | Via::UniqueName) {
                continue;
            }
            is_found = true;
            self.add(resolved, weight, reason());
        }
        if is_found {
            self.asked.insert(name.to_owned(), weight);
        }
        is_found
    }

    /// Looks up the types that `tokens`, which stand in the file `path`, name.
    fn want_in(
        &mut self,
        path: &'a Path,
        tokens: &[Token<'_>],
        weight: f32,
        reason: impl Fn(&str) -> String,
    ) {
        let Some(resolver) = self.resolver_of(path) else {
            return;
        };
        for name in type_like_names(tokens).into_iter().take(12) {
            for resolved in resolver.resolve(&name) {
                if resolved.definition.kind == DefinitionKind::Type {
                    self.add(resolved, weight, reason(&name));
                }
            }
        }
    }

    fn resolver_of(&self, path: &'a Path) -> Option<Resolver<'a>> {
        let file = if path == self.path {
            self.file
        } else {
            self.index.file(path)?
        };
        Some(Resolver::new(self.index, path, file))
    }

    /// Keeps a definition, unless the prompt shows it in any case. A member is shown within its type, if that fits.
    fn add(&mut self, resolved: Resolved<'a>, weight: f32, reason: String) {
        let Resolved {
            path,
            mut definition,
            certainty,
            ..
        } = resolved;
        if let Some(container) = &definition.container
            && path != self.path
            && let Some(file) = self.index.file(path)
        {
            let mut types = file.definitions.iter();
            let of_type = types.find(|each| {
                each.kind == DefinitionKind::Type
                    && each.name == *container
                    && each.outline.contains(&definition.name)
            });
            definition = of_type.unwrap_or(definition);
        }
        let is_around =
            definition.kind != DefinitionKind::Type && definition.lines.contains(&self.line);
        if path == self.path && (is_around || self.shown.contains(definition.lines.start())) {
            return;
        }
        let kind = match definition.kind {
            DefinitionKind::Constant => 0.8,
            DefinitionKind::Module => 0.4,
            _ => 1.0,
        };
        let score = (weight * certainty * kind).clamp(0.0, 1.0);
        let found = Found {
            definition,
            score,
            reason,
        };
        let place = (path, *definition.lines.start());
        match self.found.get(&place) {
            Some(before) if before.score >= score => {}
            _ => {
                self.found.insert(place, found);
            }
        }
    }

    fn into_pieces(self) -> Vec<Piece> {
        let mut found: Vec<_> = self.found.into_iter().collect();
        // Stable: what is equally good stays in the order of paths and lines.
        found.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
        let mut pieces: Vec<Piece> = Vec::new();
        for ((path, _), found) in found {
            if pieces.len() == MAX_PIECES {
                break;
            }
            let lines = found.definition.lines.clone();
            let is_told = pieces.iter().any(|piece| {
                piece.path == path
                    && (piece.text.contains(&found.definition.outline) || piece.lines == lines)
            });
            if is_told || found.definition.outline.is_empty() {
                continue;
            }
            pieces.push(Piece {
                path: path.to_owned(),
                lines,
                text: found.definition.outline.clone(),
                source: Source::Definitions,
                reason: found.reason,
                score: found.score,
            });
        }
        pieces
    }
}

fn is_self(name: &str) -> bool {
    matches!(name, "self" | "this" | "cls")
}

fn is_type_like(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// The paths of names that may be types, each once: in languages that write types in small letters this takes more than there are.
fn type_like_names(tokens: &[Token<'_>]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        if !words::begins_chain(tokens, at) || words::is_keyword(token.text) {
            continue;
        }
        let (path, _) = words::chain(tokens, at);
        if path
            .iter()
            .any(|name| is_type_like(name) || name.ends_with("_t"))
        {
            names.insert(path.join("."));
        }
    }
    names
}

/// "two lines above", for a person.
fn place(distance: usize, is_below: bool) -> String {
    const NUMBERS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    let number = NUMBERS.get(distance).copied().unwrap_or("many");
    let side = if is_below { "below" } else { "above" };
    match distance {
        0 => "on this line".to_owned(),
        1 => format!("one line {side}"),
        _ => format!("{number} lines {side}"),
    }
}

#[cfg(test)]
mod tests;
