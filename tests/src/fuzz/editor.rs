//! An editor gone mad: sessions of the protocol that are nearly right, with documents in every language.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tacit::lsp::{ACCEPTED_COMMAND, ACT_COMMAND, PULL_COMMAND};

use super::documents::{Sample, odd, samples};
use super::mutate::{self, EDGES, MARK, bytes, hostile, repeats};
use crate::client::{frame, notification};
use crate::dice::Dice;

/// So much of what the server has said may be said back to it.
const REMEMBERED: usize = 32;

/// Files that the editor writes into its workspace, over and over.
const FILES: usize = 40;

/// What compilers say, more or less.
const COMPLAINTS: &[&str] = &[
    "name 'itm' is not defined. Did you mean: 'item'?",
    "cannot find value `totl` in this scope; a local variable with a similar name exists: `total`",
    "expected `;`, found `}`",
    "Property 'nmae' does not exist on type 'Item'. Did you mean 'name'?",
    "undefined: fooBar",
    "expected ':'",
    "'self' is not defined — siehe unten",
    "Cannot find name 'x'. 日本",
    "",
    "```\nlet x\n```",
];

const COMMANDS: &[&str] = &[ACT_COMMAND, ACCEPTED_COMMAND, PULL_COMMAND, MARK];

/// The editor's side. A batch of its messages opens what it needs and closes it again, so that it says the same to a fresh server.
pub struct Editor {
    workspace: PathBuf,
    samples: Vec<Sample>,
    open: Vec<Document>,
    opened: usize,
    requests: usize,
    /// Entries of code actions and items of completions, as the server has sent them.
    offered: VecDeque<Value>,
    /// What the server asks.
    asked: VecDeque<Value>,
}

struct Document {
    uri: String,
    version: i64,
    sample: usize,
}

impl Editor {
    /// With a workspace in this folder that has a file in every language.
    ///
    /// # Panics
    /// If the files cannot be written.
    pub fn new(workspace: &Path) -> Self {
        let samples = samples();
        fs::create_dir_all(workspace).expect("a folder");
        for sample in &samples {
            fs::write(workspace.join(&sample.file_name), &sample.text).expect("a file");
        }
        Self {
            workspace: workspace.to_owned(),
            samples,
            open: Vec::new(),
            opened: 0,
            requests: 0,
            offered: VecDeque::new(),
            asked: VecDeque::new(),
        }
    }

