//! What becomes of suggestions: edits and reports go to the [`History`](crate::history::History), which is looked after while the session lasts and saved when it
//! ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use ropey::Rope;
use serde::Serialize;
use serde_json::Value;
use tower_lsp::gen_lsp_types::TextDocumentContentChangeEvent as Change;
use tower_lsp::jsonrpc::Result;

use super::{Server, Session, lock};
use crate::documents::Snapshot;
use crate::history::{Day, Evidence, date};
use crate::lsp::feedback::{edit_of, id_of};
use crate::lsp::own::{DidPartiallyAcceptCompletionParams, DidShowCompletionParams};
use crate::lsp::position::PositionEncoding;
use crate::stats::Stats;

/// How often it is looked whether something is due, and after how many looks the counts are saved: twice a minute.
const LOOK: Duration = Duration::from_secs(5);
const LOOKS_PER_SAVE: u32 = 6;

/// Answer of `tacit/stats`.
#[derive(Debug, Serialize)]
pub struct StatsAnswer {
    /// Since the server started.
    #[serde(flatten)]
    session: Stats,
    /// All windows together, as far as they have told; since midnight UTC.
    today: Day,
    /// What was learned, by language id.
    languages: BTreeMap<String, Learned>,
}

#[derive(Debug, Serialize)]
struct Learned {
    /// Likelier lines than this are shown while typing.
    threshold: f32,
    /// So many suggestions it follows from.
    suggestions: u64,
}

impl Session {
    /// Tells of a change of a document, if it matters to what was suggested there.
    pub(super) fn follow(
        &self,
        before: Option<&Snapshot>,
        after: &Snapshot,
        changes: &[Change],
        encoding: PositionEncoding,
    ) {
        let Ok(terms) = self.terms() else { return };
        let (history, now) = (&terms.history, Instant::now());
        if !history.is_following(&after.uri) {
            return;
        }
        let Some(before) = before else {
            history.closed(&after.uri, None, now);
            return;
        };
        if let Some(edit) = edit_of(changes, &before.rope, &after.rope, encoding) {
            history.edited(&after.uri, &edit, &after.rope, now);
        }
    }

    /// A document is closed or opened anew; `last` is what it was.
    pub(super) fn stop_following(&self, last: &Snapshot) {
        if let Ok(terms) = self.terms() {
            terms
                .history
                .closed(&last.uri, Some(&last.rope), Instant::now());
        }
    }

    /// Measures what is due and saves what was counted, until the session ends.
    pub(super) async fn look_after_history(self: Arc<Self>) {
        let Ok(terms) = self.terms() else { return };
        let mut told = false;
        for look in 1u32.. {
            tokio::time::sleep(LOOK).await;
            terms.history.tick(Instant::now(), |uri| self.text_of(uri));
            if !look.is_multiple_of(LOOKS_PER_SAVE) {
                continue;
            }
            let (history, stats) = (terms.history.clone(), self.session_stats());
            let saved = tokio::task::spawn_blocking(move || history.save(&stats)).await;
            if let Ok(Err(error)) = saved
                && !std::mem::replace(&mut told, true)
            {
                tracing::warn!(%error, "what was counted is not saved for now");
            }
        }
    }

    /// Saves what was counted, when the session ends.
    pub(super) fn save_history(&self) {
        let Ok(terms) = self.terms() else { return };
        terms.history.end(Instant::now(), |uri| self.text_of(uri));
        if let Err(error) = terms.history.save(&self.session_stats()) {
            tracing::warn!(%error, "what was counted is lost");
        }
    }

    fn text_of(&self, uri: &str) -> Option<Rope> {
        Some(lock(&self.documents).snapshot(uri)?.rope)
    }

    fn session_stats(&self) -> Stats {
        let Ok(terms) = self.terms() else {
            return Stats::default();
        };
        let mut stats = terms.completer.stats();
        terms.history.fill(&mut stats);
        stats.focus_changes = self.focus_changes.load(Ordering::Relaxed);
        stats
    }

    /// The client says that what a command's arguments name was taken over.
    pub(super) fn accepted(&self, arguments: &[Value], utf16_units: Option<usize>) {
        if let (Ok(terms), Some(id)) = (self.terms(), id_of(arguments)) {
            terms.history.accepted(id, utf16_units);
        }
    }
}

impl Server {
    pub(super) async fn did_show_completion(&self, params: DidShowCompletionParams) {
        if let (Ok(terms), Some(id)) = (self.0.terms(), id_of(arguments_of(&params.item))) {
            terms.history.shown(id, Instant::now());
        }
    }

    pub(super) async fn did_partially_accept_completion(
        &self,
        params: DidPartiallyAcceptCompletionParams,
    ) {
        self.0
            .accepted(arguments_of(&params.item), Some(params.accepted_length));
    }

    /// Copilot's `textDocument/didFocus`: its params name the document, if one of the client's has the focus.
    pub(super) async fn did_focus(&self, _: Value) {
        self.0.focus_changes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) async fn stats(&self) -> Result<StatsAnswer> {
        let terms = self.0.terms()?;
        let session = self.0.session_stats();
        let record = terms.history.record(&session);
        let learned = |(language, evidence): (&String, &Evidence)| {
            let learned = Learned {
                threshold: record.threshold(language),
                suggestions: evidence.suggestions,
            };
            (language.clone(), learned)
        };
        Ok(StatsAnswer {
            languages: record.learned.iter().map(learned).collect(),
            today: record
                .days
                .get(&date(SystemTime::now()))
                .cloned()
                .unwrap_or_default(),
            session,
        })
    }
}

/// The arguments of an item's command.
fn arguments_of(item: &Value) -> &[Value] {
    item.pointer("/command/arguments")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
