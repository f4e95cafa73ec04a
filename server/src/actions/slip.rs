//! A slip of the pen, mended without a conversation: the model types the line that the tool complains of once more. Where it would go on otherwise
//! than the line does, that is a place where the slip may be; then it is asked again behind that place, until it types the rest as it stands.
//!
//! It sees what the line should say from the code around it, and does not know what was complained of. So what it types counts only where it is the
//! old line but for one small difference, of which it is sure, and at the name that the message calls unknown if it names one.

use std::ops::Range;

use grammars::Notation;
use ropey::Rope;

use super::{
    Problem,
    names::{line_around, suspect_name, words},
};
use crate::{
    context::privacy,
    prompt::{
        Prompt,
        layout::{Anchor, FilePlace, Layout},
    },
    words::is_word_char,
};

/// How probable the tokens of a difference have to be together to be sure of it: at the name that is unknown, and elsewhere. Of the differences of
/// this size in the lines of 160 faults, 5 of 6 that were so probable at the name and 16 of 20 elsewhere were right, and 3 of the 23 elsewhere that were
/// only at least as probable as not.
const SURE_AT_NAME: f32 = 0.5;
const SURE: f32 = 0.875;
/// What is less probable is not worth a look.
const LEAST_PROBABLE: f32 = 0.5;
/// Words that a mend may put in the place of one: `Some(result)` for `result`. Of more, a small model is sure without reason.
const MOST_NEW_WORDS: usize = 3;

/// Times that the model is asked about one line.
const MAX_TRIES: usize = 6;
/// Tokens of a line at most; longer ones are tables.
pub const MAX_TOKENS: u32 = 96;

/// A line that is typed again.
#[derive(Debug, Clone)]
pub struct Retyping {
    /// Bytes of the document: the line without its indentation and line end.
    pub range: Range<usize>,
    line: String,
    /// The name in the line that the message calls unknown.
    unknown: Option<String>,
    anchor: Anchor,
    layout: Layout,
    /// What stands between the anchor and the line.
    middle: String,
    /// Bytes of the line that stand already.
    kept: usize,
    tries: usize,
}

/// A line as it may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    pub line: String,
    /// The model has no doubt. Otherwise something else has to speak for it.
    pub is_sure: bool,
}

/// What the model typed, token by token, with the probability of each.
pub type Typed = Vec<(String, f32)>;

/// What differs in two lines, in bytes: whole words.
struct Difference {
    old: Range<usize>,
    new: Range<usize>,
}

impl Retyping {
    /// Of the line of `problem`, unless it is blank.
    pub fn of(rope: &Rope, problem: &Problem, notation: Notation) -> Option<Self> {
        let document = rope.to_string();
        let around = line_around(&document, problem)?;
        let indented = document[around.clone()].trim_end();
        let line = indented.trim_start();
        if line.is_empty() {
            return None;
        }
        let end = around.start + indented.len();
        let start = end - line.len();
        let range = start..end;
        let mut without = rope.clone();
        without.remove(rope.byte_to_char(range.start)..rope.byte_to_char(range.end));
        let layout = Layout::default();
        let anchor = Anchor::place(&without, start, &layout, notation);
        Some(Self {
            unknown: suspect_name(problem, line).map(str::to_owned),
            line: line.to_owned(),
            middle: privacy::shown(&without, anchor.at()..start, notation),
            range,
            anchor,
            layout,
            kept: 0,
            tries: 0,
        })
    }

    /// What the model goes on with; `None` if it has been asked at each place.
    pub fn prompt(&self, project: &str, path: &str) -> Option<Prompt> {
        let place = FilePlace {
            project,
            path,
            context: &[],
        };
        let middle = format!("{}{}", self.middle, &self.line[..self.kept]);
        let is_left = self.kept < self.line.len() && self.tries < MAX_TRIES;
        is_left.then(|| self.anchor.prompt(place, &middle, &self.layout))
    }

