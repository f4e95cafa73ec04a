//! What of an answer, finished or not, is worth showing, and when. Pure rules over text and probabilities.
//!
//! Nobody waits for half a line that may become anything. But a person types a key every 170 ms, and a small CPU decodes some four
//! tokens in that time: so when the next key is due, what is sure by then is shown, and the rest comes through the cache.

use super::{
    brackets::{Bracket, Lexis, closes, scan},
    generation::{Progress, TokenEnd},
    site::Site,
};
use crate::engine::Finish;
use crate::words::is_word_char;

/// Half a line has to be this likely, all of its tokens together.
const SURE: f32 = 0.7;

/// A whole line has to be this likely. On typing traces of the 0.5B model, of lines below 3 in 100 were right, of lines from 0.15 to 1
/// some 60 (`server/docs/typing.md`).
pub const LIKELY_ENOUGH: f32 = 0.15;

/// A line that opens a block is shown without the block only if it is this likely. One that leaves a round or square bracket open is
/// not: what follows there is seldom what anybody wanted to break off at.
const SURE_OF_BLOCK: f32 = 0.9;

/// A line whose brackets stay open is followed for so many lines.
const MAX_OPEN_LINES: usize = 8;

/// Lines that are generated behind the first one, so that the next is there when the first has been taken.
const LINES_AHEAD: usize = 1;

/// A longer block is not generated while typing: nobody reads it between two keys.
const MAX_BLOCK_LINES: usize = 12;

/// Each line of a block has to be this likely, once those above are right, to be offered with the first: of lines from 0.4 to 0.6 some
/// 64 in 100 were right (`server/docs/typing.md`).
const LIKELY_IN_BLOCK: f32 = 0.5;

/// An answer as it stands, from the cursor on.
#[derive(Debug, Clone, Copy)]
pub struct Rest<'a> {
    pub text: &'a str,
    /// The tokens that have an end in `text`; their positions count from `origin`.
    tokens: &'a [TokenEnd],
    origin: usize,
    /// `text` is all that there is to say.
    complete: bool,
    /// Nothing more comes.
    over: bool,
    /// It fills an empty body, and has come to its end.
    is_block: bool,
    /// More of a block is on its way.
    pub grows: bool,
}

/// The line around the cursor.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The cursor's line up to the cursor.
    pub before: &'a str,
    /// From the cursor to the end of the line.
    pub after: &'a str,
    /// The text below the line, as far as it is known.
    pub below: &'a str,
    pub lexis: Lexis,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// More is to come, and worth waiting for.
    Wait,
    /// The first so many bytes.
    Show {
        len: usize,
        /// They end where a line does, not just where the model has got to.
        whole_line: bool,
    },
    Nothing(&'static str),
}

/// Why an unlikely line is not shown, if nothing was learned.
pub const TOO_UNLIKELY: &str = "The line is too unlikely to be right.";

const STOPPED: Verdict = Verdict::Nothing("The engine stopped before it had an answer.");

impl<'a> Rest<'a> {
    /// What is left of `progress` behind its first `typed` bytes.
    pub fn new(progress: &'a Progress, typed: usize) -> Self {
        let first = progress.tokens.partition_point(|token| token.at <= typed);
        Self {
            // A rule may have taken back what was there when it was typed.
            text: progress.text.get(typed..).unwrap_or_default(),
            tokens: &progress.tokens[first..],
            origin: typed,
            complete: matches!(progress.finish, Some(Finish::EndOfText | Finish::Limit))
                || progress.stopped.is_some(),
            over: progress.finish.is_some(),
            grows: progress.is_block && progress.finish.is_none() && progress.stopped.is_none(),
            is_block: progress.is_block
                && (progress.finish == Some(Finish::EndOfText) || progress.stopped.is_some()),
        }
    }

    /// How likely the first `len` bytes are.
    pub fn probability(&self, len: usize) -> f32 {
        let mut start = 0;
        let within = self.tokens.iter().take_while(|token| {
            let inside = start < len;
            start = token.at - self.origin;
            inside
        });
        within.map(|token| token.probability).product()
    }

    /// All of it, once it is there.
    pub fn whole(&self) -> Verdict {
        if self.complete {
            Verdict::Show {
                len: self.text.trim_end().len(),
                whole_line: true,
            }
        } else if self.over {
            STOPPED
        } else {
            Verdict::Wait
        }
    }

    pub fn is_or_will_be_complete(&self) -> bool {
        self.complete || !self.over
    }

    /// Whether there is something to show, or will be, or is known not to be.
    pub fn suits(&self) -> bool {
        self.complete || !self.over || line_end(self.text, 1).is_some()
    }

