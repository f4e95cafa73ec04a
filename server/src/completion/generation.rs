//! An answer on its way. A task of its own reads what the engine says, so that the answer lives on while requests come and go:
//! whoever asks next looks at what there is already. Owns the raw text and when there is enough of it; knows nothing of documents.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
};

use super::{
    ContextPiece,
    below::Weighing,
    guesses::{Guesses, Next, Parting},
    rules::Rule,
    scope::Scope,
    show,
    site::Site,
    stop::{self, Answer, Stop},
};
use crate::{
    engine::{Engine, Event, Finish, Job, JobHandle, Usage},
    stats::Stats,
};

/// A generation that nobody has seen anything of ends this long after the last request for it was dropped: as long as a slow typist
/// needs for the next key, whose request may want it again.
const ABANDONED_AFTER: Duration = Duration::from_millis(400);

/// What the engine has said so far.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    pub text: String,
    /// Where the tokens end in `text`, and how likely the model found each; those without text of their own are left out.
    pub tokens: Vec<TokenEnd>,
    /// Set once nothing more comes. [`Finish::Cancelled`] leaves a text that is right as far as it goes.
    pub finish: Option<Finish>,
    pub usage: Usage,
    /// The rule that ended the text: it is all that there is to say.
    pub stopped: Option<Rule>,
    /// The text is to fill an empty body, so all of it is offered if it is likely.
    pub is_block: bool,
    /// The rule that put another line in place of the one that the model would rather have written.
    pub guessed_again: Option<Rule>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenEnd {
    pub at: usize,
    pub probability: f32,
}

impl Progress {
    pub fn push(&mut self, text: &str, probability: f32) {
        // Whatever ends lines in the file: here it is the line feed.
        self.text.extend(text.chars().filter(|c| *c != '\r'));
        self.tokens.push(TokenEnd {
            at: self.text.len(),
            probability,
        });
    }

    /// Nothing counts that comes behind the first `end` bytes.
    fn end_at(&mut self, end: usize) {
        self.text.truncate(end);
        self.tokens
            .retain_mut(|token| token.at <= end || std::mem::replace(&mut token.at, end) < end);
        self.finish = Some(Finish::Cancelled);
    }
}

/// How much is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// The first line and what belongs to it: see [`show::enough`].
    Line,
    /// A block, while the user types: up to its end if that is near enough to be looked at.
    Block,
    /// As much as the job allows.
    Whole,
}

/// When there is enough of an answer.
pub struct Extent {
    amount: Amount,
    site: Site,
    scope: Option<Scope>,
    guesses: Guesses,
}

/// What the engine is to do next for the same answer.
#[derive(Debug)]
enum Step {
    /// Try another line.
    Guess(Parting),
    /// Tell how likely the code below is behind a line.
    Weigh(Weighing),
    /// Go on behind this text.
    GoOn(String),
}

impl Step {
    /// The job that does it, of `job`, which began the answer.
    fn of(self, job: &Job) -> Job {
        let mut job = job.clone();
        match self {
            Self::Guess(parting) => {
                job.limits.says_something &= parting.kept.trim().is_empty();
                job.prompt.healed += &parting.kept;
                job.prompt.avoided = parting.avoided;
            }
            Self::Weigh(weighing) => {
                job.prompt.healed += &weighing.line;
                job.weighed = Some(weighing.below);
            }
            Self::GoOn(text) => {
                job.prompt.take(&text);
                job.limits.says_something = false;
                let lines = text.trim_start().matches('\n').count() as u32;
                let left = |max: u32| max.saturating_sub(lines).max(1);
                job.limits.max_lines = job.limits.max_lines.map(left);
            }
        }
        job
    }
}

