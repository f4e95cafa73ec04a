//! What applies at a place of a document, in the order in which a light bulb shows it. No model and no files: a list answers in under
//! 10 ms, and whether an offer still holds when the client comes back with it is found out the same way ([`place()`]).
//!
//! Targets are small on purpose: what a model of half a billion parameters can write anew without losing the rest of it.

mod comment;
mod declaration;
mod fix;
mod head;
mod place;
mod source;
mod stub;

use std::ops::Range;

pub use place::{Place, Stale, place};
pub(super) use source::Source;

use super::convention::Convention;
use super::{Action, Offer, Problem, Target, TargetKind, test_place};
use crate::{display, documents::Snapshot, text::floor_char_boundary};
use declaration::Declaration;

/// Functions and selections above this length are not written anew: the answer would take a minute, and lose lines.
pub const MAX_REWRITTEN_LINES: usize = 150;
/// With more lines, the problems of a function are mended one by one.
const MAX_FIX_ALL_LINES: usize = 60;
/// Offers for problems, of each kind: a menu that scrolls helps nobody.
const MAX_FIXES: usize = 8;
const MAX_EXPLAINED: usize = 2;
/// Functions that are run by other means than a test.
const UNTESTED: [&str; 4] = ["main", "constructor", "__init__", "init"];
/// Types that have no code.
const SIGNATURES_ONLY: [&str; 4] = ["interface ", "trait ", "protocol ", "@interface "];
/// Characters of a message or an instruction in a title.
const MAX_TITLE_TEXT: usize = 80;

/// What applies at `range`, in bytes; an empty range is the cursor. `problems` are those of the whole document, or of the range, without
/// hints and marks of unnecessary code. Ranges that are not in the text are moved into it, or left out.
pub fn offers(snapshot: &Snapshot, range: Range<usize>, problems: &[Problem]) -> Vec<Offer> {
    let source = Source::new(snapshot);
    let start = floor_char_boundary(&source.text, range.start);
    let range = start..floor_char_boundary(&source.text, range.end.max(start));
    let trimmed = source.trimmed(range.clone());
    let selection = (!trimmed.is_empty()).then(|| selected(&source, &trimmed));
    let site = Site {
        around: declaration::around(&source, selection.as_ref().unwrap_or(&range)),
        source: &source,
        cursor: declaration::range_of_code(&source, &range).start,
        selection,
    };
    let problems = site.problems(&range, problems);
    let mut offers = Vec::new();
    offers.extend(site.edit_by_comment());
    offers.extend(site.fixes(&problems.here));
    offers.extend(site.fix_all(&problems.all));
    offers.extend(site.implement());
    offers.extend(site.document());
    offers.extend(site.test());
    offers.extend(site.rewrites());
    offers.extend(site.explain(&problems.here));
    offers
}

impl Offer {
    /// As the editor's menu shows it.
    pub fn title(&self) -> String {
        let target = &self.target;
        let code = || match (&target.name, target.kind) {
            (Some(name), _) => format!("`{}`", display::line(name, MAX_TITLE_TEXT)),
            (None, TargetKind::Selection) => "the selection".to_owned(),
            (None, TargetKind::Module) => "this file".to_owned(),
            (None, _) => "these lines".to_owned(),
        };
        match &self.action {
            Action::Fix { problems } => match problems.as_slice() {
                [only] => format!("Fix: {}", cut(&only.message)),
                all => format!("Fix all {} problems in {}", all.len(), code()),
            },
            Action::Implement if target.kind == TargetKind::Lines => {
                "Write the code that this comment describes".to_owned()
            }
            Action::Implement => format!("Implement {}", code()),
            Action::Document if target.range.is_empty() => format!("Document {}", code()),
            Action::Document => format!("Rewrite the documentation of {}", code()),
            Action::Test => format!("Write tests for {}", code()),
            Action::Simplify => format!("Simplify {}", code()),
            Action::Edit { instruction } if instruction.is_empty() => {
                format!("Edit {} as told", code())
            }
            Action::Edit { instruction } => format!("Edit {}: {}", code(), cut(instruction)),
            Action::Explain { problems } => match problems.first() {
                Some(problem) => format!("Explain: {}", cut(&problem.message)),
                None => format!("Explain {}", code()),
            },
        }
    }

    /// The `CodeActionKind`. `None` for what changes nothing.
    pub fn lsp_kind(&self) -> Option<&'static str> {
        match self.action {
            Action::Fix { .. } => Some("quickfix"),
            Action::Test => Some("refactor"),
            Action::Implement | Action::Document | Action::Simplify | Action::Edit { .. } => {
                Some("refactor.rewrite")
            }
            Action::Explain { .. } => None,
        }
    }
}

