//! A model that is not on this machine: asks the user, downloads it if he says so, stops when he says so. Never downloads
//! unasked.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;
use tower_lsp::gen_lsp_types::{
    MessageActionItem, MessageType, ProgressToken, WorkDoneProgressCancelParams,
};

use super::status::PULL_TOKENS;
use super::{Server, Session, lock};
use crate::engine::Status;
use crate::lsp::own::StatusParams;
use crate::models::pull::human_bytes;

/// The command that downloads the model that is missing.
pub const PULL_COMMAND: &str = "tacit.pullModel";

const DOWNLOAD: &str = "Download";
const NOT_NOW: &str = "Not now";

impl Session {
    /// Asks the user as soon as a model is missing. Once in a session: whoever said no has the command.
    pub fn offer_pull(self: &Arc<Self>, mut status: watch::Receiver<Status>) {
        let session = self.clone();
        self.spawn(async move {
            let is_missing = |status: &Status| matches!(status, Status::Missing { .. });
            let Ok(missing) = status.wait_for(is_missing).await.map(|now| now.clone()) else {
                return;
            };
            let sentence = StatusParams::from(&missing).detail;
            let Status::Missing { model, bytes } = missing else {
                return;
            };
            let size = bytes.map_or(String::new(), |_| format!(" ({})", human_bytes(bytes)));
            let question = format!(
                "tacit needs the model {model}{size}, which is not on this machine. Download it now?"
            );
            let actions = [DOWNLOAD, NOT_NOW]
                .map(|title| MessageActionItem::new(title.to_owned(), HashMap::new()));
            // Without a time limit: it is a person who answers.
            let answer = session
                .editor
                .show_message_request(MessageType::Info, question, Some(actions.into()))
                .await;
            match answer {
                Ok(Some(action)) if action.title == DOWNLOAD => session.pull_model(),
                Ok(_) => {}
                // Not every editor can ask its user something.
                Err(_) => {
                    let told = format!("tacit: {sentence}");
                    session.editor.show_message(MessageType::Info, told).await;
                }
            }
        });
    }

    /// Begins to download the model, unless that is being done.
    pub fn pull_model(self: &Arc<Self>) {
        let Ok(terms) = self.terms() else { return };
        let mut pull = lock(&self.pull);
        if pull.as_ref().is_some_and(|pull| !pull.is_finished()) {
            return;
        }
        let pulling = terms.completer.pull_model();
        let editor = self.editor.clone();
        *pull = Some(self.spawn(async move {
            if let Err(reason) = pulling.await {
                editor
                    .show_message(MessageType::Error, format!("tacit: {reason}"))
                    .await;
            }
        }));
    }
}

impl Server {
    pub(super) async fn cancel_progress(&self, params: WorkDoneProgressCancelParams) {
        let ProgressToken::String(token) = params.token else {
            return;
        };
        if token.starts_with(PULL_TOKENS)
            && let Some(pull) = lock(&self.0.pull).take()
        {
            pull.abort();
        }
        self.0.running.cancel(&token);
    }
}
