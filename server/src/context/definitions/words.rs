//! Words and punctuation of code in any language, read line by line: what is broken near the cursor breaks nothing else.

use grammars::Language;

use crate::words::{is_identifier_char, is_identifier_start};

/// A word, a quoted text or a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'t> {
    /// Without its quotes, for a quoted text. `->`, `::`, `:=`, `?.`, `==`, `=>` and the like are one sign.
    pub text: &'t str,
    pub kind: Kind,
    /// Line, counted from the first line that was read.
    pub line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Quoted,
    Sign,
}

impl Token<'_> {
    pub fn is(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    pub fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }

    /// Between the parts of a path of names.
    pub fn joins(&self) -> bool {
        self.kind == Kind::Sign && matches!(self.text, "." | "::" | "->" | "?.")
    }
}

const SIGNS: [&str; 12] = [
    "->", "::", ":=", "?.", "==", "=>", "!=", "<=", ">=", "&&", "||", "...",
];

/// Comments and numbers are left out.
pub(super) fn tokens<'t>(text: &'t str, language: Option<&Language>) -> Vec<Token<'t>> {
    let comment = language.and_then(|language| language.line_comment.as_deref());
    // In the others a single quote may open a character, a lifetime or a label.
    let quotes_text = language.is_some_and(|language| {
        matches!(
            language.id(),
            "python"
                | "javascript"
                | "javascriptreact"
                | "typescript"
                | "typescriptreact"
                | "php"
                | "ruby"
                | "lua"
        )
    });
    let mut tokens = Vec::new();
    for (line, text) in text.split('\n').enumerate() {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if first.is_whitespace() {
                rest = &rest[first.len_utf8()..];
                continue;
            }
            if comment.is_some_and(|comment| rest.starts_with(comment)) {
                break;
            }
            if is_identifier_start(first) {
                let end = rest.find(|c| !is_identifier_char(c)).unwrap_or(rest.len());
                tokens.push(Token {
                    text: &rest[..end],
                    kind: Kind::Word,
                    line,
                });
                rest = &rest[end..];
            } else if first.is_ascii_digit() {
                let end = rest.find(|c| !is_identifier_char(c)).unwrap_or(rest.len());
                rest = &rest[end..];
            } else if let Some((quoted, after)) = quoted(rest, first, quotes_text) {
                tokens.push(Token {
                    text: quoted,
                    kind: Kind::Quoted,
                    line,
                });
                rest = after;
            } else {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                let length = sign.map_or(first.len_utf8(), |sign| sign.len());
                tokens.push(Token {
                    text: &rest[..length],
                    kind: Kind::Sign,
                    line,
                });
                rest = &rest[length..];
            }
        }
    }
    tokens
}

/// The text between the quote that `rest` starts with and the next one of the line, and what follows it.
fn quoted(rest: &str, quote: char, quotes_text: bool) -> Option<(&str, &str)> {
    if !matches!(quote, '"' | '\'' | '`') {
        return None;
    }
    let inner = &rest[1..];
    let mut escaped = false;
    let end = inner.char_indices().find(|&(_, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let (end, _) = end?;
    let is_character = quote == '\'' && !quotes_text;
    if is_character && end > 4 {
        return None;
    }
    Some((&inner[..end], &inner[end + 1..]))
}

/// Whether a name stands at `at` that is no later part of a path of names.
pub(super) fn begins_chain(tokens: &[Token<'_>], at: usize) -> bool {
    tokens[at].is_word() && (at == 0 || !tokens[at - 1].joins())
}

/// A path of names that starts at `start`: `["self", "shelf", "add"]`, and where the token after it is.
pub(super) fn chain<'t>(tokens: &[Token<'t>], start: usize) -> (Vec<&'t str>, usize) {
    let mut names = Vec::new();
    let mut at = start;
    while let Some(token) = tokens.get(at).filter(|token| token.is_word()) {
        names.push(token.text);
        at += 1;
        match tokens.get(at) {
            Some(sign) if sign.joins() => at += 1,
            _ => break,
        }
    }
    (names, at)
}

/// The parts of a name: `parse_lines` and `parseLine` are `parse` and `line`.
pub(super) fn subwords(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            lower_before = false;
            words.push(String::new());
            continue;
        }
        if (c.is_uppercase() && lower_before) || words.is_empty() {
            words.push(String::new());
        }
        lower_before = c.is_lowercase() || c.is_numeric();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    for word in &mut words {
        if word.len() > 3 && word.ends_with('s') {
            word.pop();
        }
    }
    words.retain(|word| word.len() > 2);
    words
}

/// Words that no file of a workspace defines, or that mean something else where they are defined.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

/// Of all languages together, in order. A name that is a keyword elsewhere only (`match`, `type`) is no loss.
#[rustfmt::skip]
const KEYWORDS: [&str; 139] = [
    "False", "None", "Ok", "Self", "Some", "String", "True", "Vec", "abstract", "and", "any", "as", "assert",
    "async", "auto", "await", "bool", "boolean", "break", "byte", "case", "catch", "chan", "char", "class",
    "cls", "const", "continue", "crate", "def", "default", "defer", "del", "delete", "do", "double", "elif",
    "else", "enum", "err", "error", "except", "export", "extends", "extern", "f32", "f64", "false", "final",
    "finally", "float", "fn", "for", "from", "func", "function", "global", "go", "i32", "i64", "if", "impl",
    "implements", "import", "in", "inline", "int", "interface", "internal", "is", "lambda", "let", "long",
    "loop", "match", "mod", "move", "mut", "namespace", "new", "nil", "nonlocal", "not", "null", "number",
    "object", "of", "or", "out", "override", "package", "pass", "private", "protected", "pub", "public",
    "raise", "range", "readonly", "ref", "return", "self", "short", "signed", "static", "std", "str",
    "string", "struct", "super", "switch", "template", "this", "throw", "throws", "trait", "true", "try",
    "type", "typedef", "typename", "typeof", "u32", "u64", "u8", "undefined", "union", "unsafe", "use",
    "using", "usize", "var", "virtual", "void", "volatile", "where", "while", "with", "yield",
];
