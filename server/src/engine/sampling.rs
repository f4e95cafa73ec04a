//! Greedy choice over logits, under token healing: the answer must begin with given bytes, whatever tokens spell them. A second guess
//! must not go on as the first one did.

use super::backend::{Token, Vocabulary};
use crate::prompt::Prompt;

/// A chosen token and how likely the model found it among those that were allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    pub token: Token,
    pub probability: f32,
}

/// What an answer's next token has to be like.
#[derive(Debug, Clone, Copy)]
pub struct Demands<'a> {
    /// Bytes that the answer still has to begin with.
    pub forced: &'a [u8],
    /// The first token of them as the tokenizer cuts them, `None` where a character is cut in two.
    pub usual_first: Option<Token>,
    /// Or else the answer's end is passed over, however likely it is.
    pub may_end: bool,
    /// See [`Prompt::avoided`](crate::prompt::Prompt::avoided).
    pub avoided: &'a [String],
}

impl Demands<'_> {
    /// Any token will do.
    pub const NONE: Self = Self {
        forced: b"",
        usual_first: None,
        may_end: true,
        avoided: &[],
    };

    fn allow(&self, token: Token, vocabulary: &Vocabulary) -> bool {
        if vocabulary.is_end(token) {
            return self.may_end;
        }
        let beyond = vocabulary.bytes(token).get(self.forced.len()..);
        let beyond = beyond.unwrap_or_default();
        if self.avoided.is_empty() || beyond.is_empty() {
            return true;
        }
        let said = beyond.trim_ascii_start();
        if said.is_empty() {
            let mut blank = self
                .avoided
                .iter()
                .filter(|avoided| avoided.trim().is_empty());
            let may_be_other = blank.clone().all(|avoided| avoided.as_bytes() != beyond);
            // What is avoided could follow, unless this ends a line that has something in it, or is another indentation than is avoided.
            return may_be_other
                && match beyond.contains(&b'\n') {
                    true => self.may_end,
                    false => blank.next().is_some(),
                };
        }
        let leads_to = |avoided: &String| avoided.as_bytes().trim_ascii_start().starts_with(said);
        !self.avoided.iter().any(leads_to)
    }
}

/// The likeliest token of those that agree with the `demands`. Ties go to the smaller id, so that equal logits give equal text.
pub fn choose(logits: &[f32], vocabulary: &Vocabulary, demands: Demands) -> Option<Choice> {
    let Demands {
        forced,
        usual_first,
        ..
    } = demands;
    if forced.is_empty() {
        let all = logits.iter().copied().enumerate();
        let all = all.map(|(id, logit)| (Token(id as u32), logit));
        let best = likeliest(all.clone())?;
        if demands.allow(best.token, vocabulary) {
            return Some(best);
        }
        let allowed = |(token, _): &(Token, f32)| demands.allow(*token, vocabulary);
        let next = likeliest(all.clone().filter(allowed))?;
        // Among all tokens: what the model did not want to say is no likelier for being asked for.
        let [best_logit, next_logit] = [best, next].map(|choice| logits[choice.token.0 as usize]);
        return Some(Choice {
            probability: best.probability * (next_logit - best_logit).exp(),
            ..next
        });
    }
    let agreeing = vocabulary.agreeing_with(forced).filter(|token| {
        let bytes = vocabulary.bytes(*token);
        let spells = bytes.len() >= forced.len()
            || usual_first.is_none_or(|usual| usual == *token)
            || may_begin(bytes, forced);
        spells && demands.allow(*token, vocabulary)
    });
    likeliest(agreeing.filter_map(|token| Some((token, *logits.get(token.0 as usize)?))))
}

/// Whether a token may spell only the beginning of `forced` although the tokenizer would cut `forced` otherwise. It may where more text can change the
/// cut: inside a word of letters, or with blanks, of which the last goes with the word that follows. It may not elsewhere: after
/// `;` and an empty line, say, the likelier `;\n` promises a next line that is not empty, and what follows goes astray.
fn may_begin(token: &[u8], forced: &[u8]) -> bool {
    let goes_on = forced
        .last()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    let is_blank = forced.iter().all(|byte| matches!(byte, b' ' | b'\t'));
    goes_on || (is_blank && token.len() + 1 == forced.len())
}

