//! Sixty keys a second for as long as one likes: every request is answered, memory does not grow, no job is left running, and at
//! the end there is still an engine that answers. `make test` does it for ten seconds with the toy back end; `make soak` for ten minutes
//! (`SOAK_SECONDS`) with the real model.
#![cfg(unix)]

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tacit::completion::Completer;
use tacit::config::Settings;
use tacit::engine::endpoint::Endpoint;
use tacit::engine::launch::LaunchSettings;
use tacit::engine::remote::RemoteEngine;
use tacit::engine::wire::Hello;
use tempfile::TempDir;
use tests::client::{Client, at};
use tests::dice::Dice;
use tests::fuzz::process::resident;
use tests::tacit_binary;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

const KEYS_PER_SECOND: u32 = 60;
/// Until then caches fill up: a growth of memory counts from here on.
const WARM_UP: f64 = 0.2;
/// What allocators and the last buffers may take meanwhile, of the server and of the engine; 0.5 KB for each key of ten minutes.
const GROWTH: u64 = 16 << 20;
/// For all that is still under way when the last key has been typed.
const PATIENCE: Duration = Duration::from_secs(60);

const TEXT: &str = include_str!("../../server/src/cli/bench/typed_before.py");
const DOCUMENTS: usize = 4;
/// Then a document is replaced by what it was at first.
const MOST_LINES: usize = 300;

/// A document as the user sees it. ASCII, so that columns are bytes.
struct Document {
    uri: String,
    version: i32,
    lines: Vec<String>,
    line: usize,
    column: usize,
}

impl Document {
    fn new(number: usize) -> Self {
        Self {
            uri: format!("untitled:soak{number}.py"),
            version: 1,
            lines: lines(TEXT),
            line: TEXT.lines().count() - 1,
            column: 0,
        }
    }

    /// Types a character or a line feed where the cursor is.
    fn insert(&mut self, character: char) -> Value {
        let change = self.change((self.line, self.column), &character.to_string());
        if character == '\n' {
            let rest = self.lines[self.line].split_off(self.column);
            self.line += 1;
            self.column = 0;
            self.lines.insert(self.line, rest);
        } else {
            self.lines[self.line].insert(self.column, character);
            self.column += 1;
        }
        change
    }

    /// Deletes the character or the line feed before the cursor; `None` at the beginning.
    fn backspace(&mut self) -> Option<Value> {
        let end = (self.line, self.column);
        if self.column > 0 {
            self.column -= 1;
            self.lines[self.line].remove(self.column);
        } else {
            let rest = (self.line > 0).then(|| self.lines.remove(self.line))?;
            self.line -= 1;
            self.column = self.lines[self.line].len();
            self.lines[self.line].push_str(&rest);
        }
        Some(self.change(end, ""))
    }

    /// Replaces what lies between the cursor and `end`.
    fn change(&self, end: (usize, usize), text: &str) -> Value {
        let start = json!({ "line": self.line, "character": self.column });
        let end = json!({ "line": end.0, "character": end.1 });
        json!({ "range": { "start": start, "end": end }, "text": text })
    }

    fn jump(&mut self, dice: &mut Dice) {
        self.line = dice.below(self.lines.len());
        self.column = self.lines[self.line].len();
    }

    fn start_over(&mut self) -> Value {
        self.lines = lines(TEXT);
        self.line = self.lines.len() - 1;
        self.column = 0;
        json!({ "text": TEXT })
    }
}

fn lines(text: &str) -> Vec<String> {
    text.split('\n').map(str::to_owned).collect()
}

/// Types like a person in several documents, only faster.
struct Typist {
    dice: Dice,
    documents: Vec<Document>,
    current: usize,
    /// Where in [`TEXT`] the next character comes from.
    next: usize,
}

impl Typist {
    fn new() -> Self {
        Self {
            dice: Dice::new(0),
            documents: (0..DOCUMENTS).map(Document::new).collect(),
            current: 0,
            next: 0,
        }
    }

    /// The next thing done, as a change of the current document; `None` for a mere move of the cursor.
    fn act(&mut self) -> Option<Value> {
        let action = self.dice.below(100);
        if action < 2 {
            self.current = self.dice.below(DOCUMENTS);
            return None;
        }
        let document = &mut self.documents[self.current];
        if document.lines.len() > MOST_LINES {
            return Some(document.start_over());
        }
        match action {
            2..5 => {
                document.jump(&mut self.dice);
                self.next = self.dice.below(TEXT.len());
                None
            }
            5..17 => document.backspace(),
            _ => {
                let character = char::from(TEXT.as_bytes()[self.next % TEXT.len()]);
                self.next += 1;
                Some(document.insert(character))
            }
        }
    }
}

