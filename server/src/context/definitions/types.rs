//! Of which type a variable may be, by how it is declared, annotated or made in the lines that are at hand.

use grammars::Language;

use super::words::{Kind, Token, chain, is_keyword};
use crate::words::is_identifier_char;

/// What the code says about a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// A type that stands in its declaration, as a path of names.
    Type(String),
    /// What was called to make it: `Shelf::new`, `open_shelf`, `Shelf`.
    Made(String),
}

/// What is said of the variable `name` (`shelf`, or `shelf` of `self.shelf` if `is_field`), the last word on it first.
pub(super) fn said_of(
    tokens: &[Token<'_>],
    name: &str,
    is_field: bool,
    language: Option<&Language>,
) -> Vec<Said> {
    let mut said = Vec::new();
    for at in (0..tokens.len()).rev() {
        let token = &tokens[at];
        if !token.is_word() || token.text != name {
            continue;
        }
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let is_member = before.is_some_and(Token::joins);
        let is_own = is_member && at >= 2 && matches!(tokens[at - 2].text, "self" | "this" | "cls");
        if is_member && !(is_field && is_own) {
            continue;
        }
        said.extend(declared(tokens, at, language));
        if said.len() >= 4 {
            break;
        }
    }
    said.dedup();
    said
}

fn declared(tokens: &[Token<'_>], at: usize, language: Option<&Language>) -> Vec<Said> {
    let id = language.map_or("", Language::id);
    let Some(next) = tokens.get(at + 1) else {
        return Vec::new();
    };
    // `with open_shelf() as shelf:`
    if at > 0 && tokens[at - 1].text == "as" {
        let line = tokens[at].line;
        let with = tokens[..at]
            .iter()
            .rposition(|token| token.line == line && matches!(token.text, "with" | "except"));
        return with
            .and_then(|with| made(tokens, with + 1))
            .map(Said::Made)
            .into_iter()
            .collect();
    }
    if next.is(":") || (next.is("?") && tokens.get(at + 2).is_some_and(|token| token.is(":"))) {
        let types = type_names(tokens, at + 2);
        // `{ shelf: new Shelf() }` and `Order { shelf: Shelf::new() }`.
        return types.into_iter().map(Said::Type).collect();
    }
    if id == "go"
        && (next.is_word() || next.is("*") || next.is("["))
        && next.line == tokens[at].line
    {
        return type_names(tokens, at + 1)
            .into_iter()
            .map(Said::Type)
            .collect();
    }
    let mut said = Vec::new();
    if matches!(id, "c" | "cpp" | "java" | "csharp")
        && (next.kind == Kind::Sign && matches!(next.text, "=" | ";" | "," | ")" | "(" | "{" | ":"))
    {
        said.extend(types_before(tokens, at).into_iter().map(Said::Type));
    }
    if said.is_empty()
        && let Some(value) = value_of(tokens, at)
    {
        said.extend(made(tokens, value).map(Said::Made));
    }
    said
}

/// Where the value that the variable at `at` is given starts. Of several results the first variable has the first: `db, err := open()`.
fn value_of(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let is_first = at == 0 || !tokens[at - 1].is(",");
    let rest = tokens.iter().enumerate().skip(at + 1).take(6);
    let mut rest = rest.skip_while(|(_, token)| {
        is_first && (token.is(",") || token.is_word()) && token.line == tokens[at].line
    });
    let (assigned, token) = rest.next()?;
    let is_adjacent = assigned == at + 1 || tokens[at + 1].is(",");
    (is_adjacent && (token.is("=") || token.is(":="))).then_some(assigned + 1)
}

/// The names in a type: `Shelf` and `Item` of `Option<Shelf<Item>>`, which may go over a line's end only inside of brackets.
pub(super) fn type_names(tokens: &[Token<'_>], start: usize) -> Vec<String> {
    let Some(line) = tokens.get(start).map(|token| token.line) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut at = start;
    while let Some(token) = tokens.get(at) {
        let ends = matches!(token.text, "=" | "," | ")" | "{" | "}" | ";" | "=>") && depth == 0;
        if ends || (token.line != line && depth == 0) || at > start + 24 {
            break;
        }
        match token.text {
            "[" | "<" | "(" => depth += 1,
            "]" | ">" | ")" => depth -= 1,
            _ => {}
        }
        let is_forward = token.kind == Kind::Quoted && token.text.chars().all(is_identifier_char);
        if token.is_word() {
            let (names_here, after) = chain(tokens, at);
            names.push(names_here.join("."));
            at = after;
            continue;
        }
        if is_forward && !token.text.is_empty() {
            names.push(token.text.to_owned());
        }
        at += 1;
    }
    names
}

/// What is called at `start`: `Shelf::new` of `await Shelf::new(3)`.
fn made(tokens: &[Token<'_>], start: usize) -> Option<String> {
    let mut at = start;
    while tokens.get(at).is_some_and(|token| {
        matches!(
            token.text,
            "new" | "await" | "&" | "*" | "(" | "mut" | "co_await"
        )
    }) {
        at += 1;
    }
    let (names, after) = chain(tokens, at);
    // `Vec::<Item>::new()` ends in `::`.
    let calls = tokens
        .get(after)
        .is_some_and(|token| matches!(token.text, "(" | "{" | "<" | "!" | "["));
    (calls && !names.is_empty()).then(|| names.join("."))
}

/// The types in front of a C-like declaration: `vector` and `Item` of `const std::vector<Item> &items`.
fn types_before(tokens: &[Token<'_>], at: usize) -> Vec<String> {
    let mut end = at;
    while end > 0
        && matches!(
            tokens[end - 1].text,
            "*" | "&" | "&&" | "?" | "[" | "]" | "const"
        )
    {
        end -= 1;
    }
    let mut names = Vec::new();
    if end > 0 && tokens[end - 1].is(">") {
        let Some(open) = tokens[..end].iter().rposition(|token| token.is("<")) else {
            return names;
        };
        let inside = tokens[open + 1..end].iter().filter(|token| token.is_word());
        names.extend(inside.map(|token| token.text.to_owned()));
        end = open;
    }
    let is_type = |token: &&Token<'_>| {
        token.is_word() && !is_keyword(token.text) && tokens[at].line <= token.line + 1
    };
    if tokens[..end].last().filter(is_type).is_none() {
        return Vec::new();
    }
    let mut start = end - 1;
    while start >= 2 && tokens[start - 1].joins() && tokens[start - 2].is_word() {
        start -= 2;
    }
    names.insert(0, chain(tokens, start).0.join("."));
    names
}

/// The types that a function gives back, by its outline.
pub(super) fn returned(tokens: &[Token<'_>], name: &str, language: &Language) -> Vec<String> {
    let Some(at) = tokens
        .iter()
        .position(|token| token.is_word() && token.text == name)
    else {
        return Vec::new();
    };
    let close = matching(tokens, at);
    let after = |at: usize| tokens.get(at);
    match language.id() {
        "python" | "rust" => {
            let arrow = tokens[close..].iter().position(|token| token.is("->"));
            let types = arrow.map(|arrow| {
                let start = close + arrow + 1;
                let end = tokens[start..]
                    .iter()
                    .position(|token| token.is(":") || token.text == "where");
                type_names(
                    &tokens[..end.map_or(tokens.len(), |end| start + end)],
                    start,
                )
            });
            types.unwrap_or_default()
        }
        "go" => {
            let start = if after(close).is_some_and(|token| token.is("(")) {
                close + 1
            } else {
                close
            };
            type_names(tokens, start)
        }
        "java" | "csharp" | "c" | "cpp" => match after(close) {
            Some(token) if token.is("->") => type_names(tokens, close + 1),
            _ => types_before(tokens, at),
        },
        _ => match after(close) {
            Some(token) if token.is(":") => type_names(tokens, close + 1),
            _ => Vec::new(),
        },
    }
}

/// Where the parameters that follow the name at `at` are closed, plus one.
fn matching(tokens: &[Token<'_>], at: usize) -> usize {
    let Some(open) = tokens[at..].iter().position(|token| token.is("(")) else {
        return at + 1;
    };
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(at + open) {
        depth += i32::from(token.is("(")) - i32::from(token.is(")"));
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}
