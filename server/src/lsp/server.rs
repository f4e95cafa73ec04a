//! The session with one client: its state, and which handler a method goes to. The handlers stand in the modules below,
//! each with what it is about.

mod actions;
mod completions;
mod notebooks;
mod outcomes;
mod pages;
mod progress;
mod pull;
mod settings;
mod status;
mod sync;

use std::collections::HashMap;
use std::future::Future;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use lru::LruCache;
use serde_json::Value;
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};
use tower_lsp::gen_lsp_types::{
    ExecuteCommandParams, InitializeParams, InitializeResult, InitializedParams, ServerInfo,
};
use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::{ClientSocket, LanguageServer, LspService};

use super::editor::Editor;
use super::own::{ExplainParams, Explanation};
use super::workspace::Folders;
use super::{Services, Start, capabilities};
use crate::actions::act::Actor;
use crate::completion::Complete;
use crate::config::{Layer, Settings, Sources};
use crate::context::workspace::Workspace;
use crate::documents::Documents;
use crate::history::History;
use crate::models::pull::Mirror;
use crate::subprocess;
use crate::syntax::ParseWorker;

pub use actions::ACT_COMMAND;
pub use pull::PULL_COMMAND;

/// The command of every suggestion: the editor runs it when the user has taken the suggestion over.
pub const ACCEPTED_COMMAND: &str = "tacit.accepted";

/// How long the client may take for a request of ours before we go on without its answer.
const CLIENT_PATIENCE: Duration = Duration::from_secs(5);

/// Documents whose last explanation is kept.
const EXPLAINED_DOCUMENTS: NonZeroUsize = NonZeroUsize::new(128).expect("not zero");

/// The state of a session. Locks are held for moments only, never across an `.await`.
pub struct Session {
    editor: Editor,
    documents: Arc<Mutex<Documents>>,
    notebooks: Mutex<notebooks::Notebooks>,
    parser: ParseWorker,
    workspace: Arc<Workspace>,
    /// The user's `tacit.toml`.
    user_file: Option<PathBuf>,
    folders: Mutex<Folders>,
    /// Asked for in turn: see [`Session::change_settings`].
    sources: Arc<tokio::sync::Mutex<Sources>>,
    settings: watch::Sender<Arc<Settings>>,
    issues: Mutex<settings::Issues>,
    file_loads: settings::Turns,
    configuration_pulls: settings::Turns,
    start: Mutex<Option<Start>>,
    /// Set by `initialize`, before which the service lets no other message through.
    terms: OnceLock<Terms>,
    newest: Newest,
    /// The download of the model, once there was one.
    pull: Mutex<Option<AbortHandle>>,
    /// The code actions that are being done.
    running: actions::Running,
    pages: pages::Pages,
    /// As far as the client tells.
    focus_changes: AtomicU64,
    explanations: Mutex<LruCache<String, Explanation>>,
    /// Of each document, for which version and text a longer suggestion was announced last.
    announced: Mutex<LruCache<String, (i32, String)>>,
    shut_down: AtomicBool,
    tasks: Mutex<JoinSet<()>>,
}

/// What `initialize` settles.
struct Terms {
    client: capabilities::Client,
    completer: Arc<dyn Complete>,
    actor: Arc<Actor>,
    history: Arc<History>,
}

/// Makes the service, the socket to the client, and the session to end afterwards.
pub fn service(
    user_file: Option<PathBuf>,
    start: Start,
) -> (LspService<Server>, ClientSocket, Arc<Session>) {
    let mut made = None;
    let builder = LspService::build_with_lifecycle_methods(|client| {
        let session = Arc::new(Session::new(Editor::new(client), user_file, start));
        made = Some(session.clone());
        Server(session)
    });
    let (service, socket) = builder
        .custom_method("textDocument/didOpen", Server::did_open)
        .custom_method("textDocument/didChange", Server::did_change)
        .custom_method("textDocument/didSave", Server::did_save)
        .custom_method("textDocument/didClose", Server::did_close)
        .custom_method("notebookDocument/didOpen", Server::did_open_notebook)
        .custom_method("notebookDocument/didChange", Server::did_change_notebook)
        .custom_method("notebookDocument/didClose", Server::did_close_notebook)
        .custom_method("textDocument/inlineCompletion", Server::inline_completion)
        .custom_method("textDocument/completion", Server::completion)
        .custom_method(
            "textDocument/didShowCompletion",
            Server::did_show_completion,
        )
        .custom_method(
            "textDocument/didPartiallyAcceptCompletion",
            Server::did_partially_accept_completion,
        )
        .custom_method("textDocument/didFocus", Server::did_focus)
        .custom_method("textDocument/codeAction", Server::code_action)
        .custom_method("codeAction/resolve", Server::resolve_code_action)
        .custom_method("workspace/executeCommand", Server::execute_command)
        .custom_method("window/workDoneProgress/cancel", Server::cancel_progress)
        .custom_method(
            "workspace/didChangeConfiguration",
            Server::did_change_configuration,
        )
        .custom_method(
            "workspace/didChangeWorkspaceFolders",
            Server::did_change_workspace_folders,
        )
        .custom_method(
            "workspace/didChangeWatchedFiles",
            Server::did_change_watched_files,
        )
        .custom_method("tacit/stats", Server::stats)
        .custom_method("tacit/explain", Server::explain)
        .finish();
    let session = made.unwrap_or_else(|| service.inner().0.clone());
    (service, socket, session)
}

