//! From text to the sequence that the model reads. Pure: no I/O, no tokenizer.

pub mod words;

use serde::{Deserialize, Serialize};

/// A piece of a prompt. User text is always `Text`, which is tokenised without looking for special tokens, so
/// `<|fim_middle|>` in a file stays text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Segment {
    Special(Special),
    Text(String),
}

/// The special tokens that a fill-in-the-middle prompt is made of. The ids come from the model's vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Special {
    RepoName,
    FileSep,
    FimPrefix,
    FimSuffix,
    FimMiddle,
}

/// What the model reads, and the bytes that its answer has to begin with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    pub segments: Vec<Segment>,
    /// Token healing: the text between the last safe token boundary and the cursor. The answer is forced to begin with it,
    /// whatever tokens spell it, and it is not repeated in the answer.
    pub healed: String,
}

impl Special {
    pub const ALL: [Special; 5] = [
        Self::RepoName,
        Self::FileSep,
        Self::FimPrefix,
        Self::FimSuffix,
        Self::FimMiddle,
    ];
}
