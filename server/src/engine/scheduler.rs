//! Decides what the back end does next. Owns the jobs and their slots; does no I/O and has no clock: [`Scheduler::step`] does one
//! chunk or one pass of work and returns, so that whoever drives it can look for cancellations and newer jobs in between.
//!
//! Nothing is evaluated twice: a prompt that ends where logits are kept ([`super::boundaries`]) needs no pass for its first token, and
//! a pass verifies what may come next ([`super::drafts`]) along with the token at hand.
//!
//! A job is the list of tokens that its sequence shall hold: the prompt, then what was generated. Whatever of that list the
//! sequence lacks is evaluated, chunk by chunk; when nothing is lacking, the logits give the next token of the list. A job that loses
//! its sequence to another therefore goes on where it was as soon as it gets one again.

mod reuse;
mod weighing;

use std::cmp::Reverse;

use tokio::sync::mpsc::UnboundedSender;

use crate::config::CompletionConfig;

use super::{
    Event, Finish, Job, Limits, Priority, Usage,
    assemble::assemble,
    backend::{Backend, Dimensions, EvaluateError, SeqId, Token, Vocabulary},
    boundaries::Boundaries,
    budget::Budget,
    costs::PassCosts,
    drafts::{Drafts, Proposal},
    sampling::{Answer, Choice, Demands, choose},
    shelf::{self, Shelf},
    slots::Slots,
    states::StateFolder,
};

/// Places whose logits are kept: with a vocabulary of 152,000 tokens 19 MB.
const BOUNDARIES: usize = 32;

/// So many of them one job may take: its prompt's end and its first tokens, which are what the next keystroke agrees with or
/// not. Fewer than all, so that a long answer does not cost the prompt's end.
const BOUNDARIES_OF_A_JOB: u32 = 24;

pub type JobId = u64;

/// What [`Scheduler::step`] did.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// There is no job, or none that is not held.
    Idle,
    Worked,
}

pub struct Scheduler<'b> {
    backend: &'b mut dyn Backend,
    slots: Slots,
    boundaries: Boundaries,
    drafts: Drafts,
    costs: PassCosts,
    /// Tokens evaluated between two looks for something more urgent.
    chunk_tokens: usize,
    /// The same of an action while keys are expected.
    short_chunk_tokens: usize,
    keys_expected: bool,
    shelf: Shelf,
    states: Option<StateFolder>,
    jobs: Vec<Running>,
}

struct Running {
    id: JobId,
    job: Job,
    events: UnboundedSender<Event>,
    /// What the sequence shall hold. Empty until the job's first step.
    tokens: Vec<Token>,
    /// The tokens of [`Job::weighed`], which stand behind those. Empty where an answer is wanted.
    weighed: Vec<Token>,
    seq: Option<SeqId>,
    answer: Answer,
    lines: Lines,
    usage: Usage,
    /// All of the prompt has been evaluated.
    prefilled: bool,
    /// It is left alone for now.
    held: bool,
}

impl<'b> Scheduler<'b> {
    #[cfg(test)]
    pub fn new(backend: &'b mut dyn Backend) -> Self {
        Self::with_costs(backend, PassCosts::default())
    }

    /// With what forward passes cost on this machine; the length of drafts follows from it.
    pub fn with_costs(backend: &'b mut dyn Backend, costs: PassCosts) -> Self {
        let dimensions = backend.dimensions();
        let (chunk_tokens, short_chunk_tokens) = chunk_tokens(&costs);
        Self {
            backend,
            slots: Slots::new(dimensions.sequences, dimensions.cells),
            boundaries: Boundaries::new(BOUNDARIES),
            drafts: Drafts::new(),
            chunk_tokens,
            short_chunk_tokens,
            keys_expected: false,
            costs,
            shelf: Shelf::new(shelf::DEFAULT_BYTES),
            states: None,
            jobs: Vec::new(),
        }
    }

    /// What forward passes cost, now that it is known better.
    pub fn set_costs(&mut self, costs: PassCosts) {
        (self.chunk_tokens, self.short_chunk_tokens) = chunk_tokens(&costs);
        self.costs = costs;
    }

