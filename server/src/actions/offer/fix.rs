//! Where the mend of a problem very likely lies: the smallest unit that a small model can write anew as a whole.

use std::ops::Range;

use super::declaration::{self, Declaration};
use super::source::Source;
use crate::actions::names::{Renaming, UNKNOWN, is_misspelt, words};
use crate::actions::{Problem, Target, TargetKind};
use crate::words::is_word_char;

/// A function up to this length is written anew as a whole: a 0.5B model still copies the rest of it faithfully.
pub const MAX_FUNCTION_LINES: usize = 30;
/// The same of statements within a longer function.
pub const MAX_STATEMENT_LINES: usize = 12;
/// Lines above and below a problem where no statement fits. What is missing is often missed one line too late.
const LINES_ABOVE: usize = 3;
const LINES_BELOW: usize = 2;

/// Lines at the head of a file in which imports are looked for.
const MAX_HEAD_LINES: usize = 300;

/// Begin lines that import.
const IMPORTS: [&str; 8] = [
    "import ",
    "from ",
    "use ",
    "using ",
    "#include",
    "require",
    "pub use ",
    "extern crate ",
];

/// How far from a problem its mend may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// In the statement: a slip of the pen.
    Statement,
    /// On lines around, which do not parse.
    Lines,
    /// Anywhere in the function: types, ownership, flow.
    Function,
    /// At the imports.
    Imports,
}

/// Said of text that does not parse, in lower case.
const SYNTAX: [&str; 19] = [
    "syntax",
    "unexpected",
    "unterminated",
    "unclosed",
    "never closed",
    "was not closed",
    "unmatched",
    "expected ';'",
    "expected ‘;’",
    "expected `;`",
    "';' expected",
    "expected ')'",
    "expected '}'",
    "expected ':'",
    "expected one of",
    "indent",
    "reached end of file",
    "eol while",
    "illegal start",
];

/// Said of a name that nothing may bear, beside [`UNKNOWN`]: in lower case.
const MORE_UNKNOWN: [&str; 7] = [
    "could not find",
    "no method named",
    "no field",
    "unknown",
    "did you mean",
    "no function",
    "cannot resolve",
];

/// Said where a compiler knows that an import would do, in lower case.
const MISSING_IMPORTS: [&str; 8] = [
    "forget to '#include",
    "forget to ‘#include",
    "forgetting to '#include",
    "consider importing",
    "missing import",
    "need to import",
    "is it imported",
    "missing using directive",
];

/// Languages in which what stands before a dot may be a module; in others it is a value.
const DOTTED_MODULES: [&str; 6] = [
    "python",
    "javascript",
    "javascriptreact",
    "typescript",
    "typescriptreact",
    "go",
];

/// What a fix of `problem` may change. `around` are the declarations that hold it, innermost first.
pub fn target(source: &Source, problem: &Problem, around: &[Declaration]) -> Target {
    let reach = reach(source, problem);
    if reach == Reach::Imports
        && let Some(range) = imports(source)
    {
        return lines(range);
    }
    let owner = around.iter().find(|owner| owner.kind != TargetKind::Module);
    let limit = match reach {
        // Short enough to be a statement itself.
        Reach::Statement | Reach::Lines => MAX_STATEMENT_LINES,
        _ => MAX_FUNCTION_LINES,
    };
    if let Some(owner) = owner.filter(|owner| source.line_count(&owner.range) <= limit) {
        return of(owner);
    }
    if reach != Reach::Lines
        && let Some(statement) = statement(source, &problem.range, owner, reach == Reach::Function)
    {
        return lines(statement);
    }
    lines(near(source, &problem.range, owner))
}

/// All of a declaration.
pub fn of(declaration: &Declaration) -> Target {
    Target {
        range: declaration.range.clone(),
        kind: declaration.kind,
        name: Some(declaration.name.clone()),
    }
}

pub fn lines(range: Range<usize>) -> Target {
    Target {
        range,
        kind: TargetKind::Lines,
        name: None,
    }
}

/// The statement that holds a range, or if `grows` the largest one around it that is short enough; whole lines.
pub fn statement(
    source: &Source,
    range: &Range<usize>,
    owner: Option<&Declaration>,
    grows: bool,
) -> Option<Range<usize>> {
    let tree = source.tree.as_ref()?;
    let held = declaration::statements(tree, &source.trimmed(range.clone()));
    let mut fitting = held
        .into_iter()
        .map(|statement| source.whole_lines(statement))
        .filter(|lines| owner.is_none_or(|owner| owner.range != *lines))
        .take_while(|lines| source.line_count(lines) <= MAX_STATEMENT_LINES);
    if grows {
        fitting.last()
    } else {
        fitting.next()
    }
}

