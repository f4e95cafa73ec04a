//! The rules between the model's text and what the user sees, by name: so that each can be switched off and its worth measured.
//! Owns names and words only; what a rule does stands in `stop`, `scope`, `extent`, `post`, `misfit`, `needs` and `below`.

use serde::{Deserialize, Serialize};

/// A rule that ends, mends or holds back an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// An answer ends where the block that the cursor is in closes, going by a parse.
    ScopeEnd,
    /// An answer ends before a bracket that closes what the text behind the cursor closes already.
    Closer,
    /// An answer ends before a line that is less indented than its own block.
    Indentation,
    /// An answer ends where it says what stands behind the cursor.
    SuffixMeet,
    /// An answer ends where it begins to go in circles.
    Repetition,
    /// An answer ends where it talks to the reader.
    ChatTail,
    /// An answer ends before a line with signs that nobody sees or that steer a terminal.
    HiddenSign,
    /// What the rest of the line says already is not said again.
    Overlap,
    /// Brackets of the line stay as balanced as they were.
    Balance,
    /// The next line is not said again.
    NextLine,
    /// The line above is not said again.
    LineAbove,
    /// Lines are indented with what the file indents with.
    IndentationUnit,
    /// Nothing is shown inside of a word.
    WordInside,
    /// Where an empty body is to be filled, all of it is offered.
    Block,
    /// Where a line cannot stand, the likeliest other one is tried.
    SecondGuess,
    /// Where the code below uses a name that nothing defines, a line that defines it is tried.
    NeededName,
    /// Of several lines, the one is taken behind which the code below is likeliest.
    CodeBelow,
}

impl Rule {
    pub const ALL: [Rule; 17] = [
        Self::ScopeEnd,
        Self::Closer,
        Self::Indentation,
        Self::SuffixMeet,
        Self::Repetition,
        Self::ChatTail,
        Self::HiddenSign,
        Self::Overlap,
        Self::Balance,
        Self::NextLine,
        Self::LineAbove,
        Self::IndentationUnit,
        Self::WordInside,
        Self::Block,
        Self::SecondGuess,
        Self::NeededName,
        Self::CodeBelow,
    ];

    /// Why an answer ends here, or why there is none, for a person.
    pub fn reason(self) -> &'static str {
        match self {
            Self::ScopeEnd => "The block ends here.",
            Self::Closer => "What comes next is closed behind the cursor already.",
            Self::Indentation => "The next line is outside of the block.",
            Self::SuffixMeet => "What comes next stands behind the cursor already.",
            Self::Repetition => "The model began to repeat itself.",
            Self::ChatTail => "The model began to talk about the code.",
            Self::HiddenSign => "The model wrote signs that nobody sees or that steer a terminal.",
            Self::Overlap => "The rest of the line says this already.",
            Self::Balance => "The suggestion would leave a bracket open.",
            Self::NextLine => "The next line says this already.",
            Self::LineAbove => "The line above says this already.",
            Self::IndentationUnit => "Indented as the file is.",
            Self::WordInside => "You are inside a word.",
            Self::Block => "A whole block.",
            Self::SecondGuess => "The likeliest line could not stand here.",
            Self::NeededName => "The code below uses this name, and nothing defines it.",
            Self::CodeBelow => {
                "The code below goes on from this line better than from the likeliest."
            }
        }
    }
}

/// The rules that are on: all of them by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules(u32);

impl Default for Rules {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Rules {
    #[must_use]
    pub fn without(self, rule: Rule) -> Self {
        Self(self.0 & !(1 << rule as u32))
    }

    pub fn contains(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u32) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_can_be_switched_off_alone() {
        for off in Rule::ALL {
            let rules = Rules::default().without(off);
            for rule in Rule::ALL {
                assert_eq!(rules.contains(rule), rule != off);
            }
            let name = serde_json::to_string(&off).unwrap();
            assert_eq!(serde_json::from_str::<Rule>(&name).unwrap(), off);
        }
    }
}
