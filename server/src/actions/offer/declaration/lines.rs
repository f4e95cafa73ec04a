//! Declarations by their first words and by indentation, in languages that this build has no grammar for and in files that take too long
//! to parse. Code that is not indented declares nothing here.

use std::ops::Range;

use super::{Declaration, Source};
use crate::actions::TargetKind;
use crate::completion::brackets::{self, Lexis};

/// Lines above a place, and below a head, that are looked at.
const MAX_LINES: usize = 4000;
/// Lines that a signature may take.
const MAX_SIGNATURE_LINES: usize = 20;

/// Begin what looks like a method of Java or Dart and is none.
const CONTROL: [&str; 16] = [
    "if", "for", "while", "switch", "catch", "else", "do", "try", "return", "new", "throw",
    "await", "assert", "when", "match", "with",
];

pub fn around(source: &Source, range: &Range<usize>) -> Vec<Declaration> {
    let mut found = Vec::new();
    let mut line = declared_below(source, range.start);
    // Of the innermost line that is known to hold the place; a blank line is as deep as may be.
    let mut level = usize::MAX;
    for _ in 0..MAX_LINES {
        let text = source.slice(line.clone());
        let body = text.trim();
        let here = text.len() - text.trim_start().len();
        let is_closer = body.starts_with(brackets::is_closer) || body == "end";
        if !body.is_empty() && here < level && !(is_closer && level != usize::MAX) {
            found.extend(declaration(source, &line).filter(|declaration| {
                declaration.range.start <= range.start.max(line.start + here)
                    && range.end <= declaration.range.end
            }));
            level = here;
        }
        match source.line_above(line.start) {
            Some(above) if level > 0 => line = above,
            _ => break,
        }
    }
    found
}

/// The line of `at`, or the first one below that is no attribute and no comment, if `at` is in one of these.
fn declared_below(source: &Source, at: usize) -> Range<usize> {
    let mut line = source.line(at);
    while is_above(source, source.slice(line.clone()).trim()) {
        match source.next_line(line.start) {
            Some(next) => line = source.line(next),
            None => break,
        }
    }
    match source.slice(line.clone()).trim().is_empty() {
        true => source.line(at),
        false => line,
    }
}

fn is_above(source: &Source, line: &str) -> bool {
    let comment = source
        .language
        .and_then(|language| language.line_comment.as_deref());
    let is_annotation = line.starts_with('@') && !line.contains("fun ");
    is_annotation
        || line.starts_with("#[")
        || comment.is_some_and(|mark| line.starts_with(mark))
        || line.starts_with("/*")
        || line.starts_with("* ")
        || matches!(line, "*" | "*/")
}

/// What the line declares, and where that ends.
fn declaration(source: &Source, line: &Range<usize>) -> Option<Declaration> {
    let (kind, name) = head(source.slice(line.clone()), source)?;
    let mut start = line.start + source.indent(line.start).len();
    while let Some(above) = source.line_above(start) {
        let text = source.slice(above.clone()).trim();
        if !(text.starts_with('@') || text.starts_with("#[") && text.ends_with(']')) {
            break;
        }
        start = above.start + source.indent(above.start).len();
    }
    let end = end_of_block(source, line);
    let name = name.to_owned();
    let body = body(source, line.start..end);
    Some(Declaration {
        kind,
        // What follows an equals sign is a body that is an expression.
        is_prototype: body.is_none() && !source.slice(line.clone()).contains('='),
        body,
        name,
        range: start..end,
        doc: None,
        is_test: false,
        is_local: false,
    })
}

