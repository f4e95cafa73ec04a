//! What is logged, and how much. Logs go to standard error, which editors keep in a file; they hold places, counts and times, never the text
//! of a document.

use std::sync::Arc;

use tokio::sync::watch;
use tracing_subscriber::{
    EnvFilter, Registry, fmt, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

use crate::config::{LogLevel, Settings};

/// Takes precedence over `log_level`; the syntax is that of `tracing_subscriber::EnvFilter`.
const VARIABLE: &str = "TACIT_LOG";

/// Changes the level of the log that [`init`] has set up.
#[derive(Clone)]
pub struct Handle(Option<reload::Handle<EnvFilter, Registry>>);

/// Sets up the process's log: warnings and errors, until [`Handle::follow`] or the environment say otherwise.
pub fn init() -> Handle {
    let from_environment = EnvFilter::try_from_env(VARIABLE).ok();
    let is_fixed = from_environment.is_some();
    let filter = from_environment.unwrap_or_else(|| filter(LogLevel::Warn));
    let (filter, handle) = reload::Layer::new(filter);
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::registry()
        .with(filter)
        .with(fmt::layer().with_ansi(ansi).with_writer(std::io::stderr))
        .init();
    Handle((!is_fixed).then_some(handle))
}

impl Handle {
    /// From now on the level is that of the settings, also when they change.
    pub async fn follow(self, mut settings: watch::Receiver<Arc<Settings>>) {
        let Some(handle) = self.0 else { return };
        loop {
            let level = settings.borrow_and_update().of(None).log_level;
            let _ = handle.reload(filter(level));
            if settings.changed().await.is_err() {
                return;
            }
        }
    }
}

/// Libraries say little: the protocol's would quote whole messages at its lowest level, llama.cpp warns of every model's oddities.
fn filter(level: LogLevel) -> EnvFilter {
    let level = match level {
        LogLevel::Off => "off",
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    EnvFilter::new(format!("error,tacit={level}"))
}
