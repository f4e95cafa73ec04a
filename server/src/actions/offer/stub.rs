//! Functions that have yet to be written: which ones they are, and what of them is to be replaced.

use std::ops::Range;

use super::declaration::Declaration;
use super::source::Source;
use crate::actions::TargetKind;
use crate::completion::brackets::{self, Lexis};

/// Bodies above this size are written.
const MAX_STUB_BYTES: usize = 600;

/// Statements that say by themselves that the code is missing, without blanks and in lower case.
const MISSING: [&str; 14] = [
    "pass",
    "...",
    "todo!()",
    "todo()",
    "unimplemented!()",
    "raisenotimplementederror",
    "raisenotimplementederror()",
    "thrownewunsupportedoperationexception()",
    "thrownewnotimplementedexception()",
    "thrownewnotimplementederror()",
    "thrownotimplementederror()",
    "thrownotimplementedexception()",
    "throwunsupportedoperationexception()",
    "thrownewsystem.notimplementedexception()",
];

/// Calls that fail, and say so of missing code if their message does.
const FAILURES: [&str; 9] = [
    "panic",
    "throw",
    "raise",
    "fatalerror",
    "error(",
    "assert",
    "die",
    "todo",
    "unimplemented",
];

/// What such a message says, without blanks and in lower case.
const MESSAGES: [&str; 7] = [
    "notimplemented",
    "unimplemented",
    "todo",
    "implementme",
    "notyet",
    "fixme",
    "implementthis",
];

/// What stands in for a value until there is one.
const PLACEHOLDERS: [&str; 18] = [
    "",
    "none",
    "null",
    "nil",
    "undefined",
    "0",
    "0.0",
    "-1",
    "\"\"",
    "''",
    "false",
    "true",
    "[]",
    "{}",
    "()",
    "nullptr",
    "default",
    "string::new()",
];

/// Marks a declaration whose body is meant to be empty.
const MEANT_EMPTY: [&str; 6] = [
    "abstract",
    "@overload",
    "@typing.overload",
    "Protocol",
    "extern ",
    "virtual ",
];

/// What of a function's body an implementation replaces; `None` if it is written, or none is wanted. Its documentation stays. `around`
/// is what it is a member of.
pub fn stub(
    source: &Source,
    function: &Declaration,
    around: &[Declaration],
) -> Option<Range<usize>> {
    if function.kind != TargetKind::Function {
        return None;
    }
    let body = function.body.clone()?;
    let head = function.head(source);
    let is_protocol = around.first().is_some_and(|owner| {
        let head = owner.head(source);
        owner.kind == TargetKind::Type && MEANT_EMPTY.iter().any(|mark| head.contains(mark))
    });
    let is_virtual =
        MEANT_EMPTY.iter().any(|mark| head.contains(mark)) && !head.contains("override");
    let is_stub_file = source.language_id() == "python" && is_protocol;
    let open = match &function.doc {
        Some(doc) if doc.start >= body.start && doc.end <= body.end => doc.end,
        _ => body.start,
    };
    let code = open..body.end;
    let text = source.slice(code.clone());
    if text.len() > MAX_STUB_BYTES || is_stub_file {
        return None;
    }
    let lexis = Lexis::of(source.language);
    let uncommented = without_comments(text, lexis);
    let statement = uncommented.trim().trim_end_matches(';').trim();
    let comment = has_request(text, &uncommented);
    let is_missing = match statement {
        "" => {
            open > body.start
                || comment
                || !is_virtual && returns_something(source, head, &function.name)
        }
        _ => says_missing(statement, lexis) || comment && is_placeholder(statement),
    };
    let is_exempt =
        is_virtual && !comment && (statement.is_empty() || matches!(statement, "pass" | "..."));
    (is_missing && !is_exempt).then(|| replaced(source, &body, code))
}

/// What is replaced: the content, if it has lines of its own; else all between the braces, blanks too.
fn replaced(source: &Source, body: &Range<usize>, code: Range<usize>) -> Range<usize> {
    let content = source.trimmed(code.clone());
    let has_own_lines = content.start > code.start && source.leads_line(content.start);
    let ends_line = content.end < body.end && source.slice(content.end..body.end).contains('\n');
    let is_block = code.start == body.start && content == code && source.leads_line(content.start);
    if content.is_empty() {
        // Behind a docstring, or between braces.
        return if code.start > body.start {
            code.start..code.start
        } else {
            code
        };
    }
    if is_block || has_own_lines && (ends_line || content.end == body.end) {
        return content;
    }
    // `def f(): pass`: with the blanks before.
    let line = source.slice(source.line_start(code.start)..code.start);
    let blanks = line.len() - line.trim_end_matches([' ', '\t']).len();
    if source.leads_line(code.start) {
        code
    } else {
        code.start - blanks..code.end
    }
}

