//! Where `tacit.toml` lies, and reading it. Touches the disk.

use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

use super::{Issue, Layer, Trust};
use crate::display;
use crate::files::{self, Unread};

/// Name of the file, in a workspace folder and in the user's configuration folder.
pub const FILE_NAME: &str = "tacit.toml";

/// Bytes of a `tacit.toml` at most. A workspace's comes from somebody else, and is read at every change of settings; nobody writes a longer
/// one by hand.
const fn max_bytes(trust: Trust) -> u64 {
    match trust {
        Trust::User => 1024 * 1024,
        Trust::Workspace => 64 * 1024,
    }
}

/// Characters of what the parser says of a file: it may quote it.
const PARSER_CHARACTERS: usize = 100;

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

/// One file as a layer; `Ok(None)` if there is none. What is not read as a whole does not count at all.
pub fn read_file(path: &Path, trust: Trust) -> Result<Option<Layer>, Issue> {
    let source = path.display().to_string();
    let issue = |text: String| Issue {
        source: source.clone(),
        text,
    };
    match files::read_text(path, max_bytes(trust)) {
        Err(Unread::Missing) => Ok(None),
        Err(unread) => Err(issue(format!("The file {unread}; it does not count."))),
        Ok(_) if trust == Trust::Workspace && leads_out(path) => Err(issue(
            "This is a link that leads out of its folder; it does not count.".into(),
        )),
        Ok(text) => parse(&text, &source, trust).map(Some),
    }
}

/// Whether a file lies, behind all links, outside of the folder that it is named in.
fn leads_out(path: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let folder = path.parent().and_then(real);
    !folder.is_some_and(|folder| real(path).is_some_and(|file| file.starts_with(folder)))
}

/// TOML text as a layer.
pub fn parse(text: &str, source: &str, trust: Trust) -> Result<Layer, Issue> {
    let text = text.trim_start_matches('\u{feff}');
    match toml::from_str(text) {
        Ok(values) => Ok(Layer {
            source: source.to_owned(),
            trust,
            values,
        }),
        Err(error) => {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = 1 + before.map_or(0, |before| before.matches('\n').count());
            let text = format!(
                "Line {line} is not valid TOML ({}); the file does not count.",
                display::line(error.message(), PARSER_CHARACTERS)
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
