//! What the demo shows on a full screen: a pure function from what is to be seen to the characters and escape sequences that
//! show it. Nothing here writes to a terminal or knows how long anything takes.

use std::ops::Range;

use super::trace::Buffer;

/// What is to be seen.
#[derive(Debug, Clone)]
pub struct View<'a> {
    pub title: &'a str,
    pub buffer: &'a Buffer,
    /// The suggestion, drawn after the cursor.
    pub ghost: &'a str,
    /// Characters that were just accepted.
    pub accepted: Option<Range<usize>>,
    pub status: &'a str,
}

/// Size of the terminal in character cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub rows: usize,
    pub columns: usize,
}

const PLAIN: &str = "\x1b[0m";
const DIM: &str = "\x1b[2m";
const GHOST: &str = "\x1b[2;3m";
const CURSOR: &str = "\x1b[7m";
const ACCEPTED: &str = "\x1b[30;42m";
const TITLE: &str = "\x1b[1m";
const STATUS: &str = "\x1b[7m";

/// Lines for title, a blank below it, and the status.
const FURNITURE: usize = 3;

/// All rows of the screen, drawn over what was there.
pub fn frame(view: &View<'_>, size: Size) -> String {
    let text = &view.buffer.text;
    let cursor_line = text.char_to_line(view.buffer.cursor);
    let height = size.rows.saturating_sub(FURNITURE).max(1);
    let rows = rows(view, cursor_line);
    let first = cursor_line
        .saturating_sub(height / 2)
        .min(rows.len().saturating_sub(height));
    let mut rows = rows.into_iter().skip(first);

    let mut frame = String::from("\x1b[H");
    let mut put = |row: Row, end: &str| {
        frame.push_str(&row.cut_to(size.columns));
        frame.push_str(PLAIN);
        frame.push_str("\x1b[K");
        frame.push_str(end);
    };
    put(Row::default().with(TITLE, view.title), "\r\n\r\n");
    for _ in 0..height {
        put(rows.next().unwrap_or_default(), "\r\n");
    }
    let status = format!("{:<1$}", view.status, size.columns);
    put(Row::default().with(STATUS, &status), "");
    frame
}

/// The document and the further lines of the suggestion, one row each; nothing is wrapped.
fn rows(view: &View<'_>, cursor_line: usize) -> Vec<Row> {
    let text = &view.buffer.text;
    let mut ghost = view
        .ghost
        .split('\n')
        .map(|line| line.trim_end_matches('\r'));
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let start = text.line_to_char(number);
        let line = line.to_string();
        let line = line.trim_end_matches(['\n', '\r']);
        let row = Row::default().with(DIM, &format!("{:>4}  ", number + 1));
        if number != cursor_line {
            rows.push(row.with(PLAIN, line));
            continue;
        }
        let accepted = view.accepted.clone().unwrap_or(0..0);
        let pick = |wanted: fn(usize, &Range<usize>, usize) -> bool| -> String {
            let at = line.chars().zip(start..);
            at.filter(|&(_, at)| wanted(at, &accepted, view.buffer.cursor))
                .map(|(character, _)| character)
                .collect()
        };
        let before = pick(|at, accepted, cursor| at < cursor && at < accepted.start);
        let flashed = pick(|at, accepted, cursor| at < cursor && accepted.contains(&at));
        let typed =
            pick(|at, accepted, cursor| at < cursor && at >= accepted.end && at >= accepted.start);
        let after = pick(|at, _, cursor| at >= cursor);
        let mut behind = ghost.next().unwrap_or_default().chars();
        let mut after = after.chars();
        // The cursor is a block over the character that follows it, as editors draw it, be that ghost or text.
        let under = behind.next().or_else(|| after.next()).unwrap_or(' ');
        rows.push(
            row.with(PLAIN, &before)
                .with(ACCEPTED, &flashed)
                .with(PLAIN, &typed)
                .with(CURSOR, under.encode_utf8(&mut [0; 4]))
                .with(GHOST, behind.as_str())
                .with(PLAIN, after.as_str()),
        );
        rows.extend(
            ghost
                .by_ref()
                .map(|line| Row::default().with(PLAIN, "      ").with(GHOST, line)),
        );
    }
    rows
}

