//! What is agreed with a client: recorded clients, settings from all sides, status and progress.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tacit::config::ModelChoice;
use tacit::engine::{EngineInfo, Status};
use tests::client::{Client, at};
use tests::completer::{Scripted, insertion};

const URI: &str = "file:///project/main.rs";

/// The `initialize` params of a real editor.
fn recorded(editor: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/initialize");
    let text = std::fs::read_to_string(folder.join(editor)).expect("a recording");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_editors_get_what_they_can_use() {
    for (editor, encoding, has_triggers, registers) in [
        ("neovim-0.11.4.json", "utf-8", true, false),
        ("neovim-0.12.0.json", "utf-8", false, false),
        ("helix-25.07.1-079a789e.json", "utf-8", true, true),
        (
            "code-server-4.139.1_languageclient-11.0.0.json",
            "utf-16",
            false,
            true,
        ),
    ] {
        let mut client = Client::start(Scripted::echo());
        let result = client.initialize(recorded(editor)).await;
        let capabilities = &result["capabilities"];
        assert_eq!(capabilities["positionEncoding"], encoding, "{editor}");
        assert!(
            capabilities["inlineCompletionProvider"].is_object(),
            "{editor}"
        );
        let triggers = capabilities["completionProvider"]["triggerCharacters"]
            .as_array()
            .expect("a list");
        assert_eq!(!triggers.is_empty(), has_triggers, "{editor}");
        assert_eq!(capabilities["textDocumentSync"]["change"], 2, "{editor}");
        assert_eq!(
            capabilities["workspace"]["workspaceFolders"]["supported"], true,
            "{editor}"
        );
        assert_eq!(result["serverInfo"]["name"], "tacit");
        client.open("file:///home/user/proj/a.rs", "x").await;
        for method in ["textDocument/inlineCompletion", "textDocument/completion"] {
            let answer = client
                .call(method, at("file:///home/user/proj/a.rs", 0, 1))
                .await;
            assert_eq!(
                answer["result"]["items"].as_array().map(Vec::len),
                Some(1),
                "{editor}: {answer}"
            );
        }
        if registers {
            let request = client.server_request("client/registerCapability").await;
            let registrations = request["params"]["registrations"]
                .as_array()
                .expect("a list")
                .clone();
            assert!(
                registrations
                    .iter()
                    .any(|one| one["method"] == "workspace/didChangeWatchedFiles"),
                "{editor}"
            );
        } else {
            assert_eq!(
                client.server_requests("client/registerCapability"),
                0,
                "{editor}"
            );
        }
        assert_eq!(client.leave().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_of_a_client_that_announces_nothing() {
    let completer = Scripted::echo();
    completer
        .status
        .send_replace(Status::Loading { progress: 0.5 });
    let mut client = Client::ready(completer, json!({ "capabilities": {} })).await;
    assert_eq!(
        client.notification("tacit/status").await["params"]["state"],
        "loading"
    );
    client
        .notify(
            "workspace/didChangeConfiguration",
            json!({ "settings": null }),
        )
        .await;
    client.call("tacit/stats", Value::Null).await;
    for method in [
        "client/registerCapability",
        "workspace/configuration",
        "window/workDoneProgress/create",
    ] {
        assert_eq!(client.server_requests(method), 0, "{method}");
    }
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loading_model_is_shown_in_status_and_progress() {
    let completer = Scripted::echo();
    completer
        .status
        .send_replace(Status::Loading { progress: 0.0 });
    let params = json!({ "capabilities": { "window": { "workDoneProgress": true } } });
    let mut client = Client::ready(completer.clone(), params).await;
    let create = client
        .server_request("window/workDoneProgress/create")
        .await;
    let begin = client.notification("$/progress").await["params"].clone();
    assert_eq!(begin["token"], create["params"]["token"]);
    assert_eq!(
        (&begin["value"]["kind"], &begin["value"]["percentage"]),
        (&json!("begin"), &json!(0))
    );
    completer
        .status
        .send_replace(Status::Loading { progress: 0.5 });
    let report = client.notification("$/progress").await["params"]["value"].clone();
    assert_eq!(
        (&report["kind"], &report["percentage"]),
        (&json!("report"), &json!(50))
    );
    let info = EngineInfo {
        pid: 1,
        model: "qwen".into(),
        context_tokens: 4096,
        device: "CPU".into(),
        costs: Default::default(),
        chat: None,
    };
    completer.status.send_replace(Status::Ready(info));
    assert_eq!(
        client.notification("$/progress").await["params"]["value"]["kind"],
        "end"
    );
    completer.status.send_replace(Status::Failed(
        "No model is installed. Run `tacit models pull`.".into(),
    ));
    let mut states = Vec::new();
    while states.last() != Some(&json!("failed")) {
        states.push(client.notification("tacit/status").await["params"]["state"].clone());
    }
    assert_eq!(states, ["loading", "loading", "ready", "failed"]);
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_progress_is_not_asked_for_again() {
    let completer = Scripted::echo();
    completer
        .status
        .send_replace(Status::Loading { progress: 0.0 });
    let mut client = Client::start(completer.clone());
    client.answer_with(
        "window/workDoneProgress/create",
        json!({ "code": -32601, "message": "no" }),
    );
    client
        .initialize(json!({ "capabilities": { "window": { "workDoneProgress": true } } }))
        .await;
    client
        .server_request("window/workDoneProgress/create")
        .await;
    for step in 1..4 {
        completer.status.send_replace(Status::Loading {
            progress: step as f32 / 10.0,
        });
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    completer.status.send_replace(Status::Stopped);
    while client.notification("tacit/status").await["params"]["state"] != "stopped" {}
    assert_eq!(client.server_requests("window/workDoneProgress/create"), 1);
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_come_from_all_sides_and_what_is_wrong_is_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("tacit.toml"),
        "model = \"/evil.gguf\"\n[completion]\nmax_lines = 7\nmax_tokens = 7\n",
    )
    .expect("written");
    let user_file = folder.path().join("user.toml");
    std::fs::write(
        &user_file,
        "model = \"small\"\n[completion]\nmax_lines = 6\nmax_tokens = 6\n",
    )
    .expect("written");
    let root = format!("file://{}", folder.path().display());
    let mut client = Client::start_with(64 * 1024, Some(user_file), Scripted::echo());
    client.answer_with(
        "workspace/configuration",
        json!([{ "completion": { "debounceMs": 33 }, "engine": { "threads": "fast" } }]),
    );
    client
        .initialize(json!({
            "capabilities": { "workspace": { "configuration": true } },
            "workspaceFolders": [{ "uri": root, "name": "x" }],
            "initializationOptions": { "completion": { "max_tokens": 9 }, "modell": "x" },
        }))
        .await;
    let told = client.notification("window/showMessage").await["params"]["message"].to_string();
    assert!(told.contains("A workspace may not set `model`"), "{told}");
    assert!(
        told.contains("There is no setting `modell`; did you mean `model`?"),
        "{told}"
    );
    let asked = client.server_request("workspace/configuration").await;
    assert_eq!(asked["params"]["items"], json!([{ "section": "tacit" }]));
    let told = client.notification("window/showMessage").await["params"]["message"].to_string();
    assert!(
        told.contains("`engine.threads` has to be a whole number") && !told.contains("modell"),
        "{told}"
    );

    let settings = client.settings();
    let (inside, outside) = (
        &settings.of(Some(folder.path())).completion,
        &settings.of(None).completion,
    );
    assert_eq!(
        (inside.max_lines, inside.max_tokens, inside.debounce_ms),
        (7, 9, 33)
    );
    assert_eq!((outside.max_tokens, outside.debounce_ms), (9, 33));
    assert_eq!(outside.max_lines, 6);
    let model = ModelChoice::Named("small".into());
    assert_eq!(settings.of(Some(folder.path())).model, model);

    // The file changes; the client says so.
    std::fs::write(
        folder.path().join("tacit.toml"),
        "[completion]\nmax_lines = 8\n",
    )
    .expect("written");
    let saved = json!({ "textDocument": { "uri": format!("{root}/tacit.toml") } });
    client.notify("textDocument/didSave", saved).await;
    client
        .settings_when(|settings| settings.of(Some(folder.path())).completion.max_lines == 8)
        .await;
    // The folder goes.
    let event = json!({ "event": { "added": [], "removed": [{ "uri": root, "name": "x" }] } });
    client
        .notify("workspace/didChangeWorkspaceFolders", event)
        .await;
    client
        .settings_when(|settings| settings.of(Some(folder.path())) == settings.of(None))
        .await;
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_answers_us_is_served() {
    let mut client = Client::start(Scripted::echo());
    client.answer(false);
    client
        .initialize(recorded("code-server-4.139.1_languageclient-11.0.0.json"))
        .await;
    client.open(URI, "").await;
    for _ in 0..20 {
        client
            .notify(
                "workspace/didChangeConfiguration",
                json!({ "settings": null }),
            )
            .await;
        let answer = client
            .call("textDocument/inlineCompletion", at(URI, 0, 0))
            .await;
        assert_eq!(
            answer["result"]["items"][0]["insertText"], "v1 0",
            "{answer}"
        );
    }
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_change_in_the_middle_of_a_request() {
    let completer = Scripted::new(|request| async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        insertion(&request, "text")
    });
    let mut client = Client::ready(completer, json!({ "capabilities": {} })).await;
    client.open(URI, "").await;
    let running = client
        .request("textDocument/inlineCompletion", at(URI, 0, 0))
        .await;
    let settings =
        |completion: Value| json!({ "settings": { "tacit": { "completion": completion } } });
    client
        .notify(
            "workspace/didChangeConfiguration",
            settings(json!({ "disabledLanguages": ["rust"] })),
        )
        .await;
    assert_eq!(
        client.response(running).await["result"]["items"][0]["insertText"],
        "text"
    );
    let off = client
        .call("textDocument/inlineCompletion", at(URI, 0, 0))
        .await;
    assert_eq!(off["result"]["items"], json!([]));
    let why = client
        .call("tacit/explain", json!({ "textDocument": { "uri": URI } }))
        .await;
    assert_eq!(
        why["result"]["reason"],
        "Completions are switched off here by the settings."
    );
    client
        .notify(
            "workspace/didChangeConfiguration",
            settings(json!({ "menu": false })),
        )
        .await;
    let inline = client
        .call("textDocument/inlineCompletion", at(URI, 0, 0))
        .await;
    assert_eq!(inline["result"]["items"][0]["insertText"], "text");
    let list = client.call("textDocument/completion", at(URI, 0, 0)).await;
    assert_eq!(list["result"]["items"], json!([]));
    client
        .notify(
            "workspace/didChangeConfiguration",
            json!({ "settings": [1, "nonsense"] }),
        )
        .await;
    assert_eq!(client.leave().await, 0);
}
