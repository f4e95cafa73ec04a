//! How much is wanted at a place: a line or a block. Decided by syntax: where a block has been opened and nothing stands in it yet,
//! all of it is wanted; anywhere else the rest of the line. Pure.

use tree_sitter::Tree;

use super::{
    scope::ancestors,
    site::{BlockStyle, Site, indentation},
};

/// See [module docs](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Line,
    Block,
}

/// What is wanted at byte `cursor` of the document that `tree` was made of; without a tree, and where the text was edited since, the
/// lines around the place decide alone.
pub fn wanted_extent(site: &Site, tree: Option<&Tree>, cursor: usize) -> Wanted {
    let is_prose = || tree.is_some_and(|tree| is_quoted(tree, cursor));
    let rest_closes = site
        .rest_of_line
        .chars()
        .all(|c| matches!(c, ')' | ']' | '}' | ';' | ',' | ' ' | '\t'));
    if site.style == BlockStyle::None || !rest_closes || is_prose() {
        return Wanted::Line;
    }
    let line = site.line_before();
    let (opener, rest_is_empty) = if line.trim().is_empty() {
        match line_that_opens(site) {
            Some(opener) => (opener, true),
            None => return Wanted::Line,
        }
    } else {
        (line, site.rest_of_line.trim().is_empty())
    };
    if opens(site.style, opener) && rest_is_empty && is_empty_below(site, indentation(opener)) {
        Wanted::Block
    } else {
        Wanted::Line
    }
}

/// The line above that is no comment and no documentation, if only such stand between.
fn line_that_opens(site: &Site) -> Option<&str> {
    let mut in_docstring = None;
    site.before.lines().rev().find(|line| {
        let body = line.trim();
        if let Some(quotes) = in_docstring {
            if body.starts_with(quotes) {
                in_docstring = None;
            }
            return false;
        }
        for quotes in ["\"\"\"", "'''"] {
            if site.style == BlockStyle::Indentation && body.ends_with(quotes) {
                let is_one_line = body.len() >= 2 * quotes.len() && body.starts_with(quotes);
                in_docstring = (!is_one_line).then_some(quotes);
                return false;
            }
        }
        let is_comment = ["//", "#", "--", "/*", "*"]
            .iter()
            .any(|token| body.starts_with(token));
        !body.is_empty() && !is_comment
    })
}

/// The line opens a block.
fn opens(style: BlockStyle, line: &str) -> bool {
    let line = line.trim();
    let ends_with_word = |words: &[&str]| {
        line.split_whitespace()
            .next_back()
            .is_some_and(|last| words.contains(&last))
    };
    let starts_with_word = |words: &[&str]| {
        line.split_whitespace()
            .next()
            .is_some_and(|first| words.contains(&first))
    };
    match style {
        BlockStyle::Indentation => line.ends_with(':') && !line.ends_with("::"),
        BlockStyle::Brackets => line.ends_with('{'),
        BlockStyle::Words => {
            line.ends_with('{')
                || ends_with_word(&["do", "then", "else", "repeat"])
                || (starts_with_word(&[
                    "def", "function", "local", "while", "if", "unless", "module", "class",
                ]) && !line.ends_with("end")
                    && !line.contains('='))
        }
        BlockStyle::None => false,
    }
}

/// The next line behind the place is no more indented than the one that opens the block.
fn is_empty_below(site: &Site, level: usize) -> bool {
    site.next_lines
        .first()
        .is_none_or(|next| indentation(next) <= level)
}

/// The cursor is in a comment or a string. Python's documentation is a string that stands alone.
fn is_quoted(tree: &Tree, cursor: usize) -> bool {
    let Some(at) = cursor.checked_sub(1) else {
        return false;
    };
    let node = tree.root_node().descendant_for_byte_range(at, cursor);
    node.is_some_and(|node| {
        ancestors(node).any(|node| {
            let is_inside = node.start_byte() < cursor && cursor < node.end_byte();
            let kind = node.kind();
            let is_text = kind.contains("string") || kind.contains("char_literal");
            (is_text && is_inside)
                || (kind.contains("comment")
                    && node.start_byte() < cursor
                    && cursor <= node.end_byte())
        })
    })
}

#[cfg(test)]
mod tests;
