//! Which lines of a user's own files are cut out to see whether a model writes them. The same for the same seed and text, on any machine;
//! spread over languages and files. Reads files, and tells nobody what is in them.

use std::{
    collections::BTreeMap,
    ops::{Range, RangeInclusive},
    path::{Path, PathBuf},
    sync::Arc,
};

use grammars::Language;
use ropey::Rope;
use sha2::{Digest, Sha256};
use tree_sitter::Tree;

use crate::{
    context::privacy,
    index::{source_text, symbols::is_minified},
    syntax::{BACKGROUND_BUDGET, parse},
    words::is_word_char,
};

/// Holes in one file, as long as there are others.
const HOLES_PER_FILE: usize = 3;

/// Larger files were seldom written by hand. It is also as much as is searched for similar code.
const MAX_FILE_BYTES: usize = 256 * 1024;

/// Bytes of a line without its indentation: shorter ones say little, longer ones are data or prose.
const LINE_BYTES: RangeInclusive<usize> = 8..=160;

/// Least bytes of the rest of a line that is worth a suggestion.
const LEAST_REST_BYTES: usize = 4;

/// What programs write at the top of files that nobody edits, in lower case.
const GENERATED: [&str; 5] = [
    "@generated",
    "do not edit",
    "code generated",
    "auto-generated",
    "automatically generated",
];

/// Where [`GENERATED`] is looked for, in bytes.
const HEAD_BYTES: usize = 1024;

/// How lines that import begin in languages without a query.
const IMPORTING: [&str; 9] = [
    "import",
    "from",
    "use",
    "using",
    "include",
    "require",
    "require_relative",
    "require_once",
    "package",
];

/// Nodes of trees, by parts of their names, in which a line is no code that a model could be asked for.
const NOT_CODE: [&str; 7] = [
    "comment",
    "import",
    "use_declaration",
    "using_directive",
    "preproc_include",
    "package",
    "extern_crate",
];

/// A source file with the language that it is read as.
pub struct SourceFile {
    pub path: PathBuf,
    pub language: &'static Language,
}

/// A line, or the rest of one, that is cut out of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Hole {
    pub path: PathBuf,
    pub language: &'static Language,
    text: Arc<str>,
    missing: Range<usize>,
}

impl Hole {
    pub fn before(&self) -> &str {
        &self.text[..self.missing.start]
    }

    pub fn after(&self) -> &str {
        &self.text[self.missing.end..]
    }

    /// Whether the first line of `answer` is what is missing, blanks at its end aside.
    pub fn is_filled_by(&self, answer: &str) -> bool {
        let first = answer.lines().next().unwrap_or_default();
        first.trim_end() == self.text[self.missing.clone()].trim_end()
    }
}

/// Up to `count` holes in `files`, which lie in `folder`. Languages share them by the square roots of their numbers of files: what is
/// written most counts most, and what is written seldom is there. They take turns, so that any beginning of the holes is spread too.
pub fn choose(files: Vec<SourceFile>, folder: &Path, seed: u64, count: usize) -> Vec<Hole> {
    let mut languages: BTreeMap<&str, Vec<(Rank, SourceFile)>> = BTreeMap::new();
    for file in files {
        let of_language = languages.entry(file.language.id()).or_default();
        of_language.push((Rank::of(seed, &file, folder), file));
    }
    let mut holes: Vec<(Turn, Hole)> = languages
        .into_values()
        .flat_map(|files| of_language(files, count))
        .collect();
    // Stable: of languages whose turn it is at once, the first by name comes first.
    holes.sort_by(|(a, _), (b, _)| a.round.cmp(&b.round).then(a.time.total_cmp(&b.time)));
    holes.truncate(count);
    holes.into_iter().map(|(_, hole)| hole).collect()
}

/// When a hole has its turn.
struct Turn {
    /// One ends when each file has had [`HOLES_PER_FILE`].
    round: usize,
    /// Within the round: the more files a language has, the sooner its next hole comes.
    time: f64,
}

/// Up to `count` holes in each of the files of one language.
fn of_language(mut files: Vec<(Rank, SourceFile)>, count: usize) -> Vec<(Turn, Hole)> {
    let weight = (files.len() as f64).sqrt();
    files.sort_by_cached_key(|(rank, _)| rank.number(0));
    let mut holes: Vec<(usize, Hole)> = files
        .into_iter()
        .map(|(rank, file)| in_file(file, &rank, count))
        .filter(|holes| !holes.is_empty())
        .take(count)
        .flat_map(|holes| holes.into_iter().enumerate())
        .collect();
    // A second hole in a file comes after the first ones of all others.
    holes.sort_by_key(|(visit, _)| *visit);
    let turns = holes.into_iter().enumerate();
    turns
        .map(|(before, (visit, hole))| {
            let turn = Turn {
                round: visit / HOLES_PER_FILE,
                time: (before as f64 + 0.5) / weight,
            };
            (turn, hole)
        })
        .collect()
}

/// Numbers that look random and follow from the seed and the name of a file: other files do not change them.
struct Rank(Sha256);

