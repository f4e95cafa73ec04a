//! A server process under fire, and what can be seen of its health from outside: whether it answers, how soon, its memory, its log.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::mutate::MARK;
use crate::client::{frame, notification};
use crate::tacit_binary;

/// For parses and answers that nobody waits for any more.
const SETTLING: Duration = Duration::from_secs(30);

/// `tacit lsp` on the toy engine, in folders of its own.
pub struct Server {
    process: Child,
    /// Written by a thread: a server that stops reading must not stop us.
    input: Sender<Vec<u8>>,
    output: Receiver<Value>,
    log: Log,
    probes: u64,
}

impl Server {
    /// Starts it below `folder`, with `initialize`.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(folder: &Path, initialize: &Value) -> Self {
        let path = |name: &str| folder.join(name);
        for name in ["home", "run", "open"] {
            fs::create_dir_all(path(name)).expect("a folder");
        }
        let log = path("log");
        let mut process = Command::new(tacit_binary())
            .args(["lsp", "--toy"])
            .current_dir(path("open"))
            .env("HOME", path("home"))
            .env("XDG_RUNTIME_DIR", path("run"))
            .env("TACIT_CONFIG", path("tacit.toml"))
            .env("TACIT_CACHE", path("cache"))
            .env("TACIT_STATE", path("state"))
            .env("TACIT_MODELS", path("models"))
            .env("TACIT_LOG", "warn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("the server starts");
        let mut stdin = process.stdin.take().expect("piped");
        let stdout = process.stdout.take().expect("piped");
        let (input, to_write) = mpsc::channel::<Vec<u8>>();
        thread::spawn(move || {
            let mut bytes = to_write.iter();
            bytes.try_for_each(|bytes| stdin.write_all(&bytes))
        });
        let (received, output) = mpsc::channel();
        thread::spawn(move || read(stdout, &received));
        let mut server = Self {
            process,
            input,
            output,
            log: Log::new(log),
            probes: 0,
        };
        let initialized = server.ask("initialize", initialize, Duration::from_secs(60), |_| ());
        initialized.expect("the server answers");
        server.send(frame(&notification("initialized", json!({}))));
        server
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn send(&self, bytes: Vec<u8>) {
        // Fails if the server is gone, which `ask` sees.
        let _ = self.input.send(bytes);
    }

    /// Asks something that the message loop answers at once, and how long that took: so long it was busy with what was sent before.
    /// What else the server says meanwhile goes to `other`.
    pub fn probe(&mut self, patience: Duration, other: impl FnMut(Value)) -> Option<Duration> {
        let begun = Instant::now();
        self.ask("tacit/stats", &Value::Null, patience, other)
            .map(|_| begun.elapsed())
    }

    /// The answer to a request; `None` if it does not come in time. Answers that are an error have no place here.
    pub fn ask(
        &mut self,
        method: &str,
        params: &Value,
        patience: Duration,
        mut other: impl FnMut(Value),
    ) -> Option<Value> {
        self.probes += 1;
        let id = json!(format!("probe {}", self.probes));
        let mut request = json!({ "jsonrpc": "2.0", "id": id, "method": method });
        if !params.is_null() {
            request["params"] = params.clone();
        }
        self.send(frame(&request));
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.output.recv_timeout(left).ok()?;
            if message["id"] == id && message.get("method").is_none() {
                return message.get("result").cloned();
            }
            other(message);
        }
    }

    /// What is wrong with the process, beside that it does not answer.
    pub fn complaint(&mut self) -> Option<String> {
        if let Ok(Some(status)) = self.process.try_wait() {
            return Some(format!("the server died: {status}"));
        }
        self.log.complaint()
    }

    /// How many handlers kept the message loop waiting by the server's own log, and the last line about one.
    pub fn slow_turns(&self) -> String {
        let log = fs::read_to_string(&self.log.file).unwrap_or_default();
        let slow = || {
            log.lines()
                .filter(|line| line.contains("kept the message loop"))
        };
        match slow().next_back() {
            Some(last) => format!("{} handlers were slow, the last {last}", slow().count()),
            None => "no handler was slow".to_owned(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads messages until there are no more. What is no message ends the stream, and with it whatever waits for an answer.
fn read(output: ChildStdout, received: &Sender<Value>) -> Option<()> {
    let mut output = BufReader::new(output);
    loop {
        let mut length = None;
        loop {
            let mut line = String::new();
            if output.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end() {
                "" => break,
                line => length = line.strip_prefix("Content-Length: ")?.parse().ok(),
            }
        }
        let mut body = vec![0; length?];
        output.read_exact(&mut body).ok()?;
        received.send(serde_json::from_slice(&body).ok()?).ok()?;
    }
}

/// The log of a process, read as it grows.
pub struct Log {
    file: PathBuf,
    read: u64,
}

impl Log {
    pub fn new(file: PathBuf) -> Self {
        Self { file, read: 0 }
    }

    /// A line that no log may have, of those that are new: of a panic, or with a word of what the process was sent.
    pub fn complaint(&mut self) -> Option<String> {
        let mut file = File::open(&self.file).ok()?;
        file.seek(SeekFrom::Start(self.read)).ok()?;
        let mut bytes = Vec::new();
        self.read += file.read_to_end(&mut bytes).ok()? as u64;
        let text = String::from_utf8_lossy(&bytes);
        // What is wrong with settings is told by their names.
        let is_quoted = |line: &str| line.contains(MARK) && !line.contains("::settings:");
        let is_wrong = |line: &&str| line.contains("panicked") || is_quoted(line);
        let line = text.lines().find(is_wrong)?;
        Some(format!("the log says: {line}"))
    }
}

/// Bytes of a process that are resident; `None` where the system does not tell (Linux does).
pub fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

/// Fails if a process takes more memory than it did, as soon as it has had time to finish what is under way.
///
/// # Panics
/// See above.
pub fn holds_memory(pid: u32, before: Option<u64>, growth: u64) {
    let until = Instant::now() + SETTLING;
    while let (Some(before), Some(now)) = (before, resident(pid)) {
        if now < before + growth {
            println!("memory: {} MiB, then {} MiB", before >> 20, now >> 20);
            return;
        }
        assert!(
            Instant::now() < until,
            "the memory has grown from {} to {} MiB",
            before >> 20,
            now >> 20
        );
        thread::sleep(Duration::from_millis(200));
    }
}

/// How long answers took.
#[derive(Debug, Default)]
pub struct Waits(Vec<Duration>);

impl Waits {
    pub fn add(&mut self, wait: Duration) {
        self.0.push(wait);
    }

    pub fn longest(&self) -> Duration {
        self.0.iter().max().copied().unwrap_or_default()
    }

    /// "median 0.2 ms, 99 % 1.3 ms, longest 7.5 ms of 12000".
    pub fn in_words(&self) -> String {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let place = sorted.len().saturating_sub(1) * percent / 100;
            sorted.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        format!(
            "median {:.1} ms, 99 % {:.1} ms, longest {:.1} ms of {}",
            at(50),
            at(99),
            at(100),
            sorted.len()
        )
    }
}
