//! Secret values in text that is not secret: tokens, keys and passwords that somebody wrote into his code.
//!
//! Of a line with a secret the value alone is replaced: the line still says what the code does, lines keep their numbers, and what
//! else the model is shown stays the same while the user types elsewhere. What counts follows from the notation of the file, the line,
//! and the lines above that a value can belong to (the `BEGIN` line of a key block, the name of a block of text), so the same text is
//! masked in the same way in every prompt.

use std::{borrow::Cow, ops::Range};

use grammars::Notation;
use ropey::Rope;

use crate::{prompt::layout::floor_char, text::ceil_char_boundary};

mod blocks;
mod extents;
mod labelled;
mod labels;
mod literals;
mod places;
mod random;
mod tokens;

use labelled::Open;

/// What stands in the place of a secret value: short, the same for all, and nothing that a model would go on from.
pub const PLACEHOLDER: &str = "***";

/// A key block is recognised by its `BEGIN` line up to so far above: an RSA key of 8192 bits has 6400 bytes.
const LOOK_BEHIND_BYTES: usize = 8 * 1024;

/// How far a value is looked at beyond the end of what is shown.
const LOOK_AHEAD_BYTES: usize = 1024;

/// The text with a [`PLACEHOLDER`] for each secret value in it.
pub fn without_secrets(text: &str, notation: Notation) -> Cow<'_, str> {
    let secrets = secrets(text, 0, notation);
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(replaced(text, 0..text.len(), &secrets))
}

/// The text of `range` (bytes, on character boundaries) as a model may see it. Values that begin before or end behind it are
/// recognised as wholes, and none of their parts is shown.
pub fn shown(text: &Rope, range: Range<usize>, notation: Notation) -> String {
    let start = floor_char(text, range.start.saturating_sub(LOOK_BEHIND_BYTES));
    let end = floor_char(text, range.end.saturating_add(LOOK_AHEAD_BYTES)).max(range.end);
    let around = text.byte_slice(start..end).to_string();
    shown_of(&around, range.start - start..range.end - start, notation)
}

/// [`shown`] of a text in one piece.
pub fn shown_in(text: &str, range: Range<usize>, notation: Notation) -> String {
    let start = ceil_char_boundary(text, range.start.saturating_sub(LOOK_BEHIND_BYTES));
    let end = ceil_char_boundary(text, range.end.saturating_add(LOOK_AHEAD_BYTES));
    let around = &text[start..end];
    shown_of(around, range.start - start..range.end - start, notation)
}

fn shown_of(around: &str, range: Range<usize>, notation: Notation) -> String {
    let secrets = secrets(around, range.start, notation);
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
fn secrets(text: &str, from: usize, notation: Notation) -> Vec<Range<usize>> {
    let blocks = blocks::keys(text);
    let mut found = blocks.clone();
    let mut blocks = blocks.iter().peekable();
    let mut open = Open::default();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let bytes = start..start + line.len();
        start = bytes.end;
        while blocks.next_if(|block| block.end < bytes.end).is_some() {}
        if blocks
            .peek()
            .is_some_and(|block| block.start <= bytes.start)
        {
            continue;
        }
        let (mut of_line, below) = labelled::values(line, notation, open);
        open = below;
        // Of what stands above what is shown, the values that reach into it are wanted alone.
        if bytes.end <= from {
            continue;
        }
        of_line.extend(places::values(line));
        if has_long_run(line) {
            of_line.extend(tokens::known(line));
            of_line.extend(random::values(line));
        }
        found.extend(
            of_line
                .into_iter()
                .map(|of| bytes.start + of.start..bytes.start + of.end),
        );
    }
    merged(found)
}

/// In order, those that touch as one.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    ranges
}

/// Something without blanks in it is as long as the shortest token. Most lines of code have nothing of the kind.
fn has_long_run(line: &str) -> bool {
    line.split(|c: char| !c.is_ascii_graphic())
        .any(|run| run.len() >= tokens::MIN_TOKEN_BYTES)
}

#[cfg(test)]
mod tests;
