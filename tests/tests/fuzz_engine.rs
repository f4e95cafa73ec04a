//! A real engine process whose socket is open to programs that are no windows, while a window that behaves has to be served.
#![cfg(unix)]

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tacit::engine::endpoint::Endpoint;
use tacit::engine::wire::{ClientMessage, Decoder, Hello, HostMessage, encode};
use tacit::engine::{Event, Finish, Job, Limits, Priority};
use tacit::prompt::{Prompt, Segment, Special};
use tempfile::TempDir;
use tests::dice::Dice;
use tests::fuzz::Campaign;
use tests::fuzz::mutate::{self, EDGES, MARK, bytes, repeats};
use tests::fuzz::process::{Log, Waits, holds_memory, resident};
use tests::tacit_binary;

const IDENTITY: &str = "toy";

/// A window waits for its turn: jobs that strangers have submitted run too.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections that a stranger leaves open.
const OPEN: usize = 40;

/// A message has to fit into a frame.
const MOST_TEXT: usize = 1 << 20;

const WARM: f64 = 0.3;
const GROWTH: u64 = 96 << 20;

struct Scene {
    folder: TempDir,
    engine: Child,
    log: Log,
    open: VecDeque<UnixStream>,
    /// What the window was answered at first, when it was alone.
    alone: String,
    waits: Waits,
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let socket = socket(folder.path());
        // Makes the private folder.
        Endpoint::at(socket.clone()).expect("a place to meet");
        let log = folder.path().join("log");
        let engine = Command::new(tacit_binary())
            .args(["engine", "--toy", "0", "--identity", IDENTITY, "--endpoint"])
            .arg(&socket)
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("the engine starts");
        let mut scene = Self {
            folder,
            engine,
            log: Log::new(log),
            open: VecDeque::new(),
            alone: String::new(),
            waits: Waits::default(),
        };
        scene.alone = scene.ask();
        scene
    }

    fn connect(&mut self) -> UnixStream {
        let until = Instant::now() + PATIENCE;
        loop {
            match UnixStream::connect(socket(self.folder.path())) {
                Ok(stream) => return stream,
                Err(error) => assert!(Instant::now() < until, "the engine takes nobody: {error}"),
            }
            self.check();
            sleep(Duration::from_millis(10));
        }
    }

    /// What a stranger does, and that a window is served all the same.
    fn feed(&mut self, input: &[u8]) {
        let mut stranger = self.connect();
        stranger
            .set_write_timeout(Some(Duration::from_millis(500)))
            .expect("a timeout");
        // Fails where the engine has had enough of him.
        let _ = stranger.write_all(input);
        self.open.push_back(stranger);
        if self.open.len() > OPEN {
            self.open.pop_front();
        }
        let begun = Instant::now();
        assert_eq!(
            self.ask(),
            self.alone,
            "a stranger changes what a window is answered"
        );
        self.waits.add(begun.elapsed());
        self.check();
    }

    fn check(&mut self) {
        if let Ok(Some(status)) = self.engine.try_wait() {
            panic!("the engine died: {status}");
        }
        if let Some(complaint) = self.log.complaint() {
            panic!("{complaint}");
        }
    }

    /// A window that behaves; the text that it gets.
    fn ask(&mut self) -> String {
        let mut window = self.connect();
        window.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let hello = ClientMessage::Hello(Hello::new(IDENTITY));
        for message in [hello, ClientMessage::Submit { id: 1, job: job() }] {
            window
                .write_all(&encode(&message).expect("a frame"))
                .expect("the engine reads");
        }
        let mut decoder = Decoder::default();
        let mut answer = String::new();
        let mut arrived = vec![0; 1 << 16];
        loop {
            while let Some(message) = decoder.take::<HostMessage>().expect("messages") {
                match message {
                    HostMessage::Event {
                        event: Event::Text { text, .. },
                        ..
                    } => answer += &text,
                    HostMessage::Event {
                        event: Event::Finished { finish, .. },
                        ..
                    } => {
                        assert!(
                            matches!(finish, Finish::Limit | Finish::EndOfText),
                            "{finish:?}"
                        );
                        return answer;
                    }
                    HostMessage::Refused { reason } => panic!("a window is refused: {reason}"),
                    _ => {}
                }
            }
            let count = window
                .read(&mut arrived)
                .expect("the engine answers a window in time");
            assert!(count > 0, "the engine hangs up on a window");
            decoder.push(&arrived[..count]);
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.engine.kill();
        let _ = self.engine.wait();
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("tacit/e.sock")
}

fn job() -> Job {
    Job {
        document: "a window's own".into(),
        prompt: Prompt {
            segments: vec![
                Segment::Special(Special::FimPrefix),
                Segment::Text("let foo = bar(".into()),
                Segment::Special(Special::FimSuffix),
                Segment::Text("}\n".into()),
                Segment::Special(Special::FimMiddle),
            ],
            healed: "no".into(),
            avoided: Vec::new(),
        },
        priority: Priority::Typing,
        limits: Limits {
            max_tokens: 20,
            max_lines: None,
            urgent_lines: None,
            says_something: false,
            drafts: true,
        },
        weighed: None,
    }
}

/// The messages of a stranger: a hello that is right for the most part, then whatever.
fn stranger(dice: &mut Dice) -> Vec<u8> {
    let hello = Hello::new(if dice.one_in(10) { MARK } else { IDENTITY });
    let mut messages = vec![json!(ClientMessage::Hello(hello))];
    for id in 0..dice.below(12) as u64 {
        messages.push(match dice.below(8) {
            0 => json!(ClientMessage::Cancel { id: id / 2 }),
            1 => json!(ClientMessage::Hold {
                id: id / 2,
                held: dice.one_in(2)
            }),
            2 => json!(ClientMessage::Disregard {
                pid: *dice.pick(EDGES) as u32
            }),
            3 => json!(ClientMessage::Ping),
            _ => {
                let id = if dice.one_in(6) { 1 } else { id };
                json!(ClientMessage::Submit {
                    id,
                    job: hostile_job(dice)
                })
            }
        });
    }
    for message in messages.iter_mut().skip(usize::from(!dice.one_in(8))) {
        if dice.one_in(4) {
            mutate::json(dice, message);
        }
    }
    let mut stream: Vec<u8> = messages.iter().flat_map(frame).collect();
    match dice.below(4) {
        0 => stream.truncate(dice.below(stream.len())),
        1 => (0..1 + dice.below(4)).for_each(|_| bytes(dice, &mut stream, MARK.as_bytes())),
        _ => {}
    }
    stream
}

fn frame(message: &Value) -> Vec<u8> {
    encode(message).expect("a frame")
}

fn hostile_job(dice: &mut Dice) -> Job {
    let mut job = job();
    job.document = match dice.below(4) {
        0 => "a stranger's".into(),
        1 => MARK.repeat(repeats(dice)),
        _ => format!("{}", dice.number()),
    };
    job.priority = *dice.pick(&[
        Priority::Typing,
        Priority::Action,
        Priority::Prefetch,
        Priority::Indexing,
    ]);
    let text = |dice: &mut Dice| {
        let piece = mutate::text(dice, "let foo = (node\n    ", MARK);
        piece.repeat(repeats(dice).min(1 + MOST_TEXT / piece.len().max(1)))
    };
    job.prompt.segments = match dice.below(5) {
        0 => vec![],
        1 => vec![Segment::Special(*dice.pick(&Special::ALL)); repeats(dice)],
        2 => vec![Segment::Template(
            "<|im_start|>user\n".repeat(repeats(dice)),
        )],
        _ => vec![Segment::Text(text(dice)), Segment::Context(text(dice))],
    };
    if dice.one_in(3) {
        job.prompt.healed = text(dice);
    }
    if dice.one_in(4) {
        job.prompt.avoided = vec![text(dice); dice.below(4)];
    }
    if dice.one_in(4) {
        job.weighed = Some(text(dice));
    }
    job.limits = Limits {
        max_tokens: *dice.pick(EDGES) as u32,
        max_lines: dice.one_in(2).then(|| *dice.pick(EDGES) as u32),
        urgent_lines: dice.one_in(2).then(|| *dice.pick(EDGES) as u32),
        says_something: dice.one_in(2),
        drafts: dice.one_in(2),
    };
    job
}

#[test]
fn fuzz_engine_wire() {
    let mut campaign = Campaign::new("fuzz_engine_wire");
    let mut scene = Scene::new();
    let mut warm = None;
    while let Some(stream) = campaign.next(stranger) {
        campaign.check(|| stream.clone(), || scene.feed(&stream));
        if warm.is_none() && campaign.progress() > WARM {
            warm = resident(scene.engine.id());
        }
    }
    println!("a window was answered: {}", scene.waits.in_words());
    holds_memory(scene.engine.id(), warm, GROWTH);
}
