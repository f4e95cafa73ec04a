//! Code in other places that looks like the code around the cursor, and what follows it there: what was written once is likely to be written
//! again. Compares words, not syntax, so that it works for every language and for code that is half typed.
//!
//! A text is prepared once ([`Prepared`]) and searched at every keystroke, so a search only looks at the lines that share a word with it.

use std::{
    collections::{HashMap, HashSet},
    ops::{Range, RangeInclusive},
    path::Path,
};

use grammars::{Language, Notation};

use super::{Piece, Source, lines::overlap, outline::is_import, privacy};
use crate::words::is_word_char;

/// Lines before the cursor that are compared: about what a person sees as "here".
const LINES_BEFORE: usize = 16;
/// Lines behind the cursor that are compared.
const LINES_AFTER: usize = 4;
/// Lines that are compared with them at a time.
const WINDOW: usize = 12;
/// Shown beyond the lines that are alike: what the user types next may be there.
const CONTINUATION: usize = 10;
/// Lines before the cursor that tell which of the lines that are alike stands where the cursor stands.
const NEAR_LINES: usize = 2;
/// Of a longer piece the beginning is left out up to that line, then its end: all pieces share a kilobyte or two on a small machine, and one that does not fit is not shown at all.
/// With pieces that begin at the line most like the cursor's, with this bound and with [`BEST_SHARED`], two fifths more of the words that were
/// to be written (and were in no line above) were in a prompt of one kilobyte, on 360 holes in unseen repositories; 400 and 700 bytes were worse.
const MAX_PIECE_BYTES: usize = 512;
/// A piece begins and ends at a gap between lines, if there is one within so many lines.
const SNAP: usize = 4;
/// Lines of a text that are searched; the rest of a longer one is left out.
const MAX_LINES: usize = 20_000;
/// Longer lines are data or minified code.
const MAX_LINE_BYTES: usize = 400;
const MAX_PER_FILE: usize = 2;
const MAX_PIECES: usize = 8;
/// The least part of the words here (by weight) that code must share to be shown. On holes in unseen repositories, code that shares less held
/// the words that were to be written (and were in no line above) no more often than any other lines of its file.
const LEAST_SHARED: f32 = 0.12;
/// A piece is shown only if at least so much of its lines is new to the prompt...
const LEAST_NEW: f32 = 0.3;
/// ...and so many of them.
const LEAST_NEW_LINES: usize = 3;
/// A window that holds this part of what the best one holds is as good.
const NEARLY: f32 = 0.95;
/// A part of a name (`read` in `read_file`) says less than the whole.
const PART_WEIGHT: f32 = 0.4;
/// What the farthest compared line counts, where the cursor's counts 1.
const FARTHEST_WEIGHT: f32 = 0.2;
/// Code that shares so much of the words here (by weight) is as good as the best of other sources. Little code shares half of them.
const BEST_SHARED: f32 = 0.4;

/// A hashed word. Two words with one hash only make a window look a little more alike.
type Term = u32;

/// A text, ready to be searched. To be kept as long as the text does not change; takes some three times the memory of the text.
#[derive(Debug)]
pub struct Prepared {
    text: String,
    /// Where each line starts, and where the text ends.
    line_starts: Vec<u32>,
    /// Which line (index) holds which word, ordered by word, then line.
    postings: Vec<(Term, u32)>,
    /// Words in all lines before a line.
    words_before: Vec<u32>,
}

impl Prepared {
    pub fn new(text: &str) -> Self {
        let mut prepared = Self {
            text: String::with_capacity(text.len()),
            line_starts: vec![0],
            postings: Vec::with_capacity(text.len() / 4),
            words_before: vec![0],
        };
        let mut terms = Vec::new();
        for (index, line) in (0..).zip(text.lines().take(MAX_LINES)) {
            terms.clear();
            // What files import is much alike, and says little of what they do.
            if line.len() <= MAX_LINE_BYTES && !is_import(line) {
                terms_of(line, |term, _| terms.push(term));
            }
            terms.sort_unstable();
            terms.dedup();
            let before = prepared.words_before.last().copied().unwrap_or_default();
            prepared
                .words_before
                .push(before + u32::try_from(terms.len()).unwrap_or(u32::MAX));
            prepared
                .postings
                .extend(terms.iter().map(|&term| (term, index)));
            prepared.text += line;
            prepared.text.push('\n');
            let end = u32::try_from(prepared.text.len()).unwrap_or(u32::MAX);
            prepared.line_starts.push(end);
        }
        prepared.postings.sort_unstable();
        prepared
    }

