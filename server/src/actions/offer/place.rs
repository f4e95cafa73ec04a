//! Where the new text of an offer goes and how it is laid out there. Worked out from the text and the offer alone, so that an offer that
//! comes back from a client is not trusted but found again.

use std::ops::Range;

use thiserror::Error;

use super::comment;
use super::declaration::{self, Declaration};
use super::fix;
use super::head;
use super::source::Source;
use super::stub;
use super::{document, selected};
use crate::actions::convention::Convention;
use crate::actions::{Action, Offer, Problem, Target, TargetKind};
use crate::documents::Snapshot;

/// Why an offer cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Stale {
    #[error("The code that this action was offered for has changed. Ask for the action again.")]
    Moved,
    #[error("The action names a place that the document does not have. Ask for the action again.")]
    OutOfBounds,
}

/// How the target of an offer is to be filled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Blanks before every line of the new text but the first one, which [`Place::lead`] or the file has.
    pub indent: String,
    /// Before the new text: a line end and blanks, where the target does not begin a line.
    pub lead: String,
    /// Behind it, where something follows on a line of its own.
    pub trail: String,
    /// What ends the lines of the file.
    pub newline: &'static str,
    /// The function, type or module that it is about or that stands around it; with its attributes, without the comments above.
    pub definition: Option<Range<usize>>,
    /// The comment that gave the instruction: whole lines, disjoint from the target, that go with the edit.
    pub removed: Option<Range<usize>>,
    /// How the documentation is written, for [`Action::Document`].
    pub convention: Option<Convention>,
}

impl Place {
    /// What replaces the target: `code`, whose lines end in line feeds and have no common indentation. For documentation `code` is its prose.
    pub fn fill(&self, code: &str) -> String {
        let body = match &self.convention {
            Some(convention) => convention.render(code, &self.indent),
            None => self.indented(code),
        };
        format!("{}{body}{}", self.lead, self.trail)
    }

    fn indented(&self, code: &str) -> String {
        let mut out = String::with_capacity(code.len());
        for (index, line) in code.trim_end().lines().enumerate() {
            if index > 0 {
                out.push_str(self.newline);
                if !line.is_empty() {
                    out.push_str(&self.indent);
                }
            }
            out.push_str(line);
        }
        out
    }
}

/// Finds the target of an offer again, in the text as it is now.
pub fn place(snapshot: &Snapshot, offer: &Offer) -> Result<Place, Stale> {
    let source = Source::new(snapshot);
    let target = &offer.target;
    let problems = match &offer.action {
        Action::Fix { problems } | Action::Explain { problems } => problems.as_slice(),
        _ => &[],
    };
    let ranges = problems.iter().map(|problem| &problem.range);
    if !std::iter::once(&target.range)
        .chain(ranges)
        .all(|range| fits(&source, range))
    {
        return Err(Stale::OutOfBounds);
    }
    let mut around = declaration::around(&source, &(target.range.start..target.range.start));
    // In code that does not parse, its beginning may be read in another way than the place that the offer was made for.
    let at_end = declaration::around(&source, &(target.range.end..target.range.end));
    around.extend(
        at_end
            .into_iter()
            .filter(|one| one.range.start == target.range.start),
    );
    let found = match &offer.action {
        Action::Document => documented(&source, &around, target),
        Action::Implement => implemented(&source, &around, target),
        Action::Test => is_declared(&around, target).then(|| of_code(&source, &around, target)),
        Action::Fix { problems } => {
            let is_mended_here = is_mended_by(&source, problems, target);
            is_mended_here.then(|| of_code(&source, &around, target))
        }
        Action::Edit { instruction } => is_code(&source, &around, target).then(|| Place {
            removed: instruction_above(&source, target, &around, instruction),
            ..of_code(&source, &around, target)
        }),
        Action::Simplify | Action::Explain { .. } => {
            is_code(&source, &around, target).then(|| of_code(&source, &around, target))
        }
    };
    found.ok_or(Stale::Moved)
}

/// Within the text, and not in the middle of a character.
pub fn fits(source: &Source, range: &Range<usize>) -> bool {
    source.text.get(range.clone()).is_some()
}

fn is_declared(around: &[Declaration], target: &Target) -> bool {
    around
        .iter()
        .any(|declaration| fix::of(declaration) == *target)
}

/// Code that is rewritten or explained as it stands.
fn is_code(source: &Source, around: &[Declaration], target: &Target) -> bool {
    let range = &target.range;
    match target.kind {
        TargetKind::Lines => !range.is_empty() && source.whole_lines(range.clone()) == *range,
        TargetKind::Selection => !range.is_empty() && selected(source, range) == *range,
        _ => is_declared(around, target),
    }
}

