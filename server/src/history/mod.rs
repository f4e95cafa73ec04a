//! What the user did with suggestions, and what follows from it: how likely a line has to be before it is shown, what was refused a moment
//! ago, how much of what was accepted was kept. Owns the counts that outlive a session. Numbers only: text stays in memory, for five
//! minutes at most, and never reaches the file.
//!
//! [`History`] is shared by the pipeline, which asks it, and by the editor's edge, which tells it of edits and reports. The modules below
//! are pure but for [`file`](HistoryFile).

mod dismissed;
mod edits;
mod file;
mod kept;
mod record;
mod suggestions;
mod threshold;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Instant, SystemTime},
};

use ropey::Rope;

use crate::stats::Stats;
use dismissed::Dismissed;
use kept::{Followed, Pieces};
use suggestions::{Fate, Suggestions, Taken};

pub use edits::Edit;
pub use file::{HistoryError, HistoryFile};
pub use record::{Day, LanguageCounts, Latencies, Record, date};
pub use suggestions::Offer;
pub use threshold::{Evidence, is_explored};

/// See [module docs](self). Without a file it forgets everything when it is dropped.
#[derive(Default)]
pub struct History {
    state: Mutex<State>,
    file: Option<HistoryFile>,
    /// Held while it is saved, so that the last save of a session comes after one that has begun.
    saving: Mutex<()>,
}

#[derive(Default)]
struct State {
    suggestions: Suggestions,
    dismissed: Dismissed,
    pieces: Pieces,
    /// As it was read last.
    saved: Record,
    /// Counted since then.
    fresh: Record,
    /// The session's counters when they were last added to `fresh`.
    added: Stats,
    /// Of this session.
    offered: u64,
    shown: u64,
    accepted: u64,
    accepted_characters: u64,
}

impl History {
    /// Goes on with what is kept in `folder`. Reads a small file. One that can't be read is left alone, and this session counts for
    /// itself.
    pub fn open(folder: &Path) -> Self {
        let file = HistoryFile::in_folder(folder);
        let (saved, file) = match file.load() {
            Ok(saved) => (saved, Some(file)),
            Err(error) => {
                tracing::warn!(%error, "what was learned of suggestions is not used");
                (Record::default(), None)
            }
        };
        let state = State {
            saved,
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            file,
            saving: Mutex::default(),
        }
    }

    // ---- What the pipeline asks ----

    /// How likely a line in this language has to be before it is shown, from 0 to 1.
    pub fn threshold(&self, language: &str) -> f32 {
        let state = self.state();
        let mut learned = Record {
            learned: state.saved.learned.clone(),
            ..Record::default()
        };
        learned.learn_from(&state.fresh);
        learned.threshold(language)
    }

    /// Whether the user refused this `suggestion` behind `line_before` a moment ago.
    pub fn is_dismissed(
        &self,
        uri: &str,
        line_before: &str,
        suggestion: &str,
        now: Instant,
    ) -> bool {
        self.state()
            .dismissed
            .contains(uri, line_before, suggestion, now)
    }

    // ---- What the editor's edge tells ----

    /// A suggestion is being sent, so many milliseconds after it was asked for. Gives the id by which the client names it later.
    pub fn offered(&self, offer: Offer, milliseconds: f64, now: Instant) -> u64 {
        let mut state = self.state();
        state.offered += 1;
        let (id, is_new) = state.suggestions.offer(offer, now);
        let today = state.today();
        today.latency.add(milliseconds);
        today.language(offer.language).offered += u64::from(is_new);
        id
    }

    /// The client showed what was sent with this id.
    pub fn shown(&self, id: u64, now: Instant) {
        let mut state = self.state();
        state.shown += u64::from(state.suggestions.shown(id, now));
    }

    /// The client says that the user took over what was sent with this id: all of it, or its first UTF-16 code units.
    pub fn accepted(&self, id: u64, utf16_units: Option<usize>) {
        let mut state = self.state();
        if let Some(taken) = state.suggestions.accepted(id, utf16_units) {
            state.count_taken(&taken);
        }
    }

    /// Whether edits of this document matter here.
    pub fn is_following(&self, uri: &str) -> bool {
        let state = self.state();
        state.suggestions.is_following(uri) || state.pieces.is_following(uri)
    }

    /// A document was edited; `after` is its text now.
    pub fn edited(&self, uri: &Arc<str>, edit: &Edit, after: &Rope, now: Instant) {
        let mut state = self.state();
        state.pieces.edited(uri, edit, after);
        let (taken, refused) = state.suggestions.edited(uri, edit, after, now);
        if let Some(taken) = taken {
            state.count_taken(&taken);
            if let Some(piece) = taken.piece {
                state.pieces.add(uri, &taken.language, piece, now);
            }
        }
        if let Some(refused) = refused {
            state
                .dismissed
                .add(uri, &refused.line_before, &refused.rest, now);
        }
    }

