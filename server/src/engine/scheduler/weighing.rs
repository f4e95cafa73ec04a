//! How likely a given text is, in one pass: see [`Job::weighed`](crate::engine::Job::weighed). Owns where the text's tokens begin and what
//! they weigh.

use super::{Running, Scheduler, in_words};
use crate::engine::{
    Event, Finish, WEIGHED_TOKENS,
    backend::{Backend, SeqId, Token},
    slots::common_prefix,
};

impl Running {
    /// Takes the tokens of its prompt. Where a text is to be weighed, the healed text follows them as the tokenizer cuts both together: a
    /// token that holds the end of one and the beginning of the other is weighed.
    pub(super) fn begin(&mut self, mut prompt: Vec<Token>, backend: &dyn Backend) {
        if let Some(weighed) = &self.job.weighed {
            let healed = &self.job.prompt.healed;
            let mut both = backend.tokenize(&(healed.clone() + weighed));
            let before = common_prefix(&both, &backend.tokenize(healed));
            self.weighed = both.split_off(before);
            self.weighed.truncate(WEIGHED_TOKENS);
            prompt.extend(both);
        }
        self.tokens = prompt;
    }
}

impl Scheduler<'_> {
    /// Evaluates what `seq` lacks of a job's tokens behind the first `held`, along with the text to weigh, and tells how likely that is.
    /// The sequence keeps the job's tokens only.
    pub(super) fn weigh(
        &mut self,
        index: usize,
        seq: SeqId,
        held: usize,
    ) -> Result<Finish, String> {
        let running = &self.jobs[index];
        let (keep, weighed) = (running.tokens.len(), running.weighed.clone());
        // Nothing is to be known of what follows the last one.
        let (_, evaluated) = weighed.split_last().ok_or("There is nothing to weigh.")?;
        let mut pass = running.tokens[held..].to_vec();
        pass.extend_from_slice(evaluated);
        self.evaluate(index, seq, held, &pass, weighed.len())?;
        let logits = |output: usize| self.backend.logits(output);
        let log_probability = (0..)
            .zip(&weighed)
            .map(|(output, token)| log_probability(logits(output), *token))
            .sum();
        self.slots.truncate(seq, keep);
        self.backend.truncate(seq, keep as u32).map_err(in_words)?;
        let running = &mut self.jobs[index];
        running.report_prompt(pass.len(), true);
        let _ = running.events.send(Event::Weighed { log_probability });
        Ok(Finish::Limit)
    }
}

/// Of `token`, among all. An unknown token is impossible.
fn log_probability(logits: &[f32], token: Token) -> f32 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = logits.iter().map(|logit| (logit - highest).exp()).sum();
    let logit = logits.get(token.0 as usize).copied();
    logit.unwrap_or(f32::NEG_INFINITY) - highest - total.ln()
}
