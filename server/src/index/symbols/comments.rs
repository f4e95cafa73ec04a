//! What documents a definition: the comments above it or the string within, down to one sentence.

use crate::text::floor_char_boundary;

/// The longest sentence that is kept, in bytes; most are shorter, and the rest says more about how than about what.
const MAX_SENTENCE_BYTES: usize = 160;

/// What begins like this speaks to tools or lawyers.
const NOT_FOR_READERS: [&str; 14] = [
    "eslint",
    "@ts-",
    "ts-",
    "prettier",
    "noqa",
    "type:",
    "pylint",
    "pragma",
    "SPDX",
    "Copyright",
    "NOLINT",
    "TODO",
    "FIXME",
    "go:",
];

/// The first sentence of a comment or docstring, without its marks, on one line. `None` if nobody is told anything.
pub fn first_sentence(comment: &str) -> Option<String> {
    let mut sentence = String::new();
    for line in comment.lines() {
        let line = without_marks(line);
        let is_next_part =
            line.starts_with(['@', ':', '#', '\\']) || line.ends_with(':') && !sentence.is_empty();
        if !sentence.is_empty() && (line.is_empty() || is_next_part) {
            break;
        }
        if line.is_empty() {
            continue;
        }
        if NOT_FOR_READERS.iter().any(|start| line.starts_with(start)) {
            return None;
        }
        if !sentence.is_empty() {
            sentence.push(' ');
        }
        sentence.push_str(&line);
        if let Some(end) = sentence_end(&sentence) {
            sentence.truncate(end);
            break;
        }
        if sentence.len() > MAX_SENTENCE_BYTES {
            break;
        }
    }
    if sentence.len() > MAX_SENTENCE_BYTES {
        let cut = floor_char_boundary(&sentence, MAX_SENTENCE_BYTES);
        let cut = sentence[..cut].rfind(' ').unwrap_or(cut);
        sentence.truncate(cut);
        sentence.push_str("...");
    }
    (sentence.chars().filter(|c| c.is_alphabetic()).count() > 2).then_some(sentence)
}

/// A line without the marks of comments, of strings and of XML documentation.
fn without_marks(line: &str) -> String {
    let mut line = line.trim();
    let prefixes = [
        "///", "//!", "//", "/**", "/*!", "/*", "*/", "#", "r\"\"\"", "\"\"\"", "'''", "\"", "*",
    ];
    if let Some(rest) = prefixes.iter().find_map(|mark| line.strip_prefix(mark)) {
        line = rest;
    }
    for mark in ["*/", "\"\"\"", "'''", "\""] {
        line = line.strip_suffix(mark).unwrap_or(line);
    }
    let line = line.trim_matches(|c: char| c == '*' || c.is_whitespace());
    if !line.starts_with('<') && !line.ends_with('>') {
        return line.to_owned();
    }
    let mut text = String::new();
    let mut in_tag = false;
    for c in line.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    text.trim().to_owned()
}

/// Where the first sentence ends: a full stop at the end, or before a capital letter, not one of "e.g.".
fn sentence_end(text: &str) -> Option<usize> {
    let before_capital = |at: &usize| text[at + 2..].trim_start().starts_with(char::is_uppercase);
    let inner = text
        .match_indices(". ")
        .map(|(at, _)| at)
        .find(before_capital);
    let is_whole =
        text.ends_with(['.', '!', '?']) && !text.ends_with("e.g.") && !text.ends_with("i.e.");
    inner.map(|at| at + 1).or(is_whole.then_some(text.len()))
}
