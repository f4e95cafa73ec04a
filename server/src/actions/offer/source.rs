//! The text and tree that offers are made from, and where its lines begin and end. To tree-sitter and here only a line feed ends a line;
//! a carriage return before it belongs to the line end.

use std::ops::Range;
use std::time::Duration;

use grammars::Language;
use tree_sitter::{Node, Tree};

use crate::documents::Snapshot;
use crate::syntax;

/// What a list of offers may wait for a newer tree, of the 10 ms that it may take; without one, lines are read.
const PARSE_BUDGET: Duration = Duration::from_millis(4);

/// Lines that are looked at to find out what a file indents with.
const MAX_INDENTED_LINES: usize = 400;

/// A document as it is read here.
pub struct Source {
    pub text: String,
    pub tree: Option<Tree>,
    pub language: Option<&'static Language>,
    /// The whole file is a test.
    pub is_test: bool,
    /// What ends its lines.
    pub newline: &'static str,
}

impl Source {
    pub fn new(snapshot: &Snapshot) -> Self {
        let text = snapshot.rope.to_string();
        let newline = newline_of(&text);
        let path = snapshot.path.as_deref();
        Self {
            // The shape of an older text is worse than what indentation tells of this one.
            tree: syntax::newest_tree(snapshot, PARSE_BUDGET)
                .filter(|tree| !tree.root_node().has_changes()),
            language: snapshot.language,
            is_test: path.is_some_and(crate::context::counterpart::is_test),
            newline,
            text,
        }
    }

    /// Of the language; "plaintext" without one.
    pub fn language_id(&self) -> &'static str {
        self.language.map_or("plaintext", Language::id)
    }

    /// Part of the text; nothing where the tree is of another text.
    pub fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    pub fn text_of(&self, node: Node) -> &str {
        self.slice(node.byte_range())
    }

    pub fn line_start(&self, at: usize) -> usize {
        line_start(&self.text, at)
    }

    /// Before the line end.
    pub fn line_end(&self, at: usize) -> usize {
        let feed = self.text[at..].find('\n');
        let end = feed.map_or(self.text.len(), |feed| at + feed);
        match self.text[..end].ends_with('\r') && feed.is_some() && end > at {
            true => end - 1,
            false => end,
        }
    }

    /// Behind the line end.
    pub fn next_line(&self, at: usize) -> Option<usize> {
        self.text[at..].find('\n').map(|feed| at + feed + 1)
    }

    /// The line above that of `at`, from its first character to the one before its line end.
    pub fn line_above(&self, at: usize) -> Option<Range<usize>> {
        let feed = self.line_start(at).checked_sub(1)?;
        let start = self.line_start(feed);
        Some(start..start + self.text[start..feed].trim_end_matches('\r').len())
    }

    /// The line of `at`, without its line end.
    pub fn line(&self, at: usize) -> Range<usize> {
        self.line_start(at)..self.line_end(at)
    }

    /// The blanks that the line of `at` begins with.
    pub fn indent(&self, at: usize) -> &str {
        let line = &self.text[self.line(at)];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// Only blanks stand before `at` in its line.
    pub fn leads_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at].trim().is_empty()
    }

    /// How many lines a range touches.
    pub fn line_count(&self, range: &Range<usize>) -> usize {
        1 + self.slice(range.clone()).matches('\n').count()
    }

    /// The range without the blanks and line ends at both ends.
    pub fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let text = self.slice(range.clone());
        let start = range.start + (text.len() - text.trim_start().len());
        start..start.max(range.start + text.trim_end().len())
    }

    /// From the first character that is no blank of the first line that a range touches to the last one of the last line.
    pub fn whole_lines(&self, range: Range<usize>) -> Range<usize> {
        self.trimmed(self.line_start(range.start)..self.line_end(range.end))
    }

    /// One level of indentation, as the file has it, else as its language does.
    pub fn indent_unit(&self) -> String {
        let indented = (self.text.lines().take(MAX_INDENTED_LINES))
            .filter(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty())
            // Continues a comment block: one blank more than the code.
            .filter(|line| !line.trim_start().starts_with('*'));
        let mut least = usize::MAX;
        for line in indented {
            if line.starts_with('\t') {
                return "\t".to_owned();
            }
            least = least.min(line.len() - line.trim_start_matches(' ').len());
        }
        if (2..=8).contains(&least) {
            return " ".repeat(least);
        }
        match self.language_id() {
            "go" | "makefile" => "\t".to_owned(),
            "javascript" | "typescript" | "typescriptreact" | "ruby" | "lua" | "dart" => {
                "  ".to_owned()
            }
            _ => "    ".to_owned(),
        }
    }
}

/// What ends the lines of a text: as its first one does.
pub fn newline_of(text: &str) -> &'static str {
    match text.find('\n') {
        Some(feed) if text[..feed].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

pub fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |feed| feed + 1)
}