    fn line_count(&self) -> usize {
        self.line_starts.len() - 1
    }

    fn line(&self, index: usize) -> &str {
        self.text_of(index..index + 1)
    }

    fn text_of(&self, lines: Range<usize>) -> &str {
        let (start, end) = (self.line_starts[lines.start], self.line_starts[lines.end]);
        self.text[start as usize..end as usize].trim_end_matches('\n')
    }

    /// These lines (counted from 1) as a model may see them.
    fn shown(&self, lines: &RangeInclusive<u32>, notation: Notation) -> String {
        let start = self.line_starts[*lines.start() as usize - 1] as usize;
        let end = self.line_starts[*lines.end() as usize] as usize;
        let text = privacy::shown_in(&self.text, start..end, notation);
        text.trim_end_matches('\n').to_owned()
    }

    /// The lines that hold a word, in their order.
    fn lines_with(&self, term: Term) -> &[(Term, u32)] {
        let start = self.postings.partition_point(|(other, _)| *other < term);
        let rest = &self.postings[start..];
        &rest[..rest.partition_point(|(other, _)| *other == term)]
    }

    /// The line that holds most of these words; the last of several.
    fn most_like(&self, terms: &[(Term, f32)], lines: Range<usize>) -> usize {
        let mut held = vec![0.0_f32; lines.len()];
        for &(term, weight) in terms {
            let with = self.lines_with(term);
            let first = with.partition_point(|(_, line)| (*line as usize) < lines.start);
            for (_, line) in &with[first..] {
                match held.get_mut(*line as usize - lines.start) {
                    Some(held) => *held += weight,
                    None => break,
                }
            }
        }
        let most = (0..held.len()).max_by(|a, b| held[*a].total_cmp(&held[*b]));
        lines.start + most.unwrap_or_default()
    }

    fn is_blank(&self, index: usize) -> bool {
        self.line(index).trim().is_empty()
    }

    /// The last gap in front of one of these lines: best after a blank line, else where the indentation falls.
    fn gap_in(&self, lines: RangeInclusive<usize>) -> Option<usize> {
        let last = |is_gap: &dyn Fn(usize) -> bool| lines.clone().rev().find(|&line| is_gap(line));
        last(&|line| line == 0 || line >= self.line_count() || self.is_blank(line - 1))
            .or_else(|| last(&|line| self.is_dedented(line)))
    }

    /// Indented less than the line above, which is not blank. Closers belong to what is above them.
    fn is_dedented(&self, index: usize) -> bool {
        let indentation = |index: usize| {
            let line = self.line(index);
            line.len() - line.trim_start().len()
        };
        !is_closer(self.line(index)) && indentation(index) < indentation(index - 1)
    }
}

/// A line like `});`, which belongs to what is above it.
fn is_closer(line: &str) -> bool {
    line.chars().all(|c| !c.is_alphanumeric())
}

/// A text that may hold similar code.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    pub path: &'a Path,
    pub text: &'a Prepared,
    /// Lines (counted from 1) that the prompt shows in any case, in the current file.
    pub shown: Option<RangeInclusive<u32>>,
}

