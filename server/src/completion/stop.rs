//! Where an answer ends, while it is being generated: pure rules over its text and what stands around it. Each says where the answer
//! should have ended, or nothing. They look at every token, so they cost microseconds; what needs a parse is in `scope`.

use super::{
    brackets::is_closer,
    rules::Rule,
    site::{BlockStyle, Site, indentation, says_the_same, significant},
};
use crate::{text::floor_char_boundary, words::is_word_char};

/// Fewer characters than this agree by chance: a lone `}` or `return` says nothing about where the answer has got to.
const TELLING: usize = 8;

/// Lines that say the same in a row before that counts as going in circles.
const CIRCLES: usize = 3;

/// A loop inside one line: so often a piece of up to so many bytes, and so many bytes in all.
const LOOP_TIMES: usize = 4;
const LOOP_PIECE_BYTES: usize = 32;
const LOOP_BYTES: usize = 32;

/// The end of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Bytes of the answer before it.
    pub at: usize,
    pub rule: Rule,
}

/// An answer as far as it has come.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub text: &'a str,
    /// Nothing more comes: the last line is whole without a line feed.
    pub is_over: bool,
}

/// A line of an answer.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    start: usize,
    text: &'a str,
    /// Its end is known.
    is_whole: bool,
}

impl<'a> Answer<'a> {
    fn lines(self) -> impl Iterator<Item = Line<'a>> {
        let mut start = 0;
        self.text.split_inclusive('\n').map(move |line| {
            let text = line.strip_suffix('\n').unwrap_or(line);
            let here = Line {
                start,
                text,
                is_whole: self.is_over || text.len() < line.len(),
            };
            start += line.len();
            here
        })
    }
}

type EndOf = fn(&Site, Answer) -> Option<usize>;

const RULES: [(Rule, EndOf); 5] = [
    (Rule::Closer, closer_without_opener),
    (Rule::Indentation, less_indented_line),
    (Rule::SuffixMeet, meets_what_follows),
    (Rule::Repetition, goes_in_circles),
    (Rule::ChatTail, talks_to_the_reader),
];

/// Where the answer should have ended, by the rule that sees it earliest.
pub fn end_of(site: &Site, answer: Answer) -> Option<Stop> {
    RULES
        .iter()
        .filter(|(rule, _)| site.rules.contains(*rule))
        .filter_map(|(rule, end_of)| {
            let at = end_of(site, answer)?;
            Some(Stop { at, rule: *rule })
        })
        .min_by_key(|stop| stop.at)
}

/// Before a bracket that nothing has opened, or that closes what is closed behind the place already.
fn closer_without_opener(site: &Site, Answer { text, .. }: Answer) -> Option<usize> {
    if matches!(site.style, BlockStyle::None | BlockStyle::Words) || !text.contains(is_closer) {
        return None;
    }
    let origin = site.before.len();
    let brackets = site.brackets(text);
    let closed_twice = brackets
        .crossing
        .iter()
        .filter(|(open, _)| site.is_closed_behind(open.at))
        .map(|(_, close)| close);
    // Without an opener in view there may be one above: then it still ends the block.
    let unopened = brackets
        .unmatched
        .iter()
        .filter(|bracket| bracket.at >= origin);
    let first = closed_twice
        .chain(unopened)
        .map(|bracket| bracket.at - origin)
        .min()?;
    // A closer at the beginning of its line takes the line with it.
    let line = text[..first].rfind('\n').map_or(0, |feed| feed + 1);
    let leads = line > 0 && text[line..first].trim().is_empty();
    Some(if leads { line } else { first })
}

/// Before a line that is less indented than the line that the answer began with.
fn less_indented_line(site: &Site, answer: Answer) -> Option<usize> {
    if site.style == BlockStyle::None {
        return None;
    }
    let line_before = site.line_before();
    let mut least = (!line_before.trim().is_empty()).then(|| {
        let opens = site.style == BlockStyle::Indentation && opens_block(line_before);
        indentation(line_before) + usize::from(opens)
    });
    for (index, line) in answer.lines().enumerate() {
        if line.text.trim().is_empty() || (index == 0 && least.is_some()) {
            continue;
        }
        let begun = match index {
            0 => indentation(&(line_before.to_owned() + line.text)),
            _ => indentation(line.text),
        };
        let Some(level) = least else {
            least = Some(begun);
            continue;
        };
        // A line that has just begun may turn out to be anything.
        if begun < level && line.is_whole && !belongs_outside(site, line, level) {
            let above = site.brackets(&answer.text[..line.start]);
            let line_start = site.before.len() - line_before.len();
            let in_brackets = above.open.iter().any(|open| open.at >= line_start);
            if !in_brackets && !above.ends_quoted {
                return Some(line.start);
            }
        }
    }
    None
}

