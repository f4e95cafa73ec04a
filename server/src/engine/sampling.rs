//! Greedy choice over logits, under token healing: the answer must begin with given bytes, whatever tokens spell them.

use super::backend::{Token, Vocabulary};

/// A chosen token and how likely the model found it among those that were allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    pub token: Token,
    pub probability: f32,
}

/// The likeliest token; while `forced` is not empty, the likeliest of those that agree with it. Ties go to the smaller id, so
/// that equal logits give equal text. `usual_first` is the first token of `forced` as the tokenizer cuts it,
/// `None` where a character is cut in two. Unless it `may_end`, the answer's end is passed over, however likely it is.
pub fn choose(
    logits: &[f32],
    vocabulary: &Vocabulary,
    forced: &[u8],
    usual_first: Option<Token>,
    may_end: bool,
) -> Option<Choice> {
    if forced.is_empty() {
        let all = logits.iter().copied().enumerate();
        let all = all.map(|(id, logit)| (Token(id as u32), logit));
        let best = likeliest(all.clone())?;
        if may_end || !vocabulary.is_end(best.token) {
            return Some(best);
        }
        let ends = |(token, _): &(Token, f32)| vocabulary.is_end(*token);
        let next = likeliest(all.clone().filter(|candidate| !ends(candidate)))?;
        // Among all tokens: what the model did not want to say is no likelier for being asked for.
        let [best_logit, next_logit] = [best, next].map(|choice| logits[choice.token.0 as usize]);
        return Some(Choice {
            probability: best.probability * (next_logit - best_logit).exp(),
            ..next
        });
    }
    let agreeing = vocabulary.agreeing_with(forced).filter(|token| {
        let bytes = vocabulary.bytes(*token);
        bytes.len() >= forced.len()
            || usual_first.is_none_or(|usual| usual == *token)
            || may_begin(bytes, forced)
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
    pending: Vec<u8>,
}

impl Answer {
    pub fn new(healed: &str) -> Self {
        Self {
            forced: healed.as_bytes().to_vec(),
            pending: Vec::new(),
        }
    }

    /// The bytes that the answer still has to begin with.
    pub fn forced(&self) -> &[u8] {
        &self.forced
    }

    /// Takes the bytes of the next token, which must agree with [`Self::forced`], and gives the text that is complete now.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let repeated = bytes.len().min(self.forced.len());
        self.forced.drain(..repeated);
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

    #[test]
    fn answers_drop_the_healed_bytes_and_keep_characters_whole() {
        let mut answer = Answer::new(" gr");
        assert_eq!(answer.push(b" g"), "");
        assert_eq!(answer.forced(), b"r");
        assert_eq!(answer.push(b"r\xc3"), "");
        assert_eq!(answer.push(b"\xb6\xc3\x9fe"), "öße");
        assert_eq!(answer.push(b"\xff!"), "!");
    }

    #[test]
    fn a_healed_character_may_end_inside_a_token() {
        let mut answer = Answer::new("é");
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
            choose(&logits, &vocabulary, b"", None, true).unwrap().token,
            Token(0)
        );
        let healed = choose(&logits, &vocabulary, b" fo", None, true).unwrap();
        assert_eq!(healed.token, Token(2));
        assert!(
            healed.probability > 0.5 && healed.probability < 0.7,
            "{}",
            healed.probability
        );
        assert_eq!(choose(&[f32::NAN; 5], &vocabulary, b"", None, true), None);
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
        let chosen = |may_end| choose(&[5.0, 3.0, 4.0], &vocabulary, b"", None, may_end).unwrap();
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
                forced.as_bytes(),
                Some(Token(usual)),
                true,
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
