//! From text to the sequence that the model reads. Pure: no I/O, no tokenizer.

pub mod chat;
pub mod layout;
pub mod words;

use std::fmt;

use serde::{Deserialize, Serialize};

/// A piece of a prompt. User text is always `Text` or `Context`, which are tokenised without looking for special tokens, so
/// `<|fim_middle|>` in a file stays text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Segment {
    Special(Special),
    Text(String),
    /// As `Text`, and left out, all of it, where the prompt is too long; the first goes first.
    Context(String),
    /// A piece of the frame of a [`chat::ChatTemplate`], tokenised with special tokens: it comes from the model's file, never
    /// from the user. A prompt that has one is a conversation and needs no fill-in-the-middle tokens.
    Template(String),
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
    /// What the answer does not go on with behind that, blanks aside: its first token is one that none of these begins with. Of
    /// those that are nothing but blanks it is none.
    /// Empty for a first guess.
    #[serde(default)]
    pub avoided: Vec<String>,
}

impl Prompt {
    /// From now on the healed text and `text` behind it are no longer to be said: they are read.
    pub fn take(&mut self, text: &str) {
        let healed = std::mem::take(&mut self.healed);
        self.segments.push(Segment::Text(healed + text));
    }
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

impl fmt::Display for Special {
    /// The spelling of Qwen's vocabulary.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RepoName => "<|repo_name|>",
            Self::FileSep => "<|file_sep|>",
            Self::FimPrefix => "<|fim_prefix|>",
            Self::FimSuffix => "<|fim_suffix|>",
            Self::FimMiddle => "<|fim_middle|>",
        })
    }
}

impl fmt::Display for Prompt {
    /// For people to read: what went to the model, with the healed text at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Special(special) => special.fmt(f)?,
                Segment::Text(text) | Segment::Context(text) | Segment::Template(text) => {
                    f.write_str(text)?
                }
            }
        }
        f.write_str(&self.healed)
    }
}
