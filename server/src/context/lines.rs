//! Lines of a text: what a change does to them, and how they read. Lines count from 1, as in [`Piece::lines`](super::Piece).

use std::ops::{Range, RangeInclusive};

use ropey::Rope;
use tower_lsp::gen_lsp_types::TextDocumentContentChangeEvent;

/// A replacement of lines. It only counts them, so it is cheap, and places past the end of the text do no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineChange {
    /// The first line that was touched.
    pub first: u32,
    /// The last one, as counted before the change.
    pub old_last: u32,
    /// The last one, as counted after it.
    pub new_last: u32,
}

impl LineChange {
    /// The lines as they are counted after the change.
    pub fn lines(&self) -> RangeInclusive<u32> {
        self.first..=self.new_last
    }

    /// Where `lines` are after the change. Lines that it touched have become all the lines it made.
    pub fn moved(&self, lines: &RangeInclusive<u32>) -> RangeInclusive<u32> {
        let below = |line: u32| (line - self.old_last).saturating_add(self.new_last);
        if *lines.end() < self.first {
            lines.clone()
        } else if *lines.start() > self.old_last {
            below(*lines.start())..=below(*lines.end())
        } else {
            let end = below((*lines.end()).max(self.old_last));
            (*lines.start()).min(self.first)..=end
        }
    }
}

/// What the changes of one `textDocument/didChange` do to the lines, in their order. Changes of ranges are counted without a look at the text;
/// where the client sent all of it, `before` and `after` are compared.
pub fn line_changes(
    changes: &[TextDocumentContentChangeEvent],
    before: &Rope,
    after: &Rope,
) -> Vec<LineChange> {
    let counted: Option<Vec<LineChange>> = changes.iter().map(counted).collect();
    counted.unwrap_or_else(|| compared(before, after).into_iter().collect())
}

fn counted(change: &TextDocumentContentChangeEvent) -> Option<LineChange> {
    let TextDocumentContentChangeEvent::TextDocumentContentChangePartial(partial) = change else {
        return None;
    };
    let (start, end) = (partial.range.start.line, partial.range.end.line);
    let first = start.min(end).saturating_add(1);
    Some(LineChange {
        first,
        old_last: start.max(end).saturating_add(1),
        new_last: first.saturating_add(line_breaks(&partial.text)),
    })
}

/// LF, CRLF and CR, as in the rope.
fn line_breaks(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let breaks = (0..bytes.len())
        .filter(|&at| match bytes[at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        })
        .count();
    u32::try_from(breaks).unwrap_or(u32::MAX)
}

/// From the first to the last line that differs; `None` if none does.
fn compared(before: &Rope, after: &Rope) -> Option<LineChange> {
    let (old, new) = (before.len_lines(), after.len_lines());
    let shorter = old.min(new);
    let head = before
        .lines()
        .zip(after.lines())
        .take_while(|(old, new)| old == new)
        .count();
    if head == old && head == new {
        return None;
    }
    let mut tail = before
        .lines_at(old)
        .reversed()
        .zip(after.lines_at(new).reversed())
        .take(shorter - head)
        .take_while(|(old, new)| old == new)
        .count();
    // A change touches a line on both sides: what was inserted or removed as a whole goes with the line behind it.
    if shorter - tail == head {
        tail = tail.saturating_sub(1);
    }
    Some(LineChange {
        first: number(head),
        old_last: number(old - tail - 1),
        new_last: number(new - tail - 1),
    })
}

/// The lines of a rope that hold `bytes`; a range that ends at a line's start does not hold that line.
pub fn lines_of(rope: &Rope, bytes: &Range<usize>) -> RangeInclusive<u32> {
    let line_of = |byte: usize| number(rope.byte_to_line(byte.min(rope.len_bytes())));
    let start = line_of(bytes.start);
    start..=line_of(bytes.end.saturating_sub(1)).max(start)
}