    /// Whether somebody may press a key at any moment: then actions compute in shorter steps, though slower.
    pub fn expect_keys(&mut self, expected: bool) {
        self.keys_expected = expected;
    }

    /// From now on prompts are compared with states on disk too, and can be saved there.
    pub fn keep_states(&mut self, states: StateFolder) {
        self.states = Some(states);
    }

    /// Takes a job. An older one of the same document and priority ends.
    pub fn submit(&mut self, id: JobId, job: Job, events: UnboundedSender<Event>) {
        let replaced =
            |old: &Running| old.job.document == job.document && old.job.priority == job.priority;
        if let Some(old) = self.jobs.iter().position(replaced) {
            self.finish(old, Finish::Cancelled);
        }
        let answer = Answer::new(&job.prompt);
        self.jobs.push(Running {
            id,
            job,
            events,
            tokens: Vec::new(),
            weighed: Vec::new(),
            seq: None,
            answer,
            lines: Lines::default(),
            usage: Usage::default(),
            prefilled: false,
            held: false,
        });
    }

    /// Ends a job; what was computed stays in its slot. Unknown ids are fine: the job may just have ended.
    pub fn cancel(&mut self, id: JobId) {
        if let Some(index) = self.jobs.iter().position(|running| running.id == id) {
            self.finish(index, Finish::Cancelled);
        }
    }

    /// Leaves a job alone with all that was computed of it, or goes on with it. Unknown ids are fine.
    pub fn hold(&mut self, id: JobId, held: bool) {
        if let Some(running) = self.jobs.iter_mut().find(|running| running.id == id) {
            running.held = held;
        }
    }

    /// Ends all jobs, with the same word for each.
    pub fn finish_all(&mut self, finish: Finish) {
        while !self.jobs.is_empty() {
            self.finish(0, finish.clone());
        }
    }

    /// Ends the job that the next step would work at.
    pub fn finish_next(&mut self, finish: Finish) {
        if let Some(index) = self.most_urgent() {
            self.finish(index, finish);
        }
    }

    /// How many threads compute from the next step on.
    pub fn set_threads(&mut self, threads: u32) -> Result<(), EvaluateError> {
        self.backend.set_threads(threads)
    }

    /// A sequence that holds nothing, to measure with; it has to be empty again before the next step. `None` while there is a job
    /// or no empty sequence.
    pub fn scratch(&mut self) -> Option<(&mut dyn Backend, SeqId)> {
        let mut sequences = (0..self.backend.dimensions().sequences).map(SeqId);
        let empty = sequences.find(|seq| self.slots.tokens(*seq).is_empty())?;
        self.jobs.is_empty().then_some((&mut *self.backend, empty))
    }

    /// One chunk of a prompt or one pass of an answer, of the most urgent job; among equals the newest, because that is where
    /// the user looks.
    pub fn step(&mut self) -> Step {
        let Some(index) = self.most_urgent() else {
            return Step::Idle;
        };
        match self.advance(index) {
            Ok(None) => {}
            Ok(Some(finish)) => self.finish(index, finish),
            Err(error) => {
                // Whatever the sequence holds now, nobody knows: start from nothing next time.
                if let Some(seq) = self.jobs[index].seq {
                    self.slots.truncate(seq, 0);
                    let _ = self.backend.truncate(seq, 0);
                }
                self.finish(index, Finish::Failed(error));
            }
        }
        Step::Worked
    }

    /// The priority of the job that the next step will work on.
    pub fn urgency(&self) -> Option<Priority> {
        self.most_urgent().map(|index| self.jobs[index].urgency())
    }

    fn most_urgent(&self) -> Option<usize> {
        let order = |(index, running): &(usize, &Running)| (running.urgency(), Reverse(*index));
        let ready = self
            .jobs
            .iter()
            .enumerate()
            .filter(|(_, running)| !running.held);
        let (index, _) = ready.min_by_key(order)?;
        Some(index)
    }

