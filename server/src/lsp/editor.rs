//! The only way to the editor for notifications and requests of ours. Nothing else holds the client, so no text reaches a person without
//! going through [`display`]: one line, no control signs, no links, not too long.
//!
//! Answers to the editor's requests go another way (the handlers return them): titles come from [`Offer::title`](crate::actions::Offer::title),
//! errors are made fit by the [transport](super::transport).

use serde::Serialize;
use serde_json::{Value, json};
use tower_lsp::Client;
use tower_lsp::gen_lsp_types::{
    ApplyWorkspaceEditResult, ConfigurationItem, MessageActionItem, MessageType,
    ProgressNotification, ProgressParams, ProgressToken, Registration, ShowDocumentParams,
    WorkDoneProgressBegin, WorkDoneProgressEnd, WorkDoneProgressReport, WorkspaceEdit,
};
use tower_lsp::jsonrpc::Result;

use super::own::{LongerNotification, LongerParams, StatusNotification, StatusParams};
use crate::display;

/// The editor, as far as we speak without being asked. Cheap to clone.
#[derive(Clone)]
pub struct Editor(Client);

impl Editor {
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    pub async fn show_message(&self, kind: MessageType, text: impl AsRef<str>) {
        self.0
            .show_message(kind, display::message(text.as_ref()))
            .await;
    }

    /// Waits for the person, without a time limit.
    pub async fn show_message_request(
        &self,
        kind: MessageType,
        text: impl AsRef<str>,
        actions: Option<Vec<MessageActionItem>>,
    ) -> Result<Option<MessageActionItem>> {
        let text = display::message(text.as_ref());
        self.0.show_message_request(kind, text, actions).await
    }

    pub async fn create_progress(&self, token: &str) -> Result<()> {
        let token = ProgressToken::String(token.to_owned());
        self.0.create_work_done_progress(token).await
    }

    pub async fn begin_progress(&self, token: &str, begin: WorkDoneProgressBegin) {
        let begin = WorkDoneProgressBegin {
            title: display::message(&begin.title),
            message: begin.message.as_deref().map(display::message),
            ..begin
        };
        self.progress(token, begin).await;
    }

    pub async fn report_progress(&self, token: &str, report: WorkDoneProgressReport) {
        let report = WorkDoneProgressReport {
            message: report.message.as_deref().map(display::message),
            ..report
        };
        self.progress(token, report).await;
    }

    pub async fn end_progress(&self, token: &str) {
        self.progress(token, WorkDoneProgressEnd { message: None })
            .await;
    }

    async fn progress(&self, token: &str, value: impl Serialize) {
        let (token, value) = (ProgressToken::String(token.to_owned()), json!(value));
        self.0
            .send_notification::<ProgressNotification>(ProgressParams { token, value })
            .await;
    }

    pub async fn tell_status(&self, status: StatusParams) {
        let status = StatusParams {
            model: display::message(&status.model),
            detail: display::message(&status.detail),
            ..status
        };
        self.0.send_notification::<StatusNotification>(status).await;
    }

    pub async fn tell_longer(&self, longer: LongerParams) {
        self.0.send_notification::<LongerNotification>(longer).await;
    }

    pub async fn register(&self, registrations: Vec<Registration>) -> Result<()> {
        self.0.register_capability(registrations).await
    }

    pub async fn configuration(&self, items: Vec<ConfigurationItem>) -> Result<Vec<Value>> {
        self.0.configuration(items).await
    }

    pub async fn apply_edit(&self, edit: WorkspaceEdit) -> Result<ApplyWorkspaceEditResult> {
        self.0.apply_edit(edit).await
    }

    pub async fn show_document(&self, document: ShowDocumentParams) -> Result<bool> {
        self.0.show_document(document).await
    }
}
