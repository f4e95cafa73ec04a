//! Byte streams: what is no message is answered as such, and the next good message is served.

use serde_json::{Value, json};
use tests::client::{Client, frame, request};
use tests::completer::Scripted;

/// Bytes that are wrong in some way, and the code of each error they get.
fn mishaps() -> Vec<(&'static str, Vec<u8>, Vec<i64>)> {
    let framed = |body: &[u8]| {
        [
            format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes(),
            body,
        ]
        .concat()
    };
    let nested = format!(
        r#"{{"jsonrpc":"2.0","id":"deep","method":"x","params":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    vec![
        ("bad JSON", framed(b"{\"jsonrpc\":"), vec![-32700]),
        ("JSON and more", framed(b"{} {}"), vec![-32700]),
        (
            "bad UTF-8",
            framed(b"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"\xc3\x28\"}"),
            vec![-32700],
        ),
        (
            "a batch",
            framed(br#"[{"jsonrpc":"2.0","id":"a","method":"tacit/stats"}]"#),
            vec![-32600],
        ),
        ("an empty batch", framed(b"[]"), vec![-32600]),
        ("no message", framed(b"\"text\""), vec![-32600]),
        ("an empty body", framed(b""), vec![-32700]),
        ("deep nesting", framed(nested.as_bytes()), vec![-32700]),
        (
            "no length",
            b"Content-Type: x\r\n\r\n{}".to_vec(),
            vec![-32700],
        ),
        (
            "a negative length",
            b"Content-Length: -2\r\n\r\n{}".to_vec(),
            vec![-32700],
        ),
        (
            "a length in words",
            b"Content-Length: two\r\n\r\n{}".to_vec(),
            vec![-32700],
        ),
        (
            "a huge length",
            b"Content-Length: 123456789012345678901234567890\r\n\r\n{}".to_vec(),
            vec![-32700],
        ),
        (
            "two lengths",
            b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}".to_vec(),
            vec![-32700],
        ),
        (
            "a length too short",
            b"Content-Length: 5\r\n\r\n{\"jsonrpc\":\"2.0\"}".to_vec(),
            vec![-32700, -32700],
        ),
        (
            "garbage",
            b"GET / HTTP/1.1\r\n\r\n\0\xff\xfe".to_vec(),
            vec![-32700],
        ),
        (
            "a response to nobody",
            framed(br#"{"jsonrpc":"2.0","id":77,"result":1}"#),
            vec![],
        ),
        (
            "an error for nobody",
            framed(br#"{"jsonrpc":"2.0","id":null,"error":{}}"#),
            vec![],
        ),
        (
            "an unknown notification",
            framed(br#"{"jsonrpc":"2.0","method":"$/unknown"}"#),
            vec![],
        ),
        (
            "a cancel of nothing",
            framed(br#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":99}}"#),
            vec![],
        ),
        (
            "a cancel of nonsense",
            framed(br#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":[[]]}"#),
            vec![],
        ),
        (
            "a notification with wrong params",
            framed(br#"{"jsonrpc":"2.0","method":"textDocument/didOpen","params":3}"#),
            vec![],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_every_mishap_the_next_message_is_served() {
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    for (name, bytes, codes) in mishaps() {
        client.send_bytes(&bytes).await;
        let stats = client.call("tacit/stats", Value::Null).await;
        assert!(
            stats["result"]["requests"].is_u64(),
            "after {name}: {stats}"
        );
        for code in codes {
            let error = client.anonymous_error().await;
            assert_eq!(
                (&error["id"], error["error"]["code"].as_i64()),
                (&Value::Null, Some(code)),
                "{name}: {error}"
            );
        }
    }
    assert_eq!(client.leave().await, 0);
}

/// A request whose params are so, with an id.
fn with_params(id: &str, method: &str, params: &str) -> Vec<u8> {
    let body = format!(r#"{{"jsonrpc":"2.0",{id}"method":"{method}","params":{params}}}"#);
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Streams that took minutes or gigabytes: each is dealt with in time, and the next good message is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stream_is_worth_more_than_its_length() {
    let objects = format!("[{}0]", "{\"\":0},".repeat(400_000));
    let escapes = format!("\"{}\"", "\\u0041".repeat(1_000_000));
    let nested = |frames: usize| {
        let mut heads = Vec::new();
        let mut length = 0;
        for _ in 0..frames {
            length += 2;
            heads.push(format!("Content-Length: {length}\r\n\r\n{{}}"));
            length += heads.last().map_or(0, String::len) - 2;
        }
        heads.reverse();
        heads.concat().into_bytes()
    };
    // A stream, and the codes of the errors for the id "x" and for none.
    let streams: Vec<(&str, Vec<u8>, Option<i64>, usize)> = vec![
        ("frames in frames", nested(20_000), None, 20_000),
        (
            "names of headers",
            "Content-Length:".repeat(100_000).into_bytes(),
            None,
            1,
        ),
        (
            "a header without an end",
            b"Content-Length: 1".repeat(100_000),
            None,
            1,
        ),
        (
            "objects for nobody",
            with_params("", "$/unknown", &objects),
            None,
            0,
        ),
        (
            "objects for a request",
            with_params("\"id\":\"x\",", "textDocument/completion", &objects),
            Some(-32600),
            0,
        ),
        (
            "objects for a method that is unknown",
            with_params("\"id\":\"x\",", "a", &objects),
            Some(-32600),
            0,
        ),
        (
            "escapes",
            with_params("\"id\":\"x\",", "a", &escapes),
            Some(-32600),
            0,
        ),
        (
            "digits",
            with_params("\"id\":\"x\",", "a", &"9".repeat(1_000_000)),
            None,
            1,
        ),
        (
            "an id that is an object",
            with_params("\"id\":{\"a\":1},", "a", "1"),
            None,
            1,
        ),
        (
            "a request that looks like a notification",
            with_params("\"id\":\"x\",", "$/foo", "{}"),
            Some(-32601),
            0,
        ),
    ];
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    for (name, bytes, code, anonymous) in streams {
        let started = std::time::Instant::now();
        client.send_bytes(&bytes).await;
        // What was announced and is not there ends with this.
        client.send_bytes(b"\r\n").await;
        let stats = client.call("tacit/stats", Value::Null).await;
        assert!(
            stats["result"]["requests"].is_u64(),
            "after {name}: {stats}"
        );
        if let Some(code) = code {
            let answer = client.response_to("\"x\"").await;
            assert_eq!(answer["error"]["code"], code, "{name}: {answer}");
        }
        for _ in 0..anonymous {
            client.anonymous_error().await;
        }
        assert!(
            started.elapsed().as_secs() < 60,
            "{name}: {:?}",
            started.elapsed()
        );
    }
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_may_look_unusual() {
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    for head in [
        "content-length: {}\r\n\r\n",
        "CONTENT-LENGTH:{}\r\n\r\n",
        "Content-Length: {}\n\n",
        "Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: {}\r\nX-Other: 1\r\nX-More: 2\r\n\r\n",
        "\r\nContent-Length: {}\r\nContent-Length: {}\r\n\r\n",
    ] {
        let id = client.next_id();
        let body = request(id, "tacit/stats", Value::Null).to_string();
        let message = head.replace("{}", &body.len().to_string()) + &body;
        client.send_bytes(message.as_bytes()).await;
        assert!(client.response(id).await["result"].is_object(), "{head:?}");
    }
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_that_reaches_into_the_next_message_loses_neither() {
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    let (first, second) = (client.next_id(), client.next_id());
    let body = request(first, "tacit/stats", Value::Null).to_string();
    let mut bytes = format!("Content-Length: {}\r\n\r\n{body}", body.len() + 9).into_bytes();
    bytes.extend(frame(&request(second, "tacit/stats", Value::Null)));
    client.send_bytes(&bytes).await;
    assert!(client.response(first).await["result"].is_object());
    assert!(client.response(second).await["result"].is_object());
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_arrive_byte_by_byte_and_in_heaps() {
    // Pipes of one byte: every message is split at every boundary, in both directions.
    let mut client = Client::start_with(1, None, Scripted::echo());
    client.initialize(json!({ "capabilities": {} })).await;
    assert!(client.call("tacit/stats", Value::Null).await["result"].is_object());
    assert_eq!(client.leave().await, 0);

    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    let ids: Vec<usize> = (0..100).map(|_| client.next_id()).collect();
    let heap: Vec<u8> = ids
        .iter()
        .flat_map(|&id| frame(&request(id, "tacit/stats", Value::Null)))
        .collect();
    client.send_bytes(&heap).await;
    for id in ids {
        assert!(client.response(id).await["result"].is_object());
    }
    assert_eq!(client.leave().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_above_the_limit_is_skipped() {
    let mut client = Client::ready(Scripted::echo(), json!({ "capabilities": {} })).await;
    let length = 64 * 1024 * 1024 + 1;
    client
        .send_bytes(format!("Content-Length: {length}\r\n\r\n").as_bytes())
        .await;
    let chunk = [b' '; 64 * 1024];
    for _ in 0..length / chunk.len() {
        client.send_bytes(&chunk).await;
    }
    client.send_bytes(&chunk[..length % chunk.len()]).await;
    assert!(client.call("tacit/stats", Value::Null).await["result"].is_object());
    assert_eq!(client.anonymous_error().await["error"]["code"], -32700);
    assert_eq!(client.leave().await, 0);
}