impl Extent {
    pub fn new(amount: Amount, mut site: Site) -> Self {
        // Lines behind the first are not shown then, but kept: whoever goes on outside of the block finds them.
        if amount == Amount::Line {
            site.rules = site.rules.without(Rule::Indentation);
        }
        // While a line is wanted, nobody asks where the block ends.
        let wants_scope = amount != Amount::Line && site.rules.contains(Rule::ScopeEnd);
        Self {
            amount,
            scope: wants_scope.then(|| Scope::new(&site)),
            guesses: Guesses::new(site.rules),
            site,
        }
    }

    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// Whether there is enough; what is beyond is cut off, and nothing more counts. `is_over`: the model has ended its answer.
    fn is_reached(&mut self, progress: &mut Progress, is_over: bool) -> bool {
        if let Some(Stop { at, rule }) = self.stop(&progress.text, is_over) {
            progress.end_at(at);
            progress.stopped = Some(rule);
            return true;
        }
        let end = match self.amount {
            _ if is_over || progress.finish.is_some() => None,
            Amount::Line => show::enough(&self.site, progress),
            Amount::Block => show::enough_of_block(progress),
            Amount::Whole => None,
        };
        if let Some(end) = end {
            progress.end_at(end);
        }
        progress.finish.is_some()
    }

    /// What is to be done before there is more of the answer, because the line at hand is compared with others; `progress` is as it was there.
    fn compare(&mut self, progress: &mut Progress, is_over: bool) -> Option<Step> {
        if self.guesses.are_settled() {
            return None;
        }
        let answer = Answer {
            text: &progress.text,
            is_over,
        };
        let stop = stop::end_of(&self.site, answer);
        // Elsewhere there is nothing to add, rather than something else.
        let is_wrong = |stop: &Stop| stop.rule == Rule::ChatTail || self.guesses.are_open();
        let is_nothing = |stop: &Stop| progress.text[..stop.at].trim().is_empty();
        if stop
            .as_ref()
            .is_some_and(|stop| is_wrong(stop) && is_nothing(stop))
        {
            let next = self.guesses.reject(&self.site, progress);
            return self.step(next, progress);
        }
        let whole = show::first_line(&self.site, progress);
        let end = whole.or(is_over.then_some(progress.text.len()))?;
        let next = self.guesses.look(&self.site, progress, end, is_over);
        self.step(next, progress)
    }

    /// The same, now that the code below has `log_probability` behind the line at hand.
    fn weighed(&mut self, progress: &mut Progress, log_probability: f32) -> Option<Step> {
        let next = self.guesses.weighed(&self.site, progress, log_probability);
        self.step(next, progress)
    }

    fn step(&mut self, next: Next, progress: &mut Progress) -> Option<Step> {
        let is_over = match next {
            Next::Keep => return None,
            Next::Guess(parting) => return Some(Step::Guess(parting)),
            Next::Weigh(weighing) => return Some(Step::Weigh(weighing)),
            Next::Take { is_over } => is_over,
        };
        if !is_over {
            // So that the line is known to be whole.
            progress.text.push('\n');
        }
        if self.is_reached(progress, is_over) {
            return None;
        }
        if self.amount == Amount::Line || is_over {
            progress.finish = Some(match is_over {
                true => Finish::EndOfText,
                false => Finish::Cancelled,
            });
            return None;
        }
        Some(Step::GoOn(progress.text.clone()))
    }

    fn stop(&mut self, text: &str, is_over: bool) -> Option<Stop> {
        let by_text = stop::end_of(&self.site, Answer { text, is_over });
        let line_is_whole = is_over || text.trim_end_matches([' ', '\t']).ends_with('\n');
        let by_parse = match &mut self.scope {
            Some(scope) if line_is_whole => scope.end(&self.site, text),
            _ => None,
        };
        let by_parse = by_parse.map(|at| Stop {
            at,
            rule: Rule::ScopeEnd,
        });
        by_text
            .into_iter()
            .chain(by_parse)
            .min_by_key(|stop| stop.at)
    }
}

/// See [module docs](self). Dropping the last reference stops it.
pub struct Generation {
    progress: Arc<watch::Sender<Progress>>,
    stop: Arc<Notify>,
    waiters: AtomicUsize,
    /// The prompt as text and what it is made of, to explain the answer later.
    pub prompt: String,
    pub context: Vec<ContextPiece>,
    pub is_whole: bool,
}

