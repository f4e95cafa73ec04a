//! The shared engine process as an [`Engine`]: starts it when there is work, and again when it has died. One task owns the
//! connection; handles talk to it through one channel. A dead engine costs its running jobs, which end without text, and
//! nothing else.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{self, Instant, MissedTickBehavior};

use super::connection::ConnectionError;
use super::launch::{LaunchSettings, Launcher, Link};
use super::recovery::{Crashes, Finding, Permit};
use super::wire::{ClientMessage, HostMessage};
use super::{Engine, Event, Finish, Job, JobHandle, Status, Usage};

/// A job waits so long for a new engine; it ends without text if the pause is longer: who types has typed on by then.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// While jobs run, the engine is asked this often whether it lives.
const PING_STEP: Duration = Duration::from_millis(500);

/// Pings in a row without any message after which the engine hangs: five seconds. Counting pings and not seconds keeps a
/// window that was itself stopped from blaming the engine.
const UNANSWERED_PINGS: u32 = 10;

/// A connection to the engine process, made when first needed.
pub struct RemoteEngine {
    requests: mpsc::UnboundedSender<Request>,
    status: watch::Receiver<Status>,
    next_id: AtomicU64,
}

enum Request {
    WarmUp,
    Submit { id: u64, job: Job, events: Events },
    Cancel { id: u64 },
    Hold { id: u64, held: bool },
    Disregard { pid: u32 },
}

type Events = mpsc::UnboundedSender<Event>;

impl RemoteEngine {
    /// Starts nothing yet. Has to be called within a tokio runtime; the task ends when the engine and all its handles are dropped.
    pub fn new(settings: LaunchSettings) -> Self {
        let (requests, incoming) = mpsc::unbounded_channel();
        let (publish, status) = watch::channel(Status::Stopped);
        let task = Task {
            inbox: Inbox {
                incoming,
                waiting: BTreeMap::new(),
                warm_up: false,
            },
            launcher: Launcher::new(settings),
            status: publish,
            crashes: Crashes::default(),
        };
        tokio::spawn(task.run());
        Self {
            requests,
            status,
            next_id: AtomicU64::new(0),
        }
    }
}

impl Engine for RemoteEngine {
    fn submit(&self, job: Job) -> JobHandle {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (events, receiver) = mpsc::unbounded_channel();
        if let Err(mpsc::error::SendError(Request::Submit { events, .. })) =
            self.requests.send(Request::Submit { id, job, events })
        {
            finish(&events, Finish::Cancelled);
        }
        let (cancel, hold) = (self.requests.clone(), self.requests.clone());
        // Both fail only when the runtime is shutting down.
        JobHandle::new(receiver, move || drop(cancel.send(Request::Cancel { id })))
            .with_hold(move |held| drop(hold.send(Request::Hold { id, held })))
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Starts the process, which then loads its model. Also another try after repeated crashes.
    fn warm_up(&self) {
        // Fails only when the runtime is shutting down.
        let _ = self.requests.send(Request::WarmUp);
    }

    fn disregard(&self, pid: u32) {
        let _ = self.requests.send(Request::Disregard { pid });
    }
}

/// Ends a job. Nobody listens if its handle was dropped.
fn finish(events: &Events, finish: Finish) {
    let _ = events.send(Event::Finished {
        finish,
        usage: Usage::default(),
    });
}

/// Requests that came while there was no connection.
struct Inbox {
    incoming: mpsc::UnboundedReceiver<Request>,
    /// In order of submission.
    waiting: BTreeMap<u64, Waiting>,
    warm_up: bool,
}

struct Waiting {
    job: Job,
    events: Events,
    held: bool,
}

impl Inbox {
    /// Waits for one more request. False when nobody can send any.
    async fn gather(&mut self) -> bool {
        match self.incoming.recv().await {
            None => return false,
            Some(Request::WarmUp) => self.warm_up = true,
            // An engine that does not run yet is told with the next job.
            Some(Request::Disregard { .. }) => {}
            Some(Request::Submit { id, job, events }) => {
                let held = false;
                self.waiting.insert(id, Waiting { job, events, held });
            }
            Some(Request::Cancel { id }) => {
                self.waiting.remove(&id);
            }
            Some(Request::Hold { id, held }) => {
                if let Some(waiting) = self.waiting.get_mut(&id) {
                    waiting.held = held;
                }
            }
        }
        true
    }

