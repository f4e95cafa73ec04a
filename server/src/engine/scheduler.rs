//! Decides what the back end does next. Owns the jobs and their slots; does no I/O and has no clock: [`Scheduler::step`] does one
//! chunk or one token of work and returns, so that whoever drives it can look for cancellations and newer jobs in between.
//!
//! A job is the list of tokens that its sequence shall hold: the prompt, then what was generated. Whatever of that list the
//! sequence lacks is evaluated, chunk by chunk; when nothing is lacking, the logits give the next token of the list. A job that loses
//! its sequence to another therefore goes on where it was as soon as it gets one again.

use tokio::sync::mpsc::UnboundedSender;

use super::{
    Event, Finish, Job, Priority, PromptUsage, Usage,
    assemble::assemble,
    backend::{Backend, EvaluateError, SeqId, Token},
    sampling::{Answer, Choice, choose},
    slots::Slots,
};

/// Tokens evaluated between two looks for something more urgent. On two cores a 0.5B model takes 0.4 s for them, at 0.86 of the
/// speed of chunks of 128 or 256; chunks of 32 have 0.65 of it (`tacit bench decode`).
const CHUNK_TOKENS: usize = 64;

pub type JobId = u64;

/// What [`Scheduler::step`] did.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// There is no job.
    Idle,
    Worked,
}

pub struct Scheduler<'b> {
    backend: &'b mut dyn Backend,
    slots: Slots,
    jobs: Vec<Running>,
}

struct Running {
    id: JobId,
    job: Job,
    events: UnboundedSender<Event>,
    /// What the sequence shall hold. Empty until the job's first step.
    tokens: Vec<Token>,
    seq: Option<SeqId>,
    answer: Answer,
    lines: Lines,
    usage: Usage,
    /// All of the prompt has been evaluated.
    prefilled: bool,
}

impl<'b> Scheduler<'b> {
    pub fn new(backend: &'b mut dyn Backend) -> Self {
        let dimensions = backend.dimensions();
        Self {
            backend,
            slots: Slots::new(dimensions.sequences, dimensions.cells),
            jobs: Vec::new(),
        }
    }

    /// Takes a job. An older one of the same document and priority ends.
    pub fn submit(&mut self, id: JobId, job: Job, events: UnboundedSender<Event>) {
        let replaced =
            |old: &Running| old.job.document == job.document && old.job.priority == job.priority;
        if let Some(old) = self.jobs.iter().position(replaced) {
            self.finish(old, Finish::Cancelled);
        }
        let answer = Answer::new(&job.prompt.healed);
        self.jobs.push(Running {
            id,
            job,
            events,
            tokens: Vec::new(),
            seq: None,
            answer,
            lines: Lines::default(),
            usage: Usage::default(),
            prefilled: false,
        });
    }

    /// Ends a job; what was computed stays in its slot. Unknown ids are fine: the job may just have ended.
    pub fn cancel(&mut self, id: JobId) {
        if let Some(index) = self.jobs.iter().position(|running| running.id == id) {
            self.finish(index, Finish::Cancelled);
        }
    }

    /// Ends all jobs, with the same word for each.
    pub fn finish_all(&mut self, finish: Finish) {
        while !self.jobs.is_empty() {
            self.finish(0, finish.clone());
        }
    }

    /// How urgent the job is that the next step would work at.
    pub fn urgency(&self) -> Option<Priority> {
        self.next().map(|index| self.jobs[index].job.priority)
    }