/// The windows of the candidates that are most like the end of `before` and the start of `after`, the texts around the cursor, with what
/// follows them; the best first. `shown` is what the prompt shows in any case: code that says nothing new is left out.
pub fn pieces(before: &str, after: &str, shown: &str, candidates: &[Candidate<'_>]) -> Vec<Piece> {
    let query = weigh(query_terms(before, after, LINES_BEFORE), candidates);
    let near = weigh(query_terms(before, "", NEAR_LINES), candidates);
    let mut found: Vec<Match> = candidates
        .iter()
        .enumerate()
        .flat_map(|(index, candidate)| matches(&query, index, candidate))
        .collect();
    found.sort_by(|a, b| {
        let path = |found: &Match| candidates[found.candidate].path;
        (b.score.total_cmp(&a.score))
            .then_with(|| path(a).cmp(path(b)))
            .then(a.start.cmp(&b.start))
    });

    let mut seen: HashSet<&str> = shown.lines().map(str::trim).collect();
    let mut taken: Vec<(usize, RangeInclusive<u32>)> = Vec::new();
    let mut pieces = Vec::new();
    for found in found {
        let candidate = &candidates[found.candidate];
        let Some(lines) = lines_to_show(candidate, found.start, &near) else {
            continue;
        };
        let of_file = taken
            .iter()
            .filter(|(candidate, _)| *candidate == found.candidate);
        if of_file.clone().count() == MAX_PER_FILE
            || of_file.into_iter().any(|(_, other)| overlap(other, &lines))
        {
            continue;
        }
        let text = candidate
            .text
            .text_of(*lines.start() as usize - 1..*lines.end() as usize);
        let code = || text.lines().map(str::trim).filter(|line| !is_closer(line));
        let new = code().filter(|line| !seen.contains(line)).count();
        if new < LEAST_NEW_LINES || (new as f32) < LEAST_NEW * code().count() as f32 {
            continue;
        }
        seen.extend(code());
        taken.push((found.candidate, lines.clone()));
        let notation = Notation::of(Language::detect(candidate.path, ""));
        pieces.push(Piece {
            path: candidate.path.to_owned(),
            text: candidate.text.shown(&lines, notation),
            lines,
            source: Source::Similar,
            reason: format!(
                "{:.0} % of the words around the cursor are here",
                found.shared * 100.0
            ),
            score: (found.score / BEST_SHARED).min(1.0),
        });
        if pieces.len() == MAX_PIECES {
            break;
        }
    }
    pieces
}

/// A window of a candidate that is like the code around the cursor.
#[derive(Clone, Copy)]
struct Match {
    candidate: usize,
    /// Index of its first line.
    start: usize,
    /// Part of the words here that it holds, by weight.
    shared: f32,
    /// The same, less for windows that hold many words anyhow.
    score: f32,
}

/// The words around the cursor, each with the weight of the place where it counts most. Words nearest to the cursor count most, as they say
/// what is being written; the one that ends at the cursor is half typed and does not count.
fn query_terms(before: &str, after: &str, lines_before: usize) -> HashMap<Term, f32> {
    let whole = before.trim_end_matches(is_word_char);
    let mut terms: HashMap<Term, f32> = HashMap::new();
    let mut add = |line: &str, distance: usize, reach: usize| {
        let nearness = 1.0 - (1.0 - FARTHEST_WEIGHT) * distance as f32 / reach as f32;
        terms_of(line, |term, weight| {
            let known = terms.entry(term).or_default();
            *known = known.max(weight * nearness);
        });
    };
    let code_lines = |line: &&str| !line.trim().is_empty() && line.len() <= MAX_LINE_BYTES;
    for (distance, line) in (0..).zip(whole.lines().rev().filter(code_lines).take(lines_before)) {
        add(line, distance, LINES_BEFORE);
    }
    // What is behind the cursor exists already: it tells the place, not what comes.
    for (distance, line) in (1..).zip(after.lines().filter(code_lines).take(LINES_AFTER)) {
        add(line, LINES_AFTER + distance * 2, LINES_BEFORE);
    }
    terms
}

/// The words with their weight among the candidates: those that few lines hold say more, and those that none holds say most, so that code of
/// another kind, which shares only keywords, does not look alike. Ordered, so that sums do not depend on the order of a map.
fn weigh(terms: HashMap<Term, f32>, candidates: &[Candidate<'_>]) -> Vec<(Term, f32)> {
    let lines: usize = candidates.iter().map(|one| one.text.line_count()).sum();
    let mut weighed: Vec<(Term, f32)> = terms
        .into_iter()
        .map(|(term, weight)| {
            let holding: usize = candidates
                .iter()
                .map(|one| one.text.lines_with(term).len())
                .sum();
            // As in BM25, over lines instead of documents.
            let rarity = (1.0 + lines as f32 / (holding as f32 + 0.5)).ln();
            (term, weight * rarity * rarity)
        })
        .collect();
    weighed.sort_unstable_by_key(|(term, _)| *term);
    weighed
}

/// The best windows of a text, at most [`MAX_PER_FILE`] and some to choose from.
fn matches(query: &[(Term, f32)], index: usize, candidate: &Candidate<'_>) -> Vec<Match> {
    let text = candidate.text;
    let count = text.line_count();
    let all: f32 = query.iter().map(|(_, weight)| weight).sum();
    if count < LEAST_NEW_LINES || all <= 0.0 {
        return Vec::new();
    }
    // For each window, named by its first line: how much its score differs from the one before.
    let mut difference = vec![0.0_f32; count + 1];
    for &(term, weight) in query {
        let mut covered = 0;
        for &(_, line) in text.lines_with(term) {
            let start = (line as usize + 1).saturating_sub(WINDOW).max(covered);
            covered = line as usize + 1;
            difference[start] += weight;
            difference[covered] -= weight;
        }
    }
    let words = |start: usize, end: usize| text.words_before[end] - text.words_before[start];
    let mean_words = (words(0, count) as f32 * WINDOW.min(count) as f32 / count as f32).max(1.0);
    let mut found: Vec<Match> = Vec::new();
    let mut weight = 0.0;
    for (start, change) in difference[..count].iter().enumerate() {
        weight += change;
        let shared = weight / all;
        if shared < LEAST_SHARED || text.is_blank(start) {
            continue;
        }
        let end = (start + WINDOW).min(count);
        // As in BM25: long texts hold many words by chance.
        let length = 0.75 + 0.25 * words(start, end) as f32 / mean_words;
        found.push(Match {
            candidate: index,
            start,
            shared,
            score: shared / length,
        });
    }
    // Of windows that begin near each other the best stands for all.
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.start.cmp(&b.start)));
    let mut best: Vec<Match> = Vec::new();
    for one in &found {
        if best
            .iter()
            .any(|other| other.start.abs_diff(one.start) < WINDOW)
        {
            continue;
        }
        // The last one that is nearly as good begins with what is alike, and more of what follows is shown.
        let nearly_as_good = |other: &&Match| {
            (one.start..one.start + WINDOW).contains(&other.start)
                && other.shared >= one.shared * NEARLY
        };
        best.extend(
            found
                .iter()
                .filter(nearly_as_good)
                .max_by_key(|other| other.start)
                .copied(),
        );
        if best.len() == 2 * MAX_PER_FILE {
            break;
        }
    }
    best
}

