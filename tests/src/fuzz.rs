//! Fuzzing on the stable toolchain: a [`Campaign`] makes inputs for as long as it is given, keeps the one that fails, and plays it
//! again. What inputs are made of stands in the modules below; what has to hold of them, in the tests whose names begin with `fuzz_`.
//!
//! | variable | |
//! | --- | --- |
//! | `FUZZ_SECONDS` | how long each fuzzer runs; 3 |
//! | `FUZZ_SEED` | a number that all inputs follow from; 1 |
//! | `FUZZ_REPLAY` | a file with a failing input: that one only, for the fuzzer whose name the file's begins with |

pub mod documents;
pub mod editor;
pub mod mutate;
pub mod process;

use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::abort;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::dice::Dice;

/// Of each fuzzer in an ordinary run of the tests.
const SECONDS: u64 = 3;

/// An input that keeps a fuzzer this long keeps it for ever.
const ENDLESS: Duration = Duration::from_secs(300);

/// One fuzzer at work.
pub struct Campaign {
    name: &'static str,
    seed: u64,
    until: Instant,
    time: Duration,
    inputs: u64,
    /// The only input of a replay.
    replay: Option<Vec<u8>>,
    watch: Watch,
}

impl Campaign {
    /// As the environment says. The name is that of the test.
    ///
    /// # Panics
    /// If a variable makes no sense.
    pub fn new(name: &'static str) -> Self {
        let number = |variable: &str, default: u64| match env::var(variable) {
            Ok(text) => text
                .parse()
                .unwrap_or_else(|_| panic!("{variable} is not a number")),
            Err(_) => default,
        };
        let replayed = env::var_os("FUZZ_REPLAY").map(PathBuf::from);
        let replayed = replayed.filter(|file| {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            file.starts_with(name)
        });
        let time = Duration::from_secs(number("FUZZ_SECONDS", SECONDS));
        let campaign = Self {
            name,
            seed: number("FUZZ_SEED", 1),
            until: Instant::now() + time,
            time,
            inputs: 0,
            replay: replayed.map(|file| {
                fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
            }),
            watch: watch(name),
        };
        println!("{name}: FUZZ_SEED={} for {time:?}", campaign.seed);
        campaign
    }

    /// The next input; `None` when the time is up. It lies in [`folder`], with `running` in its name, until it has been checked: there it
    /// is found where it ended this process.
    pub fn next(&mut self, make: impl FnOnce(&mut Dice) -> Vec<u8>) -> Option<Vec<u8>> {
        let input = match &self.replay {
            Some(input) => (self.inputs == 0).then(|| input.clone()),
            // Each follows from the seed and its number alone, whatever was done with those before it.
            None => (Instant::now() < self.until).then(|| {
                let number = (self.inputs + 1).wrapping_mul(0xd134_2543_de82_ef95);
                make(&mut Dice::new(self.seed ^ number))
            }),
        };
        match &input {
            Some(input) => {
                self.inputs += 1;
                write(&self.file("running"), input);
                self.watch.begin();
            }
            None => println!("{}: {} inputs held", self.name, self.inputs),
        }
        input
    }

    /// Does what shows whether the input holds: a panic says that it does not, and goes on behind this. `input` is what is kept then.
    pub fn check<T>(&self, input: impl FnOnce() -> Vec<u8>, check: impl FnOnce() -> T) -> T {
        let checked = catch_unwind(AssertUnwindSafe(check));
        if checked.is_err() && self.replay.is_none() {
            self.keep(&input());
        }
        let _ = fs::remove_file(self.file("running"));
        checked.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// What part of the time is over; all of it in a replay.
    pub fn progress(&self) -> f64 {
        let left = self.until.saturating_duration_since(Instant::now());
        1.0 - left.as_secs_f64() / self.time.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Writes a failing input to a file and says how it is played again.
    fn keep(&self, input: &[u8]) {
        let file = self.file(&format!("{}-{}", self.seed, self.inputs));
        write(&file, input);
        eprintln!(
            "{}: input {} of FUZZ_SEED={} failed ({} bytes). Again with FUZZ_REPLAY={}",
            self.name,
            self.inputs,
            self.seed,
            input.len(),
            file.display()
        );
    }

    fn file(&self, what: &str) -> PathBuf {
        folder().join(format!("{}-{what}", self.name))
    }
}

/// Where failing inputs go: `fuzz` in the folder that the tests were built into.
pub fn folder() -> PathBuf {
    let test = env::current_exe().expect("the test's own path");
    let built = test.ancestors().find(|folder| folder.ends_with("deps"));
    let profile = built.and_then(Path::parent).unwrap_or(Path::new("."));
    let folder = profile.parent().unwrap_or(profile).join("fuzz");
    fs::create_dir_all(&folder).expect("a folder for failing inputs");
    folder
}

fn write(file: &Path, input: &[u8]) {
    fs::write(file, input).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

/// Ends this process if an input takes as good as for ever.
struct Watch(mpsc::Sender<()>);

impl Watch {
    fn begin(&self) {
        let _ = self.0.send(());
    }
}

fn watch(name: &'static str) -> Watch {
    let (begun, begins) = mpsc::channel();
    thread::spawn(move || {
        loop {
            match begins.recv_timeout(ENDLESS) {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!("{name}: what is running does not end");
                    abort();
                }
            }
        }
    });
    Watch(begun)
}

/// Panics if `work` takes this thread longer than `limit` to compute, each of three times. What else the machine does is not counted, where
/// the system tells it apart (Unix).
///
/// # Panics
/// See above.
pub fn within<T>(limit: Duration, mut work: impl FnMut() -> T) -> T {
    let clock = Clock::start();
    let mut shortest = Duration::MAX;
    for _ in 0..3 {
        let begun = clock.now();
        let done = work();
        shortest = shortest.min(clock.now().saturating_sub(begun));
        if shortest <= limit {
            return done;
        }
    }
    panic!("it takes {shortest:?}, more than {limit:?}");
}

/// Counts the time that this thread computes.
struct Clock(Instant);

impl Clock {
    fn start() -> Self {
        Self(Instant::now())
    }

    #[cfg(unix)]
    fn now(&self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(time).unwrap_or_else(|_| self.0.elapsed())
    }

    #[cfg(not(unix))]
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}
