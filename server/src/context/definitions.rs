//! Definitions in other files, and in parts of this one that the prompt does not show, of what the code near the cursor names: the
//! types of receivers and parameters, called functions, base classes, what was just imported.
//!
//! Names are read from the text line by line, so that code which is being typed and does not parse yet counts as well; the tree only
//! tells what is a comment or a string and what is around the cursor. Where a name leads is for [`crate::index::resolve`] to say.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;

use grammars::Language;
use ropey::Rope;
use tree_sitter::Tree;

use super::{Piece, Source};
use crate::documents::Snapshot;
use crate::index::resolve::{Resolved, Resolver, Via};
use crate::index::symbols::{Definition, DefinitionKind, FileSymbols, Imported};
use crate::index::workspace::WorkspaceSymbols;
use scope::Scope;
use types::Said;
use words::Token;

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

/// An imported name that does not occur this near to the cursor counts as not used yet, in bytes to each side.
const USE_DISTANCE: usize = 64 * 1024;

/// Names that are resolved for one request, at most.
const MAX_NAMES: usize = 160;

/// Of these many of the best definitions the types in their signatures are looked up too.
const FOLLOWED: usize = 5;

/// Definitions that are compared with the words near the cursor, at most, where only a package or an include names them.
const MAX_COMPARED: usize = 2_000;

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
            unknown = FileSymbols {
                language,
                package: None,
                definitions: Vec::new(),
                imports: Vec::new(),
            };
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
        shown: line(window.start)..line(window.end) + 1,
        asked: HashMap::new(),
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
    /// The lines that the prompt shows in any case.
    shown: Range<u32>,
    /// Names that were looked up, with the weight that they had.
    asked: HashMap<String, f32>,
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
        let first = line.saturating_sub(LINES_ABOVE);
        let above = code(rope, tree, rope.line_to_byte(first)..cursor);
        let above = words::tokens(&above, Some(self.file.language));
        let last = (line + 1 + LINES_BELOW).min(rope.len_lines());
        let below = code(rope, tree, cursor..rope.line_to_byte(last));
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
        let declarations = scope::text(rope, &(rope.line_to_byte(start)..cursor));
        let declarations = words::tokens(&declarations, Some(self.file.language));
        let class = scope.class.as_ref().map(|class| class.name.clone());
        let class = class.or_else(|| method_of(rope, scope, self.file.language));
        let variables = Variables {
            declarations,
            class,
        };

        self.names_near(&above, line - first, &variables, |distance| {
            1.0 - 0.05 * distance as f32
        });
        self.names_near(&below, 0, &variables, |_| 0.55);
        self.receiver(&above, &variables);
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
        self.imports(rope, cursor);
        self.alike(&above);
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
            let is_head = token.is_word() && (at == 0 || !tokens[at - 1].joins());
            if !is_head || (words::is_keyword(token.text) && !is_self(token.text)) {
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
            if !is_found && names.len() > 1 {
                let (member, receiver) = (names[names.len() - 1], &names[..names.len() - 1]);
                for of_type in self.type_of(receiver, variables) {
                    let reason = format!(
                        "`{member}` of `{}` is used {place}",
                        of_type.definition.name
                    );
                    self.add(of_type, 0.8 * weight, reason);
                }
            }
        }
    }

    /// What is in front of the dot before the cursor: a variable, `self`, or a module.
    fn receiver(&mut self, above: &[Token<'_>], variables: &Variables<'_>) {
        let typed = usize::from(above.last().is_some_and(Token::is_word));
        let Some(dot) = above
            .len()
            .checked_sub(1 + typed)
            .filter(|&dot| above[dot].joins())
        else {
            return;
        };
        let mut start = dot;
        while start >= 1 && above[start - 1].is_word() {
            start -= 1;
            match start.checked_sub(1) {
                Some(before) if above[before].joins() => start = before,
                _ => break,
            }
        }
        let (names, _) = words::chain(&above[..dot], start);
        let Some((&first, fields)) = names.split_first() else {
            return;
        };
        let receiver = names.join(".");
        if is_self(first) && fields.is_empty() {
            self.own_members(variables);
        }
        for of_type in self.type_of(&names, variables) {
            self.add(
                of_type,
                1.0,
                format!("`{receiver}` before the cursor is of this type"),
            );
        }
        let prefix = if typed == 1 {
            above[above.len() - 1].text
        } else {
            ""
        };
        let near = near_words(above);
        let mut members: Vec<(&'a Path, &'a Definition)> = Vec::new();
        for entry in self.resolver.module(&receiver) {
            let definitions = entry
                .symbols
                .definitions
                .iter()
                .filter(|each| each.container.is_none());
            let wanted = definitions
                .filter(|each| each.name.starts_with(prefix) && !each.name.starts_with('_'));
            members.extend(wanted.map(|definition| (&*entry.path, definition)));
        }
        for (likeness, path, definition) in most_alike(members, &near, MAX_ALIKE) {
            let resolved = Resolved {
                path,
                definition,
                via: Via::Import,
                certainty: 0.95,
            };
            self.add(
                resolved,
                0.75 + 0.2 * likeness,
                format!("`{receiver}` before the cursor is its module"),
            );
        }
    }

    /// The members of the enclosing type that the prompt does not show, those before the window and those after it.
    fn own_members(&mut self, variables: &Variables<'_>) {
        let Some(class) = &variables.class else {
            return;
        };
        for of_type in self.type_of(&["self"], variables) {
            self.add(
                of_type,
                1.0,
                "`self` before the cursor is of this type".to_owned(),
            );
        }
        let shown = self.shown.clone();
        let members: Vec<_> = self.resolver.members(self.path, class).collect();
        let outside = members
            .into_iter()
            .filter(|each| !shown.contains(each.lines.start()));
        for definition in outside.take(4 * MAX_PIECES) {
            let resolved = Resolved {
                path: self.path,
                definition,
                via: Via::SameFile,
                certainty: 1.0,
            };
            self.add(
                resolved,
                0.8,
                format!("`{}` is a member of the enclosing type", definition.name),
            );
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

    /// What is imported: most of all what was imported and not used yet.
    fn imports(&mut self, rope: &Rope, cursor: usize) {
        let file = self.file;
        let mut uses: HashMap<&str, u32> = HashMap::new();
        for import in &file.imports {
            let names = match &import.names {
                Imported::Names(names) => names.as_slice(),
                _ => &[],
            };
            uses.extend(names.iter().map(|(_, local)| (local.as_str(), 0)));
        }
        if uses.is_empty() {
            return;
        }
        let start = rope.byte_to_line(cursor.saturating_sub(USE_DISTANCE));
        let end = rope.byte_to_line((cursor + USE_DISTANCE).min(rope.len_bytes())) + 1;
        for line in rope
            .slice(rope.line_to_char(start)..rope.line_to_char(end.min(rope.len_lines())))
            .lines()
        {
            let line: std::borrow::Cow<'_, str> = line.into();
            for word in line.split(|c| !words::is_word_part(c)) {
                if let Some(count) = uses.get_mut(word) {
                    *count += 1;
                }
            }
        }
        for import in &file.imports {
            let Imported::Names(names) = &import.names else {
                continue;
            };
            for (_, local) in names.iter().filter(|_| !import.is_reexport) {
                // Its import is one of the places, if it is that near.
                let is_unused = uses.get(local.as_str()).is_some_and(|&count| count <= 1);
                if is_unused {
                    self.want(local, 0.75, Guess::No, || {
                        format!("`{local}` is imported and not used yet")
                    });
                } else {
                    self.want(local, 0.35, Guess::No, || format!("`{local}` is imported"));
                }
            }
        }
    }

    /// Of what the package or an include brings without naming it, what shares words with the code near the cursor.
    fn alike(&mut self, above: &[Token<'_>]) {
        let near = near_words(above);
        let mut files = self.resolver.imported_whole();
        files.extend(self.resolver.package());
        let mut definitions = Vec::new();
        for entry in files.iter().filter(|entry| &*entry.path != self.path) {
            let all = entry
                .symbols
                .definitions
                .iter()
                .filter(|each| each.container.is_none());
            definitions.extend(all.map(|definition| (&*entry.path, definition)));
            if definitions.len() > MAX_COMPARED {
                break;
            }
        }
        for (likeness, path, definition) in most_alike(definitions, &near, MAX_ALIKE) {
            let resolved = Resolved {
                path,
                definition,
                via: Via::SamePackage,
                certainty: 0.9,
            };
            let reason = format!(
                "`{}` is in reach and shares words with the lines above",
                definition.name
            );
            self.add(resolved, 0.3 + 0.4 * likeness, reason);
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
        if self.asked.len() >= MAX_NAMES {
            return false;
        }
        let before = self.asked.get(name).copied();
        if let Some(before) = before
            && before >= weight
        {
            return true;
        }
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

    /// The types that a variable or a field of one (`["self", "shelf"]`) may have.
    fn type_of(&self, names: &[&str], variables: &Variables<'_>) -> Vec<Resolved<'a>> {
        let Some((&first, fields)) = names.split_first() else {
            return Vec::new();
        };
        let language = Some(self.file.language);
        let mut types = if is_self(first) {
            let class = variables.class.as_deref();
            class
                .map(|class| self.types(&self.resolver, &Said::Type(class.to_owned())))
                .unwrap_or_default()
        } else {
            let said = types::said_of(&variables.declarations, first, false, language);
            said.iter()
                .flat_map(|said| self.types(&self.resolver, said))
                .collect()
        };
        for (depth, field) in fields.iter().enumerate() {
            let mut of_field: Vec<Resolved<'a>> = Vec::new();
            if depth == 0 && is_self(first) {
                let said = types::said_of(&variables.declarations, field, true, language);
                of_field.extend(
                    said.iter()
                        .flat_map(|said| self.types(&self.resolver, said)),
                );
            }
            let is_known = !of_field.is_empty();
            for owner in types.iter().filter(|_| !is_known).take(2) {
                let Some(resolver) = self.resolver_of(owner.path) else {
                    continue;
                };
                let tokens = words::tokens(&owner.definition.outline, language);
                let mut said = types::said_of(&tokens, field, true, language);
                if said.is_empty() {
                    let returned = types::returned(&tokens, field, self.file.language);
                    said.extend(returned.into_iter().map(Said::Type));
                }
                of_field.extend(said.iter().flat_map(|said| self.types(&resolver, said)));
            }
            types = of_field;
        }
        types.truncate(3);
        types
    }

    /// The definitions of the types that something was said to have.
    fn types(&self, resolver: &Resolver<'a>, said: &Said) -> Vec<Resolved<'a>> {
        match said {
            Said::Type(name) => {
                let mut types = resolver.resolve(name);
                types.retain(|each| each.definition.kind == DefinitionKind::Type);
                types
            }
            Said::Made(name) => resolver
                .resolve(name)
                .into_iter()
                .flat_map(|made| self.given_back(made))
                .collect(),
        }
    }

    /// What a call of it gives: a type itself, what a function returns, the type of a constructor.
    fn given_back(&self, made: Resolved<'a>) -> Vec<Resolved<'a>> {
        if made.definition.kind == DefinitionKind::Type {
            return vec![made];
        }
        let Some(resolver) = self.resolver_of(made.path) else {
            return Vec::new();
        };
        let tokens = words::tokens(&made.definition.outline, Some(self.file.language));
        let names = types::returned(&tokens, &made.definition.name, self.file.language);
        let is_own = |name: &String| name == "Self";
        if let Some(container) = &made.definition.container
            && (names.is_empty() || names.iter().any(is_own))
        {
            return self.types(&resolver, &Said::Type(container.clone()));
        }
        names
            .into_iter()
            .flat_map(|name| self.types(&resolver, &Said::Type(name)))
            .collect()
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
        if path == self.path && self.shown.contains(definition.lines.start()) {
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

/// What tells of which type a variable is.
struct Variables<'t> {
    /// The code from the head of the enclosing type or function to the cursor.
    declarations: Vec<Token<'t>>,
    /// The type that `self` has.
    class: Option<String>,
}

/// The text of a range without the lines that lie in comments or in strings of several lines.
fn code(rope: &Rope, tree: Option<&Tree>, range: Range<usize>) -> String {
    let mut text = String::new();
    let mut start = range.start;
    while start < range.end {
        let line = rope.byte_to_line(start);
        let end = rope
            .line_to_byte((line + 1).min(rope.len_lines()))
            .min(range.end)
            .max(start + 1);
        let slice = rope.byte_slice(start..end);
        let blank: usize = slice
            .chars()
            .take_while(|c| c.is_whitespace())
            .map(char::len_utf8)
            .sum();
        let leaf = tree.and_then(|tree| {
            let byte = start + blank;
            (byte < end).then(|| tree.root_node().descendant_for_byte_range(byte, byte + 1))?
        });
        let is_text = leaf.is_some_and(|leaf| {
            leaf.kind().contains("comment")
                || (leaf.kind().contains("string") && leaf.start_byte() < start)
        });
        if is_text {
            text.push('\n');
        } else {
            text.extend(slice.chunks());
        }
        start = end;
    }
    text
}

/// The type that the enclosing function is a member of, where it stands outside of it: the receiver in Go, `Shelf::add` in C++.
fn method_of(rope: &Rope, scope: &Scope, language: &Language) -> Option<String> {
    let head = scope::text(rope, scope.functions.last()?);
    let tokens = words::tokens(&head, Some(language));
    let open = tokens.iter().position(|token| token.is("("))?;
    if language.id() == "go" {
        let receiver = tokens
            .get(open.checked_sub(1)?)
            .is_some_and(|token| token.text == "func");
        let close = tokens.iter().position(|token| token.is(")"))?;
        let of_type = tokens[open..close]
            .iter()
            .rev()
            .find(|token| token.is_word() && receiver)?;
        return Some(of_type.text.to_owned());
    }
    let is_qualified = open >= 3
        && tokens[open - 1].is_word()
        && tokens[open - 2].joins()
        && tokens[open - 3].is_word();
    is_qualified.then(|| tokens[open - 3].text.to_owned())
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
        let is_head = token.is_word() && (at == 0 || !tokens[at - 1].joins());
        if !is_head || words::is_keyword(token.text) {
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

/// The parts of the words near the cursor, with the more weight the later they come.
fn near_words(above: &[Token<'_>]) -> HashMap<String, f32> {
    let mut near = HashMap::new();
    let last = above.last().map_or(0, |token| token.line);
    for token in above
        .iter()
        .filter(|token| token.is_word() && !words::is_keyword(token.text))
    {
        let weight = 1.0 / (1.0 + 0.3 * (last - token.line) as f32);
        for word in words::subwords(token.text) {
            near.insert(word, weight);
        }
    }
    near
}

/// The definitions whose names share the most with the words near the cursor, with how much that is, from 0 to 1.
fn most_alike<'a>(
    definitions: Vec<(&'a Path, &'a Definition)>,
    near: &HashMap<String, f32>,
    count: usize,
) -> Vec<(f32, &'a Path, &'a Definition)> {
    let likeness = |name: &str| {
        let words = words::subwords(name);
        let shared: f32 = words.iter().filter_map(|word| near.get(word)).sum();
        shared / (1 + words.len()) as f32
    };
    let mut alike: Vec<_> = definitions
        .into_iter()
        .map(|(path, definition)| (likeness(&definition.name), path, definition))
        .collect();
    alike.sort_by_key(|&(likeness, path, definition)| {
        (
            Reverse((likeness * 1000.0) as u32),
            path,
            *definition.lines.start(),
        )
    });
    alike.truncate(count);
    alike
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
