//! How likely a line has to be before it is shown, from what this user kept of the lines shown before. Pure: evidence in, threshold out.
//!
//! P(kept | probability) is a logistic curve over the logit of the line's probability (Platt's calibration). Its two parameters have
//! normal priors: a language's around those of the other languages together, and these around what was measured on typing traces. A line
//! is worth showing where the curve is above [`WORTH_SHOWING`].

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::completion::LIKELY_ENOUGH;

/// Of so many shown lines one at least has to be kept. On typing traces this share of the lines was right that were just
/// [`LIKELY_ENOUGH`] (`server/docs/typing.md`). It also follows from time: reading a line takes about half a second, and typing one of
/// 20 characters, 170 ms each, more than three.
const WORTH_SHOWING: f64 = 0.15;

/// Slope of the curve before anything is known: fitted to the table of probabilities in `server/docs/typing.md`.
const USUAL_SLOPE: f64 = 1.25;

/// How far users differ from the traces, and languages from the user's others: standard deviations of intercept and slope. Wide enough
/// that some fifty suggestions outweigh them.
const USERS_DIFFER: [f64; 2] = [1.5, 0.5];
const LANGUAGES_DIFFER: [f64; 2] = [0.8, 0.3];

/// Whatever was kept, the threshold stays between these: what is likelier than the upper one is always shown.
pub const LOWEST: f32 = 0.05;
pub const HIGHEST: f32 = 0.6;

/// Suggestions after which an older one counts 1/e: some days of work.
const MEMORY: f64 = 400.0;

/// One line in so many is judged as if nothing had been learned, so that a threshold that has become too high is found out.
const EXPLORED_ONE_IN: u64 = 12;

/// Buckets of probability, half a unit of its logit each, from 0.018 to 0.982.
const BUCKETS: usize = 16;
const FIRST_LOGIT: f64 = -4.0;
const BUCKET_WIDTH: f64 = 0.5;

/// What became of lines that the user saw, by how likely the model found them. Older ones count less.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// All suggestions that ever counted.
    pub suggestions: u64,
    kept: [f64; BUCKETS],
    not_kept: [f64; BUCKETS],
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            suggestions: 0,
            kept: [0.0; BUCKETS],
            not_kept: [0.0; BUCKETS],
        }
    }
}

impl Evidence {
    /// A line of this probability, from 0 to 1, was seen, and was kept or not.
    pub fn observe(&mut self, probability: f32, kept: bool) {
        self.fade(1);
        self.suggestions += 1;
        let counts = if kept {
            &mut self.kept
        } else {
            &mut self.not_kept
        };
        counts[bucket(probability)] += 1.0;
    }

    /// Adds what was seen after everything in here.
    pub fn merge(&mut self, later: &Self) {
        self.fade(later.suggestions);
        self.add(later);
    }

    /// Numbers that no counting yields become 0: the file can be edited.
    pub fn mended(mut self) -> Self {
        for count in self.kept.iter_mut().chain(&mut self.not_kept) {
            if !(0.0..=2.0 * MEMORY).contains(count) {
                *count = 0.0;
            }
        }
        self
    }

    fn add(&mut self, other: &Self) {
        self.suggestions = self.suggestions.saturating_add(other.suggestions);
        for (count, more) in self.kept.iter_mut().zip(other.kept) {
            *count += more;
        }
        for (count, more) in self.not_kept.iter_mut().zip(other.not_kept) {
            *count += more;
        }
    }

    fn fade(&mut self, suggestions: u64) {
        let left = (-(suggestions as f64) / MEMORY).exp();
        for count in self.kept.iter_mut().chain(&mut self.not_kept) {
            *count *= left;
        }
    }
}

/// The threshold for a language with `own` evidence, beside that of the user's `other` languages. Exactly [`LIKELY_ENOUGH`] without
/// any, and always from [`LOWEST`] to [`HIGHEST`].
pub fn threshold<'a>(own: &Evidence, other: impl Iterator<Item = &'a Evidence>) -> f32 {
    let mut pool = Evidence::default();
    for evidence in other {
        pool.add(evidence);
    }
    if own.suggestions == 0 && pool.suggestions == 0 {
        return LIKELY_ENOUGH;
    }
    let user = Curve::usual().fitted(USERS_DIFFER, &pool);
    // Without other languages, the language is the user.
    let differ = if pool.suggestions == 0 {
        USERS_DIFFER
    } else {
        LANGUAGES_DIFFER
    };
    user.fitted(differ, own).reaches(WORTH_SHOWING)
}