impl Session {
    fn new(editor: Editor, user_file: Option<PathBuf>, start: Start) -> Self {
        let documents = Arc::<Mutex<Documents>>::default();
        let parsed_documents = documents.clone();
        let workspace = Arc::<Workspace>::default();
        let parsed_workspace = workspace.clone();
        let parser = ParseWorker::spawn(move |parsed| {
            parsed_workspace.take_parsed(&parsed_documents, parsed);
        });
        Self {
            editor,
            documents,
            notebooks: Mutex::default(),
            parser,
            workspace,
            user_file,
            folders: Mutex::default(),
            sources: Arc::default(),
            settings: watch::Sender::default(),
            issues: Mutex::default(),
            file_loads: settings::Turns::default(),
            configuration_pulls: settings::Turns::default(),
            start: Mutex::new(Some(start)),
            terms: OnceLock::new(),
            newest: Newest::default(),
            pull: Mutex::default(),
            running: actions::Running::default(),
            pages: pages::Pages::default(),
            focus_changes: AtomicU64::new(0),
            explanations: Mutex::new(LruCache::new(EXPLAINED_DOCUMENTS)),
            announced: Mutex::new(LruCache::new(EXPLAINED_DOCUMENTS)),
            shut_down: AtomicBool::new(false),
            tasks: Mutex::default(),
        }
    }

    /// Tells the index which folders the window has.
    fn index_folders(&self) {
        let folders = lock(&self.folders).paths().to_vec();
        subprocess::never_run_from(&folders);
        self.workspace.index.set_folders(folders);
    }

    /// Ends the tasks of the session, saves what it has counted, and returns the exit code of a server that leaves now.
    pub fn end(&self) -> i32 {
        lock(&self.tasks).abort_all();
        self.pages.clear();
        self.save_history();
        if self.shut_down.load(Ordering::Acquire) {
            0
        } else {
            1
        }
    }

    /// Runs something beside the message loop that ends with the session.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task)
    }

    fn terms(&self) -> Result<&Terms> {
        self.terms.get().ok_or_else(Error::internal_error)
    }
}

/// The handlers, on a session. Routed to by [`service`].
pub struct Server(Arc<Session>);

impl LanguageServer for Server {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let session = &self.0;
        let client = capabilities::Client::of(&params);
        *lock(&session.folders) = Folders::of_client(&params);
        session.index_folders();
        let options = params.initialization_options;
        session
            .change_settings(false, move |sources| {
                sources.initialization = options.as_ref().map(Layer::of_editor);
            })
            .await;
        session.clone().load_config_files().await;

        if session.terms.get().is_none() {
            let start = lock(&session.start)
                .take()
                .ok_or_else(Error::internal_error)?;
            let Services { completer, actions } =
                start(session.settings.subscribe(), session.workspace.clone());
            let terms = Terms {
                client,
                actor: Arc::new(Actor::new(actions, session.workspace.clone())),
                history: completer.history(),
                completer,
            };
            let _ = session.terms.set(terms);
        }
        tracing::info!(
            editor = params.client_info.as_ref().map(|info| info.name.as_str()),
            encoding = ?client.encoding,
            "a client is connected"
        );
        Ok(InitializeResult {
            capabilities: capabilities::of_server(&client),
            server_info: Some(ServerInfo {
                name: "tacit".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        let Ok(terms) = self.0.terms() else { return };
        let registrations = capabilities::registrations(&terms.client);
        if !registrations.is_empty() {
            let editor = self.0.editor.clone();
            self.0.spawn(async move {
                let registered = tokio::time::timeout(CLIENT_PATIENCE, editor.register(registrations)).await;
                if !matches!(registered, Ok(Ok(()))) {
                    tracing::info!("the client did not take registrations; changes of files count when they are saved here");
                }
            });
        }
        self.0.spawn(status::forward(
            self.0.editor.clone(),
            terms.completer.status(),
            terms.client.work_done_progress,
        ));
        self.0.spawn(self.0.clone().look_after_history());
        tokio::task::spawn_blocking(pages::delete_old);
        self.0.offer_pull(terms.completer.status());
        self.0.begin_telling_issues();
        self.0.pull_configuration();
    }

    async fn shutdown(&self) -> Result<()> {
        self.0.shut_down.store(true, Ordering::Release);
        Ok(())
    }
}

/// What the editor reports and asks beside documents, settings and completions.
impl Server {
    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        match params.command.as_str() {
            ACCEPTED_COMMAND => {
                self.0.accepted(&params.arguments.unwrap_or_default(), None);
            }
            PULL_COMMAND => self.0.pull_model(Mirror::NotAllowed),
            ACT_COMMAND => return self.act(params.arguments.unwrap_or_default()).await,
            _ => return Err(Error::invalid_params("tacit has no such command.")),
        }
        Ok(None)
    }

    async fn explain(&self, params: ExplainParams) -> Result<Option<Explanation>> {
        Ok(lock(&self.0.explanations)
            .get(&params.text_document.uri.0)
            .cloned())
    }
}

/// Requests of which a document has one at a time: a newer one takes the place of the older. Neovim 0.12 cancels nothing
/// while its user types.
#[derive(Default)]
struct Newest(Mutex<HashMap<Place, oneshot::Sender<()>>>);

/// A document, by its URI, and where in the editor its suggestion goes.
type Place = (Menu, Arc<str>);

/// Where a suggestion is shown. The two kinds of requests do not replace one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Menu {
    Inline,
    List,
}

impl Newest {
    /// Makes this the newest request of a document. What is returned resolves when another one takes its place.
    fn replace(&self, menu: Menu, uri: Arc<str>) -> oneshot::Receiver<()> {
        let (held, replaced) = oneshot::channel();
        let mut newest = lock(&self.0);
        newest.retain(|_, request| !request.is_closed());
        newest.insert((menu, uri), held);
        replaced
    }
}

/// A panic under a lock leaves nothing half done in what is locked here: documents mark themselves.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