    /// `initialize`, as a recorded editor says it, about our workspace.
    pub fn initialize(&self, recorded: &Value) -> Value {
        let mut params = recorded.clone();
        let uri = self.uri("");
        params["rootUri"] = json!(uri);
        params["workspaceFolders"] = json!([{ "uri": uri, "name": "fuzz" }]);
        params
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.workspace.display())
    }

    /// Takes what the server says. Returns what no server may say.
    pub fn take(&mut self, message: Value) -> Option<String> {
        let remember = |memory: &mut VecDeque<Value>, value: Value| {
            memory.push_back(value);
            if memory.len() > REMEMBERED {
                memory.pop_front();
            }
        };
        if message.get("method").is_some() {
            if message.get("id").is_some() {
                remember(&mut self.asked, message);
            }
            return None;
        }
        let said = message["error"]["message"].as_str().unwrap_or_default();
        if message["error"]["code"] == -32603 && said.contains("tacit failed") {
            return Some(format!("a handler panicked: {message}"));
        }
        let result = &message["result"];
        let entries = result.as_array().or_else(|| result["items"].as_array());
        for entry in entries.into_iter().flatten() {
            remember(&mut self.offered, entry.clone());
        }
        None
    }

    /// A stream of messages, in frames for the most part.
    pub fn batch(&mut self, dice: &mut Dice) -> Vec<u8> {
        let mut frames = Vec::new();
        let mut say = |messages: Vec<Value>| frames.extend(messages.iter().map(frame));
        while let Some(asked) = self.asked.pop_front() {
            say(vec![answer(dice, &asked)]);
        }
        for _ in 0..1 + dice.below(3) {
            say(vec![self.open(dice)]);
        }
        for _ in 0..4 + dice.below(40) {
            let mut messages = self.act(dice);
            if dice.one_in(6) {
                for _ in 0..1 + dice.below(3) {
                    messages.iter_mut().for_each(|one| mutate::json(dice, one));
                }
            }
            say(messages);
        }
        while !self.open.is_empty() {
            say(vec![self.close(dice)]);
        }
        if dice.one_in(4) {
            in_wrong_frames(dice, frames)
        } else {
            frames.concat()
        }
    }

    fn open(&mut self, dice: &mut Dice) -> Value {
        let sample = dice.below(self.samples.len());
        let Sample {
            language,
            file_name,
            ..
        } = &self.samples[sample];
        self.opened += 1;
        let name = format!("{}_{file_name}", self.opened);
        let uri = match dice.below(8) {
            0 => format!("untitled:{name}"),
            1 => format!("git:/{name}?%7B%22ref%22%3A%22~%22%7D"),
            2 => self.uri(&format!("a%20b%2F..%2f/{name}")),
            3 => self.uri(file_name),
            _ => self.uri(&name),
        };
        let text = odd(dice, &self.samples[sample]);
        let language = if dice.one_in(20) { MARK } else { language.id() };
        let document = json!({ "uri": uri, "languageId": language, "version": 1, "text": text });
        self.open.push(Document {
            uri,
            version: 1,
            sample,
        });
        notification("textDocument/didOpen", json!({ "textDocument": document }))
    }

    fn close(&mut self, dice: &mut Dice) -> Value {
        let document = self.open.swap_remove(dice.below(self.open.len()));
        let document = json!({ "textDocument": { "uri": document.uri } });
        notification("textDocument/didClose", document)
    }

    fn act(&mut self, dice: &mut Dice) -> Vec<Value> {
        if self.open.is_empty() {
            return vec![self.open(dice)];
        }
        let at = dice.below(self.open.len());
        let uri = self.open[at].uri.clone();
        let document = json!({ "uri": uri });
        match dice.below(100) {
            0..28 => vec![self.change(dice, at)],
            28..44 => vec![self.inline_completion(dice, &uri)],
            44..54 => vec![self.completion(dice, &uri)],
            54..68 => vec![self.code_action(dice, &uri)],
            68..76 => vec![self.act_on_offered(dice)],
            76..79 => vec![self.report(dice)],
            79..81 => vec![self.close(dice)],
            81..84 => vec![self.open(dice)],
            84..88 => self.write_file(dice),
            88..90 => vec![notification(
                "workspace/didChangeConfiguration",
                json!({ "settings": { "tacit": settings(dice) } }),
            )],
            90 => vec![self.change_folders(dice)],
            91..94 => self.notebook(dice),
            94..96 => vec![notification(
                "$/cancelRequest",
                json!({ "id": format!("f{}", self.requests.saturating_sub(dice.below(4))) }),
            )],
            96 => vec![notification(
                "textDocument/didFocus",
                json!({ "textDocument": document }),
            )],
            97 => vec![self.request("tacit/explain", json!({ "textDocument": document }))],
            98 => vec![notification(
                "window/workDoneProgress/cancel",
                json!({ "token": format!("tacit/action/{}", dice.below(9)) }),
            )],
            _ => vec![self.nonsense(dice)],
        }
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.requests += 1;
        let id = format!("f{}", self.requests);
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
    }

    fn change(&mut self, dice: &mut Dice, at: usize) -> Value {
        let document = &mut self.open[at];
        let sample = &self.samples[document.sample];
        document.version += 1;
        let version = match dice.below(20) {
            0 => json!(dice.pick(EDGES)),
            _ => json!(document.version),
        };
        let mut changes = vec![];
        for _ in 0..1 + dice.below(3) * dice.below(3) {
            let text = match dice.below(6) {
                0 => odd(dice, sample),
                1 => "\n".to_owned(),
                2 => String::new(),
                3 => String::from_utf8_lossy(b"x\xe2\x80\x94\xff").into_owned(),
                _ => {
                    let signs: Vec<char> = sample.text.chars().collect();
                    let from = dice.below(signs.len());
                    signs.iter().skip(from).take(dice.below(12)).collect()
                }
            };
            changes.push(match dice.below(12) {
                0 => json!({ "text": text }),
                1 => json!({ "text": text, "range": null }),
                _ => json!({ "text": text, "range": range(dice) }),
            });
        }
        let params = json!({
            "textDocument": { "uri": document.uri, "version": version },
            "contentChanges": changes,
        });
        notification("textDocument/didChange", params)
    }

    fn inline_completion(&mut self, dice: &mut Dice, uri: &str) -> Value {
        let mut context = json!({ "triggerKind": dice.below(3) });
        if dice.one_in(5) {
            context["selectedCompletionInfo"] = json!({ "range": range(dice), "text": "self.é" });
        }
        let params = json!({
            "textDocument": { "uri": uri }, "position": position(dice), "context": context,
        });
        self.request("textDocument/inlineCompletion", params)
    }

    fn completion(&mut self, dice: &mut Dice, uri: &str) -> Value {
        let context = json!({ "triggerKind": 1 + dice.below(3), "triggerCharacter": "." });
        let params = json!({
            "textDocument": { "uri": uri }, "position": position(dice), "context": context,
        });
        self.request("textDocument/completion", params)
    }

    fn code_action(&mut self, dice: &mut Dice, uri: &str) -> Value {
        let range = range(dice);
        let mut diagnostics = Vec::new();
        for _ in 0..dice.below(3) {
            let mut message = (*dice.pick(COMPLAINTS)).to_owned();
            if dice.one_in(4) {
                message = mutate::text(dice, &message, MARK).repeat(repeats(dice).min(64));
            }
            let range = if dice.one_in(3) {
                self::range(dice)
            } else {
                range.clone()
            };
            diagnostics.push(json!({
                "range": range, "message": message, "severity": 1 + dice.below(4),
                "code": dice.pick(&["E0425", "2552", "—"]), "source": "rustc",
            }));
        }
        let context = json!({ "diagnostics": diagnostics, "triggerKind": 1 + dice.below(2) });
        let params = json!({ "textDocument": { "uri": uri }, "range": range, "context": context });
        self.request("textDocument/codeAction", params)
    }

    /// Takes what the server has offered, as it is or not quite.
    fn act_on_offered(&mut self, dice: &mut Dice) -> Value {
        if self.offered.is_empty() {
            return self.nonsense(dice);
        }
        let at = dice.below(self.offered.len());
        let mut entry = self.offered[at].clone();
        if dice.one_in(3) {
            mutate::json(dice, &mut entry);
        }
        if !entry.is_object() {
            return self.request("codeAction/resolve", entry);
        }
        let command = entry["command"].take();
        match dice.below(4) {
            0 if command.is_object() => self.request("workspace/executeCommand", command),
            0 => {
                let arguments = json!([entry["data"]]);
                let command = json!({ "command": dice.pick(COMMANDS), "arguments": arguments });
                self.request("workspace/executeCommand", command)
            }
            1 => {
                entry["command"] = command;
                notification("textDocument/didShowCompletion", json!({ "item": entry }))
            }
            _ => self.request("codeAction/resolve", entry),
        }
    }

    /// Says what became of a suggestion.
    fn report(&mut self, dice: &mut Dice) -> Value {
        let id = *dice.pick(EDGES);
        let command =
            json!({ "title": "", "command": ACCEPTED_COMMAND, "arguments": [{ "id": id }] });
        let params = json!({ "item": { "insertText": "é", "command": command }, "acceptedLength": dice.pick(EDGES) });
        match dice.below(3) {
            0 => notification("textDocument/didPartiallyAcceptCompletion", params),
            1 => notification("textDocument/didShowCompletion", params),
            _ => self.request("workspace/executeCommand", command),
        }
    }

    /// Writes a file of the workspace, and says so.
    fn write_file(&mut self, dice: &mut Dice) -> Vec<Value> {
        let sample = dice.pick(&self.samples);
        let name = match dice.below(8) {
            0 => "tacit.toml".to_owned(),
            1 => ".gitignore".to_owned(),
            _ => format!("{}_{}", dice.below(FILES), sample.file_name),
        };
        let text = odd(dice, sample);
        let _ = fs::write(self.workspace.join(&name), text);
        let uri = self.uri(&name);
        let changes = json!({ "changes": [{ "uri": uri, "type": 1 + dice.below(3) }] });
        vec![
            notification("workspace/didChangeWatchedFiles", changes),
            notification(
                "textDocument/didSave",
                json!({ "textDocument": { "uri": uri } }),
            ),
        ]
    }

    fn change_folders(&self, dice: &mut Dice) -> Value {
        let folder = |uri: String| json!({ "uri": uri, "name": "" });
        // No folder of the machine beside our own: what lies there is not the fuzzer's business.
        let mut uri = || match dice.below(5) {
            0 => self.uri("%00"),
            1 => self.uri("nothing/here"),
            2 => "untitled:".to_owned(),
            3 => MARK.to_owned(),
            _ => self.uri(""),
        };
        let event = json!({ "added": [folder(uri())], "removed": [folder(uri())] });
        notification(
            "workspace/didChangeWorkspaceFolders",
            json!({ "event": event }),
        )
    }

    fn notebook(&mut self, dice: &mut Dice) -> Vec<Value> {
        let notebook = self.uri(&format!("{}.ipynb", dice.below(3)));
        let cell = |number: usize| format!("vscode-notebook-cell:{notebook}#{number}");
        let mut cells = Vec::new();
        let mut texts = Vec::new();
        for number in 0..dice.below(5) {
            let sample = dice.pick(&self.samples);
            cells.push(json!({ "kind": 1 + dice.below(2), "document": cell(number) }));
            let language = sample.language.id();
            let text = odd(dice, sample);
            texts.push(
                json!({ "uri": cell(number), "languageId": language, "version": 1, "text": text }),
            );
        }
        let opened = json!({
            "notebookDocument": { "uri": notebook, "notebookType": "jupyter", "version": 1, "cells": cells },
            "cellTextDocuments": texts,
        });
        let content = json!({
            "document": { "uri": cell(0), "version": 2 },
            "changes": [{ "range": range(dice), "text": "x" }],
        });
        let start = if dice.one_in(3) { *dice.pick(EDGES) } else { 1 };
        let array =
            json!({ "start": start, "deleteCount": dice.pick(EDGES), "cells": [cells.first()] });
        let changed = json!({
            "notebookDocument": { "uri": notebook, "version": 2 },
            "change": { "cells": { "structure": { "array": array, "didOpen": [texts.last()] }, "textContent": [content] } },
        });
        let closed = json!({
            "notebookDocument": { "uri": notebook },
            "cellTextDocuments": (0..5).map(|number| json!({ "uri": cell(number) })).collect::<Vec<_>>(),
        });
        let asked = self.inline_completion(dice, &cell(dice.clone().below(3)));
        vec![
            notification("notebookDocument/didOpen", opened),
            notification("notebookDocument/didChange", changed),
            asked,
            notification("notebookDocument/didClose", closed),
        ]
    }

    fn nonsense(&mut self, dice: &mut Dice) -> Value {
        let params = hostile(dice);
        match dice.below(7) {
            0 => json!({ "jsonrpc": "2.0", "id": 1, "result": params }),
            1 => json!({ "jsonrpc": "2.0", "id": null, "error": params }),
            2 => self.request(MARK, params),
            3 => notification("$/setTrace", json!({ "value": "verbose" })),
            4 => self.request("initialize", json!({ "capabilities": params })),
            5 => notification("initialized", json!({})),
            _ => params,
        }
    }
}

