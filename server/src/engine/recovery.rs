//! After an engine has died: when to try again, and what to tell the user. Pure: takes the time and the traces, gives answers.

use std::collections::VecDeque;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// After so many crashes within so long, trying again would only keep the machine busy.
const CRASHES_TO_GIVE_UP: usize = 4;
const WINDOW: Duration = Duration::from_secs(600);

/// An engine that has lived this long was healthy: its crash begins a new row of pauses.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);

/// The crashes of one window's engines.
#[derive(Debug, Default)]
pub struct Crashes {
    /// Those within [`WINDOW`], oldest first.
    recent: VecDeque<Instant>,
    /// Crashes in a row, without a healthy engine between.
    row: u32,
    /// See [`Crashes::give_up`].
    hopeless: bool,
}

/// When the next engine may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// After a pause that may be zero.
    After(Duration),
    /// Too many crashes: not before the oldest of them is forgotten, in this time.
    GivenUp(Duration),
    /// It would end the same way: not before the user wants it.
    Never,
}

impl Crashes {
    /// An engine has died, or could not be started, which counts as a life of zero.
    pub fn record(&mut self, now: Instant, lived: Duration) {
        self.row = if lived >= HEALTHY_AFTER {
            1
        } else {
            self.row.saturating_add(1)
        };
        self.recent.push_back(now);
        if self.recent.len() > CRASHES_TO_GIVE_UP {
            self.recent.pop_front();
        }
    }

    /// The next engine would die as the last one has: llama.cpp cannot load this model.
    pub fn give_up(&mut self) {
        self.hopeless = true;
    }

    pub fn permit(&self, now: Instant) -> Permit {
        if self.hopeless {
            return Permit::Never;
        }
        let recent = || {
            self.recent
                .iter()
                .filter(|crash| now.duration_since(**crash) < WINDOW)
        };
        if recent().count() >= CRASHES_TO_GIVE_UP {
            let oldest = recent().next().copied().unwrap_or(now);
            return Permit::GivenUp((oldest + WINDOW).duration_since(now));
        }
        let Some(last) = self.recent.back() else {
            return Permit::After(Duration::ZERO);
        };
        let pause = FIRST_PAUSE
            .saturating_mul(2_u32.saturating_pow(self.row.saturating_sub(1)))
            .min(LONGEST_PAUSE);
        Permit::After((*last + pause).saturating_duration_since(now))
    }

    /// The user wants another try.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// What is known of an engine that has died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What the user may do about it.
    pub advice: String,
    /// It ended itself, because something did not hold that llama.cpp takes for granted. What it did, it would do again.
    pub aborted: bool,
}

/// Of an engine that has not even started, or has not answered.
impl From<String> for Finding {
    fn from(advice: String) -> Self {
        Self {
            advice,
            aborted: false,
        }
    }
}

/// Looks at an engine that has died. `exit` is known for our own child only; `log` is what it last wrote to its standard error.
pub fn find(exit: Option<ExitStatus>, log: &str) -> Finding {
    match failed_assertion(log) {
        Some(assertion) => Finding {
            advice: format!(
                "The engine ended itself: something in the model is not as llama.cpp needs it ({assertion}). Please check the model \
                 with `tacit models verify`, or choose another that `tacit models list` names."
            ),
            aborted: true,
        },
        None => advice(exit, log).into(),
    }
}

/// What ggml says before it aborts, without the place in its source: `GGML_ASSERT(n_vocab > 0) failed`.
fn failed_assertion(log: &str) -> Option<&str> {
    let said = |line: &str| line.find("GGML_ASSERT(");
    let line = log.lines().rfind(|line| said(line).is_some())?;
    Some(line[said(line)?..].trim_end())
}

