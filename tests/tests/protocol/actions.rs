//! The list of code actions, and entries that come back broken. The toy engine follows no instructions, so nothing is ever changed here.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tests::client::Client;
use tests::completer::Scripted;

const URI: &str = "file:///project/shop.py";
const SHOP: &str = "def total(items):\n    return summ(items)\n\n\ndef cheapest(items):\n    raise NotImplementedError\n";

fn recorded(editor: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/initialize");
    let text = std::fs::read_to_string(folder.join(editor)).expect("a recording");
    serde_json::from_str(&text).expect("JSON")
}

fn asked(line: u32, diagnostics: Value) -> Value {
    let place = json!({ "line": line, "character": 4 });
    json!({
        "textDocument": { "uri": URI },
        "range": { "start": place, "end": place },
        "context": { "diagnostics": diagnostics },
    })
}

fn undefined() -> Value {
    let range =
        json!({ "start": { "line": 1, "character": 11 }, "end": { "line": 1, "character": 15 } });
    json!([{ "range": range, "severity": 1, "message": "name 'summ' is not defined", "source": "pyright" }])
}

async fn listed(client: &mut Client, line: u32, diagnostics: Value) -> Vec<Value> {
    let answer = client
        .call("textDocument/codeAction", asked(line, diagnostics))
        .await;
    answer["result"].as_array().expect("a list").clone()
}