/// A line that stands further out than its block and is part of it, or ends it by itself.
fn belongs_outside(site: &Site, line: Line, level: usize) -> bool {
    let body = line.text.trim();
    match site.style {
        // `else` goes with the line that the answer began with, if that has opened the block.
        BlockStyle::Indentation => {
            goes_on(body) && indentation(line.text) + 1 == level && opens_block(site.line_before())
        }
        BlockStyle::Brackets => {
            // Labels, access specifiers and the preprocessor keep to the left.
            body.starts_with(is_closer) || body.starts_with('#') || body.ends_with(':')
        }
        BlockStyle::Words => goes_on(body) || ends_block(body),
        BlockStyle::None => true,
    }
}

/// A line that ends with a colon, before a comment if there is one.
fn opens_block(line: &str) -> bool {
    let code = line.split(" #").next().unwrap_or(line);
    code.trim_end().ends_with(':')
}

fn first_word(line: &str) -> &str {
    let line = line.trim_start_matches([' ', '\t', '}']);
    let end = line.find(|c| !is_word_char(c));
    &line[..end.unwrap_or(line.len())]
}

/// A line that goes on with the statement above it.
pub fn goes_on(line: &str) -> bool {
    matches!(
        first_word(line),
        "else"
            | "elif"
            | "elsif"
            | "elseif"
            | "except"
            | "catch"
            | "finally"
            | "case"
            | "when"
            | "rescue"
            | "ensure"
    )
}

/// A line that ends a block of a language that has words for that.
pub fn ends_block(line: &str) -> bool {
    matches!(
        first_word(line),
        "end" | "fi" | "done" | "esac" | "until" | "endif" | "endfunction"
    )
}

/// Where the answer says what the next lines say. A line that many places have, such as a lone bracket, needs the next one to agree.
fn meets_what_follows(site: &Site, answer: Answer) -> Option<usize> {
    let next = site.next_lines.first()?;
    let after_next = site.next_lines.get(1);
    let line_before = site.line_before();
    let first = answer.lines().next().map_or("", |line| line.text);
    let own_indentation = indentation(&(line_before.to_owned() + first));
    let mut lines = answer
        .lines()
        .filter(|line| line.start == 0 || !line.text.trim().is_empty())
        .peekable();
    while let Some(line) = lines.next() {
        if !line.is_whole {
            break;
        }
        // Farther below, two lines in a row, and in the block of the place: bodies are alike on purpose.
        let second = lines.peek().filter(|second| second.is_whole);
        if let Some(second) = second
            && line.start > 0
            && significant(line.text) >= TELLING
            && indentation(line.text) <= own_indentation
        {
            let both = [line.text.trim_end(), second.text.trim_end()];
            if site.further_lines.windows(2).any(|pair| pair == both) {
                return Some(line.start);
            }
        }
        let meets = match line.start {
            0 => says_the_same(&(line_before.to_owned() + line.text), next),
            _ => says_the_same(line.text, next),
        };
        if !meets || line.text.trim().is_empty() {
            continue;
        }
        let confirmed = match (lines.peek(), after_next) {
            _ if significant(next) >= TELLING => true,
            (Some(second), Some(after)) => second.is_whole && says_the_same(second.text, after),
            (second, _) => answer.is_over && second.is_none(),
        };
        if confirmed {
            return Some(line.start);
        }
    }
    None
}

