//! What one file says of itself, as tree-sitter and our queries see it; in languages without a query, as [`plain`] does.

mod comments;
mod imports;
mod items;
mod members;
mod notation;
mod outline;
mod places;
pub mod plain;
mod query;
mod text;

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use grammars::Language;
use ropey::Rope;
use tree_sitter::Tree;

use crate::syntax::{self, MAX_PARSED_BYTES};
use items::slice;
use outline::Outlines;
pub use places::{DefinitionPlace, Places, places};
use query::ItemKind;
use text::LineStarts;

/// Definitions kept of one file. Only generated files have more, and nobody completes calls to all of them.
pub const MAX_DEFINITIONS: usize = 4000;
/// Bytes of outlines kept of one file; with the definitions it bounds what a file may cost the index.
pub const MAX_FILE_OUTLINE_BYTES: usize = 512 * 1024;
/// Files above this size with longer lines than [`MINIFIED_LINE_BYTES`] on average are written by programs for programs.
const MINIFIED_FILE_BYTES: usize = 8 * 1024;
const MINIFIED_LINE_BYTES: usize = 300;
/// What one file may cost the thread of low priority that reads the workspace.
const PARSE_BUDGET: Duration = Duration::from_millis(500);

/// The definitions and imports of one file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSymbols {
    pub language: &'static Language,
    /// The package or namespace that the file names as its own (Go, Java, C#, PHP...).
    pub package: Option<String>,
    pub definitions: Vec<Definition>,
    pub imports: Vec<Import>,
}

impl FileSymbols {
    /// Those of a file that defines and imports nothing, as far as anybody knows.
    pub fn empty(language: &'static Language) -> Self {
        Self {
            language,
            package: None,
            definitions: Vec::new(),
            imports: Vec::new(),
        }
    }

    /// What is a member of nothing.
    pub fn top_level(&self) -> impl Iterator<Item = &Definition> {
        let definitions = self.definitions.iter();
        definitions.filter(|definition| definition.container.is_none())
    }
}

/// Something with a name that other code may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    pub name: String,
    pub kind: DefinitionKind,
    /// The type, trait, interface or impl target that it is a member of.
    pub container: Option<String>,
    /// Lines of the file, counted from 1.
    pub lines: RangeInclusive<u32>,
    /// As the model is shown it: the first line of its documentation, attributes that matter, signature, fields and the signatures of
    /// members; bodies are elided. Dedented, without a line feed at the end.
    pub outline: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefinitionKind {
    Function,
    Method,
    /// Class, struct, enum, interface, trait, type alias.
    Type,
    Constant,
    /// A module or namespace inside of the file.
    Module,
}

/// One import, include or use, with what it makes visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// As it is written, without quotes: `./util`, `..models`, `crate::store::catalogue`, `java.util`, `util.h`.
    pub module: String,
    pub names: Imported,
    /// Others see the names as if they were defined here: `pub use`, `export ... from`, a Python package's `__init__`.
    pub is_reexport: bool,
}

/// What an import makes visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// The module itself, under this name: `import os.path as p`, `import * as util`, `use crate::store;`, a Go import.
    Module(String),
    /// Names of the module, each with the name that it has here.
    Names(Vec<(String, String)>),
    /// All that the module defines: globs, C includes, C# usings, same-package imports.
    All,
}

/// Whether the symbols of files of this language can be told.
pub fn reads(language: &Language) -> bool {
    language.symbols_query().is_some() || plain::reads(language)
}

/// What `text` defines and imports. `tree` must be of this text; errors in it cost what stands at them. `None` for languages that
/// have no query and are not read without one. Minified files have no definitions.
pub fn symbols(text: &str, tree: &Tree, language: &'static Language) -> Option<FileSymbols> {
    let Some(query) = query::of(language) else {
        return plain::symbols(text, language);
    };
    let mut symbols = FileSymbols::empty(language);
    if is_minified(text) {
        return Some(symbols);
    }
    let items = items::find(text, tree, query);
    symbols.package = items
        .package
        .map(|node| slice(text, node.byte_range()).to_owned());
    symbols.imports = imports::read(text, language, &items.imports);
    let outlines = Outlines::new(text, language, &items);
    let line_starts = LineStarts::of(text);
    let mut constants = HashSet::new();
    let mut outline_bytes = 0;
    for (index, item) in items.all.iter().enumerate() {
        let ItemKind::Definition(mut kind) = item.kind else {
            continue;
        };
        let name = outlines.name(item);
        let value = item
            .value
            .map_or("", |value| slice(text, value.byte_range()));
        let is_import = value.starts_with("require(");
        let container = outlines.container(item);
        if item.is_local || is_import || name.is_empty() {
            continue;
        }
        match kind {
            // Those of types are part of the type's outline.
            DefinitionKind::Constant if container.is_some() || !constants.insert(name) => continue,
            DefinitionKind::Function if language.id() == "python" && outlines.is_setter(item) => {
                continue;
            }
            DefinitionKind::Function if container.is_some() => kind = DefinitionKind::Method,
            _ => {}
        }
        let (start, outline) = outlines.outline(index);
        outline_bytes += outline.len();
        if symbols.definitions.len() == MAX_DEFINITIONS || outline_bytes > MAX_FILE_OUTLINE_BYTES {
            break;
        }
        let last = item
            .outer
            .end
            .max(item.node.end_byte())
            .saturating_sub(1)
            .max(start);
        let definition = Definition {
            name: name.to_owned(),
            kind,
            container: container.map(str::to_owned),
            lines: line_starts.line_of(start)..=line_starts.line_of(last),
            outline,
        };
        let tag = item
            .tag
            .map(|tag| slice(text, tag.byte_range()))
            .filter(|tag| *tag != name);
        if let Some(tag) = tag {
            symbols.definitions.push(Definition {
                name: tag.to_owned(),
                ..definition.clone()
            });
        }
        symbols.definitions.push(definition);
    }
    Some(symbols)
}

/// [`symbols`] of a text that nobody has parsed yet. `None` also for texts that are too large to parse or take too long.
pub fn symbols_of_text(text: &str, language: &'static Language) -> Option<FileSymbols> {
    if language.symbols_query().is_none() {
        return plain::symbols(text, language);
    }
    if text.len() > MAX_PARSED_BYTES {
        return None;
    }
    let tree = syntax::parse_in_background(
        &Rope::from_str(text),
        &language.parser()?,
        None,
        PARSE_BUDGET,
    )?;
    symbols(text, &tree, language)
}

/// Whether a program has written this text for programs, by the length of its lines.
pub fn is_minified(text: &str) -> bool {
    let lines = 1 + text.bytes().filter(|&byte| byte == b'\n').count();
    text.len() > MINIFIED_FILE_BYTES && text.len() / lines > MINIFIED_LINE_BYTES
}

#[cfg(test)]
mod tests;
