//! Settings in a running session: read at the start, pulled and pushed later, and what is wrong with them told once.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tower_lsp::gen_lsp_types::{
    ConfigurationItem, DidChangeConfigurationParams, DidChangeWatchedFilesParams,
    DidChangeWorkspaceFoldersParams, MessageType,
};

use super::{CLIENT_PATIENCE, Server, Session, lock};
use crate::config::{FILE_NAME, Files, Issue, Layer, Settings, Sources, in_one_line, is_small};
use crate::display;
use crate::documents::file_path;

/// How long reading a few small files may take. More means a folder on a network that does not answer.
const DISK_PATIENCE: Duration = Duration::from_secs(2);

/// What is wrong with the settings.
#[derive(Default)]
pub struct Issues {
    current: HashSet<Issue>,
    untold: Vec<Issue>,
    /// The client takes messages: it has sent `initialized`.
    telling: bool,
}

/// Numbers things that are begun one after the other and may end in another order.
#[derive(Default)]
pub struct Turns(AtomicU64);

impl Turns {
    fn begin(&self) -> u64 {
        self.0.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Nothing was begun after this one.
    fn is_newest(&self, turn: u64) -> bool {
        self.0.load(Ordering::Acquire) == turn
    }
}

impl Session {
    /// Reads the files that settings come from, within a time limit; without them it goes on with the rest.
    pub async fn load_config_files(self: Arc<Self>) {
        let turn = self.file_loads.begin();
        let folders = lock(&self.folders).paths().to_vec();
        let user = self.user_file.clone();
        let reading = tokio::task::spawn_blocking(move || Files::read(user.as_deref(), &folders));
        match tokio::time::timeout(DISK_PATIENCE, reading).await {
            Ok(Ok(files)) => {
                let session = self.clone();
                self.change_settings(false, move |sources| {
                    if session.file_loads.is_newest(turn) {
                        sources.files = files;
                    }
                })
                .await;
            }
            _ => tracing::warn!(
                "the configuration files could not be read in time; what was read before counts"
            ),
        }
    }

    pub fn reload_config_files(self: &Arc<Self>) {
        self.spawn(self.clone().load_config_files());
    }

    /// A file was created, changed or deleted.
    pub fn file_changed(self: &Arc<Self>, path: &Path) {
        if path.file_name().is_some_and(|name| name == FILE_NAME) {
            self.reload_config_files();
        }
        self.workspace.index.changed(path);
    }

    /// Changes a source, makes what they all say the settings that count, and tells what is newly wrong. Whoever polls this first changes
    /// first, and nobody publishes older settings after newer ones: those who wait for the sources stand in line.
    ///
    /// Where all of it is small, the settings count when this is first polled, so before the next message. Else they are judged beside the
    /// message loop, with `change`.
    pub async fn change_settings(
        self: &Arc<Self>,
        is_small: bool,
        change: impl FnOnce(&mut Sources) + Send + 'static,
    ) {
        // Tokio lets a task that has done much wait before it stands in line; then it would not be polling first that counts.
        let in_turn = tokio::task::unconstrained(self.sources.clone().lock_owned());
        let mut sources = in_turn.await;
        let session = self.clone();
        let is_small = is_small && sources.are_small();
        let judge = move || {
            change(&mut sources);
            session.publish(sources.resolve());
        };
        if is_small {
            judge();
        } else if tokio::task::spawn_blocking(judge).await.is_err() {
            tracing::error!("settings could not be judged; those known before count");
        }
        self.tell_issues();
    }

    fn publish(&self, (settings, issues): (Settings, Vec<Issue>)) {
        self.settings.send_if_modified(|current| {
            let changed = **current != settings;
            if changed {
                *current = Arc::new(settings);
            }
            changed
        });
        let mut known = lock(&self.issues);
        let fresh: Vec<Issue> = issues
            .iter()
            .filter(|issue| !known.current.contains(issue))
            .cloned()
            .collect();
        known.untold.extend(fresh);
        known.current = issues.into_iter().collect();
    }

    /// From now on the client takes messages.
    pub fn begin_telling_issues(&self) {
        lock(&self.issues).telling = true;
        self.tell_issues();
    }

    fn tell_issues(&self) {
        let untold = {
            let mut issues = lock(&self.issues);
            if !issues.telling || issues.untold.is_empty() {
                return;
            }
            std::mem::take(&mut issues.untold)
        };
        for issue in &untold {
            tracing::warn!("{}", display::message(&issue.to_string()));
        }
        let editor = self.editor.clone();
        self.spawn(async move {
            let text = format!("tacit: {}", in_one_line(&untold));
            editor.show_message(MessageType::Warning, text).await;
        });
    }

    /// Asks the client for its settings, if it takes such questions.
    pub fn pull_configuration(self: &Arc<Self>) {
        if !self.terms().is_ok_and(|terms| terms.client.configuration) {
            return;
        }
        let session = self.clone();
        let turn = self.configuration_pulls.begin();
        self.spawn(async move {
            let items = vec![ConfigurationItem {
                scope_uri: None,
                section: Some("tacit".to_owned()),
            }];
            match tokio::time::timeout(CLIENT_PATIENCE, session.editor.configuration(items)).await {
                Ok(Ok(answers)) if session.configuration_pulls.is_newest(turn) => {
                    let first = answers.into_iter().next();
                    session.take_configuration(first.unwrap_or_default()).await;
                }
                Ok(Ok(_)) => {}
                _ => {
                    tracing::info!("the client did not tell its settings; those known before count")
                }
            }
        });
    }

    /// Takes settings over as the editor's, unless it has none.
    async fn take_configuration(self: &Arc<Self>, values: Value) {
        if values.as_object().is_some_and(|values| !values.is_empty()) {
            let is_small = is_small(&values);
            let take = move |sources: &mut Sources| {
                sources.editor = Some(Layer::of_editor(&values));
            };
            self.change_settings(is_small, take).await;
        }
    }
}

impl Server {
    pub(super) async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        self.0.take_configuration(params.settings).await;
        self.0.pull_configuration();
    }

    pub(super) async fn did_change_workspace_folders(
        &self,
        params: DidChangeWorkspaceFoldersParams,
    ) {
        lock(&self.0.folders).change(&params.event);
        self.0.index_folders();
        self.0.reload_config_files();
    }

    pub(super) async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        for change in params.changes {
            if let Some(path) = file_path(&change.uri.0) {
                self.0.file_changed(&path);
            }
        }
    }
}
