//! Answers in words: documentation, without the code that models put around it, and explanations.

use super::fault::Fault;
use super::{Said, indent, said};
use crate::actions::Offer;
use crate::actions::names::mentions;
use crate::completion::site::significant;
use crate::documents::Snapshot;

/// Longer documentation of one definition is none.
const MAX_LINES: usize = 60;

/// How answers end that have nothing more to say. Lower case.
const FAREWELLS: [&str; 8] = [
    "let me know",
    "i hope",
    "hope this",
    "feel free",
    "if you have any",
    "is there anything",
    "please let me",
    "happy coding",
];

/// What opens and closes documentation inside of code.
const QUOTES: [(&str, &str); 5] = [
    ("\"\"\"", "\"\"\""),
    ("'''", "'''"),
    ("/**", "*/"),
    ("/*", "*/"),
    ("--[[", "]]"),
];

/// What begins a comment of one line, the longest first.
const LINE_COMMENTS: [&str; 10] = [
    "////", "///", "//!", "//", "##", "#'", "#", "---", "--", ";;",
];

/// The documentation in an answer to [`Action::Document`](crate::actions::Action::Document), as prose: without comment signs, quotes
/// and the code that came with it; lines end in line feeds.
pub fn documentation(said: Said, offer: &Offer, snapshot: &Snapshot) -> Result<String, Fault> {
    let document = snapshot.rope.to_string();
    let text = said::without_conversation(said.text, &document);
    if text.trim().is_empty() {
        return Err(Fault::Empty);
    }
    let blocks = said::blocks(&text, snapshot.language);
    let name = offer.target.name.as_deref();
    let in_blocks = blocks.iter().find_map(|block| {
        let comment = comment_in(&block.text, name)?;
        // Half a comment is none.
        (!(said.is_cut_off && block.is_last && comment.reaches_end)).then_some(comment.text)
    });
    let prose = match in_blocks {
        Some(prose) => prose,
        None if said.is_cut_off => return Err(Fault::Endless),
        None => words_alone(&text, snapshot)?,
    };
    let prose = without_boilerplate(&without_talk(&indent::dedented(&prose)));
    let lines = prose.lines().count();
    if prose.chars().filter(|c| c.is_alphabetic()).count() < 3 {
        return Err(Fault::NoDocumentation);
    }
    if lines > MAX_LINES {
        return Err(Fault::TooLong);
    }
    Ok(prose)
}

struct Comment {
    text: String,
    /// It is the last thing of its block.
    reaches_end: bool,
}

/// The comment that a piece of code begins with, or the string that its first definition does.
fn comment_in(code: &str, name: Option<&str>) -> Option<Comment> {
    let code = code.trim();
    let mut before = 0;
    for line in code.split_inclusive('\n') {
        let body = line.trim();
        let rest = &code[before + (line.len() - line.trim_start().len())..];
        if let Some((open, close)) = QUOTES
            .iter()
            .find(|(open, _)| body.trim_start_matches(['r', 'R']).starts_with(open))
        {
            let inside = rest.trim_start_matches(['r', 'R']).strip_prefix(open)?;
            let end = inside.find(close);
            let text = end.map_or(inside, |end| &inside[..end]);
            return Some(Comment {
                text: without_stars(text),
                reaches_end: end.is_none(),
            });
        }
        if let Some(sign) = LINE_COMMENTS.iter().find(|sign| body.starts_with(**sign)) {
            return Some(commented_lines(rest, sign));
        }
        let is_head = body.is_empty()
            || body.starts_with(['@', '[', ')'])
            || body.starts_with("#[")
            || body.ends_with([',', '(', ':', '{'])
            || name.is_some_and(|name| mentions(body, name));
        if !is_head {
            return None;
        }
        before += line.len();
    }
    None
}

/// The run of comment lines that a text begins with. Attributes of Rust are none.
fn commented_lines(text: &str, sign: &str) -> Comment {
    let mut lines = Vec::new();
    let mut reaches_end = true;
    for line in text.lines() {
        let Some(rest) = line.trim().strip_prefix(sign) else {
            reaches_end = false;
            break;
        };
        lines.push(rest.strip_prefix(' ').unwrap_or(rest));
    }
    Comment {
        text: lines.join("\n"),
        reaches_end,
    }
}

