//! An engine that has yet to be found: its model file may have to be read from end to end first, or is not there at all.
//! Nobody waits for that but the jobs that need it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OnceCell, mpsc, watch};

use super::{Engine, Event, Finish, Job, JobHandle, Status, Usage};

/// After a failure, jobs get the same answer for this long before the next try.
const RETRY_PAUSE: Duration = Duration::from_secs(3);

/// Finds an engine; may block. The error is a sentence for the user.
type Open = Box<dyn Fn() -> Result<Arc<dyn Engine>, String> + Send + Sync>;

/// See [module docs](self).
pub struct DeferredEngine(Arc<Inner>);

struct Inner {
    open: Open,
    engine: OnceCell<Arc<dyn Engine>>,
    failure: Mutex<Option<(Instant, String)>>,
    status: watch::Sender<Status>,
}

impl DeferredEngine {
    /// `open` runs on a thread of its own, when the engine is first needed, within the tokio runtime; it is tried again after a failure.
    pub fn new(open: impl Fn() -> Result<Arc<dyn Engine>, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            open: Box::new(open),
            engine: OnceCell::new(),
            failure: Mutex::new(None),
            status: watch::Sender::new(Status::Stopped),
        }))
    }

    /// Opens the engine and loads its model before there is a job. Has to be called within a tokio runtime.
    pub fn warm_up(&self) {
        let inner = self.0.clone();
        tokio::spawn(async move {
            if let Ok(engine) = inner.engine().await {
                engine.warm_up();
            }
        });
    }
}

impl Engine for DeferredEngine {
    fn submit(&self, job: Job) -> JobHandle {
        if let Some(engine) = self.0.engine.get() {
            return engine.submit(job);
        }
        let (events, receiver) = mpsc::unbounded_channel();
        let inner = self.0.clone();
        let task = tokio::spawn(async move {
            match inner.engine().await {
                Ok(engine) => {
                    let mut handle = engine.submit(job);
                    while let Some(event) = handle.next().await {
                        let _ = events.send(event);
                    }
                }
                Err(reason) => {
                    let finish = Finish::Failed(reason);
                    let _ = events.send(Event::Finished {
                        finish,
                        usage: Usage::default(),
                    });
                }
            }
        });
        JobHandle::new(receiver, move || task.abort())
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.0.status.subscribe()
    }

    fn warm_up(&self) {
        Self::warm_up(self);
    }
}

impl Inner {
    async fn engine(self: &Arc<Self>) -> Result<Arc<dyn Engine>, String> {
        let open = || async {
            if let Some((when, reason)) = self.failure().clone()
                && when.elapsed() < RETRY_PAUSE
            {
                return Err(reason);
            }
            let inner = self.clone();
            let opened = tokio::task::spawn_blocking(move || (inner.open)()).await;
            let opened = opened.unwrap_or_else(|_| {
                Err("The engine could not be started because of a bug in tacit.".to_owned())
            });
            match &opened {
                Ok(engine) => self.follow(engine.status()),
                Err(reason) => {
                    *self.failure() = Some((Instant::now(), reason.clone()));
                    self.status.send_replace(Status::Failed(reason.clone()));
                }
            }
            opened
        };
        self.engine.get_or_try_init(open).await.cloned()
    }

    /// From now on our status is the engine's.
    fn follow(self: &Arc<Self>, mut status: watch::Receiver<Status>) {
        let inner = self.clone();
        tokio::spawn(async move {
            loop {
                let now = status.borrow_and_update().clone();
                inner.status.send_replace(now);
                if status.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    fn failure(&self) -> std::sync::MutexGuard<'_, Option<(Instant, String)>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
