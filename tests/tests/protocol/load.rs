//! Many requests at once, cancelled, replaced, never answered; and clients that do not read.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::client::{Client, PATIENCE, at, frame, insert, request};
use tests::completer::{Scripted, insertion};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hung_requests_keep_nothing_else_waiting() {
    for hung in [4, 64, 1000] {
        let completer = Scripted::hanging();
        let mut client = Client::ready(completer.clone(), json!({ "capabilities": {} })).await;
        let mut open = Vec::new();
        for number in 0..hung {
            let uri = format!("file:///{number}.rs");
            client.open(&uri, "").await;
            open.push(
                client
                    .request("textDocument/inlineCompletion", at(&uri, 0, 0))
                    .await,
            );
        }
        let asked = Instant::now();
        client
            .notify("textDocument/didChange", insert("file:///0.rs", 2, "x"))
            .await;
        assert!(client.call("tacit/stats", Value::Null).await["result"].is_object());
        client
            .notify("$/cancelRequest", json!({ "id": open[0] }))
            .await;
        assert_eq!(client.response(open[0]).await["error"]["code"], -32800);
        // The server's own part is far below 50 ms; the rest is the machine that runs the tests.
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "{hung} hung: {:?}",
            asked.elapsed()
        );
        for &id in &open[1..] {
            client.notify("$/cancelRequest", json!({ "id": id })).await;
            assert_eq!(client.response(id).await["error"]["code"], -32800);
        }
        assert_eq!(client.leave().await, 0);
        assert_eq!(completer.running(), 0, "a cancelled request is dropped");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_at_any_time_gives_one_answer() {
    let completer = Scripted::new(|request| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        insertion(&request, "done")
    });
    let mut client = Client::ready(completer.clone(), json!({ "capabilities": {} })).await;
    let uri = "file:///a.rs";
    client.open(uri, "").await;
    let cancel = |id: usize| json!({ "id": id });

    // Before it starts: the client names an id that comes later.
    let early = client.next_id();
    client.notify("$/cancelRequest", cancel(early)).await;
    client
        .send(&request(
            early,
            "textDocument/inlineCompletion",
            at(uri, 0, 0),
        ))
        .await;
    assert_eq!(
        client.response(early).await["result"]["items"][0]["insertText"],
        "done"
    );
    // After it is done, and an id that never was.
    client.notify("$/cancelRequest", cancel(early)).await;
    client.notify("$/cancelRequest", cancel(123_456)).await;
    // In the middle, twice, at different moments.
    for wait in [0, 1, 5, 10, 19, 20, 21] {
        let id = client
            .request("textDocument/inlineCompletion", at(uri, 0, 0))
            .await;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        client.notify("$/cancelRequest", cancel(id)).await;
        client.notify("$/cancelRequest", cancel(id)).await;
        let answer = client.response(id).await;
        assert!(
            answer["error"]["code"] == -32800
                || answer["result"]["items"][0]["insertText"] == "done",
            "{answer}"
        );
    }
    assert_eq!(client.leave().await, 0);
    completer.rested().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_scripts_get_one_answer_for_each_request() {
    for seed in 1..=20u64 {
        let completer = Scripted::new(|request| async move {
            tokio::time::sleep(Duration::from_micros(request.cursor as u64 * 300)).await;
            assert_ne!(request.cursor, 9, "a bug, as the test says");
            insertion(&request, "text")
        });
        let mut client = Client::ready(completer.clone(), json!({ "capabilities": {} })).await;
        let uris = ["file:///a.rs", "file:///b.py", "untitled:c"];
        let mut state = seed;
        // A linear congruential generator (Knuth's MMIX constants): the same scripts in every run.
        let mut random = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut last = 0;
        for version in 0..150 {
            let uri = uris[random(3) as usize];
            match random(8) {
                0 => client.open(uri, "0123456789").await,
                1 => {
                    client
                        .notify("textDocument/didChange", insert(uri, version, "x"))
                        .await
                }
                2 => {
                    client
                        .notify(
                            "textDocument/didClose",
                            json!({ "textDocument": { "uri": uri } }),
                        )
                        .await
                }
                3 => {
                    client
                        .notify("$/cancelRequest", json!({ "id": last }))
                        .await
                }
                4 => {
                    last = client
                        .request("textDocument/completion", at(uri, 0, random(12) as u32))
                        .await
                }
                5 => last = client.request("unknown/method", Value::Null).await,
                _ => {
                    last = client
                        .request(
                            "textDocument/inlineCompletion",
                            at(uri, 0, random(12) as u32),
                        )
                        .await
                }
            }
        }
        assert_eq!(client.leave().await, 0, "seed {seed}");
        completer.rested().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_waited_for_without_growing() {
    let answer_bytes = 100 * 1024;
    let text = "x".repeat(answer_bytes);
    let completer = Scripted::new(move |request| {
        let text = text.clone();
        async move { insertion(&request, &text) }
    });
    let mut client = Client::ready(completer, json!({ "capabilities": {} })).await;
    let uri = "file:///a.rs";
    client.open(uri, "").await;
    client
        .call("textDocument/inlineCompletion", at(uri, 0, 0))
        .await;

    // Each request is answered with 100 KB: all of them together with 100 MB.
    client.read(false);
    let ids: Vec<usize> = (0..1000).map(|_| client.next_id()).collect();
    let explain = json!({ "textDocument": { "uri": uri } });
    // Long enough that those which the server does not read do not fit into the pipe either.
    let padding = "p".repeat(2000);
    let messages: Vec<Vec<u8>> = ids
        .iter()
        .map(|&id| {
            let mut message = request(id, "tacit/explain", explain.clone());
            message["padding"] = json!(padding);
            frame(&message)
        })
        .collect();
    let stream: Vec<u8> = messages.concat();
    let sent = client.try_send(&stream, Duration::from_millis(1500)).await;
    let taken = sent / messages[0].len();
    // 16 MiB of answers, and what the pipe and the queue of parsed messages hold.
    assert!(
        (160..400).contains(&taken),
        "the server took {taken} requests of a client that does not read"
    );

    client.read(true);
    client.send_bytes(&stream[sent..]).await;
    for id in ids {
        assert_eq!(
            client.response(id).await["result"]["text"]
                .as_str()
                .map(str::len),
            Some(answer_bytes)
        );
    }
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_request_replaces_the_older_without_a_cancel() {
    let completer = Scripted::new(|request| async move {
        if request.snapshot.version.0 < 4 {
            std::future::pending::<()>().await;
        }
        insertion(&request, "newest")
    });
    let mut client = Client::ready(completer.clone(), json!({ "capabilities": {} })).await;
    let (uri, other) = ("file:///a.rs", "file:///b.rs");
    client.open(uri, "").await;
    client.open(other, "").await;
    let elsewhere = client
        .request("textDocument/inlineCompletion", at(other, 0, 0))
        .await;
    let list = client
        .request("textDocument/completion", at(uri, 0, 0))
        .await;
    let mut replaced = Vec::new();
    for version in 2..=3 {
        client
            .notify("textDocument/didChange", insert(uri, version, "x"))
            .await;
        replaced.push(
            client
                .request("textDocument/inlineCompletion", at(uri, 0, 0))
                .await,
        );
    }
    let older = client.response(replaced[0]).await;
    assert_eq!(
        older["result"]["items"],
        json!([]),
        "an empty list, not an error: {older}"
    );
    assert!(!client.is_answered(replaced[1]));
    client
        .notify("textDocument/didChange", insert(uri, 4, "x"))
        .await;
    let newest = client
        .call("textDocument/inlineCompletion", at(uri, 0, 0))
        .await;
    assert_eq!(newest["result"]["items"][0]["insertText"], "newest");
    assert_eq!(
        client.response(replaced[1]).await["result"]["items"],
        json!([])
    );
    // Neither the other document's nor the menu's request was replaced.
    assert!(!client.is_answered(elsewhere) && !client.is_answered(list));
    let gone = async {
        while completer.running() > 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone)
        .await
        .expect("replaced requests stop working");
    assert_eq!(client.leave().await, 0);
}
