//! The commands for the shell. Each prints its result to stdout, as one JSON object with `--json`; progress and words about what
//! goes wrong go to stderr.

pub mod action;
pub mod bench;
pub mod complete;
pub mod demo;
pub mod engine;
pub mod lsp;
pub mod stats;
pub mod window;

use std::{borrow::Cow, io::IsTerminal, path::Path, sync::Arc};

use anyhow::{Context, Result, anyhow};
use clap::Args;

use crate::{
    config::{self, Config, ModelChoice, Settings, Sources},
    display,
    documents::MAX_TEXT_BYTES,
    engine::{
        Engine, endpoint::Endpoint, launch::LaunchSettings, remote::RemoteEngine, wire::Hello,
    },
    files,
    models::{
        choice,
        store::{ModelError, Resolved, Store},
    },
};

/// Which model answers, and where it runs; what is not given comes from the user's `tacit.toml`.
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
        open_engine(&self.config(), self.in_process)
    }

    /// The same for code actions, where `--model` names the model that does them.
    pub fn open_for_actions(&self) -> Result<Arc<dyn Engine>> {
        let mut config = self.config();
        if self.model.is_some() {
            config.actions.model = config.model.clone();
        }
        window::action_engine(&config, self.in_process)
    }

    /// What runs in that engine.
    pub fn run(&self) -> Result<engine::RunArguments> {
        let config = self.config();
        Ok(engine::RunArguments::new(&resolve_model(&config)?, &config))
    }

    fn config(&self) -> Config {
        let mut config = user_settings(None).of(None).clone();
        if let Some(model) = &self.model {
            config.model = ModelChoice::from(model.as_str());
        }
        if let Some(threads) = self.threads {
            config.engine.threads = threads;
        }
        config
    }
}

/// The settings for commands in the shell: the user's file and the workspace's. What does not count in them is said on stderr.
fn user_settings(workspace: Option<&Path>) -> Settings {
    let folders: Vec<_> = workspace.map(Path::to_owned).into_iter().collect();
    let files = config::Files::read(config::user_file().as_deref(), &folders);
    let (settings, issues) = Sources {
        files,
        ..Default::default()
    }
    .resolve();
    for issue in issues {
        eprintln!("{}", display::on_terminal(&issue.to_string()));
    }
    settings
}

/// The shared engine process, started when it is needed, or a thread of this process. May read a whole model file; has to be
/// called within a tokio runtime.
fn open_engine(config: &Config, in_process: bool) -> Result<Arc<dyn Engine>> {
    let run = engine::RunArguments::new(&resolve_model(config)?, config);
    start_engine(&run, config, in_process)
}

fn start_engine(
    run: &engine::RunArguments,
    config: &Config,
    in_process: bool,
) -> Result<Arc<dyn Engine>> {
    if in_process {
        return Ok(Arc::new(run.start()?));
    }
    Ok(Arc::new(RemoteEngine::new(launch_settings(run, config)?)))
}

/// The process that all windows with these settings share.
pub(crate) fn shared_engine(model: &Resolved, config: &Config) -> Result<LaunchSettings> {
    launch_settings(&engine::RunArguments::new(model, config), config)
}

fn launch_settings(run: &engine::RunArguments, config: &Config) -> Result<LaunchSettings> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let hello = Hello::new(&format!("{}{}", run.identity(), build_time(&program)));
    Ok(LaunchSettings {
        endpoint: Endpoint::shared(&hello)?,
        hello,
        program,
        arguments: run.to_command_line(config.engine.idle_exit_minutes),
    })
}

/// Tells builds of the same version apart: after an update, windows do not meet an engine of the program before it.
fn build_time(program: &Path) -> String {
    let modified = program
        .metadata()
        .and_then(|metadata| metadata.modified())
        .ok();
    let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(String::new(), |since| format!("\n{}", since.as_nanos()))
}

fn store(config: &Config) -> Result<Store, ModelError> {
    Store::open_in(config.models_dir.as_deref())
}

/// The file of the model that the settings choose.
pub(crate) fn resolve_model(config: &Config) -> Result<Resolved, ModelError> {
    choice::for_completion(&store(config)?, &config.model)
}

/// What goes to standard output, as it goes there: byte by byte as it is into a file or a pipe, where `patch` may read it, and without anything
/// that a terminal would obey where a person reads it.
pub(crate) fn for_stdout(text: &str) -> Cow<'_, str> {
    for_output(text, std::io::stdout().is_terminal())
}

fn for_output(text: &str, is_terminal: bool) -> Cow<'_, str> {
    match is_terminal {
        true => display::on_terminal(text),
        false => Cow::Borrowed(text),
    }
}

/// Reads a source file that the user named.
fn read_text(path: &Path) -> Result<String> {
    files::read_text(path, MAX_TEXT_BYTES).map_err(|unread| anyhow!("{} {unread}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::diff;

    #[test]
    fn a_diff_is_exact_in_a_pipe_and_obeyed_by_no_terminal() {
        let old = "title = \"\u{1b}]0;owned\u{7}\"\r\nsize = 1\n";
        let diff = diff::unified("a.py", Some(old), &old.replace('1', "2\u{9b}2J\u{202e}"));
        assert_eq!(for_output(&diff, false), diff);
        let shown = for_output(&diff, true);
        let is_obeyed = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        assert!(
            diff.contains(is_obeyed) && !shown.contains(is_obeyed),
            "{shown:?}"
        );
        for told in ["\\x1b]0;owned\\x07", "2\\x9b2J\\u{202e}"] {
            assert!(shown.contains(told), "{shown:?}");
        }
    }
}
