//! `$/progress` of work that takes long: begun with the client's leave, reported ten times a second at most, ended.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tower_lsp::gen_lsp_types::{WorkDoneProgressBegin, WorkDoneProgressReport};

use super::CLIENT_PATIENCE;
use crate::lsp::editor::Editor;

/// No more than ten times a second: nobody reads faster.
pub const INTERVAL: Duration = Duration::from_millis(100);

/// Of this process; tokens are never used twice.
static NUMBER: AtomicU32 = AtomicU32::new(1);

/// A progress in the client that its user can cancel.
pub struct Progress {
    editor: Editor,
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
        editor: &Editor,
        is_wanted: bool,
        prefix: &str,
        title: String,
    ) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let token = format!("{prefix}{number}");
        let token = match is_wanted {
            true => with_leave(editor, token).await,
            false => None,
        };
        let begin = WorkDoneProgressBegin {
            title,
            cancellable: Some(true),
            message: None,
            percentage: None,
        };
        if let Some(token) = &token {
            editor.begin_progress(token, begin).await;
        }
        let (said, heard) = watch::channel(String::new());
        let reports = tokio::spawn(report(editor.clone(), token.clone(), heard));
        Self {
            editor: editor.clone(),
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
        if let Some(token) = &self.token {
            self.editor.end_progress(token).await;
        }
    }
}

async fn report(editor: Editor, token: Option<String>, mut said: watch::Receiver<String>) {
    let Some(token) = token else { return };
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
        editor.report_progress(&token, report).await;
    }
}

/// The token, if the client takes it.
pub async fn with_leave(editor: &Editor, token: String) -> Option<String> {
    let created = tokio::time::timeout(CLIENT_PATIENCE, editor.create_progress(&token)).await;
    matches!(created, Ok(Ok(()))).then_some(token)
}