/// The first line of a text, short enough for a menu, without a full stop at its end.
fn cut(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default().trim_end();
    display::line(line.strip_suffix('.').unwrap_or(line), MAX_TITLE_TEXT)
}

/// A selection made whole: several lines from the first character to the last, else whole words.
fn selected(source: &Source, range: &Range<usize>) -> Range<usize> {
    let range = source.trimmed(range.clone());
    if source.slice(range.clone()).contains('\n') {
        return source.whole_lines(range);
    }
    let is_word = |c: &char| c.is_alphanumeric() || *c == '_';
    let text = source.slice(range.clone());
    let starts_word = text.chars().next().is_some_and(|c| is_word(&c));
    let ends_word = text.chars().next_back().is_some_and(|c| is_word(&c));
    let len = |chars: &mut dyn Iterator<Item = char>| chars.map(char::len_utf8).sum::<usize>();
    let before = len(&mut source.text[..range.start].chars().rev().take_while(is_word));
    let behind = len(&mut source.text[range.end..].chars().take_while(is_word));
    let start = if starts_word {
        range.start - before
    } else {
        range.start
    };
    start..if ends_word {
        range.end + behind
    } else {
        range.end
    }
}

/// What stands between the braces of the innermost declaration at `at`.
pub(super) fn body_at(source: &Source, at: usize) -> Option<Range<usize>> {
    declaration::around(source, &(at..at))
        .into_iter()
        .next()?
        .body
}

/// Where the documentation of a declaration goes, or stands, and how it is written.
fn document(source: &Source, declaration: &Declaration) -> Option<(Target, Place)> {
    let convention = Convention::of(source, declaration.kind, Some(&declaration.name))?;
    let mut place = Place {
        newline: source.newline,
        definition: Some(declaration.range.clone()),
        ..Place::default()
    };
    let range = match &declaration.doc {
        Some(doc) => {
            place.indent = source.indent(doc.start).to_owned();
            doc.clone()
        }
        None if convention.is_inside() => {
            let start = declaration.body.as_ref()?.start;
            if source.leads_line(start) {
                place.indent = source.indent(start).to_owned();
            } else {
                place.indent =
                    source.indent(declaration.range.start).to_owned() + &source.indent_unit();
                place.lead = format!("{}{}", source.newline, place.indent);
            }
            place.trail = format!("{}{}", source.newline, place.indent);
            start..start
        }
        None => {
            let start = declaration.range.start;
            if !source.leads_line(start) {
                return None;
            }
            place.indent = source.indent(start).to_owned();
            place.trail = format!("{}{}", source.newline, place.indent);
            start..start
        }
    };
    place.convention = Some(convention);
    let target = Target {
        range,
        ..fix::of(declaration)
    };
    Some((target, place))
}

/// What stands at the place that offers are wanted for.
struct Site<'a> {
    source: &'a Source,
    /// The declarations that hold it, innermost first.
    around: Vec<Declaration>,
    cursor: usize,
    /// Made whole, see [`selected`]. `None` if there are only blanks in it.
    selection: Option<Range<usize>>,
}

/// The problems that are worth an offer, errors first.
struct Problems {
    /// They touch the place.
    here: Vec<Problem>,
    all: Vec<Problem>,
}

