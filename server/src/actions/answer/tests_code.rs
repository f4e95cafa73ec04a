//! Answers that are tests: what is to be imported, and the tests, without the code that they test.

use super::cut::places_of;
use super::fault::Fault;
use super::{Asked, Said, checks, indent, said};
use crate::actions::Offer;
use crate::actions::names::mentions;
use crate::completion::brackets::{self, Lexis};
use crate::completion::stop::is_comment;
use crate::documents::Snapshot;
use crate::index::symbols::DefinitionKind;

/// More lines are no answer to one function.
const MAX_LINES: usize = 400;

/// What tests have in the languages that we know.
const TEST_MARKS: [&str; 16] = [
    "assert",
    "Assert",
    "expect(",
    "#[test]",
    "func Test",
    "@Test",
    "[Fact",
    "[Test",
    "TEST(",
    "TEST_F(",
    "t.Error",
    "t.Fatal",
    "should",
    "EXPECT_",
    "REQUIRE(",
    "ok(",
];

/// Assertions or tests in a row that differ in numbers alone: a small model that has begun so goes on with ever larger ones.
const MOST_ALIKE: usize = 5;
/// Longer ones are not compared.
const LINES_OF_A_TEST: usize = 8;
/// Of tests that do not end, so many of the last lines may be left out.
const MOST_LINES_LEFT_OUT: usize = 20;

/// Tests as the model wrote them; lines end in line feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCode {
    /// Statements that belong at the top of the file; those of a module of tests too.
    pub imports: Vec<String>,
    /// Without common indentation. In Rust without a module around them.
    pub code: String,
}

/// Reads the answer to [`Action::Test`](crate::actions::Action::Test). The target, its name and the document are those of the code under test; where
/// the tests go is not decided here.
pub fn tests(said: Said, offer: &Offer, snapshot: &Snapshot) -> Result<TestCode, Fault> {
    let asked = Asked::new(offer, snapshot)?;
    let text = said::without_conversation(said.text, &asked.document);
    let mut fault = Fault::Empty;
    for block in said::blocks(&text, snapshot.language) {
        let read = block.is_code_of(asked.language).and_then(|()| {
            if block.is_last && (said.is_cut_off || rambles(&block.text)) {
                return of_beginning(&block.text, &asked);
            }
            of_block(&block.text, &asked)
        });
        match read {
            Ok(tests) => return Ok(tests),
            Err(found) if found.rank() > fault.rank() => fault = found,
            Err(_) => {}
        }
    }
    Err(fault)
}

/// Whether a model that writes tests says nothing new any more.
pub fn rambles(written: &str) -> bool {
    let whole_lines = written.rsplit_once('\n').map_or("", |(lines, _)| lines);
    first_alike(&whole_lines.lines().collect::<Vec<_>>()).is_some()
}

/// The first line of what is like the [`MOST_ALIKE`] assertions or tests before it.
fn first_alike(lines: &[&str]) -> Option<usize> {
    let letters = |line: &&str| match line.trim_end().ends_with(',') {
        // The row of a table, of which there may be many.
        true => String::new(),
        false => line.replace(|c: char| !c.is_alphabetic(), ""),
    };
    let letters: Vec<String> = lines.iter().map(letters).collect();
    (1..=LINES_OF_A_TEST)
        .filter_map(|len| {
            let mut alike = 0;
            (len..letters.len()).find_map(|at| {
                let is_alike = letters[at] == letters[at - len];
                alike = if is_alike { alike + 1 } else { 0 };
                let run = &letters[at + 1 - alike..=at];
                let is_telling = run.iter().any(|line| !line.is_empty());
                (alike == len * MOST_ALIKE && is_telling).then(|| at + 1 - len)
            })
        })
        .min()
}

/// What is whole of tests that came to no end: each stands for itself, so those before the last ones are as good as if these had never been begun.
fn of_beginning(text: &str, asked: &Asked) -> Result<TestCode, Fault> {
    let mut lines: Vec<&str> = text.lines().collect();
    if !text.ends_with('\n') {
        lines.pop();
    }
    lines.truncate(first_alike(&lines).unwrap_or(lines.len()));
    let fewest = lines.len().saturating_sub(MOST_LINES_LEFT_OUT);
    let mut beginnings = (fewest..=lines.len()).rev().map(|count| &lines[..count]);
    let opens = |line: &&str| line.trim_end().ends_with(['{', '(', '[', ',', ':']);
    beginnings
        .find_map(|lines| {
            let last = lines.last().filter(|last| !last.trim().is_empty())?;
            let code = (!opens(last)).then(|| closed(&lines.join("\n"), asked))?;
            of_block(&code, asked).ok()
        })
        .ok_or(Fault::Endless)
}

