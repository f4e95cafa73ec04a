//! Getting a connection to an engine process: the one that runs, else a new one. Owns the child process and the handshake;
//! knows nothing of jobs, and does not decide when to try again.

use std::ffi::OsString;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{self, Instant};

use super::Status;
use super::connection::{Connection, ConnectionError};
use super::endpoint::{Endpoint, EndpointError, Stream};
use super::recovery::{self, Finding};
use super::wire::{ClientMessage, Hello, HostMessage};
use crate::subprocess;

/// A new engine listens within this time; only then does it load its model.
const LISTEN_PATIENCE: Duration = Duration::from_secs(10);

/// A listening engine answers a hello at once, also while it loads or computes.
const HELLO_PATIENCE: Duration = Duration::from_secs(5);

const FIRST_STEP: Duration = Duration::from_millis(10);
const LONGEST_STEP: Duration = Duration::from_millis(100);

/// A process whose connection has broken is gone after this time, or goes on living.
const DEATH_PATIENCE: Duration = Duration::from_millis(300);

/// Bytes at the end of the log that are searched for a cause of death.
const LOG_TAIL: u64 = 4096;

/// How long GNU's OpenMP lets a thread spin for the others before it sleeps; it reads this once, when it is loaded, so a process
/// cannot set it for itself. Milliseconds for a pass of one token with two threads (0.5B model), quiet and beside one busy core,
/// before [`super::load`] takes the second thread away:
///
/// | spins | quiet | one core busy |
/// | --- | --- | --- |
/// | default (300000) | 26 | 163 |
/// | 100000 | 25 | |
/// | 10000 | 28 | 91 |
/// | 0 | 42 | 42 |
const SPIN_COUNT: &str = "GOMP_SPINCOUNT";
const SPINS: &str = "100000";

/// Whoever has set one of these knows better.
const OPENMP_SPIN: [&str; 2] = [SPIN_COUNT, "OMP_WAIT_POLICY"];

/// How to reach or start the engine for one model.
#[derive(Debug, Clone)]
pub struct LaunchSettings {
    /// Where all windows meet, normally [`Endpoint::shared`].
    pub endpoint: Endpoint,
    /// Who we are and what we want.
    pub hello: Hello,
    /// tacit itself.
    pub program: PathBuf,
    /// Its arguments, without `--endpoint` and `--identity`, which are added. Paths have to be absolute.
    pub arguments: Vec<OsString>,
}

/// A greeted engine.
pub struct Link {
    pub connection: Connection<Stream>,
    pub pid: u32,
    /// What it did when it greeted.
    pub status: Status,
}

/// Remembers which process it has started, and where.
pub struct Launcher {
    settings: LaunchSettings,
    /// The shared endpoint, or one of our own after the shared one turned out to be of no use.
    endpoint: Endpoint,
    own_endpoints: u32,
    child: Option<Child>,
    /// Length of the log when the child was started: what comes after is its own.
    log_start: u64,
}

enum Trouble {
    /// Nothing that we could do will make this endpoint work.
    Unusable(String),
    /// Our engine does not start, for this reason.
    NoStart(Finding),
}

impl Launcher {
    pub fn new(settings: LaunchSettings) -> Self {
        Self {
            endpoint: settings.endpoint.clone(),
            settings,
            own_endpoints: 0,
            child: None,
            log_start: 0,
        }
    }

    /// Connects to the engine, starting it if nobody listens. Where the shared endpoint is of no use (another version, a hanging
    /// engine of another window, a file in the socket's place), starts an engine for this process alone.
    ///
    /// # Errors
    /// Tells why there is no engine.
    pub async fn connect(&mut self) -> Result<Link, Finding> {
        match self.connect_here().await {
            Ok(link) => Ok(link),
            Err(Trouble::NoStart(reason)) => Err(reason),
            Err(Trouble::Unusable(reason)) => {
                self.abandon_endpoint(&reason);
                self.connect_here().await.map_err(|trouble| match trouble {
                    Trouble::NoStart(reason) => reason,
                    Trouble::Unusable(reason) => reason.into(),
                })
            }
        }
    }

    /// The engine behind a link no longer answers: makes sure that the next connection reaches another one.
    pub async fn replace_hung(&mut self, pid: u32) {
        if self.child.as_ref().and_then(Child::id) == Some(pid) {
            self.kill().await;
        } else {
            self.abandon_endpoint("its engine, which another window has started, does not answer");
        }
    }

    /// Why the connection to the engine has just broken.
    pub async fn post_mortem(&mut self) -> Finding {
        let exit = match &mut self.child {
            Some(child) => time::timeout(DEATH_PATIENCE, child.wait())
                .await
                .ok()
                .and_then(Result::ok),
            None => None,
        };
        recovery::find(exit, &self.log_tail())
    }