    fn finish_all(&mut self, how: &Finish) {
        for waiting in std::mem::take(&mut self.waiting).into_values() {
            finish(&waiting.events, how.clone());
        }
    }
}

struct Task {
    inbox: Inbox,
    launcher: Launcher,
    status: watch::Sender<Status>,
    crashes: Crashes,
}

/// How a connection came to its end.
enum Ending {
    /// All handles were dropped.
    Unwanted,
    Broken(Option<ConnectionError>),
    Hung,
}

impl Task {
    async fn run(mut self) {
        while self.inbox.gather().await {
            if std::mem::take(&mut self.inbox.warm_up) {
                self.crashes.forget();
            } else if self.inbox.waiting.is_empty() {
                continue;
            }
            let pause = match self.crashes.permit(Instant::now()) {
                Permit::After(pause) if pause <= LONGEST_WAIT => pause,
                Permit::After(_) => {
                    self.inbox.finish_all(&Finish::Cancelled);
                    continue;
                }
                Permit::GivenUp(_) | Permit::Never => {
                    let reason = match &*self.status.borrow() {
                        Status::Failed(reason) => Finish::Failed(reason.clone()),
                        _ => Finish::Cancelled,
                    };
                    self.inbox.finish_all(&reason);
                    continue;
                }
            };
            match self.connect(pause).await {
                None => return,
                Some(Ok(link)) => {
                    if !self.attend(link).await {
                        return;
                    }
                }
                Some(Err(found)) => {
                    let reason = found.advice;
                    tracing::warn!("no engine: {reason}");
                    self.crashes.record(Instant::now(), Duration::ZERO);
                    if found.aborted {
                        self.crashes.give_up();
                    }
                    self.status
                        .send_replace(Status::Failed(self.with_outlook(reason.clone())));
                    self.inbox.finish_all(&Finish::Failed(reason));
                }
            }
        }
    }

    /// Connects while requests go on arriving. `None` when nobody wants the engine any more.
    async fn connect(&mut self, pause: Duration) -> Option<Result<Link, Finding>> {
        self.status.send_replace(Status::Loading { progress: 0.0 });
        let connecting = async {
            time::sleep(pause).await;
            self.launcher.connect().await
        };
        let mut connecting = std::pin::pin!(connecting);
        loop {
            tokio::select! {
                result = &mut connecting => return Some(result),
                wanted = self.inbox.gather() => if !wanted { return None },
            }
        }
    }

    /// Serves one connection to its end and deals with that end. False when nobody wants the engine any more.
    async fn attend(&mut self, mut link: Link) -> bool {
        self.status.send_replace(link.status.clone());
        let connected = Instant::now();
        let mut running = HashMap::new();
        let ending = self.relay(&mut link, &mut running).await;
        for events in running.values() {
            finish(events, Finish::Cancelled);
        }
        let reason = match ending {
            Ending::Unwanted => return false,
            Ending::Hung => {
                self.launcher.replace_hung(link.pid).await;
                "The engine did not answer any more, so it is replaced.".to_owned()
            }
            Ending::Broken(error) => {
                if let Some(error) = error {
                    tracing::warn!("{error}");
                }
                let found = self.launcher.post_mortem().await;
                let was_loading = matches!(*self.status.borrow(), Status::Loading { .. });
                if found.aborted && was_loading {
                    self.crashes.give_up();
                }
                found.advice
            }
        };
        tracing::warn!("engine process {} is lost: {reason}", link.pid);
        self.crashes.record(Instant::now(), connected.elapsed());
        self.status
            .send_replace(match self.crashes.permit(Instant::now()) {
                Permit::After(_) => Status::Stopped,
                Permit::GivenUp(_) | Permit::Never => Status::Failed(self.with_outlook(reason)),
            });
        true
    }

