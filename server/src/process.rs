//! What a process of tacit's is to the others on the machine: it hands on nothing that it has inherited, leaves no picture of its memory,
//! and ends in order when it is asked to.

/// Developers set it to `1` to have core dumps and debuggers.
#[cfg(unix)]
const CORE_VARIABLE: &str = "TACIT_CORE";

/// The first thing that a process of tacit's does, before it opens or starts anything.
///
/// - Descriptors beyond the standard streams that its parent left open are not inherited further: the engine lives on for half an hour,
///   and with it would live a script's lock, or the pipe whose end somebody waits for.
/// - Memory holds the text of documents and prompts, so it is never written to a core dump: the limit of its size is zero, which whoever
///   keeps dumps respects, and on Linux the process is not *dumpable*, which holds for programs behind `core_pattern` too. That also
///   keeps other processes of the user's from reading its memory, and makes `/proc/PID` root's. What tacit reads of other processes
///   there (`stat`) everybody may read.
#[cfg(unix)]
pub fn guard() {
    const FIRST_BEHIND_STANDARD_STREAMS: std::os::fd::RawFd = 3;
    close_fds::set_fds_cloexec(FIRST_BEHIND_STANDARD_STREAMS, &[]);
    if std::env::var_os(CORE_VARIABLE).is_none_or(|value| value != "1") {
        leave_no_core();
    }
}

/// On Windows children inherit nothing that was not meant for them, and dumps are the user's own setting.
#[cfg(not(unix))]
pub fn guard() {}

/// Neither call fails: a limit may always be lowered, and a process may always refuse.
#[cfg(unix)]
fn leave_no_core() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// A way in which the system or the user asks a process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Ctrl-C in its terminal.
    Interrupt,
    /// Somebody wants it to end.
    Terminate,
    /// Its terminal is gone.
    HangUp,
}

impl Ending {
    pub const ALL: [Self; 3] = [Self::Interrupt, Self::Terminate, Self::HangUp];

    /// The exit code by which shells tell such an end.
    pub fn exit_code(self) -> u8 {
        128 + match self {
            Self::HangUp => 1,
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

/// Resolves when one of these happens, which from the first poll on no longer ends the process by itself. Needs a tokio runtime.
#[cfg(unix)]
pub async fn asked_to_end(ways: &[Ending]) -> Ending {
    use futures::future::{FutureExt, select_all};
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |&way: &Ending| {
        let kind = match way {
            Ending::Interrupt => SignalKind::interrupt(),
            Ending::Terminate => SignalKind::terminate(),
            Ending::HangUp => SignalKind::hangup(),
        };
        let signal = signal(kind)
            .inspect_err(|error| tracing::warn!("{way:?} will end this process at once: {error}"));
        async move {
            match signal {
                Ok(mut signal) => drop(signal.recv().await),
                Err(_) => std::future::pending().await,
            }
            way
        }
        .boxed()
    };
    select_all(ways.iter().map(wait)).await.0
}

/// Of these, Windows has Ctrl-C.
#[cfg(not(unix))]
pub async fn asked_to_end(ways: &[Ending]) -> Ending {
    if ways.contains(&Ending::Interrupt) && tokio::signal::ctrl_c().await.is_ok() {
        return Ending::Interrupt;
    }
    std::future::pending().await
}