    fn advance(&mut self, index: usize) -> Result<Option<Finish>, String> {
        let dimensions = self.backend.dimensions();
        let limit = dimensions.cells as usize;
        if self.jobs[index].tokens.is_empty() {
            let job = &self.jobs[index].job;
            let room = limit.saturating_sub(job.limits.max_tokens as usize);
            let prompt = assemble(&job.prompt, self.backend, room)?;
            self.jobs[index].begin(prompt, self.backend);
        }
        let seq = match self.jobs[index].seq {
            Some(seq) => seq,
            None => self.acquire(index)?,
        };

        let mut held = self.slots.tokens(seq).len();
        let running = &mut self.jobs[index];
        if held == running.tokens.len() {
            let kept = self.boundaries.get(&running.tokens);
            // What is weighed is evaluated together with the token before it.
            if let Some(logits) = kept.filter(|_| running.weighed.is_empty()) {
                running.report_prompt(0, true);
                if running.job.limits.max_tokens == 0 {
                    return Ok(Some(Finish::Limit));
                }
                let choice = running.next_token(logits, self.backend)?;
                return Ok(self.take(index, choice, limit));
            }
            // The KV cache has the last token, but its logits are gone: only evaluating it again brings them back.
            held = held.saturating_sub(1);
            if !running.prefilled {
                running.usage.prompt.reused = held as u32;
            }
            self.slots.truncate(seq, held);
            self.backend.truncate(seq, held as u32).map_err(in_words)?;
        }

        let chunk_tokens = match self.jobs[index].job.priority {
            Priority::Action if self.keys_expected => self.short_chunk_tokens,
            _ => self.chunk_tokens,
        };
        let running = &self.jobs[index];
        // The last one leaves room for what is weighed.
        let room = dimensions.batch as usize - running.weighed.len();
        let chunk_len = chunk_tokens.min(room);
        let end = running.tokens.len().min(held + chunk_len);
        let complete = end == running.tokens.len();
        if complete && !running.weighed.is_empty() {
            return self.weigh(index, seq, held).map(Some);
        }
        let draft = self.draft(index, seq);
        let mut pass = running.tokens[held..end].to_vec();
        pass.extend_from_slice(draft.verified());
        self.evaluate(index, seq, held, &pass, 1 + draft.len)?;
        self.jobs[index].report_prompt(end - held, complete);
        if !complete {
            return Ok(None);
        }
        let (finish, accepted) = self.read_outputs(index, &draft, limit)?;
        if accepted < draft.len {
            let keep = end + accepted;
            self.slots.truncate(seq, keep);
            self.backend.truncate(seq, keep as u32).map_err(in_words)?;
        }
        Ok(finish)
    }

    /// What may follow a job's tokens, and how much of it the next pass shall verify.
    fn draft(&self, index: usize, seq: SeqId) -> Draft {
        let running = &self.jobs[index];
        let decodes = running.prefilled && self.slots.tokens(seq).len() + 1 == running.tokens.len();
        // What the user typed decides the tokens of the healed word, no matter what came before.
        if !running.job.limits.drafts || !decodes || !running.answer.forced().is_empty() {
            return Draft::default();
        }
        let Dimensions {
            cells,
            batch,
            sequences,
        } = self.backend.dimensions();
        let others = (0..sequences).map(SeqId).filter(|other| *other != seq);
        let mut proposal = self.drafts.propose(
            &running.tokens,
            others.map(|other| self.slots.tokens(other)),
        );
        let room = (cells as usize)
            .saturating_sub(running.tokens.len())
            .min(batch as usize);
        let usable = running.usable(&proposal.tokens, self.backend.vocabulary(), room);
        proposal.tokens.truncate(usable);
        let len = self.drafts.worthwhile(&proposal, &self.costs);
        // Nobody loses what he holds for the sake of a guess.
        let fits = self
            .slots
            .evictions(1 + len)
            .is_some_and(|evicted| evicted.is_empty());
        Draft {
            proposal,
            len: if fits { len } else { 0 },
        }
    }

