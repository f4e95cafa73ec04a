//! The layout of a fill-in-the-middle prompt, made for typing.
//!
//! Everybody else sends `PREFIX before-cursor SUFFIX after-cursor MIDDLE`: each typed character moves the suffix, so the whole
//! of it is evaluated again at every keystroke. Here the text before the cursor is split at an *anchor* some lines back:
//!
//! ```text
//! PREFIX p0 SUFFIX suffix MIDDLE p1        p0: window start .. anchor      p1: anchor .. cursor
//! ```
//!
//! Typing then only appends to the sequence, and what was evaluated stays valid bit for bit. The model does not mind: it
//! does better, because it continues text rather than starts from nothing. `server/docs/layout.md` has the measurements.

use std::ops::Range;

use grammars::Notation;
use ropey::Rope;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Prompt, Segment, Special, words::split_last_word};
use crate::context::privacy;

/// How much of a document a prompt holds, in bytes, and where the anchor goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// At most so much before the cursor.
    pub prefix_bytes: usize,
    /// At most so much after the cursor.
    pub suffix_bytes: usize,
    /// The anchor moves when more than this lies between it and the cursor.
    pub middle_bytes: usize,
    pub anchor: AnchorPlace,
}

/// Where a new anchor goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorPlace {
    /// At the cursor, and nothing healed: the layout of llama-server's `/infill`, to compare with.
    Cursor,
    /// At the beginning of a line; 0 is the cursor's own.
    LinesBack(usize),
    /// At the beginning of the window: p0 is empty.
    WindowStart,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            prefix_bytes: 2048,
            suffix_bytes: 768,
            middle_bytes: 1536,
            anchor: AnchorPlace::LinesBack(8),
        }
    }
}

/// Where a file stands, with real names, as the model has seen them in training.
#[derive(Debug, Clone, Copy)]
pub struct FilePlace<'a> {
    pub project: &'a str,
    /// Relative to the project.
    pub path: &'a str,
    /// What the model reads before the file, the least likely to change first.
    pub context: &'a [ContextFile],
}

/// What the model is shown of another file, or of another part of this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextFile {
    /// Relative to the project.
    pub path: String,
    /// Without a line feed at the end.
    pub text: String,
}

/// Windows begin at multiples of this many lines: a window that slid by one line with the cursor would share nothing with
/// the one before.
const GRID_LINES: usize = 16;

/// What of a document the model sees, apart from the text between anchor and cursor. Stays while typing goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Byte offset of the window.
    start: usize,
    /// The text from there to the anchor.
    before: String,
    /// The text after the cursor.
    after: String,
    /// `after` reaches to the end of the document.
    to_end: bool,
    /// `before` and `after` without the secret values in them.
    shown_before: String,
    shown_after: String,
}

impl Anchor {
    /// A new anchor for a cursor at byte `cursor`.
    pub fn place(text: &Rope, cursor: usize, layout: &Layout, notation: Notation) -> Self {
        let window = window(text, cursor, layout);
        let at = match layout.anchor {
            AnchorPlace::Cursor => cursor,
            AnchorPlace::WindowStart => window.start,
            AnchorPlace::LinesBack(lines) => {
                let line = text.byte_to_line(cursor).saturating_sub(lines);
                // Half of the room is left for what will be typed.
                let earliest = floor_char(text, cursor.saturating_sub(layout.middle_bytes / 2));
                let at = text.line_to_byte(line).max(window.start);
                if at < earliest {
                    line_start_from(text, earliest, cursor)
                } else {
                    at
                }
            }
        };
        Self {
            start: window.start,
            before: text.byte_slice(window.start..at).to_string(),
            after: text.byte_slice(cursor..window.end).to_string(),
            to_end: window.end == text.len_bytes(),
            shown_before: privacy::shown(text, window.start..at, notation),
            shown_after: privacy::shown(text, cursor..window.end, notation),
        }
    }

    /// Whether the text around the cursor is still what this anchor says, so that only the middle has changed.
    ///
    /// Brackets and quotes that the editor has closed behind the cursor are passed over: they are in the answer sooner or later, and a
    /// suffix that changed with each of them would be evaluated each time.
    pub fn holds(&self, text: &Rope, cursor: usize, layout: &Layout) -> bool {
        let at = self.at();
        if at > cursor {
            return false;
        }
        let next: String = text
            .byte_slice(cursor..)
            .chars()
            .take(MAX_CLOSERS)
            .collect();
        let reaches = |range: Range<usize>, expected: &str| {
            text.get_byte_slice(range)
                .is_some_and(|slice| slice == expected)
        };
        cursor - at <= layout.middle_bytes
            && reaches(self.start..at, &self.before)
            && closers(&next).any(|skipped| {
                let end = cursor + skipped + self.after.len();
                reaches(cursor + skipped..end, &self.after)
                    // Or else the model would not see what was added behind the end.
                    && self.to_end == (end == text.len_bytes())
            })
    }

