//! Recorded typing: JSON lines, the first with the text and the place of the cursor, then one event a line. Offsets count
//! Unicode code points. Once read, a trace is known to fit its text: replaying it cannot fail.

use std::time::Duration;

use ropey::Rope;
use serde::Deserialize;

/// Why a file is not a trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("The trace is empty.")]
    Empty,
    #[error("Line {line} of the trace is not what a trace has there: {error}.")]
    Line {
        line: usize,
        error: serde_json::Error,
    },
    #[error("The cursor of the trace starts outside its text.")]
    Cursor,
    #[error("Line {line} of the trace changes text that is not there.")]
    Outside { line: usize },
    #[error("Line {line} of the trace is earlier than the line before it.")]
    Backwards { line: usize },
}

/// What stands in the first line; other members are for other readers.
#[derive(Debug, Deserialize)]
struct Header {
    repo: String,
    path: String,
    text: String,
    cursor: usize,
}

#[derive(Debug, Clone, Deserialize)]
struct Event {
    t: u64,
    #[serde(flatten)]
    change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Change {
    Insert { at: usize, text: String },
    Delete { at: usize, len: usize },
    Move { to: usize },
}

/// Text with a cursor, both counted in characters.
#[derive(Debug, Clone)]
pub struct Buffer {
    pub text: Rope,
    pub cursor: usize,
}

impl Buffer {
    /// Whether the change fits the text; one that does not changes nothing.
    pub fn apply(&mut self, change: &Change) -> bool {
        let length = self.text.len_chars();
        match *change {
            Change::Insert { at, ref text } if at <= length => {
                self.text.insert(at, text);
                self.cursor = at + text.chars().count();
            }
            Change::Delete { at, len } if len <= length && at <= length - len => {
                self.text.remove(at..at + len);
                self.cursor = at;
            }
            Change::Move { to } if to <= length => self.cursor = to,
            _ => return false,
        }
        true
    }

    /// What stands before the cursor on its line.
    pub fn line_before_cursor(&self) -> String {
        let start = self.text.line_to_char(self.text.char_to_line(self.cursor));
        self.text.slice(start..self.cursor).to_string()
    }
}

/// One recording.
#[derive(Debug)]
pub struct Trace {
    /// Name of the project, which is its folder's name.
    pub project: String,
    /// Of the file within the project.
    pub path: String,
    pub start: Buffer,
    /// The time since the event before, and what happens.
    pub events: Vec<(Duration, Change)>,
}

impl Trace {
    pub fn parse(text: &str) -> Result<Self, TraceError> {
        let mut lines = text.lines().enumerate().map(|(at, text)| (at + 1, text));
        let (line, first) = lines.next().ok_or(TraceError::Empty)?;
        let header: Header =
            serde_json::from_str(first).map_err(|error| TraceError::Line { line, error })?;
        let start = Buffer {
            text: Rope::from_str(&header.text),
            cursor: header.cursor,
        };
        if start.cursor > start.text.len_chars() {
            return Err(TraceError::Cursor);
        }
        let mut buffer = start.clone();
        let mut before = 0;
        let mut events = Vec::new();
        for (line, text) in lines {
            let Event { t, change } =
                serde_json::from_str(text).map_err(|error| TraceError::Line { line, error })?;
            if !buffer.apply(&change) {
                return Err(TraceError::Outside { line });
            }
            let gap = t
                .checked_sub(before)
                .ok_or(TraceError::Backwards { line })?;
            before = t;
            events.push((Duration::from_millis(gap), change));
        }
        Ok(Self {
            project: header.repo,
            path: header.path,
            start,
            events,
        })
    }

    /// If typing `text` at once leads where the events from `next` on lead by the end of the line: the number of the event
    /// that comes then. Slips of the finger on the way, taken back, do not matter.
    pub fn skip_to(&self, buffer: &Buffer, next: usize, text: &str) -> Option<usize> {
        let mut wanted = buffer.clone();
        let at = buffer.cursor;
        wanted.apply(&Change::Insert {
            at,
            text: text.to_owned(),
        });
        let mut typed = buffer.clone();
        let mut end = next;
        for (_, change) in &self.events[next..] {
            match change {
                Change::Insert { text, .. } if text.contains('\n') => break,
                Change::Move { .. } => break,
                _ => typed.apply(change),
            };
            end += 1;
        }
        (end > next && typed.cursor == wanted.cursor && typed.text == wanted.text).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLIP: &str = r#"{"repo":"r","path":"a.py","text":"é = \n","cursor":4}
{"t":10,"op":"insert","at":4,"text":"1"}
{"t":20,"op":"insert","at":5,"text":"3"}
{"t":30,"op":"delete","at":5,"len":1}
{"t":50,"op":"insert","at":5,"text":"2"}
{"t":90,"op":"insert","at":6,"text":"\n"}
{"t":91,"op":"move","to":0}"#;

    #[test]
    fn a_slip_on_the_way_does_not_matter_to_what_is_typed() {
        let trace = Trace::parse(SLIP).unwrap();
        assert_eq!(trace.skip_to(&trace.start, 0, "12"), Some(4));
        assert_eq!(trace.skip_to(&trace.start, 0, "13"), None);
        assert_eq!(trace.skip_to(&trace.start, 0, "1"), None);
        let mut typed = trace.start.clone();
        for (_, change) in &trace.events[..4] {
            assert!(typed.apply(change));
        }
        assert_eq!(typed.line_before_cursor(), "é = 12");
        assert_eq!(trace.skip_to(&typed, 4, ""), None);
    }

    #[test]
    fn a_trace_that_does_not_fit_its_text_is_refused() {
        let with = |line: &str| Trace::parse(&format!("{SLIP}\n{line}")).unwrap_err();
        let insert = r#"{"t":99,"op":"insert","at":9,"text":"x"}"#;
        assert!(matches!(with(insert), TraceError::Outside { line: 8 }));
        let delete = r#"{"t":99,"op":"delete","at":6,"len":18446744073709551615}"#;
        assert!(matches!(with(delete), TraceError::Outside { line: 8 }));
        let early = r#"{"t":9,"op":"move","to":1}"#;
        assert!(matches!(with(early), TraceError::Backwards { line: 8 }));
        assert!(matches!(with("{}"), TraceError::Line { line: 8, .. }));
        assert!(matches!(Trace::parse(""), Err(TraceError::Empty)));
    }

    #[test]
    fn the_trace_that_is_compiled_in_is_one() {
        let trace = Trace::parse(super::super::TRACE).unwrap();
        assert!(!trace.events.is_empty());
    }
}