    /// Takes a token from each output of the last pass, up to the first that `draft` did not foresee. Says whether the job ends,
    /// and how many tokens of the draft came true.
    fn read_outputs(
        &mut self,
        index: usize,
        Draft { proposal, len }: &Draft,
        limit: usize,
    ) -> Result<(Option<Finish>, usize), String> {
        let mut output = 0;
        loop {
            let running = &mut self.jobs[index];
            let logits = self.backend.logits(output);
            if running.usage.generated < running.boundaries() {
                self.boundaries.keep(&running.tokens, logits);
            }
            if running.job.limits.max_tokens == 0 {
                return Ok((Some(Finish::Limit), output));
            }
            let choice = running.next_token(logits, self.backend)?;
            let guess = proposal.tokens.get(output);
            let came_true = guess == Some(&choice.token);
            if guess.is_some() {
                self.drafts.learn(proposal.matched + output, came_true);
            }
            let verified = came_true && output < *len;
            running.usage.drafted += u32::from(verified);
            let finish = self.take(index, choice, limit);
            output += usize::from(verified);
            if finish.is_some() || !verified {
                return Ok((finish, output));
            }
        }
    }

    /// Appends a generated token, reports its text, and says whether the job ends with it.
    fn take(
        &mut self,
        index: usize,
        Choice { token, probability }: Choice,
        limit: usize,
    ) -> Option<Finish> {
        let vocabulary = self.backend.vocabulary();
        let running = &mut self.jobs[index];
        running.usage.generated += 1;
        if vocabulary.is_end(token) {
            return Some(Finish::EndOfText);
        }
        running.tokens.push(token);
        let mut text = running.answer.push(vocabulary.bytes(token));
        let full = running.lines.cut(&mut text, running.job.limits.max_lines);
        if !text.is_empty()
            && running
                .events
                .send(Event::Text { text, probability })
                .is_err()
        {
            return Some(Finish::Cancelled);
        }
        let out_of_room = running.usage.generated >= running.job.limits.max_tokens
            || running.tokens.len() >= limit;
        (full || out_of_room).then_some(Finish::Limit)
    }

    /// Frees the sequence of the least urgent other job; that job waits until it gets one again.
    fn take_from_another(&mut self, index: usize) -> Result<(), String> {
        let others = self
            .jobs
            .iter_mut()
            .enumerate()
            .filter(|(i, other)| *i != index && other.seq.is_some());
        let victim = others.max_by_key(|(i, other)| (other.urgency(), Reverse(*i)));
        let seq = victim.and_then(|(_, victim)| victim.seq.take());
        self.slots.release(
            seq.ok_or("The KV cache is too small for one prompt. Raise `engine.context_tokens`.")?,
        );
        Ok(())
    }

    fn evaluate(
        &mut self,
        index: usize,
        seq: SeqId,
        start: usize,
        tokens: &[Token],
        outputs: usize,
    ) -> Result<(), String> {
        while !self.make_room(tokens.len())? {
            self.take_from_another(index)?;
        }
        match self.backend.evaluate(seq, start as u32, tokens, outputs) {
            Ok(()) => {}
            // Our count says that there is room, so the cells are fragmented: give up all that idle slots hold, once.
            Err(EvaluateError::CacheFull) => {
                self.slots
                    .idle()
                    .into_iter()
                    .try_for_each(|seq| self.cut(seq, 0))?;
                self.backend
                    .evaluate(seq, start as u32, tokens, outputs)
                    .map_err(in_words)?;
            }
            Err(error) => return Err(in_words(error)),
        }
        self.slots.extend(seq, tokens);
        Ok(())
    }

    fn finish(&mut self, index: usize, finish: Finish) {
        let running = self.jobs.remove(index);
        if let Some(seq) = running.seq {
            self.slots.release(seq);
        }
        let _ = running.events.send(Event::Finished {
            finish,
            usage: running.usage,
        });
    }
}

/// A guess, of which the first `len` tokens are verified in a pass.
#[derive(Default)]
struct Draft {
    proposal: Proposal,
    len: usize,
}

