//! `tacit lsp`: the language server on standard input and output.

use std::sync::Arc;

use clap::Args;

use super::open_engine;
use crate::{completion::Completer, config, engine::deferred::DeferredEngine, lsp};

/// Serve an editor on standard input and output
#[derive(Debug, Args)]
pub struct Arguments {
    /// Run the model in this process instead of the shared engine
    #[arg(long)]
    in_process: bool,
}

/// Returns the exit code that the protocol asks for.
pub async fn run(arguments: Arguments) -> i32 {
    lsp::log_panics_without_their_text();
    let start: lsp::Start = Box::new(move |settings| {
        let general = settings.clone();
        let engine = DeferredEngine::new(move || {
            let config = general.borrow().of(None).clone();
            open_engine(&config, arguments.in_process).map_err(|error| format!("{error:#}"))
        });
        engine.warm_up();
        Arc::new(Completer::new(Arc::new(engine), settings))
    });
    lsp::serve(
        tokio::io::stdin(),
        tokio::io::stdout(),
        config::user_file(),
        start,
    )
    .await
}
