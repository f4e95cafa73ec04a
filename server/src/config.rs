//! What the user can set: the typed [`Config`], the table of its keys, and how layers of settings become one.
//!
//! From the weakest to the strongest: the defaults, the user's `tacit.toml`, a workspace's `tacit.toml`, what the editor
//! sends with `initialize`, what it sends later. A workspace's own file comes with the code that somebody else wrote, so
//! it may set only what concerns the completions in it: never a model, a folder or anything of the engine.
//!
//! Nothing here fails: what can't be used becomes an [`Issue`], a sentence for the user, and the rest counts.

mod files;
mod keys;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::display;

pub use files::{FILE_NAME, cache_folder, read_file, state_folder, user_file};
pub use keys::{KEYS, Key, Kind};

/// Everything that can be set, with nothing left open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Config {
    pub model: ModelChoice,
    /// Where models are kept; `None` is the usual place of the platform.
    pub models_dir: Option<PathBuf>,
    pub log_level: LogLevel,
    pub completion: CompletionConfig,
    pub actions: ActionsConfig,
    pub engine: EngineConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: ModelChoice::Auto,
            models_dir: None,
            log_level: LogLevel::Info,
            completion: CompletionConfig::default(),
            actions: ActionsConfig::default(),
            engine: EngineConfig::default(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompletionConfig {
    pub enabled: bool,
    /// Whether the completion menu gets an item too, beside inline completions.
    pub menu: bool,
    /// Tokens generated at most for one suggestion.
    pub max_tokens: u32,
    /// Lines of one suggestion at most.
    pub max_lines: u32,
    /// Milliseconds within which a suggestion should be there: what the model sees follows from it and from the machine's speed.
    pub latency_target_ms: u32,
    /// Milliseconds without a key before the model is asked by itself.
    pub debounce_ms: u32,
    /// Whether what is shown follows from what the user kept before.
    pub learn: bool,
    /// What is less likely is not shown while typing, whatever was learned.
    pub min_probability_percent: u32,
    /// Language ids (as in LSP) in which tacit stays quiet.
    pub disabled_languages: Vec<String>,
}

impl Default for CompletionConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            menu: true,
            max_tokens: 256,
            max_lines: 24,
            latency_target_ms: 150,
            debounce_ms: 0,
            learn: true,
            min_probability_percent: 0,
            disabled_languages: Vec::new(),
        }
    }
}

impl CompletionConfig {
    /// From 0 to 1.
    pub fn min_probability(&self) -> f32 {
        self.min_probability_percent as f32 / 100.0
    }