    /// Takes what the model typed, and goes on behind the first difference. Returns the line as it may be meant, if that is what was typed.
    pub fn take(&mut self, typed: &Typed) -> Option<Mended> {
        self.tries += 1;
        let text: String = typed.iter().map(|(text, _)| text.as_str()).collect();
        let rest = text.lines().next().unwrap_or_default().trim_end();
        let new = format!("{}{rest}", &self.line[..self.kept]);
        let Some(difference) = Difference::of(&self.line, &new) else {
            self.kept = self.line.len();
            return None;
        };
        let probable = probability(&difference.new, self.kept, typed).unwrap_or_default();
        let is_slip = self.is_slip(&difference, &new) && probable >= LEAST_PROBABLE;
        self.kept = behind_next(&self.line, difference.old.start.max(self.kept));
        let sure = match self.unknown {
            Some(_) => SURE_AT_NAME,
            None => SURE,
        };
        is_slip.then_some(Mended {
            line: new,
            is_sure: probable >= sure,
        })
    }

    /// One word, or signs, or nothing has become something of that size, at the unknown name if there is one.
    fn is_slip(&self, difference: &Difference, new: &str) -> bool {
        let behind = &new[difference.new.end..];
        let old = self.line[difference.old.clone()].trim();
        let is_one = old.chars().all(is_word_char) || !old.contains(is_word_char);
        let old: Vec<&str> = words(old).collect();
        let new = words(&new[difference.new.clone()]).count();
        let is_small = is_one && (old.len()..=MOST_NEW_WORDS).contains(&new);
        let is_there = self.unknown.as_deref().is_none_or(|unknown| {
            old == [unknown] || old.is_empty() && words(behind).next() == Some(unknown)
        });
        is_small && is_there
    }
}

impl Difference {
    /// `None` where nothing differs.
    fn of(old: &str, new: &str) -> Option<Self> {
        if old == new {
            return None;
        }
        let mut both = old.char_indices().zip(new.chars());
        let mut start = both
            .find(|((_, a), b)| a != b)
            .map_or(old.len().min(new.len()), |((at, _), _)| at);
        let ends = old[start..].chars().rev().zip(new[start..].chars().rev());
        let same = ends.take_while(|(a, b)| a == b);
        let mut end: usize = same.map(|(a, _)| a.len_utf8()).sum();
        let is_in_word = |text: &str, at: usize| {
            text[..at].ends_with(is_word_char) && text[at..].starts_with(is_word_char)
        };
        while is_in_word(old, start) || is_in_word(new, start) {
            start -= old[..start].chars().next_back().map_or(1, char::len_utf8);
        }
        while is_in_word(old, old.len() - end) || is_in_word(new, new.len() - end) {
            end -= old[old.len() - end..]
                .chars()
                .next()
                .map_or(1, char::len_utf8);
        }
        Some(Self {
            old: start..old.len() - end,
            new: start..new.len() - end,
        })
    }
}

/// Of all tokens of a part of the new line, of which `kept` bytes stood already. A part that is left out is as probable as what follows it; `None` if
/// nothing does.
fn probability(part: &Range<usize>, kept: usize, typed: &Typed) -> Option<f32> {
    let part = part.start..part.end.max(part.start + 1);
    let mut at = kept;
    let mut probability = None;
    for (text, of_token) in typed {
        let token = at..at + text.len();
        at = token.end;
        if token.start < part.end && part.start < token.end {
            probability = Some(probability.unwrap_or(1.0) * of_token);
        }
    }
    probability
}

