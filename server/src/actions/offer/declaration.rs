//! The functions, types and modules around a place, innermost first: by the tree where there is one ([`tree`]), else by indentation
//! ([`lines`]). Looks at nothing but the way from the root to the place, so that the length of the file does not matter.

mod lines;
mod tree;

use std::ops::Range;

use super::source::Source;
use crate::actions::TargetKind;
use crate::actions::convention;

pub use tree::statements;

/// Something with a name that can be documented, tested or rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Function, type or module.
    pub kind: TargetKind,
    pub name: String,
    /// With its attributes, decorators, `export` and `template`; without the comments above them.
    pub range: Range<usize>,
    /// What stands between its braces, or all of its block. `None` for prototypes and bodies that are an expression.
    pub body: Option<Range<usize>>,
    /// What documents it: comments directly above, or the string that begins its body.
    pub doc: Option<Range<usize>>,
    /// It has no body at all: a prototype, a signature, an abstract method.
    pub is_prototype: bool,
    /// It is a test, or stands in a module of tests.
    pub is_test: bool,
    /// It stands in a function, so that nobody else can call it.
    pub is_local: bool,
}

impl Declaration {
    /// From the first attribute to the body.
    pub fn head<'a>(&self, source: &'a Source) -> &'a str {
        let end = self.body.as_ref().map_or(self.range.end, |body| body.start);
        source.slice(self.range.start..end)
    }
}

/// What marks tests, in the attributes before a declaration.
const TEST_MARKS: [&str; 10] = [
    "#[test]",
    "::test]",
    "::test(",
    "cfg(test)",
    "#[rstest",
    "@Test",
    "@ParameterizedTest",
    "[Test",
    "[Fact",
    "[Theory",
];

/// The declarations that hold all of `range`, innermost first. A place in the comments or attributes above a declaration, or in the
/// blanks before it, belongs to it.
pub fn around(source: &Source, range: &Range<usize>) -> Vec<Declaration> {
    let range = range_of_code(source, range);
    let found = source
        .tree
        .as_ref()
        .map(|tree| tree::around(source, tree, &range));
    // Errors hide declarations that a person sees.
    let hides = |tree: &tree_sitter::Tree| tree.root_node().has_error();
    let mut found = found
        .filter(|found| !found.is_empty() || !source.tree.as_ref().is_some_and(hides))
        .unwrap_or_else(|| lines::around(source, &range));
    let mut is_test = source.is_test;
    let mut is_local = false;
    for declaration in found.iter_mut().rev() {
        let head = declaration.head(source);
        let is_module = declaration.kind == TargetKind::Module;
        is_test |= TEST_MARKS.iter().any(|mark| head.contains(mark))
            || is_module && matches!(declaration.name.as_str(), "tests" | "test")
            || declaration.name.starts_with("test_");
        declaration.is_test = is_test;
        declaration.is_local = is_local;
        is_local |= declaration.kind == TargetKind::Function;
        if declaration.doc.is_none() {
            declaration.doc = convention::doc_above(source, declaration.range.start);
        }
    }
    found
}

/// An empty range in the blanks at either end of a line, moved to the character beside them; another without the blanks at its ends.
pub fn range_of_code(source: &Source, range: &Range<usize>) -> Range<usize> {
    if !range.is_empty() {
        return source.trimmed(range.clone());
    }
    let line = source.trimmed(source.line(range.start));
    if line.is_empty() {
        return range.clone();
    }
    let last = source.slice(line.clone()).chars().next_back();
    let last = line.end - last.map_or(0, char::len_utf8);
    let at = range.start.clamp(line.start, last);
    at..at
}
