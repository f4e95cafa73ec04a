//! The edge to the editor: the Language Server Protocol on two byte streams.
//!
//! Owns the protocol and nothing else: what a message means for documents, settings and completions is decided in
//! handlers that hand the work to their modules. The rules that keep it alive:
//!
//! - A handler changes state before its first `.await` or not at all: that is what keeps messages in order.
//! - A handler never waits for the client. Requests to it run in tasks of their own, with a time limit.
//! - Nothing that computes for long, reads files or waits for a lock that others hold long runs on the message loop.

mod capabilities;
mod editor;
pub(crate) mod feedback;
mod framing;
mod message;
mod own;
pub mod position;
mod server;
mod transport;
mod tree;
mod workspace;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::completion::Complete;
use crate::config::Settings;
use crate::context::workspace::Workspace;
use crate::engine::Engine;

pub use own::{Explanation, StatusParams};
pub use server::{ACCEPTED_COMMAND, ACT_COMMAND, PULL_COMMAND};

/// Makes what a session works with, once its settings are known. They change while it runs, and so does what is known of the workspace.
pub type Start = Box<dyn FnOnce(watch::Receiver<Arc<Settings>>, Arc<Workspace>) -> Services + Send>;

/// What a session works with.
pub struct Services {
    pub completer: Arc<dyn Complete>,
    /// The engine that does code actions.
    pub actions: Arc<dyn Engine>,
}

/// Serves one client until it leaves, and returns the exit code that the protocol asks for: 0 if it said `shutdown`
/// before, else 1. Needs a Tokio runtime with time and at least two threads, so that nothing keeps the loop waiting.
///
/// `user_file` is the user's `tacit.toml`, [`config::user_file`](crate::config::user_file) for a real one.
///
/// Reading standard input can't be called off: the runtime of a process that serves it has to be
/// [shut down with a time limit](tokio::runtime::Runtime::shutdown_timeout).
pub async fn serve<R, W>(input: R, output: W, user_file: Option<PathBuf>, start: Start) -> i32
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    serve_until(std::future::pending(), input, output, user_file, start).await
}

/// The same, but the session also ends, and leaves as little behind, when `stop` resolves; the client is not told.
pub async fn serve_until<R, W>(
    stop: impl Future<Output = ()>,
    input: R,
    output: W,
    user_file: Option<PathBuf>,
    start: Start,
) -> i32
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (service, socket, session) = server::service(user_file, start);
    tokio::select! {
        () = transport::run(input, output, service, socket) => {}
        () = stop => {}
    }
    session.end()
}

/// Makes panics leave their place in the log, and nothing else: their texts may quote what the user wrote.
pub fn log_panics_without_their_text() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "a bug in tacit: something panicked");
    }));
}
