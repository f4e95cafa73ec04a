//! What a file says of itself in languages without a query: read by how statements begin, by brackets and by indentation. Knows less
//! than a grammar does and never fails; any text has symbols, though not always the right ones.

mod head;
mod imports;
mod outline;
mod statements;

use std::ops::Range;

use grammars::Language;

use super::notation::Blocks;
use super::text::LineStarts;
use super::{
    Definition, DefinitionKind, FileSymbols, MAX_DEFINITIONS, MAX_FILE_OUTLINE_BYTES, is_minified,
};
use crate::syntax::MAX_PARSED_BYTES;
use head::{Declares, Head};
use statements::{Code, Statement};

/// Types within types that are looked into. People write three.
const MAX_DEPTH: usize = 12;

/// What encloses bodies in the languages that are read here.
fn blocks(language: &Language) -> Option<Blocks> {
    Some(match language.id() {
        "kotlin" | "swift" | "scala" | "php" | "dart" | "groovy" => Blocks::Braces,
        "ruby" | "lua" => Blocks::Indentation,
        _ => return None,
    })
}

/// Whether files of this language can be read here.
pub fn reads(language: &Language) -> bool {
    blocks(language).is_some()
}

/// What `text` defines and imports. `None` for languages that are not read here, and for texts too large to be read. Minified files
/// have no definitions.
pub fn symbols(text: &str, language: &'static Language) -> Option<FileSymbols> {
    let blocks = blocks(language)?;
    if text.len() > MAX_PARSED_BYTES {
        return None;
    }
    let mut symbols = FileSymbols::empty(language);
    if is_minified(text) {
        return Some(symbols);
    }
    let code = Code::new(text, language, blocks);
    let items = items(&code, 0..text.len(), Holder::File, 0, &mut symbols);
    let mut writer = Writer {
        code: &code,
        top: &items,
        line_starts: LineStarts::of(text),
        outline_bytes: 0,
        definitions: &mut symbols.definitions,
    };
    writer.define(&items, None);
    Some(symbols)
}

/// A statement with what it declares, and the statements of its body.
struct Item<'a> {
    statement: Statement,
    head: Head<'a>,
    children: Vec<Item<'a>>,
}

impl Item<'_> {
    /// Its members are those of the type around it: `companion object {`, `class << self`.
    fn is_part_of_type(&self) -> bool {
        self.head.declares == Some(Declares::Type) && self.head.name.is_empty()
    }
}

/// What statements stand in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// Or a block of a namespace.
    File,
    Type,
}

/// The statements in a range; what they import and the package go to `symbols`.
fn items<'a>(
    code: &Code<'a>,
    range: Range<usize>,
    holder: Holder,
    depth: usize,
    symbols: &mut FileSymbols,
) -> Vec<Item<'a>> {
    let mut found = Vec::new();
    let mut rest_is_private = false;
    for statement in code.statements(range) {
        let mut head = Head::of(code, &statement);
        if holder == Holder::File && imports::read(code, &statement, &head, symbols) {
            // `namespace a { ... }`
            if let Some(body) = statement.body.clone().filter(|_| depth < MAX_DEPTH) {
                found.extend(items(code, body, Holder::File, depth + 1, symbols));
            }
            continue;
        }
        // Ruby's `private` alone in its line.
        let modifier = code.of(statement.start..statement.end).trim();
        if matches!(modifier, "private" | "protected" | "public") {
            rest_is_private = modifier == "private";
            continue;
        }
        head.is_private |= rest_is_private;
        let holds_members = matches!(
            head.declares,
            Some(Declares::Type | Declares::Module | Declares::Extension)
        );
        let body = statement
            .body
            .clone()
            .filter(|_| holds_members && depth < MAX_DEPTH);
        let children = body.map(|body| items(code, body, Holder::Type, depth + 1, symbols));
        found.push(Item {
            statement,
            head,
            children: children.unwrap_or_default(),
        });
    }
    found
}

struct Writer<'c, 'a> {
    code: &'c Code<'a>,
    /// The items of the file.
    top: &'c [Item<'a>],
    line_starts: LineStarts,
    outline_bytes: usize,
    definitions: &'c mut Vec<Definition>,
}

impl<'a> Writer<'_, 'a> {
    fn define(&mut self, items: &[Item<'a>], container: Option<&str>) {
        for item in items {
            let name = item.head.name;
            let (kind, container) = match item.head.declares {
                None => continue,
                Some(Declares::Extension) => {
                    self.define(&item.children, Some(name));
                    continue;
                }
                Some(Declares::Type) if name.is_empty() => {
                    self.define(&item.children, container);
                    continue;
                }
                _ if name.is_empty() => continue,
                Some(Declares::Type) => (DefinitionKind::Type, container),
                Some(Declares::Module) => (DefinitionKind::Module, container),
                // Those of types are part of the type's outline.
                Some(Declares::Constant) if container.is_some() => continue,
                Some(Declares::Constant) => (DefinitionKind::Constant, None),
                Some(Declares::Function) => {
                    // The receiver of an extension function is none: it is imported by its own name.
                    let is_lua = self.code.language.id() == "lua";
                    let qualifier = item.head.qualifier.filter(|_| is_lua);
                    match container.or(qualifier) {
                        Some(container) => (DefinitionKind::Method, Some(container)),
                        None => (DefinitionKind::Function, None),
                    }
                }
            };
            let outline = outline::outline(self.code, item, self.top);
            self.outline_bytes += outline.len();
            if self.definitions.len() == MAX_DEFINITIONS
                || self.outline_bytes > MAX_FILE_OUTLINE_BYTES
            {
                return;
            }
            let statement = &item.statement;
            let last = statement.end.saturating_sub(1).max(statement.start);
            let line_of = |byte| self.line_starts.line_of(byte);
            self.definitions.push(Definition {
                name: name.to_owned(),
                kind,
                container: container.map(str::to_owned),
                lines: line_of(statement.start)..=line_of(last),
                outline,
            });
            match kind {
                DefinitionKind::Type => self.define(&item.children, Some(name)),
                DefinitionKind::Module => self.define_in_module(&item.children, name),
                _ => {}
            }
        }
    }

    /// What types a module holds are no members of it; its functions are.
    fn define_in_module(&mut self, items: &[Item<'a>], name: &str) {
        for item in items {
            let is_function = item.head.declares == Some(Declares::Function);
            let container = (is_function || item.is_part_of_type()).then_some(name);
            self.define(std::slice::from_ref(item), container);
        }
    }
}

#[cfg(test)]
mod tests;
