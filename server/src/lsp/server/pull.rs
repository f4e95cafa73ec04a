//! A model that is not on this machine: asks the user, downloads it if he says so, stops when he says so. Never downloads
//! unasked, and asks once more before it takes a model from the mirror, where the hub cannot be reached.

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
use crate::models::pull::{Mirror, MirrorOffer, PullFailure, human_bytes};

/// The command that downloads the model that is missing.
pub const PULL_COMMAND: &str = "tacit.pullModel";

const DOWNLOAD: &str = "Download";
const USE_MIRROR: &str = "Use the mirror";
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
            if session.agrees(question, DOWNLOAD, &sentence).await {
                session.pull_model(Mirror::NotAllowed);
            }
        });
    }

    /// Begins to download the model, unless that is being done.
    pub fn pull_model(self: &Arc<Self>, mirror: Mirror) {
        let Ok(terms) = self.terms() else { return };
        let mut pull = lock(&self.pull);
        if pull.as_ref().is_some_and(|pull| !pull.is_finished()) {
            return;
        }
        let pulling = terms.completer.pull_model(mirror);
        let session = self.clone();
        *pull = Some(self.spawn(async move {
            match pulling.await {
                Ok(()) => {}
                Err(PullFailure::Mirror(offer)) => session.offer_mirror(*offer),
                Err(PullFailure::Failed(reason)) => {
                    let told = format!("tacit: {reason}");
                    session.editor.show_message(MessageType::Error, told).await;
                }
            }
        }));
    }

    /// Asks the user whether the model may come from the mirror. The pull has ended: as long as there is no answer, the command begins
    /// another one.
    fn offer_mirror(self: &Arc<Self>, offer: MirrorOffer) {
        let session = self.clone();
        self.spawn(async move {
            let question = format!("tacit: {} Use this mirror?", offer.facts());
            if session
                .agrees(question, USE_MIRROR, &offer.to_string())
                .await
            {
                session.pull_model(Mirror::Allowed);
            }
        });
    }

    /// Whether the user answers a question with `yes`; no answer is none. Not every editor can ask its user something: there he is
    /// shown `instead`, which says what he can do.
    async fn agrees(&self, question: String, yes: &str, instead: &str) -> bool {
        let actions =
            [yes, NOT_NOW].map(|title| MessageActionItem::new(title.to_owned(), HashMap::new()));
        // Without a time limit: it is a person who answers.
        let answer = self
            .editor
            .show_message_request(MessageType::Info, question, Some(actions.into()))
            .await;
        match answer {
            Ok(action) => action.is_some_and(|action| action.title == yes),
            Err(_) => {
                let told = format!("tacit: {instead}");
                self.editor.show_message(MessageType::Info, told).await;
                false
            }
        }
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
