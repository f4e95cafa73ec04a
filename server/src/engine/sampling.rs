//! Greedy choice over logits, under token healing: the answer must begin with given bytes, whatever tokens spell them.

use super::backend::{Token, Vocabulary};

/// A chosen token and how likely the model found it among those that were allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    pub token: Token,
    pub probability: f32,
}

/// The likeliest token; while `forced` is not empty, the likeliest of those that agree with it. Ties go to the smaller id, so
/// that equal logits give equal text.
pub fn choose(logits: &[f32], vocabulary: &Vocabulary, forced: &[u8]) -> Option<Choice> {
    if forced.is_empty() {
        likeliest(
            logits
                .iter()
                .copied()
                .enumerate()
                .map(|(id, logit)| (Token(id as u32), logit)),
        )
    } else {
        likeliest(
            vocabulary
                .agreeing_with(forced)
                .filter_map(|t| Some((t, *logits.get(t.0 as usize)?))),
        )
    }
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
        assert_eq!(choose(&logits, &vocabulary, b"").unwrap().token, Token(0));
        let healed = choose(&logits, &vocabulary, b" fo").unwrap();
        assert_eq!(healed.token, Token(2));
        assert!(
            healed.probability > 0.5 && healed.probability < 0.7,
            "{}",
            healed.probability
        );
        assert_eq!(choose(&[f32::NAN; 5], &vocabulary, b""), None);
    }
}
