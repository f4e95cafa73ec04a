//! What a person is shown: text of a repository, of a compiler or of a server reaches the editor as one line that steers nothing and leads
//! nowhere.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tacit::engine::Status;
use tacit::models::pull::PullFailure;
use tests::client::{Client, at};
use tests::completer::Scripted;

const URI: &str = "file:///project/shop.py";
const SHOP: &str = "def total(items):\n    return summ(items)\n";

/// A message that would be a link, a second line, other colours and another order.
const HOSTILE: &str = "name 'summ'\u{1b}[31m \u{202e}[Update](command:workbench.action.x?%7B%7D) \u{2066}is not\u{7} defined\u{9b}2J [a]\u{200b}(file:///x)\nsecond line";

fn assert_harmless(text: &Value, what: &str) {
    let text = text.as_str().unwrap_or_else(|| panic!("{what}: {text}"));
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    assert!(!text.contains(is_hidden), "{what}: {text:?}");
    assert!(!text.contains("]("), "{what}: {text:?}");
    assert!(
        text.chars().count() <= 500,
        "{what}: {} characters",
        text.chars().count()
    );
}

/// A client with this text as the workspace's `tacit.toml`, and the first message that it gets.
async fn told_of(folder: &Path, toml: &str) -> (Client, Value) {
    std::fs::write(folder.join("tacit.toml"), toml).expect("written");
    let root = url(folder);
    let params = json!({ "capabilities": {}, "workspaceFolders": [{ "uri": root, "name": "x" }] });
    let mut client = Client::ready(Scripted::echo(), params).await;
    let told = client.notification("window/showMessage").await["params"]["message"].clone();
    (client, told)
}

