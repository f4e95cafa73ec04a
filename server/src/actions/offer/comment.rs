//! Comments that ask for something: `tacit: ...`, which says what to do with the code below, and those that describe code which is not
//! there yet.

use std::ops::Range;

use super::source::Source;

/// Begins a comment that is an instruction.
const ADDRESS: &str = "tacit:";

/// Comment lines that are read upwards and downwards.
const MAX_LINES: usize = 60;

/// Fewer words are a label.
const MIN_WORDS: usize = 3;

/// How comments begin that ask for code, in lower case; the whole word counts.
const REQUESTS: [&str; 66] = [
    "todo",
    "fixme",
    "implement",
    "write",
    "create",
    "add",
    "define",
    "make",
    "build",
    "generate",
    "function",
    "method",
    "class",
    "return",
    "returns",
    "compute",
    "computes",
    "calculate",
    "calculates",
    "parse",
    "parses",
    "read",
    "reads",
    "load",
    "loads",
    "save",
    "store",
    "print",
    "prints",
    "find",
    "finds",
    "search",
    "sort",
    "sorts",
    "filter",
    "group",
    "count",
    "counts",
    "sum",
    "merge",
    "split",
    "join",
    "convert",
    "converts",
    "check",
    "checks",
    "validate",
    "validates",
    "test",
    "open",
    "close",
    "send",
    "fetch",
    "get",
    "set",
    "update",
    "delete",
    "remove",
    "insert",
    "reverse",
    "format",
    "draw",
    "loop",
    "iterate",
    "encode",
    "decode",
];

/// Of [`REQUESTS`], those that ask for code even where code follows directly.
const TO_DO: [&str; 3] = ["todo", "fixme", "implement"];

/// Comments on lines of their own, one directly below the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentRun {
    /// From the first mark to the end of the last line.
    pub range: Range<usize>,
    /// The lines without their marks, with where each begins in the file.
    pub lines: Vec<(usize, String)>,
}

/// An instruction that a comment gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    pub text: String,
    /// Whole lines, with the last one's line end: what goes when it has been followed.
    pub lines: Range<usize>,
    /// Where the line below begins.
    pub below: usize,
}

/// The comments around the line of `at`, if that line is one.
pub fn run_at(source: &Source, at: usize) -> Option<CommentRun> {
    let line = source.line(at);
    prose(source, line.clone(), false)?;
    let mut start = line.start;
    for _ in 0..MAX_LINES {
        match source.line_above(start) {
            Some(above) if prose(source, above.clone(), false).is_some() => start = above.start,
            _ => break,
        }
    }
    run_from(source, start)
}

/// The comments that end directly above the line of `at`.
pub fn run_above(source: &Source, at: usize) -> Option<CommentRun> {
    run_at(source, source.line_above(at)?.start)
}

fn run_from(source: &Source, start: usize) -> Option<CommentRun> {
    let mut lines = Vec::new();
    let mut end = start;
    let mut next = Some(start);
    let mut in_block = false;
    while let Some(at) = next.filter(|_| lines.len() < 2 * MAX_LINES) {
        let line = source.line(at);
        let Some(text) = prose(source, line.clone(), in_block) else {
            break;
        };
        let trimmed = source.slice(line.clone()).trim();
        let (open, close) = block_marks(source);
        in_block =
            !open.is_empty() && (in_block || trimmed.starts_with(open)) && !trimmed.contains(close);
        lines.push((at, text));
        end = line.end;
        next = source.next_line(at);
    }
    (!lines.is_empty()).then(|| CommentRun {
        range: source.trimmed(start..end),
        lines,
    })
}

fn block_marks(source: &Source) -> (&'static str, &'static str) {
    let block = source
        .language
        .and_then(|language| language.block_comment.as_ref());
    block.map_or(("", ""), |block| (&block.open, &block.close))
}

/// What a line that is nothing but a comment says.
fn prose(source: &Source, line: Range<usize>, in_block: bool) -> Option<String> {
    let text = source.slice(line).trim();
    let mark = source
        .language
        .and_then(|language| language.line_comment.as_deref());
    if let Some(mark) = mark.filter(|mark| !in_block && text.starts_with(*mark)) {
        let last = mark.chars().next_back().unwrap_or_default();
        let is_interpreter = text.starts_with("#!");
        let rest = text[mark.len()..].trim_start_matches([last, '!']);
        return (!is_interpreter).then(|| rest.trim().to_owned());
    }
    let (open, close) = block_marks(source);
    let begins = !open.is_empty() && text.starts_with(open);
    if !begins && !in_block {
        return None;
    }
    let body = text.strip_prefix(open).filter(|_| begins).unwrap_or(text);
    let (body, behind) = body.split_once(close).unwrap_or((body, ""));
    // Code behind the comment.
    behind
        .trim()
        .is_empty()
        .then(|| body.trim_matches(['*', '!', ' ', '\t']).to_owned())
}

/// The instruction that the comments give: from the line that addresses us to the end.
pub fn instruction(source: &Source, run: &CommentRun) -> Option<Instruction> {
    let is_addressed = |text: &str| {
        text.get(..ADDRESS.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(ADDRESS))
    };
    let first = run.lines.iter().position(|(_, text)| is_addressed(text))?;
    let start = run.lines[first].0;
    let mark = |at: usize| {
        let line = source.slice(source.line(at)).trim_start();
        line.len() - line.trim_start_matches(['/', '#', '-', '!']).len()
    };
    // Documentation below has other marks.
    let own = (run.lines[first..].iter()).take_while(|(at, _)| mark(*at) == mark(start));
    let own: Vec<&(usize, String)> = own.collect();
    let words: Vec<&str> = own
        .iter()
        .flat_map(|(_, text)| text.split_whitespace())
        .collect();
    let text = words.join(" ")[ADDRESS.len()..].trim().to_owned();
    let last = own.last()?.0;
    let below = source.next_line(last).unwrap_or(source.text.len());
    (!text.is_empty()).then_some(Instruction {
        text,
        lines: start..below,
        below,
    })
}

/// The comments ask for code that is not there: an instruction of some words, with no code directly below it but where it says that
/// something is to be done.
pub fn asks_for_code(source: &Source, run: &CommentRun) -> bool {
    let words: Vec<&str> = (run.lines.iter())
        .flat_map(|(_, text)| text.split_whitespace())
        .collect();
    let Some(first) = words.first() else {
        return false;
    };
    let first = first
        .trim_end_matches(|c: char| !c.is_alphanumeric())
        .split('(')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let below = source.next_line(run.range.end).map(|at| source.line(at));
    let is_above_code = below.is_some_and(|line| {
        let text = source.slice(line).trim();
        !text.is_empty() && !text.starts_with(['}', ')', ']']) && text != "end"
    });
    let is_code = (run.lines.iter())
        .any(|(_, text)| text.ends_with([';', '{', '}', ':']) || text.contains(" = "));
    let is_request = match is_above_code {
        true => TO_DO.contains(&&*first),
        false => {
            REQUESTS.contains(&&*first)
                || words.len() > 2 && ["a", "the"].contains(&&*first) && {
                    matches!(
                        words[1],
                        "function" | "method" | "class" | "loop" | "type" | "struct"
                    )
                }
        }
    };
    words.len() >= MIN_WORDS && is_request && !is_code
}
