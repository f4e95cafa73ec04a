//! Values behind names that say they are secret: assigned, compared, passed, given as an option or a header, in the next line of a list.

use std::ops::Range;

use grammars::Notation;

use super::{
    extents::{
        MAX_VALUE_BYTES, Quotes, behind_type, joined_literals, literal, rest, skip_blanks, until,
    },
    labels::{Label, Name, is_about_secrets, names},
    literals::{
        is_chosen, is_long_value, is_made, is_pair_in_base64, is_password, is_pin, is_place,
        is_recovery_phrase, is_template, is_value,
    },
    random,
};
use crate::text::floor_char_boundary;

/// What may stand between the quote or bracket that ends a name and its value, longest first.
const SIGNS: &[(&str, Sign)] = &[
    ("===", Sign::Assigned),
    ("!==", Sign::Assigned),
    ("||=", Sign::Assigned),
    ("??=", Sign::Assigned),
    ("==", Sign::Assigned),
    ("!=", Sign::Assigned),
    ("=>", Sign::Assigned),
    ("->", Sign::Assigned),
    ("+=", Sign::Assigned),
    ("?=", Sign::Assigned),
    (":=", Sign::Assigned),
    ("<-", Sign::Assigned),
    (":-", Sign::Default),
    ("||", Sign::Assigned),
    ("??", Sign::Assigned),
    ("?:", Sign::Assigned),
    ("or ", Sign::Assigned),
    ("=", Sign::Assigned),
    (":", Sign::Assigned),
    (">", Sign::Element),
    (",", Sign::Passed),
    ("(", Sign::Passed),
];

/// How a value is tied to its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// `=`, `:`, `==`, `||`...
    Assigned,
    /// An argument of the name, or beside it.
    Passed,
    /// `${NAME:-value}`
    Default,
    /// `<name>value</name>`
    Element,
    /// Nothing but blanks: `PASSWORD 'value'`, `--password value`.
    Beside,
}

/// What a line says of those below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Open {
    #[default]
    Nothing,
    /// `name: DB_PASSWORD`: the next line has its `value:`.
    Value(Label),
    /// `password = (`: the next line is the value.
    Literal(Label),
    /// `password: |`: all lines that are deeper than this.
    Block { depth: usize },
}

/// Secret values by their bytes in the line, and what the line says of those below.
pub fn values(line: &str, notation: Notation, above: Open) -> (Vec<Range<usize>>, Open) {
    let mut found = Vec::new();
    if let Open::Block { depth } = above {
        let text = line.trim();
        let at = line.len() - line.trim_start().len();
        if text.is_empty() {
            return (found, above);
        }
        if at > depth {
            found.push(at..at + text.len());
            return (found, above);
        }
    }
    if let Open::Value(label) = above {
        found.extend(in_next_line(line, label, notation));
    }
    if let Open::Literal(label) = above {
        found.extend(in_own_line(line, label, notation));
    }
    let mut open = Open::Nothing;
    let mut quotes = Quotes::default();
    let mut end = 0;
    for name in names(line) {
        let is_pin_of_code = name.label == Label::Pin && notation != Notation::Data;
        if name.bytes.start < end || is_pin_of_code {
            continue;
        }
        let named = Named {
            line,
            name: &name,
            notation,
            open: quotes.open_at(line, name.bytes.start),
        };
        let values = named.values();
        if let Some(last) = values.last() {
            end = last.end;
        }
        found.extend(values);
        if let Some(below) = named.below() {
            open = below;
        }
    }
    (found, open)
}

/// `value: ...` below `name: DB_PASSWORD`, `<value>...</value>` below `<name>`.
fn in_next_line(line: &str, label: Label, notation: Notation) -> Option<Range<usize>> {
    let start = line.len()
        - line
            .trim_start_matches([' ', '\t', '-', '"', '\'', '<'])
            .len();
    let at = start + value_word(&line[start..])?;
    let element = line[start..at].ends_with('>');
    let (literal, sign) = match literal(line, at) {
        Some(quoted) => (quoted, Sign::Assigned),
        None if element => (until(line, at, &['<']), Sign::Element),
        None if notation != Notation::Code => (rest(line, at, false), Sign::Assigned),
        None => return None,
    };
    accepts(label, sign, Notation::Data, &line[literal.clone()]).then_some(literal)
}