    /// Adds when tacit tries again, where that is not soon.
    fn with_outlook(&self, reason: String) -> String {
        match self.crashes.permit(Instant::now()) {
            Permit::After(_) => reason,
            Permit::Never => format!("{reason} It is not tried again until tacit is restarted."),
            Permit::GivenUp(pause) => {
                let minutes = pause.as_secs().div_ceil(60);
                format!(
                    "{reason} It failed several times in a row; the next try is in {minutes} minutes, or when you restart tacit."
                )
            }
        }
    }

    async fn relay(&mut self, link: &mut Link, running: &mut HashMap<u64, Events>) -> Ending {
        for (id, waiting) in std::mem::take(&mut self.inbox.waiting) {
            let Waiting { job, events, held } = waiting;
            let submitted = submit(link, running, id, job, events);
            let held = |()| match held {
                true => hold(link, running, id, true),
                false => Ok(()),
            };
            if let Err(ending) = submitted.and_then(held) {
                return ending;
            }
        }
        let mut ticks = time::interval(PING_STEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unanswered = 0;
        loop {
            let sent = tokio::select! {
                request = self.inbox.incoming.recv() => match request {
                    None => return Ending::Unwanted,
                    Some(Request::WarmUp) => Ok(()),
                    Some(Request::Submit { id, job, events }) => submit(link, running, id, job, events),
                    // It stays until its last event, which says what it has cost.
                    Some(Request::Cancel { id }) if running.contains_key(&id) => {
                        link.connection.send(&ClientMessage::Cancel { id }).map_err(Ending::from)
                    }
                    Some(Request::Cancel { .. }) => Ok(()),
                    Some(Request::Disregard { pid }) => {
                        link.connection.send(&ClientMessage::Disregard { pid }).map_err(Ending::from)
                    }
                    Some(Request::Hold { id, held }) => hold(link, running, id, held),
                },
                message = link.connection.receive() => {
                    unanswered = 0;
                    match message {
                        Ok(Some(message)) => self.take(message, running),
                        Ok(None) => return Ending::Broken(None),
                        Err(error) => return Ending::Broken(Some(error)),
                    }
                    Ok(())
                }
                _ = ticks.tick(), if !running.is_empty() => {
                    if unanswered >= UNANSWERED_PINGS {
                        return Ending::Hung;
                    }
                    unanswered += 1;
                    link.connection.send(&ClientMessage::Ping).map_err(Ending::from)
                }
            };
            if let Err(ending) = sent {
                return ending;
            }
        }
    }

    fn take(&self, message: HostMessage, running: &mut HashMap<u64, Events>) {
        match message {
            HostMessage::Event { id, event } => {
                let last = matches!(event, Event::Finished { .. });
                // A job whose handle was dropped has no addressee.
                if let Some(events) = running.get(&id) {
                    let _ = events.send(event);
                }
                if last {
                    running.remove(&id);
                }
            }
            HostMessage::Status(status) => {
                self.status.send_replace(status);
            }
            HostMessage::Pong | HostMessage::Welcome { .. } | HostMessage::Refused { .. } => {}
        }
    }
}

impl From<ConnectionError> for Ending {
    fn from(error: ConnectionError) -> Self {
        Self::Broken(Some(error))
    }
}

/// Sends a job; one that is too long for the wire ends alone.
fn submit(
    link: &mut Link,
    running: &mut HashMap<u64, Events>,
    id: u64,
    job: Job,
    events: Events,
) -> Result<(), Ending> {
    match link.connection.send(&ClientMessage::Submit { id, job }) {
        Ok(()) => {
            running.insert(id, events);
            Ok(())
        }
        Err(ConnectionError::Wire(error)) => {
            finish(&events, Finish::Failed(error.to_string()));
            Ok(())
        }
        Err(error) => {
            finish(&events, Finish::Cancelled);
            Err(error.into())
        }
    }
}

/// Passes on that a job is held, or goes on; it may have ended.
fn hold(
    link: &mut Link,
    running: &HashMap<u64, Events>,
    id: u64,
    held: bool,
) -> Result<(), Ending> {
    if !running.contains_key(&id) {
        return Ok(());
    }
    let message = ClientMessage::Hold { id, held };
    link.connection.send(&message).map_err(Ending::from)
}
