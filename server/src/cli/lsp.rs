//! `tacit lsp`: the language server on standard input and output.

use std::{process::ExitCode, sync::Arc};

use clap::Args;

use super::window::Engines;
use crate::{
    completion::Completer,
    config,
    history::History,
    logging, lsp,
    process::{Ending, asked_to_end},
    subprocess,
};

/// Serve an editor on standard input and output
#[derive(Debug, Args)]
pub struct Arguments {
    /// Run the model in this process instead of the shared engine
    #[arg(long)]
    in_process: bool,
    /// Run the deterministic toy in this process instead of a model, for tests
    #[arg(long, hide = true)]
    toy: bool,
}

/// Returns the exit code that the protocol asks for.
pub async fn run(arguments: Arguments, log: logging::Handle) -> ExitCode {
    lsp::log_panics_without_their_text();
    let toy = match arguments.toy.then(Engines::toy).transpose() {
        Ok(toy) => toy,
        Err(error) => {
            eprintln!("error: the toy cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let history = match config::state_folder() {
        Some(folder) => History::open(&folder),
        None => History::default(),
    };
    let start: lsp::Start = Box::new(move |settings, workspace| {
        tokio::spawn(log.follow(settings.clone()));
        let engines = toy.unwrap_or_else(|| Engines::new(settings.clone(), arguments.in_process));
        engines.completion.warm_up();
        let (engine, history) = (engines.completion, Arc::new(history));
        let completer = match config::cache_folder() {
            Some(cache) => Completer::remembering(engine, settings, workspace, history, &cache),
            None => Completer::new(engine, settings, workspace, history),
        };
        lsp::Services {
            completer: Arc::new(completer),
            actions: engines.actions,
        }
    });
    let stop = async {
        let ending = asked_to_end(&Ending::ALL).await;
        tracing::info!(?ending, "the server was asked to end");
    };
    let code = lsp::serve_until(
        stop,
        tokio::io::stdin(),
        tokio::io::stdout(),
        config::user_file(),
        start,
    )
    .await;
    subprocess::end_all();
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
