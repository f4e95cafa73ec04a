//! What is remembered from one session to the next: numbers, never text. Its JSON is meant to be read by its user, too.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::threshold::{Evidence, threshold};
use crate::stats::Stats;

/// Days that are kept.
const KEPT_DAYS: usize = 90;

/// All that is remembered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// By date (`2026-11-22`, UTC).
    pub days: BTreeMap<String, Day>,
    /// What became of suggestions, by language id.
    pub learned: BTreeMap<String, Evidence>,
}

/// The work of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Day {
    /// Completions asked for, and those answered from earlier answers.
    pub requests: u64,
    pub cache_hits: u64,
    pub prompt_tokens_evaluated: u64,
    pub prompt_tokens_reused: u64,
    pub tokens_generated: u64,
    pub draft_tokens_accepted: u64,
    /// Time from the request to the answer, of those that showed something.
    pub latency: Latencies,
    pub languages: BTreeMap<String, LanguageCounts>,
}

/// What became of the suggestions in a language. A suggestion that is sent again while it is typed through counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LanguageCounts {
    /// Sent to the editor.
    pub offered: u64,
    /// On the screen long enough to be read, or taken over.
    pub shown: u64,
    /// Taken over, whole or in part.
    pub accepted: u64,
    pub accepted_characters: u64,
    /// Right, but typed by hand.
    pub typed: u64,
    /// Read, and something else was written.
    pub refused: u64,
    /// Accepted characters of which it is known whether they were kept, five minutes later or when the document was closed.
    pub measured_characters: u64,
    /// Of these, still there.
    pub kept_characters: u64,
}

/// How many answers took up to so many microseconds; the bounds are 2^(1/4) apart, so percentiles are at most a fifth too high.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latencies(BTreeMap<u64, u64>);

impl Record {
    /// Adds what was counted after everything in here.
    pub fn merge(&mut self, later: &Self) {
        for (date, day) in &later.days {
            self.day(date).merge(day);
        }
        while self.days.len() > KEPT_DAYS {
            self.days.pop_first();
        }
        self.learn_from(later);
    }

    /// Adds only what became of suggestions.
    pub fn learn_from(&mut self, later: &Self) {
        for (language, evidence) in &later.learned {
            let learned = self.learned.entry(language.clone()).or_default();
            learned.merge(evidence);
        }
    }

    pub fn day(&mut self, date: &str) -> &mut Day {
        if !self.days.contains_key(date) {
            self.days.insert(date.to_owned(), Day::default());
        }
        self.days.entry(date.to_owned()).or_default()
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How likely a line in a language has to be before it is shown.
    pub fn threshold(&self, language: &str) -> f32 {
        let others = self.learned.iter().filter(|(other, _)| *other != language);
        let others = others.map(|(_, evidence)| evidence);
        match self.learned.get(language) {
            Some(own) => threshold(own, others),
            None => threshold(&Evidence::default(), others),
        }
    }

    /// Numbers that no counting yields become 0: the file can be edited.
    pub fn mended(mut self) -> Self {
        for evidence in self.learned.values_mut() {
            *evidence = std::mem::take(evidence).mended();
        }
        self
    }
}

impl Day {
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.cache_hits += other.cache_hits;
        self.prompt_tokens_evaluated += other.prompt_tokens_evaluated;
        self.prompt_tokens_reused += other.prompt_tokens_reused;
        self.tokens_generated += other.tokens_generated;
        self.draft_tokens_accepted += other.draft_tokens_accepted;
        self.latency.merge(&other.latency);
        for (language, counts) in &other.languages {
            self.language(language).merge(counts);
        }
    }

    pub fn language(&mut self, language: &str) -> &mut LanguageCounts {
        self.languages.entry(language.to_owned()).or_default()
    }