fn url(folder: &Path) -> String {
    let escaped = folder
        .display()
        .to_string()
        .replace('[', "%5B")
        .replace(']', "%5D");
    format!(
        "file://{}",
        escaped
            .replace('\n', "%0A")
            .replace('\u{202e}', "%E2%80%AE")
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_puts_nothing_into_a_message_but_its_faults() {
    let link = "[Update tacit](command:workbench.action.terminal.sendSequence?%7B%7D)";
    for (name, toml) in [
        (
            "a link as a key",
            format!("\"\\n\\nYour model is out of date. {link}\" = 1\n"),
        ),
        (
            "a link in a table",
            format!("[completion]\n\"{link}\" = 1\n"),
        ),
        (
            "a key that turns around",
            "\"\\u202eledom\\u001b[31m\" = 1\n".to_owned(),
        ),
        ("a long key", format!("{} = 1\n", "a".repeat(50_000))),
        ("what is not TOML", format!("{link} {link}\n")),
        ("a key twice", format!("\"{link}\" = 1\n\"{link}\" = 2\n")),
        (
            "too many keys",
            (0..5_000).map(|key| format!("a{key}=1\n")).collect(),
        ),
        ("too much text", "a = 1\n".repeat(20_000)),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let (client, told) = told_of(folder.path(), &toml).await;
        assert_harmless(&told, name);
        let told = told.as_str().unwrap_or_default();
        assert!(
            !told.contains("Update tacit") && told.contains("tacit.toml"),
            "{name}: {told}"
        );
        assert_eq!(client.leave().await, 0);
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_s_name_is_text_too() {
    let outer = tempfile::tempdir().expect("a folder");
    for name in ["[x](command:y)", "two\nlines", "\u{202e}redlof"] {
        let folder = outer.path().join(name);
        std::fs::create_dir_all(&folder).expect("made");
        let (client, told) = told_of(&folder, "colour = 1\n").await;
        assert_harmless(&told, name);
        assert!(
            told.as_str()
                .is_some_and(|told| told.contains("There is no setting `colour`")),
            "{told}"
        );
        assert_eq!(client.leave().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_any_size_keep_nobody_waiting() {
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    client.open(URI, SHOP).await;
    let many: serde_json::Map<_, _> = (0..50_000)
        .map(|key| (format!("colour{key}"), json!(key)))
        .collect();
    let long = json!({ "a".repeat(2_000_000): 1, "completion": { "disabledLanguages": vec!["x"; 20_000] } });
    for settings in [Value::Object(many), long] {
        let params = json!({ "settings": { "tacit": settings } });
        client
            .notify("workspace/didChangeConfiguration", params)
            .await;
        let asked = Instant::now();
        let answer = client
            .call("textDocument/inlineCompletion", at(URI, 0, 0))
            .await;
        assert_eq!(
            answer["result"]["items"].as_array().map(Vec::len),
            Some(1),
            "{answer}"
        );
        // Reading the message takes most of this, in a build that is not optimised.
        assert!(
            asked.elapsed() < Duration::from_secs(5),
            "{:?}",
            asked.elapsed()
        );
        let told = client.notification("window/showMessage").await;
        assert_harmless(&told["params"]["message"], "large settings");
    }
    // The last ones count, although those before them took longer to judge.
    for lines in 1..20 {
        let many: serde_json::Map<_, _> = (0..1_000 / lines)
            .map(|key| (format!("x{key}"), json!(1)))
            .collect();
        let mut settings = json!({ "tacit": many });
        settings["tacit"]["completion"] = json!({ "maxLines": lines });
        client
            .notify(
                "workspace/didChangeConfiguration",
                json!({ "settings": settings }),
            )
            .await;
    }
    client
        .settings_when(|settings| settings.of(None).completion.max_lines == 19)
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(client.settings().of(None).completion.max_lines, 19);
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn titles_and_progress_quote_without_harm() {
    let params = json!({ "capabilities": {
        "window": { "workDoneProgress": true },
        "textDocument": { "codeAction": { "dataSupport": true, "resolveSupport": { "properties": ["edit"] } } },
    } });
    let mut client = Client::ready(Scripted::echo(), params).await;
    client.open(URI, SHOP).await;
    let range =
        json!({ "start": { "line": 1, "character": 11 }, "end": { "line": 1, "character": 15 } });
    let asked = json!({
        "textDocument": { "uri": URI },
        "range": range,
        "context": { "diagnostics": [{ "range": range, "severity": 1, "message": HOSTILE }] },
    });
    let listed = client.call("textDocument/codeAction", asked).await;
    let entries = listed["result"].as_array().expect("a list").clone();
    let titles: Vec<&Value> = entries.iter().map(|entry| &entry["title"]).collect();
    let quoting = titles
        .iter()
        .filter(|title| title.as_str().is_some_and(|title| title.contains("Update")));
    assert!(quoting.count() >= 2, "Fix and Explain: {titles:?}");
    for title in titles {
        assert_harmless(title, "a title");
    }
    // The toy follows no instructions, so the action ends with a sentence.
    let resolving = client
        .request("codeAction/resolve", entries[0].clone())
        .await;
    client
        .server_request("window/workDoneProgress/create")
        .await;
    let begin = client.notification("$/progress").await["params"]["value"].clone();
    assert!(
        begin["title"]
            .as_str()
            .is_some_and(|title| title.starts_with("tacit: Fix: name 'summ'")),
        "{begin}"
    );
    assert_harmless(&begin["title"], "a progress");
    client.response(resolving).await;
    let told = client.notification("window/showMessage").await;
    assert_harmless(&told["params"]["message"], "a refusal");
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_and_failures_quote_without_harm() {
    let completer = Scripted::echo();
    let params = json!({ "capabilities": {} });
    let mut client = Client::ready(completer.clone(), params).await;
    client.notification("tacit/status").await;
    for status in [
        Status::Failed(HOSTILE.repeat(100)),
        Status::Missing {
            model: HOSTILE.to_owned(),
            bytes: Some(1),
        },
    ] {
        completer.status.send_replace(status);
        let params = client.notification("tacit/status").await["params"].clone();
        assert_harmless(&params["detail"], "a state");
        assert_harmless(&params["model"], "a model");
    }
    let question = client.server_request("window/showMessageRequest").await;
    assert_harmless(&question["params"]["message"], "a question");
    client.notify("workspace/executeCommand", json!({})).await;
    let pull = json!({ "command": "tacit.pullModel" });
    client.call("workspace/executeCommand", pull).await;
    let pulls = std::mem::take(&mut *completer.pulls.lock().expect("pulls"));
    for (_, pull) in pulls {
        let _ = pull.send(Err(PullFailure::Failed(HOSTILE.to_owned())));
    }
    let told = client.notification("window/showMessage").await;
    assert_harmless(&told["params"]["message"], "a failed download");
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_quote_without_harm() {
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    let long = HOSTILE.repeat(1_000);
    for (method, params) in [
        ("textDocument/completion", json!(long)),
        ("textDocument/codeAction", json!({ "textDocument": long })),
        ("workspace/executeCommand", json!({ "command": [HOSTILE] })),
        (HOSTILE, json!({})),
        (long.as_str(), json!({})),
    ] {
        let answer = client.call(method, params).await;
        assert_harmless(&answer["error"]["message"], "an error");
        if !answer["error"]["data"].is_null() {
            assert_harmless(&answer["error"]["data"], "an error's data");
        }
    }
    assert_eq!(client.leave().await, 0);
}
