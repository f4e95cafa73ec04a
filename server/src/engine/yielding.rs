//! Two engines that share a processor: the jobs of one are held while somebody waits for what he types in the other. Within one
//! engine priorities do the same. Owns who waits and who is held; knows nothing of models.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::{Engine, Event, Finish, Job, JobHandle, Priority, Status, Usage, scheduler::Lines};

/// How many typing jobs somebody waits for.
#[derive(Debug, Clone, Default)]
pub struct Typing(watch::Sender<usize>);

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
    pub fn new(engine: Arc<dyn Engine>, typing: Typing) -> Self {
        Self { engine, typing }
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
                Event::Prefilled(_) => false,
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

    fn pull_model(&self) -> BoxFuture<'static, Result<(), String>> {
        self.engine.pull_model()
    }
}

/// Says why the model must not be loaded now, in a sentence for the user.
pub type Admission = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The engine that gives way.
pub struct YieldingEngine {
    engine: Arc<dyn Engine>,
    typing: Typing,
    admission: Admission,
}

impl YieldingEngine {
    /// `admission` is asked before a job that would load the model.
    pub fn new(engine: Arc<dyn Engine>, typing: Typing, admission: Admission) -> Self {
        Self {
            engine,
            typing,
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
        let mut typing = self.typing.0.subscribe();
        let hold = handle.hold();
        let mut held = *typing.borrow_and_update() > 0;
        if held {
            hold(true);
        }
        let follow = tokio::spawn(async move {
            while typing.changed().await.is_ok() {
                let wanted = *typing.borrow_and_update() > 0;
                if wanted != held {
                    held = wanted;
                    hold(held);
                }
            }
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
