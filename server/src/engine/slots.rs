//! Which tokens each KV sequence holds, in which cells, and which sequence a prompt should use. Pure bookkeeping: whoever calls
//! this tells the back end the same, so that both always agree.

use super::backend::{SeqId, Token};

/// The sequences of one KV cache and the cells that they share.
pub struct Slots {
    slots: Vec<Slot>,
    /// Cells of the KV cache.
    capacity: usize,
    /// For each cell that was ever in use: how many slots hold it.
    holders: Vec<u32>,
    /// Those of them that no slot holds.
    free: Vec<Cell>,
    /// Counts acquisitions; a slot's `used` is the last one, so the smallest is the least recently used.
    now: u64,
}

/// Index into [`Slots::holders`]. Which cell of the back end that is does not matter; that two tokens have the same one does.
type Cell = usize;

#[derive(Default)]
struct Slot {
    document: Option<String>,
    tokens: Vec<Token>,
    /// Those of the tokens, in the same order.
    cells: Vec<Cell>,
    used: u64,
    busy: bool,
}

impl Slots {
    pub fn new(sequences: u32, cells: u32) -> Self {
        Self {
            slots: (0..sequences).map(|_| Slot::default()).collect(),
            capacity: cells as usize,
            holders: Vec::new(),
            free: Vec::new(),
            now: 0,
        }
    }

    /// The tokens that `seq` holds.
    pub fn tokens(&self, seq: SeqId) -> &[Token] {
        &self.slots[seq.0 as usize].tokens
    }

    /// Takes a slot for `document`: its own; else an empty one; else the least recently used. `None` while every slot is busy.
    pub fn acquire(&mut self, document: &str) -> Option<SeqId> {
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
        Some(SeqId(index as u32))
    }

    /// The slot, busy or not, that holds the longest head of `prompt`, and how many tokens that is.
    pub fn longest_head(&self, prompt: &[Token]) -> Option<(SeqId, usize)> {
        (0u32..)
            .map(SeqId)
            .zip(&self.slots)
            .map(|(seq, slot)| (seq, common_prefix(&slot.tokens, prompt)))
            .max_by_key(|(_, len)| *len)
    }

    /// Whether another slot holds all that `seq` holds.
    pub fn is_held_elsewhere(&self, seq: SeqId) -> bool {
        let tokens = self.tokens(seq);
        let mut others = (0u32..).map(SeqId).zip(&self.slots);
        others.any(|(other, slot)| other != seq && slot.tokens.starts_with(tokens))
    }

    /// The slot is free for others; what it holds stays until the cells are needed.
    pub fn release(&mut self, seq: SeqId) {
        self.slots[seq.0 as usize].busy = false;
    }

    pub fn truncate(&mut self, seq: SeqId, keep: usize) {
        let slot = &mut self.slots[seq.0 as usize];
        slot.tokens.truncate(keep);
        for cell in slot.cells.drain(keep.min(slot.cells.len())..) {
            self.holders[cell] -= 1;
            if self.holders[cell] == 0 {
                self.free.push(cell);
            }
        }
    }

    /// Adds tokens in cells of their own.
    pub fn extend(&mut self, seq: SeqId, tokens: &[Token]) {
        let slot = &mut self.slots[seq.0 as usize];
        for token in tokens {
            let cell = self.free.pop().unwrap_or_else(|| {
                self.holders.push(0);
                self.holders.len() - 1
            });
            self.holders[cell] = 1;
            slot.tokens.push(*token);
            slot.cells.push(cell);
        }
    }

    /// Lets `to`, which must be empty, hold the first `len` tokens of `from` in the same cells.
    pub fn share(&mut self, from: SeqId, to: SeqId, len: usize) {
        let source = &self.slots[from.0 as usize];
        let (tokens, cells) = (source.tokens[..len].to_vec(), source.cells[..len].to_vec());
        for cell in &cells {
            self.holders[*cell] += 1;
        }
        let target = &mut self.slots[to.0 as usize];
        target.tokens = tokens;
        target.cells = cells;
    }

    /// Slots to empty, least recently used first, so that `needed` more tokens fit. Spares those whose cells others hold too, as
    /// far as that makes room. `None` if the tokens cannot fit beside the busy slots.
    pub fn evictions(&self, needed: usize) -> Option<Vec<SeqId>> {
        let missing = (self.cells_in_use() + needed).saturating_sub(self.capacity);
        let mut evicted = Vec::new();
        let mut idle = self.idle().into_iter();
        while self.cells_freed_by(&evicted) < missing {
            evicted.push(idle.next()?);
        }
        for index in (0..evicted.len()).rev() {
            let mut fewer = evicted.clone();
            fewer.remove(index);
            if self.cells_freed_by(&fewer) >= missing {
                evicted = fewer;
            }
        }
        Some(evicted)
    }

    /// Slots that hold tokens for nobody at work, least recently used first.
    pub fn idle(&self) -> Vec<SeqId> {
        let mut held = self.by_use();
        held.retain(|seq| !self.slots[seq.0 as usize].busy);
        held
    }