    /// Ends the job that the next step would work at.
    pub fn finish_next(&mut self, finish: Finish) {
        if let Some(index) = self.next() {
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

    /// The most urgent job; among equals the newest, because that is where the user looks.
    fn next(&self) -> Option<usize> {
        let urgency = |(index, running): &(usize, &Running)| {
            (running.job.priority, std::cmp::Reverse(*index))
        };
        let next = self.jobs.iter().enumerate().min_by_key(urgency);
        next.map(|(index, _)| index)
    }

    /// One chunk of a prompt or one token of an answer.
    pub fn step(&mut self) -> Step {
        let Some(index) = self.next() else {
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

    fn advance(&mut self, index: usize) -> Result<Option<Finish>, String> {
        let dimensions = self.backend.dimensions();
        let limit = dimensions.cells as usize;
        if self.jobs[index].tokens.is_empty() {
            let job = &self.jobs[index].job;
            let room = limit.saturating_sub(job.limits.max_tokens as usize);
            self.jobs[index].tokens = assemble(&job.prompt, self.backend, room)?;
        }
        let seq = match self.jobs[index].seq {
            Some(seq) => seq,
            None => self.acquire(index)?,
        };

        let held = self.slots.tokens(seq).len();
        let chunk_len = CHUNK_TOKENS.min(dimensions.batch as usize);
        let running = &self.jobs[index];
        let end = running.tokens.len().min(held + chunk_len);
        let chunk = running.tokens[held..end].to_vec();
        self.evaluate(index, seq, held, &chunk)?;
        let running = &mut self.jobs[index];
        if !running.prefilled {
            running.usage.prompt.evaluated += chunk.len() as u32;
            let _ = running.events.send(Event::Prefilled(running.usage.prompt));
        }
        if end < running.tokens.len() {
            return Ok(None);
        }
        running.prefilled = true;
        let forced = running.answer.forced();
        let usual_first = std::str::from_utf8(forced)
            .ok()
            .and_then(|text| self.backend.tokenize(text).first().copied());
        let choice = choose(self.backend.logits(0), self.backend.vocabulary(), forced, usual_first)
            .ok_or("The model gave no usable probabilities; the file may be damaged. Check it with `tacit models verify`.")?;
        Ok(self.take(index, choice, limit))
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

    /// Gives the job a sequence that holds the longest beginning of its tokens. A job that is less urgent loses its own if need be.
    fn acquire(&mut self, index: usize) -> Result<SeqId, String> {
        let (seq, reused) = loop {
            let running = &self.jobs[index];
            match self.slots.acquire(&running.job.document, &running.tokens) {
                Some(acquired) => break acquired,
                None => self.take_from_another(index)?,
            }
        };
        self.jobs[index].seq = Some(seq);
        self.slots.truncate(seq, reused);
        self.backend
            .truncate(seq, reused as u32)
            .map_err(in_words)?;
        let running = &mut self.jobs[index];
        if !running.prefilled {
            running.usage.prompt = PromptUsage {
                reused: reused as u32,
                evaluated: 0,
            };
        }
        Ok(seq)
    }

    /// Frees the sequence of the least urgent other job; that job waits until it gets one again.
    fn take_from_another(&mut self, index: usize) -> Result<(), String> {
        let others = self
            .jobs
            .iter_mut()
            .enumerate()
            .filter(|(i, other)| *i != index && other.seq.is_some());
        let victim = others.max_by_key(|(i, other)| (other.job.priority, std::cmp::Reverse(*i)));
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
    ) -> Result<(), String> {
        let evicted = loop {
            match self.slots.evictions(tokens.len()) {
                Some(evicted) => break evicted,
                None => self.take_from_another(index)?,
            }
        };
        evicted.into_iter().try_for_each(|seq| self.empty(seq))?;
        match self.backend.evaluate(seq, start as u32, tokens, 1) {
            Ok(()) => {}
            // Our count says that there is room, so the cells are fragmented: give up all that idle slots hold, once.
            Err(EvaluateError::CacheFull) => {
                self.slots
                    .idle()
                    .into_iter()
                    .try_for_each(|seq| self.empty(seq))?;
                self.backend
                    .evaluate(seq, start as u32, tokens, 1)
                    .map_err(in_words)?;
            }
            Err(error) => return Err(in_words(error)),
        }
        self.slots.extend(seq, tokens);
        Ok(())
    }

    fn empty(&mut self, seq: SeqId) -> Result<(), String> {
        self.slots.truncate(seq, 0);
        self.backend.truncate(seq, 0).map_err(in_words)
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

/// The lines of an answer so far.
#[derive(Default)]
struct Lines {
    /// Those that a line feed has ended, blank ones at the answer's beginning not counted.
    ended: u32,
    has_text: bool,
}

impl Lines {
    /// Cuts `text`, which goes on the answer, before the line feed that makes `max` lines full; says whether it did.
    fn cut(&mut self, text: &mut String, max: Option<u32>) -> bool {
        let Some(max) = max else { return false };
        for (at, c) in text.char_indices() {
            self.has_text |= !c.is_whitespace();
            if c == '\n' && self.has_text {
                self.ended += 1;
                if self.ended >= max {
                    text.truncate(at);
                    return true;
                }
            }
        }
        false
    }
}

fn in_words(error: EvaluateError) -> String {
    format!("The model could not be run: {error}.")
}

#[cfg(test)]
mod tests;