    /// What it takes to find this anchor again in the same text.
    pub fn record(&self) -> AnchorRecord {
        AnchorRecord {
            start: self.start,
            at: self.at(),
            after_bytes: self.after.len(),
            to_end: self.to_end,
            digest: digest(&self.before, &self.after),
        }
    }

    /// Byte offset of the anchor.
    pub fn at(&self) -> usize {
        self.start + self.before.len()
    }

    /// The bytes of the document that a prompt with this anchor shows, for a cursor at `cursor`.
    pub fn window(&self, cursor: usize) -> Range<usize> {
        self.start..cursor + self.after.len()
    }

    /// The text after the cursor, as far as the prompt shows it.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// The prompt of a file, with `middle` between the anchor and the cursor, as [`privacy::shown`] gives it. Whatever else is given, names of files
    /// and what is no text of the document yet, has no secret values in the prompt either.
    pub fn prompt(&self, place: FilePlace, middle: &str, layout: &Layout) -> Prompt {
        let shown = |text: &str| Segment::Text(with_line_feeds(text));
        let text = |text: &str| shown(&privacy::without_secrets(text, Notation::Code));
        let middle = with_line_feeds(&privacy::without_secrets(middle, Notation::Code));
        let (stable, healed) = match layout.anchor {
            AnchorPlace::Cursor => (middle.as_str(), ""),
            _ => split_last_word(&middle),
        };
        let mut segments = vec![
            Segment::Special(Special::RepoName),
            text(&format!("{}\n", place.project)),
        ];
        for file in place.context {
            segments.extend([
                Segment::Special(Special::FileSep),
                text(&format!("{}\n{}\n", file.path, file.text)),
            ]);
        }
        segments.extend([
            Segment::Special(Special::FileSep),
            text(&format!("{}\n", place.path)),
            Segment::Special(Special::FimPrefix),
            shown(&self.shown_before),
            Segment::Special(Special::FimSuffix),
            shown(&self.shown_after),
            Segment::Special(Special::FimMiddle),
            shown(stable),
        ]);
        Prompt {
            segments,
            healed: healed.to_owned(),
            avoided: Vec::new(),
        }
    }
}

/// An [`Anchor`] without the text: it may be kept where the text may not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnchorRecord {
    start: usize,
    at: usize,
    after_bytes: usize,
    to_end: bool,
    digest: [u8; 32],
}

impl AnchorRecord {
    /// The anchor, if the text around `cursor` is what it was.
    pub fn find(&self, text: &Rope, cursor: usize, notation: Notation) -> Option<Anchor> {
        let slice = |range: Range<usize>| text.get_byte_slice(range).map(|slice| slice.to_string());
        if self.start > self.at || self.at > cursor {
            return None;
        }
        let before = slice(self.start..self.at)?;
        let following: String = text
            .get_byte_slice(cursor..)?
            .chars()
            .take(MAX_CLOSERS)
            .collect();
        closers(&following).find_map(|skipped| {
            let from = cursor + skipped;
            let end = from.checked_add(self.after_bytes)?;
            let after = slice(from..end)?;
            let is_same =
                digest(&before, &after) == self.digest && self.to_end == (end == text.len_bytes());
            is_same.then(|| Anchor {
                start: self.start,
                shown_before: privacy::shown(text, self.start..self.at, notation),
                shown_after: privacy::shown(text, from..end, notation),
                before: before.clone(),
                after,
                to_end: self.to_end,
            })
        })
    }
}

fn digest(before: &str, after: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(before);
    // A byte that is in no text.
    digest.update([0xff]);
    digest.update(after);
    digest.finalize().into()
}

/// The text with lines ended as the model knows them best, and as all texts that are compared with its own have to be.
pub fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// Characters that an editor may have closed behind the cursor by itself, at most.
const MAX_CLOSERS: usize = 6;

/// How many bytes of `after`, the text behind the cursor, may be closing brackets and quotes that the editor has put there: 0, then
/// one more character each time.
pub fn closers(after: &str) -> impl Iterator<Item = usize> {
    let closing = after
        .chars()
        .take(MAX_CLOSERS)
        .take_while(|c| matches!(c, ')' | ']' | '}' | '>' | '"' | '\'' | '`'));
    // All of them are one byte long.
    0..=closing.count()
}

