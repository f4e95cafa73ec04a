//! Edits of a text: the smallest that make one text of another, and where they belong after the text has changed. Pure; applies nothing
//! but to strings.

use std::ops::Range;

use ropey::Rope;
use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use thiserror::Error;

/// Two texts with more lines than this between their common head and tail are not compared: the comparison takes time that grows with
/// their product, and a person reads such a change as a whole anyway.
const MAX_COMPARED_LINES: usize = 4000;
/// The same for one line, in bytes.
const MAX_COMPARED_LINE_BYTES: usize = 2000;
/// What is equal between two changes of a line is left in peace from so many characters on; less reads as one change.
const SHORTEST_EQUAL_RUN: usize = 3;

/// One change of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Bytes of the text before any change; empty for an insertion.
    pub range: Range<usize>,
    pub text: String,
}

/// Why edits of an older text are not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Moved {
    #[error(
        "The text that this edit is about has been changed meanwhile, so nothing was edited. Ask for it again."
    )]
    Touched,
    #[error(
        "The file has changed so much that it is not clear where this edit belongs, so nothing was edited. Ask for it again."
    )]
    Unclear,
}

/// `text` after `edits`, which are in the order of the text and do not overlap.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in edits {
        changed.push_str(&text[copied..edit.range.start]);
        changed.push_str(&edit.text);
        copied = edit.range.end;
    }
    changed.push_str(&text[copied..]);
    changed
}

/// The smallest readable edits that turn `old` into `new`: whole lines, and words of a line that is mostly as it was. In the order of
/// the text; never within a character or between CR and LF.
pub fn smallest(old: &str, new: &str) -> Vec<Edit> {
    let (old, new) = (Lines::of(old), Lines::of(new));
    let mut edits = Vec::new();
    for hunk in hunks(&old, &new) {
        let (from, to) = (&old.all[hunk.old.clone()], &new.all[hunk.new.clone()]);
        let start = old.start(hunk.old.start);
        if from.len() == to.len() && from.len() <= MAX_COMPARED_LINES {
            let mut at = start;
            for (from, to) in from.iter().zip(to) {
                word_edits(from, to, at, &mut edits);
                at += from.len();
            }
        } else {
            edits.push(without_common_ends(&from.concat(), &to.concat(), start));
        }
    }
    edits
}

/// The text cut behind its line feeds.
struct Lines<'a> {
    all: Vec<&'a str>,
    starts: Vec<usize>,
    len: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let all: Vec<&str> = text.split_inclusive('\n').collect();
        let starts = all.iter().scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some(start)
        });
        Self {
            starts: starts.collect(),
            all,
            len: text.len(),
        }
    }

    /// The first byte of a line; the length of the text for the line behind the last.
    fn start(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.len)
    }

    /// The line that a byte is in, the last one for the end of the text.
    fn at(&self, byte: usize) -> usize {
        self.starts
            .partition_point(|&start| start <= byte)
            .saturating_sub(1)
    }
}

/// Lines that differ.
struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

/// The differing lines of two texts: one hunk for all of them if they are too many to compare.
fn hunks(old: &Lines, new: &Lines) -> Vec<Hunk> {
    let head = common(old.all.iter(), new.all.iter());
    let (old_middle, new_middle) = (&old.all[head..], &new.all[head..]);
    let tail = common(old_middle.iter().rev(), new_middle.iter().rev());
    let old_middle = &old_middle[..old_middle.len() - tail];
    let new_middle = &new_middle[..new_middle.len() - tail];
    if old_middle.len() + new_middle.len() > MAX_COMPARED_LINES {
        return vec![Hunk {
            old: head..head + old_middle.len(),
            new: head..head + new_middle.len(),
        }];
    }
    capture_diff_slices(Algorithm::Myers, old_middle, new_middle)
        .into_iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| {
            let (old, new) = (op.old_range(), op.new_range());
            Hunk {
                old: head + old.start..head + old.end,
                new: head + new.start..head + new.end,
            }
        })
        .collect()
}

fn common<T: PartialEq>(a: impl Iterator<Item = T>, b: impl Iterator<Item = T>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count()
}

