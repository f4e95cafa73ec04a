//! What `tacit doctor` looks at. Only facts: whether one is good or bad is decided elsewhere.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use etcetera::BaseStrategy;
use serde::Serialize;

use crate::{
    cli::engine::{RunArguments, default_threads},
    engine::{cpu::Runnable, endpoint::Endpoint, wire::Hello},
    models::{catalogue, store::Store},
};

#[derive(Debug, Default, Serialize)]
pub struct Facts {
    pub program: Program,
    pub machine: Machine,
    /// In bytes.
    pub memory: Memory,
    pub back_end: BackEnd,
    pub models: Models,
    pub default_model: DefaultModel,
    pub engine: EngineProcess,
    pub editors: Vec<Editor>,
    /// Settings files of the user that exist.
    pub configuration: Vec<String>,
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
    /// That the engine computes with.
    pub threads: u32,
}

/// In bytes; unknown on systems that do not tell it in a file.
#[derive(Debug, Default, Serialize)]
pub struct Memory {
    pub total: Option<u64>,
    pub available: Option<u64>,
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
    pub here: Vec<Model>,
}

#[derive(Debug, Serialize)]
pub struct Model {
    pub name: String,
    pub path: String,
}

#[derive(Debug, Default, Serialize)]
pub struct DefaultModel {
    pub name: String,
    pub path: Option<String>,
    pub bytes: Option<u64>,
    /// Why it cannot be used, and what to do.
    pub error: Option<String>,
}

/// The shared process for the default model.
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

const EDITORS: [&str; 4] = ["nvim", "hx", "code", "codium"];
/// `code --version` starts a runtime of its own; one that hangs does not hold up the rest.
const VERSION_TIME: Duration = Duration::from_secs(5);

pub async fn collect() -> Facts {
    let path = env::var_os("PATH").unwrap_or_default();
    let in_path = |program: &str| {
        env::split_paths(&path)
            .map(|folder| folder.join(format!("{program}{}", env::consts::EXE_SUFFIX)))
            .find(|file| file.is_file())
    };
    let editors = EDITORS
        .into_iter()
        .filter_map(|program| in_path(program).map(|file| editor(program, file)));
    let editors = futures::future::join_all(editors).await;

    let (models, default_model, engine) = models_and_engine().await;
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
            threads: default_threads(),
        },
        memory: memory(&std::fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        back_end: back_end(),
        models,
        default_model,
        engine,
        editors,
        configuration: configuration(),
    }
}

async fn models_and_engine() -> (Models, DefaultModel, EngineProcess) {
    let mut models = Models::default();
    let mut default_model = DefaultModel {
        name: catalogue::DEFAULT.to_owned(),
        ..DefaultModel::default()
    };
    let mut engine = EngineProcess::default();
    let resolved = Store::open().and_then(|store| {
        models.folder = Some(text(store.folder()));
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
        store.resolve(catalogue::DEFAULT)
    });
    match resolved {
        Err(error) => default_model.error = Some(error.to_string()),
        Ok(resolved) => {
            default_model.path = Some(text(&resolved.path));
            default_model.bytes = Some(resolved.bytes);
            let identity = RunArguments::new(&resolved, None).identity();
            match Endpoint::shared(&Hello::new(&identity)) {
                Err(error) => engine.error = Some(error.to_string()),
                Ok(endpoint) => {
                    engine.running = endpoint.connect().await.is_ok();
                    engine.socket = Some(text(endpoint.path()));
                }
            }
        }
    }
    (models, default_model, engine)
}

async fn editor(program: &str, file: PathBuf) -> Editor {
    let asked = tokio::process::Command::new(&file)
        .arg("--version")
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let version = match tokio::time::timeout(VERSION_TIME, asked).await {
        Ok(Ok(output)) => String::from_utf8_lossy(&output.stdout)
            .lines()
            .next()
            .map(|line| line.trim().to_owned()),
        _ => None,
    };
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

/// From the text of Linux's `/proc/meminfo`, which counts in kibibytes.
fn memory(meminfo: &str) -> Memory {
    let bytes = |name: &str| {
        let value = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = value.split_whitespace().next()?.parse().ok()?;
        kibibytes.checked_mul(1024)
    };
    Memory {
        total: bytes("MemTotal:"),
        available: bytes("MemAvailable:"),
    }
}

fn configuration() -> Vec<String> {
    let file = env::var_os("TACIT_CONFIG").map(PathBuf::from).or_else(|| {
        let folder = etcetera::choose_base_strategy().ok()?.config_dir();
        Some(folder.join("tacit").join("tacit.toml"))
    });
    file.filter(|file| file.is_file())
        .map(|file| text(&file))
        .into_iter()
        .collect()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_what_linux_tells() {
        let told =
            memory("MemTotal:       24548200 kB\nMemFree:   1 kB\nMemAvailable:    1024 kB\n");
        assert_eq!(
            (told.total, told.available),
            (Some(25_137_356_800), Some(1_048_576))
        );
        let silent = memory("");
        assert_eq!((silent.total, silent.available), (None, None));
    }

    #[tokio::test]
    async fn an_editor_that_does_not_answer_has_no_version() {
        let none = editor("nvim", PathBuf::from("no-such-program")).await;
        assert_eq!(none.version, None);
    }
}