/// The text of whole lines, line ends as LF, without one at the end. Lines that the rope does not have are left out.
pub fn text_of(rope: &Rope, lines: &RangeInclusive<u32>) -> String {
    let mut text = String::new();
    for line in lines.clone() {
        let Some(line) = line_at(rope, line) else {
            break;
        };
        text += &line;
        text.push('\n');
    }
    text.pop();
    text
}

/// A line without its end.
pub fn line_at(rope: &Rope, line: u32) -> Option<String> {
    let line = rope.get_line((line as usize).checked_sub(1)?)?;
    let mut text = String::from(line);
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    Some(text)
}

/// The number of the last line.
pub fn last_line(rope: &Rope) -> u32 {
    number(rope.len_lines().saturating_sub(1))
}

/// Whether the ranges have a line in common.
pub fn overlap(a: &RangeInclusive<u32>, b: &RangeInclusive<u32>) -> bool {
    a.start() <= b.end() && b.start() <= a.end()
}

/// From the index of a line to its number.
fn number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tower_lsp::gen_lsp_types::{
        Position, Range as LspRange, TextDocumentContentChangePartial,
        TextDocumentContentChangeWholeDocument,
    };

    use super::*;

    fn partial(start: (u32, u32), end: (u32, u32), text: &str) -> TextDocumentContentChangeEvent {
        let range = LspRange::new(Position::new(start.0, start.1), Position::new(end.0, end.1));
        TextDocumentContentChangeEvent::TextDocumentContentChangePartial(
            TextDocumentContentChangePartial::new(range, None, text.to_owned()),
        )
    }

    #[test]
    fn places_move_with_the_lines_above_them_and_grow_with_their_own() {
        let change = LineChange {
            first: 5,
            old_last: 6,
            new_last: 8,
        };
        for (before, after) in [
            (1..=4, 1..=4),
            (7..=9, 9..=11),
            (6..=6, 5..=8),
            (4..=10, 4..=12),
            (2..=5, 2..=8),
        ] {
            assert_eq!(change.moved(&before), after, "{before:?}");
        }
        let removal = LineChange {
            first: 2,
            old_last: 9,
            new_last: 2,
        };
        assert_eq!(removal.moved(&(10..=11)), 3..=4);
    }

    #[test]
    fn every_kind_of_line_break_counts_once() {
        let changes = [partial((3, 1), (2, 0), "a\r\nb\rc\n")];
        let rope = Rope::new();
        assert_eq!(
            line_changes(&changes, &rope, &rope),
            [LineChange {
                first: 3,
                old_last: 4,
                new_last: 6
            }]
        );
    }

    #[test]
    fn bytes_at_the_start_of_a_line_do_not_hold_it() {
        let rope = Rope::from_str("one\ntwo\nthree");
        assert_eq!(lines_of(&rope, &(0..4)), 1..=1);
        assert_eq!(lines_of(&rope, &(0..5)), 1..=2);
        assert_eq!(lines_of(&rope, &(4..4)), 2..=2);
        assert_eq!(lines_of(&rope, &(0..99)), 1..=3);
        assert_eq!(text_of(&Rope::from_str("a\r\nb\r\n"), &(1..=9)), "a\nb\n");
    }

    proptest! {
        /// A client that sends all of the text is understood as one that sends what differs.
        #[test]
        fn whole_texts_are_compared(head in "(a\n|b\n){0,4}", old in "(c\n|d\n){0,3}", new in "(c\n|d\n){0,3}", tail in "(e\n|f\n){0,4}") {
            let (before, after) = (Rope::from_str(&format!("{head}{old}{tail}")), Rope::from_str(&format!("{head}{new}{tail}")));
            let whole = TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(
                TextDocumentContentChangeWholeDocument { text: String::from(&after) },
            );
            let changes = line_changes(&[whole], &before, &after);
            prop_assert_eq!(changes.is_empty(), old == new);
            for change in changes {
                // What lies around the change is the same text, moved.
                for line in 1..=last_line(&before) {
                    if line < change.first || line > change.old_last {
                        let moved = *change.moved(&(line..=line)).start();
                        prop_assert_eq!(line_at(&before, line), line_at(&after, moved));
                    }
                }
            }
        }
    }
}
