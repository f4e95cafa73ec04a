//! The engine process: takes windows at an [`Endpoint`], passes their jobs to the engine inside this process and its events
//! back, and leaves when nobody needs it. Runs no model itself and never unloads weights: that is the inner engine's business.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{self, Instant};

use super::connection::{Connection, ConnectionError};
use super::endpoint::{Endpoint, EndpointError, Listener, Stream};
use super::wire::{ClientMessage, Hello, HostMessage};
use super::{Engine, Event, Finish, Hold, JobHandle, Usage};
use crate::process::{Ending, asked_to_end};

/// A window says who it is at once, or it is none.
const HELLO_PATIENCE: Duration = Duration::from_secs(5);

/// How often the host looks whether its socket is still there.
const REACHABLE_STEP: Duration = Duration::from_secs(1);

/// Pause after a failed accept, which is a lack of file descriptors in most cases.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every `tacit engine` is told on its command line, whatever model it runs. [`super::launch`] writes it.
#[derive(Debug, Clone, clap::Args)]
pub struct HostArguments {
    /// The socket to listen at; its folder is closed to other users
    #[arg(long, value_name = "SOCKET")]
    pub endpoint: PathBuf,
    /// What windows call this model with its settings; they are refused if they want another
    #[arg(long, value_name = "TEXT")]
    pub identity: String,
    /// Leave after so many seconds without a window
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    pub idle_exit_seconds: u64,
}

impl HostArguments {
    /// The file that our standard error goes to, when a window has started us.
    ///
    /// # Errors
    /// If the endpoint can't be used.
    pub fn open_log(&self) -> Result<File, EndpointError> {
        Endpoint::at(self.endpoint.clone())?.open_log()
    }

    /// [`serve`]s as the arguments say.
    ///
    /// # Errors
    /// If the endpoint can't be used.
    pub async fn serve(self, engine: Arc<dyn Engine>) -> Result<Exit, EndpointError> {
        let settings = HostSettings {
            model: self.identity,
            idle_exit: Duration::from_secs(self.idle_exit_seconds),
        };
        serve(&Endpoint::at(self.endpoint)?, engine, settings).await
    }
}

#[derive(Debug, Clone)]
pub struct HostSettings {
    /// What this engine runs, as windows name it in their [`Hello`].
    pub model: String,
    /// The host ends when no window has been connected for this long.
    pub idle_exit: Duration,
}

/// Why [`serve`] came to its end, which is orderly in each case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// No window for [`HostSettings::idle_exit`].
    Idle,
    /// Another engine listens here.
    Taken,
    /// The socket file was removed or replaced: no new window could find us.
    Unreachable,
    /// The system asked for it.
    Terminated,
}

/// Serves windows until there is a reason to leave.
///
/// # Errors
/// If the endpoint can't be used.
pub async fn serve(
    endpoint: &Endpoint,
    engine: Arc<dyn Engine>,
    settings: HostSettings,
) -> Result<Exit, EndpointError> {
    let listener = match endpoint.listen().await {
        Err(EndpointError::Taken(_)) => return Ok(Exit::Taken),
        listener => listener?,
    };
    let hello = Hello::new(&settings.model);
    // Dropping the set when we leave cancels every job of every window.
    let mut windows = JoinSet::new();
    let mut idle_since = Instant::now();
    let mut reachable = time::interval(REACHABLE_STEP);
    let mut terminated = std::pin::pin!(asked_to_end(&Ending::ALL));
    loop {
        tokio::select! {
            stream = accept(&listener) => {
                let engine = Arc::clone(&engine);
                let hello = hello.clone();
                windows.spawn(async move {
                    if let Err(error) = serve_window(stream, engine.as_ref(), &hello).await {
                        tracing::warn!("a window's connection ended: {error}");
                    }
                });
            }
            Some(_) = windows.join_next() => idle_since = Instant::now(),
            () = time::sleep_until(idle_since + settings.idle_exit), if windows.is_empty() => return Ok(Exit::Idle),
            _ = reachable.tick() => if !listener.is_reachable() { return Ok(Exit::Unreachable) },
            _ = &mut terminated => return Ok(Exit::Terminated),
        }
    }
}

