//! What has to be true of code before it may become an edit.

use std::ops::Range;

use grammars::Language;
use ropey::Rope;

use super::Asked;
use super::cut::places_of;
use super::fault::Fault;
use crate::actions::names::{line_around, mentions, unknown_name, words};
use crate::actions::{Action, Problem, TargetKind};
use crate::completion::brackets::{self, Lexis};
use crate::completion::site::{BlockStyle, indentation, significant};
use crate::completion::stop::{HOMEWORK, is_comment};
use crate::index::symbols::places;
use crate::syntax::{self, BACKGROUND_BUDGET, MAX_PARSED_BYTES};
use crate::words::is_word_char;

/// A rewriting may have so many times the lines of the old text, and some more: it may be short.
const GROWTH: usize = 4;
const MORE_LINES: usize = 20;
/// An instruction may ask for more, and a body for what a function seldom has.
const MORE_LINES_AS_TOLD: usize = 80;
const MOST_LINES_OF_A_BODY: usize = 300;
/// Shorter code may lose more than half of its lines.
const SHORT: usize = 4;

/// Repetitions at the end of an answer that nobody means, and how many lines the repeated part may have.
const CIRCLES: usize = 8;
const LINES_OF_A_CIRCLE: usize = 4;

/// What comments say that stand in for code, beside those that completions know. Lower case.
const STAND_INS: [&str; 17] = [
    "rest of",
    "rest unchanged",
    "remains unchanged",
    "remain unchanged",
    "code unchanged",
    "remains the same",
    "remain the same",
    "same as before",
    "code omitted",
    "for brevity",
    "other methods",
    "previous code",
    "code goes here",
    "code here",
    "logic here",
    "rest is unchanged",
    "rest is the same",
];

/// Statements that say that there is no code, without blanks.
const STUBS: [&str; 9] = [
    "pass",
    "...",
    "todo!()",
    "unimplemented!()",
    "TODO()",
    "raiseNotImplementedError",
    "raiseNotImplementedError()",
    "return",
    "return;",
];

/// What silences a tool or gives up its help, where (everywhere, if no language is named), and how to say that.
const SUPPRESSIONS: [(&str, &[&str], &str); 19] = [
    ("# type: ignore", &["python"], TYPES_SILENCED),
    ("# pyright: ignore", &["python"], TYPES_SILENCED),
    ("# mypy:", &["python"], TYPES_SILENCED),
    ("# noqa", &["python"], LINTER_SILENCED),
    ("# pylint:", &["python"], LINTER_SILENCED),
    ("@ts-ignore", &[], TYPES_SILENCED),
    ("@ts-expect-error", &[], TYPES_SILENCED),
    ("@ts-nocheck", &[], TYPES_SILENCED),
    (
        " as any",
        &["typescript", "typescriptreact"],
        TYPES_SILENCED,
    ),
    (": any", &["typescript", "typescriptreact"], TYPES_SILENCED),
    ("eslint-disable", &[], LINTER_SILENCED),
    ("#[allow(", &["rust"], COMPILER_SILENCED),
    ("#![allow(", &["rust"], COMPILER_SILENCED),
    ("@SuppressWarnings", &[], COMPILER_SILENCED),
    ("#pragma", &[], COMPILER_SILENCED),
    ("nolint", &[], LINTER_SILENCED),
    ("NOLINT", &[], LINTER_SILENCED),
    (
        ".unwrap()",
        &["rust"],
        "it panics instead of handling the error",
    ),
    (
        ".expect(",
        &["rust"],
        "it panics instead of handling the error",
    ),
];

const TYPES_SILENCED: &str = "it silences the type checker";
const LINTER_SILENCED: &str = "it silences the linter";
const COMPILER_SILENCED: &str = "it silences the compiler";

/// Handlers that drop an error, without blanks.
const SWALLOWED: [&str; 9] = [
    "except:pass",
    "exceptException:pass",
    "exceptExceptionase:pass",
    "catch{}",
    "catch(e){}",
    "catch(_){}",
    "catch(err){}",
    "catch(error){}",
    "catch(Exceptione){}",
];

