//! From what a model said to the text that replaces what was asked for, or to the reason why nothing is replaced. Pure.
//!
//! An answer is a stranger's text. Whatever it says, only the target of the offer can change; the file must parse at least as well as
//! before; and what hides a problem instead of mending it is refused. Several readings of an answer may be possible (a block of
//! several, a function cut out of a class): they are tried from the likeliest on, and the first that passes all checks is taken.

mod checks;
mod cut;
mod fault;
mod indent;
mod prose;
mod said;
mod tests_code;

use std::ops::Range;

use grammars::Language;
use ropey::Rope;

use super::edit::{self, Edit};
use super::{Action, Offer, TargetKind};
use crate::documents::Snapshot;
use checks::Health;
use said::Block;

pub use checks::only_rewords;
pub use fault::Fault;
pub use prose::{documentation, explanation};
pub use tests_code::{TestCode, rambles, tests};

/// What the model said.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    pub text: &'a str,
    /// It was stopped by its token limit: it would have gone on.
    pub is_cut_off: bool,
}

/// What becomes of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Bytes of the document, those of the offer's target.
    pub range: Range<usize>,
    /// As it goes into the file: with its indentation and line ends.
    pub text: String,
}

impl Replacement {
    /// The smallest edits of the document that it was read for.
    pub fn edits(&self, document: &Rope) -> Vec<Edit> {
        let Some(old) = document.get_byte_slice(self.range.clone()) else {
            return Vec::new();
        };
        let mut edits = edit::smallest(&old.to_string(), &self.text);
        for edit in &mut edits {
            edit.range = self.range.start + edit.range.start..self.range.start + edit.range.end;
        }
        edits
    }
}

/// What the readings of an answer are judged by.
struct Asked<'a> {
    offer: &'a Offer,
    language: Option<&'static Language>,
    grammar: Option<tree_sitter::Language>,
    /// The document, and what of it is the target; with the line ends of the file.
    document: String,
    range: Range<usize>,
    /// The target without its indentation, lines ended by line feeds.
    old: String,
    health: Health,
}

/// A possible reading: code without common indentation, lines ended by line feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    code: String,
    /// It goes to the very end of what was said, so that it is only half there if the model was cut off.
    is_last: bool,
}

/// Reads the answer to a [`Action::Fix`], [`Action::Simplify`], [`Action::Edit`] or [`Action::Implement`]. `fill` lays code out at the
/// target: it gets lines that end in line feeds and have no common indentation. The error says what is wrong with the likeliest
/// reading.
pub fn read(
    said: Said,
    offer: &Offer,
    snapshot: &Snapshot,
    fill: &dyn Fn(&str) -> String,
) -> Result<Replacement, Fault> {
    let asked = Asked::new(offer, snapshot)?;
    let mut first_fault = None;
    for reading in readings(said, &asked) {
        let judged = reading.and_then(|reading| accept(&reading, said, &asked, fill));
        match judged {
            Ok(replacement) => return Ok(replacement),
            Err(fault) => {
                let is_first = first_fault
                    .as_ref()
                    .is_none_or(|first: &Fault| fault.rank() > first.rank());
                if is_first {
                    first_fault = Some(fault);
                }
            }
        }
    }
    Err(first_fault.unwrap_or(Fault::Empty))
}

/// The likeliest reading of an answer, whatever is wrong with it: to measure what the checks are worth.
pub fn unchecked(said: Said, offer: &Offer, snapshot: &Snapshot) -> Result<String, Fault> {
    let asked = Asked::new(offer, snapshot)?;
    let first = readings(said, &asked).into_iter().find_map(Result::ok);
    first.map(|reading| reading.code).ok_or(Fault::Empty)
}

/// Whether `text` may stand in place of the target: the document parses at least as well as before, and defines outside of the target
/// what it did. For text that was not read by [`read`], such as documentation.
pub fn check(text: &str, offer: &Offer, snapshot: &Snapshot) -> Result<(), Fault> {
    let asked = Asked::new(offer, snapshot)?;
    checks::parses(text, &asked)
}

/// The first of `texts` with which in place of the target the document has no errors of syntax, if it has some now.
pub fn healing(
    mut texts: impl Iterator<Item = String>,
    offer: &Offer,
    snapshot: &Snapshot,
) -> Option<String> {
    let asked = Asked::new(offer, snapshot).ok()?;
    texts.find(|text| checks::heals(text, &asked))
}