fn advice(exit: Option<ExitStatus>, log: &str) -> String {
    let last_line = log
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty());
    let lower = log.to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
    let cause = exit.and_then(death);
    let advice = match cause {
        Some(Death::IllegalInstruction) => {
            "The engine was built for a processor with instructions that this one lacks: please install a portable build of tacit."
        }
        _ if says(&["unsupported model", "unknown model architecture"]) => {
            "The engine can't run this model: please choose one that `tacit models list` names."
        }
        _ if says(&[
            "out of memory",
            "failed to allocate",
            "cannot allocate memory",
            "bad_alloc",
        ]) =>
        {
            "The engine ran out of memory: please choose a smaller model (`tacit models list`) or close other programs."
        }
        Some(Death::Killed) => {
            "The engine was killed, most likely because memory ran out: please choose a smaller model (`tacit models list`)."
        }
        Some(Death::BusError) => {
            "The engine lost its model file while it read it: please run `tacit models verify` and check that the disk is not full."
        }
        None => "The engine stopped: `tacit doctor` tells more.",
    };
    match last_line {
        Some(line) if cause != Some(Death::Killed) => format!("{advice} Its last words: {line}"),
        _ => advice.to_owned(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    IllegalInstruction,
    BusError,
    Killed,
}

#[cfg(unix)]
fn death(exit: ExitStatus) -> Option<Death> {
    use std::os::unix::process::ExitStatusExt;
    // Signal numbers that are the same on every Unix; SIGBUS is not.
    const SIGILL: i32 = 4;
    const SIGKILL: i32 = 9;
    let sigbus = if cfg!(any(target_os = "linux", target_os = "android")) {
        7
    } else {
        10
    };
    match exit.signal()? {
        SIGILL => Some(Death::IllegalInstruction),
        SIGKILL => Some(Death::Killed),
        signal if signal == sigbus => Some(Death::BusError),
        _ => None,
    }
}

#[cfg(not(unix))]
fn death(exit: ExitStatus) -> Option<Death> {
    // NTSTATUS codes: STATUS_ILLEGAL_INSTRUCTION, STATUS_IN_PAGE_ERROR.
    match exit.code()? as u32 {
        0xC000_001D => Some(Death::IllegalInstruction),
        0xC000_0006 => Some(Death::BusError),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn pauses_double_and_four_crashes_end_it() {
        let start = Instant::now();
        let mut crashes = Crashes::default();
        assert_eq!(crashes.permit(start), Permit::After(Duration::ZERO));
        for pause in [0.25, 0.5, 1.0] {
            crashes.record(start, Duration::ZERO);
            assert_eq!(crashes.permit(start), Permit::After(seconds(pause)));
            assert_eq!(
                crashes.permit(start + seconds(5.0)),
                Permit::After(Duration::ZERO)
            );
        }
        crashes.record(start + seconds(60.0), Duration::ZERO);
        assert_eq!(
            crashes.permit(start + seconds(60.0)),
            Permit::GivenUp(seconds(540.0))
        );
        // The first three are forgotten, the row is not.
        assert_eq!(
            crashes.permit(start + seconds(600.0)),
            Permit::After(Duration::ZERO)
        );
        crashes.record(start + seconds(600.0), Duration::ZERO);
        assert_eq!(
            crashes.permit(start + seconds(600.0)),
            Permit::After(seconds(4.0))
        );
        crashes.forget();
        assert_eq!(crashes.permit(start), Permit::After(Duration::ZERO));
    }

    #[test]
    fn pauses_are_bounded_and_a_healthy_life_starts_anew() {
        let mut now = Instant::now();
        let mut crashes = Crashes::default();
        for _ in 0..40 {
            now += WINDOW;
            crashes.record(now, Duration::ZERO);
        }
        assert_eq!(crashes.permit(now), Permit::After(LONGEST_PAUSE));
        now += WINDOW;
        crashes.record(now, HEALTHY_AFTER);
        assert_eq!(crashes.permit(now), Permit::After(FIRST_PAUSE));
    }

    #[test]
    fn the_log_decides_the_advice() {
        let cases = [
            ("error: unknown model architecture: 'foo'\n", "choose one"),
            (
                "ggml: failed to allocate buffer of size 9\n",
                "smaller model",
            ),
            (
                "terminate called after throwing 'std::bad_alloc'\n\n",
                "smaller model",
            ),
            ("something else\n", "tacit doctor"),
            ("", "tacit doctor"),
        ];
        for (log, expected) in cases {
            let advice = advice(None, log);
            assert!(advice.contains(expected), "{log:?}: {advice}");
            assert!(advice.contains(log.trim()), "{log:?}: {advice}");
        }
    }

    #[test]
    fn a_failed_assertion_is_the_reason_whatever_else_the_log_says() {
        let place = "/somewhere/ggml/src/ggml.c:3456: ";
        let words = "GGML_ASSERT(ne0 % type_size == 0) failed";
        for (before, after) in [
            ("", ""),
            (
                "loading\n",
                "171 library/std/src/rt.rs: No such file or directory.\n",
            ),
            (
                "WARN something\n",
                "[New LWP 12]\nwarning: out of memory\n\n",
            ),
        ] {
            let found = find(None, &format!("{before}{place}{words}\n{after}"));
            assert!(found.aborted);
            assert!(
                found.advice.contains(&format!("({words})")),
                "{}",
                found.advice
            );
            assert!(!found.advice.contains("somewhere"), "{}", found.advice);
        }
        for log in [
            "",
            "error: unknown model architecture: 'foo'\n",
            "an assertion failed\n",
        ] {
            assert!(!find(None, log).aborted, "{log:?}");
        }
    }

    #[test]
    fn what_is_hopeless_waits_for_the_user() {
        let start = Instant::now();
        let mut crashes = Crashes::default();
        crashes.record(start, Duration::ZERO);
        crashes.give_up();
        assert_eq!(crashes.permit(start + 10 * WINDOW), Permit::Never);
        crashes.forget();
        assert_eq!(crashes.permit(start), Permit::After(Duration::ZERO));
    }

    #[cfg(unix)]
    #[test]
    fn the_signal_decides_the_advice() {
        use std::os::unix::process::ExitStatusExt;
        for (signal, expected) in [
            (4, "portable build"),
            (9, "smaller model"),
            (11, "tacit doctor"),
        ] {
            let advice = advice(Some(ExitStatus::from_raw(signal)), "loading\n");
            assert!(advice.contains(expected), "signal {signal}: {advice}");
        }
    }
}
