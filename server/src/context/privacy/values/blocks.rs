//! Blocks of lines that hold a private key, known by the line that begins them.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;

use super::{LOOK_BEHIND_BYTES, extents};

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

/// From `start` to `end`, else to the last line that looks like a part of a key.
fn block(text: &str, start: usize, end: &str) -> Option<Range<usize>> {
    let rest = &text[start..];
    let near = rest.len().min(LOOK_BEHIND_BYTES + end.len());
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
