//! From `initialize` to the exit code, and handlers that fail.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::client::{Client, at};
use tests::completer::{Scripted, insertion};

const URI: &str = "file:///project/main.rs";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_out_of_season_get_the_right_codes() {
    let mut client = Client::start(Scripted::echo());
    for method in ["textDocument/inlineCompletion", "tacit/stats", "shutdown"] {
        assert_eq!(
            client.call(method, at(URI, 0, 0)).await["error"]["code"],
            -32002,
            "{method}"
        );
    }
    client.open(URI, "ignored").await;
    client.initialize(json!({ "capabilities": {} })).await;
    assert_eq!(
        client
            .call("initialize", json!({ "capabilities": {} }))
            .await["error"]["code"],
        -32600
    );
    assert_eq!(
        client.call("textDocument/hover", at(URI, 0, 0)).await["error"]["code"],
        -32601
    );
    assert_eq!(
        client
            .call("textDocument/inlineCompletion", json!({}))
            .await["error"]["code"],
        -32602
    );
    assert_eq!(
        client
            .call("workspace/executeCommand", json!({ "command": "rm" }))
            .await["error"]["code"],
        -32602
    );
    assert_eq!(
        client.call("shutdown", Value::Null).await["result"],
        Value::Null
    );
    for method in [
        "textDocument/inlineCompletion",
        "tacit/stats",
        "shutdown",
        "initialize",
    ] {
        assert_eq!(
            client.call(method, at(URI, 0, 0)).await["error"]["code"],
            -32600,
            "{method}"
        );
    }
    client.notify("exit", Value::Null).await;
    assert_eq!(client.ended().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_initialize_that_makes_no_sense_can_be_repeated() {
    let mut client = Client::start(Scripted::echo());
    assert_eq!(
        client
            .call("initialize", json!({ "capabilities": 1 }))
            .await["error"]["code"],
        -32602
    );
    client.initialize(json!({ "capabilities": {} })).await;
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exit_without_shutdown_is_a_failure() {
    let mut early = Client::start(Scripted::echo());
    early.notify("exit", Value::Null).await;
    assert_eq!(early.ended().await, 1);

    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    client.notify("exit", Value::Null).await;
    assert_eq!(client.ended().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_up_frees_everything_within_a_second() {
    let completer = Scripted::hanging();
    let mut client = Client::ready(completer.clone(), json!({ "capabilities": {} })).await;
    client.open(URI, "").await;
    let open = client
        .request("textDocument/inlineCompletion", at(URI, 0, 0))
        .await;
    assert!(client.call("tacit/stats", Value::Null).await["result"].is_object());
    let left = Instant::now();
    client.hang_up();
    assert_eq!(client.response(open).await["error"]["code"], -32800);
    assert_eq!(client.ended().await, 1);
    assert!(
        left.elapsed() < Duration::from_secs(1),
        "{:?}",
        left.elapsed()
    );
    completer.rested().await;

    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    client.call("shutdown", Value::Null).await;
    client.hang_up();
    assert_eq!(client.ended().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_costs_one_request() {
    let completer = Scripted::new(|request| async move {
        match request.snapshot.rope.to_string().as_str() {
            "panic" => panic!("a bug, as the test says"),
            _ => insertion(&request, "fine"),
        }
    });
    let mut client = Client::ready(completer, json!({ "capabilities": {} })).await;
    client.open(URI, "panic").await;
    client.open("file:///b.rs", "well").await;
    for _ in 0..3 {
        let answer = client
            .call("textDocument/inlineCompletion", at(URI, 0, 5))
            .await;
        assert_eq!(answer["error"]["code"], -32603, "{answer}");
        let answer = client.call("textDocument/completion", at(URI, 0, 5)).await;
        assert_eq!(answer["error"]["code"], -32603, "{answer}");
        let answer = client
            .call("textDocument/inlineCompletion", at("file:///b.rs", 0, 4))
            .await;
        assert_eq!(answer["result"]["items"][0]["insertText"], "fine");
    }
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_id_of_a_request_that_panicked_can_be_used_again() {
    let completer = Scripted::new(|request| async move {
        assert_ne!(request.snapshot.version.0, 1, "a bug, as the test says");
        insertion(&request, "fine")
    });
    let mut client = Client::ready(completer, json!({ "capabilities": {} })).await;
    client.open(URI, "").await;
    let message = |params| json!({ "jsonrpc": "2.0", "id": "again", "method": "textDocument/inlineCompletion", "params": params });
    client.send(&message(at(URI, 0, 0))).await;
    client
        .notify("textDocument/didChange", tests::client::insert(URI, 2, "x"))
        .await;
    assert!(client.call("tacit/stats", Value::Null).await["result"].is_object());
    let first = client.response_to("\"again\"").await;
    assert_eq!(first["error"]["code"], -32603, "{first}");
    client.send(&message(at(URI, 0, 0))).await;
    let second = client.response_to("\"again\"").await;
    assert_eq!(
        second["result"]["items"][0]["insertText"], "fine",
        "{second}"
    );
    assert_eq!(client.leave().await, 0);
}