fn titles(entries: &[Value]) -> Vec<&str> {
    let titles = entries.iter().map(|entry| entry["title"].as_str());
    titles.map(Option::unwrap_or_default).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_editor_gets_entries_that_it_can_follow() {
    for (editor, resolves) in [
        ("neovim-0.11.4.json", true),
        ("neovim-0.12.0.json", true),
        ("helix-25.07.1-079a789e.json", false),
        ("code-server-4.139.1_languageclient-11.0.0.json", true),
    ] {
        let mut client = Client::start(Scripted::echo());
        let result = client.initialize(recorded(editor)).await;
        assert_eq!(
            result["capabilities"]["codeActionProvider"]["resolveProvider"],
            true
        );
        client.open(URI, SHOP).await;
        let entries = listed(&mut client, 1, undefined()).await;
        assert_eq!(
            titles(&entries)[0],
            "Fix: name 'summ' is not defined",
            "{editor}"
        );
        assert_eq!(entries[0]["kind"], "quickfix");
        for entry in &entries {
            assert_eq!(entry["data"].is_object(), resolves, "{editor}: {entry}");
            assert_eq!(entry["command"].is_object(), !resolves, "{editor}: {entry}");
            // Nobody would ask its user for the instruction.
            assert!(
                !entry["title"].as_str().unwrap().ends_with("as told"),
                "{entry}"
            );
        }
        let stub = listed(&mut client, 5, json!([])).await;
        assert!(
            titles(&stub).contains(&"Implement `cheapest`"),
            "{editor}: {stub:?}"
        );
        assert_eq!(client.leave().await, 0);
    }
}

/// What one server says wrongly costs what another says rightly nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn diagnostics_are_read_one_by_one() {
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    client.open(URI, SHOP).await;
    let good = undefined()[0].clone();
    let with = |name: &str, value: Value| {
        let mut bad = good.clone();
        bad["message"] = json!("another one");
        bad[name] = value;
        bad
    };
    let at = |line: Value| json!({ "start": { "line": line, "character": 11 }, "end": { "line": 1, "character": 15 } });
    for (bad, is_listed) in [
        (with("range", Value::Null), false),
        (with("range", at(json!(-1))), false),
        (with("range", at(json!(1.5))), false),
        (json!("text"), false),
        (json!(null), false),
        (json!([good.clone()]), false),
        (with("message", json!(7)), false),
        (with("code", json!({ "a": 1 })), true),
        (with("code", json!(1.5)), true),
        (with("code", json!(4_294_967_296_u64)), true),
        (with("codeDescription", json!({})), true),
        (with("severity", json!("error")), true),
        (with("relatedInformation", json!([{ "location": 1 }])), true),
        (with("tags", json!("unused")), true),
    ] {
        for diagnostics in [
            json!([bad.clone(), good.clone()]),
            json!([good.clone(), bad.clone()]),
        ] {
            let entries = listed(&mut client, 1, diagnostics).await;
            let titles = titles(&entries);
            assert!(
                titles.contains(&"Fix: name 'summ' is not defined"),
                "{bad}: {titles:?}"
            );
            assert_eq!(
                titles.contains(&"Fix: another one"),
                is_listed,
                "{bad}: {titles:?}"
            );
        }
    }
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_was_asked_for_is_listed() {
    let capabilities = json!({ "experimental": { "tacit": { "instructions": true } } });
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": capabilities })).await;
    client.open(URI, SHOP).await;
    let all = listed(&mut client, 1, undefined()).await;
    assert!(titles(&all).contains(&"Edit `total` as told"), "{all:?}");
    for (only, kinds) in [
        ("quickfix", &["quickfix"][..]),
        ("refactor.rewrite", &["refactor.rewrite"]),
        ("refactor", &["refactor", "refactor.rewrite"]),
        ("source", &[]),
    ] {
        let mut params = asked(1, undefined());
        params["context"]["only"] = json!([only]);
        let answer = client.call("textDocument/codeAction", params).await;
        for entry in answer["result"].as_array().unwrap() {
            assert!(
                kinds.contains(&entry["kind"].as_str().unwrap()),
                "{only}: {entry}"
            );
        }
        assert_eq!(answer["result"] == json!([]), kinds.is_empty(), "{only}");
    }
    // A bulb that nobody asked for is lit only where something calls for it.
    let mut params = asked(1, undefined());
    params["context"]["triggerKind"] = json!(2);
    let answer = client.call("textDocument/codeAction", params).await;
    let bulb = answer["result"].as_array().unwrap().clone();
    assert_eq!(titles(&bulb)[0], "Fix: name 'summ' is not defined");
    assert!(!titles(&bulb).contains(&"Document `total`"), "{bulb:?}");

    // Hints are no problems, and a file of secrets is nobody's business.
    let mut hint = undefined();
    hint[0]["severity"] = json!(4);
    let entries = listed(&mut client, 1, hint).await;
    assert!(
        !titles(&entries)
            .iter()
            .any(|title| title.starts_with("Fix"))
    );
    client.open("file:///project/.env.py", SHOP).await;
    let mut params = asked(1, undefined());
    params["textDocument"]["uri"] = json!("file:///project/.env.py");
    let answer = client.call("textDocument/codeAction", params).await;
    assert_eq!(answer["result"], Value::Null, "{answer}");
    assert_eq!(client.leave().await, 0);
}

/// Whatever comes back: an answer, and no edit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_entries_change_nothing() {
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    client.open(URI, SHOP).await;
    let entry = listed(&mut client, 1, undefined()).await[0].clone();
    let with = |pointer: &str, value: Value| {
        let mut entry = entry.clone();
        *entry.pointer_mut(pointer).expect(pointer) = value;
        entry
    };
    let broken = [
        with("/data", json!(7)),
        with("/data/uri", json!("file:///project/other.py")),
        with(
            "/data/offer/target/range",
            json!({ "start": 3, "end": 100_000 }),
        ),
        with("/data/offer/target/range", json!({ "start": 30, "end": 3 })),
        with("/data/offer/target/range", json!({ "start": 0, "end": 3 })),
        with("/data/offer/target/name", json!("cheapest")),
        with(
            "/data/offer/problems/0/range",
            json!({ "start": 9, "end": 1 }),
        ),
        with("/data/offer/action", json!("delete")),
    ];
    for entry in broken {
        let answer = client.call("codeAction/resolve", entry.clone()).await;
        let has_edit = answer["result"]["edit"].is_object();
        assert!(!has_edit, "{entry} -> {answer}");
        assert!(
            answer["result"].is_object() || answer["error"].is_object(),
            "{answer}"
        );
    }
    let command = json!({ "command": "tacit.act", "arguments": [entry["data"], 1, null] });
    client.call("workspace/executeCommand", command).await;
    let answer = client
        .call(
            "workspace/executeCommand",
            json!({ "command": "tacit.act" }),
        )
        .await;
    assert!(answer["error"].is_object(), "{answer}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(client.server_requests("workspace/applyEdit"), 0);
    assert_eq!(client.leave().await, 0);
}