/// What an editor might answer to a request of the server.
fn answer(dice: &mut Dice, asked: &Value) -> Value {
    let result = match asked["method"].as_str().unwrap_or_default() {
        "workspace/configuration" => json!([settings(dice)]),
        "workspace/applyEdit" => json!({ "applied": dice.one_in(2), "failureReason": "no" }),
        "window/showDocument" => json!({ "success": dice.one_in(2) }),
        _ => Value::Null,
    };
    match dice.below(8) {
        0 => json!({ "jsonrpc": "2.0", "id": asked["id"], "error": hostile(dice) }),
        1 => json!({ "jsonrpc": "2.0", "id": asked["id"], "result": hostile(dice) }),
        _ => json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }),
    }
}

fn settings(dice: &mut Dice) -> Value {
    let mut settings = json!({
        "completion": {
            "enabled": !dice.one_in(8), "menu": !dice.one_in(4), "learn": dice.one_in(2), "debounceMs": dice.below(20),
            "maxTokens": 40, "maxLines": dice.pick(EDGES), "disabledLanguages": ["python"],
        },
        "engine": { "threads": 2 },
        MARK: 1,
    });
    if dice.one_in(2) {
        mutate::json(dice, &mut settings);
    }
    settings
}

/// Places in the upper left of a document, and some that are in none.
fn position(dice: &mut Dice) -> Value {
    let mut number = |usual: usize| match dice.below(24) {
        0 => json!(dice.pick(EDGES)),
        1 => json!(-1),
        _ => json!(dice.below(usual)),
    };
    json!({ "line": number(60), "character": number(50) })
}