/// Pieces of text, each with its style.
#[derive(Debug, Default)]
struct Row(Vec<(&'static str, String)>);

impl Row {
    fn with(mut self, style: &'static str, text: &str) -> Self {
        if !text.is_empty() {
            self.0.push((style, text.to_owned()));
        }
        self
    }

    /// As much as fits into the columns, with its escape sequences. Control characters of the file are not sent to the
    /// terminal.
    fn cut_to(&self, columns: usize) -> String {
        let mut cut = String::new();
        let mut used = 0;
        for (style, text) in &self.0 {
            cut.push_str(PLAIN);
            cut.push_str(style);
            for character in text.chars() {
                let shown = match character {
                    '\t' => "    ".to_owned(),
                    control if control.is_control() => "\u{fffd}".to_owned(),
                    other => other.to_string(),
                };
                used += console::measure_text_width(&shown);
                if used > columns {
                    return cut;
                }
                cut.push_str(&shown);
            }
        }
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ropey::Rope;

    /// A frame as one reads it: styles as tags, rows as lines.
    fn readable(view: &View<'_>, rows: usize, columns: usize) -> String {
        let mut text = frame(view, Size { rows, columns });
        for (sequence, tag) in [
            ("\x1b[H", ""),
            ("\x1b[0m\x1b[K", ""),
            ("\x1b[0m\x1b[0m", "<plain>"),
            ("\x1b[0m\x1b[2m", "<dim>"),
            ("\x1b[0m\x1b[2;3m", "<ghost>"),
            ("\x1b[0m\x1b[7m", "<block>"),
            ("\x1b[0m\x1b[30;42m", "<accepted>"),
            ("\x1b[0m\x1b[1m", "<title>"),
            ("\r\n", "\n"),
        ] {
            text = text.replace(sequence, tag);
        }
        assert!(!text.contains('\x1b'), "{text:?}");
        text
    }

    #[test]
    fn the_ghost_text_follows_the_cursor_and_the_window_the_cursor() {
        let buffer = Buffer {
            text: Rope::from_str("a\nb\nfor x)\n\tc\x1b[2J\nd\ne\n"),
            cursor: 9,
        };
        let view = View {
            title: "p/a.py",
            buffer: &buffer,
            ghost: " in y:\n    z",
            accepted: None,
            status: "first token 41 ms",
        };
        assert_eq!(
            readable(&view, 8, 20),
            "<title>p/a.py\n\n\
             <dim>   1  <plain>a\n\
             <dim>   2  <plain>b\n\
             <dim>   3  <plain>for x<block> <ghost>in y:<plain>)\n\
             <plain>      <ghost>    z\n\
             <dim>   4  <plain>    c\u{fffd}[2J\n\
             <block>first token 41 ms   "
        );
    }

    #[test]
    fn accepted_text_flashes_and_long_lines_are_cut() {
        let buffer = Buffer {
            text: Rope::from_str("x = 漢字漢字\n"),
            cursor: 8,
        };
        let view = View {
            title: "a",
            buffer: &buffer,
            ghost: "",
            accepted: Some(4..8),
            status: "",
        };
        assert_eq!(
            readable(&view, 4, 13),
            "<title>a\n\n<dim>   1  <plain>x = <accepted>漢\n<block>             "
        );
    }

    #[test]
    fn no_size_is_too_small() {
        let buffer = Buffer {
            text: Rope::from_str(""),
            cursor: 0,
        };
        let view = View {
            title: "a",
            buffer: &buffer,
            ghost: "b",
            accepted: None,
            status: "c",
        };
        assert_eq!(readable(&view, 0, 0), "<title>\n\n<dim>\n<block>");
    }
}
