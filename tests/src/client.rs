//! A client in memory that speaks the protocol to a server in the same process, and counts: every request has to be
//! answered exactly once.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tacit::completion::Complete;
use tacit::config::Settings;
use tacit::engine::Engine;
use tacit::engine::local::{LocalEngine, LocalSettings};
use tacit::engine::toy::{ToyLoader, ToySettings};
use tacit::lsp::Services;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// How long a test waits for what has to come.
/// Long, because the real model may have to share a small machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The client's end.
pub struct Client {
    input: Option<DuplexStream>,
    received: Arc<Received>,
    server: JoinHandle<i32>,
    reading: watch::Sender<bool>,
    answering: watch::Sender<bool>,
    asked: usize,
    /// Requests up to this one have been answered, and their answers are forgotten.
    settled: usize,
    /// The server's process, where it is another one.
    server_pid: Option<u32>,
    settings: Arc<Mutex<Option<watch::Receiver<Arc<Settings>>>>>,
}

#[derive(Default)]
struct Received {
    messages: Mutex<Messages>,
    arrived: Notify,
}

#[derive(Default)]
struct Messages {
    /// By id as JSON text; `null` for errors about what could not be read.
    responses: HashMap<String, Vec<Value>>,
    notifications: VecDeque<Value>,
    requests: VecDeque<Value>,
    /// What to answer to the server's requests, by method; null where nothing stands here.
    answers: HashMap<String, Value>,
}

impl Received {
    fn lock(&self) -> MutexGuard<'_, Messages> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `take` finds what it looks for.
    async fn wait<T>(&self, what: &str, mut take: impl FnMut(&mut Messages) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let arrived = self.arrived.notified();
                tokio::pin!(arrived);
                arrived.as_mut().enable();
                if let Some(found) = take(&mut self.lock()) {
                    return found;
                }
                arrived.await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, waiting).await;
        found.unwrap_or_else(|_| panic!("waited in vain for {what}"))
    }
}

impl Client {
    /// Starts a server with this completer.
    pub fn start(completer: Arc<dyn Complete>) -> Self {
        Self::start_with(64 * 1024, None, completer)
    }

    /// The same with pipes that hold so many bytes, and with this file for the user's `tacit.toml`.
    pub fn start_with(
        capacity: usize,
        user_file: Option<PathBuf>,
        completer: Arc<dyn Complete>,
    ) -> Self {
        let toy = Box::new(ToyLoader(ToySettings::default()));
        let actions = LocalEngine::start(toy, LocalSettings::default());
        let actions = Arc::new(actions.expect("the toy starts"));
        Self::start_with_engine(capacity, user_file, completer, actions)
    }

    /// The same with an engine for code actions; otherwise the toy does them.
    pub fn start_with_engine(
        capacity: usize,
        user_file: Option<PathBuf>,
        completer: Arc<dyn Complete>,
        actions: Arc<dyn Engine>,
    ) -> Self {
        let (input, server_input) = tokio::io::duplex(capacity);
        let (server_output, output) = tokio::io::duplex(capacity);
        let settings = Arc::<Mutex<_>>::default();
        let slot = settings.clone();
        let server = tokio::spawn(tacit::lsp::serve(
            server_input,
            server_output,
            user_file,
            Box::new(move |receiver, _workspace| {
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(receiver);
                Services { completer, actions }
            }),
        ));
        Self::connected(input, output, server, settings)
    }

    fn connected(
        input: DuplexStream,
        output: DuplexStream,
        server: JoinHandle<i32>,
        settings: Arc<Mutex<Option<watch::Receiver<Arc<Settings>>>>>,
    ) -> Self {
        let received = Arc::<Received>::default();
        let (reading, may_read) = watch::channel(true);
        tokio::spawn(read(output, received.clone(), may_read));
        let answering = watch::Sender::new(true);
        Self {
            input: Some(input),
            received,
            server,
            reading,
            answering,
            asked: 0,
            settled: 0,
            server_pid: None,
            settings,
        }
    }

    /// Starts a server process with these arguments and this environment beside our own, and talks to its standard streams.
    /// Its standard error goes to `log`.
    pub fn spawn(arguments: &[&str], environment: &[(&str, &Path)], log: std::fs::File) -> Self {
        let mut process = tokio::process::Command::new(crate::tacit_binary())
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let server_pid = process.id();
        let mut stdin = process.stdin.take().expect("piped");
        let mut stdout = process.stdout.take().expect("piped");
        let (input, mut server_input) = tokio::io::duplex(64 * 1024);
        let (mut server_output, output) = tokio::io::duplex(64 * 1024);
        tokio::spawn(async move { tokio::io::copy(&mut server_input, &mut stdin).await });
        let server = tokio::spawn(async move {
            let _ = tokio::io::copy(&mut stdout, &mut server_output).await;
            let status = process.wait().await.expect("the process can be waited for");
            status.code().unwrap_or(-1)
        });
        Self {
            server_pid,
            ..Self::connected(input, output, server, Arc::default())
        }
    }

