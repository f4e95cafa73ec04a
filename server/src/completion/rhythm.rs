//! How fast somebody types, from when his requests come: what is shown has to be there before the next key.

use std::time::{Duration, Instant};

/// Longer gaps are pauses to think.
const LONGEST_GAP: Duration = Duration::from_secs(1);
/// A quick typist, 10 keys a second.
const SHORTEST_GAP: Duration = Duration::from_millis(100);
/// Weight of the newest gap: some eight keys are remembered.
const NEWEST: f32 = 0.2;
/// Keys come unevenly: two of three gaps are longer than this part of the usual one.
const USUALLY_LEFT: f32 = 0.7;

#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    last: Option<Instant>,
    gap: Duration,
}

impl Default for Rhythm {
    /// 170 ms between two keys are usual.
    fn default() -> Self {
        Self {
            last: None,
            gap: Duration::from_millis(170),
        }
    }
}

/// A key among others.
#[derive(Debug, Clone, Copy)]
pub struct Beat {
    /// How long an answer may take to be there before the next one.
    pub patience: Duration,
    /// It follows another one without a pause: somebody is writing.
    pub follows: bool,
}

impl Rhythm {
    /// A key at `now`.
    pub fn key(&mut self, now: Instant) -> Beat {
        let gap = self.last.map(|last| now.saturating_duration_since(last));
        self.last = Some(now);
        let gap = gap.filter(|gap| *gap <= LONGEST_GAP);
        if let Some(gap) = gap {
            self.gap = self.gap.mul_f32(1.0 - NEWEST) + gap.max(SHORTEST_GAP).mul_f32(NEWEST);
        }
        Beat {
            patience: self.gap.mul_f32(USUALLY_LEFT),
            follows: gap.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(gap_ms: u64) -> u128 {
        let mut rhythm = Rhythm::default();
        let start = Instant::now();
        let keys = (0..50).map(|key| start + Duration::from_millis(gap_ms * key));
        keys.map(|now| rhythm.key(now).patience)
            .last()
            .unwrap_or_default()
            .as_millis()
    }

    #[test]
    fn a_key_behind_a_pause_follows_none() {
        let mut rhythm = Rhythm::default();
        let start = Instant::now();
        let keys = [0, 200, 900, 2500].map(|ms| start + Duration::from_millis(ms));
        let follows = keys.map(|now| rhythm.key(now).follows);
        assert_eq!(follows, [false, true, true, false]);
    }

    #[test]
    fn patience_follows_the_typist() {
        assert!((138..=140).contains(&patience(200)), "{}", patience(200));
        assert!((69..=70).contains(&patience(30)), "{}", patience(30));
        assert_eq!(patience(5000), 119);
    }
}
