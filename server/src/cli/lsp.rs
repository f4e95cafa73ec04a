//! `tacit lsp`: the language server on standard input and output.

use std::sync::Arc;

use clap::Args;
use tokio::sync::watch;

use super::{open_engine, store};
use crate::{
    completion::Completer,
    config::{self, Config, Settings},
    engine::{
        Engine,
        deferred::{DeferredEngine, OpenError, Opener},
    },
    history::History,
    logging, lsp,
    models::{
        pull::{self, Progress, PullError, Sources},
        store::ModelError,
    },
};

/// Serve an editor on standard input and output
#[derive(Debug, Args)]
pub struct Arguments {
    /// Run the model in this process instead of the shared engine
    #[arg(long)]
    in_process: bool,
}

/// Returns the exit code that the protocol asks for.
pub async fn run(arguments: Arguments, log: logging::Handle) -> i32 {
    lsp::log_panics_without_their_text();
    let history = match config::state_folder() {
        Some(folder) => History::open(&folder),
        None => History::default(),
    };
    let start: lsp::Start = Box::new(move |settings, workspace| {
        tokio::spawn(log.follow(settings.clone()));
        let engine = DeferredEngine::new(ChosenModel {
            settings: settings.clone(),
            in_process: arguments.in_process,
        });
        engine.warm_up();
        let (engine, history) = (Arc::new(engine), Arc::new(history));
        Arc::new(match config::cache_folder() {
            Some(cache) => Completer::remembering(engine, settings, workspace, history, &cache),
            None => Completer::new(engine, settings, workspace, history),
        })
    });
    lsp::serve(
        tokio::io::stdin(),
        tokio::io::stdout(),
        config::user_file(),
        start,
    )
    .await
}

/// The model that the user's settings name, in this user's store.
struct ChosenModel {
    settings: watch::Receiver<Arc<Settings>>,
    in_process: bool,
}

impl ChosenModel {
    fn config(&self) -> Config {
        self.settings.borrow().of(None).clone()
    }
}

impl Opener for ChosenModel {
    fn open(&self) -> Result<Arc<dyn Engine>, OpenError> {
        let config = self.config();
        open_engine(&config, self.in_process).map_err(|error| match error.downcast_ref() {
            Some(ModelError::NotHere { name }) => OpenError::Missing {
                model: name.clone(),
                bytes: store(&config)
                    .ok()
                    .and_then(|store| store.entry(name).ok()?.bytes),
            },
            _ => OpenError::Failed(format!("{error:#}")),
        })
    }

    fn pull(&self, model: &str, progress: Progress) -> Result<(), String> {
        let pulled = store(&self.config())
            .map_err(PullError::from)
            .and_then(|store| {
                let entry = store.entry(model)?;
                pull::pull(&store, entry, &Sources::from_environment(), progress)
            });
        pulled.map(drop).map_err(|error| error.to_string())
    }
}
