//! An engine in this process: one named thread that owns the back end and drives the [`Scheduler`]. Nothing else in the process
//! touches the model.

use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, watch};

use super::{
    Engine, EngineInfo, Event, Finish, Job, JobHandle, Priority, Status, Usage,
    backend::{Backend, Loader, SeqId},
    calibration::{Calibration, CalibrationSettings},
    idle_work::{IdleWork, IdleWorkLimits},
    load::ThreadFollower,
    scheduler::{JobId, Scheduler},
    states::{StateFolder, StateSettings},
};

/// Without work for so long, the states of recent documents are saved.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// Actions go on after so long without typing. Between two keys of somebody who types lie some 170 ms; a chunk that begins there
/// would hold up the next key.
pub(super) const QUIET: Duration = Duration::from_millis(250);

/// Who has typed a moment ago will go on: for so long an action computes in short steps, each of which may be what the next key waits for.
const KEYS_EXPECTED: Duration = Duration::from_secs(3);

/// How often [`LocalEngine::close`] looks whether the thread has ended.
const CLOSE_STEP: Duration = Duration::from_millis(5);

/// When the process ends, llama.cpp's libraries are unloaded, and a thread that still computes dies of that: so whoever drops an engine
/// waits for the step at hand, but not for ever.
const DROP_PATIENCE: Duration = Duration::from_secs(2);

/// See [module docs](self). Dropping it ends the thread after the step at hand, and waits for that.
pub struct LocalEngine {
    commands: Sender<Command>,
    status: watch::Receiver<Status>,
    next_id: AtomicU64,
    thread: JoinHandle<()>,
}

/// How the engine treats the machine that it shares with others.
#[derive(Debug, Clone)]
pub struct LocalSettings {
    /// Without a job for this long, the model leaves the memory.
    pub idle_unload: Duration,
    pub idle_work: IdleWorkLimits,
    /// `None`: nothing is measured, and the costs of passes are assumed.
    pub calibration: Option<CalibrationSettings>,
    /// Where the states of recent documents are saved while there is nothing else to do; `None`: nowhere.
    pub states: Option<StateSettings>,
}

impl Default for LocalSettings {
    fn default() -> Self {
        Self {
            idle_unload: Duration::from_secs(15 * 60),
            idle_work: IdleWorkLimits::default(),
            calibration: None,
            states: None,
        }
    }
}

enum Command {
    Submit {
        id: JobId,
        job: Box<Job>,
        events: mpsc::UnboundedSender<Event>,
    },
    Cancel(JobId),
    Hold {
        id: JobId,
        held: bool,
    },
    /// See [`Engine::disregard`].
    Disregard(u32),
    /// Load the model now, so that the first job need not wait.
    WarmUp,
    /// End all jobs, save what is worth it, and end the thread.
    Close,
}

impl LocalEngine {
    /// Starts the thread. The model is loaded by the first job and given back after some time without any.
    pub fn start(loader: Box<dyn Loader>, settings: LocalSettings) -> std::io::Result<Self> {
        let (commands, inbox) = channel();
        let (status_sender, status) = watch::channel(Status::Stopped);
        let thread = thread::Builder::new()
            .name("tacit-engine".into())
            .spawn(move || {
                Worker {
                    loader,
                    inbox,
                    status: status_sender,
                    settings,
                }
                .run();
            })?;
        Ok(Self {
            commands,
            status,
            next_id: AtomicU64::new(0),
            thread,
        })
    }

    /// Ends all jobs, saves the states of recent documents and ends the thread. Waits for that, but no longer than `patience`.
    pub fn close(&self, patience: Duration) {
        let _ = self.commands.send(Command::Close);
        let give_up = Instant::now() + patience;
        while !self.thread.is_finished() && Instant::now() < give_up {
            thread::sleep(CLOSE_STEP);
        }
    }
}

impl Drop for LocalEngine {
    fn drop(&mut self) {
        self.close(DROP_PATIENCE);
    }
}