    /// A document is closed, with this `text` if it is known.
    pub fn closed(&self, uri: &str, text: Option<&Rope>, now: Instant) {
        let mut state = self.state();
        state.suggestions.leave(uri, now);
        for followed in state.pieces.of(uri) {
            state.measure(&followed, text);
        }
    }

    /// Time has passed: what is due is measured. `text_of` gives the text of an open document.
    pub fn tick(&self, now: Instant, text_of: impl Fn(&str) -> Option<Rope>) {
        let due = self.state().pieces.due(now);
        for followed in due {
            let text = text_of(&followed.uri);
            self.state().measure(&followed, text.as_ref());
        }
        self.state().settle(now, false);
    }

    /// The session ends: everything is measured now.
    pub fn end(&self, now: Instant, text_of: impl Fn(&str) -> Option<Rope>) {
        // Not under the lock, which others take while they hold that of the documents.
        let all = self.state().pieces.all();
        for followed in all {
            let text = text_of(&followed.uri);
            self.state().measure(&followed, text.as_ref());
        }
        self.state().settle(now, true);
    }

    // ---- What is counted ----

    /// Fills the counters that are kept here into those of the pipeline.
    pub fn fill(&self, stats: &mut Stats) {
        let state = self.state();
        stats.offered = state.offered;
        stats.shown = state.shown;
        stats.accepted = state.accepted;
        stats.accepted_characters = state.accepted_characters;
    }

    /// All that was counted and learned, of this session as of earlier ones. `stats` are the session's counters now.
    pub fn record(&self, stats: &Stats) -> Record {
        let mut state = self.state();
        state.add(stats);
        state.all()
    }

    /// Writes what was counted to the file, if there is one and there is anything to write. Touches the disk. What can't be written is
    /// kept for the next time.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn save(&self, stats: &Stats) -> Result<(), HistoryError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, fresh) = {
            let mut state = self.state();
            state.add(stats);
            if state.fresh.is_empty() {
                return Ok(());
            }
            // Counts in the meantime, while the disk is waited for.
            let before = state.saved.clone();
            let fresh = std::mem::take(&mut state.fresh);
            state.saved.merge(&fresh);
            (before, fresh)
        };
        let written = file.add(&fresh);
        let mut state = self.state();
        match written {
            Ok(saved) => state.saved = saved,
            Err(error) => {
                let later = std::mem::replace(&mut state.fresh, fresh);
                state.fresh.merge(&later);
                state.saved = before;
                return Err(error);
            }
        }
        Ok(())
    }

    // Nothing panics while it is held, and a broken count would harm nobody.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn all(&self) -> Record {
        let mut all = self.saved.clone();
        all.merge(&self.fresh);
        all
    }

    fn today(&mut self) -> &mut Day {
        self.fresh.day(&date(SystemTime::now()))
    }

    fn add(&mut self, stats: &Stats) {
        let before = std::mem::replace(&mut self.added, stats.clone());
        let mut day = Day::default();
        day.add_between(&before, stats);
        if day != Day::default() {
            self.today().merge(&day);
        }
    }

    fn count_taken(&mut self, taken: &Taken) {
        self.accepted += u64::from(taken.first);
        self.accepted_characters += taken.characters as u64;
        let counts = self.today().language(&taken.language);
        counts.accepted += u64::from(taken.first);
        counts.accepted_characters += taken.characters as u64;
    }

    /// Counts what is kept of a piece; nothing if its document's text is not known.
    fn measure(&mut self, followed: &Followed, text: Option<&Rope>) {
        let Some(text) = text else { return };
        let measured = followed.measure(text);
        let counts = self.today().language(&followed.language);
        counts.measured_characters += measured.characters as u64;
        counts.kept_characters += measured.kept as u64;
        if let Some(probability) = followed.probability() {
            self.learn(&followed.language, probability, measured.is_mostly_kept());
        }
    }

    fn settle(&mut self, now: Instant, all: bool) {
        for settled in self.suggestions.settle(now, all) {
            let counts = self.today().language(&settled.language);
            counts.shown += u64::from(settled.seen);
            counts.typed += u64::from(settled.fate == Fate::Typed);
            counts.refused += u64::from(settled.fate == Fate::Refused);
            let kept = match settled.fate {
                Fate::Taken => true,
                // Right, too: from the wrong ones alone, all would seem wrong to those who never take any.
                Fate::Typed if settled.seen => true,
                Fate::Refused => false,
                Fate::Typed | Fate::Unknown => continue,
            };
            if let Some(probability) = settled.probability {
                self.learn(&settled.language, probability, kept);
            }
        }
    }

    fn learn(&mut self, language: &str, probability: f32, kept: bool) {
        let learned = self.fresh.learned.entry(language.to_owned()).or_default();
        learned.observe(probability, kept);
    }
}

#[cfg(test)]
mod tests;