/// One of the problems is mended there, or all of them in this function.
fn is_mended_by(source: &Source, problems: &[Problem], target: &Target) -> bool {
    problems.iter().any(|problem| {
        let around = declaration::around(source, &problem.range);
        fix::target(source, problem, &around) == *target || is_declared(&around, target)
    })
}

fn of_code(source: &Source, around: &[Declaration], target: &Target) -> Place {
    let holder = around.iter().find(|holder| {
        holder.range.start <= target.range.start && target.range.end <= holder.range.end
    });
    Place {
        indent: source.indent(target.range.start).to_owned(),
        newline: source.newline,
        definition: holder.map(|holder| holder.range.clone()),
        ..Place::default()
    }
}

fn documented(source: &Source, around: &[Declaration], target: &Target) -> Option<Place> {
    // What the comment stands above, where the tree is too broken to lead there.
    let rest = source.text.get(target.range.end..)?;
    let below = target.range.end + (rest.len() - rest.trim_start().len());
    let below = declaration::around(source, &(below..below));
    around
        .iter()
        .chain(&below)
        .filter_map(|declaration| document(source, declaration))
        .chain(head::document(source))
        .find(|(found, _)| found == target)
        .map(|(_, place)| place)
}

fn implemented(source: &Source, around: &[Declaration], target: &Target) -> Option<Place> {
    if target.kind == TargetKind::Lines {
        let run = comment::run_at(source, target.range.start)?;
        let is_it = request(source, &run) == *target && comment::asks_for_code(source, &run);
        return is_it.then(|| below_comment(source, &run, around));
    }
    let at = around.iter().position(|declaration| {
        declaration.name == *target.name.as_ref().unwrap_or(&String::new())
    })?;
    let function = &around[at];
    let range = stub::stub(source, function, &around[at + 1..])?;
    (implementation(function, range.clone()) == *target).then(|| in_body(source, function, &range))
}

/// The body of a stub.
pub fn implementation(function: &Declaration, body: Range<usize>) -> Target {
    Target {
        range: body,
        ..fix::of(function)
    }
}

/// The place below a comment.
pub fn request(source: &Source, run: &comment::CommentRun) -> Target {
    let end = source.line_end(run.range.end);
    fix::lines(end..end)
}

fn below_comment(source: &Source, run: &comment::CommentRun, around: &[Declaration]) -> Place {
    let indent = source.indent(run.range.start).to_owned();
    Place {
        lead: format!("{}{indent}", source.newline),
        indent,
        newline: source.newline,
        definition: around.first().map(|holder| holder.range.clone()),
        ..Place::default()
    }
}

fn in_body(source: &Source, function: &Declaration, range: &Range<usize>) -> Place {
    let outer = source.indent(function.range.start).to_owned();
    let has_line = source.leads_line(range.start)
        && !range.is_empty()
        && !source.slice(range.clone()).trim().is_empty();
    let own_indent = has_line
        || function
            .doc
            .as_ref()
            .is_some_and(|doc| doc.end == range.start);
    let indent = match own_indent {
        true => source.indent(range.start).to_owned(),
        false => outer.clone() + &source.indent_unit(),
    };
    let behind = source.slice(range.end..function.range.end);
    let closes = behind.trim_start_matches([' ', '\t']);
    let closes_there = closes.starts_with('}') || closes.starts_with("end");
    Place {
        lead: if has_line {
            String::new()
        } else {
            format!("{}{indent}", source.newline)
        },
        trail: if closes_there {
            format!("{}{outer}", source.newline)
        } else {
            String::new()
        },
        indent,
        newline: source.newline,
        definition: Some(function.range.clone()),
        ..Place::default()
    }
}

/// The comment above the target that says just this.
fn instruction_above(
    source: &Source,
    target: &Target,
    around: &[Declaration],
    instruction: &str,
) -> Option<Range<usize>> {
    let doc = around
        .iter()
        .find(|declaration| declaration.range.start == target.range.start)
        .and_then(|declaration| declaration.doc.clone())
        .filter(|doc| doc.start < target.range.start);
    let starts = [Some(target.range.start), doc.map(|doc| doc.start)];
    let runs = starts
        .into_iter()
        .flatten()
        .filter_map(|start| comment::run_above(source, start));
    let mut given = runs.filter_map(|run| comment::instruction(source, &run));
    given
        .find(|given| given.text == instruction && given.below <= target.range.start)
        .map(|given| given.lines)
}
