//! `tacit engine`: the process that holds the weights. Editors' servers start it; nobody has to.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use clap::Args;

use crate::{
    config::Config,
    engine::{
        Engine,
        backend::Loader,
        host::HostArguments,
        local::LocalEngine,
        toy::{ToyLoader, ToySettings},
    },
    models::store::Resolved,
};

/// Run the shared engine process (started by `tacit lsp` when it is needed)
#[derive(Debug, Clone, Args)]
pub struct Arguments {
    #[command(flatten)]
    host: HostArguments,
    #[command(flatten)]
    run: RunArguments,
}

/// What the engine runs and how.
#[derive(Debug, Clone, Args)]
pub struct RunArguments {
    /// Model file; checked by whoever starts the engine
    #[arg(long, value_name = "FILE", required_unless_present = "toy")]
    model: Option<PathBuf>,
    /// What to call the model
    #[arg(long, value_name = "NAME", default_value = "model")]
    name: String,
    #[arg(long, value_name = "N", default_value_t = default_threads())]
    threads: u32,
    /// Size of the KV cache, shared by all documents
    #[arg(long, value_name = "N", default_value_t = DEFAULT_CONTEXT_TOKENS)]
    context_tokens: u32,
    /// Layers of the model on the GPU (default: as many as fit)
    #[arg(long, value_name = "N")]
    gpu_layers: Option<u32>,
    /// Give the weights back after so many seconds without work
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_IDLE_UNLOAD_SECONDS)]
    idle_unload_seconds: u64,
    /// Run the deterministic toy instead of a model, for tests; the number is milliseconds a token
    #[arg(long, hide = true, value_name = "MS", num_args = 0..=1, default_missing_value = "0")]
    toy: Option<u64>,
}

/// Five documents of 1,500 tokens; 100 MB with the 0.5B model, 230 MB with the 1.5B.
pub const DEFAULT_CONTEXT_TOKENS: u32 = 8192;
const DEFAULT_IDLE_UNLOAD_SECONDS: u64 = 15 * 60;
/// A year: as good as never, and far from overflowing a clock.
const NEVER_SECONDS: u64 = 365 * 24 * 3600;

/// All cores of a small machine, half of the logical ones (which are the physical ones, mostly) of a large one. More than eight bring
/// little, because memory bandwidth is used up.
pub fn default_threads() -> u32 {
    let logical = std::thread::available_parallelism().map_or(2, usize::from) as u32;
    if logical <= 4 {
        logical
    } else {
        (logical / 2).min(8)
    }
}

impl RunArguments {
    pub fn new(model: &Resolved, config: &Config) -> Self {
        let or = |setting: u32, default: u32| if setting == 0 { default } else { setting };
        Self {
            model: Some(model.path.clone()),
            name: model.name.clone(),
            threads: or(config.engine.threads, default_threads()),
            context_tokens: or(config.engine.context_tokens, DEFAULT_CONTEXT_TOKENS),
            gpu_layers: config.engine.gpu_layers,
            idle_unload_seconds: match config.engine.idle_unload_minutes {
                0 => NEVER_SECONDS,
                minutes => u64::from(minutes) * 60,
            },
            toy: None,
        }
    }

    /// The same as a command line for `tacit engine`.
    pub fn to_command_line(&self, idle_exit_minutes: u32) -> Vec<OsString> {
        let mut line = self.arguments();
        let idle_exit_seconds = u64::from(idle_exit_minutes) * 60;
        line.extend([
            "--idle-exit-seconds".into(),
            idle_exit_seconds.to_string().into(),
        ]);
        line
    }

    fn arguments(&self) -> Vec<OsString> {
        let mut line: Vec<OsString> = vec!["engine".into()];
        let mut option = |name: &str, value: OsString| line.extend([name.into(), value]);
        if let Some(model) = &self.model {
            option("--model", model.into());
        }
        option("--name", self.name.clone().into());
        option("--threads", self.threads.to_string().into());
        option("--context-tokens", self.context_tokens.to_string().into());
        if let Some(layers) = self.gpu_layers {
            option("--gpu-layers", layers.to_string().into());
        }
        option(
            "--idle-unload-seconds",
            self.idle_unload_seconds.to_string().into(),
        );
        line
    }

    /// Windows share an engine when this is equal.
    pub fn identity(&self) -> String {
        self.arguments()
            .iter()
            .map(|part| part.to_string_lossy())
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub fn model_name(&self) -> &str {
        &self.name
    }

    /// Threads that compute, at most.
    pub fn threads(&self) -> u32 {
        self.threads
    }

    /// `None` of the toy.
    pub fn model_file(&self) -> Option<&Path> {
        self.model.as_deref()
    }

    /// What loads the model.
    pub fn loader(&self) -> Result<Box<dyn Loader>> {
        if let Some(milliseconds) = self.toy {
            let token_time = Duration::from_millis(milliseconds);
            return Ok(Box::new(ToyLoader(ToySettings {
                token_time,
                ..Default::default()
            })));
        }
        #[cfg(feature = "llama")]
        if let Some(file) = &self.model {
            return Ok(Box::new(crate::engine::llama::LlamaLoader {
                file: file.clone(),
                name: self.name.clone(),
                context_tokens: self.context_tokens,
                threads: self.threads,
                gpu_layers: self.gpu_layers,
            }));
        }
        anyhow::bail!(
            "This tacit was built without llama.cpp (feature `llama`) and can run only the toy."
        )
    }

    /// Starts the engine's thread in this process.
    pub fn start(&self) -> Result<LocalEngine> {
        Ok(LocalEngine::start(
            self.loader()?,
            Duration::from_secs(self.idle_unload_seconds),
        )?)
    }
}

pub async fn run(arguments: Arguments) -> Result<()> {
    let engine = arguments.run.start()?;
    engine.warm_up();
    let exit = arguments.host.serve(Arc::new(engine)).await?;
    tracing::info!(?exit, "engine ended");
    Ok(())
}
