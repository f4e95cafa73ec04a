//! Why an answer is not used, in words for the user, and what the model is told if it is asked once more.

use thiserror::Error;

/// Why an answer changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    #[error(
        "The place that this action is about is not in the document any more. Ask for it again."
    )]
    NoPlace,
    #[error("The model gave no answer. Try again, or with a larger model.")]
    Empty,
    #[error(
        "The model answered in words, not in code. Try again, or say more precisely what you want."
    )]
    Prose,
    #[error("The model's answer did not come to an end. Try it with less code.")]
    Endless,
    #[error(
        "The model left a part of the code out, with a comment in its place. Try it with less code."
    )]
    Placeholder,
    #[error("The model described a change that does not fit the code. Try again.")]
    UnfitDiff,
    #[error(
        "The model wrote a part of the code only, and it is not clear where that belongs. Try it with less code."
    )]
    Part,
    #[error("The model answered in {0}. Try again, or with a larger model.")]
    OtherLanguage(String),
    #[error("The model's answer does not define `{0}`. Try again, or with a larger model.")]
    NotDefined(String),
    #[error(
        "The model changed the signature of `{0}`, which others may rely on. Say so in an instruction if that is wanted."
    )]
    Signature(String),
    #[error(
        "With the model's answer the file would have new syntax errors. Try again, or with a larger model."
    )]
    Broken,
    #[error("The model found nothing to change.")]
    Unchanged,
    #[error(
        "The model wrote other code of this file once more. Try again, or with a larger model."
    )]
    Copied,
    #[error("The model wrote far more than was asked for. Try again, or with less code.")]
    TooLong,
    #[error("The model dropped most of the code. Try it with less code.")]
    TooShort,
    #[error(
        "The model hid the problem instead of mending it ({0}). Try again, or with a larger model."
    )]
    Evades(&'static str),
    #[error("The model's answer has no documentation in it. Try again, or with a larger model.")]
    NoDocumentation,
    #[error("The model's answer is not a test of `{0}`. Try again, or with a larger model.")]
    NoTest(String),
    #[error(
        "The model's answer has signs in it that nobody sees or that steer a terminal. Try again, or with a larger model."
    )]
    Hidden,
}

impl Fault {
    /// What the model is told for the one retry. `None`: asking again is no use.
    pub fn retry_hint(&self) -> Option<String> {
        Some(match self {
            Self::NoPlace | Self::Endless | Self::Hidden => return None,
            Self::Empty | Self::Prose => {
                "Answer with the code only, in one fenced block.".to_owned()
            }
            Self::Placeholder => {
                "Write all of the code out. Leave nothing out and put no comments in place of code."
                    .to_owned()
            }
            Self::UnfitDiff => "Answer with the whole new code, not with a diff.".to_owned(),
            Self::Part => {
                "Answer with all of the code shown, not only the lines that change.".to_owned()
            }
            Self::OtherLanguage(_) => "Answer in the language of the code shown.".to_owned(),
            Self::NotDefined(name) => format!("Answer with all of `{name}`, under this name."),
            Self::Signature(name) => format!("Do not change the signature of `{name}`."),
            Self::Broken => {
                "The answer had syntax errors. Answer with complete, correct code.".to_owned()
            }
            Self::Unchanged => {
                "The answer was the code as it is. Change what is wrong with it.".to_owned()
            }
            Self::Copied => {
                "The answer was other code of the file. Answer with the code shown, changed as asked."
                    .to_owned()
            }
            Self::TooLong => "Answer only with the code that was asked for.".to_owned(),
            Self::TooShort => "Keep the code that has nothing to do with the problem.".to_owned(),
            Self::Evades(how) => format!("Mend the cause of the problem. This does not: {how}."),
            Self::NoDocumentation => {
                "Answer with the documentation only, in plain sentences.".to_owned()
            }
            Self::NoTest(name) => {
                format!("Answer with tests only, which call `{name}` and check the result.")
            }
        })
    }

    /// How much a fault says, where several readings of an answer each have one.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Empty => 0,
            Self::Prose | Self::OtherLanguage(_) => 1,
            Self::NotDefined(_) | Self::Part | Self::Broken => 2,
            _ => 3,
        }
    }
}
