//! Who contains whom among the items of a file, and what follows from it: owners, wrappers, visibility.

use std::collections::{HashMap, HashSet};

use super::{Item, slice};
use crate::index::symbols::DefinitionKind;
use crate::index::symbols::query::ItemKind;

/// The items in the order of the file, each once, with all that follows from the items around them. `sorted` has each with the
/// number of its pattern, outermost first.
pub(super) fn nest<'tree>(text: &str, sorted: Vec<(usize, Item<'tree>)>) -> Vec<Item<'tree>> {
    let mut nesting = Nesting {
        text,
        kept: Vec::with_capacity(sorted.len()),
        open: Vec::new(),
        first_in: HashMap::new(),
        private_now: HashSet::new(),
    };
    for item in each_once(sorted) {
        nesting.add(item);
    }
    nesting.kept
}

/// Of several patterns for one definition only the first one of the query, and that once.
fn each_once<'tree>(sorted: Vec<(usize, Item<'tree>)>) -> impl Iterator<Item = Item<'tree>> {
    let key = |item: &Item| (item.node.id(), item.name.map(|name| name.id()));
    let mut best_pattern = HashMap::new();
    for (pattern, item) in &sorted {
        let best = best_pattern.entry(key(item)).or_insert(*pattern);
        *best = (*best).min(*pattern);
    }
    let mut seen = HashSet::new();
    sorted.into_iter().filter_map(move |(pattern, item)| {
        let key = key(&item);
        let is_wanted =
            !is_definition(&item) || (best_pattern.get(&key) == Some(&pattern) && seen.insert(key));
        is_wanted.then_some(item)
    })
}

/// What is known after some of the items.
struct Nesting<'t, 'tree> {
    text: &'t str,
    kept: Vec<Item<'tree>>,
    /// The items around this point, outermost first, by their indices.
    open: Vec<usize>,
    /// The start of the first definition in a wrapper, by the wrapper's index.
    first_in: HashMap<usize, usize>,
    /// Types whose members are private at this point.
    private_now: HashSet<usize>,
}

impl<'tree> Nesting<'_, 'tree> {
    fn add(&mut self, mut item: Item<'tree>) {
        self.close_before(&item);
        if self.is_repeated(&item) {
            return;
        }
        let (owner, wrappers) = self.around();
        item.owner = owner;
        if let (Some(owner), Some(body)) = (owner, item.body)
            && self.kept[owner].body == Some(body)
        {
            self.kept[owner].tag = item.name;
            return;
        }
        if is_definition(&item) || item.kind == ItemKind::Field {
            self.join_wrappers(&mut item, &wrappers);
        }
        item.is_local = self.is_local(&item);
        self.note_access(&item);
        item.is_private = self.is_private(&item);
        let index = self.kept.len();
        if item.node.kind() == "class_specifier" {
            self.private_now.insert(index);
        }
        self.open.push(index);
        self.kept.push(item);
    }

    /// Leaves the items that end before this one. Two definitions of one node (`int a, b;`) stand beside each other.
    fn close_before(&mut self, item: &Item) {
        while let Some(&top) = self.open.last() {
            let around = &self.kept[top];
            let is_twin = is_definition(item)
                && is_definition(around)
                && around.node.byte_range() == item.node.byte_range();
            if around.node.end_byte() > item.node.start_byte() && !is_twin {
                break;
            }
            self.open.pop();
        }
    }

    /// Whether the item around this one is the same node, and says all that this one does.
    fn is_repeated(&self, item: &Item) -> bool {
        let Some(around) = self.open.last().map(|&top| &self.kept[top]) else {
            return false;
        };
        around.node.byte_range() == item.node.byte_range()
            && match item.kind {
                ItemKind::Field | ItemKind::Variant => !is_wrapper(around),
                ItemKind::Wrapper => true,
                _ => false,
            }
    }

    /// The nearest item around this point that is no wrapper, and the wrappers within it, innermost first.
    fn around(&self) -> (Option<usize>, Vec<usize>) {
        let mut wrappers = Vec::new();
        for &index in self.open.iter().rev() {
            if !is_wrapper(&self.kept[index]) {
                return (Some(index), wrappers);
            }
            wrappers.push(index);
        }
        (None, wrappers)
    }

    /// Takes what the wrappers of an item, innermost first, put before it.
    fn join_wrappers(&mut self, item: &mut Item, wrappers: &[usize]) {
        for &index in wrappers {
            let wrapper = &self.kept[index];
            let start = wrapper.node.start_byte();
            let first = *self.first_in.entry(index).or_insert(item.node.start_byte());
            if wrapper.kind == ItemKind::Group {
                let before = slice(self.text, start..first);
                let word = before
                    .split([' ', '\t', '\n', '('])
                    .next()
                    .unwrap_or_default();
                item.prefix = Some(start..start + word.len());
                return;
            }
            if first != item.node.start_byte() {
                item.prefix = Some(start..first);
                return;
            }
            item.outer = start..wrapper.node.end_byte();
        }
    }

    fn is_local(&self, item: &Item) -> bool {
        let by_owner = match item.owner.map(|owner| &self.kept[owner]) {
            None => item.kind == ItemKind::Field,
            Some(owner) if owner.is_local => true,
            Some(owner) => match owner.kind {
                ItemKind::Definition(DefinitionKind::Function) => {
                    !self.is_field_of_constructor(item, owner)
                }
                ItemKind::Definition(DefinitionKind::Constant) => true,
                ItemKind::Field | ItemKind::Variant | ItemKind::Local => true,
                _ => false,
            },
        };
        by_owner || self.is_test_module(item)
    }

    /// `self.items = []` in `__init__`, `this.items = []` in `constructor`.
    fn is_field_of_constructor(&self, item: &Item, owner: &Item) -> bool {
        let is_constructor = matches!(self.name(owner), "__init__" | "constructor");
        let in_type = owner
            .owner
            .is_some_and(|index| self.kept[index].is(DefinitionKind::Type));
        item.kind == ItemKind::Field && is_constructor && in_type
    }

    /// Unit tests in the file that they test, as in Rust.
    fn is_test_module(&self, item: &Item) -> bool {
        item.is(DefinitionKind::Module) && matches!(self.name(item), "tests" | "test")
    }

    /// `private:` and `public:` hold for the members that follow.
    fn note_access(&mut self, item: &Item) {
        let Some(owner) = item.owner.filter(|_| item.kind == ItemKind::Access) else {
            return;
        };
        let access = slice(self.text, item.node.byte_range());
        match access.starts_with("private") {
            true => self.private_now.insert(owner),
            false => self.private_now.remove(&owner),
        };
    }

    fn is_private(&self, item: &Item) -> bool {
        item.owner
            .is_some_and(|owner| self.private_now.contains(&owner))
    }

    fn name(&self, item: &Item) -> &str {
        item.name
            .map_or("", |name| slice(self.text, name.byte_range()))
    }
}

fn is_definition(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Definition(_))
}

fn is_wrapper(item: &Item) -> bool {
    matches!(item.kind, ItemKind::Wrapper | ItemKind::Group)
}
