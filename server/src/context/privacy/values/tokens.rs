//! Tokens that say by their form whose they are. The forms are data: `forms.toml`.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde::Deserialize;

use super::random;

/// Shorter runs without blanks hold no token: the shortest that a form asks for, with its prefix.
pub const MIN_TOKEN_BYTES: usize = 14;

/// A token that is too short for its form was cut, or is being typed: from so many bytes behind the prefix on, if they look random.
const MIN_CUT_BYTES: usize = 16;

/// Too many things begin with a shorter prefix for the beginning of a token to be known by it.
const MIN_TELLING_PREFIX_BYTES: usize = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    forms: Vec<Form>,
}

/// A row of the table; its columns are explained there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who read the table"))]
    pub issuer: String,
    #[serde(default)]
    pub prefixes: Vec<String>,
    #[serde(default)]
    pub before: Shape,
    pub body: Shape,
    #[serde(default)]
    pub near: Vec<String>,
    #[serde(default)]
    weak: bool,
    #[serde(default)]
    pub keep: bool,
}

/// A regular expression of classes with counts and single characters.
#[derive(Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Shape {
    parts: Vec<Part>,
    #[cfg(test)]
    pub expression: String,
}

/// So many bytes of one class.
#[derive(Clone, Copy)]
struct Part {
    /// A bit for each byte of ASCII.
    class: u128,
    min: usize,
    max: usize,
}

/// The forms, and where to look for them.
struct Forms {
    forms: Vec<Form>,
    prefixes: AhoCorasick,
    /// The form of each prefix, in the order of `prefixes`.
    form_of_prefix: Vec<usize>,
    near: AhoCorasick,
    form_of_near: Vec<usize>,
}

/// The table is compiled in and every test reads it: it cannot be malformed in a build that passed them.
static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let Table { forms } =
        toml::from_str(include_str!("forms.toml")).expect("forms.toml is a valid table");
    let finder = |words: fn(&Form) -> &[String], any_case| {
        let of_forms = forms.iter().enumerate();
        let (form_of_word, words): (Vec<usize>, Vec<&String>) = of_forms
            .flat_map(|(n, form)| words(form).iter().map(move |word| (n, word)))
            .unzip();
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(any_case)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words);
        (finder.expect("the words are few"), form_of_word)
    };
    let (prefixes, form_of_prefix) = finder(|form| &form.prefixes, false);
    let (near, form_of_near) = finder(|form| &form.near, true);
    Forms {
        forms,
        prefixes,
        form_of_prefix,
        near,
        form_of_near,
    }
});

/// All forms, for tests.
#[cfg(test)]
pub fn forms() -> &'static [Form] {
    &FORMS.forms
}

/// Tokens of known forms, by their bytes in the line. They may overlap.
pub fn known(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // How far the last token of a form reaches, for those that were found: what begins inside of it is not looked at again, or a
    // line of nothing but prefixes would take a time that grows with its square.
    let mut reach: Vec<(usize, usize)> = Vec::new();
    for hit in FORMS.prefixes.find_overlapping_iter(line) {
        let of = FORMS.form_of_prefix[hit.pattern().as_usize()];
        let before = reach.iter().position(|(form, _)| *form == of);
        if before.is_some_and(|n| hit.start() < reach[n].1) {
            continue;
        }
        if let Some(token) = FORMS.forms[of].token(line, hit.range()) {
            match before {
                Some(n) => reach[n].1 = token.end,
                None => reach.push((of, token.end)),
            }
            found.push(token);
        }
    }
    let mut looked_for = Vec::new();
    for hit in FORMS.near.find_overlapping_iter(line) {
        let of = FORMS.form_of_near[hit.pattern().as_usize()];
        if !looked_for.contains(&of) {
            looked_for.push(of);
            FORMS.forms[of].tokens_behind(line, hit.end(), &mut found);
        }
    }
    found
}