/// Changes the words of a line that differ, or all of it if that is most of it. `at`: where the line begins.
fn word_edits(old: &str, new: &str, at: usize, edits: &mut Vec<Edit>) {
    let whole = |edits: &mut Vec<Edit>| edits.push(without_common_ends(old, new, at));
    if old == new {
        return;
    }
    if old.len().max(new.len()) > MAX_COMPARED_LINE_BYTES {
        return whole(edits);
    }
    let (old_words, new_words) = (words(old), words(new));
    let significant = |words: &[&str]| -> usize {
        let of_word = |word: &&str| word.chars().filter(|c| !c.is_whitespace()).count();
        words.iter().map(of_word).sum()
    };
    let ops = capture_diff_slices(Algorithm::Myers, &old_words, &new_words);
    // Changed words: of the old line, of the new line.
    let mut changes: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let mut equal = 0;
    for op in &ops {
        let (old_range, new_range) = (op.old_range(), op.new_range());
        if let DiffOp::Equal { .. } = op {
            equal += significant(&old_words[old_range]);
            continue;
        }
        if let Some(last) = changes.last_mut()
            && significant(&old_words[last.0.end..old_range.start]) < SHORTEST_EQUAL_RUN
        {
            last.0.end = old_range.end;
            last.1.end = new_range.end;
        } else {
            changes.push((old_range, new_range));
        }
    }
    if equal * 2 < significant(&old_words).max(significant(&new_words)) {
        return whole(edits);
    }
    let bytes = |words: &[&str]| words.iter().map(|word| word.len()).sum::<usize>();
    for (from, to) in changes {
        let start = at + bytes(&old_words[..from.start]);
        edits.push(Edit {
            range: start..start + bytes(&old_words[from]),
            text: new_words[to].concat(),
        });
    }
}

/// The replacement of one text by another, less the words that both begin and end with.
fn without_common_ends(old: &str, new: &str, at: usize) -> Edit {
    let (old_words, new_words) = (words(old), words(new));
    let head = common(old_words.iter(), new_words.iter());
    let (old_rest, new_rest) = (&old_words[head..], &new_words[head..]);
    let tail = common(old_rest.iter().rev(), new_rest.iter().rev());
    let old_rest = &old_rest[..old_rest.len() - tail];
    let new_rest = &new_rest[..new_rest.len() - tail];
    let start = at + old_words[..head].concat().len();
    Edit {
        range: start..start + old_rest.concat().len(),
        text: new_rest.concat(),
    }
}

/// Cuts a text into words, runs of blanks, line ends, and single signs. What is not ASCII stays together: marks that combine with the
/// character before them are not told apart here.
fn words(text: &str) -> Vec<&str> {
    #[derive(PartialEq, Clone, Copy)]
    enum Class {
        Word,
        Blank,
        Sign,
    }
    let class = |c: char| match c {
        _ if c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii() => Class::Word,
        ' ' | '\t' => Class::Blank,
        _ => Class::Sign,
    };
    let mut words = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        let end = chars.peek().map_or(text.len(), |(at, _)| *at);
        let goes_on = chars.peek().is_some_and(|(_, next)| {
            (class(c) == class(*next) && class(c) != Class::Sign) || (c == '\r' && *next == '\n')
        });
        if !goes_on {
            words.push(&text[start..end]);
            start = end;
        }
    }
    words
}

/// Moves `edits` of `base`, all of them inside of `target`, to where the target stands in `now`. Refused if the target itself may have
/// been changed: what is equal to it elsewhere is never taken for it.
pub fn rebase(
    edits: &[Edit],
    target: &Range<usize>,
    base: &Rope,
    now: &Rope,
) -> Result<Vec<Edit>, Moved> {
    let is_within = |edit: &Edit| target.start <= edit.range.start && edit.range.end <= target.end;
    if !edits.iter().all(is_within) || base.get_byte_slice(target.clone()).is_none() {
        return Err(Moved::Unclear);
    }
    if base.is_instance(now) {
        return Ok(edits.to_vec());
    }
    let start = start_now(target, &base.to_string(), &now.to_string())?;
    let moved = |byte: usize| byte - target.start + start;
    Ok(edits
        .iter()
        .map(|edit| Edit {
            range: moved(edit.range.start)..moved(edit.range.end),
            text: edit.text.clone(),
        })
        .collect())
}

/// Where the first byte of `target` stands in `now`.
fn start_now(target: &Range<usize>, base: &str, now: &str) -> Result<usize, Moved> {
    let changed = changed_region(base, now);
    if base == now || is_before(target, &changed, base, now) {
        return Ok(target.start);
    }
    let moved = target.start as isize + now.len() as isize - base.len() as isize;
    if let Ok(start) = usize::try_from(moved)
        && is_behind(target, &changed, base, now, start)
    {
        return Ok(start);
    }
    start_among_hunks(target, &Lines::of(base), &Lines::of(now))
}