/// A session of so many seconds with the server in the process `server`.
async fn soak(mut client: Client, server: u32, seconds: u64) {
    client.initialize(json!({ "capabilities": {} })).await;
    let mut typist = Typist::new();
    for document in &typist.documents {
        client.open(&document.uri, TEXT).await;
    }
    // Loads the model, so that the time belongs to typing.
    let first = &typist.documents[0];
    client
        .call("textDocument/inlineCompletion", at(&first.uri, 1, 0))
        .await;
    let engine = engine_pid(&mut client).await;

    let keys = seconds * u64::from(KEYS_PER_SECOND);
    let mut pace = interval(Duration::from_secs(1) / KEYS_PER_SECOND);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut warm = Vec::new();
    let mut last = None;
    for key in 0..keys {
        pace.tick().await;
        let change = typist.act();
        let cancels = typist.dice.below(2) == 0;
        let document = &mut typist.documents[typist.current];
        if let Some(change) = change {
            document.version += 1;
            let of = json!({ "uri": document.uri, "version": document.version });
            let params = json!({ "textDocument": of, "contentChanges": [change] });
            client.notify("textDocument/didChange", params).await;
        }
        // Editors cancel what they do not want any more, or leave it to the newer request to say so.
        if let Some(id) = last.filter(|_| cancels) {
            client.notify("$/cancelRequest", json!({ "id": id })).await;
        }
        let place = at(&document.uri, document.line as u32, document.column as u32);
        last = Some(client.request("textDocument/inlineCompletion", place).await);
        client.settle();
        if key == (keys as f64 * WARM_UP) as u64 {
            warm = memory(&[server, engine]);
        }
    }

    // What was asked last is answered without a key that would drop it.
    let id = last.expect("there are keys");
    let answer = tokio::time::timeout(PATIENCE, client.response(id)).await;
    let answer = answer.expect("the last request is answered");
    assert!(answer.get("error").is_none(), "{answer}");
    falls_silent(engine).await;
    for (before, after) in warm.into_iter().zip(memory(&[server, engine])) {
        println!(
            "{} at {} MiB, then {} MiB",
            before.0,
            before.1 >> 20,
            after.1 >> 20
        );
        assert!(
            after.1 < before.1 + GROWTH,
            "the memory of process {} has grown from {} to {} bytes",
            before.0,
            before.1,
            after.1
        );
    }

    let before = stats(&mut client, "tokens_generated").await;
    let document = &typist.documents[0];
    let of = json!({ "uri": document.uri, "version": document.version + 1 });
    let new = json!({ "text": "def first(numbers):\n    " });
    let params = json!({ "textDocument": of, "contentChanges": [new] });
    client.notify("textDocument/didChange", params).await;
    client
        .call("textDocument/inlineCompletion", at(&document.uri, 1, 4))
        .await;
    assert!(
        stats(&mut client, "tokens_generated").await > before,
        "the engine answers no more"
    );
    assert_eq!(engine_pid(&mut client).await, engine, "the engine died");
    assert_eq!(client.leave().await, 0);
}

async fn stats(client: &mut Client, name: &str) -> u64 {
    let answer = client.call("tacit/stats", Value::Null).await;
    answer["result"][name].as_u64().expect("a number")
}

async fn engine_pid(client: &mut Client) -> u32 {
    stats(client, "engine_pid").await as u32
}

/// Bytes of each process that are resident; nothing where the system does not tell (Linux does).
fn memory(pids: &[u32]) -> Vec<(u32, u64)> {
    let resident = |pid: &u32| Some((*pid, resident(*pid)?));
    pids.iter().filter_map(resident).collect()
}

/// Waits until a process rests for a second: until then a job runs that nobody waits for.
async fn falls_silent(pid: u32) {
    /// Clock ticks, 10 ms each on Linux.
    const RESTING: u64 = 5;
    let used = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields = stat.rsplit_once(')')?.1;
        let ticks = fields.split_whitespace().skip(11).take(2);
        ticks
            .map(|ticks| ticks.parse::<u64>().ok())
            .sum::<Option<u64>>()
    };
    let give_up = Instant::now() + PATIENCE;
    while let Some(before) = used() {
        sleep(Duration::from_secs(1)).await;
        if used().is_some_and(|after| after <= before + RESTING) {
            return;
        }
        assert!(
            Instant::now() < give_up,
            "a job runs on though all keys are typed"
        );
    }
}

fn seconds(default: u64) -> u64 {
    let set = env::var("SOAK_SECONDS").ok();
    set.map_or(default, |text| {
        text.parse().expect("SOAK_SECONDS is a number")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn fast_typing_leaves_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let arguments = ["engine", "--toy", "1", "--idle-exit-seconds", "1"];
    let engine = RemoteEngine::new(LaunchSettings {
        endpoint: Endpoint::at(folder.path().join("tacit/e.sock")).unwrap(),
        hello: Hello::new("toy"),
        program: tacit_binary(),
        arguments: arguments.map(Into::into).into(),
    });
    let settings = watch::Sender::new(Arc::new(Settings::default()));
    let completer = Completer::new(
        Arc::new(engine),
        settings.subscribe(),
        Arc::default(),
        Arc::default(),
    );
    let client = Client::start(Arc::new(completer));
    soak(client, std::process::id(), 10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes ten minutes and the model: `make soak`"]
async fn fast_typing_leaves_nothing_behind_with_the_model() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    fs::create_dir(path("run")).unwrap();
    fs::write(path("tacit.toml"), "").unwrap();
    let [run, config, cache, state] = ["run", "tacit.toml", "cache", "state"].map(path);
    let environment = [
        ("XDG_RUNTIME_DIR", run.as_path()),
        ("TACIT_CONFIG", config.as_path()),
        ("TACIT_CACHE", cache.as_path()),
        ("TACIT_STATE", state.as_path()),
    ];
    let log = File::create(folder.path().join("log")).unwrap();
    let client = Client::spawn(&["lsp"], &environment, log);
    let server = client.server_pid().expect("a process");
    soak(client, server, seconds(600)).await;
}