impl Engine for LocalEngine {
    fn submit(&self, job: Job) -> JobHandle {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (events, receiver) = mpsc::unbounded_channel();
        let command = Command::Submit {
            id,
            job: Box::new(job),
            events: events.clone(),
        };
        if self.commands.send(command).is_err() {
            let finish = Finish::Failed(
                "The engine's thread has died. Restart the editor's language server.".to_owned(),
            );
            let _ = events.send(Event::Finished {
                finish,
                usage: Usage::default(),
            });
        }
        let commands = self.commands.clone();
        let hold = commands.clone();
        JobHandle::new(receiver, move || drop(commands.send(Command::Cancel(id))))
            .with_hold(move |held| drop(hold.send(Command::Hold { id, held })))
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    fn warm_up(&self) {
        let _ = self.commands.send(Command::WarmUp);
    }

    fn disregard(&self, pid: u32) {
        let _ = self.commands.send(Command::Disregard(pid));
    }
}

struct Worker {
    loader: Box<dyn Loader>,
    inbox: Receiver<Command>,
    status: watch::Sender<Status>,
    settings: LocalSettings,
}

/// Why a loaded model is given back.
enum Leave {
    Idle,
    Closed,
}

impl Worker {
    /// Until all handles are gone: wait for work, load, work, unload.
    fn run(self) {
        while let Ok(first) = self.inbox.recv() {
            match first {
                Command::Cancel(_) | Command::Hold { .. } | Command::Disregard(_) => continue,
                Command::Close => return,
                Command::Submit { .. } | Command::WarmUp => {}
            }
            self.status.send_replace(Status::Loading { progress: 0.0 });
            let mut first = Some(first);
            let mut leave = Leave::Idle;
            let loaded = self.loader.load(
                &mut |progress| drop(self.status.send_replace(Status::Loading { progress })),
                &mut |backend| {
                    if let Some(first) = first.take() {
                        leave = self.work(backend, first);
                    }
                },
            );
            match loaded {
                Ok(()) => drop(self.status.send_replace(Status::Stopped)),
                Err(error) => {
                    self.status.send_replace(Status::Failed(error.to_string()));
                    if let Some(Command::Submit { events, .. }) = first {
                        let finish = Finish::Failed(error.to_string());
                        let _ = events.send(Event::Finished {
                            finish,
                            usage: Usage::default(),
                        });
                    }
                }
            }
            if matches!(leave, Leave::Closed) {
                return;
            }
        }
    }

