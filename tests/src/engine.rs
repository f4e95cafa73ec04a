//! An engine that says what a test says, when it says it, without a model.

use std::sync::Arc;

use tacit::engine::{
    Engine, EngineInfo, Event, Finish, Job, JobHandle, Status, Usage, costs::PassCosts,
};
use tacit::prompt::chat::ChatTemplate;
use tokio::sync::{mpsc, watch};

use crate::client::PATIENCE;

/// Hands each job to the test.
pub struct ScriptedEngine {
    status: watch::Sender<Status>,
    jobs: mpsc::UnboundedSender<Talk>,
}

/// A job that waits for its answer.
pub struct Talk {
    pub job: Job,
    events: mpsc::UnboundedSender<Event>,
    cancelled: watch::Receiver<bool>,
}

impl ScriptedEngine {
    /// It loads until [`ScriptedEngine::be_ready`], and sends its jobs to the receiver.
    pub fn loading() -> (Arc<Self>, mpsc::UnboundedReceiver<Talk>) {
        let (jobs, received) = mpsc::unbounded_channel();
        let status = watch::Sender::new(Status::Loading { progress: 0.5 });
        (Arc::new(Self { status, jobs }), received)
    }

    pub fn be_ready(&self) {
        let role = |name: &str| format!("<{name}>");
        self.status.send_replace(Status::Ready(EngineInfo {
            pid: std::process::id(),
            model: "scripted".to_owned(),
            context_tokens: 8192,
            device: "none".to_owned(),
            costs: PassCosts::default(),
            chat: Some(ChatTemplate {
                before_system: role("system"),
                before_user: role("user"),
                before_answer: role("assistant"),
                after_answer: role("user"),
            }),
        }));
    }

    pub fn fail(&self, reason: &str) {
        self.status.send_replace(Status::Failed(reason.to_owned()));
    }
}

impl Engine for ScriptedEngine {
    fn submit(&self, job: Job) -> JobHandle {
        let (events, receiver) = mpsc::unbounded_channel();
        let (cancel, cancelled) = watch::channel(false);
        let _ = self.jobs.send(Talk {
            job,
            events,
            cancelled,
        });
        JobHandle::new(receiver, move || {
            cancel.send_replace(true);
        })
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    fn warm_up(&self) {}
}

impl Talk {
    pub fn say(&self, text: &str) {
        let text = text.to_owned();
        let _ = self.events.send(Event::Text {
            text,
            probability: 0.9,
        });
    }

    /// Nothing comes behind that.
    pub fn finish(self, finish: Finish) {
        let usage = Usage::default();
        let _ = self.events.send(Event::Finished { finish, usage });
    }

    /// Waits until nobody wants the answer any more.
    pub async fn is_cancelled(&mut self) {
        let cancelled = self.cancelled.wait_for(|cancelled| *cancelled);
        let in_time = tokio::time::timeout(PATIENCE, cancelled).await;
        in_time.expect("the job is cancelled").expect("a handle");
    }
}