impl Form {
    /// The token whose prefix is at `prefix`.
    fn token(&self, line: &str, prefix: Range<usize>) -> Option<Range<usize>> {
        let bytes = line.as_bytes();
        let telling = &line[prefix.clone()];
        let start = match self.before.parts.first() {
            Some(before) => {
                let run = before.run_back(&bytes[..prefix.start]);
                prefix.start - (run >= before.min).then_some(run)?
            }
            None if begins_word(line, prefix.start) || !starts_as_word(telling) => prefix.start,
            None => return None,
        };
        let shown = if self.keep { prefix.end } else { start };
        let cut = || {
            if self.weak || telling.len() < MIN_TELLING_PREFIX_BYTES {
                return None;
            }
            let run = self.body.any().run(&bytes[prefix.end..]);
            let body = &line[prefix.end..prefix.end + run];
            let is_part = run >= MIN_CUT_BYTES && random::is_random(body);
            is_part.then(|| shown..prefix.end + run)
        };
        let Some(len) = self.body.matched(&bytes[prefix.end..]) else {
            return cut();
        };
        let end = prefix.end + len;
        let more = self.body.last().run(&bytes[end..]);
        let is_whole = more == 0 && !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        // Behind `ghp_` longer ones are tokens too. What only begins with four letters is something else if it is longer.
        if !is_whole && telling.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            return None;
        }
        let is_token = !self.weak || random::may_be_random(&line[prefix.end..end]);
        is_token.then(|| shown..end + more)
    }

    /// Tokens without a prefix behind `from`, where a word stands that says whose they are.
    fn tokens_behind(&self, line: &str, from: usize, found: &mut Vec<Range<usize>>) {
        let bytes = line.as_bytes();
        let any = self.body.any();
        let mut at = from;
        while at < bytes.len() {
            let run = any.run(&bytes[at..]);
            let token = at..at + run;
            let is_token = begins_word(line, at)
                && self.body.matched(&bytes[at..]) == Some(run)
                && !bytes.get(token.end).is_some_and(u8::is_ascii_alphanumeric)
                && random::may_be_random(&line[token.clone()]);
            if is_token {
                found.push(token);
            }
            at += run.max(1);
        }
    }
}

impl Shape {
    /// How many bytes at the beginning have this form; the longest for each part, never gone back.
    fn matched(&self, bytes: &[u8]) -> Option<usize> {
        self.parts.iter().try_fold(0, |at, part| {
            let run = part.run(&bytes[at..]);
            (run >= part.min).then(|| at + run)
        })
    }

    /// Any number of bytes that may stand in it anywhere.
    fn any(&self) -> Part {
        Part {
            class: self.parts.iter().fold(0, |all, part| all | part.class),
            min: 0,
            max: usize::MAX,
        }
    }

    /// What its last part would go on with.
    fn last(&self) -> Part {
        let class = self.parts.last().map_or(0, |part| part.class);
        Part {
            class,
            ..Shape::any(self)
        }
    }
}

impl Part {
    fn has(&self, byte: u8) -> bool {
        byte.is_ascii() && self.class >> byte & 1 == 1
    }

    fn run(&self, bytes: &[u8]) -> usize {
        let run = bytes.iter().take(self.max);
        run.take_while(|&&byte| self.has(byte)).count()
    }

    /// [`Part::run`] at the end.
    fn run_back(&self, bytes: &[u8]) -> usize {
        let run = bytes.iter().rev().take(self.max);
        run.take_while(|&&byte| self.has(byte)).count()
    }
}

impl TryFrom<String> for Shape {
    type Error = String;

    fn try_from(expression: String) -> Result<Self, String> {
        let unreadable = || format!("`{expression}` is no form");
        let mut parts = Vec::new();
        let mut rest = expression.as_str();
        while let Some(first) = rest.chars().next() {
            let class = match rest.strip_prefix('[') {
                Some(class) => {
                    let (class, after) = class.split_once(']').ok_or_else(unreadable)?;
                    rest = after;
                    class_of(class.as_bytes())
                }
                None => {
                    rest = &rest[first.len_utf8()..];
                    1 << u32::from(first).min(127)
                }
            };
            let (min, max) = match rest.strip_prefix('{') {
                Some(counts) => {
                    let (counts, after) = counts.split_once('}').ok_or_else(unreadable)?;
                    rest = after;
                    let (min, max) = counts.split_once(',').unwrap_or((counts, counts));
                    let number = |text: &str| text.parse().map_err(|_| unreadable());
                    let max = if max.is_empty() {
                        usize::MAX
                    } else {
                        number(max)?
                    };
                    (number(min)?, max)
                }
                None => (1, 1),
            };
            parts.push(Part { class, min, max });
        }
        Ok(Self {
            parts,
            #[cfg(test)]
            expression,
        })
    }
}

/// The bytes of `A-Za-z_-`: ranges and single ones.
fn class_of(class: &[u8]) -> u128 {
    let mut bits = 0;
    let mut at = 0;
    while at < class.len() {
        let is_range = class.get(at + 1) == Some(&b'-') && at + 2 < class.len();
        let last = at + if is_range { 2 } else { 0 };
        for byte in class[at]..=class[last] {
            bits |= 1 << byte.min(127);
        }
        at = last + 1;
    }
    bits
}

fn starts_as_word(prefix: &str) -> bool {
    prefix.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Nothing before `at` belongs to the same word: an escape (`\n`, `%20`) does not.
pub fn begins_word(line: &str, at: usize) -> bool {
    let before = &line.as_bytes()[..at];
    match before {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => true,
        [.., last] => !last.is_ascii_alphanumeric(),
        [] => true,
    }
}