    async fn connect_here(&mut self) -> Result<Link, Trouble> {
        let give_up = Instant::now() + LISTEN_PATIENCE;
        let mut step = FIRST_STEP;
        let mut spawned = false;
        loop {
            match self.greet().await {
                Ok(Greeting::Welcome(link)) => return Ok(*link),
                Ok(Greeting::Refused(reason)) => return Err(Trouble::Unusable(reason)),
                Ok(Greeting::Silence) if self.is_running() => {
                    self.kill().await;
                    let reason = "The engine started, but it does not answer.".to_owned();
                    return Err(Trouble::NoStart(reason.into()));
                }
                Ok(Greeting::Silence) => {
                    return Err(Trouble::Unusable("its engine does not answer".into()));
                }
                // It is just leaving or dying: what is left is for a new one.
                Ok(Greeting::Broken) | Err(EndpointError::NobodyListens(_)) => {}
                Err(error) => return Err(Trouble::Unusable(error.to_string())),
            }
            match self.exit_status() {
                // On its way.
                None if self.child.is_some() => {}
                Some(exit) if spawned && !exit.success() => {
                    let found = recovery::find(Some(exit), &self.log_tail());
                    return Err(Trouble::NoStart(found));
                }
                // None yet, or an old one, or ours has left the place to another that is just coming or going.
                _ if Instant::now() < give_up => {
                    self.spawn()?;
                    spawned = true;
                }
                _ => {
                    return Err(Trouble::Unusable(
                        "an engine holds its lock, but does not listen".into(),
                    ));
                }
            }
            if Instant::now() >= give_up {
                self.kill().await;
                let patience = LISTEN_PATIENCE.as_secs();
                let reason = format!("The engine did not come up within {patience} seconds.");
                return Err(Trouble::NoStart(reason.into()));
            }
            time::sleep(step).await;
            step = (step * 2).min(LONGEST_STEP);
        }
    }

    async fn greet(&self) -> Result<Greeting, EndpointError> {
        let mut connection = match self.endpoint.connect().await {
            Err(EndpointError::Io { error, .. })
                if error.kind() == std::io::ErrorKind::TimedOut =>
            {
                return Ok(Greeting::Silence);
            }
            stream => Connection::new(stream?),
        };
        let answer = time::timeout(HELLO_PATIENCE, async {
            connection.send(&ClientMessage::Hello(self.settings.hello.clone()))?;
            connection.receive().await
        });
        Ok(match answer.await {
            Ok(Ok(Some(HostMessage::Welcome { pid, status }))) => {
                Greeting::Welcome(Box::new(Link {
                    connection,
                    pid,
                    status,
                }))
            }
            Ok(Ok(Some(HostMessage::Refused { reason }))) => Greeting::Refused(reason),
            Ok(Ok(Some(_)) | Err(ConnectionError::Wire(_))) => {
                Greeting::Refused("its engine speaks another language".into())
            }
            Ok(Ok(None) | Err(_)) => Greeting::Broken,
            Err(_) => Greeting::Silence,
        })
    }

    fn spawn(&mut self) -> Result<(), Trouble> {
        let log = self
            .endpoint
            .open_log()
            .map_err(|error| Trouble::Unusable(error.to_string()))?;
        self.log_start = log.metadata().map_or(0, |metadata| metadata.len());
        // The engine outlives this window: it runs in its own folder, so that the user's is not kept busy.
        let folder = self.endpoint.path().parent().unwrap_or(Path::new("/"));
        let mut command = Command::from(subprocess::command(&self.settings.program, folder));
        command
            .args(&self.settings.arguments)
            .arg("--endpoint")
            .arg(self.endpoint.path())
            .arg("--identity")
            .arg(&self.settings.hello.model)
            .stderr(log);
        if !OPENMP_SPIN
            .iter()
            .any(|name| std::env::var_os(name).is_some())
        {
            command.env(SPIN_COUNT, SPINS);
        }
        let child = command.spawn().map_err(|error| {
            let program = self.settings.program.display();
            let reason = format!(
                "The engine {program} can't be started ({error}): please install tacit again."
            );
            Trouble::NoStart(reason.into())
        })?;
        tracing::info!(
            "started the engine, process {}",
            child.id().unwrap_or_default()
        );
        self.child = Some(child);
        Ok(())
    }

    fn abandon_endpoint(&mut self, reason: &str) {
        tracing::warn!(
            "{} is of no use ({reason}): this window gets an engine of its own",
            self.endpoint.path().display()
        );
        self.own_endpoints += 1;
        self.endpoint = self.settings.endpoint.own(self.own_endpoints);
        self.child = None;
    }

    fn is_running(&mut self) -> bool {
        self.child.is_some() && self.exit_status().is_none()
    }

    /// How the child has ended; `None` while it runs, or if there is none.
    fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.as_mut()?.try_wait().ok().flatten()
    }

    async fn kill(&mut self) {
        if let Some(mut child) = self.child.take()
            && let Err(error) = child.kill().await
        {
            tracing::warn!("the engine can't be ended: {error}");
        }
    }

    /// The last lines of the engine's standard error; empty where there are none.
    fn log_tail(&self) -> String {
        let read = || {
            let mut log = std::fs::File::open(self.endpoint.log_path())?;
            let length = log.metadata()?.len();
            // One that is shorter than it was has been cut, and all of it is newer.
            let own = if self.child.is_some() && self.log_start <= length {
                self.log_start
            } else {
                0
            };
            log.seek(SeekFrom::Start(own.max(length.saturating_sub(LOG_TAIL))))?;
            let mut tail = Vec::new();
            log.take(LOG_TAIL).read_to_end(&mut tail)?;
            std::io::Result::Ok(String::from_utf8_lossy(&tail).into_owned())
        };
        read().unwrap_or_default()
    }
}

enum Greeting {
    Welcome(Box<Link>),
    Refused(String),
    /// The connection ended before an answer.
    Broken,
    /// No answer in time.
    Silence,
}