    /// Slots that hold tokens, least recently used first.
    pub fn by_use(&self) -> Vec<SeqId> {
        let mut held: Vec<usize> = (0..self.slots.len())
            .filter(|i| !self.slots[*i].tokens.is_empty())
            .collect();
        held.sort_by_key(|i| self.slots[*i].used);
        held.into_iter().map(|i| SeqId(i as u32)).collect()
    }

    /// Whose tokens `seq` holds.
    pub fn document(&self, seq: SeqId) -> &str {
        self.slots[seq.0 as usize]
            .document
            .as_deref()
            .unwrap_or_default()
    }

    fn cells_in_use(&self) -> usize {
        self.holders.len() - self.free.len()
    }

    /// Cells that only these slots hold.
    fn cells_freed_by(&self, slots: &[SeqId]) -> usize {
        let mut holders = self.holders.clone();
        let mut freed = 0;
        for cell in slots.iter().flat_map(|s| &self.slots[s.0 as usize].cells) {
            holders[*cell] -= 1;
            freed += usize::from(holders[*cell] == 0);
        }
        freed
    }
}

/// How many leading tokens are the same.
pub fn common_prefix(a: &[Token], b: &[Token]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(ids: &[u32]) -> Vec<Token> {
        ids.iter().copied().map(Token).collect()
    }

    /// Slots of documents that were used in this order, none of them busy.
    fn filled(cells: u32, held: &[(&str, &[u32])]) -> Slots {
        let mut slots = Slots::new(held.len() as u32 + 1, cells);
        for (document, ids) in held {
            let seq = slots.acquire(document).unwrap();
            slots.extend(seq, &tokens(ids));
            slots.release(seq);
        }
        slots
    }

    #[test]
    fn a_document_gets_its_own_slot_then_an_empty_one() {
        let mut slots = Slots::new(2, 100);
        let first = slots.acquire("a").unwrap();
        slots.extend(first, &tokens(&[1, 2, 3, 4]));
        slots.release(first);
        assert_ne!(slots.acquire("b"), Some(first));
        assert_eq!(slots.acquire("a"), Some(first));
        assert_eq!(slots.acquire("c"), None, "both are busy");
    }

    #[test]
    fn the_longest_head_is_found_wherever_it_is() {
        let mut slots = filled(100, &[("a", &[1, 2]), ("b", &[1, 2, 3, 4]), ("c", &[2])]);
        let b = slots.acquire("b").unwrap();
        assert_eq!(slots.longest_head(&tokens(&[1, 2, 3, 9])), Some((b, 3)));
        let a = slots.acquire("a").unwrap();
        assert!(slots.is_held_elsewhere(a));
        assert!(!slots.is_held_elsewhere(b));
    }

    #[test]
    fn the_least_recently_used_slot_goes_first_and_busy_ones_never() {
        let mut slots = Slots::new(3, 10);
        let seqs: Vec<_> = ["a", "b", "c"].map(|d| slots.acquire(d).unwrap()).into();
        assert_eq!(slots.acquire("d"), None);
        for seq in &seqs {
            slots.extend(*seq, &tokens(&[0, 1, 2]));
        }
        slots.release(seqs[1]);
        slots.release(seqs[2]);
        assert_eq!(slots.evictions(1), Some(vec![]));
        assert_eq!(slots.evictions(2), Some(vec![seqs[1]]));
        assert_eq!(slots.evictions(7), Some(vec![seqs[1], seqs[2]]));
        assert_eq!(slots.evictions(8), None);
        assert_eq!(slots.acquire("d"), Some(seqs[1]));
    }

    #[test]
    fn shared_cells_count_once_and_are_free_when_the_last_holder_goes() {
        let mut slots = filled(10, &[("a", &[1, 2, 3, 4])]);
        let a = slots.by_use()[0];
        let b = slots.acquire("b").unwrap();
        slots.share(a, b, 3);
        slots.extend(b, &tokens(&[5]));
        assert_eq!(slots.tokens(b), tokens(&[1, 2, 3, 5]));
        assert_eq!(slots.cells_in_use(), 5);
        // Evicting `a` frees its own cell only, since `b` is busy.
        assert_eq!(slots.evictions(5), Some(vec![]));
        assert_eq!(slots.evictions(6), Some(vec![a]));
        assert_eq!(slots.evictions(7), None);
        slots.truncate(a, 0);
        assert_eq!(slots.cells_in_use(), 4);
        slots.truncate(b, 0);
        assert_eq!(slots.cells_in_use(), 0);
    }

    #[test]
    fn a_slot_whose_eviction_frees_nothing_is_spared() {
        let mut slots = filled(8, &[("a", &[1, 2])]);
        let a = slots.by_use()[0];
        let b = slots.acquire("b").unwrap();
        slots.share(a, b, 2);
        slots.extend(b, &tokens(&[3, 4, 5, 6]));
        slots.release(b);
        // Four of the six cells are b's alone; the others are free only if both go.
        assert_eq!(slots.evictions(6), Some(vec![b]));
        assert_eq!(slots.evictions(7), Some(vec![a, b]));
    }
}