/// A value that a line has to itself.
fn in_own_line(line: &str, label: Label, notation: Notation) -> Option<Range<usize>> {
    let at = skip_blanks(line, 0);
    if let Some(quoted) = literal(line, at) {
        let behind = line[quoted.end..].trim_matches(['"', '\'', '`', ',', ';', ')']);
        let is_alone = behind.trim().trim_matches([',', ';', ')', '\\']).is_empty();
        let is_secret = accepts(label, Sign::Assigned, notation, &line[quoted.clone()]);
        return (is_alone && is_secret).then_some(quoted);
    }
    let value = at..at + line[at..].trim_end().len();
    let is_bare = matches!(notation, Notation::Data | Notation::Shell);
    (is_bare && is_chosen(&line[value.clone()])).then_some(value)
}

/// The length of `value: ` or `value>` at the beginning.
fn value_word(text: &str) -> Option<usize> {
    let word = ["value", "Value", "string", "val"]
        .iter()
        .find(|word| text.starts_with(**word))?;
    let behind = text[word.len()..].trim_start_matches(['"', '\'', '\\', ' ']);
    let sign = behind.strip_prefix([':', '=', '>'])?;
    Some(text.len() - sign.trim_start_matches(' ').len())
}

/// A name in a line.
struct Named<'a> {
    line: &'a str,
    name: &'a Name,
    notation: Notation,
    /// The quote of the string in which the name stands.
    open: Option<char>,
}