/// All of `base` that one change may have concerned. Where the same text stands several times in a row, nobody can tell which of them was
/// inserted or deleted: then it is all of them.
fn changed_region(base: &str, now: &str) -> Range<usize> {
    let head = common(base.bytes(), now.bytes());
    let tail = common(base.bytes().rev(), now.bytes().rev());
    let shorter = base.len().min(now.len());
    let start = head.min(shorter - tail);
    let end = (base.len() - tail).max(head + base.len() - shorter);
    start..end
}

/// The target ends before the change; where they touch, at a line end that has stayed.
fn is_before(target: &Range<usize>, changed: &Range<usize>, base: &str, now: &str) -> bool {
    let ends_line = |text: &str| text[target.end..].starts_with(['\n', '\r']);
    target.end < changed.start
        || target.end == changed.start
            && !target.is_empty()
            && now.is_char_boundary(target.end)
            && ends_line(base)
            && ends_line(now)
}

/// The same for a target that begins behind the change, at `start` of the text now.
fn is_behind(
    target: &Range<usize>,
    changed: &Range<usize>,
    base: &str,
    now: &str,
    start: usize,
) -> bool {
    target.start > changed.end
        || target.start == changed.end
            && !target.is_empty()
            && base[..target.start].ends_with('\n')
            && now.is_char_boundary(start)
            && now[..start].ends_with('\n')
}

/// For a text that was changed in several places: the lines of the target must be untouched, and where the text has the same lines
/// elsewhere, so must be the lines around them, as many before it as there were.
fn start_among_hunks(target: &Range<usize>, base: &Lines, now: &Lines) -> Result<usize, Moved> {
    // Behind the last line feed stands no line that could be recognised.
    if target.start == base.len && base.all.last().is_none_or(|line| line.ends_with('\n')) {
        return Err(Moved::Touched);
    }
    let first = base.at(target.start);
    let behind = base.at(target.end.max(target.start + 1) - 1) + 1;
    let mut lines = first..behind;
    let is_unique = |lines: &Range<usize>| {
        let wanted = &base.all[lines.clone()];
        occurrences(base, wanted).count() == 1 && occurrences(now, wanted).count() == 1
    };
    let is_repeated = lines.is_empty() || !is_unique(&lines);
    if is_repeated {
        lines = first.saturating_sub(1)..(behind + 1).min(base.all.len());
    }
    let mut moved = 0isize;
    for hunk in hunks(base, now) {
        let reach = reach(&hunk, base, now);
        if reach.start < lines.end && reach.end > lines.start {
            return Err(Moved::Touched);
        }
        if reach.end <= lines.start {
            moved += hunk.new.len() as isize - hunk.old.len() as isize;
        }
    }
    let now_at = |line: usize| line.checked_add_signed(moved).ok_or(Moved::Unclear);
    if is_repeated {
        let wanted = &base.all[lines.clone()];
        let before = |text, line| occurrences(text, wanted).filter(|at| *at < line).count();
        let same_before = before(base, lines.start) == before(now, now_at(lines.start)?);
        let same_number = occurrences(base, wanted).count() == occurrences(now, wanted).count();
        if !same_before || !same_number {
            return Err(Moved::Unclear);
        }
    }
    let start = now.start(now_at(first)?) + (target.start - base.start(first));
    Ok(start)
}

/// The lines at which `wanted` stands.
fn occurrences<'a>(text: &'a Lines, wanted: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
    let windows = text.all.windows(wanted.len().max(1));
    windows
        .enumerate()
        .filter(move |(_, window)| *window == wanted)
        .map(|(at, _)| at)
}

/// The lines of the old text at which an insertion or deletion may have happened: it may slide over lines that are equal to its own.
fn reach(hunk: &Hunk, base: &Lines, now: &Lines) -> Range<usize> {
    let (old, new) = (&hunk.old, &hunk.new);
    // What was inserted or deleted, in the text that has it.
    let (has, block) = match (old.is_empty(), new.is_empty()) {
        (true, false) => (now, new),
        (false, true) => (base, old),
        _ => return old.clone(),
    };
    let above = common(
        base.all[..old.start].iter().rev(),
        has.all[..block.end].iter().rev(),
    );
    let below = common(base.all[old.end..].iter(), has.all[block.start..].iter());
    old.start - above.min(old.start)..(old.end + below).min(base.all.len())
}

#[cfg(test)]
mod tests;