    /// Of a server that was spawned.
    pub fn server_pid(&self) -> Option<u32> {
        self.server_pid
    }

    /// Checks and forgets the answers up to the first that is missing, and all notifications, so that a long session does not fill
    /// the memory. What is asked for with [`Client::response`] must not have been settled.
    pub fn settle(&mut self) {
        let mut messages = self.received.lock();
        messages.notifications.clear();
        // The newest answer stays, so that it can still be asked for.
        while self.settled + 1 < self.asked {
            let id = (self.settled + 1).to_string();
            let Some(answers) = messages.responses.remove(&id) else {
                break;
            };
            assert_eq!(answers.len(), 1, "request {id} was answered more than once");
            self.settled += 1;
        }
    }

    /// Started, `initialize`d with these capabilities and options, and `initialized`.
    pub async fn ready(completer: Arc<dyn Complete>, params: Value) -> Self {
        let mut client = Self::start(completer);
        client.initialize(params).await;
        client
    }

    pub async fn initialize(&mut self, params: Value) -> Value {
        let result = self.call("initialize", params).await;
        assert!(result.get("result").is_some(), "{result}");
        self.notify("initialized", json!({})).await;
        result["result"].clone()
    }

    /// What the completer sees of the settings.
    pub fn settings(&self) -> Arc<Settings> {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        settings.as_ref().expect("initialized").borrow().clone()
    }

    /// Waits until the settings are so.
    pub async fn settings_when(&self, are_so: impl Fn(&Settings) -> bool) {
        let waiting = async {
            while !are_so(&self.settings()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("the settings change");
    }

    /// Stops or resumes reading what the server writes.
    pub fn read(&self, reading: bool) {
        self.reading.send_replace(reading);
    }

    /// Whether requests of the server are answered.
    pub fn answer(&self, answering: bool) {
        self.answering.send_replace(answering);
    }

    pub fn answer_with(&self, method: &str, answer: Value) {
        self.received
            .lock()
            .answers
            .insert(method.to_owned(), answer);
    }

    /// Writes bytes as they are. Fails the test if the server does not take them in time.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.answer_requests().await;
        self.write(bytes).await;
    }

    async fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the input is open");
        let written = tokio::time::timeout(PATIENCE, input.write_all(bytes)).await;
        written
            .expect("the server reads")
            .expect("the server lives");
    }

    /// Whether all bytes are taken before `limit`; if not, some of them may be.
    pub async fn try_send(&mut self, bytes: &[u8], limit: Duration) -> usize {
        let input = self.input.as_mut().expect("the input is open");
        let mut sent = 0;
        let sending = async {
            while sent < bytes.len() {
                sent += input.write(&bytes[sent..]).await.expect("the server lives");
            }
        };
        let _ = tokio::time::timeout(limit, sending).await;
        sent
    }

    pub async fn send(&mut self, message: &Value) {
        self.send_bytes(&frame(message)).await;
    }

    pub async fn notify(&mut self, method: &str, params: Value) {
        self.send(&notification(method, params)).await;
    }

    /// Sends a request and returns its id.
    pub async fn request(&mut self, method: &str, params: Value) -> usize {
        let id = self.next_id();
        self.send(&request(id, method, params)).await;
        id
    }