/// What messages say where taking code away may be the mend. Lower case.
const SUPERFLUOUS: [&str; 18] = [
    "unused",
    "never",
    "not used",
    "duplicate",
    "redundant",
    "unreachable",
    "unexpected",
    "already",
    "extra",
    "redefin",
    "redeclar",
    "unnecessary",
    "useless",
    "remove",
    "expected",
    "stray",
    "not accessed",
    "syntax",
];

/// How well a document stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Errors and missing nodes; `None` without a grammar, or if parsing takes too long.
    errors: Option<usize>,
    /// Brackets without a partner.
    unbalanced: usize,
    /// Name and depth of what is defined, but for what is defined within the target.
    definitions: Option<Vec<(String, usize)>>,
}

impl Health {
    /// Of a document of which `target` is the part that changes.
    pub fn of(
        document: &str,
        language: Option<&'static Language>,
        grammar: Option<&tree_sitter::Language>,
        target: &Range<usize>,
    ) -> Self {
        let is_parsed = document.len() <= MAX_PARSED_BYTES;
        let tree = grammar.filter(|_| is_parsed).and_then(|grammar| {
            syntax::parse(&Rope::from_str(document), grammar, None, BACKGROUND_BUDGET)
        });
        let found = brackets::scan(document, 0, Lexis::of(language));
        let definitions = tree.as_ref().zip(language).and_then(|(tree, language)| {
            let places = places(document, tree, language)?;
            let is_outside =
                |range: &Range<usize>| range.start < target.start || range.end > target.end;
            let outside = places
                .definitions
                .into_iter()
                .filter(|place| is_outside(&place.range));
            Some(outside.map(|place| (place.name, place.depth)).collect())
        });
        Self {
            errors: tree.as_ref().map(syntax::errors),
            unbalanced: found.open.len() + found.unmatched.len() + usize::from(found.ends_quoted),
            definitions,
        }
    }
}

/// How well the document stands with `text` at the target.
fn health_with(text: &str, asked: &Asked) -> Health {
    let Asked {
        document, range, ..
    } = asked;
    let changed = format!(
        "{}{text}{}",
        &document[..range.start],
        &document[range.end..]
    );
    let target = range.start..range.start + text.len();
    Health::of(&changed, asked.language, asked.grammar.as_ref(), &target)
}

/// The document has errors of syntax, and none with `text` at the target.
pub fn heals(text: &str, asked: &Asked) -> bool {
    asked.health.errors > Some(0) && health_with(text, asked).errors == Some(0)
}

/// The document with `text` at the target parses at least as well, and nothing else of it has changed its meaning.
pub fn parses(text: &str, asked: &Asked) -> Result<(), Fault> {
    let after = health_with(text, asked);
    let before = &asked.health;
    let is_worse = match (before.errors, after.errors) {
        (Some(before), Some(after)) => after > before,
        _ => after.unbalanced > before.unbalanced,
    };
    if is_worse {
        return Err(Fault::Broken);
    }
    match (&before.definitions, &after.definitions) {
        (Some(before), Some(after)) if before != after && asked.health.errors == Some(0) => {
            let lost = before.iter().find(|definition| !after.contains(definition));
            Err(lost.map_or(Fault::Broken, |(name, _)| Fault::NotDefined(name.clone())))
        }
        _ => Ok(()),
    }
}

/// The answer ends in lines that come again and again.
pub fn goes_in_circles(code: &str, old: &str) -> bool {
    let lines: Vec<&str> = code
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    (1..=LINES_OF_A_CIRCLE).any(|len| {
        let Some(start) = lines.len().checked_sub(len * CIRCLES) else {
            return false;
        };
        let tail = &lines[start..];
        let is_telling =
            |line: &&str| line.contains(char::is_alphanumeric) && !old.contains(line.trim());
        tail.chunks(len).all(|part| part == &tail[..len]) && tail[..len].iter().any(is_telling)
    })
}

/// Nothing of the code is left out with a comment in its place.
pub fn is_complete(code: &str, asked: &Asked) -> Result<(), Fault> {
    let is_implement = asked.offer.action == Action::Implement;
    let mut line_above = "";
    for line in code.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let is_new = !asked.old.lines().any(|old| old.trim() == line);
        let is_dots = matches!(line, "..." | "…") && (is_implement || !line_above.ends_with(':'));
        if (is_new || is_implement) && (is_dots || stands_in(comment_of(line, asked.language))) {
            return Err(Fault::Placeholder);
        }
        line_above = line;
    }
    if is_implement && statements(code).all(is_stub) {
        return Err(Fault::Placeholder);
    }
    Ok(())
}