/// Whether a line is judged as if nothing had been learned: always the same answer for the same `place`, so that a suggestion does not
/// come and go while it is typed through.
pub fn is_explored(place: impl Hash) -> bool {
    let mut hasher = DefaultHasher::new();
    place.hash(&mut hasher);
    hasher.finish().is_multiple_of(EXPLORED_ONE_IN)
}

/// The logit of P(kept) over that of the line's probability.
#[derive(Debug, Clone, Copy)]
struct Curve {
    intercept: f64,
    slope: f64,
}

impl Curve {
    /// With this one, [`LIKELY_ENOUGH`] is worth showing and nothing below.
    fn usual() -> Self {
        let intercept = logit(WORTH_SHOWING) - USUAL_SLOPE * logit(LIKELY_ENOUGH.into());
        Self {
            intercept,
            slope: USUAL_SLOPE,
        }
    }

    /// The most likely curve if curves differ from this one by so much (standard deviations), by Newton's method. The penalty of the
    /// prior makes the problem strictly convex, so it has one solution.
    fn fitted(self, differ: [f64; 2], evidence: &Evidence) -> Self {
        let precision = differ.map(|deviation| deviation.powi(-2));
        let mut curve = self;
        for _ in 0..30 {
            let mut gradient = [
                precision[0] * (self.intercept - curve.intercept),
                precision[1] * (self.slope - curve.slope),
            ];
            let (mut h00, mut h01, mut h11) = (precision[0], 0.0, precision[1]);
            for (index, (kept, not_kept)) in evidence.kept.iter().zip(evidence.not_kept).enumerate()
            {
                let x = FIRST_LOGIT + (index as f64 + 0.5) * BUCKET_WIDTH;
                let seen = kept + not_kept;
                let p = logistic(curve.intercept + curve.slope * x);
                let surprise = kept - seen * p;
                gradient[0] += surprise;
                gradient[1] += surprise * x;
                let weight = seen * p * (1.0 - p);
                h00 += weight;
                h01 += weight * x;
                h11 += weight * x * x;
            }
            let determinant = h00 * h11 - h01 * h01;
            let step = [
                (h11 * gradient[0] - h01 * gradient[1]) / determinant,
                (h00 * gradient[1] - h01 * gradient[0]) / determinant,
            ];
            // Whole steps can overshoot where the curve is flat.
            let shorter = (1.0 / step[0].hypot(step[1])).min(1.0);
            curve.intercept += shorter * step[0];
            curve.slope += shorter * step[1];
        }
        // Likelier lines are never kept less often; where it looks so, it was chance.
        curve.slope = curve.slope.clamp(0.2, 4.0);
        curve
    }

    /// The probability of a line from which on so much of what is shown is kept.
    fn reaches(self, kept: f64) -> f32 {
        let probability = logistic((logit(kept) - self.intercept) / self.slope);
        (probability as f32).clamp(LOWEST, HIGHEST)
    }
}

fn bucket(probability: f32) -> usize {
    let index =
        (logit(f64::from(probability).clamp(1e-6, 1.0 - 1e-6)) - FIRST_LOGIT) / BUCKET_WIDTH;
    // `as` takes what is below 0 for 0.
    (index as usize).min(BUCKETS - 1)
}