impl<'a> Asked<'a> {
    fn new(offer: &'a Offer, snapshot: &Snapshot) -> Result<Self, Fault> {
        let document = snapshot.rope.to_string();
        let range = offer.target.range.clone();
        let target = document.get(range.clone()).ok_or(Fault::NoPlace)?;
        let line_start = document[..range.start]
            .rfind('\n')
            .map_or(0, |feed| feed + 1);
        let lead = &document[line_start..range.start];
        let blanks = if lead.trim().is_empty() { lead } else { "" };
        let old = indent::dedented(&(blanks.to_owned() + target).replace("\r\n", "\n"));
        let health = Health::of(
            &document,
            snapshot.language,
            snapshot.grammar.as_ref(),
            &range,
        );
        Ok(Self {
            offer,
            language: snapshot.language,
            grammar: snapshot.grammar.clone(),
            old,
            health,
            document,
            range,
        })
    }

    /// The definition that has to be in the answer, if the target is one.
    fn defined(&self) -> Option<&str> {
        let name = self.offer.target.name.as_deref()?;
        let is_definition = matches!(
            self.offer.target.kind,
            TargetKind::Function | TargetKind::Type
        ) && self.offer.action != Action::Implement;
        is_definition.then_some(name)
    }
}

/// The readings of an answer, the likeliest first.
fn readings(said: Said, asked: &Asked) -> Vec<Result<Reading, Fault>> {
    let text = said::without_conversation(said.text, &asked.document);
    let blocks = said::blocks(&text, asked.language);
    let mut readings = Vec::new();
    for block in &blocks {
        if let Err(fault) = block.is_code_of(asked.language) {
            readings.push(Err(fault));
            continue;
        }
        if said::is_diff(block, &asked.old) {
            readings.push(said::patched(&block.text, &asked.old).map(|code| Reading {
                code,
                is_last: block.is_last,
            }));
            continue;
        }
        readings.extend(of_block(block, asked));
    }
    readings
}

fn of_block(block: &Block, asked: &Asked) -> Vec<Result<Reading, Fault>> {
    let mut code = indent::as_in_document(&block.text, asked);
    let reading = |code: String, is_last: bool| Ok(Reading { code, is_last });
    let mut readings = Vec::new();
    if let Some(name) = asked.defined() {
        match cut::definition(&code, name, asked) {
            Some(found) => {
                let is_last = block.is_last && found.is_last;
                readings.push(reading(found.code, is_last));
            }
            None => {
                match cut::body_alone(&code, asked).or_else(|| cut::between_anchors(&code, asked)) {
                    Some(whole) => readings.push(reading(whole, block.is_last)),
                    None => readings.push(Err(cut::why_not(&code, name, asked))),
                }
            }
        }
        return readings;
    }
    if asked.offer.action == Action::Implement {
        if let Some(found) = cut::implementation(&code, asked) {
            let is_last = block.is_last && found.is_last;
            readings.push(reading(found.code, is_last));
            return readings;
        }
        let name = asked.offer.target.name.as_deref();
        if let Some(name) = name.filter(|name| cut::defines_another(&code, name, asked)) {
            return vec![Err(Fault::NotDefined(name.to_owned()))];
        }
        code = cut::below_comment(&code, asked);
    } else {
        readings.extend(cut::line_alone(&code, asked).map(|code| reading(code, block.is_last)));
        readings.extend(cut::between_neighbours(&code, asked).map(|code| reading(code, false)));
    }
    let code = cut::without_imports(code, asked);
    readings.push(reading(code.clone(), block.is_last));
    // Words behind code that nobody put into a fence.
    if let Some(end) = said::end_of_code(&code) {
        readings.push(reading(code[..end].trim_end().to_owned(), false));
    }
    readings
}

/// Everything that has to be true of a reading before it may become an edit.
fn accept(
    reading: &Reading,
    said: Said,
    asked: &Asked,
    fill: &dyn Fn(&str) -> String,
) -> Result<Replacement, Fault> {
    let code = reading.code.trim_matches('\n').trim_end();
    if code.trim().is_empty() {
        return Err(Fault::Empty);
    }
    if said.is_cut_off && reading.is_last || checks::goes_in_circles(code, &asked.old) {
        return Err(Fault::Endless);
    }
    checks::is_complete(code, asked)?;
    checks::has_bodies(code, asked)?;
    checks::says_something_new(code, asked)?;
    checks::is_no_copy(code, asked)?;
    checks::has_right_size(code, asked)?;
    checks::goes_to_the_end(code, asked)?;
    checks::keeps_the_signature(code, asked)?;
    let text = fill(code);
    checks::parses(&text, asked)?;
    checks::mends(code, asked)?;
    Ok(Replacement {
        range: asked.range.clone(),
        text,
    })
}

#[cfg(test)]
mod tests;