fn without_comments(text: &str, lexis: Lexis) -> String {
    let code = brackets::blanked(text, lexis);
    // Quotes keep their ends there: what is blank in between is text, what is blank elsewhere a comment.
    let mut out = String::with_capacity(text.len());
    let mut in_quote = false;
    for (at, c) in text.char_indices() {
        let byte = code.as_bytes()[at];
        if byte == b'"' {
            in_quote = !in_quote;
        }
        out.push(if byte == b' ' && !in_quote { ' ' } else { c });
    }
    out
}

/// A comment of the body says that something is to be done.
fn has_request(text: &str, uncommented: &str) -> bool {
    let kept = uncommented.split_whitespace().count();
    let words = text.to_lowercase();
    let marks = ["todo", "fixme", "implement", "your code here", "write your"];
    text.split_whitespace().count() > kept
        && (marks.iter().any(|mark| words.contains(mark)) || uncommented.trim().is_empty())
}

/// One statement that fails or does nothing until there is code.
fn says_missing(statement: &str, lexis: Lexis) -> bool {
    let squeezed: String = statement
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_lowercase();
    if MISSING.contains(&squeezed.as_str()) {
        return true;
    }
    let fails = FAILURES.iter().any(|word| squeezed.starts_with(word));
    let names = MESSAGES.iter().any(|message| squeezed.contains(message));
    fails
        && (names || squeezed.contains("unsupportedoperation"))
        && is_one_statement(statement, lexis)
}

/// Nothing stands behind the bracket that closes its first one.
fn is_one_statement(statement: &str, lexis: Lexis) -> bool {
    let code = brackets::blanked(statement, lexis);
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            c if brackets::is_closer(c) => {
                depth -= 1;
                if depth == 0 && at + 1 < code.trim_end().len() {
                    return false;
                }
            }
            ';' if depth == 0 => return false,
            '\n' if depth == 0 => return false,
            _ => {}
        }
    }
    true
}

fn is_placeholder(statement: &str) -> bool {
    let value = statement
        .strip_prefix("return")
        .unwrap_or(statement)
        .trim()
        .to_lowercase();
    PLACEHOLDERS.contains(&value.as_str())
}

/// The signature promises a value, so that an empty body cannot be meant.
fn returns_something(source: &Source, head: &str, name: &str) -> bool {
    let behind_name = head
        .find(&format!("{name}("))
        .map_or("", |at| &head[at + name.len()..]);
    let behind = brackets_end(behind_name).map_or("", |end| behind_name[end..].trim());
    let is_nothing = |ty: &str| {
        let ty = ty.trim_end_matches('{').trim();
        let ty = ty.trim_start_matches([':', '-', '>']).trim();
        ty.is_empty()
            || [
                "void",
                "()",
                "Unit",
                "never",
                "Void",
                "Promise<void>",
                "None",
                "!",
                "static",
                "self",
            ]
            .contains(&ty)
            || ty.starts_with("throws ")
    };
    match source.language_id() {
        "rust" | "swift" => behind.starts_with("->") && !is_nothing(behind),
        "kotlin" | "scala" | "php" | "typescript" | "typescriptreact" => {
            behind.starts_with(':') && !is_nothing(behind)
        }
        "go" => {
            let receiver_or_name = head.trim_start().starts_with("func");
            receiver_or_name && !behind.trim_end_matches('{').trim().is_empty()
        }
        "javascript" => {
            name != "constructor" && brackets_end(behind_name).is_some_and(|end| end > 2)
        }
        "java" | "csharp" | "c" | "cpp" | "dart" | "groovy" => {
            let before = head.find(&format!("{name}(")).map_or("", |at| &head[..at]);
            let before = before.rsplit(['\n', ']', ')']).next().unwrap_or_default();
            let modifiers = [
                "public",
                "private",
                "protected",
                "static",
                "final",
                "inline",
                "constexpr",
                "internal",
                "async",
                "override",
                "sealed",
                "synchronized",
                "explicit",
                "virtual",
                "new",
                "partial",
                "default",
            ];
            let ty = before
                .split_whitespace()
                .rfind(|word| !modifiers.contains(word) && !word.starts_with('@'));
            ty.is_some_and(|ty| !matches!(ty, "void" | "Task" | "~"))
        }
        // Bodies of Python cannot be empty; of other languages nothing is known.
        _ => false,
    }
}

/// Behind the round brackets that a text begins with.
fn brackets_end(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1).filter(|_| at > 0);
        }
    }
    None
}
