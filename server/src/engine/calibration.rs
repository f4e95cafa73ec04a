//! Measures what forward passes cost on this machine with this model, once: while the engine has nothing to do, one pass at a
//! time, so that a job never waits for more than one. Owns which passes are measured and when; [`records`] keeps the result.

pub mod records;

use std::time::{Duration, Instant};

use super::{
    backend::{Backend, EvaluateError, SeqId, Token},
    costs::{self, PassCosts},
};
use records::{CalibrationRecords, Subject};

/// Tokens of the passes that are measured: one is decoding, a few are drafts, 64 are a chunk of a prompt.
const PASS_TOKENS: [u32; 8] = [1, 2, 3, 4, 6, 8, 16, 64];
/// The quickest of so many passes counts: whatever else runs can only make one slower.
const ROUNDS: usize = 3;
/// All passes together take no longer.
const TIME: Duration = Duration::from_millis(2500);
/// A pass that is likely to take longer is not measured: a job may have to wait for it.
const LONGEST_PASS_MS: f32 = 1000.0;
/// The engine has had no job for this long before it measures.
const IDLE: Duration = Duration::from_secs(1);

/// What is to be measured, and where it is kept.
#[derive(Debug, Clone)]
pub struct CalibrationSettings {
    pub subject: Subject,
    pub records: CalibrationRecords,
    /// Not while other processes keep more cores busy than this.
    pub foreign_cores: f32,
}

/// A load of other processes beside which measuring makes sense: an editor, and what else a quiet desktop does.
pub const QUIET_CORES: f32 = 0.3;

/// The pass costs of a loaded model: known, or still to be measured.
#[derive(Debug)]
pub struct Calibration {
    settings: Option<CalibrationSettings>,
    device: String,
    costs: PassCosts,
    /// `None` once the costs are known.
    measurement: Option<Measurement>,
    postponed: bool,
}

impl Calibration {
    /// Without settings nothing is measured. `device` is [`Backend::device`].
    pub fn new(settings: Option<CalibrationSettings>, device: String) -> Self {
        let known = settings
            .as_ref()
            .and_then(|settings| settings.records.find(&settings.subject, &device));
        let pending = settings.is_some() && known.is_none();
        Self {
            settings,
            device,
            costs: known.unwrap_or_default(),
            measurement: pending.then(Measurement::default),
            postponed: false,
        }
    }

    /// Measured, or assumed until then.
    pub fn costs(&self) -> &PassCosts {
        &self.costs
    }

    /// How long the engine has to be idle before it measures; `None` if there is nothing to measure now.
    pub fn due_after(&self) -> Option<Duration> {
        (self.measurement.is_some() && !self.postponed).then_some(IDLE)
    }

    /// The load of others, in cores, up to which measuring makes sense.
    pub fn foreign_cores(&self) -> f32 {
        self.settings
            .as_ref()
            .map_or(0.0, |settings| settings.foreign_cores)
    }

    /// Not while the engine goes on being idle: the machine is busy with something else, or the cache is full.
    pub fn postpone(&mut self) {
        self.postponed = true;
    }

    /// There was work again; the next idle time may be a better one.
    pub fn reconsider(&mut self) {
        self.postponed = false;
    }

    /// Measures one pass in `scratch`, which has to be empty and is left so. Says whether the costs are known with it; then they
    /// have been recorded too.
    pub fn measure(&mut self, backend: &mut dyn Backend, scratch: SeqId) -> bool {
        let Some(measurement) = &mut self.measurement else {
            return false;
        };
        if let Some(tokens) = measurement.next_pass() {
            match time_pass(backend, scratch, tokens) {
                Ok(time) => measurement.record(tokens, time),
                Err(error) => {
                    tracing::debug!("a pass could not be measured: {error}");
                    self.postponed = true;
                }
            }
            return false;
        }
        let costs = measurement.costs();
        self.measurement = None;
        let (Some(costs), Some(settings)) = (costs, &self.settings) else {
            return false;
        };
        let CalibrationSettings {
            subject, records, ..
        } = settings;
        if let Err(error) = records.add(subject, &self.device, &costs) {
            tracing::warn!(
                "the measured speed is not kept, so the next start measures it again: {error}"
            );
        }
        tracing::info!(
            one_token_ms = costs.pass_ms(1),
            chunk_ms = costs.pass_ms(64),
            "measured what passes cost"
        );
        self.costs = costs;
        true
    }
}

