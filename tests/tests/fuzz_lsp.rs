//! A real server, fed by an editor gone mad: it lives, its message loop answers at once, its memory stays as it is, and it goes on
//! serving what makes sense.
#![cfg(unix)]

use std::collections::VecDeque;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::client::{frame, notification};
use tests::fuzz::Campaign;
use tests::fuzz::editor::Editor;
use tests::fuzz::process::{Server, Waits, holds_memory, resident};

/// The promise is 50 ms; a machine that does other things at the same time may take its time on top, and so do builds without
/// optimisation.
const LONGEST_STALL: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 2 });

/// For what is done beside the message loop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A frame that announces too much is waited for no longer than this before it is given what it wants.
const INCOMPLETE: Duration = Duration::from_millis(300);

/// The last is more than the largest body that a server takes, so more than any frame can swallow.
const FILLERS: &[usize] = &[1 << 10, 64 << 10, 4 << 20, 65 << 20];

/// Caches and allocators are warm after that part of the time; until the end memory may grow by so much.
const WARM: f64 = 0.3;
const GROWTH: u64 = 96 << 20;

/// Of what was sent last, to find out what of it was needed to bring the server down.
const REMEMBERED_BYTES: usize = 8 << 20;

const GOOD: &str = "def total(items):\n    result = 0\n    for item in items:\n        result += ";

/// A server and the editor that torments it.
struct Scene {
    _folder: TempDir,
    server: Server,
    editor: Editor,
    stalls: Waits,
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let editor = Editor::new(&folder.path().join("workspace"));
        let server = Server::start(folder.path(), &editor.initialize(&recorded()));
        Self {
            _folder: folder,
            server,
            editor,
            stalls: Waits::default(),
        }
    }

    /// Sends a stream, and looks whether the server is still well. Messages in good frames are followed by a question each, which shows
    /// how long they held up the loop.
    fn feed(&mut self, stream: &[u8]) {
        match frames(stream) {
            Some(messages) => {
                for message in messages {
                    self.server.send(message.to_vec());
                    let waited = self.probe(PATIENCE).expect("the loop answers");
                    self.stalls.add(waited);
                    assert!(
                        waited < LONGEST_STALL,
                        "the loop was busy for {waited:?} with {}",
                        String::from_utf8_lossy(&message[..message.len().min(200)])
                    );
                }
            }
            None => {
                self.server.send(stream.to_vec());
                self.find_back();
            }
        }
        self.serve();
        if let Some(complaint) = self.server.complaint() {
            panic!("{complaint}");
        }
    }

    /// Waits until the stream makes sense to the server again: what was announced and not sent is sent now.
    fn find_back(&mut self) {
        for blanks in FILLERS {
            if self.probe(INCOMPLETE).is_some() {
                return;
            }
            self.server.send(vec![b' '; *blanks]);
        }
        if self.probe(PATIENCE).is_none() {
            let complaint = self.server.complaint();
            panic!("the server does not find back to the messages; {complaint:?}");
        }
    }

    fn probe(&mut self, patience: Duration) -> Option<Duration> {
        let mut wrong = None;
        let take = |message| wrong = self.editor.take(message).or(wrong.take());
        let waited = self.server.probe(patience, take);
        assert_eq!(wrong, None);
        waited
    }

    /// A good document gets its answer, whatever came before.
    fn serve(&mut self) {
        let uri = "file:///good/shop.py";
        let document = json!({ "uri": uri, "languageId": "python", "version": 1, "text": GOOD });
        let place = json!({ "line": 3, "character": 18 });
        let settings = json!({ "tacit": { "completion": { "enabled": true } } });
        for (method, params) in [
            (
                "workspace/didChangeConfiguration",
                json!({ "settings": settings }),
            ),
            ("textDocument/didOpen", json!({ "textDocument": document })),
        ] {
            self.server.send(frame(&notification(method, params)));
        }
        let document = json!({ "uri": uri });
        let asked =
            json!({ "textDocument": document, "position": place, "context": { "triggerKind": 1 } });
        let answer = self.server.ask(
            "textDocument/inlineCompletion",
            &asked,
            PATIENCE,
            |message| {
                self.editor.take(message);
            },
        );
        assert!(answer.is_some(), "a good request gets no answer");
        let closed = json!({ "textDocument": document });
        self.server
            .send(frame(&notification("textDocument/didClose", closed)));
    }
}

/// What of the streams brings down a fresh server: the last, or some before it too; all of them if the server holds now.
fn needed(sent: &VecDeque<Vec<u8>>) -> Vec<u8> {
    let tails = (0..)
        .map(|power| 1 << power)
        .take_while(|length| *length < sent.len());
    let tail = |length: usize| {
        sent.range(sent.len() - length..)
            .cloned()
            .collect::<Vec<_>>()
            .concat()
    };
    let fails = |stream: &Vec<u8>| catch_unwind(|| Scene::new().feed(stream)).is_err();
    let found = tails.map(tail).find(fails);
    found.unwrap_or_else(|| tail(sent.len()))
}

/// The messages of a stream, if it is made of good frames and nothing else.
fn frames(stream: &[u8]) -> Option<Vec<&[u8]>> {
    let mut frames = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let line_end = rest.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        let head = str::from_utf8(&rest[..line_end]).ok()?;
        let length: usize = head.strip_prefix("Content-Length: ")?.parse().ok()?;
        let frame;
        (frame, rest) = rest.split_at_checked(line_end.checked_add(4 + length)?)?;
        frames.push(frame);
    }
    Some(frames)
}

fn recorded() -> Value {
    let file = "../fixtures/initialize/code-server-4.139.1_languageclient-11.0.0.json";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
    serde_json::from_str(&text.expect("a recording")).expect("JSON")
}

#[test]
fn fuzz_lsp_stream() {
    let mut campaign = Campaign::new("fuzz_lsp_stream");
    let mut scene = Scene::new();
    let mut warm = None;
    let mut sent = VecDeque::new();
    let mut bytes = 0;
    while let Some(stream) = campaign.next(|dice| scene.editor.batch(dice)) {
        bytes += stream.len();
        sent.push_back(stream.clone());
        while bytes > REMEMBERED_BYTES && sent.len() > 1 {
            bytes -= sent.pop_front().map_or(0, |stream| stream.len());
        }
        campaign.check(|| needed(&sent), || scene.feed(&stream));
        if warm.is_none() && campaign.progress() > WARM {
            warm = resident(scene.server.pid());
        }
    }
    println!("the loop answered: {}", scene.stalls.in_words());
    println!("the server's own word on it: {}", scene.server.slow_turns());
    holds_memory(scene.server.pid(), warm, GROWTH);
}
