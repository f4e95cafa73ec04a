//! How busy other processes keep the processor, and how many threads compute best beside them. The rule is pure; a thin reader
//! feeds it from Linux's `/proc`. On other systems nothing is known of the load, and the number of threads stays as it is set.
//!
//! llama.cpp's threads meet at a barrier many times in each pass and wait there spinning. That is fastest while each has a core
//! of its own; as soon as one has to share its core, all others wait for it. Two cores and the 0.5B model, milliseconds for a
//! pass of one token:
//!
//! | | quiet | one core busy |
//! | --- | --- | --- |
//! | 1 thread | 41 | 41 |
//! | 2 threads | 26 | 163 |
//!
//! So there are as many threads as cores are free. What other processes do counts whatever their priority is: even a process
//! that takes little of a core takes it in slices that hold up the barrier.

use std::time::{Duration, Instant};

use super::backend::EvaluateError;

/// The counters advance by 10 ms: shorter intervals would measure their steps.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// A core that is busy for more than this share of the time is none to spin on.
const TAKEN_ABOVE: f32 = 0.45;
/// It is free again below this share; in between everything stays as it is.
const FREE_BELOW: f32 = 0.3;

/// Time constants of the smoothed load: load is believed soon, quiet late, since a wrong thread more costs far more than one less.
/// With the bounds above: a core that becomes busy is given up after 140 ms, or 260 ms where its other half is our own thread's; one
/// that becomes quiet is taken again after 1.5 s.
const RISE: Duration = Duration::from_millis(230);
const FALL: Duration = Duration::from_millis(1250);

/// What other processes did in an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Cores of the machine.
    pub cores: u32,
    /// Cores that other processes kept busy, on average.
    pub foreign: f32,
    pub interval: Duration,
}

/// How many threads are right for the load.
#[derive(Debug)]
pub struct ThreadRule {
    most: u32,
    threads: u32,
    /// Cores that others keep busy, smoothed.
    foreign: f32,
}

impl ThreadRule {
    /// Begins with `most` threads, and never has more.
    pub fn new(most: u32) -> Self {
        let most = most.max(1);
        Self {
            most,
            threads: most,
            foreign: 0.0,
        }
    }

    /// The number of threads from now on.
    pub fn observe(&mut self, load: Load) -> u32 {
        let time_constant = match load.foreign > self.foreign {
            true => RISE,
            false => FALL,
        };
        let weight = 1.0 - (-load.interval.as_secs_f32() / time_constant.as_secs_f32()).exp();
        self.foreign += (load.foreign - self.foreign) * weight;
        let beside = |bound: f32| {
            let taken = (self.foreign + 1.0 - bound).floor() as u32;
            load.cores.saturating_sub(taken).clamp(1, self.most)
        };
        let (at_most, at_least) = (beside(TAKEN_ABOVE), beside(FREE_BELOW));
        self.threads = self.threads.clamp(at_least, at_most);
        self.threads
    }
}

/// Clock ticks that have passed, as `/proc` counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticks {
    cores: u32,
    /// Of all cores, since the machine started.
    total: u64,
    /// Of those, with nothing to do.
    idle: u64,
    /// That this process computed, since it started.
    own: u64,
}

impl Ticks {
    /// With what the `companion` computed counted as our own.
    fn now(companion: Option<u32>) -> Option<Self> {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        let mut ticks = Self::parse(&read("/proc/stat")?, &read("/proc/self/stat")?)?;
        let of_companion = companion
            .and_then(|pid| read(&format!("/proc/{pid}/stat")))
            .and_then(|process| ticks_of(&process));
        ticks.own += of_companion.unwrap_or(0);
        Some(ticks)
    }

    /// From the texts of `/proc/stat` and `/proc/self/stat`.
    fn parse(machine: &str, process: &str) -> Option<Self> {
        let mut lines = machine.lines();
        // cpu user nice system idle iowait irq softirq steal; what follows is contained in user and nice.
        let all = lines.next()?.strip_prefix("cpu ")?;
        let all: Vec<u64> = all
            .split_ascii_whitespace()
            .take(8)
            .map(|ticks| ticks.parse().ok())
            .collect::<Option<_>>()?;
        let cores = lines.take_while(|line| line.starts_with("cpu")).count();
        Some(Self {
            cores: u32::try_from(cores).ok()?,
            total: all.iter().sum(),
            idle: all.get(3)? + all.get(4)?,
            own: ticks_of(process)?,
        })
    }

