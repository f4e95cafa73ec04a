//! How much of the work that nobody waits for may be done: a share of the processor's time, and nothing on battery unless the user
//! wants it. Decides, and reads the state of the power supply; who does the work obeys.

use std::{
    path::Path,
    time::{Duration, Instant},
};

/// The power supply is looked at this often at most.
const POWER_INTERVAL: Duration = Duration::from_secs(30);

/// Where Linux tells of power supplies. On other systems nothing is known, and that counts as mains.
const POWER_SUPPLIES: &str = "/sys/class/power_supply";

/// What the user allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleWorkLimits {
    /// Share of the time that such work may compute, from 0 (never) to 100 (all the time).
    pub percent: u32,
    pub on_battery: bool,
}

impl Default for IdleWorkLimits {
    fn default() -> Self {
        Self {
            percent: 50,
            on_battery: false,
        }
    }
}

/// The limits, applied to this machine.
#[derive(Debug)]
pub struct IdleWork {
    limits: IdleWorkLimits,
    /// Whether the machine ran on battery when that was last looked at.
    battery: Option<(Instant, bool)>,
}

impl IdleWork {
    pub fn new(limits: IdleWorkLimits) -> Self {
        Self {
            limits,
            battery: None,
        }
    }

    /// Whether any may be done now.
    pub fn allowed(&mut self) -> bool {
        self.limits.percent > 0 && (self.limits.on_battery || !self.on_battery())
    }

    /// How long to rest after work of this length, so that its share of the time stays within the limit.
    pub fn rest_after(&self, work: Duration) -> Duration {
        let percent = self.limits.percent.clamp(1, 100);
        work * (100 - percent) / percent
    }

    fn on_battery(&mut self) -> bool {
        match self.battery {
            Some((at, on_battery)) if at.elapsed() < POWER_INTERVAL => on_battery,
            _ => {
                let on_battery = runs_on_battery(&supplies(Path::new(POWER_SUPPLIES)));
                self.battery = Some((Instant::now(), on_battery));
                on_battery
            }
        }
    }
}

/// A power supply as Linux tells of it.
#[derive(Debug, Default)]
struct Supply {
    /// "Mains", "USB", "Battery" and others.
    kind: String,
    /// "Device" for what feeds a mouse and not the machine.
    scope: String,
    /// "1" of a mains adapter that gives power.
    online: String,
    /// Of a battery: "Discharging", "Charging", "Full" and others.
    status: String,
}

/// All supplies that can be read; none where the folder is missing.
fn supplies(folder: &Path) -> Vec<Supply> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let supply = |folder: &Path| {
        let read = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        let [kind, scope, online, status] =
            ["type", "scope", "online", "status"].map(|name| read(name).trim().to_owned());
        Supply {
            kind,
            scope,
            online,
            status,
        }
    };
    entries
        .filter_map(|entry| Some(supply(&entry.ok()?.path())))
        .collect()
}

/// A battery of the machine is being emptied, and nothing else gives it power.
fn runs_on_battery(supplies: &[Supply]) -> bool {
    let mut own = supplies.iter().filter(|supply| supply.scope != "Device");
    let powered = |supply: &Supply| supply.kind != "Battery" && supply.online == "1";
    let draining = |supply: &Supply| supply.kind == "Battery" && supply.status == "Discharging";
    own.clone().any(draining) && !own.any(powered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rest_keeps_the_share() {
        let rest = |percent, ms| {
            let limits = IdleWorkLimits {
                percent,
                ..Default::default()
            };
            IdleWork::new(limits)
                .rest_after(Duration::from_millis(ms))
                .as_millis()
        };
        assert_eq!(
            [rest(100, 40), rest(50, 40), rest(20, 40), rest(1, 40)],
            [0, 40, 160, 3960]
        );
    }

    #[test]
    fn nothing_is_allowed_without_a_share_or_on_battery() {
        let allowed = |percent, on_battery, runs_on_battery| {
            let limits = IdleWorkLimits {
                percent,
                on_battery,
            };
            IdleWork {
                limits,
                battery: Some((Instant::now(), runs_on_battery)),
            }
            .allowed()
        };
        assert!(allowed(50, false, false) && allowed(50, true, true));
        assert!(!allowed(50, false, true) && !allowed(0, true, false));
    }

    #[test]
    fn a_machine_runs_on_battery_when_nothing_else_feeds_it() {
        // The files of each supply: type, scope, online, status.
        type Files = [&'static str; 4];
        let cases: &[(&[Files], bool)] = &[
            (&[], false),
            (&[["Battery\n", "System\n", "", "Discharging\n"]], true),
            (
                &[
                    ["Mains\n", "", "0\n", ""],
                    ["Battery\n", "", "", "Discharging\n"],
                ],
                true,
            ),
            (
                &[
                    ["Mains\n", "", "1\n", ""],
                    ["Battery\n", "", "", "Charging\n"],
                ],
                false,
            ),
            // A weak adapter: the battery helps, but the mains is there.
            (
                &[
                    ["USB\n", "", "1\n", ""],
                    ["Battery\n", "", "", "Discharging\n"],
                ],
                false,
            ),
            // A mouse on a desktop machine.
            (&[["Battery\n", "Device\n", "", "Discharging\n"]], false),
            (&[["Battery\n", "", "", "Full\n"]], false),
        ];
        for (all, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            for (index, files) in all.iter().enumerate() {
                let supply = folder.path().join(format!("supply{index}"));
                std::fs::create_dir(&supply).unwrap();
                let names = ["type", "scope", "online", "status"].into_iter();
                for (name, text) in names.zip(files).filter(|(_, text)| !text.is_empty()) {
                    std::fs::write(supply.join(name), text).unwrap();
                }
            }
            assert_eq!(
                runs_on_battery(&supplies(folder.path())),
                *expected,
                "{all:?}"
            );
        }
        assert!(!runs_on_battery(&supplies(Path::new("/no/such/folder"))));
    }
}