    fn work(&self, backend: &mut dyn Backend, first: Command) -> Leave {
        let device = backend.device();
        let mut calibration = Calibration::new(self.settings.calibration.clone(), device.clone());
        let mut info = EngineInfo {
            pid: std::process::id(),
            model: self.loader.model(),
            context_tokens: backend.dimensions().cells,
            device,
            costs: calibration.costs().clone(),
            chat: backend.chat_template().cloned(),
        };
        self.status.send_replace(Status::Ready(info.clone()));
        let mut scheduler = Scheduler::with_costs(backend, info.costs.clone());
        match self
            .settings
            .states
            .clone()
            .map(StateFolder::open)
            .transpose()
        {
            Ok(states) => states.into_iter().for_each(|s| scheduler.keep_states(s)),
            Err(error) => tracing::warn!("no states are saved: {error}"),
        }
        let mut threads = ThreadFollower::new(self.loader.threads());
        let mut idle_work = IdleWork::new(self.settings.idle_work);
        let mut idle: Option<Idle> = None;
        let mut quiet_from = Instant::now();
        let mut keys_expected_until = Instant::now();
        apply(&mut scheduler, first);
        // A command is never kept waiting by more than the step at hand.
        let mut wait = Duration::ZERO;
        let leave = loop {
            match self.inbox.recv_timeout(wait) {
                Ok(Command::Close) | Err(RecvTimeoutError::Disconnected) => break Leave::Closed,
                Ok(Command::Disregard(pid)) => {
                    threads.disregard(pid);
                    continue;
                }
                Ok(command) => {
                    // Jobs are held while somebody waits for another engine.
                    if matches!(command, Command::Hold { .. }) {
                        keys_expected_until = Instant::now() + KEYS_EXPECTED;
                    }
                    apply(&mut scheduler, command);
                    calibration.reconsider();
                    idle = None;
                    wait = Duration::ZERO;
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            threads.follow(|threads| scheduler.set_threads(threads));
            wait = Duration::ZERO;
            match scheduler.urgency() {
                Some(Priority::Typing) => {
                    scheduler.step();
                    quiet_from = Instant::now() + QUIET;
                    keys_expected_until = Instant::now() + KEYS_EXPECTED;
                }
                Some(Priority::Action) => match quiet_from.checked_duration_since(Instant::now()) {
                    Some(rest) if !rest.is_zero() => wait = rest,
                    _ => {
                        scheduler.expect_keys(Instant::now() < keys_expected_until);
                        scheduler.step();
                    }
                },
                Some(_) if idle_work.allowed() => {
                    let started = Instant::now();
                    scheduler.step();
                    wait = idle_work.rest_after(started.elapsed());
                }
                Some(_) => scheduler.finish_next(Finish::Cancelled),
                None => {
                    let idle = idle.get_or_insert_with(Idle::begin);
                    let now = idle.since.elapsed();
                    let unload = self.settings.idle_unload;
                    let measure = calibration.due_after().unwrap_or(unload);
                    let save = if idle.has_saved(&scheduler) {
                        unload
                    } else {
                        SAVE_AFTER
                    };
                    if now >= unload {
                        break Leave::Idle;
                    } else if now >= save {
                        idle.save_next(&mut scheduler);
                    } else if now < measure.min(save).min(unload) {
                        wait = measure.min(save).min(unload) - now;
                    } else if let Some((backend, scratch)) = scheduler
                        .scratch()
                        .filter(|_| threads.undisturbed(calibration.foreign_cores()))
                    {
                        if calibration.measure(backend, scratch) {
                            info.costs = calibration.costs().clone();
                            scheduler.set_costs(info.costs.clone());
                            self.status.send_replace(Status::Ready(info.clone()));
                        }
                    } else {
                        calibration.postpone();
                    }
                }
            }
        };
        scheduler.finish_all(Finish::Cancelled);
        for seq in scheduler.unsaved() {
            scheduler.save(seq);
        }
        leave
    }
}

/// A time without jobs.
struct Idle {
    since: Instant,
    /// The sequences that are still to be saved, the most important last. One at a time, because a key must not wait longer than for
    /// one of them.
    unsaved: Option<Vec<SeqId>>,
}

impl Idle {
    fn begin() -> Self {
        Self {
            since: Instant::now(),
            unsaved: None,
        }
    }

    fn has_saved(&self, scheduler: &Scheduler) -> bool {
        match &self.unsaved {
            Some(unsaved) => unsaved.is_empty(),
            None => scheduler.unsaved().is_empty(),
        }
    }

    fn save_next(&mut self, scheduler: &mut Scheduler) {
        let unsaved = self.unsaved.get_or_insert_with(|| {
            let mut unsaved = scheduler.unsaved();
            unsaved.reverse();
            unsaved
        });
        if let Some(seq) = unsaved.pop() {
            scheduler.save(seq);
        }
    }
}

fn apply(scheduler: &mut Scheduler, command: Command) {
    match command {
        Command::Submit { id, job, events } => scheduler.submit(id, *job, events),
        Command::Cancel(id) => scheduler.cancel(id),
        Command::Hold { id, held } => scheduler.hold(id, held),
        Command::WarmUp | Command::Close | Command::Disregard(_) => {}
    }
}

#[cfg(test)]
mod tests;
