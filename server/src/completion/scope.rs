//! Where the block that an answer goes into closes, by an incremental parse of that block and the answer, once for each line. The text
//! above the enclosing block is not parsed, nor what stands behind the cursor.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use tree_sitter::{InputEdit, Node, ParseOptions, Parser, Point, Tree};

use super::{
    brackets::closing,
    site::{BlockStyle, Site, last_line},
    stop::{ends_block, goes_on},
};

/// A parse that takes longer is given up, and with it this rule for the answer: it would hold up the answer itself.
const PARSE_BUDGET: Duration = Duration::from_millis(4);

/// The parse of an answer as it grows. See [module docs](self).
pub struct Scope {
    parser: Option<Parser>,
    /// What was parsed last.
    text: String,
    tree: Option<Tree>,
}

impl Scope {
    pub fn new(site: &Site) -> Self {
        let mut parser = Parser::new();
        let grammar = site.grammar.as_ref();
        let is_set = grammar.is_some_and(|grammar| parser.set_language(grammar).is_ok());
        Self {
            parser: (is_set && site.style != BlockStyle::None).then_some(parser),
            text: String::new(),
            tree: None,
        }
    }

    /// Bytes of `answer` up to where the block around its beginning closes, with all of the statement that the block belongs to. `None`
    /// while it goes on, or if nothing can be said. To be asked when a line is whole.
    pub fn end(&mut self, site: &Site, answer: &str) -> Option<usize> {
        let origin = site.before.len();
        let first = origin + answer.len() - answer.trim_start().len();
        let brackets = site.brackets(answer);
        if self.parser.is_none() || brackets.ends_quoted {
            return None;
        }
        // What is still open is closed for the parse: a parser that has to guess at ends loses the blocks inside of them.
        let whole = site.before.clone() + answer;
        let closers = brackets.open.iter().rev().map(|open| closing(open.kind));
        let tree = self.parse(whole.clone() + &closers.collect::<String>())?;
        let root = tree.root_node();
        let innermost = root.descendant_for_byte_range(first, first + 1)?;
        let block = ancestors(innermost).find(|node| is_block(*node))?;
        let statement = ancestors(block)
            .take_while(|node| *node == block || !(is_block(*node) || is_list(*node)))
            .take_while(|node| node.parent().is_some() && !node.is_error())
            .last()?;
        if block.is_error() || has_missing_end(block) {
            return None;
        }
        let end = statement.end_byte();
        let behind = whole.get(end..)?;
        let next = behind.trim_start_matches([' ', '\t', ';', ',', ')']);
        let closes_by_itself = match site.style {
            BlockStyle::Indentation => !behind.trim().is_empty(),
            BlockStyle::Words => ends_block(last_line(&whole[..end]).trim()),
            _ => whole[..end].ends_with(['}', ';', ')']),
        };
        if end <= first || !closes_by_itself || !next.starts_with('\n') || goes_on(next.trim()) {
            return None;
        }
        let end = end + behind.len() - next.len() - origin;
        // `end` and its like, where the next line behind the cursor says it too, are not the answer's to say.
        let last = last_line(&answer[..end]);
        let said_behind = ends_block(last)
            && site
                .next_lines
                .first()
                .is_some_and(|line| line.trim_end() == last.trim_end());
        Some(if said_behind { end - last.len() } else { end })
    }

    fn parse(&mut self, text: String) -> Option<&Tree> {
        let old_tree = self.tree.take().map(|mut tree| {
            let same = common_start(&self.text, &text);
            tree.edit(&InputEdit {
                start_byte: same,
                old_end_byte: self.text.len(),
                new_end_byte: text.len(),
                start_position: end_point(&text[..same]),
                old_end_position: end_point(&self.text),
                new_end_position: end_point(&text),
            });
            tree
        });
        self.text = text;
        let started = Instant::now();
        let mut within_budget = |_: &_| {
            if started.elapsed() < PARSE_BUDGET {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let bytes = self.text.as_bytes();
        let mut read = |at: usize, _| bytes.get(at..).unwrap_or_default();
        let options = ParseOptions::new().progress_callback(&mut within_budget);
        let tree =
            self.parser
                .as_mut()?
                .parse_with_options(&mut read, old_tree.as_ref(), Some(options));
        if tree.is_none() {
            self.parser = None;
        }
        self.tree = tree;
        self.tree.as_ref()
    }
}

/// Bytes that two texts begin with alike, in whole characters.
fn common_start(a: &str, b: &str) -> usize {
    let differs = a.char_indices().zip(b.chars()).find(|((_, a), b)| a != b);
    differs.map_or(a.len().min(b.len()), |((at, _), _)| at)
}

fn end_point(text: &str) -> Point {
    Point {
        row: text.matches('\n').count(),
        column: last_line(text).len(),
    }
}

/// The node and those around it, innermost first.
pub fn ancestors(node: Node) -> impl Iterator<Item = Node> {
    std::iter::successors(Some(node), Node::parent)
}

/// A node that holds statements or members, by the names that the grammars give to such.
fn is_block(node: Node) -> bool {
    let kind = node.kind();
    node.is_named()
        && (kind.ends_with("block")
            || kind.ends_with("body")
            || matches!(
                kind,
                "compound_statement"
                    | "declaration_list"
                    | "field_declaration_list"
                    | "body_statement"
                    | "do_group"
                    | "then"
            ))
}

/// The statements of a block, in grammars that have a node of its own for them.
fn is_list(node: Node) -> bool {
    node.kind() == "statement_list"
}

/// The parser has put in a closing bracket or word that is not there.
fn has_missing_end(block: Node) -> bool {
    let last = block.child_count().checked_sub(1);
    last.and_then(|last| block.child(last))
        .is_some_and(|end| end.is_missing())
}
