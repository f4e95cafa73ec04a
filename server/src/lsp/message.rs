//! Message bodies to JSON-RPC and back. Pure.
//!
//! Every body becomes exactly one [`Incoming`]: what can't be understood becomes the error that the client is told. However it is made,
//! reading it takes a time that grows as its length does, and not much more memory than its text.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};

use super::framing;
use super::tree::{Budget, Within};

/// Methods that take no params. The router would refuse the `{}` that many clients send with them.
const WITHOUT_PARAMS: &[&str] = &["shutdown", "exit", "tacit/stats"];

/// Methods whose messages carry the text of documents. The bodies of all others are small.
const WITH_TEXT: &[&str] = &[
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didSave",
    "notebookDocument/didOpen",
    "notebookDocument/didChange",
];

/// Bytes of a body without the text of documents. The longest that editors send are lists of diagnostics, with some hundred kilobytes.
const MAX_PLAIN_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of memory for the values of a message beside the text of its strings: some 10,000 edits, or 5,000 diagnostics. So many edits keep
/// the message loop for as long as it may be kept.
const MAX_TREE_BYTES: usize = 40 * 1024 * 1024;

/// Bytes of an id, which is repeated in the answer.
const MAX_ID_BYTES: usize = 1024;

/// What a client sent.
#[derive(Debug, PartialEq)]
pub enum Incoming {
    /// A request or a notification.
    Request(Request),
    /// The answer to a request of ours.
    Response(Response),
    /// Not to be understood; this is the answer.
    Malformed(Response),
    /// A notification that is larger than any with a meaning.
    Oversized,
}

/// Reads one body. The second value is how many bytes of it belong to the message: fewer than all only where the client
/// announced a length that reaches into the next frame.
pub fn parse(body: &[u8]) -> (Incoming, usize) {
    // serde_json refuses bodies nested deeper than 128 levels, so none overflows the stack.
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Body>();
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
    // Only the beginning of the rest is looked at: it may hold many frames, each of which is the rest of another.
    let rest = body[end..].trim_ascii_start();
    if rest.is_empty() {
        (classify(value, body), body.len())
    } else if framing::begins_frame(rest) {
        (classify(value, &body[..end]), end)
    } else {
        let error = refusal(
            ErrorCode::ParseError,
            "The message goes on behind the end of its JSON.",
        );
        (malformed(Id::Null, error), body.len())
    }
}

/// The JSON value of a body.
enum Body {
    Object(Members),
    Array,
    Other,
}

