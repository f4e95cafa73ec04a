//! What forward passes cost on this machine: the numbers from which the length of drafts, the size of chunks, windows and
//! waits follow. Owns the table; measuring it is [`super::calibration`]'s business.

use serde::{Deserialize, Serialize};

/// Passes of up to so many tokens verify drafts; longer ones read prompts.
const LARGEST_DRAFT_PASS: usize = 16;

/// How many outputs a pass of so many tokens has when it is measured: a draft needs the logits of each of its tokens, and with a small
/// model they are a quarter of the work; a prompt needs those of its last.
pub fn outputs(tokens: usize) -> usize {
    if tokens <= LARGEST_DRAFT_PASS {
        tokens
    } else {
        1
    }
}

/// Time of one forward pass by the number of its tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u32, f32)>", into = "Vec<(u32, f32)>")]
pub struct PassCosts {
    /// Tokens of a pass and its time in milliseconds; ascending, beginning with one token.
    table: Vec<(u32, f32)>,
}

impl PassCosts {
    /// `None` unless the table begins with one token, ascends, and has positive times.
    pub fn new(table: Vec<(u32, f32)>) -> Option<Self> {
        let ascends = table.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let positive = table.iter().all(|(_, ms)| ms.is_finite() && *ms > 0.0);
        (ascends && positive && table.first().is_some_and(|(tokens, _)| *tokens == 1))
            .then_some(Self { table })
    }

    /// Milliseconds of a pass of `tokens` tokens: between two measured sizes on the line that joins them, beyond the largest in
    /// proportion to it.
    pub fn pass_ms(&self, tokens: u32) -> f32 {
        let above = self.table.partition_point(|(size, _)| *size < tokens);
        match (
            above.checked_sub(1).map(|i| self.table[i]),
            self.table.get(above),
        ) {
            (_, Some((size, ms))) if *size == tokens => *ms,
            (Some((low, low_ms)), Some((high, high_ms))) => {
                low_ms + (high_ms - low_ms) * (tokens - low) as f32 / (high - low) as f32
            }
            (Some((size, ms)), None) => ms * tokens as f32 / size as f32,
            (None, _) => self.table[0].1,
        }
    }

    /// The same in units of a pass of one token.
    pub fn passes(&self, tokens: u32) -> f32 {
        self.pass_ms(tokens) / self.pass_ms(1)
    }
}

/// A table that [`PassCosts::new`] refuses.
#[derive(Debug, thiserror::Error)]
#[error("a table of pass costs begins with one token, ascends and has positive times")]
pub struct SenselessCosts;

impl TryFrom<Vec<(u32, f32)>> for PassCosts {
    type Error = SenselessCosts;

    fn try_from(table: Vec<(u32, f32)>) -> Result<Self, SenselessCosts> {
        Self::new(table).ok_or(SenselessCosts)
    }
}

impl From<PassCosts> for Vec<(u32, f32)> {
    fn from(costs: PassCosts) -> Self {
        costs.table
    }
}

impl Default for PassCosts {
    /// Two cores with AVX-512 and the 0.5B model, until this machine has been measured.
    fn default() -> Self {
        let table = vec![(1, 26.0), (2, 42.0), (4, 50.0), (8, 92.0), (64, 370.0)];
        Self { table }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_lie_between_what_was_measured() {
        let costs = PassCosts::new(vec![(1, 10.0), (3, 20.0), (10, 50.0)]).unwrap();
        let ms = [0, 1, 2, 3, 10, 20].map(|tokens| costs.pass_ms(tokens));
        assert_eq!(ms, [10.0, 10.0, 15.0, 20.0, 50.0, 100.0]);
        assert_eq!(costs.passes(3), 2.0);
    }

    #[test]
    fn tables_that_make_no_sense_are_refused() {
        for table in [
            vec![],
            vec![(2, 1.0)],
            vec![(1, 0.0)],
            vec![(1, 1.0), (1, 2.0)],
            vec![(1, f32::NAN)],
        ] {
            assert_eq!(PassCosts::new(table), None);
        }
    }
}