    /// An id for a request that is sent by other means; it is counted as asked.
    pub fn next_id(&mut self) -> usize {
        self.asked += 1;
        self.asked
    }

    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        self.response(id).await
    }

    /// The response to a request.
    pub async fn response(&mut self, id: usize) -> Value {
        let key = id.to_string();
        let find = |messages: &mut Messages| messages.responses.get(&key)?.first().cloned();
        self.received
            .wait(&format!("the response to request {id}"), find)
            .await
    }

    /// The next response to an id that is not one of [`Client::next_id`]'s, written as JSON.
    pub async fn response_to(&mut self, id: &str) -> Value {
        let take = |messages: &mut Messages| {
            let responses = messages.responses.get_mut(id)?;
            (!responses.is_empty()).then(|| responses.remove(0))
        };
        self.received
            .wait(&format!("a response to {id}"), take)
            .await
    }

    pub fn is_answered(&self, id: usize) -> bool {
        self.received.lock().responses.contains_key(&id.to_string())
    }

    /// The next error about a message that had no readable id.
    pub async fn anonymous_error(&mut self) -> Value {
        self.response_to("null").await
    }

    /// The next notification of this method; others are left.
    pub async fn notification(&mut self, method: &str) -> Value {
        let take = |messages: &mut Messages| {
            let at = messages
                .notifications
                .iter()
                .position(|message| message["method"] == method)?;
            messages.notifications.remove(at)
        };
        self.received.wait(method, take).await
    }

    /// The next request of the server with this method, answered by the time this returns.
    pub async fn server_request(&mut self, method: &str) -> Value {
        let find = |messages: &mut Messages| {
            messages
                .requests
                .iter()
                .find(|message| message["method"] == method && !message["taken"].is_boolean())
                .cloned()
        };
        let request = self.received.wait(method, find).await;
        for message in &mut self.received.lock().requests {
            if message["id"] == request["id"] {
                message["taken"] = json!(true);
            }
        }
        self.answer_requests().await;
        request
    }

    /// How often the server has asked this.
    pub fn server_requests(&self, method: &str) -> usize {
        self.received
            .lock()
            .requests
            .iter()
            .filter(|message| message["method"] == method)
            .count()
    }

    /// Answers what the server has asked so far, if this client does.
    async fn answer_requests(&mut self) {
        if !*self.answering.borrow() {
            return;
        }
        let mut answers = Vec::new();
        {
            let mut messages = self.received.lock();
            let Messages {
                requests,
                answers: scripted,
                ..
            } = &mut *messages;
            for request in requests
                .iter_mut()
                .filter(|request| !request["answered"].is_boolean())
            {
                request["answered"] = json!(true);
                let method = request["method"].as_str().unwrap_or_default();
                let result = scripted.get(method).cloned().unwrap_or(Value::Null);
                answers.push(match result.get("code") {
                    Some(_) => json!({ "jsonrpc": "2.0", "id": request["id"], "error": result }),
                    None => json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }),
                });
            }
        }
        for answer in answers {
            self.write(&frame(&answer)).await;
        }
    }

    /// As Rust, or what the file's extension says.
    pub async fn open(&mut self, uri: &str, text: &str) {
        let language = if uri.ends_with(".py") {
            "python"
        } else {
            "rust"
        };
        let document = json!({ "uri": uri, "languageId": language, "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }))
            .await;
    }

    /// Closes the input, as a client that dies does. What the server still writes is read.
    pub fn hang_up(&mut self) {
        self.input = None;
    }

    /// Waits for the server to end, and checks that each request was answered once. Returns the exit code.
    pub async fn ended(mut self) -> i32 {
        let code = tokio::time::timeout(PATIENCE, &mut self.server).await;
        let code = code
            .expect("the server ends")
            .expect("the server does not panic");
        // What it wrote last may be on its way to the reading task.
        let open = self.settled + 1..=self.asked;
        let all_there = move |messages: &mut Messages| {
            open.clone()
                .all(|id| messages.responses.contains_key(&id.to_string()))
                .then_some(())
        };
        self.received
            .wait("the responses to all requests", all_there)
            .await;
        for (id, responses) in &self.received.lock().responses {
            let id = id.parse::<usize>();
            let Ok(id) = id else { continue };
            assert!(
                id > self.settled && responses.len() == 1,
                "request {id} was answered more than once: {responses:?}"
            );
        }
        code
    }

    /// Leaves as the protocol says.
    pub async fn leave(mut self) -> i32 {
        let answer = self.call("shutdown", Value::Null).await;
        assert_eq!(answer.get("result"), Some(&Value::Null));
        self.notify("exit", Value::Null).await;
        self.ended().await
    }
}

pub fn request(id: usize, method: &str, params: Value) -> Value {
    with_params(
        json!({ "jsonrpc": "2.0", "id": id, "method": method }),
        params,
    )
}

pub fn notification(method: &str, params: Value) -> Value {
    with_params(json!({ "jsonrpc": "2.0", "method": method }), params)
}

fn with_params(mut message: Value, params: Value) -> Value {
    if !params.is_null() {
        message["params"] = params;
    }
    message
}

pub fn frame(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Params of a request at a place in a document.
pub fn at(uri: &str, line: u32, character: u32) -> Value {
    json!({
        "textDocument": { "uri": uri },
        "position": { "line": line, "character": character },
        "context": { "triggerKind": 2 },
    })
}

/// Params of `didChange` that insert `text` at the start of the document.
pub fn insert(uri: &str, version: i32, text: &str) -> Value {
    let start = json!({ "line": 0, "character": 0 });
    json!({
        "textDocument": { "uri": uri, "version": version },
        "contentChanges": [{ "range": { "start": start, "end": start }, "text": text }],
    })
}

async fn read(output: DuplexStream, received: Arc<Received>, mut may_read: watch::Receiver<bool>) {
    let mut output = BufReader::new(output);
    loop {
        if may_read.wait_for(|reading| *reading).await.is_err() {
            return;
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            if output.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            match line.trim_end() {
                "" => break,
                header => match header.strip_prefix("Content-Length: ") {
                    Some(value) => length = value.parse().expect("a length"),
                    None => panic!("the server wrote something else than frames: {header}"),
                },
            }
        }
        let mut body = vec![0; length];
        if output.read_exact(&mut body).await.is_err() {
            return;
        }
        let message: Value = serde_json::from_slice(&body).expect("the server writes JSON");
        assert_eq!(message["jsonrpc"], "2.0");
        {
            let mut messages = received.lock();
            match (message.get("method").is_some(), message.get("id")) {
                (true, Some(_)) => messages.requests.push_back(message),
                (true, None) => messages.notifications.push_back(message),
                (false, id) => {
                    let id = id.unwrap_or(&Value::Null).to_string();
                    messages.responses.entry(id).or_default().push(message);
                }
            }
        }
        received.arrived.notify_waiters();
    }
}
