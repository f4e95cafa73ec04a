//! An engine in this process: one named thread that owns the back end and drives the [`Scheduler`]. Nothing else in the process
//! touches the model.

use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel},
    },
    thread,
    time::Duration,
};

use tokio::sync::{mpsc, watch};

use super::{
    Engine, EngineInfo, Event, Finish, Job, JobHandle, Status, Usage,
    backend::{Backend, Loader},
    costs::PassCosts,
    load::ThreadFollower,
    scheduler::{JobId, Scheduler, Step},
};

/// See [module docs](self). Dropping it ends the thread after the step at hand.
pub struct LocalEngine {
    commands: Sender<Command>,
    status: watch::Receiver<Status>,
    next_id: AtomicU64,
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
    /// Starts the thread. The model is loaded by the first job and given back after `idle_unload` without any.
    pub fn start(loader: Box<dyn Loader>, idle_unload: Duration) -> std::io::Result<Self> {
        let (commands, inbox) = channel();
        let (status_sender, status) = watch::channel(Status::Stopped);
        thread::Builder::new()
            .name("tacit-engine".into())
            .spawn(move || {
                Worker {
                    loader,
                    inbox,
                    status: status_sender,
                    idle_unload,
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
    idle_unload: Duration,
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
        self.status.send_replace(Status::Ready(EngineInfo {
            pid: std::process::id(),
            model: self.loader.model(),
            context_tokens: backend.dimensions().cells,
            device: backend.device(),
            costs: PassCosts::default(),
        }));
        let mut scheduler = Scheduler::new(backend);
        let mut threads = ThreadFollower::new(self.loader.threads());
        apply(&mut scheduler, first);
        loop {
            loop {
                match self.inbox.try_recv() {
                    Ok(command) => apply(&mut scheduler, command),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        scheduler.finish_all(Finish::Cancelled);
                        return Leave::Closed;
                    }
                }
            }
            threads.follow(|threads| scheduler.set_threads(threads));
            if scheduler.step() == Step::Idle {
                match self.inbox.recv_timeout(self.idle_unload) {
                    Ok(command) => apply(&mut scheduler, command),
                    Err(RecvTimeoutError::Timeout) => return Leave::Idle,
                    Err(RecvTimeoutError::Disconnected) => return Leave::Closed,
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
