//! Secret values in text that is not secret: tokens, keys and passwords that somebody wrote into his code.
//!
//! Of a line with a secret the value alone is replaced: the line still says what the code does, lines keep their numbers, and what
//! else the model is shown stays the same while the user types elsewhere. What counts follows from the line (and from the `BEGIN` line
//! of a key block above it), so the same text is masked in the same way in every prompt.

use std::{borrow::Cow, ops::Range};

use ropey::Rope;

use crate::prompt::layout::floor_char;

mod random;
mod tokens;

/// What stands in the place of a secret value: short, the same for all, and nothing that a model would go on from.
pub const PLACEHOLDER: &str = "***";

/// A key block is recognised by its `BEGIN` line up to so far above: an RSA key of 8192 bits has 6400 bytes.
const LOOK_BEHIND_BYTES: usize = 8 * 1024;

/// How far a value is looked at beyond the end of what is shown.
const LOOK_AHEAD_BYTES: usize = 1024;

/// The text with a [`PLACEHOLDER`] for each secret value in it.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    let secrets = secrets(text, 0);
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(replaced(text, 0..text.len(), &secrets))
}

/// The text of `range` (bytes, on character boundaries) as a model may see it. Values that begin before or end behind it are
/// recognised as wholes, and none of their parts is shown.
pub fn shown(text: &Rope, range: Range<usize>) -> String {
    let start = floor_char(text, range.start.saturating_sub(LOOK_BEHIND_BYTES));
    let end = floor_char(text, range.end.saturating_add(LOOK_AHEAD_BYTES)).max(range.end);
    let around = text.byte_slice(start..end).to_string();
    shown_of(&around, range.start - start..range.end - start)
}

/// [`shown`] of a text in one piece.
pub fn shown_in(text: &str, range: Range<usize>) -> String {
    let boundary = |from: usize| (from.min(text.len())..).find(|&at| text.is_char_boundary(at));
    let start = boundary(range.start.saturating_sub(LOOK_BEHIND_BYTES)).unwrap_or_default();
    let end = boundary(range.end.saturating_add(LOOK_AHEAD_BYTES)).unwrap_or(range.end);
    let around = &text[start..end];
    shown_of(around, range.start - start..range.end - start)
}

fn shown_of(around: &str, range: Range<usize>) -> String {
    let secrets = secrets(around, range.start);
    replaced(around, range, &secrets)
}

/// `range` of the text, with a placeholder for what `secrets` (in order, apart) have in it.
fn replaced(text: &str, range: Range<usize>, secrets: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(range.len());
    let mut at = range.start;
    for secret in secrets {
        let (start, end) = (secret.start.max(at), secret.end.min(range.end));
        if start < end {
            shown.push_str(&text[at..start]);
            shown.push_str(PLACEHOLDER);
            // A block of several lines keeps them.
            shown.extend(text[start..end].chars().filter(|&c| c == '\n'));
            at = end;
        }
    }
    shown.push_str(&text[at..range.end]);
    shown
}

/// The bytes of each secret value that ends behind `from`, in order; none touch.
fn secrets(text: &str, from: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut block_until = 0;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let offset = start;
        start += line.len();
        if offset < block_until {
            continue;
        }
        if let Some(block) = key_block(text, offset, line) {
            block_until = block.end;
            found.push(block);
            continue;
        }
        if start <= from {
            continue;
        }
        let mut of_line = tokens::passwords(line);
        if has_long_run(line) {
            of_line.extend(tokens::known(line));
            of_line.extend(random::values(line));
        }
        of_line.sort_by_key(|secret| (secret.start, secret.end));
        for secret in of_line {
            let secret = offset + secret.start..offset + secret.end;
            match found.last_mut() {
                Some(last) if secret.start <= last.end => last.end = last.end.max(secret.end),
                _ => found.push(secret),
            }
        }
    }
    found
}

/// Something without blanks in it is as long as the shortest token. Most lines of code have nothing of the kind.
fn has_long_run(line: &str) -> bool {
    line.split(|c: char| !c.is_ascii_graphic())
        .any(|run| run.len() >= tokens::MIN_TOKEN_BYTES)
}

/// The content of a private key whose `BEGIN` stands in `line`, at `offset` in the text: to its `END`, else to the last line that looks
/// like a part of it.
fn key_block(text: &str, offset: usize, line: &str) -> Option<Range<usize>> {
    let begin = line.find("-----BEGIN ")?;
    let head = line[begin..].find("PRIVATE KEY")? + begin;
    let start = offset + head + line[head..].find("-----")? + "-----".len();
    let rest = &text[start..];
    if let Some(end) = rest
        .find("-----END ")
        .filter(|&end| end < LOOK_BEHIND_BYTES)
    {
        return Some(start..start + end);
    }
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        let is_body = end == 0
            || line.trim().contains(": ")
            || !line.trim().contains(|c: char| c.is_whitespace());
        if !is_body || end > LOOK_BEHIND_BYTES {
            break;
        }
        end += line.len();
    }
    let body = rest[..end].trim_end();
    (!body.is_empty()).then(|| start..start + body.len())
}

#[cfg(test)]
mod tests;
