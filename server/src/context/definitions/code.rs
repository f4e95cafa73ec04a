//! What of the text near the cursor is code that uses names.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::{Node, Tree};

/// The text of a range without the lines that lie in imports, in comments or in strings of several lines.
pub(super) fn code(rope: &Rope, tree: Option<&Tree>, range: Range<usize>) -> String {
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
        let is_skipped = leaf.is_some_and(|leaf| {
            let is_text = leaf.kind().contains("string") && leaf.start_byte() < start;
            is_text || leaf.kind().contains("comment") || is_import(leaf)
        });
        if is_skipped {
            text.push('\n');
        } else {
            text.extend(slice.chunks());
        }
        start = end;
    }
    text
}

/// What an import names is not used by it.
fn is_import(leaf: Node<'_>) -> bool {
    let mut node = Some(leaf);
    while let Some(here) = node {
        let kind = here.kind();
        if kind.contains("import")
            || matches!(
                kind,
                "use_declaration" | "using_directive" | "preproc_include"
            )
        {
            return true;
        }
        node = here.parent();
    }
    false
}
