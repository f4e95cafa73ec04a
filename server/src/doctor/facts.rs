//! What `tacit doctor` looks at. Only facts: whether one is good or bad is decided elsewhere.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Serialize;

use crate::{
    cli,
    config::{self, Config, ModelChoice},
    engine::{
        calibration::records::{CalibrationRecords, Subject},
        costs::PassCosts,
        cpu::Runnable,
        memory::{self, Memory},
    },
    models::{catalogue, choice, store::Store},
    subprocess::{SearchPath, Subprocess},
};

#[derive(Debug, Default, Serialize)]
pub struct Facts {
    pub program: Program,
    pub machine: Machine,
    /// In bytes.
    pub memory: Memory,
    pub back_end: BackEnd,
    pub models: Models,
    pub model: ChosenModel,
    pub actions: ActionModel,
    pub engine: EngineProcess,
    pub speed: Speed,
    pub editors: Vec<Editor>,
    pub configuration: Configuration,
}

#[derive(Debug, Default, Serialize)]
pub struct Program {
    pub version: String,
    pub path: String,
    /// An editor that starts `tacit` by its name finds one.
    pub found_in_path: bool,
}

#[derive(Debug, Default, Serialize)]
pub struct Machine {
    pub system: String,
    pub architecture: &'static str,
    pub logical_cores: usize,
    /// That the engine computes with at most.
    pub threads: u32,
}

/// llama.cpp's CPU back ends, one for each generation of instruction sets.
#[derive(Debug, Default, Serialize)]
pub struct BackEnd {
    /// Name and instruction sets; `None` where llama.cpp chooses for itself.
    pub in_use: Option<String>,
    pub runnable: Vec<Runnable>,
    /// Why nothing can run.
    pub missing: Option<String>,
}

#[derive(Debug, Default, Serialize)]
pub struct Models {
    pub folder: Option<String>,
    /// Why nothing is remembered of model files, where that is so.
    pub forgotten: Option<String>,
    pub here: Vec<Model>,
}

#[derive(Debug, Serialize)]
pub struct Model {
    pub name: String,
    pub path: String,
}

/// The one that the settings choose.
#[derive(Debug, Default, Serialize)]
pub struct ChosenModel {
    pub name: String,
    pub path: Option<String>,
    pub bytes: Option<u64>,
    /// Why it cannot be used, and what to do.
    pub error: Option<String>,
}

/// The one that does code actions.
#[derive(Debug, Default, Serialize)]
pub struct ActionModel {
    pub name: Option<String>,
    /// It is the one that completes.
    pub completes: bool,
    /// Why there is none, and what to do.
    pub error: Option<String>,
}

/// Of that model on this machine.
#[derive(Debug, Default, Serialize)]
pub struct Speed {
    /// Whether `passes` were measured, or are assumed until the engine has measured them.
    pub measured: bool,
    /// Tokens and milliseconds of forward passes.
    pub passes: PassCosts,
    pub latency_target_ms: u32,
}