/// Without the stars that the lines of a block comment begin with, and with its first line as deep as the others.
fn without_stars(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().trim();
    let more: Vec<&str> = lines
        .map(|line| match line.trim_start().strip_prefix('*') {
            Some(rest) => rest.strip_prefix(' ').unwrap_or(rest),
            None => line,
        })
        .collect();
    format!("{first}\n{}", indent::dedented(&more.join("\n")))
        .trim()
        .to_owned()
}

/// The answer itself, if it is no code.
fn words_alone(text: &str, snapshot: &Snapshot) -> Result<String, Fault> {
    let mut words = String::new();
    let mut in_fence = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            in_fence = !in_fence;
        } else if !in_fence {
            words += line;
            words.push('\n');
        }
    }
    // The prompt may have opened a fence that the answer closes.
    if words.trim().is_empty() {
        words = text.replace("```", "");
    }
    let is_line_of_file = |line: &str| {
        significant(line) > 3
            && snapshot
                .rope
                .lines()
                .any(|of_file| of_file.to_string().trim() == line.trim())
    };
    let is_code =
        |line: &&str| line.trim_end().ends_with(['{', '}', ';', ')']) || is_line_of_file(line);
    let filled: Vec<&str> = words
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let is_prose = |line: &&str| line.split_whitespace().count() >= 2;
    if filled.iter().any(is_code) || !filled.iter().any(is_prose) {
        return Err(Fault::NoDocumentation);
    }
    Ok(words)
}

/// Without lines that announce the documentation or say goodbye, and blank lines at the ends.
fn without_talk(text: &str) -> String {
    let is_announcement = |line: &str| {
        let lower = line.trim().to_lowercase();
        let announces = [
            "here is",
            "here's",
            "here are",
            "sure",
            "certainly",
            "of course",
            "below is",
            "the following",
        ];
        announces.iter().any(|start| lower.starts_with(start)) && lower.ends_with([':', '!'])
    };
    let is_farewell = |line: &str| {
        let lower = line.trim().to_lowercase();
        FAREWELLS.iter().any(|start| lower.starts_with(start))
    };
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    while lines
        .first()
        .is_some_and(|line| line.is_empty() || is_announcement(line))
    {
        lines.remove(0);
    }
    while lines
        .last()
        .is_some_and(|line| line.is_empty() || is_farewell(line))
    {
        lines.pop();
    }
    lines.join("\n")
}

/// `Returns the sum.` of `This function returns the sum.`: only before a verb, which a word that ends in a single s is there.
fn without_boilerplate(text: &str) -> String {
    let mut words = text.splitn(4, ' ');
    let (Some("This"), Some(noun), Some(verb)) = (words.next(), words.next(), words.next()) else {
        return text.to_owned();
    };
    let nouns = [
        "function",
        "method",
        "class",
        "struct",
        "type",
        "module",
        "constructor",
    ];
    let is_verb = verb.ends_with('s')
        && !verb.ends_with("ss")
        && !matches!(verb, "is" | "was" | "has" | "does");
    if !nouns.contains(&noun) || !is_verb || !verb.chars().all(|c| c.is_ascii_lowercase()) {
        return text.to_owned();
    }
    let rest = words.next().unwrap_or_default();
    format!("{}{} {rest}", verb[..1].to_uppercase(), &verb[1..])
        .trim_end()
        .to_owned()
}

/// The Markdown of an answer to [`Action::Explain`](crate::actions::Action::Explain): without markers, farewells and what goes in circles; fences are
/// closed; what was cut off ends with its last whole sentence.
pub fn explanation(said: Said) -> Result<String, Fault> {
    let mut text = without_talk(&said::without_conversation(said.text, ""));
    if let Some(end) = circle(&text) {
        text.truncate(end);
    } else if said.is_cut_off {
        let end = text.rfind(['.', '\n']).map_or(text.len(), |at| at + 1);
        text.truncate(end);
    }
    let mut text = text.trim_end().to_owned();
    let fences = text
        .lines()
        .filter(|line| line.trim_start().starts_with("```"))
        .count();
    if fences % 2 == 1 {
        text.push_str("\n```");
    }
    if significant(&text) < 3 {
        return Err(Fault::Empty);
    }
    Ok(text)
}

/// Where a line comes for the third time, beyond its first two.
fn circle(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut seen: Vec<&str> = Vec::new();
    for line in text.split_inclusive('\n') {
        let body = line.trim();
        if significant(body) > 12 && seen.iter().filter(|other| **other == body).count() >= 2 {
            return Some(at);
        }
        seen.push(body);
        at += line.len();
    }
    None
}
