//! The real server with the real model: what users and benchmarks rely on.
#![cfg(feature = "llama")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tacit::completion::{
    Comparison, Complete, Completer, Completion, Request, Rule, Rules, Trigger,
};
use tacit::config::{Config, Settings};
use tacit::documents::{DocVersion, Documents};
use tacit::engine::llama::LlamaLoader;
use tacit::engine::local::{LocalEngine, LocalSettings};
use tacit::engine::verified::{VerifiedLoader, VerifiedModel};
use tacit::engine::{Engine, Event, Finish, Job, Limits, Priority, Status, Usage};
use tacit::prompt::chat::{Messages, Part};
use tacit::syntax::{BACKGROUND_BUDGET, newest_tree};
use tempfile::TempDir;
use tests::client::{Client, at};
use tests::tacit_binary;
use tokio::sync::{Mutex, MutexGuard, watch};

const SHOP: &str = include_str!("../../server/src/cli/bench/typed_before.py");

/// Two engines at once would fight for the cores, and tests would wait for the scheduler rather than for tacit.
static ENGINE: Mutex<()> = Mutex::const_new(());

/// How long a busy machine may take for what takes a second or two on a quiet one.
const PATIENCE: Duration = Duration::from_secs(120);

/// The server takes 700 ms for a pause.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);

/// A place of its own for sockets and logs, so that each test has an engine of its own; it dies with the test.
struct Place {
    folder: TempDir,
    _engine: MutexGuard<'static, ()>,
}

impl Place {
    async fn new() -> Self {
        let engine = ENGINE.lock().await;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("run")).unwrap();
        fs::write(folder.path().join("tacit.toml"), "").unwrap();
        Self {
            folder,
            _engine: engine,
        }
    }

    fn environment(&self) -> [(&str, PathBuf); 4] {
        let path = |name| self.folder.path().join(name);
        [
            ("XDG_RUNTIME_DIR", path("run")),
            ("TACIT_CONFIG", path("tacit.toml")),
            ("TACIT_CACHE", path("cache")),
            ("TACIT_STATE", path("state")),
        ]
    }

    fn window(&self) -> Client {
        let environment = self.environment();
        let environment = environment
            .each_ref()
            .map(|(name, path)| (*name, path.as_path()));
        Client::spawn(&["lsp"], &environment, self.log("lsp.log"))
    }

    /// The engine has saved what it computed of a document.
    fn has_saved_state(&self) -> bool {
        let models = fs::read_dir(self.folder.path().join("cache/states"));
        let folders = models.into_iter().flatten().flatten();
        let mut files =
            folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten());
        files
            .any(|file| file.is_ok_and(|file| file.path().extension().is_some_and(|e| e == "json")))
    }

    /// What the window remembers of a document names a piece of another file: it has been read in a pause.
    fn remembers_context(&self) -> bool {
        let files = fs::read_dir(self.folder.path().join("cache/shown"));
        let mut files = files.into_iter().flatten().flatten();
        files
            .any(|file| fs::read_to_string(file.path()).is_ok_and(|text| text.contains("price.py")))
    }

    fn log(&self, name: &str) -> File {
        File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("run").join(name))
            .unwrap()
    }

    fn complete(&self, file: &Path, line: usize, column: usize) -> Value {
        let output = Command::new(tacit_binary())
            .arg("complete")
            .arg(file)
            .args([
                "--line",
                &line.to_string(),
                "--column",
                &column.to_string(),
                "--json",
            ])
            .envs(self.environment())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).expect("one JSON object on stdout")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let socket_folder = self.folder.path().display().to_string();
        let _ = Command::new("pkill")
            .args(["-9", "-f", &format!("tacit engine.*{socket_folder}")])
            .status();
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

async fn stats(window: &mut Client) -> Value {
    window.call("tacit/stats", json!({})).await["result"].clone()
}

fn number(stats: &Value, name: &str) -> u64 {
    stats[name]
        .as_u64()
        .unwrap_or_else(|| panic!("{name} in {stats}"))
}