/// The lines around a problem, within its function.
pub fn near(source: &Source, range: &Range<usize>, owner: Option<&Declaration>) -> Range<usize> {
    let mut start = source.line_start(range.start);
    for _ in 0..LINES_ABOVE {
        start = source.line_above(start).map_or(start, |line| line.start);
    }
    let last = range.end.min(
        range.start
            + source
                .slice(range.clone())
                .find('\n')
                .unwrap_or(range.len()),
    );
    let mut end = source.line_end(last);
    for _ in 0..LINES_BELOW {
        end = source
            .next_line(end)
            .map_or(end, |next| source.line_end(next));
    }
    let within = owner.map_or(0..source.text.len(), |owner| owner.range.clone());
    source.whole_lines(start.max(within.start)..end.min(within.end).max(start.max(within.start)))
}

fn reach(source: &Source, problem: &Problem) -> Reach {
    let message = problem.message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    let line = source.slice(source.line(problem.range.start)).trim_start();
    if is_import(line) || says(&MISSING_IMPORTS) {
        return Reach::Imports;
    }
    if Renaming::of(&source.text, problem).is_some() {
        return Reach::Statement;
    }
    if says(&UNKNOWN) || says(&MORE_UNKNOWN) {
        return if lacks_import(source, problem) {
            Reach::Imports
        } else {
            Reach::Statement
        };
    }
    if says(&SYNTAX) {
        Reach::Lines
    } else {
        Reach::Function
    }
}

fn is_import(line: &str) -> bool {
    let is_start = IMPORTS.iter().any(|start| line.starts_with(start));
    is_start && (!line.starts_with("from ") || line.contains(" import"))
        || line.starts_with("const ") && line.contains("= require(")
}

/// The name is used like a module or a type, and nothing in the file has a similar one: it is not misspelt.
fn lacks_import(source: &Source, problem: &Problem) -> bool {
    let text = source.slice(problem.range.start..source.line_end(problem.range.start));
    let name = &text[..text.find(|c: char| !is_word_char(c)).unwrap_or(text.len())];
    let behind = &text[name.len()..];
    let before = source.slice(source.line_start(problem.range.start)..problem.range.start);
    let has_dotted_modules = DOTTED_MODULES.contains(&source.language_id());
    let is_module = has_dotted_modules && behind.starts_with('.') || behind.starts_with("::");
    let is_type = name.starts_with(char::is_uppercase);
    let of_library = before.ends_with("std::") || problem.message.contains("std::");
    let is_member = before.ends_with(['.', '>']) || before.ends_with("::") && !of_library;
    if name.len() < 2 || is_member || !(is_module || is_type || of_library) {
        return false;
    }
    !words(&source.text)
        .filter(|word| *word != name)
        .any(|word| is_misspelt(name, word))
}

/// The last imports at the head of the file that stand together.
fn imports(source: &Source) -> Option<Range<usize>> {
    let mut found: Option<Range<usize>> = None;
    let mut next = Some(0);
    let mut is_open = false;
    for _ in 0..MAX_HEAD_LINES {
        let Some(at) = next else { break };
        let line = source.line(at);
        let text = source.slice(line.clone());
        // `import (` of Go, and what other imports have on further lines.
        let goes_on = is_open && (text.starts_with([' ', '\t', ')', '}']) || text.is_empty());
        if is_import(text) || goes_on {
            let range = found.get_or_insert(line.clone());
            range.end = line.end;
            is_open = !text.starts_with([')', '}'])
                && (goes_on || text.trim_end().ends_with(['(', '{', ',']));
        } else {
            is_open = false;
            let below = source
                .next_line(line.end)
                .map(|next| source.slice(source.line(next)));
            if below.is_some_and(is_import) {
                found = None;
            }
        }
        next = source.next_line(at);
    }
    let range = found?;
    // Of a long list, its end.
    let count = source.line_count(&range);
    let mut start = range.start;
    for _ in MAX_STATEMENT_LINES..count {
        start = source.next_line(start)?;
    }
    Some(source.trimmed(start..range.end))
}
