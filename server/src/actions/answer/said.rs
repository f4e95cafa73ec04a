//! The forms in which models answer: fences, words around them, markers of the conversation, line numbers, diffs. Knows nothing of what
//! was asked but the old text.

use grammars::Language;

use super::fault::Fault;
use crate::completion::site::{BlockStyle, indentation};
use crate::completion::stop::{PROSE, SPECIAL_TOKENS, is_comment};

/// How words begin that come before or behind code, beside those that completions know. Lower case.
const TALK: [&str; 22] = [
    "certainly!",
    "certainly,",
    "of course",
    "sure!",
    "i'm sorry",
    "i am sorry",
    "i have ",
    "i've ",
    "i cannot",
    "i can't",
    "let me know",
    "to fix ",
    "to solve ",
    "the error ",
    "the problem ",
    "the issue ",
    "the function ",
    "changes made",
    "in the code",
    "this change ",
    "this fix ",
    "as an ai",
];

/// Lines that have to carry a number before it counts as none of the code.
const LEAST_NUMBERED: usize = 2;

/// A part of an answer that may be code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Lines end in line feeds.
    pub text: String,
    /// What stood behind the opening fence.
    tag: String,
    /// Nothing ended it: it goes to the end of the answer.
    pub is_last: bool,
}

impl Block {
    /// Refuses what says of itself that it is in another language than the document.
    pub fn is_code_of(&self, language: Option<&'static Language>) -> Result<(), Fault> {
        let Some((of_tag, language)) = language_of_tag(&self.tag).zip(language) else {
            return Ok(());
        };
        let family = |language: &Language| {
            match language.id() {
                "javascript" | "typescript" | "typescriptreact" => "javascript",
                "c" | "cpp" | "cuda-cpp" | "objective-c" => "c",
                "json" | "jsonc" => "json",
                id => match BlockStyle::of(Language::by_lsp_id(id)) {
                    // Prose and markup hold code of many kinds.
                    BlockStyle::None => "text",
                    _ => return id.to_owned(),
                },
            }
            .to_owned()
        };
        if family(of_tag) == family(language) || family(language) == "text" || of_tag.id() == "diff"
        {
            return Ok(());
        }
        Err(Fault::OtherLanguage(of_tag.name.clone()))
    }
}

fn language_of_tag(tag: &str) -> Option<&'static Language> {
    let tag = tag.to_lowercase();
    let by_extension = |language: &&Language| language.extensions.contains(&tag);
    Language::by_lsp_id(&tag).or_else(|| Language::all().iter().find(by_extension))
}

/// The answer with line feeds only, up to the first marker of a conversation that is not part of the document itself.
pub fn without_conversation(text: &str, document: &str) -> String {
    let text = text
        .replace("\r\n", "\n")
        .replace(['\r', '\u{feff}', '\u{200b}'], "");
    let markers = SPECIAL_TOKENS
        .iter()
        .filter(|token| !document.contains(**token));
    let end = markers.filter_map(|token| text.find(token)).min();
    text[..end.unwrap_or(text.len())].to_owned()
}

