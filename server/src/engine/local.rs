//! An engine in this process: one named thread that owns the back end and drives the [`Scheduler`]. Nothing else in the process
//! touches the model.

use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, watch};

use super::{
    Engine, EngineInfo, Event, Finish, Job, JobHandle, Priority, Status, Usage,
    backend::{Backend, Loader},
    calibration::{Calibration, CalibrationSettings},
    idle_work::{IdleWork, IdleWorkLimits},
    load::ThreadFollower,
    scheduler::{JobId, Scheduler},
};

/// See [module docs](self). Dropping it ends the thread after the step at hand.
pub struct LocalEngine {
    commands: Sender<Command>,
    status: watch::Receiver<Status>,
    next_id: AtomicU64,
}

/// How the engine treats the machine that it shares with others.
#[derive(Debug, Clone)]
pub struct LocalSettings {
    /// Without a job for this long, the model leaves the memory.
    pub idle_unload: Duration,
    pub idle_work: IdleWorkLimits,
    /// `None`: nothing is measured, and the costs of passes are assumed.
    pub calibration: Option<CalibrationSettings>,
}

impl Default for LocalSettings {
    fn default() -> Self {
        Self {
            idle_unload: Duration::from_secs(15 * 60),
            idle_work: IdleWorkLimits::default(),
            calibration: None,
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
    /// Load the model now, so that the first job need not wait.
    WarmUp,
}

impl LocalEngine {
    /// Starts the thread. The model is loaded by the first job and given back after some time without any.
    pub fn start(loader: Box<dyn Loader>, settings: LocalSettings) -> std::io::Result<Self> {
        let (commands, inbox) = channel();
        let (status_sender, status) = watch::channel(Status::Stopped);
        thread::Builder::new()
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
        })
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
        JobHandle::new(receiver, move || drop(commands.send(Command::Cancel(id))))
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    fn warm_up(&self) {
        let _ = self.commands.send(Command::WarmUp);
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
            if matches!(first, Command::Cancel(_)) {
                continue;
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
        };
        self.status.send_replace(Status::Ready(info.clone()));
        let mut scheduler = Scheduler::new(backend);
        let mut threads = ThreadFollower::new(self.loader.threads());
        let mut idle_work = IdleWork::new(self.settings.idle_work);
        let mut idle_since = None;
        apply(&mut scheduler, first);
        // A command is never kept waiting by more than the step at hand.
        let mut wait = Duration::ZERO;
        loop {
            match self.inbox.recv_timeout(wait) {
                Ok(command) => {
                    apply(&mut scheduler, command);
                    calibration.reconsider();
                    idle_since = None;
                    wait = Duration::ZERO;
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    scheduler.finish_all(Finish::Cancelled);
                    return Leave::Closed;
                }
            }
            threads.follow(|threads| scheduler.set_threads(threads));
            wait = Duration::ZERO;
            match scheduler.urgency() {
                Some(priority) if priority < Priority::Prefetch => drop(scheduler.step()),
                Some(_) if idle_work.allowed() => {
                    let started = Instant::now();
                    scheduler.step();
                    wait = idle_work.rest_after(started.elapsed());
                }
                Some(_) => scheduler.finish_next(Finish::Cancelled),
                None => {
                    let idle = idle_since.get_or_insert_with(Instant::now).elapsed();
                    let unload = self.settings.idle_unload;
                    let next = calibration
                        .due_after()
                        .map_or(unload, |due| due.min(unload));
                    if idle >= unload {
                        return Leave::Idle;
                    } else if idle < next {
                        wait = next - idle;
                    } else if let Some((backend, scratch)) = scheduler
                        .scratch()
                        .filter(|_| threads.undisturbed(calibration.foreign_cores()))
                    {
                        if calibration.measure(backend, scratch) {
                            info.costs = calibration.costs().clone();
                            self.status.send_replace(Status::Ready(info.clone()));
                        }
                    } else {
                        calibration.postpone();
                    }
                }
            }
        }
    }
}

fn apply(scheduler: &mut Scheduler, command: Command) {
    match command {
        Command::Submit { id, job, events } => scheduler.submit(id, *job, events),
        Command::Cancel(id) => scheduler.cancel(id),
        Command::WarmUp => {}
    }
}

#[cfg(test)]
mod tests;
