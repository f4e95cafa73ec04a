//! What the model is shown beside the text around the cursor: from a snapshot, the index and what was edited of late to ranked pieces
//! within a budget, each with its reason.
//!
//! The sources, the [`plan`] and the rules of [`privacy`] are pure. Two parts read files where they say so, and may block there:
//! [`workspace`], which asks all sources and compares files beside the open one, and [`privacy`], which follows links and reads ignore files.

pub mod counterpart;
pub mod definitions;
pub mod diagnostic;
pub mod lines;
pub mod outline;
pub mod plan;
pub mod privacy;
pub mod recent_edits;
pub mod similar;
pub mod workspace;

use std::{ops::RangeInclusive, path::PathBuf};

use serde::{Deserialize, Serialize};

/// A part of a file that may help the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// Absolute, as in the index.
    pub path: PathBuf,
    /// The lines of the file that it is made of, counted from 1.
    pub lines: RangeInclusive<u32>,
    /// What the model reads: whole lines, without a line feed at the end.
    pub text: String,
    pub source: Source,
    /// Why it is here, for a person: "`Parser` is used in the enclosing function".
    pub reason: String,
    /// How much it is likely to help, from 0 to 1; comparable among all sources.
    pub score: f32,
}

/// Where a piece comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// What the code near the cursor names, defined in another file.
    Definitions,
    /// Code in another file that looks like the code around the cursor.
    Similar,
    /// What was edited of late, as it reads now.
    RecentEdits,
    /// The outline of the current file outside of the window.
    Outline,
    /// The test beside the source, the source beside the test.
    Counterpart,
    /// The diagnostic under the cursor.
    Diagnostic,
}

impl Source {
    pub const ALL: [Source; 6] = [
        Self::Definitions,
        Self::Similar,
        Self::RecentEdits,
        Self::Outline,
        Self::Counterpart,
        Self::Diagnostic,
    ];

    /// The greater, the sooner a piece of it is likely to change.
    fn volatility(self) -> u8 {
        match self {
            Self::Definitions => 0,
            Self::Counterpart => 1,
            Self::Outline => 2,
            Self::Similar => 3,
            Self::RecentEdits => 4,
            Self::Diagnostic => 5,
        }
    }
}