/// The lines (counted from 1) to show for a window: from a gap above the line that is most like those at the cursor, whose words `near` are,
/// to a gap near the end of what follows the window, or as much of that as may be shown; and nothing of what the prompt shows.
fn lines_to_show(
    candidate: &Candidate<'_>,
    start: usize,
    near: &[(Term, f32)],
) -> Option<RangeInclusive<u32>> {
    let text = candidate.text;
    let last = text.line_count();
    let mut first = text
        .gap_in(start.saturating_sub(SNAP)..=start)
        .unwrap_or(start);
    let wanted = (start + WINDOW + CONTINUATION).min(last);
    let mut end = text
        .gap_in(wanted.saturating_sub(SNAP)..=wanted)
        .unwrap_or(wanted);
    if let Some(shown) = &candidate.shown {
        let (shown_first, shown_end) = (*shown.start() as usize - 1, *shown.end() as usize);
        if first < shown_first {
            end = end.min(shown_first);
        } else {
            first = first.max(shown_end);
        }
    }
    while first < end && text.is_blank(first) {
        first += 1;
    }
    let here = text.most_like(near, start..(start + WINDOW).min(last));
    if first < here {
        let gap = text.gap_in(here.saturating_sub(SNAP).max(first)..=here);
        let from = gap.unwrap_or(here);
        if from + LEAST_NEW_LINES < end {
            first = from;
        }
    }
    while first + LEAST_NEW_LINES < end && text.text_of(first..end).len() > MAX_PIECE_BYTES {
        if first < here {
            first += 1;
        } else {
            end -= 1;
        }
    }
    while first < end && text.is_blank(end - 1) {
        end -= 1;
    }
    let number = |index: usize| u32::try_from(index).ok();
    (first < end).then_some(number(first + 1)?..=number(end)?)
}

/// The words of a line and their parts, each with its weight. Case does not count; numbers and single letters say nothing.
fn terms_of(line: &str, mut add: impl FnMut(Term, f32)) {
    for word in line.split(|c| !is_word_char(c)) {
        if word.chars().nth(1).is_none() || word.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        add(hash(word), 1.0);
        for part in parts(word) {
            if part.len() > 2 && part.len() < word.len() {
                add(hash(part), PART_WEIGHT);
            }
        }
    }
}

/// `read`, `file` of `read_file`, `readFile` and `READ_FILE`.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    word.split('_').flat_map(|part| {
        let bytes = part.as_bytes();
        let mut start = 0;
        (1..=part.len()).filter_map(move |end| {
            let is_end = end == part.len()
                || (bytes[end].is_ascii_uppercase() && bytes[end - 1].is_ascii_lowercase());
            is_end.then(|| {
                let found = &part[start..end];
                start = end;
                found
            })
        })
    })
}

/// FNV-1a.
fn hash(word: &str) -> Term {
    word.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests;
