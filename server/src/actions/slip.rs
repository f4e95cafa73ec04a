//! A slip of the pen, mended without a conversation: the line that the tool complains of is left out, and the model completes the code there as
//! if it were typed. It sees what the line should say from the code around it, and writes one line, so it is quick and changes nothing else.
//!
//! It does not know what was complained of. So what it says counts only where it is nearly what stands there: then the difference is the slip.

use std::ops::Range;

use ropey::Rope;

use crate::prompt::{
    Prompt,
    layout::{Anchor, FilePlace, Layout},
};

/// Less alike is another line, not the same one mended. Of the lines that were so much alike among the faults of `tests/bench/actions`, six
/// were right and one was not; of those between 0.7 and this, three and twelve.
const LEAST_ALIKE: f32 = 0.95;

/// Tokens of a line at most; longer ones are tables.
pub const MAX_TOKENS: u32 = 96;

/// A line without what it says.
#[derive(Debug, Clone)]
pub struct Gap {
    /// Bytes of the document: the line without its indentation and line end.
    pub range: Range<usize>,
    line: String,
    /// The document without them.
    text: Rope,
}

impl Gap {
    /// The line at byte `at`, unless it is blank.
    pub fn of_line(document: &Rope, at: usize) -> Option<Self> {
        let number = document.try_byte_to_line(at).ok()?;
        let start = document.line_to_byte(number);
        let whole = document.line(number).to_string();
        let line = whole.trim();
        if line.is_empty() {
            return None;
        }
        let start = start + whole.len() - whole.trim_start().len();
        let range = start..start + line.len();
        let mut text = document.clone();
        text.remove(text.byte_to_char(range.start)..text.byte_to_char(range.end));
        Some(Self {
            line: line.to_owned(),
            range,
            text,
        })
    }

    /// What the model completes.
    pub fn prompt(&self, project: &str, path: &str) -> Prompt {
        let layout = Layout::default();
        let anchor = Anchor::place(&self.text, self.range.start, &layout);
        let middle = crate::context::privacy::shown(&self.text, anchor.at()..self.range.start);
        let place = FilePlace {
            project,
            path,
            context: &[],
        };
        anchor.prompt(place, &middle, &layout)
    }

    /// The line as it should be, if that is what the model said.
    pub fn mended(&self, said: &str) -> Option<String> {
        let line = said.lines().find(|line| !line.trim().is_empty())?.trim();
        let is_another = line != self.line && alike(line, &self.line) >= LEAST_ALIKE;
        is_another.then(|| line.to_owned())
    }
}

/// The share of their characters that two lines have in common, in this order: from 0 to 1.
pub fn alike(a: &str, b: &str) -> f32 {
    similar::TextDiff::from_chars(a, b).ratio()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_from_other_thoughts() {
        let cases = [
            (
                "if is_working_day(day):",
                "if self.is_working_day(day):",
                false,
            ),
            (
                "let balance = self.balance(account) + cents;",
                "let balance = self.balance(account)?;",
                false,
            ),
            ("if count == 0 {", "if *count == 0 {", true),
            ("Ailgn::Right => missing,", "Align::Right => missing,", true),
            ("if (known.isPresent() {", "if (known.isPresent()) {", true),
            ("names = parse_line(lines[0])", "if len(lines) < 2:", false),
            (
                "if (difference !== 0) return difference;",
                "const difference = comparePart(left[index], right[index]);",
                false,
            ),
            ("weeks, rest = divmod(days, 7)", "if days == 0:", false),
            ("return count;", "return count;", false),
            ("return count;", "", false),
        ];
        for (line, said, is_slip) in cases {
            let document = Rope::from_str(&format!("before\n    {line}\r\nafter\n"));
            let gap = Gap::of_line(&document, 9).unwrap();
            assert_eq!(document.byte_slice(gap.range.clone()), line);
            let mended = gap.mended(&format!("{said}\nafter"));
            assert_eq!(mended.is_some(), is_slip, "{line} -> {said}");
        }
        assert!(Gap::of_line(&Rope::from_str("a\n\nb"), 2).is_none());
    }

    #[test]
    fn the_model_does_not_see_the_line() {
        let document =
            Rope::from_str("def total(items):\n    return summ(items)\n\n\nprint(total([1]))\n");
        let gap = Gap::of_line(&document, 25).unwrap();
        let prompt = gap.prompt("shop", "shop.py").to_string();
        assert!(!prompt.contains("summ"), "{prompt}");
        assert!(
            prompt.contains("def total(items):") && prompt.contains("print(total"),
            "{prompt}"
        );
    }
}
