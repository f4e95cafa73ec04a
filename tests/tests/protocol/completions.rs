//! What suggestions look like in the protocol.

use std::time::Duration;

use serde_json::{Value, json};
use tacit::completion::{Completion, Trigger};
use tests::client::{Client, at, insert};
use tests::completer::{Scripted, insertion};

const URI: &str = "file:///project/main.rs";

fn encodings(offered: Value) -> Value {
    json!({ "capabilities": { "general": { "positionEncodings": offered } } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_inline_item_has_its_range_in_the_client_s_units() {
    // The word is `é😀b`: 7 bytes, 4 UTF-16 units, 3 characters; the suggestion replaces it.
    for (offered, encoding, columns) in [
        (json!(["utf-8", "utf-16"]), "utf-8", (4, 11)),
        (json!(["utf-16"]), "utf-16", (4, 8)),
        (json!(["utf-32"]), "utf-32", (4, 7)),
        (Value::Null, "utf-16", (4, 8)),
        (json!(["utf-7"]), "utf-16", (4, 8)),
    ] {
        let completer = Scripted::new(|request| async move {
            assert_eq!(
                request
                    .snapshot
                    .rope
                    .byte_slice(..request.cursor)
                    .to_string(),
                "let é😀b"
            );
            Completion {
                replace: 4..request.cursor,
                ..insertion(&request, "é😀b = 1;\n")
            }
        });
        let mut client = Client::start(completer);
        let result = client.initialize(encodings(offered)).await;
        assert_eq!(result["capabilities"]["positionEncoding"], encoding);
        client.open(URI, "let é😀b\r\n").await;
        let answer = client
            .call("textDocument/inlineCompletion", at(URI, 0, columns.1))
            .await;
        let item = &answer["result"]["items"][0];
        let range = json!({
            "start": { "line": 0, "character": columns.0 },
            "end": { "line": 0, "character": columns.1 },
        });
        assert_eq!(
            (&item["range"], &item["insertText"]),
            (&range, &json!("é😀b = 1;\n")),
            "{answer}"
        );
        assert_eq!(item["command"]["command"], "tacit.accepted");
        assert_eq!(client.leave().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_completer_is_told_who_asks_where() {
    let completer = Scripted::new(|request| async move {
        let selected = request
            .selected
            .clone()
            .map(|selected| (selected.range, selected.text));
        let text = format!(
            "{:?} {:?} {:?}",
            request.trigger, selected, request.workspace
        );
        insertion(&request, &text)
    });
    let folder = json!([{ "uri": "file:///project", "name": "project" }]);
    let mut client = Client::ready(
        completer,
        json!({ "capabilities": {}, "workspaceFolders": folder }),
    )
    .await;
    client.open(URI, "pri").await;
    client.open("untitled:1", "pri").await;
    let mut params = at(URI, 0, 3);
    let range =
        json!({ "start": { "line": 0, "character": 3 }, "end": { "line": 0, "character": 0 } });
    params["context"] = json!({ "triggerKind": 1, "selectedCompletionInfo": { "range": range, "text": "println!" } });
    let answer = client.call("textDocument/inlineCompletion", params).await;
    let expected = format!(
        "{:?} {:?} {:?}",
        Trigger::Invoked,
        Some((0..3, "println!")),
        Some("/project")
    );
    assert_eq!(answer["result"]["items"][0]["insertText"], expected);
    let answer = client
        .call("textDocument/inlineCompletion", at("untitled:1", 0, 3))
        .await;
    let expected = format!("{:?} None None", Trigger::Automatic);
    assert_eq!(answer["result"]["items"][0]["insertText"], expected);
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_menu_gets_one_item_from_the_same_source() {
    let completer = Scripted::new(|request| async move { insertion(&request, "turn 1;\n}\n") });
    let mut client = Client::ready(completer, json!({ "capabilities": {} })).await;
    client.open(URI, "fn f() {\n    re\n").await;
    let answer = client.call("textDocument/completion", at(URI, 1, 6)).await;
    let list = &answer["result"];
    assert_eq!(list["isIncomplete"], true);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    let item = &list["items"][0];
    let range =
        json!({ "start": { "line": 1, "character": 4 }, "end": { "line": 1, "character": 6 } });
    assert_eq!(
        item["textEdit"],
        json!({ "range": range, "newText": "return 1;\n}\n" })
    );
    assert_eq!(item["label"], "return 1;");
    assert_eq!(item["filterText"], "return 1;");
    assert_eq!(
        (&item["detail"], &item["preselect"]),
        (&json!("tacit"), &json!(false))
    );
    assert_eq!(
        item["documentation"],
        json!({ "kind": "markdown", "value": "```rust\nreturn 1;\n}\n```" })
    );
    assert!(item["sortText"].as_str() > Some("zzz"));

    // With nothing typed there is nothing to filter by.
    let answer = client.call("textDocument/completion", at(URI, 1, 4)).await;
    assert_eq!(answer["result"]["items"][0].get("filterText"), None);
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_good_enough_is_an_empty_list_with_a_reason() {
    let completer = Scripted::new(|request| async move {
        Completion {
            shown: false,
            reason: "too unlikely".into(),
            ..insertion(&request, "text")
        }
    });
    let mut client = Client::ready(completer, json!({ "capabilities": {} })).await;
    client.open(URI, "").await;
    let document = json!({ "textDocument": { "uri": URI } });
    assert_eq!(
        client.call("tacit/explain", document.clone()).await["result"],
        Value::Null
    );
    assert_eq!(
        client
            .call("textDocument/inlineCompletion", at(URI, 0, 0))
            .await["result"],
        json!({ "items": [] })
    );
    let list = client.call("textDocument/completion", at(URI, 0, 0)).await;
    assert_eq!(list["result"], json!({ "isIncomplete": true, "items": [] }));
    let explanation = client.call("tacit/explain", document).await["result"].clone();
    assert_eq!(
        (&explanation["shown"], &explanation["reason"]),
        (&json!(false), &json!("too unlikely"))
    );
    assert_eq!(
        client
            .call("textDocument/inlineCompletion", at("file:///unknown", 9, 9))
            .await["result"],
        json!({ "items": [] })
    );
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_answer_is_moved_behind_what_was_typed_or_dropped() {
    for (typed, expected) in [("t", Some("return")), ("x", None)] {
        let completer = Scripted::new(|request| async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Completion {
                replace: 0..2,
                ..insertion(&request, "return")
            }
        });
        let mut client = Client::ready(completer, json!({ "capabilities": {} })).await;
        client.open(URI, "re").await;
        let id = client
            .request("textDocument/inlineCompletion", at(URI, 0, 2))
            .await;
        let mut change = insert(URI, 2, typed);
        let end = json!({ "line": 0, "character": 2 });
        change["contentChanges"][0]["range"] = json!({ "start": end, "end": end });
        client.notify("textDocument/didChange", change).await;
        let answer = client.response(id).await;
        let item = &answer["result"]["items"][0];
        assert_eq!(item["insertText"].as_str(), expected, "{answer}");
        if expected.is_some() {
            assert_eq!(item["range"]["end"], json!({ "line": 0, "character": 3 }));
        }
        assert_eq!(client.leave().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_editor_reports_is_counted() {
    let completer = Scripted::new(|request| async move {
        Completion {
            replace: 0..2,
            ..insertion(&request, "return")
        }
    });
    let mut client = Client::ready(completer, json!({ "capabilities": {} })).await;
    client.open(URI, "re").await;
    let answer = client
        .call("textDocument/inlineCompletion", at(URI, 0, 2))
        .await;
    let item = answer["result"]["items"][0].clone();
    client
        .notify(
            "textDocument/didFocus",
            json!({ "textDocument": { "uri": URI } }),
        )
        .await;
    client
        .notify("textDocument/didShowCompletion", json!({ "item": item }))
        .await;
    client
        .notify("textDocument/didShowCompletion", json!({ "item": item }))
        .await;
    client
        .notify(
            "textDocument/didPartiallyAcceptCompletion",
            json!({ "item": item, "acceptedLength": 4 }),
        )
        .await;
    let stats = client.call("tacit/stats", Value::Null).await["result"].clone();
    assert_eq!(
        (&stats["accepted"], &stats["accepted_characters"]),
        (&json!(1), &json!(2)),
        "{stats}"
    );
    let command =
        json!({ "command": item["command"]["command"], "arguments": item["command"]["arguments"] });
    assert_eq!(
        client.call("workspace/executeCommand", command).await["result"],
        Value::Null
    );
    let stats = client.call("tacit/stats", json!({})).await["result"].clone();
    for (counter, expected) in [
        ("requests", 1),
        ("offered", 1),
        ("shown", 1),
        ("accepted", 1),
        ("accepted_characters", 4),
        ("focus_changes", 1),
        ("engine_pid", 4711),
        ("prompt_tokens_evaluated", 0),
        ("prompt_tokens_reused", 0),
        ("tokens_generated", 0),
        ("draft_tokens_accepted", 0),
        ("cache_hits", 0),
    ] {
        assert_eq!(stats[counter], expected, "{counter}: {stats}");
    }
    assert_eq!(client.leave().await, 0);
}