fn time_pass(
    backend: &mut dyn Backend,
    scratch: SeqId,
    tokens: u32,
) -> Result<Duration, EvaluateError> {
    // What the tokens are makes no difference to the time.
    let vocabulary = backend.vocabulary();
    let token = (0u32..)
        .take(vocabulary.len())
        .map(Token)
        .find(|token| !vocabulary.is_end(*token));
    let pass = vec![token.unwrap_or(Token(0)); tokens as usize];
    let started = Instant::now();
    let evaluated = backend.evaluate(scratch, 0, &pass, costs::outputs(pass.len()));
    let time = started.elapsed();
    evaluated?;
    backend.truncate(scratch, 0)?;
    Ok(time)
}

/// Passes measured so far: several rounds of all sizes, the small ones first, as far as the time goes. Has no clock.
#[derive(Debug, Default)]
struct Measurement {
    /// Passes measured or left out.
    at: usize,
    spent: Duration,
    /// The quickest pass of each size so far.
    quickest: [Option<f32>; PASS_TOKENS.len()],
}

impl Measurement {
    /// Tokens of the next pass to measure; `None` when there is none left.
    fn next_pass(&mut self) -> Option<u32> {
        while self.at < ROUNDS * PASS_TOKENS.len() {
            let tokens = PASS_TOKENS[self.at % PASS_TOKENS.len()];
            // Too high for sizes that are yet to be measured, so these are left out rather than too many.
            let expected_ms = self.costs().map_or(0.0, |costs| costs.pass_ms(tokens));
            let left_ms = TIME.saturating_sub(self.spent).as_secs_f32() * 1000.0;
            if expected_ms < left_ms.min(LONGEST_PASS_MS) {
                return Some(tokens);
            }
            self.at += 1;
        }
        None
    }

    /// The pass that [`Self::next_pass`] has asked for took so long.
    fn record(&mut self, tokens: u32, time: Duration) {
        self.at += 1;
        self.spent += time;
        // No pass takes no time; a clock may say so.
        let ms = (time.as_secs_f32() * 1000.0).max(0.001);
        if let Some(index) = PASS_TOKENS.iter().position(|size| *size == tokens) {
            let quickest = &mut self.quickest[index];
            *quickest = Some(quickest.map_or(ms, |quickest| quickest.min(ms)));
        }
    }

