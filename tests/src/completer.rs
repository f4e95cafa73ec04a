//! A completer that does what a test says, without a model.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tacit::completion::{Complete, Completion, Request};
use tacit::engine::Status;
use tacit::models::pull::{Mirror, PullFailure};
use tacit::stats::Stats;
use tokio::sync::{oneshot, watch};

pub type Answer = Pin<Box<dyn Future<Output = Completion> + Send>>;

/// Answers each request as its closure says, and counts what happens.
pub struct Scripted {
    script: Box<dyn Fn(Request) -> Answer + Send + Sync>,
    pub status: watch::Sender<Status>,
    requests: AtomicU64,
    running: Arc<AtomicUsize>,
    pub closed: Mutex<Vec<String>>,
    /// For each pull that was asked for, what was allowed, and what ends it. Closed once the pull is cancelled.
    pub pulls: Mutex<Vec<Pull>>,
}

/// What was allowed of a pull, and what ends it.
pub type Pull = (Mirror, oneshot::Sender<Result<(), PullFailure>>);

impl Scripted {
    pub fn new<F>(script: impl Fn(Request) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Completion> + Send + 'static,
    {
        Arc::new(Self {
            script: Box::new(move |request| Box::pin(script(request))),
            status: watch::Sender::new(Status::Stopped),
            requests: AtomicU64::new(0),
            running: Arc::default(),
            closed: Mutex::default(),
            pulls: Mutex::default(),
        })
    }

    /// Answers at once with the version and the length of the document it was asked about.
    pub fn echo() -> Arc<Self> {
        Self::new(|request| async move {
            let text = format!(
                "v{} {}",
                request.snapshot.version.0,
                request.snapshot.rope.len_bytes()
            );
            insertion(&request, &text)
        })
    }

    /// Never answers.
    pub fn hanging() -> Arc<Self> {
        Self::new(|_| std::future::pending())
    }

    /// Requests whose future has been made and is neither done nor dropped.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    /// Waits until no request is running. A task that is aborted drops its future a moment later, on the thread that runs it.
    ///
    /// # Panics
    /// If that takes a second.
    pub async fn rested(&self) {
        let rest = async {
            while self.running() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(1), rest).await;
        assert!(waited.is_ok(), "{} requests run on", self.running());
    }
}

/// A suggestion that inserts `text` at the cursor.
pub fn insertion(request: &Request, text: &str) -> Completion {
    Completion {
        text: text.to_owned(),
        replace: request.cursor..request.cursor,
        shown: true,
        ..Completion::hidden(request.cursor, "the test says so")
    }
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Complete for Scripted {
    fn complete(&self, request: Request) -> Answer {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.running.fetch_add(1, Ordering::SeqCst);
        let running = Running(self.running.clone());
        let answer = (self.script)(request);
        Box::pin(async move {
            let _running = running;
            answer.await
        })
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    fn pull_model(
        &self,
        mirror: Mirror,
    ) -> Pin<Box<dyn Future<Output = Result<(), PullFailure>> + Send>> {
        let (end, ended) = oneshot::channel();
        self.pulls.lock().expect("pulls").push((mirror, end));
        Box::pin(async move { ended.await.expect("the test ends its pulls") })
    }

    fn stats(&self) -> Stats {
        Stats {
            requests: self.requests.load(Ordering::SeqCst),
            engine_pid: Some(4711),
            ..Stats::default()
        }
    }

    fn closed(&self, uri: &str) {
        if let Ok(mut closed) = self.closed.lock() {
            closed.push(uri.to_owned());
        }
    }
}
