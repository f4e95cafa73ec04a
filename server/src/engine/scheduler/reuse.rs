//! Where a job's sequence gets the head of its tokens from, so that as few as possible are evaluated: from itself, from another
//! sequence, from the [`Shelf`](crate::engine::shelf::Shelf) in memory, from the [`StateFolder`](crate::engine::states::StateFolder)
//! on disk. What has to leave a sequence goes to the shelf; what is wanted after a restart, to disk.

use super::{Scheduler, in_words};
use crate::engine::{
    PromptUsage,
    backend::{SeqId, Token},
    shelf::Kept,
    slots::common_prefix,
};

/// Fewer tokens are evaluated again sooner than they are copied away and back: it is one chunk of a prompt.
pub(super) const WORTH_KEEPING: usize = 64;

/// Documents whose states are saved to disk; each may be some ten megabytes.
const SAVED_DOCUMENTS: usize = 4;

/// Bringing a state back copies all of it and may push others out, so it has to save more than this.
const WORTH_RESUMING: usize = 16;

/// The same for a state on disk, which is read and hashed first.
const WORTH_LOADING: usize = 64;

impl Scheduler<'_> {
    /// Gives the job a sequence that holds the longest head of its tokens that there is anywhere. A job that is less urgent loses its
    /// own sequence if need be.
    pub(super) fn acquire(&mut self, index: usize) -> Result<SeqId, String> {
        let seq = loop {
            match self.slots.acquire(&self.jobs[index].job.document) {
                Some(seq) => break seq,
                None => self.take_from_another(index)?,
            }
        };
        let running = &mut self.jobs[index];
        running.seq = Some(seq);
        let head = running.tokens.clone();
        let reused = self.fill(seq, &head)?;
        let running = &mut self.jobs[index];
        if !running.prefilled {
            running.usage.prompt = PromptUsage {
                reused: reused as u32,
                evaluated: 0,
            };
        }
        Ok(seq)
    }

    /// Lets `seq` hold a head of `head` and nothing else; says how long it is.
    fn fill(&mut self, seq: SeqId, head: &[Token]) -> Result<usize, String> {
        let in_memory = self.in_slots(head).max(self.shelf.longest_head(head));
        // Each that fails may leave `seq` empty, so the next one looks again.
        if !self.load(seq, head, in_memory + WORTH_LOADING)?
            && !self.resume(seq, head, self.in_slots(head) + WORTH_RESUMING)?
        {
            self.share(seq, head)?;
        }
        let reused = common_prefix(self.slots.tokens(seq), head);
        self.cut(seq, reused)?;
        Ok(reused)
    }

    fn in_slots(&self, head: &[Token]) -> usize {
        self.slots.longest_head(head).map_or(0, |(_, len)| len)
    }

    /// Takes the head from another sequence, if that has more of it.
    fn share(&mut self, seq: SeqId, head: &[Token]) -> Result<(), String> {
        let own = common_prefix(self.slots.tokens(seq), head);
        match self.slots.longest_head(head) {
            Some((source, len)) if len > own => {
                self.cut(seq, 0)?;
                self.backend
                    .share(source, seq, len as u32)
                    .map_err(in_words)?;
                self.slots.share(source, seq, len);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Brings a state back from the shelf that has at least `min_len` tokens of `head`. Says whether it did; if it did not, `seq`
    /// may be empty.
    fn resume(&mut self, seq: SeqId, head: &[Token], min_len: usize) -> Result<bool, String> {
        let Some(kept) = self.shelf.take(head, min_len) else {
            return Ok(false);
        };
        self.cut(seq, 0)?;
        if !self.make_room(kept.tokens.len())? {
            self.shelf.put(kept);
            return Ok(false);
        }
        if let Err(error) = self.backend.resume(seq, &kept.parked) {
            tracing::warn!("a parked state could not be brought back: {error}");
            return Ok(false);
        }
        self.slots.extend(seq, &kept.tokens);
        // Another document's: only its head is used here.
        if kept.tokens.len() - common_prefix(&kept.tokens, head) >= WORTH_KEEPING {
            self.shelf.put(kept);
        }
        Ok(true)
    }

    /// Brings a state back from disk that has at least `min_len` tokens of `head`. Says whether it did; if it did not, `seq` may be
    /// empty. A state that is not as it should be is deleted.
    fn load(&mut self, seq: SeqId, head: &[Token], min_len: usize) -> Result<bool, String> {
        let states = self.states.as_ref();
        let Some((id, tokens)) = states.and_then(|states| states.find(head, min_len)) else {
            return Ok(false);
        };
        self.cut(seq, 0)?;
        if !self.make_room(tokens.len())? {
            return Ok(false);
        }
        let Some(states) = &mut self.states else {
            return Ok(false);
        };
        let Some(file) = states.verify(&id) else {
            return Ok(false);
        };
        if let Err(error) = self.backend.read(seq, &file, tokens.len() as u32) {
            tracing::warn!("a saved state could not be read: {error}");
            states.forget(&id);
            return Ok(false);
        }
        self.slots.extend(seq, &tokens);
        Ok(true)
    }

    /// The sequences of the most recently used documents that are worth saving, the most recent first.
    pub fn unsaved(&self) -> Vec<SeqId> {
        let Some(states) = &self.states else {
            return Vec::new();
        };
        let recent = self.slots.by_use().into_iter().rev().take(SAVED_DOCUMENTS);
        recent
            .filter(|seq| {
                let tokens = self.slots.tokens(*seq);
                tokens.len() >= WORTH_KEEPING && states.wants(tokens)
            })
            .collect()
    }

    /// Saves a sequence of [`Self::unsaved`] to disk. That takes some ten milliseconds.
    pub fn save(&mut self, seq: SeqId) {
        let tokens = self.slots.tokens(seq);
        let backend = &*self.backend;
        if let Some(states) = &mut self.states
            // One that was saved just before may hold it too.
            && states.wants(tokens)
            && let Err(error) = states.save(self.slots.document(seq), tokens, |file| backend.write(seq, file))
        {
            tracing::warn!("a document's state could not be saved: {error}");
        }
    }

    /// Empties idle sequences until so many tokens fit. False, and nothing done, if they cannot fit beside the busy ones.
    pub(super) fn make_room(&mut self, tokens: usize) -> Result<bool, String> {
        let Some(evicted) = self.slots.evictions(tokens) else {
            return Ok(false);
        };
        evicted.into_iter().try_for_each(|seq| self.cut(seq, 0))?;
        Ok(true)
    }

    /// Cuts a sequence down to its first `keep` tokens. If that loses the better part of it, a copy goes to the shelf.
    pub(super) fn cut(&mut self, seq: SeqId, keep: usize) -> Result<(), String> {
        let tokens = self.slots.tokens(seq);
        if keep == tokens.len() {
            return Ok(());
        }
        let lost = tokens.len() - keep;
        if lost >= WORTH_KEEPING
            && lost > keep
            && !self.slots.is_held_elsewhere(seq)
            && self.shelf.wants(tokens)
        {
            match self.backend.park(seq) {
                Ok(parked) => self.shelf.put(Kept {
                    tokens: tokens.to_vec(),
                    parked,
                }),
                Err(error) => tracing::warn!("a state could not be parked: {error}"),
            }
        }
        self.drafts.retire(tokens, keep);
        self.backend.truncate(seq, keep as u32).map_err(in_words)?;
        self.slots.truncate(seq, keep);
        Ok(())
    }
}
