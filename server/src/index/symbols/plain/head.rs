//! What the first words of a statement say: its modifiers, what it declares, under which name.

use std::ops::Range;

use super::statements::{Code, Statement};
use crate::words::{is_identifier_char, is_word_char};

/// The beginning of a statement.
#[derive(Debug)]
pub struct Head<'a> {
    /// `None` for what declares nothing that these rules know.
    pub declares: Option<Declares>,
    /// Empty if there is none.
    pub name: &'a str,
    /// What stands before the name: `M` of `M.add`.
    pub qualifier: Option<&'a str>,
    /// The first word that is no modifier.
    pub word: &'a str,
    /// Behind the attributes.
    pub start: usize,
    pub is_private: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declares {
    Type,
    /// More members of a type that is declared elsewhere.
    Extension,
    Module,
    Function,
    Constant,
}

/// Words that say how something is declared, in any of the languages.
const MODIFIERS: &[&str] = &[
    "abstract",
    "actual",
    "annotation",
    "async",
    "base",
    "companion",
    "convenience",
    "covariant",
    "crossinline",
    "data",
    "distributed",
    "dynamic",
    "expect",
    "external",
    "factory",
    "fileprivate",
    "final",
    "implicit",
    "indirect",
    "infix",
    "inline",
    "inner",
    "internal",
    "isolated",
    "late",
    "lateinit",
    "lazy",
    "local",
    "mutating",
    "noinline",
    "nonisolated",
    "nonmutating",
    "opaque",
    "open",
    "operator",
    "optional",
    "override",
    "package",
    "postfix",
    "prefix",
    "private",
    "private_class_method",
    "protected",
    "public",
    "readonly",
    "required",
    "sealed",
    "static",
    "suspend",
    "tailrec",
    "transparent",
    "unowned",
    "value",
    "vararg",
    "weak",
];

/// Begin statements that look like calls or methods and are none.
const CONTROL: &[&str] = &[
    "assert", "catch", "do", "else", "for", "if", "new", "return", "super", "switch", "throw",
    "try", "while", "await", "print", "println",
];

fn declares(word: &str) -> Option<Declares> {
    Some(match word {
        "class" | "struct" | "enum" | "interface" | "protocol" | "object" | "trait" | "actor"
        | "record" | "mixin" | "typealias" | "typedef" | "type" => Declares::Type,
        "extension" => Declares::Extension,
        "module" => Declares::Module,
        "fun" | "func" | "def" | "function" => Declares::Function,
        "val" | "let" | "const" | "var" => Declares::Constant,
        _ => return None,
    })
}

/// Whether there are only attributes and modifiers: what they belong to is still to come.
pub fn is_prefix(code: &Code, range: Range<usize>) -> bool {
    let (_, rest, _) = prefix(code, range.clone());
    rest >= range.end || code.code[rest..range.end].trim().is_empty()
}

/// Where what follows the attributes begins, where what follows the modifiers does, and whether one of these says `private`.
fn prefix(code: &Code, range: Range<usize>) -> (usize, usize, bool) {
    let text = &code.code;
    let (mut at, mut start, mut is_private) = (range.start, None, false);
    while at < range.end {
        let rest = &text[at..range.end];
        let blank = rest.len() - rest.trim_start().len();
        if blank > 0 {
            at += blank;
        } else if rest.starts_with("#[") {
            at = code.partner(at + 1).map_or(range.end, |close| close + 1);
        } else if let Some(name) = rest.strip_prefix('@') {
            let len = name
                .find(|c| !(is_word_char(c) || matches!(c, '.' | ':')))
                .unwrap_or(name.len());
            at += 1 + len;
            at = after_group(code, at);
        } else {
            let word = word_at(rest);
            let is_case = word == "case"
                && ["class", "object"].contains(&word_at(rest[word.len()..].trim_start()));
            // Elsewhere it names the package of the file.
            let is_package = word == "package" && code.language.id() != "swift";
            if !(MODIFIERS.contains(&word) || is_case) || is_package {
                break;
            }
            // `private(set)` is about something else than reading.
            let end = after_group(code, at + word.len());
            let is_about_all = end == at + word.len() || text[at..end].ends_with(']');
            is_private |= matches!(word, "private" | "fileprivate" | "local") && is_about_all;
            start.get_or_insert(at);
            at = end;
        }
    }
    (start.unwrap_or(at), at, is_private)
}

/// Behind the brackets that begin at `at`, if they do.
fn after_group(code: &Code, at: usize) -> usize {
    match code.code.as_bytes().get(at) {
        Some(b'(' | b'[') => code.partner(at).map_or(at, |close| close + 1),
        _ => at,
    }
}

