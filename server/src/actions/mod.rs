//! Code actions: what of a file the model may be asked to change or explain, what it is told, and what of its answer becomes an edit.
//!
//! An answer is parsed, never trusted: only text for the asked range counts, and it has to parse at least as well as what it replaces.
//! Nothing here applies an edit; that is the editor's, or the command line's, after a person has seen it.

pub mod act;
pub mod answer;
pub mod convention;
pub mod diff;
pub mod edit;
pub mod names;
pub mod offer;
pub mod prompt;
pub mod signs;
pub mod slip;
pub mod test_place;

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Mends what compilers and linters complain of.
    Fix {
        problems: Vec<Problem>,
    },
    /// Writes the body of a stub, or the code that a comment describes.
    Implement,
    /// Writes a doc comment.
    Document,
    /// Writes tests, where the language has them.
    Test,
    Simplify,
    /// Changes code as the user says.
    Edit {
        instruction: String,
    },
    /// Says in words what code does or what a diagnostic means; changes nothing.
    Explain {
        problems: Vec<Problem>,
    },
}

impl Action {
    /// What is to be fixed, if that is one problem.
    pub fn only_problem(&self) -> Option<&Problem> {
        match self {
            Self::Fix { problems } => match problems.as_slice() {
                [problem] => Some(problem),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What another server or a compiler says of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Bytes of the document.
    pub range: Range<usize>,
    pub message: String,
    /// As the tool names it: `E0308`, `no-unused-vars`.
    pub code: Option<String>,
    /// The tool: `rustc`, `pyright`.
    pub source: Option<String>,
    pub is_error: bool,
}

#[cfg(test)]
impl Problem {
    /// An error without a code, of no tool in particular.
    pub fn error(range: Range<usize>, message: &str) -> Self {
        Self {
            range,
            message: message.to_owned(),
            code: None,
            source: None,
            is_error: true,
        }
    }
}

/// What an action is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Bytes of the document, the only ones that may be changed: from the first character of a line or node that is no blank to the
    /// last, without the line end. Of a stub, its body; of documentation, the comment that is there; empty where something is to be
    /// put in. See [`offer::Place`] for how it is filled.
    pub range: Range<usize>,
    pub kind: TargetKind,
    /// Of the function or type.
    pub name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    Function,
    Type,
    Module,
    /// Statements or lines, inside of a function or at the top level.
    Lines,
    /// What the user has selected, made whole lines or whole tokens.
    Selection,
}

/// An action that applies at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    #[serde(flatten)]
    pub action: Action,
    pub target: Target,
}