    /// Adds what a session has counted between two looks at its counters.
    pub fn add_between(&mut self, before: &Stats, now: &Stats) {
        // What is reused may turn out to be less than was first said.
        let add = |total: &mut u64, before: u64, now: u64| *total += now.saturating_sub(before);
        add(&mut self.requests, before.requests, now.requests);
        add(&mut self.cache_hits, before.cache_hits, now.cache_hits);
        add(
            &mut self.prompt_tokens_evaluated,
            before.prompt_tokens_evaluated,
            now.prompt_tokens_evaluated,
        );
        add(
            &mut self.prompt_tokens_reused,
            before.prompt_tokens_reused,
            now.prompt_tokens_reused,
        );
        add(
            &mut self.tokens_generated,
            before.tokens_generated,
            now.tokens_generated,
        );
        add(
            &mut self.draft_tokens_accepted,
            before.draft_tokens_accepted,
            now.draft_tokens_accepted,
        );
    }
}

impl LanguageCounts {
    pub fn merge(&mut self, other: &Self) {
        self.offered += other.offered;
        self.shown += other.shown;
        self.accepted += other.accepted;
        self.accepted_characters += other.accepted_characters;
        self.typed += other.typed;
        self.refused += other.refused;
        self.measured_characters += other.measured_characters;
        self.kept_characters += other.kept_characters;
    }
}

impl Latencies {
    /// The bounds: quarters of a doubling from 0.1 ms to 105 s.
    const STEPS: i32 = 80;

    pub fn add(&mut self, milliseconds: f64) {
        let bound = |step: i32| (100.0 * 2f64.powf(f64::from(step) / 4.0)).round() as u64;
        let took = (milliseconds * 1000.0).ceil() as u64;
        let step = (0..Self::STEPS).find(|step| took <= bound(*step));
        *self
            .0
            .entry(bound(step.unwrap_or(Self::STEPS)))
            .or_default() += 1;
    }

    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// So long in milliseconds, or less, took this share (0 to 1) of the answers. `None` without any.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let rank = ((self.count() as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let bound = self.0.iter().find_map(|(bound, count)| {
            seen += count;
            (seen >= rank).then_some(bound)
        });
        bound.map(|microseconds| *microseconds as f64 / 1000.0)
    }

    fn merge(&mut self, other: &Self) {
        for (bound, count) in &other.0 {
            *self.0.entry(*bound).or_default() += count;
        }
    }
}

/// The date in UTC, as `2026-11-22`.
pub fn date(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = civil(since.as_secs() / 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day of a day counted from 1970-01-01. Years begin in March here, so that the leap day is the last of a year; 400 years
/// have 146,097 days.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_795_305_599, "2026-11-21"),
            (4_107_542_400, "2100-03-01"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(date(time), expected);
        }
    }

    #[test]
    fn percentiles_are_a_fifth_too_high_at_most() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(0.5), None);
        for ms in 1..=1000 {
            latencies.add(f64::from(ms));
        }
        for (share, exact) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0)] {
            let told = latencies.percentile(share).unwrap();
            assert!((exact..=exact * 1.19).contains(&told), "{share}: {told}");
        }
        let mut extremes = Latencies::default();
        extremes.add(0.0);
        extremes.add(1e12);
        extremes.add(f64::NAN);
        assert_eq!(extremes.count(), 3);
        assert_eq!(extremes.percentile(0.5), Some(0.1));
    }

    #[test]
    fn old_days_go() {
        let mut record = Record::default();
        for day in 0..200u64 {
            let mut later = Record::default();
            let when = UNIX_EPOCH + Duration::from_secs(day * 86_400);
            later.day(&date(when)).requests = 1;
            later.day(&date(when)).language("go").offered = 2;
            record.merge(&later);
            record.merge(&later);
        }
        assert_eq!(record.days.len(), KEPT_DAYS);
        assert!(record.days.values().all(|day| day.requests == 2));
        assert!(
            record
                .days
                .values()
                .all(|day| day.languages["go"].offered == 4)
        );
        assert_eq!(record.days.keys().next_back().unwrap(), "1970-07-19");
    }

    #[test]
    fn a_session_counts_what_is_new() {
        let stats = |requests, prompt_tokens_reused| Stats {
            requests,
            prompt_tokens_reused,
            ..Stats::default()
        };
        let mut day = Day::default();
        day.add_between(&stats(3, 100), &stats(5, 90));
        assert_eq!((day.requests, day.prompt_tokens_reused), (2, 0));
    }
}
