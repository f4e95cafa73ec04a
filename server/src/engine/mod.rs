//! The engine turns a [`Prompt`] into text. This module owns the vocabulary that its users share: jobs go in, events come
//! out, dropping the handle cancels. Who runs the model (a thread of this process, or the shared engine process) is the
//! implementor's business and nobody else's.

mod assemble;
pub mod backend;
mod boundaries;
pub mod budget;
pub mod calibration;
pub mod connection;
pub mod costs;
pub mod cpu;
pub mod deferred;
mod drafts;
pub mod endpoint;
pub mod host;
pub mod idle_work;
pub mod launch;
#[cfg(feature = "llama")]
pub mod llama;
pub mod load;
pub mod local;
pub mod memory;
pub mod offload;
pub mod private;
pub mod recovery;
pub mod remote;
pub(crate) mod sampling;
mod scheduler;
mod shelf;
mod slots;
pub mod states;
pub mod toy;
pub mod verified;
pub mod wire;
pub mod yielding;

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

use self::costs::PassCosts;
use crate::models::pull::{Mirror, PullFailure};
use crate::prompt::{Prompt, chat::ChatTemplate};

/// One request for text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Jobs with the same key continue one another: they share a KV sequence, and a newer one replaces an older one.
    /// Opaque to the engine; clients build it from their own identity and the document's.
    pub document: String,
    pub prompt: Prompt,
    pub priority: Priority,
    pub limits: Limits,
    /// Instead of an answer: how likely is this text behind the prompt and its healed text, which are taken as the tokenizer cuts them?
    /// [`Event::Weighed`] tells it, and nothing is generated.
    pub weighed: Option<String>,
}

/// What yields to what: a job is preempted at the next chunk or token by one that stands before it here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Priority {
    Typing,
    Action,
    Prefetch,
    Indexing,
}

/// Where generation ends at the latest. End-of-text and FIM tokens always end it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Limits {
    /// Tokens generated at most, those that only repeat the healed word included. 0 evaluates the prompt and no more, so that
    /// the next job that begins with it has its first token at once.
    pub max_tokens: u32,
    /// Ends before the line feed that ends the n-th line; blank lines at the beginning do not count.
    pub max_lines: Option<u32>,
    /// So many lines are waited for; from then on a [`Priority::Typing`] job goes on as [`Priority::Prefetch`].
    pub urgent_lines: Option<u32>,
    /// The answer does not end before it has said something: the line before the cursor is known to go on.
    pub says_something: bool,
    /// Whether several tokens may be verified per pass. The text is the same either way; off, one can measure what it saves.
    pub drafts: bool,
}

/// So many tokens of a text are weighed: one pass over as many costs about four of a single token, and what comes behind them says little
/// more (`server/docs/quality.md`).
pub const WEIGHED_TOKENS: usize = 8;

/// What a job reports, in this order: some `Prefilled`, some `Text` or one `Weighed`, one `Finished`. `Finished` may come at any time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// What of the prompt is in the KV cache so far; sent after each chunk.
    Prefilled(PromptUsage),
    /// The next characters of the answer, whole characters only, the healed word not repeated.
    Text {
        text: String,
        probability: f32,
    },
    /// How likely the text of [`Job::weighed`] is: the natural logarithm of the product over its first [`WEIGHED_TOKENS`] tokens.
    Weighed {
        log_probability: f32,
    },
    Finished {
        finish: Finish,
        usage: Usage,
    },
}

/// Why a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Finish {
    /// The model said so.
    EndOfText,
    /// One of the job's [`Limits`].
    Limit,
    /// Its handle was dropped, a newer job of the same document came, or the engine went away in an orderly way.
    Cancelled,
    /// For the user, in words: what happened and what to do.
    Failed(String),
}

/// Tokens of a prompt: those whose KV entries were there already, and those that had to be evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptUsage {
    pub reused: u32,
    pub evaluated: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub prompt: PromptUsage,
    pub generated: u32,
    /// Generated tokens that came from accepted drafts.
    pub drafted: u32,
}

impl Usage {
    /// What both cost together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            prompt: PromptUsage {
                reused: self.prompt.reused + other.prompt.reused,
                evaluated: self.prompt.evaluated + other.prompt.evaluated,
            },
            generated: self.generated + other.generated,
            drafted: self.drafted + other.drafted,
        }
    }
}

