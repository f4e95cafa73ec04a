//! Imports that an answer needs and the file has not: an edit of its own, outside of the target.

use std::ops::Range;

use grammars::Language;

use super::cut::places_of;
use super::{Asked, checks};
use crate::actions::edit::{Edit, apply};
use crate::completion::stop::is_comment;

/// Adds `imports` below those of the file; in Python, which has a place for them, also where there are none. `None` if there is nothing to
/// add, if it is not clear where it belongs, or if the file would not parse as well with them.
pub(super) fn edit(imports: &[String], asked: &Asked) -> Option<Edit> {
    let document = asked.document.as_str();
    let has = |import: &str| document.lines().any(|line| line.trim() == import.trim());
    let missing: Vec<&str> = imports
        .iter()
        .map(String::as_str)
        .filter(|import| !has(import))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let newline = if document.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let edit = match last_import(asked) {
        Some(import) => below(&import, &missing, document, newline),
        None if asked.language.map(Language::id) == Some("python") => {
            at_head(&missing, document, newline)
        }
        None => return None,
    };
    let is_outside = edit.range.end <= asked.range.start;
    let changed = apply(document, std::slice::from_ref(&edit));
    let is_fine = checks::errors_of(&changed, asked) <= checks::errors_of(document, asked);
    (is_outside && is_fine).then_some(edit)
}

/// The last import of the file itself above the target, not of a function or module in it.
fn last_import(asked: &Asked) -> Option<Range<usize>> {
    let places = places_of(&asked.document, asked)?;
    let is_inside = |at: usize| {
        let mut definitions = places.definitions.iter();
        definitions.any(|place| place.range.contains(&at))
    };
    let mut imports = places.imports.iter().rev();
    imports
        .find(|import| import.end <= asked.range.start && !is_inside(import.start))
        .cloned()
}

/// Lines like that of an import, with others in its place: what stands before it says whether it is one of a group.
fn below(import: &Range<usize>, missing: &[&str], document: &str, newline: &str) -> Edit {
    let line_start = document[..import.start]
        .rfind('\n')
        .map_or(0, |feed| feed + 1);
    let before = &document[line_start..import.start];
    let rest = document[import.end..].lines().next().unwrap_or_default();
    let sign = if rest.starts_with(';') { ";" } else { "" };
    let at = import.end + rest.len();
    let lines = missing
        .iter()
        .map(|import| format!("{newline}{before}{import}{sign}"));
    Edit {
        range: at..at,
        text: lines.collect(),
    }
}

/// Above the first statement of a file of Python, below its comments and docstring.
fn at_head(missing: &[&str], document: &str, newline: &str) -> Edit {
    let mut at = 0;
    for line in document.split_inclusive('\n') {
        let body = line.trim();
        if body.is_empty() || !is_comment(body) {
            break;
        }
        at += line.len();
    }
    let head = document[at..].trim_start();
    for quotes in ["\"\"\"", "'''"] {
        let docstring = head.strip_prefix(quotes).and_then(|inside| {
            let end = inside.find(quotes)? + quotes.len();
            Some(end + inside[end..].find('\n')? + 1)
        });
        if let Some(end) = docstring {
            at = document.len() - head.len() + quotes.len() + end;
        }
    }
    let gap = match document[at..].starts_with(['\n', '\r']) {
        true => "",
        false => newline,
    };
    Edit {
        range: at..at,
        text: format!("{}{newline}{gap}", missing.join(newline)),
    }
}
