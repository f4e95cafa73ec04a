//! Tells the client what the engine does: `tacit/status` for status bars, `$/progress` while a model loads or is downloaded.

use tokio::sync::watch;
use tower_lsp::gen_lsp_types::{WorkDoneProgressBegin, WorkDoneProgressReport};

use super::progress::{INTERVAL, with_leave};
use crate::engine::Status;
use crate::lsp::editor::Editor;
use crate::lsp::own::{StatusParams, downloaded, percent, percent_of};

/// Begins the tokens of downloads, which the client may cancel.
pub const PULL_TOKENS: &str = "tacit/pull/";
const LOAD_TOKENS: &str = "tacit/load/";

/// Runs until the engine's end of the channel is gone. `with_progress`: the client takes `window/workDoneProgress/create`.
pub async fn forward(editor: Editor, mut status: watch::Receiver<Status>, with_progress: bool) {
    let mut told = None;
    let mut progress: Option<Progress> = None;
    let mut number = 0u32;
    loop {
        let now = status.borrow_and_update().clone();
        let params = StatusParams::from(&now);
        if told.as_ref() != Some(&params) {
            told = Some(params.clone());
            editor.tell_status(params).await;
        }
        let work = Work::of(&now).filter(|_| with_progress);
        let goes_on = |progress: &Progress| {
            work.as_ref()
                .is_some_and(|work| work.tokens == progress.tokens)
        };
        if let Some(over) = progress.take_if(|progress| !goes_on(progress)) {
            over.end(&editor).await;
        }
        match (work, &progress) {
            (Some(work), Some(progress)) => progress.report(&editor, work).await,
            (Some(work), None) => {
                number += 1;
                progress = Some(Progress::begin(&editor, number, work).await);
            }
            (None, _) => {}
        }
        tokio::time::sleep(INTERVAL).await;
        if status.changed().await.is_err() {
            return;
        }
    }
}

/// What takes so long that the user sees how far it is.
struct Work {
    /// What its tokens begin with; tells the kinds apart.
    tokens: &'static str,
    title: &'static str,
    cancellable: bool,
    percentage: Option<u32>,
    message: Option<String>,
}

impl Work {
    fn of(status: &Status) -> Option<Self> {
        match status {
            Status::Loading { progress } => Some(Self {
                tokens: LOAD_TOKENS,
                title: "tacit: loading the model",
                cancellable: false,
                percentage: Some(percent(*progress)),
                message: None,
            }),
            Status::Pulling {
                done,
                bytes,
                mirror,
                ..
            } => Some(Self {
                tokens: PULL_TOKENS,
                title: "tacit: downloading the model",
                cancellable: true,
                percentage: bytes.map(|bytes| percent_of(*done, bytes)),
                message: Some(downloaded(*done, *bytes, mirror.as_deref())),
            }),
            _ => None,
        }
    }
}

/// A progress in the client.
struct Progress {
    tokens: &'static str,
    /// `None` if the client does not want it.
    token: Option<String>,
}

impl Progress {
    async fn begin(editor: &Editor, number: u32, work: Work) -> Self {
        let token = format!("{}{number}", work.tokens);
        let progress = Self {
            tokens: work.tokens,
            token: with_leave(editor, token).await,
        };
        let begin = WorkDoneProgressBegin {
            title: work.title.to_owned(),
            cancellable: Some(work.cancellable),
            message: work.message,
            percentage: work.percentage,
        };
        if let Some(token) = &progress.token {
            editor.begin_progress(token, begin).await;
        }
        progress
    }

    async fn report(&self, editor: &Editor, work: Work) {
        let Some(token) = &self.token else { return };
        let report = WorkDoneProgressReport {
            cancellable: None,
            message: work.message,
            percentage: work.percentage,
        };
        editor.report_progress(token, report).await;
    }

    async fn end(self, editor: &Editor) {
        if let Some(token) = &self.token {
            editor.end_progress(token).await;
        }
    }
}