    /// Whether completions are wanted in a document of this language.
    pub fn wanted_in(&self, language_id: &str) -> bool {
        self.enabled
            && !self
                .disabled_languages
                .iter()
                .any(|disabled| disabled.eq_ignore_ascii_case(language_id))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionsConfig {
    /// Which model does code actions.
    pub model: ModelChoice,
    /// Minutes without an action before its weights leave the memory, if they are not those of completion; 0 is never.
    pub idle_unload_minutes: u32,
}

impl Default for ActionsConfig {
    fn default() -> Self {
        Self {
            model: ModelChoice::Auto,
            idle_unload_minutes: 5,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EngineConfig {
    /// Threads that compute at most: fewer while other programs keep cores busy. 0 is what suits the machine.
    pub threads: u32,
    /// Minutes without a request before the weights leave the memory; 0 is never.
    pub idle_unload_minutes: u32,
    /// Minutes without a client before the engine's process ends.
    pub idle_exit_minutes: u32,
    /// Tokens of a prompt and its answer together; 0 is the default, 8192.
    pub context_tokens: u32,
    /// Megabytes on disk at most for what the engine has computed of recent documents; 0 is none.
    pub disk_cache_mb: u32,
    /// Share of the time, in percent, that work may compute for which nobody waits; 0 is never.
    pub idle_cpu_percent: u32,
    /// Whether such work is done while the machine runs on battery.
    pub prefetch_on_battery: bool,
    /// Layers of the model on the GPU; `None` is as many as fit.
    pub gpu_layers: Option<u32>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            threads: 0,
            idle_unload_minutes: 15,
            idle_exit_minutes: 30,
            context_tokens: 0,
            disk_cache_mb: 256,
            idle_cpu_percent: 50,
            prefetch_on_battery: false,
            gpu_layers: None,
        }
    }
}

/// Which model is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelChoice {
    /// To complete: the smallest of the catalogue, which is quick on any machine. For actions: the one that completes, if it
    /// follows instructions, else the smallest here that does.
    Auto,
    /// A name in the catalogue.
    Named(String),
    /// A file of the user's own, which has to be trusted first.
    File(PathBuf),
}

impl From<&str> for ModelChoice {
    fn from(text: &str) -> Self {
        let is_path = text.ends_with(".gguf") || text.contains(['/', '\\']);
        match text {
            "auto" => Self::Auto,
            path if is_path => Self::File(files::expand_home(path)),
            name => Self::Named(name.to_owned()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Something in the settings that does not count, told to the user as it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Issue {
    /// Where it stands: a file, or "the editor's settings".
    pub source: String,
    /// A plain sentence: what is wrong, and what counts instead.
    pub text: String,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", display::path(&self.source), self.text)
    }
}

/// Issues as one line, each source named once: "a.toml: This is wrong. That is wrong. b.toml: So is this.".
pub fn in_one_line(issues: &[Issue]) -> String {
    let mut line = String::new();
    let mut last = None;
    for issue in issues {
        let blank = if line.is_empty() { "" } else { " " };
        line += &match last == Some(&issue.source) {
            true => format!("{blank}{}", issue.text),
            false => format!("{blank}{issue}"),
        };
        last = Some(&issue.source);
    }
    line
}

/// One source of settings, not yet judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    pub source: String,
    pub trust: Trust,
    pub values: Value,
}

/// Who wrote a layer, and with that what it may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The user, in his own file or his editor.
    User,
    /// Whoever wrote the workspace.
    Workspace,
}

impl Layer {
    /// Settings as an editor sends them: nested under `tacit` or bare, with camel case or without.
    pub fn of_editor(values: &Value) -> Self {
        let own = values.get("tacit").unwrap_or(values);
        Self {
            source: "the editor's settings".to_owned(),
            trust: Trust::User,
            values: keys::in_snake_case(own),
        }
    }
}

/// Applies layers, the weakest first.
pub fn resolve<'a>(layers: impl IntoIterator<Item = &'a Layer>) -> (Config, Vec<Issue>) {
    let mut config = Config::default();
    let mut issues = Vec::new();
    for layer in layers {
        keys::apply(layer, &mut config, &mut issues);
    }
    (config, issues)
}

/// The settings of a window: one [`Config`] for each workspace folder, and one for everything else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    general: Config,
    folders: Vec<(PathBuf, Config)>,
}

impl From<Config> for Settings {
    /// The same everywhere.
    fn from(general: Config) -> Self {
        Self {
            general,
            folders: Vec::new(),
        }
    }
}

impl Settings {
    /// What counts in a workspace folder, or in files outside all folders. Models, engine and logs are the same everywhere.
    pub fn of(&self, folder: Option<&Path>) -> &Config {
        let own = folder.and_then(|folder| self.folders.iter().find(|(path, _)| path == folder));
        own.map_or(&self.general, |(_, config)| config)
    }
}

/// The files among the sources of settings.
#[derive(Debug, Clone, Default)]
pub struct Files {
    pub user: Option<Layer>,
    /// The `tacit.toml` of workspace folders; folders without one are absent.
    pub folders: Vec<(PathBuf, Layer)>,
    /// What went wrong when they were read.
    pub unreadable: Vec<Issue>,
}

impl Files {
    /// Reads the user's file (see [`user_file`]) and those of workspace folders. Touches the disk, so not for the message
    /// loop.
    pub fn read(user: Option<&Path>, folders: &[PathBuf]) -> Self {
        let mut files = Self::default();
        let mut read = |path: &Path, trust| {
            read_file(path, trust).unwrap_or_else(|issue| {
                files.unreadable.push(issue);
                None
            })
        };
        files.user = user.and_then(|path| read(path, Trust::User));
        files.folders = folders
            .iter()
            .filter_map(|folder| {
                Some((
                    folder.clone(),
                    read(&folder.join(FILE_NAME), Trust::Workspace)?,
                ))
            })
            .collect();
        files
    }
}

/// The layers that [`Settings`] are made of, each replaceable by itself.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    pub files: Files,
    pub initialization: Option<Layer>,
    pub editor: Option<Layer>,
}

impl Sources {
    /// Whether judging them takes no time to speak of.
    pub fn are_small(&self) -> bool {
        let of_files = self.files.user.iter();
        let of_folders = self.files.folders.iter().map(|(_, layer)| layer);
        let of_editor = self.initialization.iter().chain(&self.editor);
        let mut layers = of_files.chain(of_folders).chain(of_editor);
        layers.all(|layer| is_small(&layer.values)) && self.files.folders.len() <= FEW_FOLDERS
    }

    /// The settings, and each thing that does not count, once.
    pub fn resolve(&self) -> (Settings, Vec<Issue>) {
        let user = || self.files.user.iter();
        let stronger = || self.initialization.iter().chain(&self.editor);
        let (general, mut issues) = resolve(user().chain(stronger()));
        issues.extend(self.files.unreadable.iter().cloned());
        let mut folders = Vec::new();
        for (path, layer) in &self.files.folders {
            let (config, folder_issues) = resolve(user().chain([layer]).chain(stronger()));
            folders.push((path.clone(), config));
            issues.extend(folder_issues);
        }
        let mut seen = HashSet::new();
        issues.retain(|issue| seen.insert(issue.clone()));
        (Settings { general, folders }, issues)
    }
}

/// Values of settings that are judged in less than a millisecond, ten times what there is to set.
const FEW_VALUES: usize = 256;

/// Folders whose settings are.
const FEW_FOLDERS: usize = 16;

/// Whether settings are what somebody may have written who means them. No more of them is looked at than that takes.
pub fn is_small(values: &Value) -> bool {
    fn count(value: &Value, left: &mut usize) -> Option<()> {
        *left = left.checked_sub(1)?;
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| count(item, left)),
            Value::Object(table) => table.iter().try_for_each(|(name, value)| {
                *left = left.checked_sub(name.len() / LONG_NAME)?;
                count(value, left)
            }),
            _ => Some(()),
        }
    }
    count(values, &mut { FEW_VALUES }).is_some()
}

/// A name counts as another value for each so many bytes.
const LONG_NAME: usize = 64;

#[cfg(test)]
mod tests;
