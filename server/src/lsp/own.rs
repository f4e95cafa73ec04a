//! Messages that are tacit's own, and those that it takes over from Copilot's language server.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_lsp::gen_lsp_types::{
    LspNotificationMethod, MessageDirection, Notification, TextDocumentIdentifier,
};

use crate::completion::{ContextPiece, Metrics};
use crate::engine;
use crate::lsp::PULL_COMMAND;
use crate::models::pull::human_bytes;

/// `tacit/status`, for status bars: sent whenever one of its fields changes.
pub enum StatusNotification {}

impl Notification for StatusNotification {
    type Params = StatusParams;
    const METHOD: LspNotificationMethod<'static> = LspNotificationMethod::new("tacit/status");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusParams {
    /// `stopped`, `loading`, `ready`, `missing` (a model that can be downloaded), `pulling` or `failed`.
    pub state: String,
    /// The name of the model that is loaded, missing or being downloaded, else empty.
    pub model: String,
    /// A sentence or a few words for a tooltip.
    pub detail: String,
}

impl From<&engine::Status> for StatusParams {
    fn from(status: &engine::Status) -> Self {
        let (state, model, detail) = match status {
            engine::Status::Stopped => (
                "stopped",
                "",
                "The model is loaded with the next completion.".to_owned(),
            ),
            engine::Status::Loading { progress } => (
                "loading",
                "",
                format!("Loading the model, {}%", percent(*progress)),
            ),
            engine::Status::Ready(info) => ("ready", info.model.as_str(), info.device.clone()),
            engine::Status::Missing { model, .. } => (
                "missing",
                model.as_str(),
                format!(
                    "The model {model} is not on this machine. Download it with the command {PULL_COMMAND}, or with `tacit models pull {model}` in a shell."
                ),
            ),
            engine::Status::Pulling {
                model,
                done,
                bytes,
                mirror,
            } => (
                "pulling",
                model.as_str(),
                format!(
                    "Downloading the model, {}",
                    downloaded(*done, *bytes, mirror.as_deref())
                ),
            ),
            engine::Status::Failed(reason) => ("failed", "", reason.clone()),
        };
        Self {
            state: state.to_owned(),
            model: model.to_owned(),
            detail,
        }
    }
}

/// `tacit/longer`: the last suggestion was what was sure in time; there is more now. A client that asks again gets it at once.
/// Not sent if the document has changed since.
pub enum LongerNotification {}

impl Notification for LongerNotification {
    type Params = LongerParams;
    const METHOD: LspNotificationMethod<'static> = LspNotificationMethod::new("tacit/longer");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongerParams {
    pub uri: String,
    /// Of the document that the suggestion was made for.
    pub version: i32,
}

/// A fraction as a percentage; anything that is no fraction becomes the nearest.
pub fn percent(fraction: f32) -> u32 {
    (fraction.clamp(0.0, 1.0) * 100.0) as u32
}

/// How much of the whole is there, as a percentage.
pub fn percent_of(done: u64, bytes: u64) -> u32 {
    percent(done as f32 / bytes.max(1) as f32)
}

/// How far a download is, for people: "12 MB of 492 MB", or "12 MB" where the whole is unknown; and from which mirror it comes.
pub fn downloaded(done: u64, bytes: Option<u64>, mirror: Option<&str>) -> String {
    let mut words = human_bytes(Some(done));
    if bytes.is_some() {
        words += &format!(" of {}", human_bytes(bytes));
    }
    if let Some(mirror) = mirror {
        words += &format!(" from the Python package index ({mirror})");
    }
    words
}

/// Params of `tacit/explain`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainParams {
    pub text_document: TextDocumentIdentifier,
}

/// Answer of `tacit/explain`: why the last request in a document got this suggestion or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Version of the document that was completed.
    pub version: i32,
    pub shown: bool,
    pub reason: String,
    pub text: String,
    pub metrics: Metrics,
    /// Which parts of which files the model was shown, and why.
    pub context: Vec<ContextPiece>,
    /// Exactly what the model read.
    pub prompt: String,
}

/// Params of Copilot's `textDocument/didShowCompletion`. The item is one of ours; only its command is looked at.
#[derive(Debug, Deserialize)]
pub struct DidShowCompletionParams {
    pub item: Value,
}

/// Params of Copilot's `textDocument/didPartiallyAcceptCompletion`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DidPartiallyAcceptCompletionParams {
    pub item: Value,
    /// UTF-16 code units from the start of the item's insertText.
    pub accepted_length: usize,
}
