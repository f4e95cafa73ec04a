//! Logits that were computed once and may be wanted again: while the user types inside one word, or leaves a suggestion in its
//! middle, the next token follows tokens that have been evaluated already, and needs no forward pass. Owns the copies, and bounds
//! them; knows nothing of sequences: logits depend on the tokens before them alone, so no change of the KV cache makes one wrong.

use super::backend::Token;

/// The most recently used copies of logits, each with all tokens before it.
pub struct Boundaries {
    /// The least recently used first.
    kept: Vec<Boundary>,
    capacity: usize,
}

struct Boundary {
    tokens: Vec<Token>,
    logits: Vec<f32>,
}

impl Boundaries {
    /// Keeps `capacity` copies, each as large as the vocabulary: 0.6 MB with the 151,936 tokens of Qwen2.5-Coder 0.5B.
    pub fn new(capacity: usize) -> Self {
        Self {
            kept: Vec::new(),
            capacity,
        }
    }

    /// Keeps the `logits` of what follows `tokens`, in the buffers of the least recently used when all are taken.
    pub fn keep(&mut self, tokens: &[Token], logits: &[f32]) {
        if self.get(tokens).is_some() || self.capacity == 0 {
            return;
        }
        let mut boundary = if self.kept.len() < self.capacity {
            Boundary {
                tokens: Vec::new(),
                logits: Vec::new(),
            }
        } else {
            self.kept.remove(0)
        };
        boundary.tokens.clear();
        boundary.tokens.extend_from_slice(tokens);
        boundary.logits.clear();
        boundary.logits.extend_from_slice(logits);
        self.kept.push(boundary);
    }

    /// The logits of what follows exactly `tokens`, if they are kept. They are the most recently used then.
    pub fn get(&mut self, tokens: &[Token]) -> Option<&[f32]> {
        let index = self.kept.iter().rposition(|kept| kept.tokens == tokens)?;
        self.kept[index..].rotate_left(1);
        self.kept.last().map(|kept| kept.logits.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(ids: &[u32]) -> Vec<Token> {
        ids.iter().copied().map(Token).collect()
    }

    #[test]
    fn logits_are_found_by_exactly_the_tokens_before_them() {
        let mut boundaries = Boundaries::new(4);
        boundaries.keep(&tokens(&[1, 2]), &[0.5, 1.0]);
        boundaries.keep(&tokens(&[1, 2, 3]), &[2.0, 3.0]);
        let mut found = |ids: &[u32]| boundaries.get(&tokens(ids)).map(<[f32]>::to_vec);
        assert_eq!(found(&[1, 2]), Some(vec![0.5, 1.0]));
        assert_eq!(found(&[1, 2, 3]), Some(vec![2.0, 3.0]));
        for other in [&[][..], &[1], &[2], &[9, 2], &[1, 9, 3], &[1, 2, 3, 4]] {
            assert_eq!(found(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let mut boundaries = Boundaries::new(2);
        boundaries.keep(&tokens(&[1]), &[1.0]);
        boundaries.keep(&tokens(&[2]), &[2.0]);
        assert!(boundaries.get(&tokens(&[1])).is_some());
        boundaries.keep(&tokens(&[3]), &[3.0]);
        assert_eq!(boundaries.get(&tokens(&[2])), None);
        assert_eq!(boundaries.get(&tokens(&[1])), Some(&[1.0][..]));
        // Keeping what is kept makes it recent, too.
        boundaries.keep(&tokens(&[3]), &[3.0]);
        boundaries.keep(&tokens(&[4]), &[4.0]);
        assert_eq!(boundaries.get(&tokens(&[1])), None);
        assert_eq!(boundaries.get(&tokens(&[3])), Some(&[3.0][..]));
    }
}