impl Draft {
    fn verified(&self) -> &[Token] {
        &self.proposal.tokens[..self.len]
    }
}

impl Running {
    /// How urgent the job is now: once the lines are there that the user waits for, the rest may take its time.
    fn urgency(&self) -> Priority {
        match self.job.priority {
            Priority::Typing if self.lines.are_enough(&self.job.limits) => Priority::Prefetch,
            priority => priority,
        }
    }

    /// Nobody types on where an action ends: it takes no place from those who do.
    fn boundaries(&self) -> u32 {
        match self.job.priority {
            Priority::Action => 0,
            _ => BOUNDARIES_OF_A_JOB,
        }
    }

    /// How many tokens of a guess the job could use, with `room` for so many more tokens. A token that would end it need not be
    /// verified, because nothing is wanted behind it.
    fn usable(&self, guess: &[Token], vocabulary: &Vocabulary, room: usize) -> usize {
        let Limits {
            max_tokens,
            max_lines,
            ..
        } = self.job.limits;
        let left = max_tokens.saturating_sub(self.usage.generated) as usize;
        let mut lines = self.lines.clone();
        let goes_on = |token: &&Token| {
            let mut text = String::from_utf8_lossy(vocabulary.bytes(**token)).into_owned();
            !vocabulary.is_end(**token) && !lines.cut(&mut text, max_lines)
        };
        let guess = guess.iter().take(left.min(room).saturating_sub(1));
        guess.take_while(goes_on).count()
    }

    /// The token that goes on the answer, given the `logits` of what follows.
    fn next_token(&self, logits: &[f32], backend: &dyn Backend) -> Result<Choice, String> {
        let forced = self.answer.forced();
        let usual_first = match std::str::from_utf8(forced) {
            Ok(text) if !text.is_empty() => backend.tokenize(text).first().copied(),
            _ => None,
        };
        let demands = Demands {
            forced,
            usual_first,
            may_end: !self.job.limits.says_something || self.lines.has_text,
            avoided: self.answer.avoided(),
        };
        choose(logits, backend.vocabulary(), demands).ok_or_else(|| {
            "The model gave no usable probabilities; the file may be damaged. Check it with `tacit models verify`.".to_owned()
        })
    }

    /// Counts and reports what has been evaluated of the prompt; nothing more once it was `complete`.
    fn report_prompt(&mut self, evaluated: usize, complete: bool) {
        if !self.prefilled {
            self.usage.prompt.evaluated += evaluated as u32;
            self.prefilled = complete;
            let _ = self.events.send(Event::Prefilled(self.usage.prompt));
        }
    }
}

/// The lines of an answer so far.
#[derive(Clone, Default)]
pub(super) struct Lines {
    /// Those that a line feed has ended, blank ones at the answer's beginning not counted.
    ended: u32,
    has_text: bool,
}

impl Lines {
    /// Whether those are there that the user waits for.
    pub(super) fn are_enough(&self, limits: &Limits) -> bool {
        limits
            .urgent_lines
            .is_some_and(|waited_for| self.ended >= waited_for)
    }

    /// Cuts `text`, which goes on the answer, before the line feed that makes `max` lines full; says whether it did.
    pub(super) fn cut(&mut self, text: &mut String, max: Option<u32>) -> bool {
        for (at, c) in text.char_indices() {
            self.has_text |= !c.is_whitespace();
            if c == '\n' && self.has_text {
                self.ended += 1;
                if max.is_some_and(|max| self.ended >= max) {
                    text.truncate(at);
                    return true;
                }
            }
        }
        false
    }
}

/// Long and short chunks, as the latency that a user is promised by default allows: all windows share the engine, whatever each is set to.
fn chunk_tokens(costs: &PassCosts) -> (usize, usize) {
    let target_ms = CompletionConfig::default().latency_target_ms;
    let budget = Budget::new(costs, target_ms);
    (
        budget.chunk_tokens as usize,
        budget.short_chunk_tokens as usize,
    )
}

fn in_words(error: EvaluateError) -> String {
    format!("The model could not be run: {error}.")
}

#[cfg(test)]
mod tests;