/// Where the answer says the same for the third time in a row, says what the line above it says, or falls into a loop inside of a line.
fn goes_in_circles(site: &Site, answer: Answer) -> Option<usize> {
    let telling = |line: &str| significant(line) >= TELLING && line.contains(char::is_alphabetic);
    let above = site.line_above().filter(|line| telling(line));
    let mut first_of_run: Option<(Line, usize)> = None;
    for line in answer.lines() {
        let whole = match line.start {
            0 => site.line_before().to_owned() + line.text,
            _ => line.text.to_owned(),
        };
        if line.is_whole && above.is_some_and(|above| above.trim_end() == whole.trim_end()) {
            return Some(line.start);
        }
        if let Some(end) = end_of_loop(line.text) {
            return Some(line.start + end);
        }
        if line.text.trim().is_empty() || !line.is_whole {
            continue;
        }
        first_of_run = match first_of_run {
            Some((first, times)) if first.text == line.text => Some((first, times + 1)),
            _ => Some((line, 1)),
        };
        if let Some((first, times)) = first_of_run
            && times == CIRCLES
            && line.text.contains(char::is_alphanumeric)
        {
            // The first of them may be right.
            return Some(first.start + first.text.len() + 1);
        }
    }
    None
}

/// Where a line that ends in a loop has gone through it once. Rows of numbers and rulers are none.
fn end_of_loop(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    (2..=LOOP_PIECE_BYTES).find_map(|piece| {
        let needed = (piece * LOOP_TIMES).max(LOOP_BYTES).next_multiple_of(piece);
        let start = bytes.len().checked_sub(needed)?;
        let tail = &bytes[start..];
        let is_loop = tail[piece..] == tail[..needed - piece]
            && tail[..piece].iter().any(u8::is_ascii_alphabetic)
            && tail[..piece].iter().any(|byte| *byte != tail[0]);
        if !is_loop {
            return None;
        }
        // Back to where it began.
        let mut first = start;
        while first > 0 && bytes[first - 1] == bytes[first - 1 + piece] {
            first -= 1;
        }
        Some(floor_char_boundary(line, first + piece))
    })
}

/// How prose begins that instruct models put behind code. Lower case.
pub(crate) const PROSE: [&str; 12] = [
    "here is ",
    "here's ",
    "here are ",
    "explanation:",
    "this function ",
    "this code ",
    "this will ",
    "the above ",
    "the code ",
    "in this ",
    "note that ",
    "sure, ",
];

/// What comments say that leave the work to the reader. Lower case.
pub(crate) const HOMEWORK: [&str; 12] = [
    "your code here",
    "your code goes here",
    "your implementation",
    "rest of the code",
    "rest of your code",
    "rest of the function",
    "rest of the implementation",
    "rest of the file",
    "existing code",
    "add your ",
    "implement this",
    "implementation here",
];

/// How the tokens begin that mark the parts of a conversation or of a prompt.
pub(crate) const SPECIAL_TOKENS: [&str; 5] = [
    "<|im_",
    "<|fim_",
    "<|endoftext",
    "<|file_sep",
    "<|repo_name",
];

/// Where fences, special tokens, explanations, homework for the reader, or the enclosing definition once more begin.
fn talks_to_the_reader(site: &Site, answer: Answer) -> Option<usize> {
    if site.style == BlockStyle::None {
        return answer.text.find("<|im_");
    }
    let token = SPECIAL_TOKENS
        .iter()
        .filter_map(|token| answer.text.find(token))
        .min();
    let telling_headers = || {
        let headers = site.headers.iter();
        headers.filter(|header| significant(header) >= TELLING && header.contains('('))
    };
    let line = answer.lines().find(|line| {
        let body = line.text.trim();
        if body.is_empty() {
            return false;
        }
        let own_line = line.start > 0 || site.line_before().trim().is_empty();
        let lower = body.to_lowercase();
        let talks = body.starts_with("```")
            || (own_line && PROSE.iter().any(|prose| lower.starts_with(prose)));
        // Documentation is there to talk.
        let in_documentation = || site.brackets(&answer.text[..line.start]).ends_quoted;
        (talks && !in_documentation())
            || (is_comment(&lower) && HOMEWORK.iter().any(|words| lower.contains(words)))
            || (line.is_whole
                && own_line
                && telling_headers().any(|header| says_the_same(header, body)))
    });
    [token, line.map(|line| line.start)]
        .into_iter()
        .flatten()
        .min()
}

pub(crate) fn is_comment(line: &str) -> bool {
    ["#", "//", "/*", "--", "*"]
        .iter()
        .any(|token| line.starts_with(token))
}

#[cfg(test)]
mod tests;
