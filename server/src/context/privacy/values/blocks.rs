//! Blocks of lines that hold a private key, known by the line that begins them.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;

use super::{LOOK_BEHIND_BYTES, extents};
use crate::text::floor_char_boundary;

/// How a block begins and ends.
struct Kind {
    begin: &'static str,
    /// The rest of the line holds one of these.
    names: &'static [&'static str],
    head_end: &'static str,
    end: &'static str,
}

const KINDS: &[Kind] = &[
    Kind {
        begin: "-----BEGIN ",
        names: &["PRIVATE KEY", "OpenVPN Static key"],
        head_end: "-----",
        end: "-----END ",
    },
    Kind {
        begin: "---- BEGIN ",
        names: &["PRIVATE KEY"],
        head_end: "----",
        end: "---- END ",
    },
    // PuTTY. The number of lines is the end of the head.
    Kind {
        begin: "Private-Lines:",
        names: &[""],
        head_end: "",
        end: "Private-MAC:",
    },
];

static BEGIN_FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::new(KINDS.iter().map(|kind| kind.begin)).expect("the kinds are few")
});

/// The contents of the private keys in the text, in order; none touch.
pub fn keys(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for hit in BEGIN_FINDER.find_iter(text) {
        if found.last().is_some_and(|block| hit.start() < block.end) {
            continue;
        }
        let kind = &KINDS[hit.pattern().as_usize()];
        let head = extents::until(text, hit.end(), &[]);
        let Some(start) = kind.start(&text[head]) else {
            continue;
        };
        found.extend(block(text, hit.end() + start, kind.end));
    }
    found
}

impl Kind {
    /// Where the key begins behind `begin`, in the rest of its line.
    fn start(&self, line: &str) -> Option<usize> {
        let name = self.names.iter().find_map(|name| line.find(name))?;
        let closed = line[name..].find(self.head_end)?;
        Some(name + closed + self.head_end.len())
    }
}

/// From `start` to `end`, else to the last line that looks like a part of a key. Code that compares a text with the beginning of a block has no
/// key behind it.
fn block(text: &str, start: usize, end: &str) -> Option<Range<usize>> {
    let rest = &text[start..];
    let near = floor_char_boundary(rest, LOOK_BEHIND_BYTES + end.len());
    let mut lines = rest[..near].lines();
    let goes_on = lines
        .next()
        .is_some_and(|line| line.contains(end) || holds_body(line));
    if !goes_on && !lines.find(|line| !is_blank(line)).is_some_and(is_body) {
        return None;
    }
    let found = rest.as_bytes()[..near]
        .windows(end.len())
        .position(|bytes| bytes == end.as_bytes());
    if let Some(len) = found {
        return Some(start..start + len);
    }
    let mut len = 0;
    for line in rest.split_inclusive('\n') {
        let is_body = len == 0
            || line.trim().contains(": ")
            || !line.trim().contains(|c: char| c.is_whitespace());
        if !is_body || len > LOOK_BEHIND_BYTES {
            break;
        }
        len += line.len();
    }
    let body = rest[..len].trim_end();
    (!body.is_empty()).then(|| start..start + body.len())
}

/// Characters of a key in one line with its head, at least. Names are shorter.
const MIN_INLINE: usize = 16;

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

/// Words of code are mostly in one case, keys never are for long.
fn is_mixed(piece: &str) -> bool {
    piece.contains(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '+' | '/'))
}

/// The rest of the head's line has a piece of the key, as in strings with `\\n` for line ends.
fn holds_body(line: &str) -> bool {
    line.split(|c: char| !is_of_key(c))
        .any(|piece| piece.len() >= MIN_INLINE && is_mixed(piece))
}

/// Quotes and signs alone: how a string goes on in the next line.
fn is_blank(line: &&str) -> bool {
    !line.contains(is_of_key)
}

/// The line is a piece of a key, whatever quotes and signs stand around it, or one of its headers (`Proc-Type: 4,ENCRYPTED`).
fn is_body(line: &str) -> bool {
    let line = line.trim_matches(|c: char| !is_of_key(c));
    let line = line.strip_suffix("\\n").unwrap_or(line);
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_header = line.split_once(": ").is_some_and(|(name, _)| is_name(name));
    is_header || line.chars().all(is_of_key) && is_mixed(line)
}
