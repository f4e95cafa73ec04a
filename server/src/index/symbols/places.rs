//! Where the definitions and imports of a text stand, for those who change it.

use std::ops::Range;

use grammars::Language;
use tree_sitter::Tree;

use super::DefinitionKind;
use super::items::{self, slice};
use super::query::{self, ItemKind};
use super::text::unqualified;

/// The definitions and imports of a text, each in the order of the text. Ranges are bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Functions, types and modules, those inside of others too.
    pub definitions: Vec<DefinitionPlace>,
    pub imports: Vec<Range<usize>>,
}

/// Where a definition stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionPlace {
    pub name: String,
    pub kind: DefinitionKind,
    /// With its attributes, decorators and what else wraps it; without the comments above.
    pub range: Range<usize>,
    /// With its brackets, where the language has some.
    pub body: Option<Range<usize>>,
    /// How many definitions it stands in.
    pub depth: usize,
}

/// `None` for languages that have no query. `tree` must be of this text.
pub fn places(text: &str, tree: &Tree, language: &'static Language) -> Option<Places> {
    let items = items::find(text, tree, query::of(language)?);
    let mut found = Places {
        imports: items.imports.iter().map(|node| node.byte_range()).collect(),
        ..Places::default()
    };
    for item in &items.all {
        let ItemKind::Definition(kind) = item.kind else {
            continue;
        };
        if kind == DefinitionKind::Constant {
            continue;
        }
        let mut start = item.outer.start;
        let behind = items
            .above
            .partition_point(|above| above.range.end <= start);
        for above in items.above[..behind].iter().rev() {
            let is_attached = slice(text, above.range.end..start).trim().is_empty();
            if above.is_comment || !is_attached {
                break;
            }
            start = above.range.start;
        }
        let name = item.name.map_or("", |name| slice(text, name.byte_range()));
        let range = start..item.outer.end.max(item.node.end_byte());
        let around = found.definitions.iter();
        let depth = around
            .filter(|around: &&DefinitionPlace| around.range.end >= range.end)
            .count();
        found.definitions.push(DefinitionPlace {
            name: unqualified(name).1.to_owned(),
            kind,
            range,
            body: item.body.map(|body| body.byte_range()),
            depth,
        });
    }
    Some(found)
}
