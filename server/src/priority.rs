//! Which threads come first, and what those that come last may use.

use std::time::Duration;

/// Lowers the priority of this thread by so many steps of niceness. Elsewhere than on Linux it stays: on other Unixes it would be that of the whole
/// process.
pub fn lower(#[cfg_attr(not(target_os = "linux"), expect(unused))] niceness: i32) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(niceness) {
        tracing::debug!(%error, niceness, "a thread keeps its priority");
    }
}

/// How long this thread has computed, on Linux; elsewhere the time that passes. What others do on the machine meanwhile does not count.
pub fn computed() -> Duration {
    #[cfg(target_os = "linux")]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(
            time.tv_sec.try_into().unwrap_or_default(),
            time.tv_nsec.try_into().unwrap_or_default(),
        )
    }
    #[cfg(not(target_os = "linux"))]
    {
        static START: std::sync::LazyLock<std::time::Instant> =
            std::sync::LazyLock::new(std::time::Instant::now);
        START.elapsed()
    }
}