fn range(dice: &mut Dice) -> Value {
    let start = position(dice);
    let end = match dice.below(4) {
        0 => position(dice),
        1 => start.clone(),
        _ => {
            let line = start["line"].as_u64().unwrap_or_default();
            let line = line.saturating_add(dice.below(4) as u64);
            json!({ "line": line, "character": dice.below(50) })
        }
    };
    json!({ "start": start, "end": end })
}

/// The same messages, with something wrong about how they are sent.
fn in_wrong_frames(dice: &mut Dice, mut frames: Vec<Vec<u8>>) -> Vec<u8> {
    match dice.below(8) {
        0 => swallowing(&frames),
        1 => {
            let at = dice.below(frames.len() + 1);
            let mut garbage = frames.concat();
            for _ in 0..8 {
                bytes(dice, &mut garbage, MARK.as_bytes());
            }
            garbage.truncate(dice.below(2000));
            frames.insert(at, garbage);
            frames.concat()
        }
        2 | 3 => {
            // Only within bodies, and no byte more or less: the frames stay good.
            for frame in &mut frames {
                let body = frame
                    .iter()
                    .position(|byte| *byte == b'{')
                    .unwrap_or_default();
                let at = body + dice.below(frame.len() - body);
                if dice.one_in(4) && !frame.is_empty() {
                    frame[at] = *dice.pick(b"\0\xff\xc3\"\\{}[],:0-e\x1b");
                }
            }
            frames.concat()
        }
        _ => {
            let other = frames.concat();
            for _ in 0..1 + dice.below(4) {
                let at = dice.below(frames.len());
                bytes(dice, &mut frames[at], &other);
            }
            frames.concat()
        }
    }
}

/// Each frame announces all that follows as a part of it.
fn swallowing(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = Vec::new();
    for frame in frames.iter().rev() {
        let body = frame.iter().position(|byte| *byte == b'{');
        let body = &frame[body.unwrap_or_default()..];
        let head = format!("Content-Length: {}\r\n\r\n", body.len() + stream.len());
        stream = [head.as_bytes(), body, &stream].concat();
    }
    stream
}