/// What opens a block has one, or had none before: Python's grammar takes a head alone for a whole definition.
pub fn has_bodies(code: &str, asked: &Asked) -> Result<(), Fault> {
    let is_python = asked
        .language
        .is_some_and(|language| language.id() == "python");
    match is_python && heads_alone(code) > heads_alone(&asked.old) {
        true => Err(Fault::Part),
        false => Ok(()),
    }
}

/// Lines that open a block and are not followed by a deeper one.
fn heads_alone(code: &str) -> usize {
    const OPENERS: &str =
        "async case class def elif else except finally for if match try while with";
    let lines = code
        .lines()
        .filter(|line| !line.trim().is_empty() && !is_comment(line.trim()));
    let mut lines = lines.peekable();
    let mut alone = 0;
    while let Some(line) = lines.next() {
        let head = line.trim();
        let word = head.split(|c| !is_word_char(c)).next().unwrap_or_default();
        let opens = head.ends_with(':') && OPENERS.split(' ').any(|opener| opener == word);
        let is_deeper = |next: &&str| indentation(next) > indentation(line);
        alone += usize::from(opens && !lines.peek().is_some_and(is_deeper));
    }
    alone
}

/// The comment that a line is or ends with.
fn comment_of<'a>(line: &'a str, language: Option<&Language>) -> &'a str {
    if is_comment(line) || line.starts_with("{/*") || line.starts_with("<!--") {
        return line;
    }
    let token = language.and_then(|language| language.line_comment.as_deref());
    token
        .and_then(|token| line.find(&format!(" {token} ")))
        .map_or("", |at| line[at..].trim())
}

fn stands_in(comment: &str) -> bool {
    let lower = comment.to_lowercase();
    let body = lower.trim_matches(|c: char| {
        matches!(c, '/' | '#' | '*' | '-' | '{' | '}' | '<' | '>' | '!') || c.is_whitespace()
    });
    !comment.is_empty()
        && (body.starts_with("...")
            || body.starts_with('…')
            || body == "unchanged"
            || body == "(unchanged)"
            || HOMEWORK
                .iter()
                .chain(&STAND_INS)
                .any(|words| body.contains(words)))
}

/// Lines that are neither empty nor a comment.
fn statements(code: &str) -> impl Iterator<Item = &str> {
    let lines = code.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !is_comment(line) && !matches!(*line, "{" | "}"))
}

fn is_stub(statement: &str) -> bool {
    let squeezed: String = statement.chars().filter(|c| !c.is_whitespace()).collect();
    STUBS.contains(&squeezed.trim_end_matches(';')) || STUBS.contains(&squeezed.as_str())
}

/// It is not the old text once more. Where brackets make the blocks, a fix by blanks alone mends nothing.
pub fn says_something_new(code: &str, asked: &Asked) -> Result<(), Fault> {
    let is_fix = matches!(asked.offer.action, Action::Fix { .. });
    let has_free_blanks = is_fix && BlockStyle::of(asked.language) == BlockStyle::Brackets;
    let lines = |text| {
        let text: &str = text;
        text.trim().lines().map(str::trim_end)
    };
    let signs = |text| {
        let text: &str = text;
        text.chars().filter(|c| !c.is_whitespace())
    };
    let is_same = match has_free_blanks {
        true => signs(code).eq(signs(&asked.old)),
        false => lines(code).eq(lines(&asked.old)),
    };
    match is_same {
        true => Err(Fault::Unchanged),
        false => Ok(()),
    }
}

/// The lines with something in them, without the blanks around that.
pub fn filled_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// Fewer lines may well stand in a file twice.
const TELLING_LINES: usize = 3;

