//! Tells the client what the engine does: `tacit/status` for status bars, `$/progress` while a model loads.

use std::time::Duration;

use tokio::sync::watch;
use tower_lsp::gen_lsp_types::ProgressToken;
use tower_lsp::{Bounded, Client, NotCancellable, OngoingProgress};

use super::CLIENT_PATIENCE;
use crate::engine::Status;
use crate::lsp::own::{StatusNotification, StatusParams, percent};

/// No more than ten times a second: nobody reads faster.
const INTERVAL: Duration = Duration::from_millis(100);

/// Runs until the engine's end of the channel is gone. `with_progress`: the client takes `window/workDoneProgress/create`.
pub async fn forward(client: Client, mut status: watch::Receiver<Status>, with_progress: bool) {
    let mut told = None;
    let mut progress = None;
    let mut loads = 0u32;
    loop {
        let now = status.borrow_and_update().clone();
        let params = StatusParams::from(&now);
        if told.as_ref() != Some(&params) {
            told = Some(params.clone());
            client.send_notification::<StatusNotification>(params).await;
        }
        progress = match (now, progress) {
            (Status::Loading { progress: done }, None) if with_progress => {
                loads += 1;
                Some(begin(&client, loads, done).await)
            }
            (Status::Loading { progress: done }, Some(Some(ongoing))) => {
                ongoing.report(percent(done)).await;
                Some(Some(ongoing))
            }
            // The client refused this one.
            (Status::Loading { .. }, refused) => refused,
            (_, Some(Some(ongoing))) => {
                ongoing.finish().await;
                None
            }
            (_, _) => None,
        };
        tokio::time::sleep(INTERVAL).await;
        if status.changed().await.is_err() {
            return;
        }
    }
}

type Ongoing = OngoingProgress<Bounded, NotCancellable>;

/// `None` if the client does not want it.
async fn begin(client: &Client, number: u32, done: f32) -> Option<Ongoing> {
    let token = ProgressToken::String(format!("tacit/load/{number}"));
    let created = tokio::time::timeout(
        CLIENT_PATIENCE,
        client.create_work_done_progress(token.clone()),
    )
    .await;
    match created {
        Ok(Ok(())) => {
            let progress = client
                .progress(token, "tacit: loading the model")
                .with_percentage(percent(done));
            Some(progress.begin().await)
        }
        _ => None,
    }
}
