//! Where literals and bare values begin and end in a line.

use std::ops::Range;

use crate::text::floor_char_boundary;

/// A value that is longer is looked at so far: a line of nothing but names would take a time that grows with its square.
pub const MAX_VALUE_BYTES: usize = 1024;

/// A type between a name and its value is no longer: `password: Option<&'static str> =`.
const MAX_TYPE_BYTES: usize = 48;

/// So many literals are joined by signs in a line.
const MAX_JOINED: usize = 8;

/// Calls and constructors around a literal that say nothing about it, by their last words.
const WRAPPERS: &[&str] = &[
    "some",
    "just",
    "string",
    "str",
    "from",
    "new",
    "secret",
    "secretstr",
    "secretstring",
    "password",
    "of",
    "sensitive",
    "literal",
    "value",
    "text",
    "quote",
    "bytes",
    "buffer",
    "b64encode",
];

pub fn skip_blanks(line: &str, at: usize) -> usize {
    line.len() - line[at..].trim_start_matches([' ', '\t']).len()
}

/// Behind the sign that follows a type: `String = `, `&'static str = `.
pub fn behind_type(line: &str, at: usize) -> Option<usize> {
    let bytes = &line.as_bytes()[at..];
    let len = bytes
        .iter()
        .take(MAX_TYPE_BYTES)
        .position(|&byte| byte == b'=')?;
    let is_type = |byte: &u8| byte.is_ascii_alphanumeric() || b"_<>[]&'?|.,: *".contains(byte);
    let is_assigned = !matches!(bytes.get(len + 1), Some(b'=' | b'>'));
    let begins = bytes[0].is_ascii_alphabetic() || b"&[*?".contains(&bytes[0]);
    (begins && is_assigned && bytes[..len].iter().all(is_type))
        .then(|| skip_blanks(line, at + len + 1))
}

/// The content of the literal in quotes at `at`, behind what may stand around it.
pub fn literal(line: &str, at: usize) -> Option<Range<usize>> {
    let mut at = at;
    for _ in 0..3 {
        let text = &line[at..];
        let prefix = text.len()
            - text
                .trim_start_matches(['b', 'r', 'u', 'f', 'L', '@', '$', 'B', 'R'])
                .len();
        if prefix <= 2 && text[prefix..].starts_with(['"', '\'', '`', '\\']) {
            return quoted(line, at + prefix);
        }
        at += wrapper(text)?;
        at = skip_blanks(line, at);
    }
    None
}

/// `Some(`, `String::from(`, `new SecretString(` at the beginning: its length.
fn wrapper(text: &str) -> Option<usize> {
    let name = text
        .bytes()
        .take(MAX_TYPE_BYTES)
        .take_while(|&byte| byte.is_ascii_alphanumeric() || b"_:.& ".contains(&byte))
        .count();
    let last = text[..name].rsplit([':', '.', ' ', '_', '&']).next()?;
    let is_wrapper = WRAPPERS.iter().any(|word| last.eq_ignore_ascii_case(word));
    (is_wrapper && text[name..].starts_with('(')).then_some(name + 1)
}

/// The content of a string whose quote, which may be escaped itself, stands at `at`; to the end of the line if it does not end there.
fn quoted(line: &str, at: usize) -> Option<Range<usize>> {
    let escape = usize::from(line[at..].starts_with('\\'));
    let quote = line[at + escape..].chars().next()?;
    if !matches!(quote, '"' | '\'' | '`') {
        return None;
    }
    let mut start = at + escape + 1;
    let mut quotes = 1;
    if escape == 0 && line[start..].starts_with([quote]) && line[start + 1..].starts_with([quote]) {
        start += 2;
        quotes = 3;
    }
    let limit = floor_char_boundary(line, start + MAX_VALUE_BYTES);
    let bytes = &line.as_bytes()[..limit];
    let mut end = start;
    while end < bytes.len() && !matches!(bytes[end], b'\n' | b'\r') {
        let is_escaped = bytes[end] == b'\\' && end + 1 < bytes.len();
        if is_escaped && escape == 1 && bytes[end + 1] == quote as u8 {
            break;
        }
        if !is_escaped
            && bytes[end] == quote as u8
            && (quotes == 1 || line[end..].starts_with(&quote.to_string().repeat(quotes)))
        {
            break;
        }
        // The byte behind a backslash is no end, whatever it is.
        end += if is_escaped && bytes[end + 1].is_ascii() {
            2
        } else {
            1
        };
    }
    Some(start..floor_char_boundary(line, end))
}