/// What the engine is doing, for status bars and for those who wait until it is ready.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Status {
    /// No engine runs; the next job starts it.
    Stopped,
    /// Reading the weights; `progress` from 0 to 1.
    Loading {
        progress: f32,
    },
    Ready(EngineInfo),
    /// The model is not on this machine, but [`Engine::pull_model`] gets it. Its length in bytes, where that is known.
    Missing {
        model: String,
        bytes: Option<u64>,
    },
    /// The model is being downloaded: so many bytes are here, and so many will be.
    Pulling {
        model: String,
        done: u64,
        bytes: Option<u64>,
        /// Which packages of whom it comes from, where that is the mirror.
        mirror: Option<String>,
    },
    /// Cannot work; the text tells the user why and what to do.
    Failed(String),
}

/// What runs, where, with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EngineInfo {
    /// Process that holds the weights.
    pub pid: u32,
    /// The model's name in the catalogue, else its file name.
    pub model: String,
    /// Tokens that one prompt and its answer may have together.
    pub context_tokens: u32,
    /// The CPU variant of the back end and the devices in use, e.g. "CPU (icelake: AVX-512, VNNI)".
    pub device: String,
    /// What a forward pass costs here.
    pub costs: PassCosts,
    /// What conversations are framed with; `None` if the model is not made for them, or has a template that is not understood.
    pub chat: Option<ChatTemplate>,
}

/// A running job. Dropping it cancels the job: the engine stops within one chunk, and what was computed stays cached.
pub struct JobHandle {
    events: mpsc::UnboundedReceiver<Event>,
    cancel: CancelOnDrop,
    hold: Hold,
    observer: Option<Observer>,
}

type Observer = Box<dyn FnMut(&Event) + Send>;

/// Told `true`, the engine leaves a job alone from the next chunk on, with all that it has computed of it; told `false`, it goes
/// on as if nothing had been.
pub type Hold = Arc<dyn Fn(bool) + Send + Sync>;

impl JobHandle {
    /// `cancel` runs when the handle is dropped, also after the job has ended.
    pub fn new(
        events: mpsc::UnboundedReceiver<Event>,
        cancel: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self {
            events,
            cancel: CancelOnDrop(Some(Box::new(cancel))),
            hold: Arc::new(|_| {}),
            observer: None,
        }
    }

    /// With what holds the job; without it, nothing does.
    pub fn with_hold(self, hold: impl Fn(bool) + Send + Sync + 'static) -> Self {
        Self {
            hold: Arc::new(hold),
            ..self
        }
    }

    /// Holds the job, and lets it go on.
    pub fn hold(&self) -> Hold {
        self.hold.clone()
    }

    /// `observer` sees each event just before [`Self::next`] returns it, and is dropped with the handle.
    pub fn observed(self, observer: impl FnMut(&Event) + Send + 'static) -> Self {
        Self {
            observer: Some(Box::new(observer)),
            ..self
        }
    }

    /// Cancels the job, and lets its last events come: what it has cost is in [`Event::Finished`].
    pub fn cancel(&mut self) {
        self.cancel.run();
    }

    /// The next event; `None` after [`Event::Finished`].
    pub async fn next(&mut self) -> Option<Event> {
        let event = self.events.recv().await?;
        if let Some(observer) = &mut self.observer {
            observer(&event);
        }
        Some(event)
    }
}

struct CancelOnDrop(Option<Box<dyn FnOnce() + Send>>);

impl CancelOnDrop {
    fn run(&mut self) {
        if let Some(cancel) = self.0.take() {
            cancel()
        }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.run();
    }
}

/// Something that runs jobs: a thread of this process, or a connection to the engine process.
pub trait Engine: Send + Sync + 'static {
    /// Never blocks. A failure arrives as [`Finish::Failed`].
    fn submit(&self, job: Job) -> JobHandle;
    fn status(&self) -> watch::Receiver<Status>;
    /// Loads the model before there is a job, where it is not loaded. Never blocks.
    fn warm_up(&self);
    /// What process `pid` computes is no load for this engine: it is an engine that gives way to this one. Most have no use for that.
    fn disregard(&self, _pid: u32) {}
    /// Downloads the model that is [`Status::Missing`], and loads it; does nothing where the model is here, as it is with most
    /// engines. Dropping the future cancels the download; what has arrived is kept.
    fn pull_model(&self, _mirror: Mirror) -> BoxFuture<'static, Result<(), PullFailure>> {
        async { Ok(()) }.boxed()
    }
}