/// Behind the word or sign that begins at `at`.
fn behind_next(line: &str, at: usize) -> usize {
    let rest = &line[at..];
    let blanks = rest.len() - rest.trim_start().len();
    let rest = &rest[blanks..];
    let word = rest.find(|c| !is_word_char(c)).unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    at + blanks + word.max(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retyping(line: &str, message: &str) -> Retyping {
        let document = format!("before\n    {line}\r\nafter\n");
        let problem = Problem::error(9..9, message);
        let retyping = Retyping::of(&Rope::from_str(&document), &problem, Notation::Code).unwrap();
        assert_eq!(&document[retyping.range.clone()], line);
        retyping
    }

    /// What a model would have typed that is sure of every word.
    fn typed(text: &str, probability: f32) -> Typed {
        text.split_inclusive(' ')
            .map(|word| (word.to_owned(), probability))
            .collect()
    }

    #[test]
    fn slips_are_told_from_other_thoughts() {
        let unknown = |name: &str| format!("name '{name}' is not defined");
        let sure = 0.99;
        let cases = [
            // The line, the message, what is typed in its place with how much of it is likely, whether that is a slip.
            ("if count == 0 {", "", "if *count == 0 {", sure, true),
            ("if count == 0 {", "", "if *count == 0 {", 0.6, false),
            ("return a[j - 1);", "", "return a[j - 1]);", sure, true),
            ("text -= '\\n';", "", "text += '\\n';", sure, true),
            ("result", "", "Some(result)", sure, true),
            (
                "Ailgn::Right => missing,",
                "",
                "Align::Right => missing,",
                sure,
                true,
            ),
            ("go(a, b)", "", "go(a, b);", sure, true),
            // At the unknown name less is enough, elsewhere nothing is.
            (
                "value = self.find(key)",
                &unknown("find"),
                "value = self.get(key)",
                0.6,
                true,
            ),
            (
                "if is_free(day):",
                &unknown("is_free"),
                "if self.is_free(day):",
                0.8,
                true,
            ),
            (
                "if is_free(day):",
                &unknown("day"),
                "if self.is_free(day):",
                sure,
                false,
            ),
            // Words go, or many come; nothing of it is typed; nothing differs; another line.
            (
                "let a = balance(b) + cents;",
                "",
                "let a = balance(b)?;",
                sure,
                false,
            ),
            ("go(a, b)", "", "go(b)", sure, false),
            ("sum -= item", "", "yield item", sure, false),
            ("at = find(a) - 1", "", "at = find(a)", sure, false),
            ("go(a)", "", "go(first of the many)", sure, false),
            ("return count;", "", "return count;", sure, false),
            ("return count;", "", "", sure, false),
            (
                "weeks, rest = divmod(days, 7)",
                "",
                "if days == 0:",
                sure,
                false,
            ),
        ];
        for (line, message, text, probability, is_slip) in cases {
            let mended = retyping(line, message).take(&typed(text, probability));
            let sure = mended.filter(|mended| mended.is_sure);
            let expected = is_slip.then_some(text);
            assert_eq!(
                sure.as_ref().map(|mended| mended.line.as_str()),
                expected,
                "{line} -> {text}"
            );
        }
    }

    #[test]
    fn it_goes_on_behind_each_difference() {
        let mut retyping = retyping("while (text.startsWith(position, mark)) {", "");
        let mut kept = |text: &str| {
            assert_eq!(retyping.take(&typed(text, 0.3)), None);
            retyping.line[..retyping.kept].to_owned()
        };
        assert_eq!(kept("for (;;) {"), "while");
        assert_eq!(kept(" (mark.isEmpty()) {"), "while (text");
        assert_eq!(
            kept(".startsWith(mark, position)) {"),
            "while (text.startsWith(position"
        );
        assert_eq!(
            kept(", mark)) {"),
            "while (text.startsWith(position, mark)) {"
        );
        assert!(retyping.prompt("shop", "Shop.java").is_none());
    }

    #[test]
    fn the_model_does_not_see_the_line() {
        let document =
            Rope::from_str("def total(items):\n    return summ(items)\n\n\nprint(total([1]))\n");
        let problem = Problem::error(25..25, "name 'summ' is not defined");
        let mut retyping = Retyping::of(&document, &problem, Notation::Code).unwrap();
        let prompt = retyping.prompt("shop", "shop.py").unwrap().to_string();
        assert!(!prompt.contains("summ"), "{prompt}");
        assert!(
            prompt.contains("def total(items):") && prompt.contains("print(total"),
            "{prompt}"
        );
        assert_eq!(retyping.take(&typed("raise Error", 0.3)), None);
        let prompt = retyping.prompt("shop", "shop.py").unwrap().to_string();
        assert!(
            prompt.contains("    return") && !prompt.contains("summ"),
            "{prompt}"
        );
    }
}