/// It is not what stands elsewhere in the document, in place of what was to be changed.
pub fn is_no_copy(code: &str, asked: &Asked) -> Result<(), Fault> {
    let changes = matches!(
        asked.offer.action,
        Action::Fix { .. } | Action::Simplify | Action::Edit { .. }
    );
    let lines: Vec<&str> = filled_lines(code).collect();
    let Asked {
        document, range, ..
    } = asked;
    let elsewhere = [&document[..range.start], &document[range.end..]];
    let is_copied = elsewhere.iter().any(|text| {
        filled_lines(text)
            .collect::<Vec<_>>()
            .windows(lines.len().max(1))
            .any(|run| run == lines)
    });
    match changes && lines.len() >= TELLING_LINES && is_copied {
        true => Err(Fault::Copied),
        false => Ok(()),
    }
}

/// It is neither much longer than the old text nor, as a fix, much shorter.
pub fn has_right_size(code: &str, asked: &Asked) -> Result<(), Fault> {
    let (old, new) = (filled_lines(&asked.old).count(), filled_lines(code).count());
    let most = match asked.offer.action {
        Action::Implement => MOST_LINES_OF_A_BODY,
        Action::Edit { .. } => old * GROWTH + MORE_LINES_AS_TOLD,
        _ => old * GROWTH + MORE_LINES,
    };
    if new > most {
        return Err(Fault::TooLong);
    }
    let is_fix = matches!(asked.offer.action, Action::Fix { .. });
    if is_fix && old >= SHORT && new * 2 < old {
        return Err(Fault::TooShort);
    }
    Ok(())
}

/// So many lines behind the last one of an answer may be left out.
const MOST_LEFT_OUT: usize = 1;

/// A fix of lines in a file that does not parse goes on to the last of them: nothing else tells there that what stands behind is gone, which may be
/// the head of the next function.
pub fn goes_to_the_end(code: &str, asked: &Asked) -> Result<(), Fault> {
    let Asked { offer, health, .. } = asked;
    let is_fix_of_lines =
        matches!(offer.action, Action::Fix { .. }) && offer.target.kind == TargetKind::Lines;
    if !is_fix_of_lines || health.errors == Some(0) {
        return Ok(());
    }
    let old: Vec<&str> = filled_lines(&asked.old).collect();
    let new: Vec<&str> = filled_lines(code).collect();
    let is_left_out = |old: &&&str| !new.contains(old);
    let left_out = old.iter().rev().take_while(is_left_out).count();
    match left_out > MOST_LEFT_OUT && new.len() + MOST_LEFT_OUT < old.len() {
        true => Err(Fault::Part),
        false => Ok(()),
    }
}

/// A function that is only made simpler takes and returns what it did.
pub fn keeps_the_signature(code: &str, asked: &Asked) -> Result<(), Fault> {
    let (Action::Simplify, TargetKind::Function) = (&asked.offer.action, asked.offer.target.kind)
    else {
        return Ok(());
    };
    let Some(name) = &asked.offer.target.name else {
        return Ok(());
    };
    let signature = |text: &str| -> Option<String> {
        let places = places_of(text, asked)?;
        let place = places
            .definitions
            .iter()
            .find(|place| place.name == *name)?;
        let head = &text[place.range.start..place.body.as_ref()?.start];
        Some(head.chars().filter(|c| !c.is_whitespace()).collect())
    };
    match signature(&asked.old).zip(signature(code)) {
        Some((old, new)) if old != new => Err(Fault::Signature(name.clone())),
        _ => Ok(()),
    }
}

/// The code is changed, but neither where the unknown `name` stands nor so that it is known now.
fn leaves_unknown(name: &str, line: &str, code: &str, asked: &Asked) -> bool {
    let is_new = |new: &str| !asked.old.lines().any(|old| old.trim() == new.trim());
    let is_there = code.lines().any(|new| new.trim() == line);
    let mut new_lines = code.lines().filter(|new| is_new(new));
    // A name that stands nowhere else is no member either.
    let is_nowhere = words(&asked.document).filter(|word| *word == name).count() == 1;
    let is_member = ["self.", "this."]
        .iter()
        .any(|own| mentions(code, &format!("{own}{name}")));
    is_there && !new_lines.any(|new| mentions(new, name)) || is_nowhere && is_member
}

/// Sentences in quotes that neither the old code nor a message has, in place of what was there: a model that does not know what to mend likes to reword
/// an error. Where lines are added, one of them may throw one.
pub fn only_rewords(code: &str, old: &str, problems: &[Problem]) -> bool {
    let is_known = |words: &str| {
        let is_in_message = |problem: &Problem| problem.message.contains(words);
        old.contains(words) || problems.iter().any(is_in_message)
    };
    let adds_lines = filled_lines(code).count() > filled_lines(old).count();
    !adds_lines
        && code
            .lines()
            .flat_map(sentences)
            .any(|words| !is_known(words))
}