fn likeliest(candidates: impl Iterator<Item = (Token, f32)> + Clone) -> Option<Choice> {
    let better = |a: (Token, f32), b: (Token, f32)| {
        if b.1 > a.1 || (b.1 == a.1 && b.0 < a.0) {
            b
        } else {
            a
        }
    };
    let (token, logit) = candidates
        .clone()
        .filter(|(_, logit)| !logit.is_nan())
        .reduce(better)?;
    let total: f32 = candidates.map(|(_, other)| (other - logit).exp()).sum();
    Some(Choice {
        token,
        probability: 1.0 / total,
    })
}

/// Turns the bytes of tokens into text: drops the healed bytes, and holds back characters until they are whole.
#[derive(Debug, Clone)]
pub struct Answer {
    forced: Vec<u8>,
    avoided: Vec<String>,
    pending: Vec<u8>,
}

impl Answer {
    pub fn new(prompt: &Prompt) -> Self {
        Self {
            forced: prompt.healed.as_bytes().to_vec(),
            avoided: prompt.avoided.clone(),
            pending: Vec::new(),
        }
    }

    /// The bytes that the answer still has to begin with.
    pub fn forced(&self) -> &[u8] {
        &self.forced
    }

    /// What its next token must not lead to.
    pub fn avoided(&self) -> &[String] {
        &self.avoided
    }