impl Rank {
    fn of(seed: u64, file: &SourceFile, folder: &Path) -> Self {
        let inside = file.path.strip_prefix(folder).unwrap_or(&file.path);
        let mut hasher = Sha256::new_with_prefix(seed.to_le_bytes());
        // The same on systems with other separators.
        for part in inside.components() {
            hasher.update(part.as_os_str().as_encoded_bytes());
            hasher.update(b"/");
        }
        Self(hasher)
    }

    fn number(&self, line: usize) -> u64 {
        let mut hasher = self.0.clone();
        hasher.update((line as u64).to_le_bytes());
        let digest = hasher.finalize();
        digest
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

/// Up to `count` holes in a file, in no order that the file has; none in what nobody has written by hand.
fn in_file(file: SourceFile, rank: &Rank, count: usize) -> Vec<Hole> {
    let SourceFile { path, language } = file;
    let Some(text) = source_text(&path) else {
        return Vec::new();
    };
    if text.len() > MAX_FILE_BYTES || is_minified(&text) || is_generated(&text) {
        return Vec::new();
    }
    let tree = language
        .parser()
        .and_then(|grammar| parse(&Rope::from_str(&text), &grammar, None, BACKGROUND_BUDGET));
    if language.parser().is_some() && tree.is_none() {
        return Vec::new();
    }
    let mut lines: Vec<(u64, Range<usize>)> = code_lines(&text, language, tree.as_ref())
        .map(|line| (rank.number(line.start), line))
        .collect();
    lines.sort_unstable_by_key(|(number, _)| *number);
    lines.truncate(count);
    let text: Arc<str> = text.into();
    lines
        .into_iter()
        .map(|(number, line)| Hole {
            missing: cut(&text, line, number),
            path: path.clone(),
            language,
            text: text.clone(),
        })
        .collect()
}

fn is_generated(text: &str) -> bool {
    let head = text.as_bytes();
    let head = &head[..head.len().min(HEAD_BYTES)];
    let head = String::from_utf8_lossy(head).to_lowercase();
    GENERATED.iter().any(|mark| head.contains(mark))
}

/// The lines that say something, without their indentation and the blanks at their ends.
fn code_lines<'a>(
    text: &'a str,
    language: &'static Language,
    tree: Option<&'a Tree>,
) -> impl Iterator<Item = Range<usize>> + 'a {
    // No query tells what imports in it, and there may be no tree.
    let is_plain = language.symbols_query().is_none();
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let line_start = start;
        start += line.len();
        let code = line.trim();
        let at = line_start + line.len() - line.trim_start().len();
        let says_something = LINE_BYTES.contains(&code.len())
            && words(code).count() >= 2
            && !(is_plain && is_aside(code, language))
            && tree.is_none_or(|tree| is_code(tree, at))
            && privacy::without_secrets(code, language.notation) == code;
        says_something.then(|| at..at + code.len())
    })
}

/// A comment or an import, by how the line begins.
fn is_aside(code: &str, language: &Language) -> bool {
    let block = language.block_comment.as_ref();
    let comment = language
        .line_comment
        .iter()
        .chain(block.map(|tokens| &tokens.open));
    let mut comment = comment.map(String::as_str).chain(["*", "#"]);
    comment.any(|token| code.starts_with(token))
        || IMPORTING.iter().any(|word| {
            let rest = code.strip_prefix(word);
            rest.is_some_and(|rest| !rest.starts_with(is_word_char))
        })
}

/// Where words begin and end.
fn words(code: &str) -> impl Iterator<Item = Range<usize>> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + code[rest..].find(is_word_char)?;
        let len = code[start..].find(|c| !is_word_char(c));
        let end = len.map_or(code.len(), |len| start + len);
        rest = end;
        Some(start..end)
    })
}

/// The byte `at` stands in no comment, in no import, and not in a string that began on a line above.
fn is_code(tree: &Tree, at: usize) -> bool {
    let mut node = tree.root_node().descendant_for_byte_range(at, at + 1);
    while let Some(inner) = node {
        let kind = inner.kind();
        let is_text = kind.contains("string") && inner.start_byte() < at;
        // A string that is a statement is documentation.
        let is_documentation = kind == "string"
            && inner
                .parent()
                .is_some_and(|parent| parent.kind() == "expression_statement");
        if is_text || is_documentation || NOT_CODE.iter().any(|part| kind.contains(part)) {
            return false;
        }
        node = inner.parent();
    }
    true
}

/// Of half of the lines all is cut out, of the others what follows a place where a word begins.
fn cut(text: &str, line: Range<usize>, number: u64) -> Range<usize> {
    let code = &text[line.clone()];
    let starts: Vec<usize> = words(code)
        .map(|word| word.start)
        .filter(|start| *start > 0 && code.len() - start >= LEAST_REST_BYTES)
        .collect();
    let (is_whole, number) = (number.is_multiple_of(2), number / 2);
    match starts.len() {
        0 => line,
        _ if is_whole => line,
        count => line.start + starts[(number % count as u64) as usize]..line.end,
    }
}

#[cfg(test)]
mod tests;
