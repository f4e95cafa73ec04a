//! What the engine's memory is made of: what the system counts, and what of it llama.cpp reports. The difference is ours.

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};
use tracing_subscriber::fmt;

const MIB: f64 = 1024.0 * 1024.0;

/// Sizes of llama.cpp's buffers in MiB, by the names in its log, such as "CPU KV".
pub type Buffers = BTreeMap<String, f64>;

/// Runs what loads a model, and reads the sizes of its buffers off the log that llama.cpp writes on this thread meanwhile: it
/// tells them nowhere else.
pub fn buffers_of<T>(load: impl FnOnce() -> T) -> (T, Buffers) {
    let log = Log::default();
    let writer = log.clone();
    let reader = fmt()
        .with_max_level(tracing::Level::INFO)
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let loaded = tracing::subscriber::with_default(reader, load);
    let log = log.0.lock().unwrap_or_else(PoisonError::into_inner);
    (loaded, parse(&String::from_utf8_lossy(&log)))
}

/// What has been logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Of a buffer that is made anew the last size counts.
fn parse(log: &str) -> Buffers {
    let line = |line: &str| {
        let (name, rest) = line.split_once("buffer size =")?;
        // The functions that were running stand before it.
        let name = name.rsplit(':').next()?;
        let size = rest.split_whitespace().next()?.parse().ok()?;
        Some((name.split_whitespace().collect::<Vec<_>>().join(" "), size))
    };
    log.lines().filter_map(line).collect()
}

/// What is resident in this process's memory.
pub struct Resident {
    all: u64,
    anonymous: u64,
    /// Pages of the model's file: the system takes them back when it needs the memory.
    model: u64,
}

impl Resident {
    /// Of this process now, which has loaded the file `model`; `None` where the system does not tell (Linux does).
    pub fn now(model: &Path) -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let maps = fs::read_to_string("/proc/self/smaps").ok()?;
        Self::parse(&status, &maps, &fs::canonicalize(model).ok()?)
    }

    fn parse(status: &str, maps: &str, model: &Path) -> Option<Self> {
        let model = model.to_string_lossy();
        let mut in_model = false;
        let mut model_bytes = 0;
        for line in maps.lines() {
            // A mapping begins with its addresses and ends with its file; then come its figures.
            match line.split_whitespace().next() {
                Some("Rss:") if in_model => model_bytes += kibibytes(line)?,
                Some(first) if !first.ends_with(':') => in_model = line.ends_with(&*model),
                _ => {}
            }
        }
        let of = |name: &str| kibibytes(status.lines().find(|line| line.starts_with(name))?);
        Some(Self {
            all: of("VmRSS:")?,
            anonymous: of("RssAnon:")?,
            model: model_bytes,
        })
    }

    /// Figures in MiB. `beyond_mb` is what is resident beside the model's file and the KV cache, `beyond_buffers_mb` what is left when the
    /// buffers for computing that llama.cpp reports go too; of these some pages may never have been touched. Weights that it has
    /// copied into another order are in both: the file is still mapped.
    pub fn summary(&self, model_file: u64, buffers: &Buffers) -> Value {
        let size = |ends: &[&str]| -> f64 {
            let named = |name: &str| ends.iter().any(|end| name.ends_with(end));
            let sizes = buffers.iter().filter(|(name, _)| named(name));
            sizes.map(|(_, size)| size).sum()
        };
        // Cleared at the start, so all of it is resident.
        let kv_cache = size(&[" KV"]);
        let computing = size(&[" compute", " output"]);
        let [all, anonymous, model] =
            [self.all, self.anonymous, self.model].map(|bytes| bytes as f64 / MIB);
        json!({
            "resident_mb": all,
            "resident_anonymous_mb": anonymous,
            "resident_model_file_mb": model,
            "model_file_mb": model_file as f64 / MIB,
            "buffers_mb": buffers,
            "beyond_mb": all - model - kv_cache,
            "beyond_buffers_mb": all - model - kv_cache - computing,
        })
    }
}

/// The bytes of a line such as "VmRSS:   1234 kB".
fn kibibytes(line: &str) -> Option<u64> {
    let number: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(number * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_off_llamas_log() {
        let log = "load_from_file: CPU_Mapped model buffer size =   462.96 MiB module=\"llama.cpp::load_tensors\"\n\
                   CPU  output buffer size =     4.64 MiB\n\
                   n_ctx = 8192\n\
                   CPU KV buffer size =    96.00 MiB\n\
                   CPU KV buffer size =    48.00 MiB\n";
        let sizes = [
            ("CPU KV", 48.0),
            ("CPU output", 4.64),
            ("CPU_Mapped model", 462.96),
        ];
        assert_eq!(
            parse(log),
            sizes.map(|(name, size)| (name.to_owned(), size)).into()
        );
    }

    #[test]
    fn a_log_on_this_thread_is_read_while_a_model_is_loaded() {
        let (loaded, buffers) = buffers_of(|| {
            tracing::info!("CPU compute buffer size =   10.50 MiB");
            7
        });
        assert_eq!((loaded, buffers.get("CPU compute")), (7, Some(&10.5)));
    }

    #[test]
    fn the_model_is_told_from_the_rest() {
        let status = "Name:\ttacit\nVmRSS:\t    2048 kB\nRssAnon:\t    1024 kB\n";
        let maps = "7f00-7f10 r--s 00000000 08:01 12    /models/a file.gguf\nSize: 4000 kB\nRss:  512 kB\n\
                    7f10-7f20 rw-p 00000000 00:00 0\nRss:  100 kB\nVmFlags: rd\n\
                    7f20-7f30 r--s 00000000 08:01 12    /models/a file.gguf\nRss:  256 kB\n";
        let resident = Resident::parse(status, maps, Path::new("/models/a file.gguf")).unwrap();
        let sizes = [
            ("CPU_Mapped model", 0.5),
            ("CPU KV", 0.75),
            ("CPU compute", 300.0),
        ];
        let summary = resident.summary(1 << 20, &sizes.map(|(n, s)| (n.to_owned(), s)).into());
        assert_eq!(summary["resident_model_file_mb"], 0.75);
        assert_eq!(summary["beyond_mb"], 0.5);
    }
}
