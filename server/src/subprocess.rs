//! Other programs: which ones tacit starts, and how. The only place that starts a process; what a program is asked, and what its answer
//! means, is the caller's business.
//!
//! The folder that an editor has opened may hold anything, and a process inherits much of where it is started. So a program is an
//! absolute path, or is looked up in what is [trusted](SearchPath) of `PATH`; it runs in an empty folder, in a session of its own, with
//! an [`environment`] from which is taken what would make it run foreign code; and whoever waits for it, waits for a limited time.
//! Descriptors that tacit has inherited do not reach it either: [`crate::process::guard`] marks them when tacit starts.

mod environment;
mod search_path;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use environment::restart_cleaned;
pub use search_path::{SearchPath, never_run_from};

/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Bytes that are kept of what a program writes: the last ones.
const KEPT_OUTPUT: usize = 64 << 10;

/// How long the rest of a program's output may take to be read once it has ended.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(1);

/// A program that is started, waited for, and gone before whoever asked for it goes on.
pub struct Subprocess {
    command: Command,
    /// Where it runs; deleted when it has ended.
    folder: TempDir,
}

/// What a program has left.
#[derive(Debug)]
pub struct Output {
    pub status: ExitStatus,
    /// The end of what it wrote.
    pub stdout: String,
    /// The same of its standard error.
    pub stderr: String,
}

/// Why a program did not come to its own end.
#[derive(Debug)]
pub enum Stopped<E> {
    /// It could not be started, or not be watched.
    Failed(io::Error),
    /// Nothing changed for as long as it was given.
    TimedOut(Duration),
    /// Whoever watched wanted no more.
    Unwanted(E),
}

impl Subprocess {
    /// `program` is an absolute path, or a name in a trusted folder of `PATH`.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is no such program where programs are trusted, another one if no folder can be made for it.
    pub fn new(program: &OsStr) -> io::Result<Self> {
        let program = program_at(program).ok_or(io::ErrorKind::NotFound)?;
        let folder = empty_folder()?;
        let command = command(&program, folder.path());
        Ok(Self { command, folder })
    }

    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it to its end and asks `watch` for a figure meanwhile. Ends it, with all that it has started, when `watch` fails, or when
    /// the figure has not changed for `patience`; a figure that never changes makes that a limit for the whole.
    ///
    /// # Errors
    /// See [`Stopped`].
    pub fn run<E>(
        mut self,
        patience: Duration,
        mut watch: impl FnMut() -> Result<u64, E>,
    ) -> Result<Output, Stopped<E>> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running =
            Running::start(&mut self.command, self.folder.path()).map_err(Stopped::Failed)?;
        let mut figure = None;
        let mut changed = Instant::now();
        while !running.has_ended().map_err(Stopped::Failed)? {
            let now = Some(watch().map_err(Stopped::Unwanted)?);
            if now != figure {
                (figure, changed) = (now, Instant::now());
            } else if changed.elapsed() >= patience {
                return Err(Stopped::TimedOut(patience));
            }
            thread::sleep(POLL);
        }
        running.finish().map_err(Stopped::Failed)
    }

    /// Runs it to its end, or ends it after `patience`.
    ///
    /// # Errors
    /// See [`Stopped`].
    pub fn run_within(
        self,
        patience: Duration,
    ) -> Result<Output, Stopped<std::convert::Infallible>> {
        self.run(patience, || Ok(0))
    }
}

/// `program`, to run in `folder`, with nothing of ours: no standard streams, no inherited session, a cleaned environment. For whoever
/// looks after the process himself; everything else is a [`Subprocess`].
pub fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .envs(environment::cleaned())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    detach(&mut command);
    command
}

/// A session of its own has no terminal: neither Ctrl-C there nor its end reaches the program, and it can ask nobody for a password.
#[cfg(unix)]
fn detach(command: &mut Command) {
    use process_wrap::std::{CommandWrap, CommandWrapper, ProcessSession};
    // Of the crate we need this hook only. It puts `setsid` between fork and exec, which takes unsafe code, and it never fails.
    let _ = ProcessSession.pre_spawn(command, &CommandWrap::with_new("", |_| {}));
}

