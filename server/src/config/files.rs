//! Where `tacit.toml` lies, and reading it. Touches the disk.

use std::io::Read;
use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

use super::{Issue, Layer, Trust};

/// Name of the file, in a workspace folder and in the user's configuration folder.
pub const FILE_NAME: &str = "tacit.toml";

/// Nobody writes a longer one by hand.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The user's `tacit.toml`: what `TACIT_CONFIG` names, else the one in the platform's folder for configuration. `None` if
/// the user has no home folder.
pub fn user_file() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("TACIT_CONFIG").filter(|path| !path.is_empty()) {
        return Some(PathBuf::from(path));
    }
    Some(choose_app_strategy(app()).ok()?.in_config_dir(FILE_NAME))
}

fn app() -> AppStrategyArgs {
    AppStrategyArgs {
        top_level_domain: "dev".into(),
        author: "tacit".into(),
        app_name: "tacit".into(),
    }
}

/// Where tacit keeps what it can make again: what `TACIT_CACHE` names, else its own folder in the platform's for caches. `None` if
/// the user has no home folder.
pub fn cache_folder() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("TACIT_CACHE").filter(|path| !path.is_empty()) {
        return std::path::absolute(path).ok();
    }
    Some(choose_app_strategy(app()).ok()?.cache_dir())
}

/// Where tacit keeps what it has counted and learned: what `TACIT_STATE` names, else its own folder in the platform's for states of programs
/// or, without such a one, for their data. `None` if the user has no home folder.
pub fn state_folder() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("TACIT_STATE").filter(|path| !path.is_empty()) {
        return std::path::absolute(path).ok();
    }
    let strategy = choose_app_strategy(app()).ok()?;
    Some(strategy.state_dir().unwrap_or_else(|| strategy.data_dir()))
}

/// One file as a layer; `Ok(None)` if there is none.
pub fn read_file(path: &Path, trust: Trust) -> Result<Option<Layer>, Issue> {
    let source = path.display().to_string();
    let issue = |text: String| Issue {
        source: source.clone(),
        text,
    };
    // Only regular files: a pipe of this name would never end.
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(issue(format!(
                "The file can't be read ({error}); it does not count."
            )));
        }
        Ok(metadata) if !metadata.is_file() => {
            return Err(issue("This is not a file; it does not count.".into()));
        }
        Ok(_) => {}
    }
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text));
    match read {
        Err(error) => Err(issue(format!(
            "The file can't be read ({error}); it does not count."
        ))),
        Ok(bytes) if bytes as u64 > MAX_FILE_BYTES => Err(issue(
            "The file is larger than 1 MiB; it does not count.".into(),
        )),
        Ok(_) => parse(&text, &source, trust).map(Some),
    }
}

/// TOML text as a layer.
pub fn parse(text: &str, source: &str, trust: Trust) -> Result<Layer, Issue> {
    match toml::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(values) => Ok(Layer {
            source: source.to_owned(),
            trust,
            values,
        }),
        Err(error) => {
            let line = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].matches('\n').count() + 1
            });
            let text = format!(
                "Line {line} is not valid TOML ({}); the file does not count.",
                error.message()
            );
            Err(Issue {
                source: source.to_owned(),
                text,
            })
        }
    }
}

/// `~/x` as a path in the user's home folder.
pub fn expand_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}