/// The parts of an answer that may be code, the likeliest first: what is in fences, and what stands before the first one, because the
/// prompt may have opened it. Without fences all of it.
pub fn blocks(text: &str, language: Option<&'static Language>) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(Fence, String)> = None;
    let mut before = String::new();
    let mut seen_fence = false;
    let is_markdown = language.is_some_and(|language| language.id() == "markdown");
    for line in text.split_inclusive('\n') {
        match (&mut open, Fence::of(line)) {
            (Some((fence, body)), Some(other)) if fence.is_closed_by(&other) && !is_markdown => {
                blocks.push(block(body, &fence.tag, false));
                open = None;
            }
            (Some((_, body)), _) => body.push_str(line),
            (None, Some(fence)) => {
                let closes_the_prompts =
                    !seen_fence && fence.tag.is_empty() && looks_like_code(&before);
                seen_fence = true;
                if !closes_the_prompts {
                    open = Some((fence, String::new()));
                }
            }
            (None, None) if !seen_fence => before.push_str(line),
            (None, None) => {}
        }
    }
    if let Some((fence, mut body)) = open {
        // Markdown may have fences of its own: the last one is the answer's.
        if is_markdown && body.trim_end().ends_with("```") {
            body.truncate(body.trim_end().len() - 3);
        }
        blocks.push(block(&body, &fence.tag, true));
    }
    let implicit = block(&before, "", !seen_fence);
    if looks_like_code(&before) {
        blocks.insert(0, implicit);
    } else if blocks.is_empty() {
        blocks.push(implicit);
    }
    blocks.retain(|block| !block.text.trim().is_empty());
    blocks
}

fn block(text: &str, tag: &str, is_last: bool) -> Block {
    Block {
        text: without_numbers(text.trim_matches('\n')),
        tag: tag.to_owned(),
        is_last,
    }
}

/// A line of backquotes or tildes.
struct Fence {
    sign: char,
    len: usize,
    tag: String,
}

impl Fence {
    fn of(line: &str) -> Option<Self> {
        // Deeper ones stand in the documentation of some code.
        if indentation(line) > 3 {
            return None;
        }
        let line = line.trim();
        let sign = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let len = line.len() - line.trim_start_matches(sign).len();
        let rest = &line[len..];
        let word = rest
            .split([' ', ':', '{', ','])
            .find(|word| !word.is_empty());
        (len >= 3 && !rest.contains(sign)).then(|| Self {
            sign,
            len,
            tag: word.unwrap_or_default().to_owned(),
        })
    }

    fn is_closed_by(&self, other: &Self) -> bool {
        other.sign == self.sign && other.len >= self.len && other.tag.is_empty()
    }
}

/// Its first line with something in it does not talk to a reader.
pub fn looks_like_code(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.is_some_and(|line| !is_talk(line))
}

/// A line that speaks to the user: it begins like an explanation, or is a sentence.
pub fn is_talk(line: &str) -> bool {
    let trimmed = line.trim();
    let lower = trimmed.to_lowercase();
    if is_comment(trimmed) && !trimmed.starts_with("**") {
        return false;
    }
    let begins = |start: &&str| lower.starts_with(*start);
    if PROSE.iter().chain(&TALK).any(begins) {
        return true;
    }
    let words: Vec<&str> = trimmed.split_whitespace().collect();
    let is_word = |word: &&&str| {
        word.chars()
            .all(|c| c.is_alphabetic() || matches!(c, '\'' | ',' | '`' | '.' | ':' | '-'))
    };
    let ends = trimmed.ends_with(['.', ':', '!', '?']);
    let plain = words.iter().filter(is_word).count();
    words.len() >= 5
        && ends
        && plain * 10 >= words.len() * 8
        && trimmed.starts_with(char::is_uppercase)
}

/// Where words begin that follow code without a fence between them: bytes before that line.
pub fn end_of_code(code: &str) -> Option<usize> {
    let mut at = 0;
    for line in code.split_inclusive('\n') {
        if at > 0 && indentation(line) == 0 && is_talk(line) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// Without the numbers that every line begins with, if they count up.
fn without_numbers(text: &str) -> String {
    let mut last = None;
    let mut stripped = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            stripped.push("");
            continue;
        }
        let Some((number, rest)) = numbered(line) else {
            return text.to_owned();
        };
        if last.is_some_and(|last| number != last + 1) {
            return text.to_owned();
        }
        last = Some(number);
        stripped.push(rest);
    }
    if stripped.iter().filter(|line| !line.is_empty()).count() < LEAST_NUMBERED {
        return text.to_owned();
    }
    stripped.join("\n")
}