/// With a closer for each bracket that is open, below what it closes.
fn closed(code: &str, asked: &Asked) -> String {
    let mut closed = code.to_owned();
    let mut line_of_last = None;
    for open in brackets::scan(code, 0, Lexis::of(asked.language))
        .open
        .iter()
        .rev()
    {
        let line_start = code[..open.at].rfind('\n').map_or(0, |feed| feed + 1);
        if line_of_last.replace(line_start) != Some(line_start) {
            closed.push('\n');
            closed.push_str(&code[line_start..line_start + open.indentation]);
        }
        closed.push(brackets::closing(open.kind));
    }
    closed
}

fn of_block(text: &str, asked: &Asked) -> Result<TestCode, Fault> {
    let name = asked.offer.target.name.as_deref().unwrap_or_default();
    if !said::looks_like_code(text) {
        return Err(Fault::Prose);
    }
    let mut code = indent::as_in_document(text, asked);
    if let Some(end) = said::end_of_code(&code) {
        code.truncate(end);
    }
    let code = unwrapped(&code, asked);
    let (imports, code) = parts(&code, name, asked);
    if checks::goes_in_circles(&code, "") {
        return Err(Fault::Endless);
    }
    if code.lines().count() > MAX_LINES {
        return Err(Fault::TooLong);
    }
    checks::is_complete(&code, asked)?;
    let is_test = TEST_MARKS.iter().any(|mark| code.contains(mark));
    if !is_test || !name.is_empty() && !mentions(&without_comments(&code), name) {
        return Err(Fault::NoTest(name.to_owned()));
    }
    let whole = format!("{}\n{code}", imports.join("\n"));
    if !stands_alone(&whole, asked) {
        return Err(Fault::Broken);
    }
    Ok(TestCode { imports, code })
}

fn without_comments(code: &str) -> String {
    let lines = code.lines().filter(|line| !is_comment(line.trim()));
    lines.collect::<Vec<_>>().join("\n")
}

/// Out of `mod tests { ... }`.
fn unwrapped(code: &str, asked: &Asked) -> String {
    let module = places_of(code, asked).and_then(|places| {
        let mut modules = places.definitions.into_iter();
        modules
            .find(|place| {
                place.kind == DefinitionKind::Module
                    && matches!(place.name.as_str(), "tests" | "test")
            })?
            .body
    });
    let inner = module.and_then(|body| code[body].strip_prefix('{')?.strip_suffix('}'));
    inner.map_or_else(
        || code.to_owned(),
        |inner| indent::dedented(inner.trim_matches('\n').trim_end()),
    )
}

/// The imports, and the rest without definitions that the document has: the code under test is there already.
fn parts(code: &str, name: &str, asked: &Asked) -> (Vec<String>, String) {
    let Some(places) = places_of(code, asked) else {
        return (Vec::new(), code.to_owned());
    };
    let document = places_of(&asked.document, asked).unwrap_or_default();
    let of_document = |found: &str| document.definitions.iter().any(|place| place.name == found);
    let repeated = places.definitions.iter().filter(|place| {
        place.depth == 0
            && (place.name == name || of_document(&place.name))
            && !place.name.to_lowercase().starts_with("test")
    });
    let mut gone: Vec<_> = repeated.map(|place| place.range.clone()).collect();
    let is_inside = |at: usize| {
        places
            .definitions
            .iter()
            .any(|place| place.range.contains(&at))
    };
    let top_level: Vec<_> = places
        .imports
        .iter()
        .filter(|import| !is_inside(import.start))
        .cloned()
        .collect();
    let imports = top_level
        .iter()
        .map(|import| code[import.clone()].trim().to_owned())
        .collect();
    gone.extend(top_level);
    gone.sort_by_key(|range| range.start);
    let mut rest = String::new();
    let mut copied = 0;
    for range in gone.into_iter().filter(|range| range.start < range.end) {
        if range.start >= copied {
            rest.push_str(&code[copied..range.start]);
            copied = range.end;
            if code[copied..].starts_with(';') {
                copied += 1;
            }
        }
    }
    rest.push_str(&code[copied..]);
    (imports, rest.trim_matches('\n').trim_end().to_owned())
}

/// It parses without an error, in a file of its own or in a class.
fn stands_alone(code: &str, asked: &Asked) -> bool {
    let Some(grammar) = &asked.grammar else {
        let found = brackets::scan(code, 0, Lexis::of(asked.language));
        return found.open.is_empty() && found.unmatched.is_empty();
    };
    let parses = |text: &str| {
        let tree = crate::syntax::parse(
            &text.into(),
            grammar,
            None,
            crate::syntax::BACKGROUND_BUDGET,
        );
        tree.is_none_or(|tree| crate::syntax::errors(&tree) == 0)
    };
    parses(code) || parses(&format!("class Wrapper {{\n{code}\n}}\n"))
}