/// The shared process for that model.
#[derive(Debug, Default, Serialize)]
pub struct EngineProcess {
    pub running: bool,
    pub socket: Option<String>,
    /// Why there is no place to meet it.
    pub error: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Editor {
    pub program: String,
    pub path: String,
    /// As it prints it.
    pub version: Option<String>,
}

/// The user's settings; a workspace's and an editor's are the language server's to tell of.
#[derive(Debug, Default, Serialize)]
pub struct Configuration {
    /// `None` if there is none, which is usual.
    pub file: Option<String>,
    /// What does not count, and why.
    pub issues: Vec<String>,
}

const EDITORS: [&str; 4] = ["nvim", "hx", "code", "codium"];
/// `code --version` starts a runtime of its own; one that hangs does not hold up the rest.
const VERSION_TIME: Duration = Duration::from_secs(5);

pub async fn collect() -> Facts {
    let path = SearchPath::trusted();
    let in_path = |program: &str| path.find(program.as_ref());
    let editors = EDITORS
        .into_iter()
        .filter_map(|program| in_path(program).map(|file| editor(program, file)));
    let editors = futures::future::join_all(editors).await;

    let (configuration, config) = configuration();
    let (models, model, engine) = models_and_engine(&config).await;
    let memory = Memory::now();
    let actions = action_model(&config, &model, &engine, memory);
    let threads = cli::engine::threads(&config.engine);
    let measured = model
        .path
        .as_deref()
        .and_then(|path| measured_passes(Path::new(path), threads));
    Facts {
        program: Program {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            path: env::current_exe().map_or_else(|_| "unknown".to_owned(), |file| text(&file)),
            found_in_path: in_path("tacit").is_some(),
        },
        machine: Machine {
            system: system(),
            architecture: env::consts::ARCH,
            logical_cores: std::thread::available_parallelism().map_or(1, usize::from),
            threads,
        },
        memory,
        back_end: back_end(),
        models,
        model,
        actions,
        engine,
        speed: Speed {
            measured: measured.is_some(),
            passes: measured.unwrap_or_default(),
            latency_target_ms: config.completion.latency_target_ms,
        },
        editors,
        configuration,
    }
}

/// What the engine has measured when it ran this model last.
fn measured_passes(model: &Path, threads: u32) -> Option<PassCosts> {
    let subject = Subject::of(model, threads)?;
    CalibrationRecords::in_folder(&config::cache_folder()?).latest(&subject)
}

async fn models_and_engine(config: &Config) -> (Models, ChosenModel, EngineProcess) {
    let mut models = Models::default();
    let mut engine = EngineProcess::default();
    if let Ok(store) = Store::open_in(config.models_dir.as_deref()) {
        models.folder = Some(text(store.folder()));
        models.forgotten = store.check_records().err().map(|error| error.to_string());
        let inventory = store.inventory();
        let pinned = inventory.pinned.iter();
        models.here.extend(pinned.filter_map(|(entry, place)| {
            let (path, _) = place.as_ref()?;
            let (name, path) = (entry.name.clone(), text(path));
            Some(Model { name, path })
        }));
        models
            .here
            .extend(inventory.trusted.iter().map(|path| Model {
                name: "trusted".to_owned(),
                path: text(path),
            }));
    }
    let mut model = ChosenModel {
        name: match &config.model {
            ModelChoice::Auto => catalogue::DEFAULT.to_owned(),
            ModelChoice::Named(name) => name.clone(),
            ModelChoice::File(path) => text(path),
        },
        ..ChosenModel::default()
    };
    match cli::resolve_model(config) {
        Err(error) => model.error = Some(error.to_string()),
        Ok(resolved) => {
            model.path = Some(text(&resolved.path));
            model.bytes = Some(resolved.bytes());
            match cli::shared_engine(&resolved, config) {
                Err(error) => engine.error = Some(error.to_string()),
                Ok(shared) => {
                    engine.running = shared.endpoint.connect().await.is_ok();
                    engine.socket = Some(text(shared.endpoint.path()));
                }
            }
        }
    }
    (models, model, engine)
}

/// What does the actions, if the model that completes is loaded too.
fn action_model(
    config: &Config,
    completion: &ChosenModel,
    engine: &EngineProcess,
    memory: Memory,
) -> ActionModel {
    let taken = match engine.running {
        true => 0,
        false => completion.bytes.map_or(0, memory::needed_for),
    };
    let free = memory.available.map(|free| free.saturating_sub(taken));
    match cli::window::action_model(config, free) {
        Ok(chosen) => ActionModel {
            completes: matches!(chosen, choice::ActionModel::Completion(_)),
            name: Some(chosen.model().name.clone()),
            error: None,
        },
        Err(error) => ActionModel {
            error: Some(error.to_string()),
            ..ActionModel::default()
        },
    }
}

async fn editor(program: &str, file: PathBuf) -> Editor {
    let asked = file.clone();
    let version = tokio::task::spawn_blocking(move || version_of(&asked));
    let version = version.await.ok().flatten();
    // VS Code prints the bare number.
    let version = version.map(
        |version| match version.starts_with(|c: char| c.is_ascii_digit()) {
            true => format!("{program} {version}"),
            false => version,
        },
    );
    Editor {
        program: program.to_owned(),
        path: text(&file),
        version,
    }
}

/// The first line of what it prints when it is asked for its version.
fn version_of(program: &Path) -> Option<String> {
    let asked = Subprocess::new(program.as_os_str())
        .ok()?
        .arguments(["--version"]);
    let output = asked.run_within(VERSION_TIME).ok()?;
    let line = output.stdout.lines().next()?;
    Some(line.trim().to_owned())
}

#[cfg(feature = "llama")]
fn back_end() -> BackEnd {
    use crate::engine::{cpu, llama};
    match llama::library_folder() {
        None => BackEnd {
            missing: Some("llama.cpp's libraries are missing: the folder `lib/tacit` must lie beside the program or its folder.".to_owned()),
            ..BackEnd::default()
        },
        Some(folder) => BackEnd {
            in_use: cpu::choose(&folder).map(|chosen| chosen.description),
            runnable: cpu::runnable(&folder),
            missing: None,
        },
    }
}

#[cfg(not(feature = "llama"))]
fn back_end() -> BackEnd {
    BackEnd {
        missing: Some("This tacit was built without llama.cpp, so it can run no model.".to_owned()),
        ..BackEnd::default()
    }
}

/// What the system calls itself.
fn system() -> String {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or(env::consts::OS, |name| name.trim_matches('"'))
        .to_owned()
}

fn configuration() -> (Configuration, Config) {
    let file = config::user_file().filter(|file| file.is_file());
    let sources = config::Sources {
        files: config::Files::read(file.as_deref(), &[]),
        ..config::Sources::default()
    };
    let (settings, issues) = sources.resolve();
    let told = Configuration {
        file: file.map(|file| text(&file)),
        issues: issues.iter().map(ToString::to_string).collect(),
    };
    (told, settings.of(None).clone())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_editor_that_does_not_answer_has_no_version() {
        let none = editor("nvim", PathBuf::from("no-such-program")).await;
        assert_eq!(none.version, None);
    }
}