/// What stands between quotes and has several words.
fn sentences(line: &str) -> impl Iterator<Item = &str> {
    let quoted = ['"', '\''].into_iter().flat_map(move |quote| {
        let parts = line.split(quote).skip(1).step_by(2);
        // An odd one is an apostrophe, or the mark of a lifetime.
        parts.take(line.matches(quote).count() / 2)
    });
    let is_word = |word: &&str| word.contains(char::is_alphabetic);
    quoted.filter(move |text| text.split_whitespace().filter(is_word).count() > 1)
}

/// A fix does something about its problem, and does not hide it.
pub fn mends(code: &str, asked: &Asked) -> Result<(), Fault> {
    let Action::Fix { problems } = &asked.offer.action else {
        return Ok(());
    };
    let old = asked.old.as_str();
    let language = asked.language.map_or("", Language::id);
    let is_added = |(sign, languages, _): &&(&str, &[&str], _)| {
        (languages.is_empty() || languages.contains(&language))
            && code.matches(sign).count() > old.matches(sign).count()
    };
    if let Some((_, _, how)) = SUPPRESSIONS.iter().find(is_added) {
        return Err(Fault::Evades(how));
    }
    let squeezed = |text: &str| {
        text.chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
    };
    let (old_squeezed, new_squeezed) = (squeezed(old), squeezed(code));
    if SWALLOWED
        .iter()
        .any(|handler| new_squeezed.contains(handler) && !old_squeezed.contains(handler))
    {
        return Err(Fault::Evades("it drops the error"));
    }
    if only_rewords(code, old, problems) {
        return Err(Fault::Evades("it only says something else"));
    }
    let lines: Vec<&str> = problems
        .iter()
        .filter_map(|problem| line_of(problem, &asked.document))
        .collect();
    let commented = |line: &&str| {
        let is_it = |new: &str| {
            is_comment(new)
                && new
                    .trim_start_matches(['#', '/', '-', '*', ' '])
                    .trim_end_matches([' ', '*', '/'])
                    == *line
        };
        code.lines().any(|new| is_it(new.trim())) && !code.lines().any(|new| new.trim() == *line)
    };
    if lines.iter().any(commented) {
        return Err(Fault::Evades("it comments the code out"));
    }
    let stubs = |text: &str| {
        statements(text)
            .filter(|line| is_stub(line) && !line.starts_with("return"))
            .count()
    };
    if stubs(code) > stubs(old) && statements(code).count() < statements(old).count() {
        return Err(Fault::Evades("it takes the code out"));
    }
    let may_go = |problem: &Problem| {
        let message = problem.message.to_lowercase();
        !problem.is_error || SUPERFLUOUS.iter().any(|word| message.contains(word))
    };
    let is_left = |problem: &Problem| {
        let line = line_of(problem, &asked.document);
        let name = line.and_then(|line| unknown_name(problem, line));
        line.zip(name)
            .is_some_and(|(line, name)| leaves_unknown(name, line, code, asked))
    };
    if !problems.is_empty() && problems.iter().all(is_left) {
        return Err(Fault::Evades("the unknown name is still there"));
    }
    let is_gone = |line: &&str| !code.lines().any(|new| new.trim() == *line);
    if !problems.iter().any(may_go) && only_deletes(old, code) && lines.iter().any(is_gone) {
        return Err(Fault::Evades(
            "it only deletes the code that has the problem",
        ));
    }
    Ok(())
}

/// The line that a problem begins in, if it says enough to be known again.
pub fn line_of<'a>(problem: &Problem, document: &'a str) -> Option<&'a str> {
    let line = document[line_around(document, problem)?].trim();
    (significant(line) > 2).then_some(line)
}

/// The new lines are some of the old ones, in their order.
fn only_deletes(old: &str, new: &str) -> bool {
    let mut old_statements = statements(old);
    statements(new).count() < statements(old).count()
        && statements(new).all(|line| old_statements.any(|old| old == line))
}