impl<'a> Head<'a> {
    pub fn of(code: &Code<'a>, statement: &Statement) -> Self {
        let end = statement.head_end;
        let (start, mut at, is_private) = prefix(code, statement.start..end);
        let source = |range: Range<usize>| code.of(range);
        let first = at;
        let mut head = Head {
            declares: None,
            name: "",
            qualifier: None,
            word: word_at(source(at..end)),
            start,
            is_private,
        };
        // `enum class`, `fun interface`, `const val`, `class func`: the last one counts.
        loop {
            let word = word_at(source(at..end));
            let rest = source(at + word.len()..end);
            let Some(found) = declares(word).filter(|_| {
                rest.starts_with(char::is_whitespace) || rest.is_empty() && word == "object"
            }) else {
                break;
            };
            head.declares = Some(found);
            at += word.len() + (rest.len() - rest.trim_start().len());
        }
        if head.declares.is_some() {
            head.named(code, at, end);
        } else {
            head.undeclared(code, statement, first..end);
        }
        head
    }

    /// The name behind the keyword at `at`, without type parameters and without the receiver.
    fn named(&mut self, code: &Code<'a>, mut at: usize, end: usize) {
        let is_ruby = code.language.id() == "ruby" && self.declares == Some(Declares::Function);
        let rest = code.of(at..end);
        at += rest.len() - rest.trim_start_matches(['&', ' ']).len();
        at = after_angles(code, at, end);
        loop {
            let rest = code.of(at..end);
            let quoted = rest.strip_prefix('`').and_then(|rest| rest.split_once('`'));
            let (word, len) = match quoted {
                Some((quoted, _)) => (quoted, quoted.len() + 2),
                None => (word_at(rest), word_at(rest).len()),
            };
            if word.is_empty() {
                break;
            }
            self.qualifier = Some(self.name).filter(|name| !name.is_empty() && *name != "self");
            self.name = word;
            if is_ruby && rest[len..].starts_with(['?', '!']) {
                self.name = &rest[..len + 1];
            }
            at = after_angles(code, at + len, end);
            let rest = code.of(at..end);
            let separators = match code.language.id() {
                "lua" => &[".", ":"][..],
                _ => &["?.", "::", "."],
            };
            let separator = separators.iter().find(|each| rest.starts_with(**each));
            let Some(separator) = separator else {
                break;
            };
            at += separator.len();
        }
    }

    /// Declarations without a keyword: initializers, constants of Ruby, methods as in C.
    fn undeclared(&mut self, code: &Code<'a>, statement: &Statement, range: Range<usize>) {
        let rest = code.of(range.start + self.word.len()..range.end);
        let language = code.language.id();
        let is_initializer = match self.word {
            "init" => rest.starts_with(['(', '?', '!', '<']),
            "constructor" => rest.starts_with('('),
            _ => false,
        };
        if is_initializer {
            self.declares = Some(Declares::Function);
            self.name = self.word;
        } else if language == "ruby" {
            let is_constant = self.word.starts_with(char::is_uppercase)
                && rest.trim_start().starts_with('=')
                && statement.value.is_some();
            if is_constant {
                self.declares = Some(Declares::Constant);
                self.name = self.word;
            }
        } else if matches!(language, "dart" | "groovy") && !CONTROL.contains(&self.word) {
            let head = code.code.get(range.clone()).unwrap_or_default();
            let before = head.find('(').map_or("", |open| head[..open].trim_end());
            let name = before
                .rfind(|c| !is_identifier_char(c))
                .map_or(before, |at| &before[at..])
                .trim_start_matches(|c| !is_identifier_char(c));
            // With a type before it: `void run(`. Constructors have none, and calls neither.
            let is_method = !name.is_empty()
                && statement.value.is_none()
                && (statement.body.is_some() || before.contains(char::is_whitespace));
            if is_method {
                let at = range.start + before.len() - name.len();
                self.declares = Some(Declares::Function);
                self.name = code.of(at..at + name.len());
            }
        }
    }
}

fn word_at(text: &str) -> &str {
    let end = text.find(|c| !is_identifier_char(c)).unwrap_or(text.len());
    &text[..end]
}

/// Behind the type parameters that begin at `at`, if they do, and blanks.
fn after_angles(code: &Code, at: usize, end: usize) -> usize {
    let rest = code.of(at..end);
    if !rest.starts_with('<') || rest.starts_with("<<") {
        return at;
    }
    let mut depth = 0;
    for (index, c) in rest.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let behind = &rest[index + 1..];
            return at + index + 1 + (behind.len() - behind.trim_start().len());
        }
    }
    at
}
