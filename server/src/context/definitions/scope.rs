//! The function and the type around the cursor, from the syntax tree, or from the indentation of the lines above where the tree is
//! broken or missing.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::{Node, Tree};

use crate::words::is_identifier_char;

/// How far above the cursor the head of a function or type is looked for, in lines, without a tree.
const LINES_ABOVE: usize = 300;

/// A head with more bytes than this is not read to its end.
const MAX_HEAD_BYTES: usize = 2_000;

/// What is around the cursor, in bytes of the text.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Scope {
    /// The heads of the enclosing functions, the innermost first.
    pub functions: Vec<Range<usize>>,
    pub class: Option<Class>,
}

/// The innermost type (class, struct, `impl`) around the cursor.
#[derive(Debug, PartialEq)]
pub(super) struct Class {
    pub name: String,
    /// From its first word to its body.
    pub head: Range<usize>,
}

pub(super) fn scope(rope: &Rope, tree: Option<&Tree>, cursor: usize) -> Scope {
    let mut scope = tree
        .map(|tree| by_tree(rope, tree, cursor))
        .unwrap_or_default();
    if scope.functions.is_empty() {
        let guess = by_indentation(rope, cursor);
        scope.functions = guess.functions;
        scope.class = scope.class.or(guess.class);
    }
    scope
}

/// The text of a range. An end inside of a letter, as a tree that is behind may have it, moves to the letter's start.
pub(super) fn text(rope: &Rope, range: &Range<usize>) -> String {
    let char_at = |byte: usize| rope.byte_to_char(byte.min(rope.len_bytes()));
    let (start, end) = (char_at(range.start), char_at(range.end));
    rope.slice(start.min(end)..end).to_string()
}

fn by_tree(rope: &Rope, tree: &Tree, cursor: usize) -> Scope {
    let mut scope = Scope::default();
    let mut next = tree.root_node().descendant_for_byte_range(cursor, cursor);
    while let Some(node) = next {
        let body = node.child_by_field_name("body");
        if let Some(body) = body.filter(|body| body.start_byte() <= cursor) {
            let head = node.start_byte()..body.start_byte().min(node.start_byte() + MAX_HEAD_BYTES);
            let is_function = ["parameters", "parameter", "declarator"];
            if is_function
                .iter()
                .any(|field| node.child_by_field_name(field).is_some())
            {
                scope.functions.push(head);
            } else if scope.class.is_none()
                && let Some(name) = type_name(rope, node)
            {
                scope.class = Some(Class { name, head });
            }
        }
        next = node.parent();
    }
    scope
}

fn type_name(rope: &Rope, node: Node<'_>) -> Option<String> {
    const KINDS: [&str; 8] = [
        "class",
        "struct",
        "impl",
        "trait",
        "interface",
        "record",
        "enum",
        "object",
    ];
    let kind = node.kind();
    if !KINDS.iter().any(|name| kind.starts_with(name)) {
        return None;
    }
    let name = node
        .child_by_field_name("type")
        .or_else(|| node.child_by_field_name("name"))?;
    let name = text(rope, &name.byte_range());
    let end = name.find(|c| !is_identifier_char(c)).unwrap_or(name.len());
    Some(name[..end].to_owned()).filter(|name| !name.is_empty())
}

/// Lines that are less indented than all below them down to the cursor open what the cursor is in.
fn by_indentation(rope: &Rope, cursor: usize) -> Scope {
    let mut scope = Scope::default();
    let line = rope.byte_to_line(cursor);
    let indentation = |line: usize| {
        let text = rope.line(line);
        let blank = text.chars().take_while(|c| *c == ' ' || *c == '\t').count();
        (text
            .get_char(blank)
            .is_some_and(|c| !matches!(c, '\n' | '\r' | '}' | '#')))
        .then_some(blank)
    };
    let mut least = indentation(line).unwrap_or_else(|| rope.line(line).len_chars());
    for above in (line.saturating_sub(LINES_ABOVE)..line).rev() {
        if least == 0 {
            break;
        }
        let Some(width) = indentation(above).filter(|width| *width < least) else {
            continue;
        };
        least = width;
        // The end of a head that goes over several lines, or a brace on a line of its own.
        let mut first = above;
        let starts_head = |line: usize| {
            let start = rope.line(line).chars().find(|c| !c.is_whitespace());
            !matches!(start, Some(')' | '{' | '>') | None)
        };
        while first > 0
            && above - first < 20
            && !(starts_head(first) && indentation(first) == Some(width))
        {
            first -= 1;
        }
        let start = rope.line_to_byte(first);
        let end = rope
            .line_to_byte(above + 1)
            .min(start + MAX_HEAD_BYTES)
            .min(cursor);
        let head = text(rope, &(start..end));
        match class_of(&head) {
            Some(name) if scope.class.is_none() => {
                let head = start..end;
                scope.class = Some(Class { name, head });
            }
            Some(_) => {}
            None if head.contains('(') => scope.functions.push(start..end),
            None => {}
        }
    }
    scope
}

fn class_of(head: &str) -> Option<String> {
    let tokens = super::words::tokens(head, None);
    let at = tokens.iter().position(|token| {
        token.is_word()
            && matches!(
                token.text,
                "class"
                    | "struct"
                    | "impl"
                    | "trait"
                    | "interface"
                    | "record"
                    | "enum"
                    | "extension"
                    | "protocol"
                    | "actor"
            )
    })?;
    // `impl<T> Display for Shelf<T>` is about `Shelf`.
    let from = tokens[at..]
        .iter()
        .position(|token| token.text == "for")
        .map_or(at + 1, |after| at + after + 1);
    let name = tokens[from..]
        .iter()
        .find(|token| token.is_word() && token.text.starts_with(char::is_uppercase))?;
    Some(name.text.to_owned())
}