impl Named<'_> {
    fn values(&self) -> Vec<Range<usize>> {
        let Some((sign, at)) = self.place() else {
            return Vec::new();
        };
        let accepted = |value: &Range<usize>| self.accepts(sign, value);
        // The quote that ends the string in which the name stands.
        if self.closed() == self.name.bytes.end
            && self
                .open
                .is_some_and(|quote| self.line[at..].starts_with(quote))
        {
            return Vec::new();
        }
        let quoted = joined_literals(self.line, at);
        if !quoted.is_empty() {
            let whole: String = quoted.iter().map(|part| &self.line[part.clone()]).collect();
            let last = quoted.last().map_or(at, |part| part.end);
            let is_secret = self.accepts_text(sign, &whole, last);
            return if is_secret { quoted } else { Vec::new() };
        }
        self.bare(sign, at).filter(accepted).into_iter().collect()
    }

    /// What stands before the name, as far as it matters.
    fn before(&self) -> &str {
        let end = self.name.bytes.start;
        &self.line[floor_char_boundary(self.line, end.saturating_sub(MAX_VALUE_BYTES))..end]
    }

    fn is_option(&self) -> bool {
        self.before().ends_with('-')
    }

    /// The name is all that stands between quotes: `"password": value`.
    fn is_quoted(&self) -> bool {
        self.open.is_some_and(|quote| {
            self.before().ends_with(quote) && self.line[self.name.bytes.end..].starts_with(quote)
        })
    }

    /// The value would stand in the same string as the name.
    fn is_in_string(&self) -> bool {
        self.open.is_some() && !self.is_quoted()
    }

    /// Behind the quotes and brackets that end the name.
    fn closed(&self) -> usize {
        let bytes = self.line.as_bytes();
        let mut at = self.name.bytes.end;
        // The size of an array: `password[32]`.
        if let Some(inner) = self.line[at..].strip_prefix('[') {
            let size = inner.bytes().take_while(u8::is_ascii_digit).count();
            if inner[size..].starts_with(']') {
                at += size + 2;
            }
        }
        while at < bytes.len() && at < self.name.bytes.end + 8 {
            match bytes[at] {
                b'\\' if matches!(bytes.get(at + 1), Some(b'"' | b'\'')) => at += 2,
                b'"' | b'\'' | b'`' | b']' | b')' => at += 1,
                _ => break,
            }
        }
        at
    }

    /// Where the value begins, and how it is tied to the name.
    fn place(&self) -> Option<(Sign, usize)> {
        let line = self.line;
        let closed = self.closed();
        if let Some(beside) = self.beside(closed) {
            return Some(beside);
        }
        let at = skip_blanks(line, closed);
        let sign = SIGNS.iter().find(|(sign, _)| line[at..].starts_with(sign));
        let Some(&(text, sign)) = sign else {
            let typed = self.behind_type(at).map(|at| (Sign::Assigned, at));
            return typed.or((at > closed).then_some((Sign::Beside, at)));
        };
        let behind = at + text.len();
        let value = skip_blanks(line, behind);
        match sign {
            Sign::Element => self.is_element(behind).then_some((sign, behind)),
            Sign::Assigned if text == ":" && line[behind..].starts_with(':') => None,
            Sign::Default if !self.before().ends_with("${") => None,
            Sign::Assigned if text == ":" && self.before().ends_with("${") => {
                Some((Sign::Default, behind))
            }
            Sign::Assigned if text == ":" => Some((sign, self.behind_type(value).unwrap_or(value))),
            _ => Some((sign, value)),
        }
    }

    /// Only code has types.
    fn behind_type(&self, at: usize) -> Option<usize> {
        // No type stands behind a string: `name="password" xml:space="preserve"`.
        let is_code = self.notation == Notation::Code && !self.is_quoted();
        is_code.then(|| behind_type(self.line, at)).flatten()
    }

    /// `<password>`, `<entry key="password">`, with a value that an end tag follows.
    fn is_element(&self, from: usize) -> bool {
        let before = self.before();
        let begins = ["<", "<s:", "=\"", "='"]
            .iter()
            .any(|sign| before.ends_with(sign));
        begins && self.line[until(self.line, from, &['<']).end..].starts_with("</")
    }

    /// The name is a value itself, and what it names stands beside it: `name="password" value="..."`.
    fn beside(&self, closed: usize) -> Option<(Sign, usize)> {
        if closed == self.name.bytes.end && !self.line[closed..].starts_with(['<', ',']) {
            return None;
        }
        let line = self.line;
        let mut at = closed;
        if line[at..].starts_with("</") {
            at = until(line, at, &['>']).end + 1;
            line.get(at..)?;
        }
        let trimmed = line[at..].trim_start_matches([' ', ',', '<', '"', '\'', '\\']);
        let at = line.len() - trimmed.len();
        Some((Sign::Assigned, at + value_word(trimmed)?))
    }

    /// A value without quotes.
    fn bare(&self, sign: Sign, at: usize) -> Option<Range<usize>> {
        let line = self.line;
        let before = self.before();
        match sign {
            Sign::Default => return Some(until(line, at, &['}'])),
            Sign::Element => return Some(until(line, at, &['<'])),
            Sign::Passed => return self.bare_in_list(at),
            Sign::Beside => return self.bare_beside(at),
            Sign::Assigned => {}
        }
        let is_adjacent = at == self.name.bytes.end + 1;
        let ends: &[char] = match before.chars().next_back() {
            // A part of an address or of a connection string.
            Some('?' | '&') => &['&', '#', '"', '\'', '`', ' ', '\t', '<', '>', ')', '\\'],
            _ => &[';', '&', ',', '"', '\'', '`', ' ', '\t', '<', ')', '\\'],
        };
        let word = match self.name.label {
            // Only what a program has made counts.
            Label::Vague => {
                let bytes = line[at..].bytes().take(MAX_VALUE_BYTES);
                at..at
                    + bytes
                        .take_while(|&byte| random::is_value_byte(byte))
                        .count()
            }
            _ => until(line, at, ends),
        };
        if is_adjacent && (before.ends_with(['?', '&', ';']) || self.is_option()) {
            return Some(word);
        }
        if self.is_in_string() {
            let is_header = before.ends_with(['"', '\'', '`', '\n'])
                && line[at..floor_char_boundary(line, at + MAX_VALUE_BYTES)]
                    .contains(['"', '\'', '`']);
            return (is_adjacent || is_header).then_some(word);
        }
        match self.notation {
            Notation::Data if is_key_place(before) && self.name.label != Label::Vague => {
                Some(rest(line, at, before.contains('{') || self.is_quoted()))
            }
            Notation::Shell if is_adjacent || is_key_place(before) => Some(until(
                line,
                at,
                &[';', '&', '|', ')', ' ', '\t', '"', '\'', '`'],
            )),
            Notation::Prose if is_key_place(before) && self.name.label != Label::Vague => {
                let value = rest(line, at, false);
                (!line[value.clone()].contains(char::is_whitespace)).then_some(value)
            }
            _ => Some(word),
        }
    }

    /// `[--password, value]`
    fn bare_in_list(&self, at: usize) -> Option<Range<usize>> {
        let is_list = self.notation == Notation::Data && self.before().contains('[');
        let value = until(self.line, at, &[',', ']', ' ', '\t', '"', '\'']);
        (is_list && self.is_option() && is_chosen(&self.line[value.clone()])).then_some(value)
    }

    /// `--password value`, `ENV DB_PASSWORD value`, `login me password value`.
    fn bare_beside(&self, at: usize) -> Option<Range<usize>> {
        let before = self.before();
        let first = before.trim_start();
        let is_command = self.is_option()
            || first.starts_with("ENV ")
            || first.starts_with("set -")
            || first.starts_with("setx ")
            || before.contains("login ")
            || before.contains("machine ")
            || first.is_empty()
                && ["requirepass", "masterauth", "bindpw", "rootpw"]
                    .contains(&&self.line[self.name.bytes.clone()]);
        let is_readable = self.notation != Notation::Code || self.is_in_string();
        let word = until(
            self.line,
            at,
            &[' ', '\t', '"', '\'', '`', ';', '|', '&', ')', '\\', ','],
        );
        let is_value = !self.line[word.clone()].starts_with(['-', '<', '=']);
        (is_command && is_readable && is_value).then_some(word)
    }

    fn accepts(&self, sign: Sign, value: &Range<usize>) -> bool {
        let text = &self.line[value.clone()];
        let is_literal = match self.notation {
            // A bare word is most often code: a variable, a type, a call.
            Notation::Code if sign == Sign::Assigned && !self.is_in_text(value) => {
                !text.contains(['(', ')', '[', ']', '.', ':'])
                    && is_chosen(text)
                    && random::surprise(text) >= random::SURPRISING
            }
            Notation::Prose if sign == Sign::Assigned && !self.is_in_text(value) => {
                self.line[self.name.bytes.end..]
                    .trim_start()
                    .starts_with('=')
                    && self.name.label == Label::Password
                    || is_chosen(text)
            }
            _ => true,
        };
        is_literal && accepts(self.name.label, sign, Notation::Data, text)
    }

    /// In a string, an address or a command the bare word is a value.
    fn is_in_text(&self, value: &Range<usize>) -> bool {
        let before = self.before();
        let is_adjacent = value.start == self.name.bytes.end + 1;
        is_adjacent
            && (before.ends_with(['?', '&', ';']) || self.is_option() || self.is_in_string())
            || self.is_in_string() && is_chosen(&self.line[value.clone()])
    }

    fn accepts_text(&self, sign: Sign, value: &str, end: usize) -> bool {
        let name = &self.line[self.name.bytes.clone()];
        if sign != Sign::Passed {
            return accepts(self.name.label, sign, self.notation, value);
        }
        // An option and its value in a list of arguments: `["--password", "value"]`.
        if self.is_option() && self.closed() > self.name.bytes.end {
            let is_value = accepts(self.name.label, sign, self.notation, value);
            let is_written = self.notation != Notation::Code || is_chosen(value);
            return is_value && is_written && !value.starts_with('-');
        }
        let called = name.rsplit('.').next().unwrap_or(name);
        let is_setter = ["set", "with", "Set", "With"]
            .iter()
            .any(|verb| called.starts_with(verb));
        // `set_password("service", "user", ...)` takes something else first.
        let is_sole = self.line[end..]
            .trim_start_matches(['"', '\'', '`', '\\'])
            .starts_with(')');
        match self.name.label {
            Label::Phrase => is_recovery_phrase(value),
            _ if is_about_secrets(value) => false,
            Label::Password if is_constant(name) => !is_constant(value) && is_password(value),
            Label::Password if is_setter && is_sole => is_password(value),
            Label::Secret if is_constant(name) || is_setter && is_sole => {
                !is_constant(value) && is_chosen(value)
            }
            Label::Password if is_sole => is_chosen(value),
            _ => is_made(value),
        }
    }

    /// A sign ends the line, or a bracket behind it: `password =`, `password = (`, `password: &str =`.
    fn is_open_ended(&self, behind: &str) -> bool {
        let value = match behind.strip_prefix([':', '=']) {
            Some(value) => value.trim_start_matches(['=', '>']).trim(),
            None => behind,
        };
        value.len() < behind.len() && matches!(value, "" | "(" | "\\")
            || self
                .behind_type(skip_blanks(
                    self.line,
                    self.closed() + usize::from(behind.starts_with(':')),
                ))
                .is_some_and(|at| self.line[at..].trim().is_empty())
    }

    /// What the line says of the ones below.
    fn below(&self) -> Option<Open> {
        let line = self.line;
        let before = self.before();
        let behind = line[self.closed()..].trim();
        let is_secret = matches!(self.name.label, Label::Password | Label::Secret);
        if is_secret && self.is_open_ended(behind) {
            return Some(Open::Literal(self.name.label));
        }
        let is_key = is_key_place(before) && self.notation == Notation::Data;
        if is_key && let Some(block) = behind.strip_prefix(':') {
            let block = block.trim_start();
            let marks = block.strip_prefix(['|', '>'])?;
            let is_block = marks
                .trim_start_matches(['+', '-', '1', '2', '4', '8'])
                .trim()
                .is_empty();
            let depth = before.len() - before.trim_start().len();
            return is_block.then_some(Open::Block { depth });
        }
        let is_last =
            matches!(behind, "" | ",") || behind.starts_with("</") && behind.ends_with('>');
        let key = before.trim_end_matches([' ', '"', '\'']);
        let key = key
            .strip_suffix([':', '=', '>'])?
            .trim_end_matches(['"', '\'', ' ']);
        let is_name = ["name", "Name", "key", "Key"]
            .iter()
            .any(|word| key.ends_with(word));
        (is_last && is_name).then_some(Open::Value(self.name.label))
    }
}

