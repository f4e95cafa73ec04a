//! Sequences that had to leave the KV cache, kept in ordinary memory within a bound. Pure bookkeeping; the states are the back
//! end's. Nothing here cares whose tokens they were: what matters is whether a prompt begins with them.

use super::{
    backend::{Parked, Token},
    slots::common_prefix,
};

/// Bytes on the shelf by default: four documents of 500 tokens of the 0.5B model, which has 12 KB a token. With the kept logits it
/// leaves the engine within 120 MiB of the model file, the KV cache and the compute buffers (`make soak` looks).
pub const DEFAULT_BYTES: usize = 24 << 20;

/// See [module docs](self).
pub struct Shelf {
    max_bytes: usize,
    /// Least recently used first.
    kept: Vec<Kept>,
    /// As the last state had it: tells what will not fit before it is copied.
    bytes_per_token: usize,
}

/// A sequence outside of the KV cache.
pub struct Kept {
    pub tokens: Vec<Token>,
    pub parked: Parked,
}

impl Shelf {
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            kept: Vec::new(),
            bytes_per_token: 0,
        }
    }

    /// Whether a sequence of these tokens is worth a copy: it fits, and it is not the head of one that is here already.
    pub fn wants(&self, tokens: &[Token]) -> bool {
        let known = self.kept.iter().any(|kept| kept.tokens.starts_with(tokens));
        !known && tokens.len() * self.bytes_per_token <= self.max_bytes
    }

    /// Keeps a sequence as the most recently used one. What is a head of it goes, and what no longer fits.
    pub fn put(&mut self, new: Kept) {
        self.bytes_per_token = new.parked.bytes.div_ceil(new.tokens.len().max(1));
        self.kept
            .retain(|kept| !new.tokens.starts_with(&kept.tokens));
        self.kept.push(new);
        while self.bytes() > self.max_bytes {
            self.kept.remove(0);
        }
    }

    /// How many leading tokens of `prompt` are here at most.
    pub fn longest_head(&self, prompt: &[Token]) -> usize {
        let heads = self.kept.iter();
        let heads = heads.map(|kept| common_prefix(&kept.tokens, prompt));
        heads.max().unwrap_or(0)
    }

    /// Takes out the sequence that shares the longest head with `prompt`, if that is at least `min_len` tokens.
    pub fn take(&mut self, prompt: &[Token], min_len: usize) -> Option<Kept> {
        let heads = self
            .kept
            .iter()
            .map(|kept| common_prefix(&kept.tokens, prompt));
        let (index, len) = heads.enumerate().max_by_key(|(_, len)| *len)?;
        (len >= min_len).then(|| self.kept.remove(index))
    }

    fn bytes(&self) -> usize {
        self.kept.iter().map(|kept| kept.parked.bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(range: std::ops::Range<u32>) -> Vec<Token> {
        range.map(Token).collect()
    }

    /// Ten bytes a token.
    fn kept(tokens: Vec<Token>) -> Kept {
        Kept {
            parked: Parked {
                bytes: tokens.len() * 10,
                len: tokens.len() as u32,
                state: Box::new(()),
            },
            tokens,
        }
    }

    #[test]
    fn the_least_recently_used_goes_when_the_bound_is_reached() {
        let mut shelf = Shelf::new(250);
        shelf.put(kept(tokens(0..10)));
        shelf.put(kept(tokens(100..110)));
        // Used again, so the other one is older now.
        let again = shelf.take(&tokens(0..10), 5).unwrap();
        shelf.put(again);
        shelf.put(kept(tokens(200..210)));
        assert_eq!(shelf.bytes(), 200);
        assert!(shelf.take(&tokens(100..110), 1).is_none());
        assert!(shelf.take(&tokens(0..10), 10).is_some());
    }

    #[test]
    fn what_is_larger_than_the_shelf_is_not_kept() {
        let mut shelf = Shelf::new(250);
        assert!(shelf.wants(&tokens(0..30)), "its size is not known yet");
        shelf.put(kept(tokens(0..30)));
        assert_eq!(shelf.bytes(), 0);
        assert!(!shelf.wants(&tokens(0..30)));
        assert!(shelf.wants(&tokens(0..25)));
    }

    #[test]
    fn heads_of_something_kept_are_not_kept_twice() {
        let mut shelf = Shelf::new(1000);
        shelf.put(kept(tokens(0..10)));
        assert!(!shelf.wants(&tokens(0..9)));
        assert!(shelf.wants(&tokens(0..11)));
        shelf.put(kept(tokens(0..20)));
        assert_eq!(shelf.bytes(), 200);
    }

    #[test]
    fn the_longest_head_is_taken_and_a_short_one_is_left() {
        let mut shelf = Shelf::new(1000);
        shelf.put(kept(tokens(0..10)));
        shelf.put(kept([tokens(0..5), tokens(50..60)].concat()));
        assert!(shelf.take(&tokens(0..8), 9).is_none());
        assert_eq!(shelf.take(&tokens(0..8), 8).unwrap().tokens, tokens(0..10));
    }
}
