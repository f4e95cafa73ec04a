//! Message bodies to JSON-RPC and back. Pure.
//!
//! Every body becomes exactly one [`Incoming`]: what can't be understood becomes the error that the client is told.

use serde_json::Value;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};

use super::framing;

/// Methods that take no params. The router would refuse the `{}` that many clients send with them.
const WITHOUT_PARAMS: &[&str] = &["shutdown", "exit", "tacit/stats"];

/// What a client sent.
#[derive(Debug, PartialEq)]
pub enum Incoming {
    /// A request or a notification.
    Request(Request),
    /// The answer to a request of ours.
    Response(Response),
    /// Not to be understood; this is the answer.
    Malformed(Response),
}

/// Reads one body. The second value is how many bytes of it belong to the message: fewer than all only where the client
/// announced a length that reaches into the next frame.
pub fn parse(body: &[u8]) -> (Incoming, usize) {
    // serde_json refuses bodies nested deeper than 128 levels, so none overflows the stack.
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    let value = match values.next() {
        Some(Ok(value)) => value,
        Some(Err(error)) => return (malformed(Id::Null, parse_error(&error)), body.len()),
        None => {
            return (
                malformed(
                    Id::Null,
                    refusal(ErrorCode::ParseError, "The message is empty."),
                ),
                body.len(),
            );
        }
    };
    let end = values.byte_offset();
    let rest = &body[end..];
    if rest.trim_ascii().is_empty() {
        (classify(value), body.len())
    } else if framing::begins_frame(rest) {
        (classify(value), end)
    } else {
        let error = refusal(
            ErrorCode::ParseError,
            "The message goes on behind the end of its JSON.",
        );
        (malformed(Id::Null, error), body.len())
    }
}

fn classify(value: Value) -> Incoming {
    let mut message = match value {
        Value::Object(message) => message,
        Value::Array(_) => {
            let text = "Batches are no part of the Language Server Protocol: send each message in a frame of its own.";
            return malformed(Id::Null, refusal(ErrorCode::InvalidRequest, text));
        }
        _ => {
            return malformed(
                Id::Null,
                refusal(
                    ErrorCode::InvalidRequest,
                    "A message has to be a JSON object.",
                ),
            );
        }
    };
    let id = match message.remove("id").map(read_id) {
        None => None,
        Some(Some(id)) => Some(id),
        Some(None) => {
            let text = "The id of a message has to be an integer or a string.";
            return malformed(Id::Null, refusal(ErrorCode::InvalidRequest, text));
        }
    };
    let is_version_2 = message.get("jsonrpc").and_then(Value::as_str) == Some("2.0");
    match (message.remove("method"), id) {
        (Some(Value::String(method)), id) if is_version_2 => {
            let params = message
                .remove("params")
                .filter(|_| !WITHOUT_PARAMS.contains(&method.as_str()));
            let mut request = Request::build(method);
            if let Some(params) = params {
                request = request.params(params);
            }
            if let Some(id) = id {
                request = request.id(id);
            }
            Incoming::Request(request.finish())
        }
        (None, Some(id)) if message.contains_key("result") || message.contains_key("error") => {
            Incoming::Response(match message.remove("error") {
                Some(error) if !error.is_null() => Response::from_error(id, read_error(&error)),
                _ => Response::from_ok(id, message.remove("result").unwrap_or(Value::Null)),
            })
        }
        (_, id) => {
            let text = "The message is no JSON-RPC 2.0 request, notification or response.";
            malformed(
                id.unwrap_or(Id::Null),
                refusal(ErrorCode::InvalidRequest, text),
            )
        }
    }
}

fn read_id(value: Value) -> Option<Id> {
    match value {
        Value::Number(number) => number.as_i64().map(Id::Number),
        Value::String(text) => Some(Id::String(text)),
        Value::Null => Some(Id::Null),
        _ => None,
    }
}

/// An error that a client answered with, as far as it can be read: clients put more and less into it than they should.
fn read_error(error: &Value) -> Error {
    let code = error
        .get("code")
        .and_then(Value::as_i64)
        .map_or(ErrorCode::InternalError, ErrorCode::from);
    let message = error
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    Error {
        code,
        message: message.into(),
        data: None,
    }
}

