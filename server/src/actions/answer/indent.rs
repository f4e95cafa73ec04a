//! Indentation of answers: taken off, and made of what the file indents with.

use super::Asked;
use crate::completion::site::indentation;

/// The text without the blanks that all of its lines begin with.
pub fn dedented(text: &str) -> String {
    let filled = || text.lines().filter(|line| !line.trim().is_empty());
    let Some(first) = filled().next() else {
        return text.trim().to_owned();
    };
    let blanks = &first[..indentation(first)];
    let shared = filled().fold(blanks.len(), |shared, line| {
        let same = line
            .bytes()
            .zip(blanks.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        shared.min(same)
    });
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.get(shared..).unwrap_or_else(|| line.trim_start()))
        .collect();
    lines.join("\n")
}

/// The answer without common indentation, indented with what the file uses.
pub fn as_in_document(text: &str, asked: &Asked) -> String {
    let text = dedented(&with_first_line_in_place(text, asked));
    let Some(unit) = unit_of(&asked.document) else {
        return text;
    };
    let Some(own) = unit_of(&text) else {
        return text;
    };
    let same_kind = own.starts_with('\t') == unit.starts_with('\t');
    if own == unit || same_kind && (unit.starts_with('\t') || known(&text, asked) > 0) {
        return text;
    }
    let lines: Vec<String> = text
        .lines()
        .map(|line| converted(line, &own, &unit))
        .collect();
    let converted = lines.join("\n");
    let is_better = !same_kind || known(&converted, asked) >= known(&text, asked);
    if is_better { converted } else { text }
}

/// Lines that are indented and stand in the old text just so.
fn known(text: &str, asked: &Asked) -> usize {
    let indented = text
        .lines()
        .filter(|line| indentation(line) > 0 && !line.trim().is_empty());
    indented
        .filter(|line| asked.old.lines().any(|old| old == *line))
        .count()
}

fn converted(line: &str, from: &str, to: &str) -> String {
    let mut rest = line;
    let mut levels = 0;
    while let Some(deeper) = rest.strip_prefix(from) {
        rest = deeper;
        levels += 1;
    }
    to.repeat(levels) + rest
}

/// What a text indents with: a tab, or as many spaces as its least indented line has. `None` if nothing is indented.
fn unit_of(text: &str) -> Option<String> {
    let mut least = usize::MAX;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with('\t') {
            return Some("\t".to_owned());
        }
        // A blank before a star continues a comment.
        if line.starts_with("  ") && !line.trim_start().starts_with('*') {
            least = least.min(indentation(line));
        }
    }
    (2..=8).contains(&least).then(|| " ".repeat(least))
}

/// Models that were shown indented code often forget the blanks before the first line: then it gets them.
fn with_first_line_in_place(text: &str, asked: &Asked) -> String {
    let line_start = asked.document[..asked.range.start]
        .rfind('\n')
        .map_or(0, |feed| feed + 1);
    let lead = &asked.document[line_start..asked.range.start];
    let base = &lead[..indentation(lead)];
    let Some((first, more)) = text.split_once('\n') else {
        return text.to_owned();
    };
    let least = |lines: &str| {
        let filled = lines.lines().filter(|line| !line.trim().is_empty());
        filled.map(indentation).min()
    };
    let rest = least(more).unwrap_or_default();
    let is_deeper = match asked.old.split_once('\n').and_then(|(_, more)| least(more)) {
        Some(old_rest) => rest >= old_rest + base.len(),
        // The lines below are as deep as the first one ought to be; or they are a block that it opens.
        None => {
            let opens = first.trim_end().ends_with(['{', '(', '[', ':', ',']);
            let second = more.lines().find(|line| !line.trim().is_empty());
            rest >= base.len() && (!opens || second.is_some_and(|line| indentation(line) > rest))
        }
    };
    if base.is_empty() || indentation(first) > 0 || !is_deeper {
        return text.to_owned();
    }
    format!("{base}{first}\n{more}")
}