impl Generation {
    /// Submits `job` and reads its answer. Its tokens are counted in `stats`. Needs a tokio runtime.
    pub fn start(
        engine: Arc<dyn Engine>,
        job: Job,
        extent: Extent,
        context: Vec<ContextPiece>,
        stats: Arc<Mutex<Stats>>,
    ) -> Arc<Self> {
        let prompt = job.prompt.to_string();
        let handle = engine.submit(job.clone());
        let progress = Arc::new(watch::Sender::new(Progress {
            is_block: extent.amount == Amount::Block,
            ..Progress::default()
        }));
        let is_whole = extent.amount == Amount::Whole;
        let stop = Arc::new(Notify::new());
        let reader = Reader {
            engine,
            job,
            progress: progress.clone(),
            extent,
            stop: stop.clone(),
            stats,
            spent: Usage::default(),
        };
        tokio::spawn(reader.read(handle));
        Arc::new(Self {
            progress,
            stop,
            waiters: AtomicUsize::new(0),
            prompt,
            context,
            is_whole,
        })
    }

    pub fn progress(&self) -> watch::Ref<'_, Progress> {
        self.progress.borrow()
    }

    pub fn is_running(&self) -> bool {
        self.progress.borrow().finish.is_none()
    }

    /// Nothing more is wanted; what there is stays.
    pub fn stop(&self) {
        self.stop.notify_one();
        self.progress.send_modify(|progress| {
            progress.finish.get_or_insert(Finish::Cancelled);
        });
    }

    /// For as long as a request waits for this.
    pub fn wait(self: &Arc<Self>) -> Waiter {
        self.waiters.fetch_add(1, Ordering::Relaxed);
        Waiter {
            progress: self.progress.subscribe(),
            generation: self.clone(),
            served: false,
        }
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

/// A request that waits. Dropped before it was [served](Self::served), it takes the generation with it, unless another request
/// wants that soon.
pub struct Waiter {
    progress: watch::Receiver<Progress>,
    generation: Arc<Generation>,
    served: bool,
}

impl Waiter {
    pub fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    pub fn progress(&mut self) -> watch::Ref<'_, Progress> {
        self.progress.borrow_and_update()
    }

    /// Until there is more to look at. Never ready again once the generation has finished.
    pub async fn changed(&mut self) {
        if self.progress.changed().await.is_err() {
            std::future::pending().await
        }
    }

    /// The request got what it wanted: the generation goes on to its own end.
    pub fn served(mut self) {
        self.served = true;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let others = self.generation.waiters.fetch_sub(1, Ordering::Relaxed) - 1;
        if self.served || others > 0 || !self.generation.is_running() {
            return;
        }
        let generation = self.generation.clone();
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move {
                tokio::time::sleep(ABANDONED_AFTER).await;
                if generation.waiters.load(Ordering::Relaxed) == 0 {
                    generation.stop();
                }
            })),
            Err(_) => generation.stop(),
        }
    }
}

/// Reads what the engine says, of one job after the other, until there is enough.
struct Reader {
    engine: Arc<dyn Engine>,
    /// The first one.
    job: Job,
    progress: Arc<watch::Sender<Progress>>,
    extent: Extent,
    stop: Arc<Notify>,
    stats: Arc<Mutex<Stats>>,
    /// What the jobs cost that have ended.
    spent: Usage,
}

impl Reader {
    async fn read(mut self, mut handle: JobHandle) {
        while let Some(step) = self.read_job(handle).await {
            handle = self.engine.submit(step.of(&self.job));
        }
        self.progress.send_modify(|progress| {
            progress.finish.get_or_insert(Finish::Cancelled);
        });
    }

