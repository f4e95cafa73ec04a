//! What is logged, and how much. Logs go to standard error, which editors keep in a file; they hold places, counts and times, never the text
//! of a document. The engine's goes to a file of our own, which is kept [short](Handle::keep_short).

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tokio::sync::watch;
use tracing_subscriber::{
    EnvFilter, Registry, fmt, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

use crate::config::{LogLevel, Settings};

/// Takes precedence over `log_level`; the syntax is that of `tracing_subscriber::EnvFilter`.
const VARIABLE: &str = "TACIT_LOG";

/// Bytes at the end of a log that stay when it has become too long.
const KEPT: u64 = 64 << 10;

/// Changes the log that [`init`] has set up.
#[derive(Clone)]
pub struct Handle {
    /// `None` where the environment decides on the level.
    level: Option<reload::Handle<EnvFilter, Registry>>,
    bound: Arc<OnceLock<Bound>>,
}

/// The file that standard error goes to, and how long it may become.
struct Bound {
    file: Mutex<File>,
    bytes: u64,
}

/// Sets up the process's log: warnings and errors, until [`Handle::follow`] or the environment say otherwise.
pub fn init() -> Handle {
    let from_environment = EnvFilter::try_from_env(VARIABLE).ok();
    let is_fixed = from_environment.is_some();
    let filter = from_environment.unwrap_or_else(|| filter(LogLevel::Warn));
    let (filter, handle) = reload::Layer::new(filter);
    let bound = Arc::<OnceLock<Bound>>::default();
    let writing = bound.clone();
    let writer = move || StandardError(writing.clone());
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::registry()
        .with(filter)
        .with(fmt::layer().with_ansi(ansi).with_writer(writer))
        .init();
    Handle {
        level: (!is_fixed).then_some(handle),
        bound,
    }
}

impl Handle {
    /// From now on the level is that of the settings, also when they change.
    pub async fn follow(self, mut settings: watch::Receiver<Arc<Settings>>) {
        let Some(handle) = self.level else { return };
        loop {
            let level = settings.borrow_and_update().of(None).log_level;
            let _ = handle.reload(filter(level));
            if settings.changed().await.is_err() {
                return;
            }
        }
    }

    /// From now on, `file`, which is what standard error is appended to, has `bytes` at most after each line that is logged: when there
    /// are more, the last [`KEPT`] stay. It has to be open to read and to append.
    pub fn keep_short(&self, file: File, bytes: u64) {
        let file = Mutex::new(file);
        let _ = self.bound.set(Bound { file, bytes });
    }
}

/// Standard error, and the bound of the file behind it.
struct StandardError(Arc<OnceLock<Bound>>);

impl Write for StandardError {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let written = io::stderr().write(line)?;
        if let Some(bound) = self.0.get() {
            bound.shorten()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl Bound {
    fn shorten(&self) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let length = file.metadata()?.len();
        if length <= self.bytes {
            return Ok(());
        }
        let mut end = Vec::new();
        file.seek(SeekFrom::Start(length.saturating_sub(KEPT)))?;
        (&mut *file).take(KEPT).read_to_end(&mut end)?;
        file.set_len(0)?;
        file.write_all(&end)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_log_the_end_stays() {
        let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let open = || {
            let mut options = File::options();
            options.read(true).append(true).open(&path).unwrap()
        };
        let bound = Bound {
            file: Mutex::new(open()),
            bytes: 2 * KEPT,
        };
        let mut log = open();
        for number in 0..100_000 {
            writeln!(log, "line {number}").unwrap();
            bound.shorten().unwrap();
            assert!(log.metadata().unwrap().len() <= 2 * KEPT);
        }
        let left = std::fs::read_to_string(&path).unwrap();
        assert!(left.ends_with("line 99998\nline 99999\n") && left.len() as u64 >= KEPT);
    }
}
