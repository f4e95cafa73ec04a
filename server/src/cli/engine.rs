//! `tacit engine`: the process that holds the weights. Editors' servers start it; nobody has to.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use clap::{Args, value_parser};

use crate::{
    config::{self, Config, EngineConfig},
    engine::{
        Engine,
        backend::Loader,
        calibration::{
            CalibrationSettings, QUIET_CORES,
            records::{CalibrationRecords, Subject},
        },
        endpoint::LONGEST_LOG,
        host::HostArguments,
        idle_work::IdleWorkLimits,
        local::{LocalEngine, LocalSettings},
        states::StateSettings,
        toy::{ToyLoader, ToySettings},
        verified::{VerifiedLoader, VerifiedModel},
    },
    logging,
    models::{file::Stamp, store::Resolved},
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
    /// Threads that compute at most; fewer while other programs keep cores busy
    #[arg(long, value_name = "N", default_value_t = threads(&EngineConfig::default()))]
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
    /// Folder for the states of recent documents, so that a restart finds them; without it none are saved
    #[arg(long, value_name = "FOLDER")]
    states: Option<PathBuf>,
    /// Size of that folder at most
    #[arg(long, value_name = "MB", default_value_t = EngineConfig::default().disk_cache_mb)]
    states_mb: u32,
    /// SHA-256 that the file has to have, in lower-case hexadecimal; saved states count for this one only
    #[arg(long, value_name = "SHA256")]
    model_digest: Option<String>,
    /// When the file had this digest, so that it is not read from end to end at each start
    #[arg(long, value_name = "JSON", value_parser = parse_stamp)]
    model_stamp: Option<Stamp>,
    /// Share of the time for work that nobody waits for
    #[arg(long, value_name = "PERCENT", value_parser = value_parser!(u32).range(0..=100),
        default_value_t = IdleWorkLimits::default().percent)]
    idle_cpu_percent: u32,
    /// Do such work on battery too
    #[arg(long)]
    prefetch_on_battery: bool,
    /// Give way to everything else on the machine: for an engine that only does actions
    #[arg(long)]
    background: bool,
    /// Run the deterministic toy instead of a model, for tests; the number is milliseconds a token
    #[arg(long, hide = true, value_name = "MS", num_args = 0..=1, default_missing_value = "0")]
    toy: Option<u64>,
}

/// Five documents of 1,500 tokens; 100 MB with the 0.5B model, 230 MB with the 1.5B.
pub const DEFAULT_CONTEXT_TOKENS: u32 = 8192;
const DEFAULT_IDLE_UNLOAD_SECONDS: u64 = 15 * 60;
/// Saving some states takes less; the system that wants us to end waits longer.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);
/// A year: as good as never, and far from overflowing a clock.
const NEVER_SECONDS: u64 = 365 * 24 * 3600;

fn unload_seconds(minutes: u32) -> u64 {
    match minutes {
        0 => NEVER_SECONDS,
        minutes => u64::from(minutes) * 60,
    }
}

/// Threads that compute at most: those that the user has set, else what suits the machine.
pub fn threads(config: &EngineConfig) -> u32 {
    match config.threads {
        0 => default_threads(),
        threads => threads,
    }
}

/// All cores of a small machine, half of the logical ones (which are the physical ones, mostly) of a large one. More than eight bring
/// little, because memory bandwidth is used up.
fn default_threads() -> u32 {
    let logical = std::thread::available_parallelism().map_or(2, usize::from) as u32;
    if logical <= 4 {
        logical
    } else {
        (logical / 2).min(8)
    }
}

impl RunArguments {
    pub fn new(model: &Resolved, config: &Config) -> Self {
        Self {
            model: Some(model.path.clone()),
            name: model.name.clone(),
            threads: threads(&config.engine),
            context_tokens: match config.engine.context_tokens {
                0 => DEFAULT_CONTEXT_TOKENS,
                tokens => tokens,
            },
            gpu_layers: config.engine.gpu_layers,
            idle_unload_seconds: unload_seconds(config.engine.idle_unload_minutes),
            states: config::cache_folder()
                .filter(|_| config.engine.disk_cache_mb > 0)
                .map(|folder| folder.join("states")),
            states_mb: config.engine.disk_cache_mb,
            model_digest: Some(model.sha256.clone()),
            model_stamp: Some(model.stamp),
            idle_cpu_percent: config.engine.idle_cpu_percent,
            prefetch_on_battery: config.engine.prefetch_on_battery,
            background: false,
            toy: None,
        }
    }

    /// For an engine that only does actions, beside one that completes.
    pub fn of_actions(model: &Resolved, config: &Config) -> Self {
        Self {
            idle_unload_seconds: unload_seconds(config.actions.idle_unload_minutes),
            // What was asked about a place is not asked again after a restart.
            states: None,
            background: true,
            ..Self::new(model, config)
        }
    }

