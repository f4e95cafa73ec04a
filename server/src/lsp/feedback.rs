//! What became of suggestions: sent, shown, taken over. Counts each once, whatever the client reports how often.

use std::num::NonZeroUsize;

use lru::LruCache;
use serde_json::{Value, json};

use crate::stats::Stats;

/// Suggestions that a client can still report something about. It shows one at a time; the older ones are history.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// The suggestions sent of late, and the counters.
pub struct Feedback {
    offers: LruCache<u64, Offer>,
    next_id: u64,
    counted: Stats,
}

struct Offer {
    text: String,
    /// Characters at the start of `text` that the user had typed before.
    typed: usize,
    shown: bool,
    /// Characters behind `typed` that were counted as accepted.
    accepted: usize,
}

impl Default for Feedback {
    fn default() -> Self {
        Self {
            offers: LruCache::new(REMEMBERED),
            next_id: 1,
            counted: Stats::default(),
        }
    }
}

impl Feedback {
    /// Notes a suggestion that is being sent, and gives the arguments of its command, by which the client names it later.
    /// `typed` counts the characters at the start of `text` that are in the document already.
    pub fn offer(&mut self, text: &str, typed: usize) -> Vec<Value> {
        let id = self.next_id;
        self.next_id += 1;
        self.counted.offered += 1;
        self.offers.put(
            id,
            Offer {
                text: text.to_owned(),
                typed,
                shown: false,
                accepted: 0,
            },
        );
        vec![json!({ "id": id })]
    }

    /// The client showed the suggestion that an item's command names.
    pub fn shown(&mut self, arguments: &[Value]) {
        if let Some(offer) = self.offers.get_mut(&id_of(arguments))
            && !std::mem::replace(&mut offer.shown, true)
        {
            self.counted.shown += 1;
        }
    }

    /// The user took over the suggestion: all of it, or its first UTF-16 code units, however many were reported before.
    pub fn accepted(&mut self, arguments: &[Value], utf16_units: Option<usize>) {
        let Some(offer) = self.offers.get_mut(&id_of(arguments)) else {
            return;
        };
        let characters = match utf16_units {
            None => offer.text.chars().count(),
            Some(units) => characters_within(&offer.text, units),
        };
        let accepted = characters.saturating_sub(offer.typed);
        if accepted > offer.accepted {
            self.counted.accepted += u64::from(offer.accepted == 0);
            self.counted.accepted_characters += (accepted - offer.accepted) as u64;
            offer.accepted = accepted;
        }
    }

    pub fn focus_changed(&mut self) {
        self.counted.focus_changes += 1;
    }

    /// Fills the counters that are kept here into those of the pipeline.
    pub fn fill(&self, stats: &mut Stats) {
        stats.offered = self.counted.offered;
        stats.shown = self.counted.shown;
        stats.accepted = self.counted.accepted;
        stats.accepted_characters = self.counted.accepted_characters;
        stats.focus_changes = self.counted.focus_changes;
    }
}

/// 0, which no suggestion has, where the client sent something else.
fn id_of(arguments: &[Value]) -> u64 {
    arguments
        .first()
        .and_then(|argument| argument.get("id"))
        .and_then(Value::as_u64)
        .unwrap_or(0)
}

fn characters_within(text: &str, utf16_units: usize) -> usize {
    let mut units = 0;
    text.chars()
        .take_while(|character| {
            units += character.len_utf16();
            units <= utf16_units
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_counted_once() {
        let mut feedback = Feedback::default();
        // "re" was typed before; the emoji is one character and two units.
        let offer = feedback.offer("return 😀!", 2);
        feedback.shown(&offer);
        feedback.shown(&offer);
        feedback.accepted(&offer, Some(6));
        feedback.accepted(&offer, Some(6));
        feedback.accepted(&offer, Some(3));
        feedback.accepted(&offer, None);
        feedback.accepted(&offer, None);
        let untouched = feedback.offer("x", 0);
        feedback.accepted(&untouched, Some(0));
        for nonsense in [
            vec![],
            vec![json!({ "id": -1 })],
            vec![json!({ "id": 99 })],
            vec![json!("x")],
        ] {
            feedback.shown(&nonsense);
            feedback.accepted(&nonsense, None);
        }
        let mut stats = Stats {
            requests: 7,
            ..Stats::default()
        };
        feedback.fill(&mut stats);
        assert_eq!(
            (stats.requests, stats.offered, stats.shown, stats.accepted),
            (7, 2, 1, 1)
        );
        assert_eq!(stats.accepted_characters, 7);
    }

    #[test]
    fn half_a_surrogate_pair_is_not_accepted() {
        assert_eq!(characters_within("a😀b", 2), 1);
        assert_eq!(characters_within("a😀b", 3), 2);
        assert_eq!(characters_within("a😀b", 99), 3);
    }
}