impl Site<'_> {
    fn problems(&self, range: &Range<usize>, problems: &[Problem]) -> Problems {
        let source = self.source;
        let mut all: Vec<Problem> = Vec::new();
        for problem in problems {
            let is_known =
                |known: &Problem| known.range == problem.range && known.message == problem.message;
            if place::fits(source, &problem.range)
                && !problem.message.trim().is_empty()
                && !all.iter().any(is_known)
            {
                all.push(problem.clone());
            }
        }
        all.sort_by_key(|problem| (!problem.is_error, problem.range.start.abs_diff(self.cursor)));
        // The cursor stands for its line.
        let asked = match range.is_empty() {
            true => source.line(range.start),
            false => range.clone(),
        };
        let touches = |problem: &&Problem| {
            problem.range.start <= asked.end && asked.start <= problem.range.end
        };
        Problems {
            here: all
                .iter()
                .filter(touches)
                .take(MAX_FIXES)
                .cloned()
                .collect(),
            all,
        }
    }

    fn fixes(&self, problems: &[Problem]) -> Vec<Offer> {
        let fix = |problem: &Problem| {
            let around = declaration::around(self.source, &problem.range);
            let target = fix::target(self.source, problem, &around);
            let problems = vec![problem.clone()];
            (!target.range.is_empty()).then_some(Offer {
                action: Action::Fix { problems },
                target,
            })
        };
        problems.iter().filter_map(fix).collect()
    }

    fn fix_all(&self, problems: &[Problem]) -> Option<Offer> {
        let function = self.function()?;
        let is_inside = |problem: &&Problem| function.range.contains(&problem.range.start);
        let inside: Vec<Problem> = problems.iter().filter(is_inside).cloned().collect();
        let is_short = self.source.line_count(&function.range) <= MAX_FIX_ALL_LINES;
        (inside.len() > 1 && is_short).then(|| Offer {
            action: Action::Fix { problems: inside },
            target: fix::of(function),
        })
    }

    /// The innermost function.
    fn function(&self) -> Option<&Declaration> {
        self.around
            .iter()
            .find(|declaration| declaration.kind == TargetKind::Function)
    }

    /// The declaration that the place is about: the innermost one; with a selection only if that is all of it, or in its head.
    fn subject(&self) -> Option<&Declaration> {
        let innermost = self.around.first()?;
        let Some(selection) = &self.selection else {
            return Some(innermost);
        };
        let is_whole =
            selection.start <= innermost.range.start && innermost.range.end <= selection.end;
        let head_end = innermost
            .body
            .as_ref()
            .map_or(innermost.range.end, |body| body.start);
        (is_whole || selection.end <= head_end).then_some(innermost)
    }

    fn implement(&self) -> Option<Offer> {
        let source = self.source;
        let subject = self.subject();
        if let Some(function) = subject
            && let Some(body) = stub::stub(source, function, &self.around[1..])
        {
            return Some(Offer {
                action: Action::Implement,
                target: place::implementation(function, body),
            });
        }
        let run = comment::run_at(source, self.cursor)?;
        let is_asked = self
            .selection
            .as_ref()
            .is_none_or(|selection| selection.end <= run.range.end)
            && comment::instruction(source, &run).is_none()
            && comment::asks_for_code(source, &run);
        is_asked.then(|| Offer {
            action: Action::Implement,
            target: place::request(source, &run),
        })
    }

    fn document(&self) -> Option<Offer> {
        let source = self.source;
        let target = match self.subject() {
            Some(subject) => document(source, subject)?.0,
            None if self.around.is_empty() && self.selection.is_none() && self.is_on_head() => {
                head::document(source)?.0
            }
            None => return None,
        };
        Some(Offer {
            action: Action::Document,
            target,
        })
    }

    fn is_on_head(&self) -> bool {
        !self.source.text.trim().is_empty() && head::holds(self.source, self.cursor)
    }

    fn test(&self) -> Option<Offer> {
        let subject = self.subject()?;
        let head = subject.head(self.source);
        let has_code = match subject.kind {
            TargetKind::Function => {
                !UNTESTED.contains(&&*subject.name) && !head.contains("abstract")
            }
            TargetKind::Type => !SIGNATURES_ONLY.iter().any(|word| head.contains(word)),
            _ => false,
        };
        let can_be_tested = has_code
            && !subject.is_prototype
            && !subject.is_test
            && !subject.is_local
            && test_place::has_tests(self.source.language_id());
        can_be_tested.then(|| Offer {
            action: Action::Test,
            target: fix::of(subject),
        })
    }

    /// Simplify, and edit as told.
    fn rewrites(&self) -> Vec<Offer> {
        let source = self.source;
        let edit = Action::Edit {
            instruction: String::new(),
        };
        let Some(target) = self.code() else {
            return Vec::new();
        };
        let is_stub = self.around.first().is_some_and(|first| {
            target == fix::of(first) && stub::stub(source, first, &self.around[1..]).is_some()
        });
        let is_simplified = match (&self.selection, target.kind) {
            (Some(_), TargetKind::Selection) => self.holds_statement(&target.range),
            (_, TargetKind::Function | TargetKind::Lines) => {
                !is_stub && self.function().is_some_and(|one| self.is_written(one))
            }
            _ => false,
        };
        let simplify = is_simplified.then_some(Action::Simplify);
        let actions = simplify.into_iter().chain([edit]);
        let is_short = source.line_count(&target.range) <= MAX_REWRITTEN_LINES;
        actions
            .filter(|_| is_short)
            .map(|action| Offer {
                action,
                target: target.clone(),
            })
            .collect()
    }

    /// There is something in its body.
    fn is_written(&self, function: &Declaration) -> bool {
        let is_empty = |body: &Range<usize>| self.source.slice(body.clone()).trim().is_empty();
        !function.is_prototype && !function.body.as_ref().is_some_and(is_empty)
    }

    /// The selection, or the function or type at the cursor; of one that is too long, the statement there.
    fn code(&self) -> Option<Target> {
        if let Some(range) = &self.selection {
            return Some(Target {
                range: range.clone(),
                kind: TargetKind::Selection,
                name: None,
            });
        }
        let owner = self
            .around
            .first()
            .filter(|owner| owner.kind != TargetKind::Module)?;
        if self.source.line_count(&owner.range) <= MAX_REWRITTEN_LINES {
            return Some(fix::of(owner));
        }
        let at = self.cursor..self.cursor;
        let lines = fix::statement(self.source, &at, Some(owner), true)
            .unwrap_or_else(|| fix::near(self.source, &at, Some(owner)));
        (!lines.is_empty()).then(|| fix::lines(lines))
    }

    /// The selection is more than part of a statement, and more than comments.
    fn holds_statement(&self, range: &Range<usize>) -> bool {
        let source = self.source;
        let is_comment =
            comment::run_at(source, range.start).is_some_and(|run| run.range.end >= range.end);
        // What cannot be documented is prose or data.
        let is_program = Convention::of(source, TargetKind::Function, Some("f")).is_some();
        let whole = source.whole_lines(range.clone());
        let at = range.start..range.start;
        let statements = source
            .tree
            .as_ref()
            .map(|tree| declaration::statements(tree, &at));
        let has_statement = (statements.iter().flatten())
            .any(|statement| statement.start >= range.start && statement.end <= range.end + 1);
        is_program && !is_comment && (whole == *range || has_statement)
    }

    fn explain(&self, problems: &[Problem]) -> Vec<Offer> {
        let of_problem = |problem: &Problem| {
            let around = declaration::around(self.source, &problem.range);
            Offer {
                action: Action::Explain {
                    problems: vec![problem.clone()],
                },
                target: fix::lines(fix::near(self.source, &problem.range, around.first())),
            }
        };
        let of_code = self.code().map(|target| Offer {
            action: Action::Explain {
                problems: Vec::new(),
            },
            target,
        });
        let explained = problems.iter().take(MAX_EXPLAINED).map(of_problem);
        explained
            .filter(|offer| !offer.target.range.is_empty())
            .chain(of_code)
            .collect()
    }

    /// What a comment above says of the selection, or of the statement or declaration at the cursor.
    fn edit_by_comment(&self) -> Option<Offer> {
        let source = self.source;
        let given = self.instruction()?;
        let target = match &self.selection {
            Some(selection) if selection.end > given.below => {
                let rest = selection.start.max(given.below)..selection.end;
                Target {
                    range: selected(source, &rest),
                    kind: TargetKind::Selection,
                    name: None,
                }
            }
            _ => self.below(given.below)?,
        };
        let is_rewritable =
            !target.range.is_empty() && source.line_count(&target.range) <= MAX_REWRITTEN_LINES;
        is_rewritable.then_some(Offer {
            action: Action::Edit {
                instruction: given.text,
            },
            target,
        })
    }

    fn instruction(&self) -> Option<comment::Instruction> {
        let source = self.source;
        let at = self.cursor..self.cursor;
        let here = comment::run_at(source, self.cursor);
        let first_line = source.whole_lines(at.clone()).start;
        let statements = source
            .tree
            .as_ref()
            .map(|tree| declaration::statements(tree, &at));
        let declared = self.around.iter().flat_map(|one| {
            let doc = one.doc.as_ref().filter(|doc| doc.start < one.range.start);
            [Some(one.range.start), doc.map(|doc| doc.start)]
        });
        let starts = statements
            .into_iter()
            .flatten()
            .map(|statement| statement.start);
        let starts = std::iter::once(first_line)
            .chain(starts)
            .chain(declared.flatten());
        let above = starts.filter_map(|start| comment::run_above(source, start));
        here.into_iter()
            .chain(above)
            .find_map(|run| comment::instruction(source, &run))
    }

    /// The declaration or statement that begins on the first line with something in it at or below `at`.
    fn below(&self, at: usize) -> Option<Target> {
        let source = self.source;
        let rest = source.text.get(at..)?;
        let start = at + (rest.len() - rest.trim_start().len());
        if start >= source.text.len() {
            return None;
        }
        let place = start..start;
        let around = declaration::around(source, &place);
        let begins = |one: &&Declaration| {
            one.range.start == start || one.doc.as_ref().is_some_and(|doc| doc.start == start)
        };
        if let Some(declaration) = around.iter().find(begins) {
            return Some(fix::of(declaration));
        }
        let tree = source.tree.as_ref();
        let statements = tree
            .map(|tree| declaration::statements(tree, &place))
            .unwrap_or_default();
        let statement = statements
            .into_iter()
            .rfind(|statement| statement.start == start);
        let range = statement.unwrap_or_else(|| paragraph(source, start));
        Some(fix::lines(source.whole_lines(range)))
    }
}

/// From `start` to the next blank line, or to one that stands less deep.
fn paragraph(source: &Source, start: usize) -> Range<usize> {
    let level = source.indent(start).len();
    let mut end = source.line_end(start);
    while let Some(next) = source.next_line(end) {
        let line = source.line(next);
        if source.slice(line.clone()).trim().is_empty() || source.indent(next).len() < level {
            break;
        }
        end = line.end;
    }
    start..end
}

#[cfg(test)]
mod tests;
