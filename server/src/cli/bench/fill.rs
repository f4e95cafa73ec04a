//! One hole of a file, filled as in an editor that has the file open without the missing text.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use tokio::sync::watch;

use crate::{
    cli::complete,
    completion::{Comparison, Complete, Completer, Completion, Request, Trigger},
    config::Settings,
    context::workspace::Workspace,
    documents::Snapshot,
    engine::Engine,
};

/// Whoever fills holes: what all of them have in common.
pub struct Filler {
    pub engine: Arc<dyn Engine>,
    pub settings: watch::Receiver<Arc<Settings>>,
    pub workspace: Arc<Workspace>,
    pub trigger: Trigger,
    /// How long the index is waited for.
    pub patience: Duration,
}

/// A file with a hole, open.
pub struct OpenHole {
    snapshot: Snapshot,
    cursor: usize,
    /// The index has the text with the hole, not that of the file on disk.
    pub is_indexed: bool,
}

impl Filler {
    /// Opens `file`, which need not exist, as if `before` and `after` were all its text. Waits for the index.
    ///
    /// # Errors
    /// If `file` is not an absolute path.
    pub fn open(&self, file: &Path, before: &str, after: &str) -> Result<OpenHole> {
        let mut snapshot = complete::snapshot(file, &format!("{before}{after}"))?;
        let is_same_file = snapshot.path.as_deref() == Some(file);
        let is_indexed = complete::open(&self.workspace, &mut snapshot, self.patience);
        Ok(OpenHole {
            is_indexed: is_indexed && is_same_file,
            snapshot,
            cursor: before.len(),
        })
    }

    /// Completes at the hole, with `folder` as the workspace, and closes the file.
    pub async fn fill(
        &self,
        hole: OpenHole,
        folder: PathBuf,
        comparison: Comparison,
    ) -> Completion {
        // Each answer is the first of its completer: none comes from a cache.
        let completer = Completer::compared(
            self.engine.clone(),
            self.settings.clone(),
            self.workspace.clone(),
            comparison,
        );
        let uri = hole.snapshot.uri.clone();
        let completion = completer
            .complete(Request {
                snapshot: hole.snapshot,
                cursor: hole.cursor,
                trigger: self.trigger,
                selected: None,
                workspace: Some(folder),
            })
            .await;
        // Or else the line behind the answer, which nobody will take, is generated beside the next hole.
        completer.closed(&uri);
        self.workspace.closed(&uri);
        completion
    }

    /// Closes a file whose hole is not to be filled.
    pub fn close(&self, hole: OpenHole) {
        self.workspace.closed(&hole.snapshot.uri);
    }
}