    /// `None` before the first pass.
    fn costs(&self) -> Option<PassCosts> {
        let sizes = PASS_TOKENS.into_iter().zip(self.quickest);
        let mut measured: Vec<_> = sizes
            .filter_map(|(tokens, ms)| Some((tokens, ms?)))
            .collect();
        // Something else may have slowed down all passes of a size, and nothing makes one quicker: a pass that took longer than one
        // that does more was disturbed.
        for smaller in (1..measured.len()).rev() {
            let [(tokens, ms), (more, more_ms)] = [measured[smaller - 1], measured[smaller]];
            if costs::outputs(more as usize) >= costs::outputs(tokens as usize) {
                measured[smaller - 1].1 = ms.min(more_ms);
            }
        }
        PassCosts::new(measured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::toy::{Toy, ToySettings};

    /// Measures on a machine that takes `ms` for a pass; the passes that were made, and the costs.
    fn measure(mut ms: impl FnMut(u32, usize) -> f32) -> (Vec<u32>, PassCosts) {
        let mut measurement = Measurement::default();
        let mut passes = Vec::new();
        while let Some(tokens) = measurement.next_pass() {
            let time = Duration::from_secs_f32(ms(tokens, passes.len()) / 1000.0);
            measurement.record(tokens, time);
            passes.push(tokens);
        }
        (passes, measurement.costs().unwrap())
    }

    #[test]
    fn a_quick_machine_measures_all_rounds_and_the_quickest_pass_counts() {
        // The first round is disturbed.
        let (passes, costs) = measure(|tokens, nth| {
            let undisturbed = 5.0 + tokens as f32;
            if nth < PASS_TOKENS.len() {
                undisturbed * 3.0
            } else {
                undisturbed
            }
        });
        assert_eq!(passes.len(), ROUNDS * PASS_TOKENS.len());
        assert!((costs.pass_ms(1) - 6.0).abs() < 0.01 && (costs.pass_ms(64) - 69.0).abs() < 0.01);
    }

    #[test]
    fn a_disturbed_size_costs_no_more_than_the_next() {
        let disturbed = PASS_TOKENS[2];
        let (_, costs) = measure(|tokens, _| match tokens {
            tokens if tokens == disturbed => 500.0,
            tokens => 10.0 + tokens as f32,
        });
        assert_eq!(costs.pass_ms(disturbed), costs.pass_ms(PASS_TOKENS[3]));
    }

    #[test]
    fn a_slow_machine_stops_in_time_and_the_rest_is_extrapolated() {
        let (passes, costs) = measure(|tokens, _| 300.0 + 50.0 * tokens as f32);
        assert_eq!(passes, [1, 2, 3, 4, 6], "2500 ms do not hold another");
        assert!((costs.pass_ms(12) - 1200.0).abs() < 0.1);

        let (passes, costs) = measure(|_, _| 9000.0);
        assert_eq!(passes, [1]);
        assert!((costs.pass_ms(4) - 36000.0).abs() < 1.0);
    }

    #[test]
    fn all_passes_together_stay_within_the_time() {
        for base in [1.0, 26.0, 90.0, 240.0, 600.0] {
            let mut spent = 0.0;
            measure(|tokens, nth| {
                let ms = base * (1.0 + tokens as f32 * 0.2);
                spent += if nth == 0 { 0.0 } else { ms };
                ms
            });
            assert!(spent <= 2500.0, "{base}: {spent}");
        }
    }

    #[test]
    fn a_measurement_is_made_once_and_leaves_the_back_end_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let settings = CalibrationSettings {
            subject: Subject::test(2),
            records: CalibrationRecords::in_folder(folder.path()),
            foreign_cores: QUIET_CORES,
        };
        let mut toy = Toy::new(ToySettings {
            token_time: Duration::from_micros(10),
            ..Default::default()
        });
        let mut calibration = Calibration::new(Some(settings.clone()), toy.device());
        assert_eq!(calibration.costs(), &PassCosts::default());
        assert_eq!(calibration.due_after(), Some(IDLE));
        let mut pieces = 0;
        while !calibration.measure(&mut toy, SeqId(1)) {
            pieces += 1;
            assert!(pieces <= ROUNDS * PASS_TOKENS.len());
        }
        assert_eq!(calibration.due_after(), None);
        assert_ne!(calibration.costs(), &PassCosts::default());
        toy.evaluate(SeqId(1), 0, &[Token(65)], 1)
            .expect("the sequence is empty again");

        let again = Calibration::new(Some(settings.clone()), toy.device());
        assert_eq!(again.costs(), calibration.costs());
        assert_eq!(again.due_after(), None);
        let elsewhere = Calibration::new(Some(settings), "another device".to_owned());
        assert_eq!(elsewhere.due_after(), Some(IDLE));
        assert_eq!(Calibration::new(None, toy.device()).due_after(), None);
    }

    #[test]
    fn a_pass_that_fails_waits_for_another_idle_time() {
        let folder = tempfile::tempdir().unwrap();
        let settings = CalibrationSettings {
            subject: Subject::test(2),
            records: CalibrationRecords::in_folder(folder.path()),
            foreign_cores: QUIET_CORES,
        };
        let mut toy = Toy::new(ToySettings::default());
        toy.evaluate(SeqId(0), 0, &[Token(65)], 1).unwrap();
        let mut calibration = Calibration::new(Some(settings), toy.device());
        assert!(!calibration.measure(&mut toy, SeqId(0)), "it is not empty");
        assert_eq!(calibration.due_after(), None);
        calibration.reconsider();
        assert_eq!(calibration.due_after(), Some(IDLE));
    }
}