    /// The same as a command line for `tacit engine`.
    pub fn to_command_line(&self, idle_exit_minutes: u32) -> Vec<OsString> {
        let mut line = self.arguments();
        let stamp = self.model_stamp.map(|stamp| serde_json::to_string(&stamp));
        if let Some(Ok(stamp)) = stamp {
            line.extend(["--model-stamp".into(), stamp.into()]);
        }
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
        if let Some(digest) = &self.model_digest {
            option("--model-digest", digest.into());
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
        if let Some(folder) = &self.states {
            option("--states", folder.into());
            option("--states-mb", self.states_mb.to_string().into());
        }
        option(
            "--idle-cpu-percent",
            self.idle_cpu_percent.to_string().into(),
        );
        if self.prefetch_on_battery {
            line.push("--prefetch-on-battery".into());
        }
        if self.background {
            line.push("--background".into());
        }
        line
    }

    /// Windows share an engine when this is equal. The stamp is not part of it: the same bytes are the same model.
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

    /// What loads the model, and checks its file each time.
    pub fn loader(&self) -> Result<Box<dyn Loader>> {
        if let Some(milliseconds) = self.toy {
            let token_time = Duration::from_millis(milliseconds);
            let toy = ToyLoader(ToySettings {
                token_time,
                ..Default::default()
            });
            return Ok(match &self.model {
                Some(file) => Box::new(self.verified(file, toy)),
                None => Box::new(toy),
            });
        }
        #[cfg(feature = "llama")]
        if let Some(file) = &self.model {
            let llama = crate::engine::llama::LlamaLoader {
                context_tokens: self.context_tokens,
                threads: self.threads,
                gpu_layers: self.gpu_layers,
            };
            return Ok(Box::new(self.verified(file, llama)));
        }
        anyhow::bail!(
            "This tacit was built without llama.cpp (feature `llama`) and can run only the toy."
        )
    }

    fn verified<L>(&self, file: &Path, inner: L) -> VerifiedLoader<L> {
        VerifiedLoader {
            model: VerifiedModel::new(file.to_owned(), self.model_digest.clone(), self.model_stamp),
            name: self.name.clone(),
            threads: self.threads,
            inner,
        }
    }

    /// Where the speed of this model on this machine is kept; `None` where there is no model or no place.
    fn calibration(&self) -> Option<CalibrationSettings> {
        Some(CalibrationSettings {
            subject: Subject::of(self.model.as_deref()?, self.threads)?,
            records: CalibrationRecords::in_folder(&config::cache_folder()?),
            foreign_cores: QUIET_CORES,
        })
    }

    /// Starts the engine's thread for a command in this process. What it measures must not depend on what was saved before, so nothing is.
    pub fn start(&self) -> Result<LocalEngine> {
        self.start_with_states(None)
    }

    /// The same for an engine that others share: it finds recent documents again, if it is known which model computed them.
    fn start_shared(&self) -> Result<LocalEngine> {
        let toy = || self.toy.map(|_| "toy".to_owned());
        let model = self.model_digest.clone().or_else(toy);
        let folder_and_model = self.states.clone().zip(model);
        self.start_with_states(folder_and_model.map(|(root, model)| StateSettings {
            root,
            model,
            max_bytes: u64::from(self.states_mb) << 20,
        }))
    }

    fn start_with_states(&self, states: Option<StateSettings>) -> Result<LocalEngine> {
        let settings = LocalSettings {
            idle_unload: Duration::from_secs(self.idle_unload_seconds),
            idle_work: IdleWorkLimits {
                percent: self.idle_cpu_percent,
                on_battery: self.prefetch_on_battery,
            },
            calibration: self.calibration(),
            states,
        };
        Ok(LocalEngine::start(self.loader()?, settings)?)
    }
}

fn parse_stamp(json: &str) -> serde_json::Result<Stamp> {
    serde_json::from_str(json)
}

/// How far below the editor the engine computes, in steps of niceness. Three: on a core that both want, the editor gets twice as
/// much; on one that nobody else wants, nothing changes.
const NICENESS: i32 = 3;

/// The lowest priority that there is.
const BACKGROUND_NICENESS: i32 = 19;

/// Lowers the priority of the threads that are started from here on, and so of all that compute. On Linux only theirs: the threads
/// that pass messages exist already and stay quick. Elsewhere on Unix it is the whole process; Windows keeps its usual priority.
fn yield_to_the_editor(#[cfg_attr(not(unix), expect(unused))] niceness: i32) {
    #[cfg(unix)]
    if let Err(error) = rustix::process::nice(niceness) {
        tracing::warn!("the engine keeps the editor's priority: {error}");
    }
}

pub async fn run(arguments: Arguments, log: logging::Handle) -> Result<()> {
    if let Ok(file) = arguments.host.open_log() {
        log.keep_short(file, LONGEST_LOG);
    }
    yield_to_the_editor(match arguments.run.background {
        true => BACKGROUND_NICENESS,
        false => NICENESS,
    });
    let engine = Arc::new(arguments.run.start_shared()?);
    engine.warm_up();
    let exit = arguments.host.serve(engine.clone()).await?;
    engine.close(CLOSE_PATIENCE);
    tracing::info!(?exit, "engine ended");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{gguf::Facts, store::Origin};

    #[test]
    fn windows_share_the_engine_of_the_same_bytes_and_of_no_others() {
        let run = |sha256: &str, stamp: Stamp| {
            let model = Resolved {
                path: "/m/model.gguf".into(),
                name: "model".to_owned(),
                entry: None,
                sha256: sha256.to_owned(),
                stamp,
                origin: Origin::Elsewhere,
                facts: Facts::default(),
            };
            let mut config = Config::default();
            // Without saved states the digest counts as well.
            config.engine.disk_cache_mb = 0;
            RunArguments::new(&model, &config)
        };
        let mut touched = Stamp::default();
        touched.bytes = 1;
        let first = run("a", Stamp::default());
        assert_eq!(first.identity(), run("a", touched).identity());
        assert_ne!(first.identity(), run("b", Stamp::default()).identity());
        let line = run("a", touched).to_command_line(1);
        let stamp = line.iter().position(|part| part == "--model-stamp");
        let stamp = line[stamp.expect("is told") + 1].to_str().unwrap();
        assert_eq!(parse_stamp(stamp).unwrap(), touched);
    }
}