    /// Whether there is a whole line behind the first `len` bytes.
    pub fn has_line_after(&self, len: usize) -> bool {
        line_end(&self.text[len..], 1).is_some()
    }

    /// What to show of the first line, with what belongs to it. `due`: the next key is near, so what is sure counts. Of a line that is less
    /// likely than `least` only that is shown.
    pub fn line(&self, around: Around, due: bool, least: f32) -> Verdict {
        let first = line_end(self.text, 1).or(self.complete.then_some(self.text.len()));
        let Some(first) = first else {
            return match self.sure(self.text.len(), around) {
                Some(len) if due => Verdict::Show {
                    len,
                    whole_line: false,
                },
                _ if self.over => STOPPED,
                _ => Verdict::Wait,
            };
        };
        if self.text[..first].trim().is_empty() {
            return Verdict::Nothing("The model has nothing to add here.");
        }
        let ends = (1..=MAX_OPEN_LINES)
            .map_while(|line| line_end(self.text, line))
            .chain(self.complete.then_some(self.text.len()));
        let mut ends = ends.filter(|end| *end >= first);
        let likely = self.probability(first);
        if likely < least {
            return match self.sure(first, around) {
                Some(len) => Verdict::Show {
                    len,
                    whole_line: false,
                },
                None => Verdict::Nothing(TOO_UNLIKELY),
            };
        }
        if let Some(len) = self.block(around, least) {
            return Verdict::Show {
                len,
                whole_line: true,
            };
        }
        if let Some(len) = ends.find(|end| leaves_open(around, &self.text[..*end]).is_none()) {
            return Verdict::Show {
                len,
                whole_line: true,
            };
        }
        if !self.over && !due {
            return Verdict::Wait;
        }
        let opens_block = leaves_open(around, &self.text[..first]) == Some(Open::Block);
        if opens_block && likely >= SURE_OF_BLOCK {
            return Verdict::Show {
                len: first,
                whole_line: true,
            };
        }
        match self.sure(first, around) {
            Some(len) => Verdict::Show {
                len,
                whole_line: false,
            },
            None if self.over => Verdict::Nothing("The line leaves a bracket open."),
            None => Verdict::Wait,
        }
    }

    /// All of it, if it is a whole block and each line likely, unless anything is likely enough.
    fn block(&self, around: Around, least: f32) -> Option<usize> {
        let text = self.text.trim_end();
        if !self.is_block || leaves_open(around, text).is_some() {
            return None;
        }
        let mut above = 1.0;
        let ends = text.match_indices('\n').map(|(at, _)| at);
        let is_likely = ends.chain([text.len()]).all(|end| {
            let so_far = self.probability(end);
            let line = so_far / above;
            above = so_far;
            line >= LIKELY_IN_BLOCK.max(least)
        });
        (least == 0.0 || is_likely && above >= LIKELY_ENOUGH).then_some(text.len())
    }

    /// The longest beginning within `limit` that is sure, ends with a word, and leaves no bracket open.
    fn sure(&self, limit: usize, around: Around) -> Option<usize> {
        let mut probability = 1.0;
        let sure = self.tokens.iter().take_while(|token| {
            probability *= token.probability;
            probability >= SURE
        });
        let ends = sure.map(|token| token.at - self.origin);
        let fits = |end: &usize| {
            let text = &self.text[..*end];
            *end <= limit
                && ends_word(text, &self.text[*end..])
                && leaves_open(around, text).is_none()
                && !text.trim().is_empty()
        };
        ends.filter(fits).last()
    }
}

/// Where a generation has said all that will be shown soon: behind a line, with what closes its brackets, and [`LINES_AHEAD`] more.
/// `None` while it has not. `site` is where the generation began.
pub fn enough(site: &Site, progress: &Progress) -> Option<usize> {
    let text = &progress.text;
    let last = match closed_lines(site, text) {
        // No room for more.
        Some(lines) if site.is_inside_line() => lines,
        Some(lines) => lines + LINES_AHEAD,
        None => MAX_OPEN_LINES,
    };
    // With the line feed, so that the line is known to be whole.
    line_end(text, last).map(|end| end + 1)
}

/// Where the first line ends, with what closes its brackets; `None` while it has not.
pub fn first_line(site: &Site, progress: &Progress) -> Option<usize> {
    line_end(&progress.text, closed_lines(site, &progress.text)?)
}

/// How many lines it takes until the brackets of the first are closed. `None` while they are not.
fn closed_lines(site: &Site, text: &str) -> Option<usize> {
    if site.is_inside_line() {
        return line_end(text, 1).map(|_| 1);
    }
    let around = Around {
        before: site.line_before(),
        after: "",
        below: &site.below,
        lexis: site.lexis,
    };
    let mut ends = (1..=MAX_OPEN_LINES).map_while(|line| Some((line, line_end(text, line)?)));
    let closed = ends.find(|(_, end)| leaves_open(around, &text[..*end]).is_none());
    closed.map(|(line, _)| line)
}