    /// Cores that other processes kept busy since `earlier`; `None` if no time has passed.
    fn foreign_since(&self, earlier: &Self) -> Option<f32> {
        let total = self.total.checked_sub(earlier.total).filter(|t| *t > 0)?;
        // Linux corrects its count of idle time now and then, also downwards.
        let busy = total.saturating_sub(self.idle.saturating_sub(earlier.idle));
        let foreign = busy.saturating_sub(self.own.saturating_sub(earlier.own));
        Some(foreign as f32 * self.cores as f32 / total as f32)
    }
}

/// That a process computed, from the text of its `stat`.
fn ticks_of(process: &str) -> Option<u64> {
    // The program's name, in parentheses, may hold anything; after it come the state and ten fields up to utime and stime.
    let (_, fields) = process.rsplit_once(')')?;
    let ticks = fields.split_ascii_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// Reads the load, not more often than makes sense.
#[derive(Debug, Default)]
struct Meter {
    last: Option<(Instant, Ticks)>,
    companion: Option<u32>,
}

impl Meter {
    /// What others did since the last reading; `None` if that was just now, was never, or cannot be known.
    fn read(&mut self) -> Option<Load> {
        if let Some((at, _)) = &self.last
            && at.elapsed() < SHORTEST_INTERVAL
        {
            return None;
        }
        let (now, ticks) = (Instant::now(), Ticks::now(self.companion)?);
        let (then, earlier) = self.last.replace((now, ticks))?;
        Some(Load {
            cores: ticks.cores,
            foreign: ticks.foreign_since(&earlier)?,
            interval: now - then,
        })
    }
}

/// The number of threads of one engine, following the load of this machine.
#[derive(Debug)]
pub struct ThreadFollower {
    meter: Meter,
    rule: ThreadRule,
    foreign: Option<f32>,
}

impl ThreadFollower {
    /// For a back end that has been loaded with `most` threads.
    pub fn new(most: u32) -> Self {
        let mut meter = Meter::default();
        meter.read();
        Self {
            meter,
            rule: ThreadRule::new(most),
            foreign: None,
        }
    }

    /// From now on what process `pid` computes is no load: it stops when this engine has work.
    pub fn disregard(&mut self, pid: u32) {
        if self.meter.companion != Some(pid) && pid != std::process::id() {
            self.meter.companion = Some(pid);
            // A difference between readings with and without it would mean nothing.
            self.meter.last = None;
            self.meter.read();
        }
    }

    /// Looks at the load, where that is due, and tells `set` if another number of threads is right by now.
    pub fn follow(&mut self, set: impl FnOnce(u32) -> Result<(), EvaluateError>) {
        let Some(load) = self.meter.read() else {
            return;
        };
        self.foreign = Some(load.foreign);
        let before = self.rule.threads;
        let threads = self.rule.observe(load);
        if threads != before {
            tracing::debug!(
                threads,
                foreign_cores = load.foreign,
                "threads follow the load"
            );
            if let Err(error) = set(threads) {
                tracing::warn!("the number of threads stays as it was: {error}");
            }
        }
    }

    /// Whether all threads compute, and others kept no more than `foreign_cores` busy when the load was last looked at. Where the load
    /// is not known it counts as none.
    pub fn undisturbed(&self, foreign_cores: f32) -> bool {
        let all = self.rule.threads == self.rule.most;
        all && self.foreign.is_none_or(|foreign| foreign <= foreign_cores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(cores: u32, foreign: f32) -> Load {
        Load {
            cores,
            foreign,
            interval: SHORTEST_INTERVAL,
        }
    }

    /// Feeds samples of 100 ms: so many of each load; the threads after each load.
    fn threads_after(rule: &mut ThreadRule, cores: u32, series: &[(usize, f32)]) -> Vec<u32> {
        let run = |(samples, foreign): &(usize, f32)| {
            let threads = (0..*samples).map(|_| rule.observe(load(cores, *foreign)));
            threads.last().unwrap()
        };
        series.iter().map(run).collect()
    }

    #[test]
    fn a_busy_core_is_given_up_soon_and_taken_again_late() {
        let mut rule = ThreadRule::new(2);
        let series = [
            (20, 0.1),
            (1, 1.0), // a burst
            (2, 0.0),
            (10, 1.0), // sustained
            (13, 0.0),
            (3, 0.0),
        ];
        assert_eq!(threads_after(&mut rule, 2, &series), [2, 2, 2, 1, 1, 2]);
    }

    #[test]
    fn a_core_shared_with_our_own_thread_counts_as_taken() {
        let mut rule = ThreadRule::new(2);
        assert_eq!(threads_after(&mut rule, 2, &[(3, 0.66)]), [1]);
    }

    #[test]
    fn load_that_trembles_does_not_make_the_threads_tremble() {
        let mut rule = ThreadRule::new(2);
        let changes = (0..200)
            .map(|i| rule.observe(load(2, if i % 3 == 0 { 0.9 } else { 0.2 })))
            .collect::<Vec<_>>()
            .windows(2)
            .filter(|pair| pair[0] != pair[1])
            .count();
        assert!(changes <= 1, "{changes}");
    }

    #[test]
    fn threads_stay_between_one_and_what_was_set() {
        let cases: &[(u32, u32, f32, u32)] = &[
            (2, 2, 0.0, 2),
            (2, 2, 2.0, 1),
            (2, 2, 40.0, 1),
            // Half of the cores compute at most, so others may have the other half.
            (8, 16, 6.0, 8),
            (8, 16, 12.0, 4),
            // More than there are cores.
            (6, 2, 0.0, 2),
            (0, 2, 0.0, 1),
            // A container that may use four cores of a large host, whose others are busy.
            (4, 64, 40.0, 4),
        ];
        for (most, cores, foreign, expected) in cases {
            let mut rule = ThreadRule::new(*most);
            let threads = threads_after(&mut rule, *cores, &[(30, *foreign)]);
            assert_eq!(threads, [*expected], "{most} of {cores} beside {foreign}");
        }
    }

    #[test]
    fn a_long_interval_counts_as_much_as_many_short_ones() {
        let mut rule = ThreadRule::new(2);
        let long = Load {
            interval: Duration::from_secs(5),
            ..load(2, 1.0)
        };
        assert_eq!(rule.observe(long), 1);
    }

    const MACHINE: &str = "cpu  100 20 30 800 40 5 5 0 7 7\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1 1 1 1\nintr 1 2\n";

    #[test]
    fn ticks_are_read_from_what_linux_tells() {
        let process = "77 (a ) (b) S 1 1 1 0 -1 4194304 100 0 0 0 30 12 0 0 20 0 1 0";
        let ticks = Ticks::parse(MACHINE, process).unwrap();
        let expected = Ticks {
            cores: 2,
            total: 1000,
            idle: 840,
            own: 42,
        };
        assert_eq!(ticks, expected);
        for (machine, process) in [("", process), ("cpu  1 2 x", process), (MACHINE, "77 (a")] {
            assert_eq!(Ticks::parse(machine, process), None);
        }
    }

    #[test]
    fn others_are_busy_with_what_is_neither_idle_nor_ours() {
        let earlier = Ticks {
            cores: 2,
            total: 1000,
            idle: 840,
            own: 42,
        };
        let later = |total, idle, own| Ticks {
            cores: 2,
            total,
            idle,
            own,
        };
        let foreign = |total, idle, own| later(total, idle, own).foreign_since(&earlier);
        assert_eq!(foreign(1020, 845, 47), Some(1.0));
        assert_eq!(foreign(1020, 860, 42), Some(0.0));
        // Ticks that are counted late, or taken back.
        assert_eq!(foreign(1020, 855, 52), Some(0.0));
        assert_eq!(foreign(1020, 839, 42), Some(2.0));
        assert_eq!(foreign(1000, 840, 42), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_tells_its_load() {
        let mut meter = Meter::default();
        assert_eq!(meter.read(), None, "there is nothing to compare with");
        assert_eq!(meter.read(), None, "too soon");
        std::thread::sleep(SHORTEST_INTERVAL * 2);
        let load = meter.read().expect("a load");
        assert!(load.cores > 0 && load.interval >= SHORTEST_INTERVAL);
        assert!(
            (0.0..=load.cores as f32).contains(&load.foreign),
            "{load:?}"
        );
    }
}