/// The name of a constant.
fn is_constant(text: &str) -> bool {
    text.contains('_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a literal is secret behind a name with this label.
fn accepts(label: Label, sign: Sign, notation: Notation, value: &str) -> bool {
    match (label, notation) {
        _ if is_template(value) || is_place(value) || value.starts_with("-----BEGIN") => false,
        // The line goes on in the next one.
        _ if value == "\\" => false,
        (Label::Pin, _) => is_pin(value),
        (Label::Phrase, _) => is_recovery_phrase(value),
        (Label::Vague, _) => is_made(value) || is_pair_in_base64(value),
        (Label::Password, Notation::Data) => is_value(value),
        (Label::Secret, Notation::Data) => is_long_value(value),
        (Label::Password, _) => is_password(value),
        (Label::Secret, _) if sign == Sign::Default => is_long_value(value),
        (Label::Secret, _) => is_chosen(value) && !is_constant(value) || is_recovery_phrase(value),
    }
}

/// Nothing stands before but what may stand before a key.
fn is_key_place(before: &str) -> bool {
    let trimmed = before.trim_end_matches(['"', '\'', ' ', '\t']);
    let word = trimmed.rsplit([' ', '\t']).next().unwrap_or_default();
    trimmed.is_empty()
        || trimmed.ends_with(['{', ',', ';', '&', '?', '(', '#', '/'])
        || trimmed.trim_start().trim_matches('-').is_empty()
        || [
            "export", "set", "env", "ENV", "ARG", "local", "readonly", "let", "-x", "-gx",
        ]
        .contains(&word)
}