/// The kind and the name that a line declares.
fn head<'a>(line: &'a str, source: &Source) -> Option<(TargetKind, &'a str)> {
    let line = line.trim();
    let mut rest = line;
    for _ in 0..8 {
        let word = word_at(rest);
        let behind = rest[word.len()..].trim_start();
        let kind = match word {
            "fun" | "func" | "def" | "function" | "fn" | "sub" | "proc" => {
                Some(TargetKind::Function)
            }
            "class" | "struct" | "enum" | "interface" | "protocol" | "object" | "trait"
            | "actor" | "record" | "mixin" => Some(TargetKind::Type),
            "module" | "namespace" => Some(TargetKind::Module),
            "constructor" | "init" if behind.starts_with('(') => {
                return Some((TargetKind::Function, word));
            }
            "" if rest.starts_with('@') => {
                rest = rest[1..].trim_start();
                continue;
            }
            "" => break,
            _ => None,
        };
        // `enum class`, `fun interface`: the last one counts.
        let is_last = !matches!(
            word_at(behind),
            "class" | "interface" | "object" | "struct" | "enum"
        );
        if let Some(kind) = kind.filter(|_| is_last) {
            let name = name_at(behind);
            return (!name.is_empty()).then_some((kind, name));
        }
        rest = behind;
    }
    method(line, source)
}

/// `void run(int a) {`, as Java and Dart write it.
fn method<'a>(line: &'a str, source: &Source) -> Option<(TargetKind, &'a str)> {
    let has_such = matches!(
        source.language_id(),
        "dart"
            | "groovy"
            | "java"
            | "csharp"
            | "c"
            | "cpp"
            | "javascript"
            | "typescript"
            | "typescriptreact"
    );
    let before = line.split_once('(').map(|(before, _)| before.trim_end())?;
    let name = before.rsplit(|c| !is_word(c)).next().unwrap_or_default();
    let name = if name.starts_with(|c: char| !c.is_ascii_digit()) {
        name
    } else {
        ""
    };
    let is_method = has_such
        && (line.ends_with('{') || line.ends_with(','))
        && !name.is_empty()
        && !before.contains(['=', '.'])
        && !CONTROL.contains(&name)
        && !CONTROL.contains(&word_at(line));
    is_method.then_some((TargetKind::Function, name))
}

/// The name at the beginning of a text, without type parameters and receiver before it: `map` of `<T> List<T>.map(`.
fn name_at(text: &str) -> &str {
    let mut rest = text.trim_start_matches(['&', '`']);
    if rest.starts_with('<') {
        rest = rest
            .split_once('>')
            .map_or("", |(_, rest)| rest.trim_start());
    }
    let signature = &rest[..rest.find(['(', '{', ':', '=']).unwrap_or(rest.len())];
    let is_receiver = signature.contains('.') && rest[signature.len()..].starts_with('(');
    match signature.rfind('.').filter(|_| is_receiver) {
        Some(dot) => word_at(&signature[dot + 1..]),
        None => word_at(rest),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

fn word_at(text: &str) -> &str {
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

/// Where what begins in `line` ends: before the first line that is not deeper, or with it if it closes the block.
fn end_of_block(source: &Source, line: &Range<usize>) -> usize {
    let level = source.indent(line.start).len();
    let mut end = line.end;
    let mut at = line.start;
    let mut has_block = false;
    for count in 0..MAX_LINES {
        let Some(next) = source.next_line(at) else {
            break;
        };
        at = next;
        let range = source.line(at);
        let text = source.slice(range.clone());
        let body = text.trim();
        if body.is_empty() {
            continue;
        }
        let here = text.len() - text.trim_start().len();
        if here <= level {
            let is_brace = here == level && body == "{" && !has_block;
            let goes_on = here == level && body.starts_with(')') && count < MAX_SIGNATURE_LINES;
            if is_brace || goes_on {
                end = range.end;
                has_block |= is_brace;
                continue;
            }
            let closes = here == level && (body.starts_with('}') || body.starts_with("end"));
            return if closes { range.end } else { end };
        }
        end = range.end;
    }
    end
}

/// Between the first brace that is not in other brackets and the one that ends the range; below a line that ends in a colon, the rest.
fn body(source: &Source, range: Range<usize>) -> Option<Range<usize>> {
    let text = source.slice(range.clone());
    if source
        .slice(source.line(range.start))
        .trim_end()
        .ends_with(':')
    {
        let below = source.next_line(range.start)?.min(range.end);
        return Some(source.trimmed(below..range.end));
    }
    let code = brackets::blanked(text, Lexis::of(source.language));
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '=' if depth == 0 => return None,
            '{' if depth == 0 => {
                let close = code.trim_end().strip_suffix('}')?.len();
                return (close > at).then(|| range.start + at + 1..range.start + close);
            }
            _ => {}
        }
    }
    None
}