/// The part of the document that a prompt shows: whole lines, unless the lines are longer than the window.
fn window(text: &Rope, cursor: usize, layout: &Layout) -> Range<usize> {
    let earliest = floor_char(text, cursor.saturating_sub(layout.prefix_bytes));
    let latest = floor_char(text, (cursor + layout.suffix_bytes).min(text.len_bytes()));

    let cursor_line = text.byte_to_line(cursor);
    let first_whole = if earliest == 0 {
        0
    } else {
        text.byte_to_line(earliest) + 1
    };
    let on_grid = first_whole.next_multiple_of(GRID_LINES);
    let start = if on_grid <= cursor_line {
        text.line_to_byte(on_grid)
    } else {
        line_start_from(text, earliest, cursor)
    };

    let last_line = text.byte_to_line(latest);
    let end = if latest == text.len_bytes() || last_line == cursor_line {
        latest
    } else {
        text.line_to_byte(last_line)
    };
    start..end
}

/// The first beginning of a line in `from..=to`; `from` itself if there is none.
fn line_start_from(text: &Rope, from: usize, to: usize) -> usize {
    let line = text.byte_to_line(from);
    [line, line + 1]
        .into_iter()
        .filter(|line| *line < text.len_lines())
        .map(|line| text.line_to_byte(line))
        .find(|start| (from..=to).contains(start))
        .unwrap_or(from)
}

/// The greatest character boundary that is not after `byte`.
pub fn floor_char(text: &Rope, byte: usize) -> usize {
    text.char_to_byte(text.byte_to_char(byte.min(text.len_bytes())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text without its `$0`, and where that was.
    fn at_cursor(marked: &str) -> (Rope, usize) {
        let cursor = marked.find("$0").expect("the text has a cursor");
        (Rope::from_str(&marked.replacen("$0", "", 1)), cursor)
    }

    fn numbered(lines: Range<usize>) -> String {
        lines.map(|line| format!("line {line}\n")).collect()
    }

    #[test]
    fn typing_changes_only_the_middle() {
        let (mut text, cursor) = at_cursor(&format!(
            "{}let to$0;\n{}",
            numbered(0..40),
            numbered(41..80)
        ));
        let layout = Layout::default();
        let anchor = Anchor::place(&text, cursor, &layout, Notation::Code);
        text.insert(text.byte_to_char(cursor), "tal = co");
        assert!(anchor.holds(&text, cursor + 8, &layout));
        assert!(!anchor.holds(&text, cursor, &layout), "the suffix changed");
        text.insert(text.byte_to_char(anchor.at() - 1), "x");
        assert!(
            !anchor.holds(&text, cursor + 9, &layout),
            "the text before the anchor changed"
        );
    }

    #[test]
    fn the_window_begins_on_the_grid() {
        let layout = Layout {
            prefix_bytes: 300,
            ..Layout::default()
        };
        let starts: std::collections::BTreeSet<usize> = (100..132)
            .map(|line| {
                let (text, cursor) = at_cursor(&format!("{}$0\n", numbered(0..line)));
                text.byte_to_line(Anchor::place(&text, cursor, &layout, Notation::Code).start)
            })
            .collect();
        assert!(
            starts.len() <= 4 && starts.iter().all(|line| line % GRID_LINES == 0),
            "{starts:?}"
        );
    }

    #[test]
    fn everything_may_stand_behind_the_middle_token() {
        let (text, cursor) = at_cursor("a\nb\nc$0\nd\n");
        let layout = Layout {
            anchor: AnchorPlace::WindowStart,
            ..Layout::default()
        };
        let anchor = Anchor::place(&text, cursor, &layout, Notation::Code);
        assert_eq!((anchor.before.as_str(), anchor.after()), ("", "\nd\n"));
    }

    proptest! {
        #[test]
        fn any_document_has_a_window(text in "[a-z\n\r é日😀]{0,600}", at in 0.0..1.0f64, prefix in 16usize..200, lines in 0usize..10) {
            let rope = Rope::from_str(&text);
            let cursor = floor_char(&rope, (at * text.len() as f64) as usize);
            let layout = Layout {
                prefix_bytes: prefix, suffix_bytes: prefix / 2, middle_bytes: prefix, anchor: AnchorPlace::LinesBack(lines),
            };
            let anchor = Anchor::place(&rope, cursor, &layout, Notation::Code);
            prop_assert!(anchor.at() <= cursor);
            prop_assert!(anchor.holds(&rope, cursor, &layout));
            let window = anchor.window(cursor);
            prop_assert!(window.len() <= prefix + prefix / 2 + 4);
            let shown = format!("{}{}{}", anchor.before, &text[anchor.at()..cursor], anchor.after);
            prop_assert_eq!(shown, &text[window]);
        }
    }
}
