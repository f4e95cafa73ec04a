//! One completion, from what the user has on the screen to what he is shown.

mod asked;
mod below;
pub(crate) mod brackets;
mod cache;
mod completer;
mod extent;
mod generation;
mod guesses;
mod indent;
mod misfit;
mod needs;
mod post;
mod rhythm;
mod rules;
mod scope;
mod show;
pub(crate) mod site;
pub(crate) mod stop;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::context::Source;
use crate::documents::Snapshot;
use crate::engine;
use crate::history::History;
use crate::models::pull::{Mirror, PullFailure};
use crate::stats::Stats;

pub use completer::{Comparison, Completer};
pub use rules::{Rule, Rules};
pub use show::LIKELY_ENOUGH;

/// What is asked for: text at a place of a document.
#[derive(Debug, Clone)]
pub struct Request {
    pub snapshot: Snapshot,
    /// Byte offset in the snapshot.
    pub cursor: usize,
    pub trigger: Trigger,
    pub selected: Option<Selected>,
    /// The workspace folder that holds the file.
    pub workspace: Option<PathBuf>,
}

/// Who wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The user, by a key made for it: the whole answer is worth waiting for.
    Invoked,
    /// The editor, after a key: what is sure before the next key counts.
    Automatic,
    /// The editor, after a key, for a menu that will not ask again before the next one: the line has to be whole.
    Menu,
    /// A program that waits for a line: an evaluation, or an editor that asks again.
    Line,
}

impl Trigger {
    /// Nobody has asked for it but by typing.
    pub fn is_typing(self) -> bool {
        matches!(self, Self::Automatic | Self::Menu)
    }
}

/// The entry that is selected in the completion menu while inline completions are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// Bytes of the snapshot that the entry would replace.
    pub range: Range<usize>,
    pub text: String,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    pub text: String,
    /// Bytes of the snapshot that the text replaces. Contains the cursor.
    pub replace: Range<usize>,
    /// Whether it is good enough to be shown.
    pub shown: bool,
    /// How likely the model found its first line, from 0 to 1.
    pub probability: f32,
    /// It is what was sure in time, and more is on its way: see [`Trigger::Line`].
    pub is_partial: bool,
    /// Why it is shown or not, for a person.
    pub reason: String,
    /// The rules without which it would be another one.
    pub rules: Vec<Rule>,
    pub metrics: Metrics,
    /// What the model was shown.
    pub context: Vec<ContextPiece>,
    /// The prompt as text, special tokens by their names.
    pub prompt: String,
}

impl Completion {
    /// No text, for a reason that a person understands.
    pub fn hidden(cursor: usize, reason: &str) -> Self {
        Self {
            text: String::new(),
            replace: cursor..cursor,
            shown: false,
            probability: 0.0,
            is_partial: false,
            reason: reason.to_owned(),
            rules: Vec::new(),
            metrics: Metrics::default(),
            context: Vec::new(),
            prompt: String::new(),
        }
    }
}

/// A part of a file that the model was shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContextPiece {
    /// Relative to the workspace.
    pub path: String,
    /// Counted from 1, both inclusive.
    pub start_line: usize,
    pub end_line: usize,
    pub tokens: u32,
    /// What found it; nothing has to find the window around the cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    pub reason: String,
}

/// What an answer cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    pub prompt_tokens_evaluated: u32,
    pub prompt_tokens_reused: u32,
    pub tokens_generated: u32,
    pub draft_tokens_accepted: u32,
    /// From the request to the first character of the answer, 0 without one.
    pub first_token_ms: f64,
    /// From the request to the end of the answer's first line.
    pub first_line_ms: f64,
    pub total_ms: f64,
    /// An earlier answer fitted; the model was not asked.
    pub from_cache: bool,
    pub model: String,
}

/// Whoever completes.
pub trait Complete: Send + Sync + 'static {
    /// Dropping the future cancels the work.
    fn complete(&self, request: Request) -> BoxFuture<'static, Completion>;
    fn status(&self) -> watch::Receiver<engine::Status>;
    /// Downloads the model that is [`Missing`](engine::Status::Missing), and loads it. Dropping the future cancels the download;
    /// what has arrived is kept.
    fn pull_model(&self, mirror: Mirror) -> BoxFuture<'static, Result<(), PullFailure>>;
    fn stats(&self) -> Stats;
    /// What the user does with the answers is told here. Asked for once, when a session begins; by default it is forgotten with it.
    fn history(&self) -> Arc<History> {
        Arc::default()
    }
    /// A document was closed: what is kept for it can go.
    fn closed(&self, uri: &str);
}