async fn accept(listener: &Listener) -> Stream {
    loop {
        match listener.accept().await {
            Ok(stream) => return stream,
            Err(error) => {
                tracing::warn!("a window could not connect: {error}");
                time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One window from its hello to its end. Returning cancels its jobs.
async fn serve_window(
    stream: Stream,
    engine: &dyn Engine,
    hello: &Hello,
) -> Result<(), ConnectionError> {
    let mut window = Connection::new(stream);
    let first = match time::timeout(HELLO_PATIENCE, window.receive()).await {
        Ok(first) => first?,
        Err(_) => return Ok(()),
    };
    match first {
        Some(ClientMessage::Hello(theirs)) if theirs == *hello => {}
        Some(ClientMessage::Hello(theirs)) => {
            return refuse(window, mismatch(&theirs, hello)).await;
        }
        Some(_) => return refuse(window, "the first message has to be Hello".into()).await,
        None => return Ok(()),
    }
    let mut status = engine.status();
    window.send(&HostMessage::Welcome {
        pid: std::process::id(),
        status: status.borrow_and_update().clone(),
    })?;

    let (events, mut arriving) = mpsc::unbounded_channel();
    let mut relays = JoinSet::new();
    let mut running: HashMap<u64, (Arc<Notify>, Hold)> = HashMap::new();
    loop {
        tokio::select! {
            message = window.receive() => match message? {
                None => return Ok(()),
                Some(ClientMessage::Submit { id, job }) => {
                    let cancelled = Arc::new(Notify::new());
                    let job = engine.submit(job);
                    let hold = job.hold();
                    relays.spawn(relay(id, job, cancelled.clone(), events.clone()));
                    if let Some((reused, _)) = running.insert(id, (cancelled, hold)) {
                        reused.notify_one();
                    }
                }
                Some(ClientMessage::Cancel { id }) => if let Some((cancelled, _)) = running.get(&id) {
                    cancelled.notify_one();
                },
                Some(ClientMessage::Hold { id, held }) => if let Some((_, hold)) = running.get(&id) {
                    hold(held);
                },
                Some(ClientMessage::Disregard { pid }) => engine.disregard(pid),
                Some(ClientMessage::Ping) => window.send(&HostMessage::Pong)?,
                Some(ClientMessage::Hello(_)) => {}
            },
            Some((id, event)) = arriving.recv() => {
                if matches!(event, Event::Finished { .. }) {
                    running.remove(&id);
                }
                window.send(&HostMessage::Event { id, event })?;
            }
            Ok(()) = status.changed() => {
                let status = status.borrow_and_update().clone();
                window.send(&HostMessage::Status(status))?;
            }
            Some(_) = relays.join_next() => {}
        }
    }
}

async fn refuse(mut window: Connection<Stream>, reason: String) -> Result<(), ConnectionError> {
    window.send(&HostMessage::Refused { reason })?;
    window.flush().await
}

fn mismatch(theirs: &Hello, ours: &Hello) -> String {
    if theirs.protocol != ours.protocol || theirs.build != ours.build {
        format!(
            "this is the engine of tacit {}, not of {}",
            ours.build, theirs.build
        )
    } else {
        "this engine runs another model".to_owned()
    }
}

/// Passes the events of one job on and makes sure that the last one says how it ended, and what it has cost.
async fn relay(
    id: u64,
    mut job: JobHandle,
    cancelled: Arc<Notify>,
    events: mpsc::UnboundedSender<(u64, Event)>,
) {
    loop {
        let event = tokio::select! {
            event = job.next() => event,
            () = cancelled.notified() => {
                job.cancel();
                job.next().await
            }
        };
        let Some(event) = event else { break };
        let last = matches!(event, Event::Finished { .. });
        if events.send((id, event)).is_err() || last {
            return;
        }
    }
    // The window is gone if this fails.
    let _ = events.send((
        id,
        Event::Finished {
            finish: Finish::Cancelled,
            usage: Usage::default(),
        },
    ));
}
