//! The definitions of one file and how they are nested. The captures of a query come in the order of the file: who contains whom
//! follows from their ranges. Asks no node for its parent or sibling: tree-sitter answers that by a walk from the root.

mod nesting;

use std::cmp::Reverse;
use std::ops::Range;

use tree_sitter::{Node, QueryCursor, StreamingIterator, Tree};

use super::DefinitionKind;
use super::query::{ItemKind, Role, SymbolQuery};

/// Patterns in flight at once; a file that needs more loses some matches, not its time.
const MATCH_LIMIT: u32 = 4096;

/// What the query found, in the order of the file.
#[derive(Default)]
pub struct Items<'tree> {
    pub all: Vec<Item<'tree>>,
    /// Attributes, decorators and comments by the end of their text.
    pub above: Vec<Above>,
    pub imports: Vec<Node<'tree>>,
    pub package: Option<Node<'tree>>,
    /// Strings that document what they stand in.
    pub docs: Vec<Range<usize>>,
}

pub struct Item<'tree> {
    pub kind: ItemKind,
    pub node: Node<'tree>,
    pub name: Option<Node<'tree>>,
    pub body: Option<Node<'tree>>,
    pub value: Option<Node<'tree>>,
    pub container: Option<Node<'tree>>,
    /// With what wraps it: `export`, decorators, `template <...>`.
    pub outer: Range<usize>,
    /// Stands before the text of the item where it shares its wrapper with others: `const`.
    pub prefix: Option<Range<usize>>,
    /// The nearest item around it that is no wrapper, by its index in [`Items::all`].
    pub owner: Option<usize>,
    /// Nobody outside of a function sees it.
    pub is_local: bool,
    /// What else the type is called: `struct node` of `typedef struct node {...} Node`.
    pub tag: Option<Node<'tree>>,
    /// It stands under `private:` or the like.
    pub is_private: bool,
}

/// An attribute or comment.
pub struct Above {
    pub range: Range<usize>,
    pub is_comment: bool,
}

impl<'tree> Item<'tree> {
    fn new(kind: ItemKind, node: Node<'tree>) -> Self {
        Self {
            kind,
            node,
            name: None,
            body: None,
            value: None,
            container: None,
            outer: node.byte_range(),
            prefix: None,
            owner: None,
            is_local: false,
            tag: None,
            is_private: false,
        }
    }

    pub fn is(&self, kind: DefinitionKind) -> bool {
        self.kind == ItemKind::Definition(kind)
    }

    /// Outermost first; of equals the one that says most.
    fn order(&self) -> impl Ord + use<> {
        let rank = match self.kind {
            ItemKind::Group => 0,
            ItemKind::Wrapper => 1,
            ItemKind::Definition(_) | ItemKind::Impl => 2,
            _ => 3,
        };
        let said = [self.body, self.value].iter().flatten().count();
        let name = self.name.map(|name| name.start_byte());
        (
            self.node.start_byte(),
            Reverse(self.node.end_byte()),
            rank,
            name,
            Reverse(said),
        )
    }
}

/// Part of the text; nothing where the tree is of another text.
pub fn slice(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// Runs the query over the tree.
pub fn find<'tree>(text: &str, tree: &'tree Tree, query: &SymbolQuery) -> Items<'tree> {
    let mut found = Items::default();
    let mut items: Vec<(usize, Item)> = Vec::new();
    let mut cursor = QueryCursor::new();
    cursor.set_match_limit(MATCH_LIMIT);
    let mut matches = cursor.matches(&query.query, tree.root_node(), text.as_bytes());
    while let Some(matched) = matches.next() {
        let mut item = None;
        let (mut name, mut body, mut value, mut container) = (None, None, None, None);
        for capture in matched.captures() {
            let node = capture.node;
            match query.roles[capture.index as usize] {
                Role::Item(kind) => item = Some(Item::new(kind, node)),
                Role::Name => name = Some(node),
                Role::Body => body = Some(node),
                Role::Value => value = Some(node),
                Role::Container => container = Some(node),
                Role::Doc => found.docs.push(node.byte_range()),
                Role::Attribute | Role::Comment => {
                    let trimmed = slice(text, node.byte_range()).trim_end().len();
                    found.above.push(Above {
                        range: node.start_byte()..node.start_byte() + trimmed,
                        is_comment: query.roles[capture.index as usize] == Role::Comment,
                    });
                }
                Role::Import => found.imports.push(node),
                Role::Package => found.package = found.package.or(Some(node)),
                Role::Internal => {}
            }
        }
        if let Some(mut item) = item {
            (item.name, item.body, item.value, item.container) = (name, body, value, container);
            items.push((matched.pattern_index, item));
        }
    }
    // Of several patterns for one node the first one of the query holds.
    items.sort_by_key(|(pattern, item)| (item.order(), *pattern));
    found.imports.sort_by_key(Node::start_byte);
    found.imports.dedup_by_key(|node| node.id());
    found.above.sort_by_key(|above| above.range.end);
    found.docs.sort_by_key(|range| range.start);
    found.all = nesting::nest(text, items);
    found
}
