//! An engine in this process: one named thread that owns the back end and drives the [`Scheduler`]. Nothing else in the process
//! touches the model.

use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, watch};

use super::{
    Engine, EngineInfo, Event, Finish, Job, JobHandle, Status, Usage,
    backend::{Backend, Loader},
    costs::PassCosts,
    scheduler::{JobId, Scheduler, Step},
    states::{StateFolder, StateSettings},
};

/// Without work for so long, the states of recent documents are saved.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// How often [`LocalEngine::close`] looks whether the thread has ended.
const CLOSE_STEP: Duration = Duration::from_millis(5);

/// See [module docs](self). Dropping it ends the thread after the step at hand.
pub struct LocalEngine {
    commands: Sender<Command>,
    status: watch::Receiver<Status>,
    next_id: AtomicU64,
    thread: JoinHandle<()>,
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
    /// End all jobs, save what is worth it, and end the thread.
    Close,
}

impl LocalEngine {
    /// Starts the thread. The model is loaded by the first job and given back after `idle_unload` without any.
    pub fn start(loader: Box<dyn Loader>, idle_unload: Duration) -> std::io::Result<Self> {
        Self::start_with_states(loader, idle_unload, None)
    }

    /// The same, and saves the states of recent documents to disk whenever there is nothing else to do for a while.
    pub fn start_with_states(
        loader: Box<dyn Loader>,
        idle_unload: Duration,
        states: Option<StateSettings>,
    ) -> std::io::Result<Self> {
        let (commands, inbox) = channel();
        let (status_sender, status) = watch::channel(Status::Stopped);
        let thread = thread::Builder::new()
            .name("tacit-engine".into())
            .spawn(move || {
                Worker {
                    loader,
                    inbox,
                    status: status_sender,
                    idle_unload,
                    states,
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
    states: Option<StateSettings>,
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
                Command::Cancel(_) => continue,
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
        self.status.send_replace(Status::Ready(EngineInfo {
            pid: std::process::id(),
            model: self.loader.model(),
            context_tokens: backend.dimensions().cells,
            device: backend.device(),
            costs: PassCosts::default(),
        }));
        let mut scheduler = Scheduler::new(backend);
        match self.states.clone().map(StateFolder::open).transpose() {
            Ok(states) => states.into_iter().for_each(|s| scheduler.keep_states(s)),
            Err(error) => tracing::warn!("no states are saved: {error}"),
        }
        let mut next = Ok(first);
        let leave = loop {
            match next {
                Ok(Command::Close) => break Leave::Closed,
                Ok(command) => apply(&mut scheduler, command),
                Err(leave) => break leave,
            }
            next = loop {
                match self.inbox.try_recv() {
                    Ok(command) => break Ok(command),
                    Err(TryRecvError::Disconnected) => break Err(Leave::Closed),
                    Err(TryRecvError::Empty) if scheduler.step() == Step::Worked => {}
                    Err(TryRecvError::Empty) => break self.wait(&mut scheduler),
                }
            };
        };
        scheduler.finish_all(Finish::Cancelled);
        for seq in scheduler.unsaved() {
            scheduler.save(seq);
        }
        leave
    }

    /// Waits for the next command. When none has come for some seconds it saves states, one between two looks for a command, because a
    /// key must not wait longer than for one of them.
    fn wait(&self, scheduler: &mut Scheduler) -> Result<Command, Leave> {
        let receive = |patience| match self.inbox.recv_timeout(patience) {
            Ok(command) => Some(Ok(command)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(Leave::Closed)),
        };
        let save_after = SAVE_AFTER.min(self.idle_unload);
        let mut next = receive(save_after);
        for seq in scheduler.unsaved() {
            if next.is_some() {
                break;
            }
            scheduler.save(seq);
            next = receive(Duration::ZERO);
        }
        next.or_else(|| receive(self.idle_unload - save_after))
            .unwrap_or(Err(Leave::Idle))
    }
}

fn apply(scheduler: &mut Scheduler, command: Command) {
    match command {
        Command::Submit { id, job, events } => scheduler.submit(id, *job, events),
        Command::Cancel(id) => scheduler.cancel(id),
        Command::WarmUp | Command::Close => {}
    }
}