/// The members that mean something; of one that comes twice, the last.
#[derive(Default)]
struct Members {
    jsonrpc: Option<Value>,
    id: Option<Value>,
    method: Option<Value>,
    params: Option<Value>,
    result: Option<Value>,
    error: Option<Value>,
    /// Some of it was left out, because it would have taken too much memory.
    is_too_rich: bool,
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Body, A::Error> {
        let budget = Budget::new(MAX_TREE_BYTES);
        let mut members = Members::default();
        while let Some(name) = object.next_key::<String>()? {
            let member = match name.as_str() {
                "jsonrpc" => &mut members.jsonrpc,
                "id" => &mut members.id,
                "method" => &mut members.method,
                "params" => &mut members.params,
                "result" => &mut members.result,
                "error" => &mut members.error,
                _ => {
                    object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *member = Some(object.next_value_seed(Within(&budget))?);
        }
        members.is_too_rich = budget.is_exceeded();
        Ok(Body::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Body, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Body::Array)
    }

    fn visit_unit<E>(self) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Body, E> {
        Ok(Body::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Body, E> {
        Ok(Body::Other)
    }
}

/// `text` is what the value was read from.
fn classify(value: Body, text: &[u8]) -> Incoming {
    let members = match value {
        Body::Object(members) => members,
        Body::Array => {
            let text = "Batches are no part of the Language Server Protocol: send each message in a frame of its own.";
            return malformed(Id::Null, refusal(ErrorCode::InvalidRequest, text));
        }
        Body::Other => {
            return malformed(
                Id::Null,
                refusal(
                    ErrorCode::InvalidRequest,
                    "A message has to be a JSON object.",
                ),
            );
        }
    };
    let id = match members.id.map(read_id) {
        None => None,
        Some(Some(id)) => Some(id),
        Some(None) => {
            let text = "The id of a message has to be an integer or a short string.";
            return malformed(Id::Null, refusal(ErrorCode::InvalidRequest, text));
        }
    };
    let is_version_2 = members.jsonrpc.as_ref().and_then(Value::as_str) == Some("2.0");
    match (members.method, id) {
        (Some(Value::String(method)), id) if is_version_2 => {
            let has_text = WITH_TEXT.contains(&method.as_str());
            if members.is_too_rich || (text.len() > MAX_PLAIN_BYTES && !has_text) {
                return oversized(&method, id, text);
            }
            let params = members
                .params
                .filter(|_| !WITHOUT_PARAMS.contains(&method.as_str()));
            match id {
                // The router answers no request of such a name that it does not know, as if it were a notification.
                Some(id) if method.starts_with("$/") => malformed(id, Error::method_not_found()),
                id => Incoming::Request(request(method, id, params)),
            }
        }
        (None, Some(id)) if members.result.is_some() || members.error.is_some() => {
            if members.is_too_rich || text.len() > MAX_PLAIN_BYTES {
                let text = "The answer is too large.";
                let error = refusal(ErrorCode::InvalidRequest, text);
                return Incoming::Response(Response::from_error(id, error));
            }
            Incoming::Response(match members.error {
                Some(error) if !error.is_null() => Response::from_error(id, read_error(&error)),
                _ => Response::from_ok(id, members.result.unwrap_or(Value::Null)),
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

fn request(method: String, id: Option<Id>, params: Option<Value>) -> Request {
    let mut request = Request::build(method);
    if let Some(params) = params {
        request = request.params(params);
    }
    if let Some(id) = id {
        request = request.id(id);
    }
    request.finish()
}

/// A request is refused. Of a change that is not looked at, the document is: what is known of its text is wrong from now on.
fn oversized(method: &str, id: Option<Id>, text: &[u8]) -> Incoming {
    if let Some(id) = id {
        let text = "The message is larger than any that means something, and was not looked at.";
        return malformed(id, refusal(ErrorCode::InvalidRequest, text));
    }
    let changed = match method {
        "textDocument/didOpen" | "textDocument/didChange" => "textDocument",
        "notebookDocument/didOpen" | "notebookDocument/didChange" => "notebookDocument",
        _ => return Incoming::Oversized,
    };
    let uri = serde_json::from_slice::<Named>(text).map(|named| named.params.uri());
    let Ok(Some(uri)) = uri else {
        return Incoming::Oversized;
    };
    let method = format!("{changed}/didChange");
    let params = json!({ changed: { "uri": uri } });
    Incoming::Request(request(method, None, Some(params)))
}

/// Of a message, only the document that it is about.
#[derive(Deserialize)]
struct Named {
    params: NamedParams,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NamedParams {
    text_document: Option<NamedDocument>,
    notebook_document: Option<NamedDocument>,
}

#[derive(Deserialize)]
struct NamedDocument {
    uri: String,
}

impl NamedParams {
    fn uri(self) -> Option<String> {
        Some(self.text_document.or(self.notebook_document)?.uri)
    }
}

fn read_id(value: Value) -> Option<Id> {
    match value {
        Value::Number(number) => number.as_i64().map(Id::Number),
        Value::String(text) if text.len() <= MAX_ID_BYTES => Some(Id::String(text)),
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

    /// A body as the client would send it.
    fn body(id: &str, method: &str, params: &str) -> Vec<u8> {
        format!(r#"{{"jsonrpc":"2.0",{id}"method":"{method}","params":{params}}}"#).into_bytes()
    }

    #[test]
    fn what_would_fill_the_memory_is_answered_and_not_read() {
        let objects = format!("[{}0]", "{\"\":0},".repeat(500_000));
        let numbers = format!("[{}0]", "0,".repeat(1_000_000));
        let text = format!("\"{}\"", "\\n".repeat(3_000_000));
        for params in [&objects, &numbers, &text] {
            let beginning = &params[..12];
            let request = parse(&body("\"id\":7,", "textDocument/completion", params)).0;
            let Incoming::Malformed(answer) = request else {
                panic!("{beginning}: {request:?}");
            };
            assert_eq!(answer.id(), &Id::Number(7));
            assert_eq!(
                answer.error().map(|error| error.code),
                Some(ErrorCode::InvalidRequest)
            );
            let unknown = parse(&body("", "$/unknown", params)).0;
            assert_eq!(unknown, Incoming::Oversized, "{beginning}");
            let response = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{params}}}"#);
            let Incoming::Response(response) = parse(response.as_bytes()).0 else {
                panic!("{beginning}");
            };
            assert!(response.is_error(), "{beginning}");
        }
    }

    #[test]
    fn a_change_that_is_too_large_says_at_least_of_what() {
        let edit = r#"{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":0}},"text":"a"},"#;
        let edits = format!("[{}]", edit.repeat(30_000).trim_end_matches(','));
        let uri = r#"{"uri":"file:///a","version":2}"#;
        for (method, params, reduced) in [
            (
                "textDocument/didChange",
                format!(r#"{{"textDocument":{uri},"contentChanges":{edits}}}"#),
                json!({ "textDocument": { "uri": "file:///a" } }),
            ),
            (
                "textDocument/didChange",
                format!(r#"{{"contentChanges":{edits},"textDocument":{uri}}}"#),
                json!({ "textDocument": { "uri": "file:///a" } }),
            ),
            (
                "notebookDocument/didChange",
                format!(
                    r#"{{"notebookDocument":{uri},"change":{{"cells":{{"textContent":[{{"changes":{edits}}}]}}}}}}"#
                ),
                json!({ "notebookDocument": { "uri": "file:///a" } }),
            ),
        ] {
            let expected = request(method.to_owned(), None, Some(reduced));
            assert_eq!(
                parse(&body("", method, &params)).0,
                Incoming::Request(expected)
            );
        }
    }

    #[test]
    fn texts_and_edits_that_people_make_are_read() {
        let text = json!("line\n".repeat(2_000_000)).to_string();
        let open = format!(r#"{{"textDocument":{{"uri":"file:///a","text":{text}}}}}"#);
        let Incoming::Request(open) = parse(&body("", "textDocument/didOpen", &open)).0 else {
            panic!();
        };
        let read = open
            .params()
            .and_then(|params| params.pointer("/textDocument/text"));
        assert_eq!(read.and_then(Value::as_str).map(str::len), Some(10_000_000));
        let edit = r#"{"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":0}},"text":"a"}"#;
        let edits = vec![edit; 9_000].join(",");
        let change =
            format!(r#"{{"textDocument":{{"uri":"file:///a"}},"contentChanges":[{edits}]}}"#);
        let Incoming::Request(change) = parse(&body("", "textDocument/didChange", &change)).0
        else {
            panic!();
        };
        let read = change
            .params()
            .and_then(|params| params.get("contentChanges"));
        assert_eq!(read.and_then(Value::as_array).map(Vec::len), Some(9_000));
    }

    #[test]
    fn odd_members_get_one_answer() {
        let long = "x".repeat(2_000);
        let digits = "9".repeat(1_000_000);
        let table = [
            (
                r#""id":{"a":[1]},"#.to_owned(),
                "a",
                "1".to_owned(),
                -32600,
                Id::Null,
            ),
            (
                r#""id":[1],"#.to_owned(),
                "a",
                "1".to_owned(),
                -32600,
                Id::Null,
            ),
            (
                format!(r#""id":"{long}","#),
                "a",
                "1".to_owned(),
                -32600,
                Id::Null,
            ),
            (
                format!(r#""id":{digits},"#),
                "a",
                "1".to_owned(),
                -32700,
                Id::Null,
            ),
            (
                r#""id":1,"#.to_owned(),
                "a",
                digits.clone(),
                -32700,
                Id::Null,
            ),
            (
                r#""id":1,"#.to_owned(),
                "$/unknown",
                "{}".to_owned(),
                -32601,
                Id::Number(1),
            ),
            (
                r#""id":"a","#.to_owned(),
                "$/cancelRequest",
                r#"{"id":1}"#.to_owned(),
                -32601,
                Id::String("a".into()),
            ),
        ];
        for (id, method, params, code, answered) in table {
            let body = body(&id, method, &params);
            assert_eq!(
                error_of(&body),
                (code, answered),
                "{}",
                &id[..id.len().min(20)]
            );
        }
        // Of a member that stands twice, the last counts.
        let twice = br#"{"jsonrpc":"1.0","id":1,"id":2,"method":"a","method":"b","jsonrpc":"2.0"}"#;
        let last = request("b".to_owned(), Some(Id::Number(2)), None);
        assert_eq!(parse(twice).0, Incoming::Request(last));
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