fn numbered(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_start();
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = line[..digits].parse().ok()?;
    let rest = line[digits..]
        .trim_start_matches(' ')
        .strip_prefix([':', '|', '.', ')', '\t'])?;
    Some((number, rest.strip_prefix(' ').unwrap_or(rest)))
}

/// The block shows a change, not code.
pub fn is_diff(block: &Block, old: &str) -> bool {
    if block.tag == "diff" || block.tag == "patch" {
        return true;
    }
    let lines: Vec<&str> = block
        .text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let begins = |start: &str| lines.iter().any(|line| line.starts_with(start));
    if begins("@@ ") || (begins("--- ") && begins("+++ ")) {
        return true;
    }
    let is_marked = |line: &&&str| line.starts_with(['+', '-', ' ']);
    let is_removed = |line: &&str| {
        line.strip_prefix('-')
            .is_some_and(|rest| old.lines().any(|line| line.trim() == rest.trim()))
    };
    lines.len() > 1
        && lines.iter().filter(is_marked).count() == lines.len()
        && lines.iter().any(is_removed)
}

/// The old text after the change that a diff describes. Refused unless each hunk fits in exactly one place, word for word.
pub fn patched(diff: &str, old: &str) -> Result<String, Fault> {
    let mut lines: Vec<&str> = old.lines().collect();
    let mut applied = false;
    for hunk in hunks(diff) {
        let side = |without: char| -> Vec<&str> {
            let kept = hunk.iter().filter(|(sign, _)| *sign != without);
            kept.map(|(_, line)| *line).collect()
        };
        let (from, to) = (side('+'), side('-'));
        if from == to {
            continue;
        }
        let dent = shared_dent(&from, &lines).ok_or(Fault::UnfitDiff)?;
        let matches = |window: &[&str]| {
            window
                .iter()
                .zip(&from)
                .all(|(line, part)| same(line, part, dent))
        };
        let places: Vec<usize> = (0..(lines.len() + 1).saturating_sub(from.len()))
            .filter(|at| !from.is_empty() && matches(&lines[*at..at + from.len()]))
            .collect();
        let [at] = places[..] else {
            return Err(Fault::UnfitDiff);
        };
        let to = to
            .into_iter()
            .map(|line| line.get(dent..).unwrap_or_else(|| line.trim_start()));
        lines.splice(at..at + from.len(), to);
        applied = true;
    }
    if !applied {
        return Err(Fault::UnfitDiff);
    }
    Ok(lines.join("\n"))
}

fn same(line: &str, part: &str, dent: usize) -> bool {
    part.trim().is_empty() && line.trim().is_empty()
        || part
            .get(dent..)
            .is_some_and(|part| part.trim_end() == line.trim_end())
}

/// How much deeper than the old text, which is dedented, the lines of a hunk stand.
fn shared_dent(from: &[&str], lines: &[&str]) -> Option<usize> {
    let first = from.iter().find(|line| !line.trim().is_empty())?;
    let old = lines.iter().find(|line| line.trim() == first.trim())?;
    indentation(first).checked_sub(indentation(old))
}

type Hunk<'a> = Vec<(char, &'a str)>;

fn hunks(diff: &str) -> Vec<Hunk<'_>> {
    let mut hunks: Vec<Hunk> = vec![Vec::new()];
    for line in diff.lines() {
        let is_header = ["--- ", "+++ ", "diff ", "index ", "\\ "]
            .iter()
            .any(|start| line.starts_with(start));
        if line.starts_with("@@") {
            hunks.push(Vec::new());
        } else if let (false, Some(hunk)) = (is_header, hunks.last_mut()) {
            match line.chars().next() {
                Some(sign @ ('+' | '-' | ' ')) => hunk.push((sign, &line[1..])),
                _ => hunk.push((' ', line)),
            }
        }
    }
    hunks.retain(|hunk| hunk.iter().any(|(sign, _)| *sign != ' '));
    hunks
}
