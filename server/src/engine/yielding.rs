//! Two engines that share a processor: the jobs of one are held while somebody waits for what he types in the other. Within one
//! engine priorities do the same. Owns who waits and who is held; knows nothing of models.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use super::{
    Engine, Event, Finish, Hold, Job, JobHandle, Priority, Status, Usage, local::QUIET,
    scheduler::Lines,
};
use crate::models::pull::{Mirror, PullFailure};

/// How many typing jobs somebody waits for.
#[derive(Debug, Clone, Default)]
struct Typing(watch::Sender<usize>);

impl Typing {
    fn begin(&self) -> Waiting {
        self.0.send_modify(|waiting| *waiting += 1);
        Waiting(self.0.clone())
    }
}

/// Somebody waits until this is dropped.
struct Waiting(watch::Sender<usize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

/// The engine that goes first. Tells the other when somebody waits.
pub struct TypingEngine {
    engine: Arc<dyn Engine>,
    typing: Typing,
}

impl TypingEngine {
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self {
            engine,
            typing: Typing::default(),
        }
    }
}

impl Engine for TypingEngine {
    fn submit(&self, job: Job) -> JobHandle {
        if job.priority != Priority::Typing {
            return self.engine.submit(job);
        }
        let limits = job.limits.clone();
        let mut lines = Lines::default();
        let mut waiting = Some(self.typing.begin());
        self.engine.submit(job).observed(move |event| {
            let over = match event {
                Event::Prefilled(_) | Event::Weighed { .. } => false,
                Event::Text { text, .. } => {
                    lines.cut(&mut text.clone(), None);
                    lines.are_enough(&limits)
                }
                Event::Finished { .. } => true,
            };
            if over {
                drop(waiting.take());
            }
        })
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.engine.status()
    }

    fn warm_up(&self) {
        self.engine.warm_up();
    }

    fn disregard(&self, pid: u32) {
        self.engine.disregard(pid);
    }

    fn pull_model(&self, mirror: Mirror) -> BoxFuture<'static, Result<(), PullFailure>> {
        self.engine.pull_model(mirror)
    }
}

/// Says why the model must not be loaded now, in a sentence for the user.
pub type Admission = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The engine that gives way.
pub struct YieldingEngine {
    engine: Arc<dyn Engine>,
    first: Arc<TypingEngine>,
    admission: Admission,
}

impl YieldingEngine {
    /// Gives way to `first`. `admission` is asked before a job that would load the model.
    pub fn new(engine: Arc<dyn Engine>, first: Arc<TypingEngine>, admission: Admission) -> Self {
        Self {
            engine,
            first,
            admission,
        }
    }

    fn is_loaded(&self) -> bool {
        matches!(
            *self.engine.status().borrow(),
            Status::Ready(_) | Status::Loading { .. }
        )
    }
}

impl Engine for YieldingEngine {
    /// Has to be called within a tokio runtime.
    fn submit(&self, job: Job) -> JobHandle {
        if !self.is_loaded()
            && let Err(reason) = (self.admission)()
        {
            return failed(reason);
        }
        let handle = self.engine.submit(job);
        let typing = self.first.typing.0.subscribe();
        let hold = handle.hold();
        let held = *typing.borrow() > 0;
        if held {
            hold(true);
        }
        let (first, status) = (self.first.clone(), self.engine.status());
        let follow = tokio::spawn(async move {
            tokio::join!(introduce(status, first), give_way(typing, hold, held));
        });
        let follow = AbortOnDrop(follow);
        handle.observed(move |_| {
            let _until_the_handle_is_dropped = &follow;
        })
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.engine.status()
    }

    fn warm_up(&self) {
        if self.is_loaded() || (self.admission)().is_ok() {
            self.engine.warm_up();
        }
    }
}

/// Tells the engine that goes first which process gives way to it, as soon as that is known.
async fn introduce(mut status: watch::Receiver<Status>, first: Arc<TypingEngine>) {
    let ready = status.wait_for(|status| matches!(status, Status::Ready(_)));
    if let Ok(Status::Ready(info)) = ready.await.as_deref() {
        first.disregard(info.pid);
    }
}