    /// Takes the bytes of the next token, which must agree with [`Self::forced`], and gives the text that is complete now.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let repeated = bytes.len().min(self.forced.len());
        self.forced.drain(..repeated);
        if repeated < bytes.len() {
            self.avoided.clear();
        }
        self.pending.extend_from_slice(&bytes[repeated..]);
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.pending) {
                Ok(valid) => {
                    text.push_str(valid);
                    self.pending.clear();
                    return text;
                }
                Err(error) => {
                    let valid = error.valid_up_to();
                    text.push_str(&String::from_utf8_lossy(&self.pending[..valid]));
                    match error.error_len() {
                        // The character goes on in the next token.
                        None => {
                            self.pending.drain(..valid);
                            return text;
                        }
                        // No character can come of these bytes: nobody wants to see them.
                        Some(broken) => drop(self.pending.drain(..valid + broken)),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healed(text: &str) -> Answer {
        Answer::new(&Prompt {
            segments: Vec::new(),
            healed: text.to_owned(),
            avoided: Vec::new(),
        })
    }

    #[test]
    fn a_second_guess_goes_another_way_and_is_as_likely_as_it_was_among_all() {
        let texts = [
            "return",
            " ret",
            "    ",
            "\n",
            "else",
            "return_value",
            "    return",
        ];
        let tokens = texts.iter().map(|t| (t.as_bytes().to_vec(), false));
        let vocabulary = Vocabulary::new(tokens.chain([(Vec::new(), true)]), |_| None);
        let avoided = ["return a".to_owned()];
        let chosen = |forced: &str, may_end, logits: [f32; 8]| {
            let demands = Demands {
                forced: forced.as_bytes(),
                may_end,
                avoided: &avoided,
                ..Demands::NONE
            };
            choose(&logits, &vocabulary, demands).unwrap()
        };
        let logits = [9.0, 8.0, 7.0, 6.0, 4.0, 3.0, 2.0, 6.5];
        let first = chosen("", false, logits);
        assert_eq!(first.token, Token(4));
        assert!(first.probability < 0.01, "{}", first.probability);
        // Within a line, the line or the answer may end instead.
        assert_eq!(chosen("", true, logits).token, Token(7));
        assert_eq!(
            chosen("", true, [9.0, 8.0, 7.0, 6.0, 4.0, 3.0, 2.0, 0.0]).token,
            Token(3)
        );
        // Behind forced bytes only what follows them counts.
        assert_eq!(
            chosen("    ", true, [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 9.0, 0.0]).token,
            Token(2)
        );
    }

    #[test]
    fn a_second_guess_may_be_indented_otherwise() {
        let texts = ["    ", "        ", "return", "\n"];
        let tokens = texts.iter().map(|t| (t.as_bytes().to_vec(), false));
        let vocabulary = Vocabulary::new(tokens, |_| None);
        let chosen = |avoided: &[&str], logits: [f32; 4]| {
            let avoided: Vec<String> = avoided.iter().map(|text| (*text).to_owned()).collect();
            let demands = Demands {
                may_end: false,
                avoided: &avoided,
                ..Demands::NONE
            };
            choose(&logits, &vocabulary, demands).map(|choice| choice.token)
        };
        let logits = [9.0, 8.0, 7.0, 9.5];
        assert_eq!(chosen(&["    "], logits), Some(Token(1)));
        assert_eq!(chosen(&["    ", "        "], logits), Some(Token(2)));
        assert_eq!(chosen(&["    ", "return a"], logits), Some(Token(1)));
        assert_eq!(chosen(&["    ", "        ", "return a"], logits), None);
    }

    #[test]
    fn answers_drop_the_healed_bytes_and_keep_characters_whole() {
        let mut answer = healed(" gr");
        assert_eq!(answer.push(b" g"), "");
        assert_eq!(answer.forced(), b"r");
        assert_eq!(answer.push(b"r\xc3"), "");
        assert_eq!(answer.push(b"\xb6\xc3\x9fe"), "öße");
        assert_eq!(answer.push(b"\xff!"), "!");
    }

    #[test]
    fn what_is_avoided_is_forgotten_once_the_answer_has_begun() {
        let mut answer = Answer::new(&Prompt {
            segments: Vec::new(),
            healed: "a ".to_owned(),
            avoided: vec!["b".to_owned()],
        });
        answer.push(b"a ");
        assert_eq!(answer.avoided(), ["b"]);
        answer.push(b"c");
        assert!(answer.avoided().is_empty());
    }

    #[test]
    fn a_healed_character_may_end_inside_a_token() {
        let mut answer = healed("é");
        assert_eq!(answer.push(b"\xc3"), "");
        assert_eq!(answer.push(b"\xa9t\xc3\xa9"), "té");
    }

    #[test]
    fn healing_chooses_among_agreeing_tokens_only() {
        let texts = ["x", " fo", " foo", " ", "bar"];
        let vocabulary =
            Vocabulary::new(texts.iter().map(|t| (t.as_bytes().to_vec(), false)), |_| {
                None
            });
        let logits = [9.0, 1.0, 2.0, 0.5, 8.0];
        assert_eq!(
            choose(&logits, &vocabulary, Demands::NONE).unwrap().token,
            Token(0)
        );
        let healed = choose(
            &logits,
            &vocabulary,
            Demands {
                forced: b" fo",
                ..Demands::NONE
            },
        )
        .unwrap();
        assert_eq!(healed.token, Token(2));
        assert!(
            healed.probability > 0.5 && healed.probability < 0.7,
            "{}",
            healed.probability
        );
        assert_eq!(choose(&[f32::NAN; 5], &vocabulary, Demands::NONE), None);
    }

    #[test]
    fn an_end_that_is_not_wanted_is_passed_over() {
        let tokens = [("<end>", true), ("a", false), ("b", false)];
        let vocabulary = Vocabulary::new(
            tokens
                .map(|(text, ends)| (text.as_bytes().to_vec(), ends))
                .into_iter(),
            |_| None,
        );
        let chosen = |may_end| {
            choose(
                &[5.0, 3.0, 4.0],
                &vocabulary,
                Demands {
                    may_end,
                    ..Demands::NONE
                },
            )
            .unwrap()
        };
        assert_eq!(chosen(true).token, Token(0));
        assert_eq!(chosen(false).token, Token(2));
        // As likely as it was among all: e^-1 of the end's.
        let ratio = chosen(false).probability / chosen(true).probability;
        assert!((ratio - (-1.0f32).exp()).abs() < 1e-5, "{ratio}");
    }

    #[test]
    fn healing_keeps_to_the_usual_cut_where_no_text_can_change_it() {
        let texts = [";", ";\n", ";\n\n", ";\n\n\n", "   ", "    ", "\t"];
        let vocabulary =
            Vocabulary::new(texts.iter().map(|t| (t.as_bytes().to_vec(), false)), |_| {
                None
            });
        let chosen = |forced: &str, usual, logits: [f32; 7]| {
            let choice = choose(
                &logits,
                &vocabulary,
                Demands {
                    forced: forced.as_bytes(),
                    usual_first: Some(Token(usual)),
                    ..Demands::NONE
                },
            );
            texts[choice.unwrap().token.0 as usize]
        };
        assert_eq!(
            chosen(";\n\n", 2, [9.0, 8.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
            ";\n\n"
        );
        assert_eq!(
            chosen(";\n\n", 2, [9.0, 8.0, 1.0, 2.0, 0.0, 0.0, 0.0]),
            ";\n\n\n"
        );
        assert_eq!(
            chosen("    ", 5, [9.0, 0.0, 0.0, 0.0, 2.0, 1.0, 0.0]),
            "   "
        );
    }
}
