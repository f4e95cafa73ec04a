//! `$/progress` of work that takes long: begun with the client's leave, reported ten times a second at most, ended.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;
use tower_lsp::Client;
use tower_lsp::gen_lsp_types::{
    ProgressNotification, ProgressParams, ProgressToken, WorkDoneProgressBegin,
    WorkDoneProgressEnd, WorkDoneProgressReport,
};

use super::CLIENT_PATIENCE;

/// No more than ten times a second: nobody reads faster.
pub const INTERVAL: Duration = Duration::from_millis(100);

/// Of this process; tokens are never used twice.
static NUMBER: AtomicU32 = AtomicU32::new(1);

/// A progress in the client that its user can cancel.
pub struct Progress {
    client: Client,
    /// `None` if the client does not want it.
    token: Option<String>,
    said: watch::Sender<String>,
    reports: tokio::task::JoinHandle<()>,
}

/// Says how far the work is. Never waits.
pub struct Teller(watch::Sender<String>);

impl Teller {
    pub fn tell(&self, message: &str) {
        self.0.send_replace(message.to_owned());
    }
}

impl Progress {
    /// Asks the client for its leave first. `prefix` tells the kinds of work apart.
    pub async fn begin_cancellable(
        client: &Client,
        is_wanted: bool,
        prefix: &str,
        title: String,
    ) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let token = format!("{prefix}{number}");
        let token = match is_wanted {
            true => with_leave(client, token).await,
            false => None,
        };
        let begin = WorkDoneProgressBegin {
            title,
            cancellable: Some(true),
            message: None,
            percentage: None,
        };
        send(client, token.as_deref(), begin).await;
        let (said, heard) = watch::channel(String::new());
        let reports = tokio::spawn(report(client.clone(), token.clone(), heard));
        Self {
            client: client.clone(),
            token,
            said,
            reports,
        }
    }

    pub fn token(&self) -> Option<String> {
        self.token.clone()
    }

    pub fn teller(&self) -> Teller {
        Teller(self.said.clone())
    }

    pub async fn end(self) {
        self.reports.abort();
        let end = WorkDoneProgressEnd { message: None };
        send(&self.client, self.token.as_deref(), end).await;
    }
}

async fn report(client: Client, token: Option<String>, mut said: watch::Receiver<String>) {
    let mut last = Instant::now();
    while said.changed().await.is_ok() {
        tokio::time::sleep(INTERVAL.saturating_sub(last.elapsed())).await;
        last = Instant::now();
        let message = said.borrow_and_update().clone();
        let report = WorkDoneProgressReport {
            cancellable: Some(true),
            message: Some(message),
            percentage: None,
        };
        send(&client, token.as_deref(), report).await;
    }
}

/// The token, if the client takes it.
pub async fn with_leave(client: &Client, token: String) -> Option<String> {
    let create = client.create_work_done_progress(ProgressToken::String(token.clone()));
    let created = tokio::time::timeout(CLIENT_PATIENCE, create).await;
    matches!(created, Ok(Ok(()))).then_some(token)
}

/// Sends `value` with the token; nothing without one.
pub async fn send(client: &Client, token: Option<&str>, value: impl Serialize) {
    if let Some(token) = token {
        let (token, value) = (ProgressToken::String(token.to_owned()), json!(value));
        client
            .send_notification::<ProgressNotification>(ProgressParams { token, value })
            .await;
    }
}