fn logit(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

fn logistic(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 0 to 1 that look random and are the same every time.
    struct Chance(u64);

    impl Chance {
        fn next(&mut self) -> f32 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (self.0 >> 40) as f32 / (1u64 << 24) as f32
        }
    }

    /// Shows a user lines as the model finds them until he has seen `shown`; gives the threshold then, and how many lines of the last
    /// thousand were shown.
    fn after(shown: u32, seed: u64, keeps: impl Fn(f32) -> f32) -> (f32, u32) {
        let mut chance = Chance(seed);
        let mut evidence = Evidence::default();
        let (mut line, mut seen, mut of_the_last) = (0u64, 0, 0);
        while seen < shown {
            line += 1;
            let probability = chance.next();
            let least = if is_explored((seed, line)) {
                LIKELY_ENOUGH
            } else {
                threshold(&evidence, std::iter::empty())
            };
            if probability >= least {
                seen += 1;
                evidence.observe(probability, chance.next() < keeps(probability));
            }
        }
        let least = threshold(&evidence, std::iter::empty());
        for line in line..line + 1000 {
            let least = if is_explored((seed, line)) {
                LIKELY_ENOUGH
            } else {
                least
            };
            of_the_last += u32::from(chance.next() >= least);
        }
        (least, of_the_last)
    }

    #[test]
    fn without_history_nothing_changes() {
        assert_eq!(
            threshold(&Evidence::default(), std::iter::empty()),
            LIKELY_ENOUGH
        );
        let usual = Curve::usual().fitted(USERS_DIFFER, &Evidence::default());
        assert!((usual.reaches(WORTH_SHOWING) - LIKELY_ENOUGH).abs() < 1e-6);
    }

    #[test]
    fn two_hundred_suggestions_are_enough_to_know_a_user() {
        for seed in 1..=20 {
            // He keeps what the model is sure of only; the right threshold is 0.5.
            let picky = |p: f32| if p > 0.5 { 0.8 } else { 0.02 };
            let (least, _) = after(200, seed, picky);
            assert!((0.2..=0.6).contains(&least), "picky {seed}: {least}");
            // Even what is unlikely is kept more often than it takes.
            let (least, _) = after(200, seed, |p| 0.5 + 0.5 * p);
            assert!(least <= 0.08, "generous {seed}: {least}");
            // As on the traces.
            let usual = |p: f32| logistic(0.43 + 1.25 * logit(p.into())) as f32;
            let (least, _) = after(200, seed, usual);
            assert!((0.06..=0.3).contains(&least), "usual {seed}: {least}");
        }
    }

    #[test]
    fn who_keeps_nothing_still_sees_something_and_is_forgiven() {
        let (least, shown) = after(500, 3, |_| 0.0);
        assert_eq!(least, HIGHEST);
        assert!(
            shown > 400,
            "{shown} of 1000 lines, all over 0.6 among them"
        );

        let mut evidence = Evidence::default();
        for _ in 0..500 {
            evidence.observe(0.7, false);
        }
        for _ in 0..500 {
            evidence.observe(0.7, true);
        }
        assert!(threshold(&evidence, std::iter::empty()) < 0.3);
    }

    #[test]
    fn some_lines_are_explored_whatever_was_learned() {
        let explored = (0..12_000)
            .filter(|line| is_explored(("a.rs", line)))
            .count();
        assert!((800..1200).contains(&explored), "{explored} of 12000");
    }

    #[test]
    fn a_new_language_begins_where_the_others_are() {
        let mut rust = Evidence::default();
        for step in 0..300 {
            rust.observe(0.2 + 0.7 * (step % 10) as f32 / 10.0, step % 10 > 6);
        }
        let new = threshold(&Evidence::default(), [&rust].into_iter());
        let own = threshold(&rust, std::iter::empty());
        assert!((new - own).abs() < 0.01 && own > 0.2, "{new} {own}");
        // What is seen in the language itself counts more.
        let mut go = Evidence::default();
        for step in 0..100 {
            go.observe(0.2 + 0.7 * (step % 10) as f32 / 10.0, true);
        }
        let learned = threshold(&go, [&rust].into_iter());
        assert!(learned < new / 2.0, "{learned} {new}");
    }

    #[test]
    fn merging_is_counting_on() {
        let mut all = Evidence::default();
        let (mut early, mut late) = (Evidence::default(), Evidence::default());
        for step in 0..90 {
            let (probability, kept) = (step as f32 / 90.0, step % 3 == 0);
            all.observe(probability, kept);
            let part = if step < 40 { &mut early } else { &mut late };
            part.observe(probability, kept);
        }
        early.merge(&late);
        assert_eq!(early.suggestions, all.suggestions);
        for (count, expected) in early.kept.iter().zip(all.kept) {
            assert!((count - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn any_evidence_gives_a_threshold_within_bounds() {
        for (probability, kept) in [(0.0, true), (1.0, false), (f32::NAN, true), (0.5, false)] {
            let mut evidence = Evidence::default();
            for _ in 0..1000 {
                evidence.observe(probability, kept);
            }
            let least = threshold(&evidence, std::iter::empty());
            assert!((LOWEST..=HIGHEST).contains(&least), "{probability} {kept}");
        }
        let hostile = Evidence {
            suggestions: u64::MAX / 2,
            kept: [f64::INFINITY; BUCKETS],
            not_kept: [-1.0; BUCKETS],
        };
        let least = threshold(&hostile.mended(), std::iter::empty());
        assert!((LOWEST..=HIGHEST).contains(&least));
    }
}
