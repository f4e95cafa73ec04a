//! Which tokens each KV sequence holds, and which sequence a prompt should use. Pure bookkeeping: whoever calls this tells the
//! back end the same, so that both always agree.

use super::backend::{SeqId, Token};

/// The sequences of one KV cache and the cells that they share.
pub struct Slots {
    slots: Vec<Slot>,
    cells: usize,
    /// Counts acquisitions; a slot's `used` is the last one, so the smallest is the least recently used.
    now: u64,
}

#[derive(Default)]
struct Slot {
    document: Option<String>,
    tokens: Vec<Token>,
    used: u64,
    busy: bool,
}

impl Slots {
    pub fn new(sequences: u32, cells: u32) -> Self {
        Self {
            slots: (0..sequences).map(|_| Slot::default()).collect(),
            cells: cells as usize,
            now: 0,
        }
    }

    /// The tokens that `seq` holds.
    pub fn tokens(&self, seq: SeqId) -> &[Token] {
        &self.slots[seq.0 as usize].tokens
    }

    /// Takes a slot for `document` and says how many leading tokens of `prompt` it holds already. `None` while every
    /// slot is busy.
    ///
    /// The document's own slot comes first; then an empty one; then the least recently used.
    pub fn acquire(&mut self, document: &str, prompt: &[Token]) -> Option<(SeqId, usize)> {
        let rank = |slot: &Slot| {
            if slot.document.as_deref() == Some(document) {
                (0, 0)
            } else if slot.tokens.is_empty() {
                (1, 0)
            } else {
                (2, slot.used)
            }
        };
        let idle = self
            .slots
            .iter_mut()
            .enumerate()
            .filter(|(_, slot)| !slot.busy);
        let (index, slot) = idle.min_by_key(|(_, slot)| rank(slot))?;
        self.now += 1;
        slot.used = self.now;
        slot.busy = true;
        slot.document = Some(document.to_owned());
        let reused = common_prefix(&slot.tokens, prompt);
        Some((SeqId(index as u32), reused))
    }

    /// The slot is free for others; what it holds stays until the cells are needed.
    pub fn release(&mut self, seq: SeqId) {
        self.slots[seq.0 as usize].busy = false;
    }

    pub fn truncate(&mut self, seq: SeqId, keep: usize) {
        self.slots[seq.0 as usize].tokens.truncate(keep);
    }

    pub fn extend(&mut self, seq: SeqId, tokens: &[Token]) {
        self.slots[seq.0 as usize].tokens.extend_from_slice(tokens);
    }

    /// Slots to empty, least recently used first, so that `needed` more tokens fit. `None` if they cannot fit beside the busy ones.
    pub fn evictions(&self, needed: usize) -> Option<Vec<SeqId>> {
        let used: usize = self.slots.iter().map(|slot| slot.tokens.len()).sum();
        let mut missing = (used + needed).saturating_sub(self.cells);
        let mut evicted = Vec::new();
        for seq in self.idle() {
            if missing == 0 {
                break;
            }
            missing = missing.saturating_sub(self.tokens(seq).len());
            evicted.push(seq);
        }
        (missing == 0).then_some(evicted)
    }

    /// Slots that hold tokens for nobody at work, least recently used first.
    pub fn idle(&self) -> Vec<SeqId> {
        let mut idle: Vec<usize> = (0..self.slots.len())
            .filter(|i| !self.slots[*i].busy && !self.slots[*i].tokens.is_empty())
            .collect();
        idle.sort_by_key(|i| self.slots[*i].used);
        idle.into_iter().map(|i| SeqId(i as u32)).collect()
    }
}

fn common_prefix(a: &[Token], b: &[Token]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(ids: &[u32]) -> Vec<Token> {
        ids.iter().copied().map(Token).collect()
    }

    #[test]
    fn a_document_finds_its_own_tokens_again() {
        let mut slots = Slots::new(2, 100);
        let (first, reused) = slots.acquire("a", &tokens(&[1, 2, 3])).unwrap();
        assert_eq!(reused, 0);
        slots.extend(first, &tokens(&[1, 2, 3, 4]));
        slots.release(first);
        let (other, _) = slots.acquire("b", &tokens(&[1, 2, 3])).unwrap();
        assert_ne!(
            other, first,
            "an empty slot comes before another document's"
        );
        assert_eq!(slots.acquire("a", &tokens(&[1, 2, 9])), Some((first, 2)));
    }

    #[test]
    fn the_least_recently_used_slot_goes_first_and_busy_ones_never() {
        let mut slots = Slots::new(3, 10);
        let seqs: Vec<_> = ["a", "b", "c"]
            .map(|d| slots.acquire(d, &tokens(&[0])).unwrap().0)
            .into();
        assert_eq!(slots.acquire("d", &tokens(&[0])), None);
        for seq in &seqs {
            slots.extend(*seq, &tokens(&[0, 1, 2]));
        }
        slots.release(seqs[1]);
        slots.release(seqs[2]);
        assert_eq!(slots.evictions(1), Some(vec![]));
        assert_eq!(slots.evictions(2), Some(vec![seqs[1]]));
        assert_eq!(slots.evictions(7), Some(vec![seqs[1], seqs[2]]));
        assert_eq!(slots.evictions(8), None);
        assert_eq!(slots.acquire("d", &tokens(&[0])).unwrap().0, seqs[1]);
    }
}