/// No console: neither its window nor its Ctrl-C. Untried.
#[cfg(windows)]
fn detach(command: &mut Command) {
    use std::os::windows::process::CommandExt;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW);
}

/// Closed to other users, whatever the umask says.
fn empty_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("tacit-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

fn program_at(name: &OsStr) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.is_absolute() {
        return Some(path.to_owned());
    }
    SearchPath::trusted().find(name)
}

/// Ends the programs that run now, with all that they have started, and deletes their folders: in sessions of their own they would outlive
/// us. For a process that is about to end.
pub fn end_all() {
    for (&id, folder) in running().iter() {
        end_group(id);
        let _ = fs::remove_dir_all(folder);
    }
}

/// The processes that [`Subprocess`] has started and not yet reaped, which keeps their numbers theirs, and where each runs.
fn running() -> MutexGuard<'static, BTreeMap<u32, PathBuf>> {
    static RUNNING: Mutex<BTreeMap<u32, PathBuf>> = Mutex::new(BTreeMap::new());
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends all processes in the session that `leader` leads, but for those that have left its group.
#[cfg(unix)]
fn end_group(leader: u32) {
    let group = i32::try_from(leader)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // Fails if there is nobody left in it.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end_group(_leader: u32) {}

/// A program at its work. Dropping it ends the program.
struct Running {
    child: Child,
    stdout: Tail,
    stderr: Tail,
}

impl Running {
    fn start(command: &mut Command, folder: &Path) -> io::Result<Self> {
        // Under the lock: what is started is known to `end_all`.
        let mut running = running();
        let mut child = command.spawn()?;
        running.insert(child.id(), folder.to_owned());
        Ok(Self {
            stdout: Tail::of(child.stdout.take()),
            stderr: Tail::of(child.stderr.take()),
            child,
        })
    }

    /// Whether it has ended. It is not reaped yet, so its number is still its own.
    #[cfg(unix)]
    fn has_ended(&mut self) -> io::Result<bool> {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let ended = waitid(WaitId::Pid(Pid::from_child(&self.child)), options)?;
        Ok(ended.is_some())
    }

    #[cfg(not(unix))]
    fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    fn finish(mut self) -> io::Result<Output> {
        let status = self.end()?;
        Ok(Output {
            status,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        })
    }

    /// Ends what still runs of it, and reaps it. Killing one that has ended changes nothing of how it ended.
    fn end(&mut self) -> io::Result<ExitStatus> {
        end_group(self.child.id());
        let _ = self.child.kill();
        running().remove(&self.child.id());
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The end of what arrives on a pipe, read by a thread of its own, so that a full pipe never stops the program.
struct Tail {
    kept: Arc<Mutex<Vec<u8>>>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Tail {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let kept = Arc::<Mutex<Vec<u8>>>::default();
        let keeping = kept.clone();
        let read = move || {
            let Some(mut pipe) = pipe else { return };
            let mut arrived = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut arrived) {
                let mut kept = keeping.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&arrived[..count]);
                let surplus = kept.len().saturating_sub(KEPT_OUTPUT);
                kept.drain(..surplus);
            }
        };
        let reader = thread::Builder::new()
            .name("tacit-output".into())
            .spawn(read);
        Self {
            kept,
            reader: reader.ok(),
        }
    }

    /// What has arrived, once the other end is closed, or has had time to be.
    fn text(&self) -> String {
        let since = Instant::now();
        while self
            .reader
            .as_ref()
            .is_some_and(|reader| !reader.is_finished())
            && since.elapsed() < OUTPUT_PATIENCE
        {
            thread::sleep(Duration::from_millis(5));
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }
}

/// Names and values of variables, as the standard library gives them.
type Variables = Vec<(OsString, OsString)>;

#[cfg(all(test, unix))]
mod tests;
