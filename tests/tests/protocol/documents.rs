//! Documents that are opened, changed and closed in every order that clients come up with.

use serde_json::{Value, json};
use tests::client::{Client, at, frame, insert, notification, request};
use tests::completer::{Scripted, insertion};

/// A client whose suggestions tell the text that the server has.
async fn mirror() -> Client {
    let completer = Scripted::new(|request| async move {
        let text = format!("<{}>", request.snapshot.rope);
        insertion(&request, &text)
    });
    Client::ready(completer, json!({ "capabilities": {} })).await
}

/// What the server takes for the document's text; `None` if it completes nothing there.
async fn text_of(client: &mut Client, uri: &str) -> Option<String> {
    let answer = client
        .call("textDocument/inlineCompletion", at(uri, 0, 0))
        .await;
    let items = answer["result"]["items"]
        .as_array()
        .expect("a list")
        .clone();
    let text = items.first()?["insertText"]
        .as_str()
        .expect("a text")
        .to_owned();
    Some(text.trim_matches(['<', '>']).to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn careless_clients_keep_their_text() {
    let mut client = mirror().await;
    let uri = "file:///a.rs";
    client
        .notify(
            "textDocument/didChange",
            insert(uri, 1, "before it is open"),
        )
        .await;
    assert_eq!(text_of(&mut client, uri).await, None);
    client.open(uri, "one").await;
    client.open(uri, "two").await;
    assert_eq!(text_of(&mut client, uri).await.as_deref(), Some("two"));
    for version in [5, 5, 3] {
        client
            .notify("textDocument/didChange", insert(uri, version, "x"))
            .await;
    }
    assert_eq!(text_of(&mut client, uri).await.as_deref(), Some("xxxtwo"));
    let close = json!({ "textDocument": { "uri": uri } });
    client.notify("textDocument/didClose", close.clone()).await;
    client.notify("textDocument/didClose", close).await;
    client
        .notify(
            "textDocument/didChange",
            insert(uri, 9, "after it was closed"),
        )
        .await;
    assert_eq!(text_of(&mut client, uri).await, None);
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_uri_names_a_document() {
    let mut client = mirror().await;
    let uris = [
        "untitled:Untitled-1",
        "vscode-notebook-cell:/a.ipynb#W0",
        "file:///c%3A/Users/x/a.rs",
        "file:///a [x] ü.rs",
        "no uri at all",
        "",
    ];
    for uri in uris {
        client.open(uri, uri).await;
    }
    for uri in uris {
        assert_eq!(text_of(&mut client, uri).await.as_deref(), Some(uri));
    }
    assert_eq!(text_of(&mut client, "file:///c:/Users/x/a.rs").await, None);
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_cannot_be_read_costs_its_document_only() {
    let mut client = mirror().await;
    let (uri, other) = ("file:///a.rs", "file:///b.rs");
    client.open(uri, "a").await;
    client.open(other, "b").await;
    let position = json!({ "line": -1, "character": 0 });
    let unreadable = json!({
        "textDocument": { "uri": uri, "version": 2 },
        "contentChanges": [{ "range": { "start": position, "end": position }, "text": "lost" }],
    });
    client.notify("textDocument/didChange", unreadable).await;
    client
        .notify("textDocument/didChange", json!({ "contentChanges": 1 }))
        .await;
    client
        .notify("textDocument/didChange", insert(uri, 3, "x"))
        .await;
    client
        .notify("textDocument/didChange", insert(other, 2, "x"))
        .await;
    assert_eq!(
        text_of(&mut client, uri).await,
        None,
        "nothing is shown for a text that is not known for sure"
    );
    assert_eq!(text_of(&mut client, other).await.as_deref(), Some("xb"));
    let whole = json!({ "textDocument": { "uri": uri, "version": 4 }, "contentChanges": [{ "text": "all" }] });
    client.notify("textDocument/didChange", whole).await;
    client
        .notify("textDocument/didChange", insert(uri, 5, "x"))
        .await;
    assert_eq!(text_of(&mut client, uri).await.as_deref(), Some("xall"));
    assert_eq!(client.leave().await, 0);
}

/// Applying them would keep the loop for a second and more. The document is set aside, and its user told once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_edits_than_can_be_followed_cost_their_document_only() {
    const URI: &str = "file:///project/main.rs";
    let mut client = mirror().await;
    client.open(URI, "one\n").await;
    let other = "file:///project/other.rs";
    client.open(other, "two\n").await;
    let start = json!({ "line": 0, "character": 0 });
    let edit = json!({ "range": { "start": start, "end": start }, "text": "x" });
    let change = |version: i32, edits: usize| {
        json!({
            "textDocument": { "uri": URI, "version": version },
            "contentChanges": vec![edit.clone(); edits],
        })
    };
    client
        .notify("textDocument/didChange", change(2, 1_000))
        .await;
    let text = text_of(&mut client, URI).await.expect("still followed");
    assert_eq!(text.trim_start_matches('x'), "one\n");
    for version in 3..5 {
        client
            .notify("textDocument/didChange", change(version, 20_000))
            .await;
    }
    assert_eq!(text_of(&mut client, URI).await, None);
    assert_eq!(text_of(&mut client, other).await.as_deref(), Some("two\n"));
    let told = client.notification("window/showMessage").await["params"]["message"].to_string();
    assert!(
        told.contains("main.rs") && told.contains("open it again"),
        "{told}"
    );
    let whole = json!({
        "textDocument": { "uri": URI, "version": 9 },
        "contentChanges": [{ "text": "new\n" }],
    });
    client.notify("textDocument/didChange", whole).await;
    assert_eq!(text_of(&mut client, URI).await.as_deref(), Some("new\n"));
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_too_large_to_be_kept_are_left_alone() {
    let mut client = mirror().await;
    let (uri, other) = ("file:///large.rs", "file:///b.rs");
    let large = "x".repeat(16 * 1024 * 1024 + 1);
    client.open(uri, &large).await;
    client.open(other, "b").await;
    client
        .notify("textDocument/didChange", insert(uri, 2, "y"))
        .await;
    assert_eq!(text_of(&mut client, uri).await, None);
    assert_eq!(text_of(&mut client, other).await.as_deref(), Some("b"));
    for (version, text, expected) in [(3, "small", Some("small")), (4, &large, None)] {
        let whole = json!({
            "textDocument": { "uri": uri, "version": version },
            "contentChanges": [{ "text": text }],
        });
        client.notify("textDocument/didChange", whole).await;
        assert_eq!(text_of(&mut client, uri).await.as_deref(), expected);
    }
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_completer_hears_of_closed_documents() {
    let completer = Scripted::echo();
    let mut client = Client::ready(completer.clone(), json!({ "capabilities": {} })).await;
    client.open("untitled:1", "").await;
    for uri in ["untitled:1", "untitled:2"] {
        client
            .notify(
                "textDocument/didClose",
                json!({ "textDocument": { "uri": uri } }),
            )
            .await;
    }
    client.call("tacit/stats", Value::Null).await;
    assert_eq!(
        *completer.closed.lock().expect("not poisoned"),
        ["untitled:1"]
    );
    assert_eq!(client.leave().await, 0);
}

/// Two requests for each of a thousand documents, since a document's newer request replaces the older; an edit before and
/// after each of them. All in one stream, as fast as the server takes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_requests_between_edits_each_see_their_version() {
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    let mut stream = Vec::new();
    let mut asked = Vec::new();
    for number in 0..1000 {
        let uri = format!("file:///{number}.rs");
        let document = json!({ "uri": uri, "languageId": "rust", "version": 1, "text": "" });
        let change =
            |version, text| notification("textDocument/didChange", insert(&uri, version, text));
        let (inline, list) = (client.next_id(), client.next_id());
        for message in [
            notification("textDocument/didOpen", json!({ "textDocument": document })),
            change(2, "xy"),
            request(inline, "textDocument/inlineCompletion", at(&uri, 0, 2)),
            change(3, ""),
            request(list, "textDocument/completion", at(&uri, 0, 2)),
            change(4, ""),
        ] {
            stream.extend(frame(&message));
        }
        asked.push((inline, list));
    }
    client.send_bytes(&stream).await;
    for (inline, list) in asked {
        let answer = client.response(inline).await;
        assert_eq!(
            answer["result"]["items"][0]["insertText"], "v2 2",
            "{answer}"
        );
        let answer = client.response(list).await;
        assert_eq!(answer["result"]["items"][0]["label"], "xyv3 2", "{answer}");
    }
    assert_eq!(client.leave().await, 0);
}

/// Each folder of a path is asked what it excludes, so a name must not have half a million of them. Nobody waits for such a document.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_that_no_file_can_have_are_not_followed() {
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    for uri in [
        format!("file:///{}x.rs", "a/".repeat(500_000)),
        format!("file:///{}.rs", "a".repeat(1_000_000)),
        format!("untitled:{}", "%2E%2E%2F".repeat(100_000)),
    ] {
        client.open(&uri, "fn main() {}").await;
        client
            .notify("textDocument/didChange", insert(&uri, 2, "x"))
            .await;
        for method in ["textDocument/inlineCompletion", "textDocument/completion"] {
            let answer = client.call(method, at(&uri, 0, 0)).await;
            let items = answer["result"]["items"].as_array().map_or(0, Vec::len);
            assert_eq!(items, 0, "{}", answer);
        }
        let cell = json!({ "uri": uri, "languageId": "python", "version": 1, "text": "x" });
        let notebook = json!({
            "uri": uri, "notebookType": "jupyter-notebook", "version": 1,
            "cells": [{ "kind": 2, "document": uri }],
        });
        let params = json!({ "notebookDocument": notebook, "cellTextDocuments": [cell] });
        client.notify("notebookDocument/didOpen", params).await;
    }
    client.open("file:///good.rs", "").await;
    let answer = client
        .call("textDocument/inlineCompletion", at("file:///good.rs", 0, 0))
        .await;
    assert_eq!(answer["result"]["items"].as_array().map_or(0, Vec::len), 1);
    assert_eq!(client.leave().await, 0);
}