/// Holds a job while somebody types, and for [`QUIET`] after that. `held`: whether it is, to begin with.
async fn give_way(mut typing: watch::Receiver<usize>, hold: Hold, mut held: bool) {
    loop {
        let waiting = *typing.borrow_and_update() > 0;
        if waiting && !held {
            held = true;
            hold(true);
        }
        let changed = typing.changed();
        if waiting || !held {
            if changed.await.is_err() {
                return;
            }
        } else if !matches!(timeout(QUIET, changed).await, Ok(Ok(()))) {
            held = false;
            hold(false);
        }
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A job that ends before it began.
fn failed(reason: String) -> JobHandle {
    let (events, receiver) = mpsc::unbounded_channel();
    let finish = Finish::Failed(reason);
    // The receiver is here, so this cannot fail.
    let _ = events.send(Event::Finished {
        finish,
        usage: Usage::default(),
    });
    JobHandle::new(receiver, || {})
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, time::Duration};

    use super::*;
    use crate::{
        engine::{
            Limits,
            local::{LocalEngine, LocalSettings},
            toy::{ToyLoader, ToySettings},
        },
        prompt::{Prompt, Segment, Special},
    };

    /// Long enough for a busy machine.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn toy(token_ms: u64) -> Arc<dyn Engine> {
        let settings = ToySettings {
            token_time: Duration::from_millis(token_ms),
            ..ToySettings::default()
        };
        let loader = Box::new(ToyLoader(settings));
        Arc::new(LocalEngine::start(loader, LocalSettings::default()).unwrap())
    }

    fn engines() -> (Arc<TypingEngine>, YieldingEngine) {
        let first = Arc::new(TypingEngine::new(toy(1)));
        let second = YieldingEngine::new(toy(1), first.clone(), Box::new(|| Ok(())));
        (first, second)
    }

    fn job(priority: Priority, max_tokens: u32) -> Job {
        let segments = [
            Segment::Special(Special::FimMiddle),
            Segment::Text("let foo bar".repeat(10)),
        ];
        Job {
            document: "a".into(),
            prompt: Prompt {
                segments: segments.into(),
                healed: String::new(),
                avoided: Vec::new(),
            },
            priority,
            limits: Limits {
                max_tokens,
                max_lines: None,
                urgent_lines: None,
                says_something: true,
                drafts: true,
            },
            weighed: None,
        }
    }

    async fn next(job: &mut JobHandle) -> Event {
        let event = timeout(PATIENCE, job.next()).await;
        event
            .expect("an event in time")
            .expect("a job ends with how it finished")
    }

    /// What is still to come of the answer, and how it ended.
    async fn rest(job: &mut JobHandle) -> (String, Finish) {
        let mut answer = String::new();
        loop {
            match next(job).await {
                Event::Prefilled(_) | Event::Weighed { .. } => {}
                Event::Text { text, .. } => answer.push_str(&text),
                Event::Finished { finish, .. } => return (answer, finish),
            }
        }
    }

    #[tokio::test]
    async fn an_action_waits_while_somebody_types_and_says_the_same() {
        let undisturbed = rest(&mut toy(0).submit(job(Priority::Action, 60))).await;
        let (first, second) = engines();
        let mut action = second.submit(job(Priority::Action, 60));
        assert!(matches!(next(&mut action).await, Event::Prefilled(_)));
        let mut typing = first.submit(job(Priority::Typing, 200));
        assert_eq!(*first.typing.0.borrow(), 1);
        // What was on its way when the key came may still arrive.
        let mut answer = String::new();
        while let Ok(Some(event)) = timeout(Duration::from_millis(50), action.next()).await {
            match event {
                Event::Text { text, .. } => answer.push_str(&text),
                Event::Prefilled(_) | Event::Weighed { .. } => {}
                Event::Finished { .. } => panic!("it was not held"),
            }
        }
        assert_ne!(rest(&mut typing).await.1, Finish::Cancelled);
        let (text, finish) = rest(&mut action).await;
        assert_eq!((answer + &text, finish), undisturbed);
    }

    #[tokio::test]
    async fn a_job_that_comes_while_somebody_types_waits_from_the_start() {
        let (first, second) = engines();
        let typing = first.submit(job(Priority::Typing, 4000));
        let mut action = second.submit(job(Priority::Action, 2));
        let held = timeout(Duration::from_millis(300), async {
            while !matches!(action.next().await, Some(Event::Text { .. })) {}
        });
        assert!(held.await.is_err(), "it was not held");
        // Nobody waits any more.
        drop(typing);
        assert_eq!(rest(&mut action).await.1, Finish::Limit);
    }

    #[tokio::test]
    async fn only_what_somebody_waits_for_counts() {
        let (first, _) = engines();
        let waiting = first.typing.0.subscribe();
        let prefetch = first.submit(job(Priority::Prefetch, 10));
        assert_eq!(*waiting.borrow(), 0);
        drop(prefetch);
        let mut typing = job(Priority::Typing, 2000);
        typing.limits.urgent_lines = Some(0);
        let mut typing = first.submit(typing);
        assert_eq!(*waiting.borrow(), 1);
        while !matches!(next(&mut typing).await, Event::Text { .. }) {}
        assert_eq!(*waiting.borrow(), 0, "its lines are there");
        let mut short = first.submit(job(Priority::Typing, 1));
        assert_eq!(*waiting.borrow(), 1);
        rest(&mut short).await;
        assert_eq!(
            *waiting.borrow(),
            0,
            "it has ended, though its handle lives"
        );
    }

    #[tokio::test]
    async fn a_model_that_does_not_fit_is_not_loaded() {
        let answer = Arc::new(Mutex::new(Err("It does not fit.".to_owned())));
        let asked = answer.clone();
        let admission: Admission = Box::new(move || asked.lock().unwrap().clone());
        let engine = YieldingEngine::new(toy(0), engines().0, admission);
        let refused = rest(&mut engine.submit(job(Priority::Action, 2))).await;
        assert_eq!(refused.1, Finish::Failed("It does not fit.".into()));
        engine.warm_up();
        assert_eq!(*engine.status().borrow(), Status::Stopped);
        *answer.lock().unwrap() = Ok(());
        assert_eq!(
            rest(&mut engine.submit(job(Priority::Action, 2))).await.1,
            Finish::Limit
        );
        // It is loaded now, so nothing is asked.
        *answer.lock().unwrap() = Err("Nor now.".to_owned());
        assert_eq!(
            rest(&mut engine.submit(job(Priority::Action, 2))).await.1,
            Finish::Limit
        );
    }
}