    /// Reads a job to its end, or to where another one is to go on.
    async fn read_job(&mut self, mut handle: JobHandle) -> Option<Step> {
        let mut tally = Tally::new(self.stats.clone());
        tally.goes_on = self.spent != Usage::default();
        let mut step = None;
        loop {
            let event = tokio::select! {
                event = handle.next() => event,
                () = self.stop.notified() => {
                    // What was computed until the engine hears of it counts too.
                    handle.cancel();
                    handle.next().await
                }
            };
            let Some(event) = event else { break };
            tally.count(&event);
            let usage = self.spent.plus(tally.usage());
            let mut enough = false;
            let (extent, job) = (&mut self.extent, &self.job);
            self.progress.send_modify(|progress| {
                if progress.finish.is_some() || step.is_some() {
                    return;
                }
                progress.usage = usage;
                match event {
                    Event::Prefilled(_) => {}
                    Event::Text { text, probability } => {
                        progress.push(&text, probability);
                        step = extent.compare(progress, false);
                        enough = step.is_some()
                            || progress.finish.is_some()
                            || extent.is_reached(progress, false);
                    }
                    Event::Weighed { log_probability } => {
                        step = extent.weighed(progress, log_probability);
                        enough = true;
                    }
                    Event::Finished { finish, usage } => {
                        let has_room = usage.generated < job.limits.max_tokens;
                        let ends_line =
                            finish == Finish::EndOfText || (finish == Finish::Limit && has_room);
                        if ends_line {
                            step = extent.compare(progress, true);
                        }
                        if step.is_none() && progress.finish.is_none() {
                            if finish == Finish::EndOfText {
                                extent.is_reached(progress, true);
                            }
                            progress.finish.get_or_insert(finish);
                        }
                    }
                }
            });
            if enough {
                handle.cancel();
            }
        }
        self.spent = self.spent.plus(tally.usage());
        // Nobody may want it any more.
        step.filter(|_| self.progress.borrow().finish.is_none())
    }
}

/// Counts what a job costs, as it does.
pub struct Tally {
    stats: Arc<Mutex<Stats>>,
    usage: Usage,
    /// When the engine had read the prompt, or written the last token.
    since: Option<Instant>,
    /// The job goes on with what another one has read for the same answer: it saves nobody anything that it has that prompt already.
    goes_on: bool,
}

impl Tally {
    pub fn new(stats: Arc<Mutex<Stats>>) -> Self {
        Self {
            stats,
            usage: Usage::default(),
            since: None,
            goes_on: false,
        }
    }

    pub fn count(&mut self, event: &Event) {
        let mut now = self.usage;
        let was_at = self.since.replace(Instant::now());
        let took = was_at.filter(|_| matches!(event, Event::Text { .. }));
        match event {
            Event::Prefilled(prompt) => now.prompt = *prompt,
            Event::Text { .. } => now.generated += 1,
            Event::Weighed { .. } => {}
            // An engine that was killed knows nothing of what it has done.
            Event::Finished { usage, .. } if *usage != Usage::default() => now = *usage,
            Event::Finished { .. } => {}
        }
        if self.goes_on {
            now.prompt.reused = 0;
        }
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.generating_us += took.map_or(0, |since| since.elapsed().as_micros() as u64);
        // What is reused may turn out to be less: a job that lost its place evaluates more.
        let add = |total: &mut u64, before: u32, now: u32| {
            *total = (*total + u64::from(now)).saturating_sub(before.into());
        };
        let (was, is) = (self.usage, now);
        add(
            &mut stats.prompt_tokens_evaluated,
            was.prompt.evaluated,
            is.prompt.evaluated,
        );
        add(
            &mut stats.prompt_tokens_reused,
            was.prompt.reused,
            is.prompt.reused,
        );
        add(&mut stats.tokens_generated, was.generated, is.generated);
        add(&mut stats.draft_tokens_accepted, was.drafted, is.drafted);
        self.usage = now;
    }

    pub fn usage(&self) -> Usage {
        self.usage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::PromptUsage;

    #[test]
    fn reading_the_prompt_is_not_generating() {
        let stats = Arc::<Mutex<Stats>>::default();
        let mut tally = Tally::new(stats.clone());
        let generating = || Duration::from_micros(stats.lock().unwrap().generating_us);
        let pause = Duration::from_millis(5);
        for _ in 0..2 {
            std::thread::sleep(pause);
            tally.count(&Event::Prefilled(PromptUsage::default()));
            assert_eq!(generating(), Duration::ZERO);
        }
        for tokens in 1..=2 {
            std::thread::sleep(pause);
            tally.count(&Event::Text {
                text: "a".to_owned(),
                probability: 1.0,
            });
            assert!(generating() >= pause * tokens);
        }
        let written = generating();
        std::thread::sleep(pause);
        tally.count(&Event::Finished {
            finish: Finish::EndOfText,
            usage: Usage::default(),
        });
        assert_eq!(generating(), written);
    }
}