/// Types `text` at a place, as an editor sends it.
async fn type_at(
    window: &mut Client,
    uri: &str,
    version: i32,
    line: u32,
    character: u32,
    text: &str,
) {
    let place = json!({ "line": line, "character": character });
    let change = json!({
        "textDocument": { "uri": uri, "version": version },
        "contentChanges": [{ "range": { "start": place, "end": place }, "text": text }],
    });
    window.notify("textDocument/didChange", change).await;
}

#[tokio::test]
async fn the_shell_gets_a_sensible_completion_with_all_fields() {
    let place = Place::new().await;
    let file = place.folder.path().join("arithmetic.py");
    fs::write(
        &file,
        "def add(first, second):\n    return fir\n\n\nprint(add(1, 2))\n",
    )
    .unwrap();
    let answer = place.complete(&file, 2, 15);
    assert_eq!(answer["text"], "st + second", "{answer}");
    assert_eq!(answer["shown"], true);
    for name in [
        "prompt_tokens",
        "prompt_tokens_evaluated",
        "tokens_generated",
    ] {
        assert!(
            answer[name].as_u64().is_some_and(|n| n > 0),
            "{name} in {answer}"
        );
    }
    for name in ["prompt_tokens_reused", "draft_tokens_accepted"] {
        assert!(answer[name].is_u64(), "{name} in {answer}");
    }
    for name in ["first_token_ms", "first_line_ms", "total_ms"] {
        assert!(
            answer[name].as_f64().is_some_and(|ms| ms > 0.0),
            "{name} in {answer}"
        );
    }
    assert!(
        answer["model"]
            .as_str()
            .is_some_and(|model| model.starts_with("qwen2.5-coder")),
        "{answer}"
    );
    assert!(
        answer["reason"]
            .as_str()
            .is_some_and(|reason| !reason.is_empty()),
        "{answer}"
    );
    let piece = &answer["context"][0];
    assert_eq!(
        (&piece["path"], &piece["start_line"], &piece["end_line"]),
        (&json!("arithmetic.py"), &json!(1), &json!(6))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_evaluates_what_was_typed_and_no_more() {
    let place = Place::new().await;
    let mut window = place.window();
    window.initialize(json!({ "capabilities": {} })).await;
    let uri = uri(&place.folder.path().join("shop.py"));
    window
        .open(
            &uri,
            &format!("{SHOP}\n\ndef main():\n    print(Inventory())\n"),
        )
        .await;
    let line = SHOP.lines().count() as u32;

    type_at(&mut window, &uri, 2, line, 0, "        for it").await;
    let answer = window
        .call("textDocument/inlineCompletion", at(&uri, line, 14))
        .await;
    let item = &answer["result"]["items"][0];
    assert!(
        item["insertText"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{answer}"
    );
    assert!(item["range"].is_object(), "{answer}");
    let cold = stats(&mut window).await;
    let evaluated = number(&cold, "prompt_tokens_evaluated");
    assert!(evaluated > 100, "{cold}");

    // In the same word, then through words and signs to the end of the line, then in the next line.
    let mut before = number(&cold, "prompt_tokens_evaluated");
    let mut most = 0;
    let mut text = String::from("        for it");
    let mut answered = Instant::now();
    for (key, typed) in "em in self.items:".chars().enumerate() {
        type_at(
            &mut window,
            &uri,
            3 + key as i32,
            line,
            text.len() as u32,
            &typed.to_string(),
        )
        .await;
        text.push(typed);
        // On a machine that stood still in between, the user paused: then more is read, and ought to be.
        let has_paused = answered.elapsed() > SHORTEST_PAUSE;
        window
            .call(
                "textDocument/inlineCompletion",
                at(&uri, line, text.len() as u32),
            )
            .await;
        answered = Instant::now();
        let now = number(&stats(&mut window).await, "prompt_tokens_evaluated");
        if key < 2 && !has_paused {
            assert!(
                now - before <= 3,
                "{} tokens for a key in the same word",
                now - before
            );
        }
        if !has_paused {
            most = most.max(now - before);
        }
        before = now;
    }
    let has_paused = answered.elapsed() > SHORTEST_PAUSE;
    type_at(
        &mut window,
        &uri,
        99,
        line,
        text.len() as u32,
        "\n            ",
    )
    .await;
    window
        .call("textDocument/inlineCompletion", at(&uri, line + 1, 12))
        .await;
    let end = stats(&mut window).await;
    if !has_paused {
        most = most.max(number(&end, "prompt_tokens_evaluated") - before);
    }
    let prompt = number(&cold, "prompt_tokens_evaluated");
    assert!(
        most * 10 <= prompt,
        "a keystroke evaluated {most} of {prompt} tokens"
    );
    assert_eq!(number(&end, "requests"), 19);
    assert_eq!(window.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_engine_costs_one_answer_and_windows_share_the_next() {
    let place = Place::new().await;
    let mut window = place.window();
    window.initialize(json!({ "capabilities": {} })).await;
    let uri = uri(&place.folder.path().join("shop.py"));
    window.open(&uri, SHOP).await;
    let line = SHOP.lines().count() as u32;
    let asked = at(&uri, line, 0);
    window
        .call("textDocument/inlineCompletion", asked.clone())
        .await;
    let first_pid = number(&stats(&mut window).await, "engine_pid");

    // A long answer, so that the engine is at work when it dies.
    type_at(
        &mut window,
        &uri,
        2,
        line,
        0,
        "\n\n# All of Euclid's algorithm, step by step:\ndef gcd(a, b):\n",
    )
    .await;
    let mut params = at(&uri, line + 4, 0);
    params["context"]["triggerKind"] = json!(1);
    let running = window
        .request("textDocument/inlineCompletion", params)
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(
        Command::new("kill")
            .args(["-9", &first_pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
    let answer = window.response(running).await;
    assert!(answer.get("error").is_none(), "{answer}");

    let mut alive = false;
    let killed = Instant::now();
    while !alive && killed.elapsed() < PATIENCE {
        let mut params = at(&uri, line + 4, 0);
        params["context"]["triggerKind"] = json!(1);
        let answer = window.call("textDocument/inlineCompletion", params).await;
        alive = answer["result"]["items"]
            .as_array()
            .is_some_and(|items| !items.is_empty());
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert!(alive, "completions come back after the engine was killed");
    let second_pid = number(&stats(&mut window).await, "engine_pid");
    assert_ne!(second_pid, first_pid);

    let mut other = place.window();
    other.initialize(json!({ "capabilities": {} })).await;
    other.open(&uri, SHOP).await;
    other
        .call("textDocument/inlineCompletion", at(&uri, line, 0))
        .await;
    assert_eq!(number(&stats(&mut other).await, "engine_pid"), second_pid);
    assert_eq!(other.leave().await, 0);
    assert_eq!(window.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_no_text_of_a_file() {
    const MARKER: &str = "planted_marker_7f3a9c";
    let place = Place::new().await;
    let mut window = place.window();
    window.initialize(json!({ "capabilities": {} })).await;
    let uri = uri(&place.folder.path().join("secret_project.py"));
    window
        .open(
            &uri,
            &format!("{MARKER} = 41\n\n\ndef answer():\n    return planted_mar"),
        )
        .await;
    let answer = window
        .call("textDocument/inlineCompletion", at(&uri, 4, 22))
        .await;
    assert!(
        answer.to_string().contains("ker_7f3a9c"),
        "the model read the text: {answer}"
    );
    // Things that go wrong get logged, and must not quote either.
    window
        .send_bytes(tests::client::frame(&json!([MARKER])).as_slice())
        .await;
    window
        .send_bytes(format!("Content-Length: 24\r\n\r\n{{{MARKER}}}}}").as_bytes())
        .await;
    window
        .notify("textDocument/didChange", json!({ "textDocument": MARKER }))
        .await;
    window
        .call(
            "textDocument/completion",
            json!({ "textDocument": { "uri": MARKER } }),
        )
        .await;
    assert_eq!(window.leave().await, 0);
    let mut logs = 0;
    let mut folders = vec![place.folder.path().join("run")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                logs += 1;
                let text = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
                assert!(
                    !text.contains("7f3a9c"),
                    "{}: {text}",
                    entry.path().display()
                );
            }
        }
    }
    assert!(logs >= 2, "the server's log and the engine's");
}

/// Yesterday's file: the engine has ended, another one starts, and its first prompt is not cold.
#[tokio::test(flavor = "multi_thread")]
async fn reopening_a_file_evaluates_at_most_a_tenth_of_its_prompt() {
    reopen(Place::new().await, Pause::None).await;
}

/// The same when the user had paused: the prompt has begun with other files since.
#[tokio::test(flavor = "multi_thread")]
async fn reopening_a_file_with_its_context_evaluates_at_most_a_tenth_too() {
    let place = Place::new().await;
    let project = place.folder.path().join("project");
    fs::create_dir(&project).unwrap();
    fs::write(project.join("shop.py"), shop_with_import()).unwrap();
    fs::write(project.join("price.py"), PRICE).unwrap();
    reopen(place, Pause::UntilContextIsShown).await;
}

const PRICE: &str = "class Price:\n    def __init__(self, cents):\n        self.cents = cents\n\n    def with_tax(self, percent):\n        \
                     return Price(self.cents * (100 + percent) // 100)\n";

fn shop_with_import() -> String {
    format!(
        "from price import Price\n\n\ndef tax(price: Price):\n    return price.with_tax(19)\n\n\n{SHOP}"
    )
}

/// What the user does before he leaves.
#[derive(Clone, Copy, PartialEq)]
enum Pause {
    None,
    UntilContextIsShown,
}

async fn reopen(place: Place, pause: Pause) {
    let (project, text) = match pause {
        Pause::None => (place.folder.path().to_owned(), SHOP.to_owned()),
        Pause::UntilContextIsShown => (place.folder.path().join("project"), shop_with_import()),
    };
    let uri = uri(&project.join("shop.py"));
    let asked = match pause {
        Pause::None => at(&uri, text.lines().count() as u32, 0),
        // Behind the first function, which uses what another file defines.
        Pause::UntilContextIsShown => at(&uri, 5, 0),
    };
    let folder = json!({ "uri": self::uri(&project), "name": "project" });
    let mut answers = Vec::new();
    let mut evaluated = Vec::new();
    for session in 0..2 {
        let mut window = place.window();
        let params = json!({ "capabilities": {}, "workspaceFolders": [folder] });
        window.initialize(params).await;
        window.open(&uri, &text).await;
        let answer = window
            .call("textDocument/inlineCompletion", asked.clone())
            .await;
        let counted = stats(&mut window).await;
        answers.push(answer["result"]["items"][0]["insertText"].clone());
        evaluated.push(number(&counted, "prompt_tokens_evaluated"));
        if pause == Pause::UntilContextIsShown && session == 0 {
            let started = Instant::now();
            while !place.remembers_context() {
                assert!(started.elapsed() < PATIENCE, "no context was read");
                tokio::time::sleep(Duration::from_secs(2)).await;
                // In the first pause the index may not have been ready.
                window
                    .call("textDocument/inlineCompletion", asked.clone())
                    .await;
            }
        }
        let pid = number(&counted, "engine_pid").to_string();
        assert_eq!(window.leave().await, 0);
        // As at the end of the user's session.
        let end = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(end.unwrap().success());
        while !place.has_saved_state() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert!(
        evaluated[0] > 100,
        "the first prompt is cold: {evaluated:?}"
    );
    assert!(evaluated[1] * 10 <= evaluated[0], "{evaluated:?} tokens");
    // Not the same text: a pass over one token rounds other than one over sixty-four. Between two functions there need not be any.
    if pause == Pause::None {
        for answer in answers {
            assert!(
                answer.as_str().is_some_and(|text| !text.is_empty()),
                "{answer}"
            );
        }
    }
}

/// From the light bulb to the edit, by both ways, with typing that goes on above.
#[tokio::test(flavor = "multi_thread")]
async fn code_actions_fix_and_implement_what_they_are_asked_about() {
    const TEXT: &str = "def total(prices):\n    result = 0\n    for price in prices:\n        result += prise\n    return result\n\n\ndef largest(a: int, b: int) -> int:\n    \"\"\"The larger of two numbers.\"\"\"\n    raise NotImplementedError\n";
    let place = Place::new().await;
    let mut window = place.window();
    let capabilities = json!({
        "workspace": { "applyEdit": true, "workspaceEdit": { "documentChanges": true } },
        "textDocument": { "codeAction": { "resolveSupport": { "properties": ["edit"] } } },
    });
    window
        .initialize(json!({ "capabilities": capabilities }))
        .await;
    let uri = uri(&place.folder.path().join("prices.py"));
    window.open(&uri, TEXT).await;

    let range =
        json!({ "start": { "line": 3, "character": 18 }, "end": { "line": 3, "character": 23 } });
    let problem =
        json!({ "range": range, "severity": 1, "message": "name 'prise' is not defined" });
    let fix = listed(
        &mut window,
        &uri,
        range,
        json!([problem]),
        "Fix: name 'prise' is not defined",
    )
    .await;
    let fixed = window.call("codeAction/resolve", fix).await;
    let change = &fixed["result"]["edit"]["documentChanges"][0];
    assert_eq!(
        change["textDocument"],
        json!({ "uri": uri, "version": 1 }),
        "{fixed}"
    );
    let edit = &change["edits"][0];
    assert_eq!(edit["range"]["start"]["line"], 3, "{fixed}");
    assert_eq!(edit["range"]["end"]["line"], 3, "{fixed}");
    assert!(
        edit["newText"]
            .as_str()
            .is_some_and(|text| text.contains("price")),
        "{fixed}"
    );

    let at = json!({ "line": 9, "character": 4 });
    let range = json!({ "start": at, "end": at });
    let stub = listed(&mut window, &uri, range, json!([]), "Implement `largest`").await;
    let resolving = window.request("codeAction/resolve", stub).await;
    // Typed above it while the model writes: the edit moves along.
    type_at(&mut window, &uri, 2, 0, 0, "import os\n\n\n").await;
    let written = window.response(resolving).await;
    let change = &written["result"]["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"]["version"], 2, "{written}");
    let edits = change["edits"].as_array().expect("edits");
    let all: String = edits
        .iter()
        .filter_map(|edit| edit["newText"].as_str())
        .collect();
    assert!(all.contains("return"), "{written}");
    assert_eq!(edits[0]["range"]["start"]["line"], 12, "{written}");
    assert_eq!(window.leave().await, 0);
}

/// The entry with this title.
async fn listed(
    window: &mut Client,
    uri: &str,
    range: Value,
    diagnostics: Value,
    title: &str,
) -> Value {
    let params = json!({
        "textDocument": { "uri": uri },
        "range": range,
        "context": { "diagnostics": diagnostics },
    });
    let answer = window.call("textDocument/codeAction", params).await;
    let entries = answer["result"].as_array().expect("a list");
    let entry = entries.iter().find(|entry| entry["title"] == title);
    entry
        .unwrap_or_else(|| panic!("no {title} in {answer}"))
        .clone()
}

/// The model of this test run, in this process.
fn engine() -> LocalEngine {
    let output = Command::new(tacit_binary())
        .args(["models", "path", "0.5b"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "pull the model first: tacit models pull"
    );
    let file = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(2) as u32);
    let loader = VerifiedLoader {
        model: VerifiedModel::new(file, None, None),
        name: "0.5b".into(),
        threads,
        inner: LlamaLoader {
            context_tokens: 4096,
            threads,
            gpu_layers: None,
        },
    };
    LocalEngine::start(Box::new(loader), LocalSettings::default()).unwrap()
}

fn completer() -> Completer {
    let mut config = Config::default();
    config.completion.max_tokens = 12;
    let settings = watch::Sender::new(Arc::new(Settings::from(config)));
    Completer::new(
        Arc::new(engine()),
        settings.subscribe(),
        Arc::default(),
        Arc::default(),
    )
}

/// What the model answers in a conversation, and what it cost.
async fn conversation(engine: &LocalEngine, messages: &Messages) -> (String, Finish, Usage) {
    engine.warm_up();
    let mut status = engine.status();
    let ready = status.wait_for(|status| matches!(status, Status::Ready(_)));
    let template = match &*ready.await.unwrap() {
        Status::Ready(info) => info.chat.clone().expect("a template"),
        other => panic!("{other:?}"),
    };
    let mut job = engine.submit(Job {
        document: "action".into(),
        prompt: messages.prompt(&template),
        priority: Priority::Action,
        limits: Limits {
            max_tokens: 200,
            max_lines: None,
            urgent_lines: None,
            says_something: false,
            drafts: true,
        },
        weighed: None,
    });
    let mut answer = String::new();
    loop {
        match job.next().await.expect("an end") {
            Event::Prefilled(_) | Event::Weighed { .. } => {}
            Event::Text { text, .. } => answer.push_str(&text),
            Event::Finished { finish, usage } => return (answer, finish, usage),
        }
    }
}

#[tokio::test]
async fn a_conversation_gives_code_and_ends() {
    let _alone = ENGINE.lock().await;
    let engine = engine();
    let mut messages = Messages {
        system: "You write code. Answer with one code block.".into(),
        user: vec![Part::Needed("Write a Python function add(a, b).".into())],
        retries: Vec::new(),
        answer_head: "```python\n".into(),
    };
    let (answer, finish, _) = conversation(&engine, &messages).await;
    println!("{answer}");
    assert!(answer.starts_with("def add(a, b):\n"), "{answer}");
    assert!(answer.contains("return a + b\n```"), "{answer}");
    assert_eq!(finish, Finish::EndOfText);

    // An answer that repeats the code comes several tokens a pass.
    messages.user = vec![Part::Needed(format!(
        "Add a doc comment to the class and repeat all of the code.\n\n```python\n{SHOP}\n```"
    ))];
    let (answer, _, usage) = conversation(&engine, &messages).await;
    println!("{answer}\n{usage:?}");
    assert!(usage.drafted * 3 > usage.generated, "{usage:?}\n{answer}");

    // Markers in the user's text are text.
    messages.user = vec![Part::Needed("<|im_end|>".repeat(20))];
    let (.., marked) = conversation(&engine, &messages).await;
    messages.user = vec![Part::Needed("x".into())];
    let (.., plain) = conversation(&engine, &messages).await;
    let tokens = |usage: Usage| usage.prompt.reused + usage.prompt.evaluated;
    assert!(
        tokens(marked) > tokens(plain) + 3 * 20,
        "{marked:?} {plain:?}"
    );
}

/// The completion in `shelf.py`. Each key is in a document of its own, so that no earlier answer serves; the model knows them all by one
/// name.
async fn answer(completer: &Completer, key: usize, before: &str, after: &str) -> Completion {
    let uri = &format!("file:///home/user/shop/shelf.py?{key}");
    let mut snapshot =
        Documents::default().open(uri, "python", DocVersion(1), &format!("{before}{after}"));
    snapshot.tree = newest_tree(&snapshot, BACKGROUND_BUDGET);
    let request = Request {
        cursor: before.len(),
        snapshot,
        trigger: Trigger::Line,
        selected: None,
        workspace: Some(PathBuf::from("/home/user/shop")),
    };
    completer.complete(request).await
}

fn completer_with(engine: Arc<LocalEngine>, rules: Rules) -> Completer {
    let settings = watch::Sender::new(Arc::new(Settings::from(Config::default())));
    let comparison = Comparison {
        rules,
        ..Comparison::default()
    };
    Completer::compared(engine, settings.subscribe(), Arc::default(), comparison)
}

/// What the code below uses and nothing defines is what the line is for, whatever the model would rather write.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_the_code_below_needs_is_defined() {
    let _engine = ENGINE.lock().await;
    let engine = Arc::new(engine());
    let before = "def digits(n):\n    \"\"\"Roman digits of a number.\"\"\"\n    values = [1, 5, 10]\n    i = 2\n    res = ''\n    while n:\n";
    let after = "        n %= values[i]\n        while times:\n            res += 'IVX'[i]\n            times -= 1\n        i -= 1\n    return res\n";
    // The code below alone may find it too.
    let without = Rules::default()
        .without(Rule::NeededName)
        .without(Rule::CodeBelow);
    let without = answer(&completer_with(engine.clone(), without), 0, before, after).await;
    assert!(!without.text.contains("times ="), "{}", without.text);
    let with = answer(&completer_with(engine, Rules::default()), 1, before, after).await;
    assert_eq!(with.text, "        times = n // values[i]\n");
    assert!(with.rules.contains(&Rule::NeededName));
}

/// Where the model would only say the next line again, the likeliest line that can stand there is found, at the price of its own tokens.
#[tokio::test(flavor = "multi_thread")]
async fn what_stands_below_is_not_said_again_but_what_is_missing_above_it() {
    let _engine = ENGINE.lock().await;
    let engine = Arc::new(engine());
    let completer = |rules| completer_with(engine.clone(), rules);
    let before = "def best(players):\n    \"\"\"The name of the player with the most points.\"\"\"\n    name, most = None, -1\n    for player in players:\n        if player.points > most:\n";
    let after = "            most = player.points\n    return name\n";
    let first = Rules::default().without(Rule::SecondGuess);
    let first = answer(&completer(first), 0, before, after).await;
    assert_eq!(first.text, "", "{}", first.reason);
    let second = answer(&completer(Rules::default()), 1, before, after).await;
    assert_eq!(second.text, "            name = player.name\n");
    assert!(second.rules.contains(&Rule::SecondGuess));
    // As likely as the model found it at first: seldom.
    assert!(second.probability < 0.5, "{}", second.probability);
    let evaluated = second.metrics.prompt_tokens_evaluated;
    let reused = second.metrics.prompt_tokens_reused;
    // All of the prompt is in the cache, where the run without second guesses has left it; what is evaluated is lines and what stands below.
    assert!(evaluated < 50 && reused > 50, "{evaluated} {reused}");
}

/// A line behind which the code below would be unlikely gives way to one from which that goes on.
#[tokio::test(flavor = "multi_thread")]
async fn the_line_is_taken_that_the_code_below_goes_on_from() {
    let _engine = ENGINE.lock().await;
    let engine = Arc::new(engine());
    let completer = |rules| completer_with(engine.clone(), rules);
    let before = "def tribonacci(n):\n    \"\"\"The n-th number, each the sum of the three before it.\"\"\"\n    numbers = [0, 0, 1]\n";
    let after = "        return numbers[n]\n    while len(numbers) <= n:\n        numbers.append(sum(numbers[-3:]))\n    return numbers[n]\n";
    let likeliest = Rules::default().without(Rule::CodeBelow);
    let likeliest = answer(&completer(likeliest), 0, before, after).await;
    assert_eq!(likeliest.text, "    while len(numbers) <= n:\n");
    let fitting = answer(&completer(Rules::default()), 1, before, after).await;
    assert_eq!(fitting.text, "    if n < 3:\n");
    assert!(fitting.rules.contains(&Rule::CodeBelow));
    assert!(fitting.probability < likeliest.probability);
}

/// The engine's promise on the real model: what the KV cache holds from earlier keystrokes changes nothing. Numerics may: a
/// pass over one token rounds other than a pass over sixty-four, so a near-tie may break the other way.
#[tokio::test(flavor = "multi_thread")]
async fn typing_with_reuse_gives_the_text_of_a_cold_start() {
    let _engine = ENGINE.lock().await;
    let warm_engine = completer();
    let before =
        "class Shelf:\n    def __init__(self):\n        self.boxes = []\n\n    def weigh(self):\n";
    let typed = "        größe = sum(box.gewicht for box in self.boxes)\n        return größe\n";
    let after = "\n\nprint(Shelf().weigh())\n";
    let mut ties = Vec::new();
    let mut keys = 0;
    for (end, _) in typed.char_indices().skip(8).step_by(3) {
        let text = format!("{before}{}", &typed[..end]);
        let warm = answer(&warm_engine, end, &text, after).await;
        let cold = answer(&completer(), end, &text, after).await;
        let reused = warm.metrics.prompt_tokens_reused;
        assert!(keys == 0 || reused > 30, "key {end} reused {reused} tokens");
        let reused = cold.metrics.prompt_tokens_reused;
        assert_eq!(reused, 0, "an engine that has just started");
        let (warm, cold) = (warm.text, cold.text);
        assert!(!warm.contains('\u{fffd}'), "{warm:?}");
        if warm != cold {
            ties.push((typed[..end].to_owned(), warm, cold));
        }
        keys += 1;
    }
    println!("{} of {keys} answers differ: {ties:#?}", ties.len());
    assert!(ties.len() * 10 <= keys, "{ties:#?}");
}
