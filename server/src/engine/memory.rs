//! The memory of this machine, and what a model needs of it. A thin reader of Linux's `/proc`; on other systems nothing is known,
//! and whoever asks has to try.

use serde::Serialize;

/// Besides the weights, in bytes: KV cache, compute buffers and the program itself.
const BESIDE_WEIGHTS: u64 = 300_000_000;

/// In bytes; unknown on systems that do not tell it in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Memory {
    pub total: Option<u64>,
    /// What a new process may have without pushing others out.
    pub available: Option<u64>,
}

/// Bytes that running a model takes whose file has so many.
pub fn needed_for(file_bytes: u64) -> u64 {
    file_bytes.saturating_add(BESIDE_WEIGHTS)
}

impl Memory {
    pub fn now() -> Self {
        Self::of(&std::fs::read_to_string("/proc/meminfo").unwrap_or_default())
    }

    /// From the text of `/proc/meminfo`, which counts in kibibytes.
    fn of(meminfo: &str) -> Self {
        let bytes = |name: &str| {
            let value = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
            let kibibytes: u64 = value.split_whitespace().next()?.parse().ok()?;
            kibibytes.checked_mul(1024)
        };
        Self {
            total: bytes("MemTotal:"),
            available: bytes("MemAvailable:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_what_linux_tells() {
        let told =
            Memory::of("MemTotal:       24548200 kB\nMemFree:   1 kB\nMemAvailable:    1024 kB\n");
        assert_eq!(
            (told.total, told.available),
            (Some(25_137_356_800), Some(1_048_576))
        );
        assert_eq!(Memory::of(""), Memory::default());
    }
}