/// Names the place and the kind of the mistake, never the text.
fn parse_error(error: &serde_json::Error) -> Error {
    let text = format!(
        "The message is not valid JSON (line {}, column {}).",
        error.line(),
        error.column()
    );
    Error {
        code: ErrorCode::ParseError,
        message: text.into(),
        data: None,
    }
}

/// The answer to what the client sent wrongly.
pub fn malformed(id: Id, error: Error) -> Incoming {
    Incoming::Malformed(Response::from_error(id, error))
}

pub fn refusal(code: ErrorCode, message: &'static str) -> Error {
    Error {
        code,
        message: message.into(),
        data: None,
    }
}

/// A message with its header, ready to be written.
pub fn frame<M: serde::Serialize>(message: &M) -> serde_json::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    frame.extend_from_slice(&body);
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(body: &[u8]) -> (i64, Id) {
        match parse(body).0 {
            Incoming::Malformed(response) => (
                response.error().map_or(0, |error| error.code.code()),
                response.id().clone(),
            ),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_no_message_is_answered_with_the_right_error() {
        let deep = "[".repeat(10_000);
        let deep_message = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{deep}{}}}"#,
            "]".repeat(10_000)
        );
        let table: &[(&[u8], i64, Id)] = &[
            (b"", -32700, Id::Null),
            (b"  ", -32700, Id::Null),
            (b"{", -32700, Id::Null),
            (
                b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\xfe\"}",
                -32700,
                Id::Null,
            ),
            (
                b"{\"jsonrpc\":\"2.0\",\"method\":\"a\"} x",
                -32700,
                Id::Null,
            ),
            (deep.as_bytes(), -32700, Id::Null),
            (deep_message.as_bytes(), -32700, Id::Null),
            (b"[]", -32600, Id::Null),
            (
                br#"[{"jsonrpc":"2.0","id":1,"method":"a"}]"#,
                -32600,
                Id::Null,
            ),
            (b"1", -32600, Id::Null),
            (b"null", -32600, Id::Null),
            (b"{}", -32600, Id::Null),
            (br#"{"jsonrpc":"2.0","id":7}"#, -32600, Id::Number(7)),
            (
                br#"{"jsonrpc":"1.0","id":7,"method":"a"}"#,
                -32600,
                Id::Number(7),
            ),
            (
                br#"{"jsonrpc":"2.0","id":"x","method":1}"#,
                -32600,
                Id::String("x".into()),
            ),
            (
                br#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#,
                -32600,
                Id::Null,
            ),
            (
                br#"{"jsonrpc":"2.0","id":{},"method":"a"}"#,
                -32600,
                Id::Null,
            ),
        ];
        for (body, code, id) in table {
            let shown = String::from_utf8_lossy(&body[..body.len().min(80)]);
            assert_eq!(error_of(body), (*code, id.clone()), "{shown}");
        }
    }

    #[test]
    fn answers_of_sloppy_clients_are_read() {
        let (both, _) =
            parse(br#"{"id":1,"result":null,"error":{"code":-32601,"message":"no","extra":true}}"#);
        let Incoming::Response(response) = both else {
            panic!("{both:?}")
        };
        assert_eq!(
            response.error().map(|error| error.code),
            Some(ErrorCode::MethodNotFound)
        );
        let (null, _) = parse(br#"{"jsonrpc":"2.0","id":"a","result":null,"error":null}"#);
        assert_eq!(
            null,
            Incoming::Response(Response::from_ok(Id::String("a".into()), Value::Null))
        );
    }

    #[test]
    fn a_length_that_reaches_into_the_next_frame_costs_nothing() {
        let message = br#"{"jsonrpc":"2.0","method":"a"}"#;
        for tail in ["C", "content-len", "\r\nContent-Length: 12\r\n\r\n{}"] {
            let body = [message, tail.as_bytes()].concat();
            assert_eq!(
                parse(&body),
                (
                    Incoming::Request(Request::build("a").finish()),
                    message.len()
                ),
                "{tail}"
            );
        }
    }
}