/// The same for a block that has not come to its end.
pub fn enough_of_block(progress: &Progress) -> Option<usize> {
    line_end(&progress.text, MAX_BLOCK_LINES).map(|end| end + 1)
}

/// Where the n-th line that is ended by a line feed ends; blank lines at the beginning do not count.
fn line_end(text: &str, n: usize) -> Option<usize> {
    let blank = text.len() - text.trim_start().len();
    text[blank..]
        .match_indices('\n')
        .nth(n - 1)
        .map(|(at, _)| blank + at)
}

/// A word that may go on does not end here.
fn ends_word(text: &str, next: &str) -> bool {
    // Without a next character, the next token may go on with the word.
    !text.ends_with(is_word_char) || next.starts_with(|c| !is_word_char(c))
}

/// What is left open by a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Curly brackets only.
    Block,
    Other,
}

/// Whether a bracket would be left open if `text` stood between what is around it: one of its own, or a round or square one that
/// the line has opened before.
pub fn leaves_open(around: Around, text: &str) -> Option<Open> {
    let origin = around.before.len();
    let end = origin + text.len();
    let whole = around.before.to_owned() + text + around.after;
    let open = scan(&whole, origin, around.lexis).open;
    // Of a line that is rewritten, the lines that it opened are still there. What closes there goes with what is as much indented.
    let closers = scan(around.below, 0, around.lexis).unmatched;
    let mut closers = closers.iter().peekable();
    let mut in_the_line = false;
    let mut is_closed_below = |bracket: &Bracket| {
        let fits = |closer: &&Bracket| {
            closes(bracket.kind, closer.kind)
                && (closer.leads_line || in_the_line)
                && closer.indentation == bracket.indentation
        };
        in_the_line = closers.next_if(fits).is_some();
        in_the_line
    };
    let counts =
        |bracket: &&Bracket| bracket.at < end && (bracket.at >= origin || bracket.kind != '{');
    // Innermost first.
    let left: Vec<char> = open
        .iter()
        .rev()
        .filter(counts)
        .filter(|bracket| !is_closed_below(bracket))
        .map(|bracket| bracket.kind)
        .collect();
    let mut left = left.into_iter().rev();
    let first = left.next()?;
    Some(if first == '{' && left.all(|bracket| bracket == '{') {
        Open::Block
    } else {
        Open::Other
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completion::{
        cache::Surroundings,
        rules::{Rule, Rules},
    };

    /// Tokens are separated by `|`, all as likely as each other.
    fn progress(marked: &str, probability: f32, finish: Option<Finish>) -> Progress {
        let mut progress = Progress {
            finish,
            ..Progress::default()
        };
        for token in marked.split('|') {
            progress.text.push_str(token);
            progress.tokens.push(TokenEnd {
                at: progress.text.len(),
                probability,
            });
        }
        progress
    }

    fn shown<'p>(
        progress: &'p Progress,
        typed: usize,
        line: (&str, &str),
        due: bool,
    ) -> Option<&'p str> {
        let rest = Rest::new(progress, typed);
        let around = Around {
            before: line.0,
            after: line.1,
            below: "",
            lexis: Lexis::TEXT,
        };
        match rest.line(around, due, LIKELY_ENOUGH) {
            Verdict::Show { len, .. } => Some(&rest.text[..len]),
            _ => None,
        }
    }

    /// A place at the end of a document.
    fn site(before: &str) -> Site {
        let around = Surroundings::of_cursor(&format!("{before}$0"));
        Site::new(&around, None, None, Rules::default())
    }

    #[test]
    fn a_line_is_shown_when_it_is_whole() {
        let halfway = progress("to|tal| = 1", 0.9, None);
        assert_eq!(shown(&halfway, 0, ("", ""), false), None);
        let whole = progress("to|tal| = 1|\n", 0.6, None);
        assert_eq!(shown(&whole, 0, ("", ""), false), Some("total = 1"));
        assert_eq!(shown(&whole, 2, ("to", ""), false), Some("tal = 1"));
        let unlikely = progress("to|tal| = 1|\n", 0.5, None);
        assert_eq!(shown(&unlikely, 0, ("", ""), true), None);
        let finished = progress("to|tal", 0.6, Some(Finish::EndOfText));
        assert_eq!(shown(&finished, 0, ("", ""), false), Some("total"));
        let next = progress("\n|\n    a\n", 0.6, None);
        assert_eq!(shown(&next, 0, ("x:", ""), false), Some("\n\n    a"));
    }

    #[test]
    fn what_is_sure_is_shown_when_the_next_key_is_due() {
        // Three tokens of 0.9 are sure, four are not; `item` may go on.
        let halfway = progress("a|.|b;| c|.|d|;|item", 0.9, None);
        assert_eq!(shown(&halfway, 0, ("", ""), true), Some("a.b;"));
        let word = progress("item", 0.9, None);
        assert_eq!(shown(&word, 0, ("", ""), true), None);
        let unlikely = progress("a|;", 0.4, None);
        assert_eq!(shown(&unlikely, 0, ("", ""), true), None);
        let open = progress("f|(|x|", 0.99, None);
        assert_eq!(shown(&open, 0, ("", ""), true), Some("f"));
        assert_eq!(shown(&open, 0, ("g(", ""), true), None);
    }

    #[test]
    fn open_brackets_wait_for_their_ends() {
        let open = progress("if x {|\n|    y|\n", 0.6, None);
        assert_eq!(shown(&open, 0, ("", ""), false), None);
        let closed = progress("if x {|\n|    y|\n}|\n|z", 0.6, None);
        assert_eq!(shown(&closed, 0, ("", ""), false), Some("if x {\n    y\n}"));
        let likely = progress("if x {|\n|    y|\n", 0.95, None);
        assert_eq!(shown(&likely, 0, ("", ""), true), Some("if x {"));
        let call = progress("f(|\n|    y|\n", 0.99, None);
        assert_eq!(shown(&call, 0, ("", ""), true), None);
        assert_eq!(
            shown(&progress("a, b|\n", 0.6, None), 0, ("f(", ")"), false),
            Some("a, b")
        );
    }

    #[test]
    fn a_likely_block_is_offered_as_a_whole_once_it_is_there() {
        let block = |probability, stopped| Progress {
            stopped,
            is_block: true,
            ..progress("\n    a|\n    b|\n", probability, None)
        };
        let first = Some("\n    a");
        let whole = Some("\n    a\n    b");
        let ended = Some(Rule::Indentation);
        for (progress, expected) in [
            (block(0.8, None), first),
            (block(0.8, ended), whole),
            (block(0.4, ended), first),
        ] {
            assert_eq!(shown(&progress, 0, ("def f():", ""), false), expected);
        }
        let typed = block(0.8, ended);
        assert_eq!(shown(&typed, 5, ("    ", ""), false), Some("a\n    b"));
        let line = Progress {
            is_block: false,
            ..block(0.8, ended)
        };
        assert_eq!(shown(&line, 0, ("def f():", ""), false), first);
    }

    #[test]
    fn a_generation_ends_a_line_after_the_shown_one() {
        for (before, text, enough) in [
            ("", "a = 1\n", false),
            ("", "a = 1\nb = 2\n", true),
            ("x", "\n    a\n    b\n", true),
            ("", "f(\n    a,\n", false),
            ("", "f(\n    a,\n)\n", false),
            ("", "f(\n    a,\n)\nb\n", true),
            ("f(", "a,\nb\n", false),
            ("", "{\n1\n2\n3\n4\n5\n6\n7\n", true),
        ] {
            let progress = progress(text, 0.5, None);
            assert_eq!(
                super::enough(&site(before), &progress),
                enough.then_some(text.len()),
                "{before:?} {text:?}"
            );
        }
    }

    #[test]
    fn what_the_lines_below_close_is_not_open() {
        for (before, text, below, open) in [
            ("    ", "if x {", "\n        y\n    }\n}\n", false),
            ("    ", "if x {", "\n}\n", true),
            ("    ", "if f(x", "\n    }\n", true),
            ("", "class A : B {", "\n public:\n  A();\n};\n", false),
            ("  ", "f(", "\n    a,\n  )\n", false),
            ("  ", "f({", "\n    a,\n  })\n", false),
        ] {
            let around = Around {
                before,
                after: "",
                below,
                lexis: Lexis::TEXT,
            };
            let left = leaves_open(around, text);
            assert_eq!(left.is_some(), open, "{before:?} {text:?} {below:?}");
        }
    }

    #[test]
    fn brackets_in_quotes_do_not_count() {
        for (before, text, after, open) in [
            ("", "f(\"(\")", "", false),
            ("", "it's (a", "", true),
            ("", "'(' + x", "", false),
            ("f(", "a", "", true),
            ("f(", "a", "):", false),
            ("{", "a", "", false),
            ("", "{ a", " }", false),
            ("", "a)", "", false),
        ] {
            let around = Around {
                before,
                after,
                below: "",
                lexis: Lexis::TEXT,
            };
            assert_eq!(
                leaves_open(around, text).is_some(),
                open,
                "{before:?} {text:?}"
            );
        }
    }
}