/// `"a" + "b"` has one value.
pub fn joined_literals(line: &str, at: usize) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = literal(line, at).into_iter().collect();
    while let Some(last) = parts.last()
        && parts.len() < MAX_JOINED
    {
        let behind = line[last.end..].trim_start_matches(['"', '\'', '`', '\\']);
        let sign = behind.trim_start_matches([' ', '+', '.', '&']);
        let next = line.len() - sign.len();
        if sign.len() == behind.len() || !sign.starts_with(['"', '\'', '`']) {
            break;
        }
        parts.extend(quoted(line, next));
    }
    parts
}

/// From `at` to one of these signs or the end of the line.
pub fn until(line: &str, at: usize, ends: &[char]) -> Range<usize> {
    let text = &line[at..floor_char_boundary(line, at + MAX_VALUE_BYTES)];
    let is_end =
        |byte: u8| matches!(byte, b'\n' | b'\r') || ends.iter().any(|&end| end == char::from(byte));
    let len = text.bytes().position(is_end);
    at..at + len.unwrap_or(text.len())
}

/// The rest of the line as data: without a comment, and without what ends it in a list on one line.
pub fn rest(line: &str, at: usize, is_in_list: bool) -> Range<usize> {
    let ends: &[char] = if is_in_list { &[',', '}'] } else { &[] };
    let text = &line[until(line, at, ends)];
    let comment = [" #", "\t#", " ;"]
        .iter()
        .filter_map(|sign| text.find(sign))
        .min();
    let text = text[..comment.unwrap_or(text.len())].trim_end();
    // A tag, and the name of an anchor.
    let value = text.strip_prefix("!!str ").unwrap_or(text);
    let value = match value
        .strip_prefix('&')
        .and_then(|anchor| anchor.split_once(' '))
    {
        Some((_, value)) => value,
        None => value,
    };
    let start = at + text.len() - value.len();
    // Signs of YAML mean nothing behind an equals sign.
    let is_yaml = line[..at].trim_end().ends_with(':');
    let is_reference = is_yaml
        && (value.starts_with(['|', '[', '{']) && !value.contains('}')
            || value.starts_with('!') && value.contains(' ')
            || value.strip_prefix(['*', '>']).is_some_and(|name| {
                name.len() < 3 || name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            }));
    if is_reference {
        return start..start;
    }
    start..start + value.len()
}

/// Whether a place in a line is in a string, read from the line's beginning.
#[derive(Default)]
pub struct Quotes {
    at: usize,
    open: Option<char>,
    is_escaped: bool,
    previous: Option<char>,
}

impl Quotes {
    /// The quote of the string that has not ended at `end`, which is behind the last one.
    pub fn open_at(&mut self, line: &str, end: usize) -> Option<char> {
        for c in line[self.at..end].chars() {
            let is_in_word = self.previous.is_some_and(char::is_alphanumeric);
            match (self.open, c) {
                _ if self.is_escaped => self.is_escaped = false,
                (_, '\\') => self.is_escaped = true,
                (Some(quote), c) if c == quote => self.open = None,
                // An apostrophe within a word begins nothing.
                (None, '\'') if is_in_word => {}
                (None, '"' | '\'' | '`') => self.open = Some(c),
                _ => {}
            }
            self.previous = Some(c);
        }
        self.at = end;
        self.open
    }
}
