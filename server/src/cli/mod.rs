//! The commands for the shell. Each prints its result to stdout, as one JSON object with `--json`; progress and words about what goes
//! wrong go to stderr.

pub mod bench;
pub mod complete;
pub mod demo;
pub mod engine;

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use clap::Args;

use crate::{
    engine::{
        Engine, endpoint::Endpoint, launch::LaunchSettings, remote::RemoteEngine, wire::Hello,
    },
    models::store::{Resolved, Store},
};

/// Which model answers, and where it runs.
#[derive(Debug, Clone, Args)]
pub struct EngineArguments {
    /// A name from `tacit models list`, or a trusted file
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Run the model in this process instead of the shared engine
    #[arg(long)]
    pub in_process: bool,
    /// Threads that compute (default: what suits this machine)
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
}

impl EngineArguments {
    /// The engine that these arguments describe. Has to be called within a tokio runtime.
    pub fn open(&self) -> Result<Arc<dyn Engine>> {
        let model = self.resolve()?;
        let run = engine::RunArguments::new(&model, self.threads);
        if self.in_process {
            return Ok(Arc::new(run.start()?));
        }
        let hello = Hello::new(&run.identity());
        Ok(Arc::new(RemoteEngine::new(LaunchSettings {
            endpoint: Endpoint::shared(&hello)?,
            hello,
            program: std::env::current_exe().context("cannot find this program's own file")?,
            arguments: run.to_command_line(),
        })))
    }

    /// The model file.
    pub fn resolve(&self) -> Result<Resolved> {
        let store = Store::open()?;
        Ok(store.resolve(
            self.model
                .as_deref()
                .unwrap_or(crate::models::catalogue::DEFAULT),
        )?)
    }
}

/// Reads a text file that the user named.
fn read_text(path: &PathBuf) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    String::from_utf8(bytes)
        .ok()
        .with_context(|| format!("{} is not a UTF-8 text file", path.display()))
}
