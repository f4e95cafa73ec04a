//! Messages between two byte streams and a service: who is called when, and who writes.
//!
//! This replaces `tower_lsp::Server`, which runs at most four handlers at once (so that four slow requests keep even
//! `$/cancelRequest` waiting), ends at the first malformed message, and dies with a handler that panics. Here:
//!
//! - The first poll of a handler's future happens before the next message is looked at. What a handler does before its
//!   first `.await` is therefore done in the order of the messages: this is what keeps edits and snapshots in order.
//! - A handler that panics costs its own request only, which is answered with an internal error.
//! - Nothing waits for the client to read: the writer is a task of its own. A client that reads nothing is not read from
//!   either once [`OUTGOING_LIMIT_BYTES`] wait for it, which bounds the memory.
//!
//! It knows nothing of what the methods mean, but for `initialize`, which nothing may overtake, and `exit`.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, SinkExt, StreamExt};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tower::Service;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};
use tower_lsp::{ClientSocket, ExitedError};

use super::framing::Framer;
use super::message::{self, Incoming};
use crate::display;

/// With more than this unwritten, no further message is read.
const OUTGOING_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// With more than this unwritten, our own notifications and requests wait with their senders; answers never wait.
const OUTGOING_CALM_BYTES: usize = 256 * 1024;

/// Requests that may be open at once. Editors have tens; more than this is a client gone mad, told so for each request.
const OPEN_REQUESTS_LIMIT: usize = 10_000;

/// Parsed messages that may wait for the loop.
const INCOMING_QUEUE: usize = 64;

const READ_BYTES: usize = 64 * 1024;

/// How long the last answers may take to be written when the server ends.
const FAREWELL: Duration = Duration::from_millis(500);

/// A handler that keeps the loop longer than this is a bug, and logged as one.
const SLOW_TURN: Duration = Duration::from_millis(50);

/// Serves until `exit` arrives or one of the streams ends. Every request that was read is answered before this returns,
/// those still open with "cancelled", as far as the client still reads.
pub async fn run<R, W, S>(input: R, output: W, mut service: S, socket: ClientSocket)
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
    S: Service<Request, Response = Option<Response>, Error = ExitedError>,
    S::Future: Send + 'static,
{
    let (mut outgoing_requests, mut response_sink) = socket.split();
    let (incoming_sender, mut incoming) = mpsc::channel(INCOMING_QUEUE);
    let reader = tokio::spawn(read(input, incoming_sender));
    let (outbox, mut writer) = Outbox::open(output);
    let mut open: FuturesUnordered<BoxFuture<'static, Outcome>> = FuturesUnordered::new();

    loop {
        tokio::select! {
            Some(outcome) = open.next() => conclude(&mut service, outcome, &outbox).await,
            Some(request) = outgoing_requests.next(), if outbox.backlog() < OUTGOING_CALM_BYTES => outbox.send(&request),
            message = incoming.recv(), if outbox.backlog() < OUTGOING_LIMIT_BYTES => match message {
                None => break,
                Some(Incoming::Malformed(answer)) => outbox.answer(Outcome::Done(Some(answer))),
                Some(Incoming::Oversized) => tracing::warn!("a notification that is too large was not looked at"),
                Some(Incoming::Response(response)) => {
                    // The only error is that the server has exited.
                    let _ = response_sink.send(response).await;
                }
                Some(Incoming::Request(request)) => match request.id() {
                    Some(id) if open.len() >= OPEN_REQUESTS_LIMIT => outbox.send(&overload(id.clone())),
                    _ => {
                        let is_exit = request.method() == "exit";
                        begin(&mut service, request, &mut open, &outbox).await;
                        if is_exit {
                            break;
                        }
                    }
                },
            },
            () = outbox.drained(), if outbox.backlog() >= OUTGOING_CALM_BYTES => {}
            _ = &mut writer => break,
        }
    }

    reader.abort();
    // Cancels what is open. After an `exit` of the client this finds the service closed, and nothing left to do.
    begin(
        &mut service,
        Request::build("exit").finish(),
        &mut open,
        &outbox,
    )
    .await;
    let farewell = async {
        while let Some(outcome) = open.next().await {
            outbox.answer(outcome);
        }
        drop(outbox);
        // A writer that failed was awaited by the loop already.
        if !writer.is_finished() {
            let _ = (&mut writer).await;
        }
    };
    if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
        writer.abort();
    }
}

/// How a handler ended.
enum Outcome {
    /// `None` for a notification.
    Done(Option<Response>),
    /// The id of the request, `None` for a notification.
    Panicked(Option<Id>),
}

/// Calls the service and polls its future once. A future that is not done then joins the open ones; `initialize` is
/// awaited to its end, since no other message has a meaning before it.
async fn begin<S>(
    service: &mut S,
    request: Request,
    open: &mut FuturesUnordered<BoxFuture<'static, Outcome>>,
    outbox: &Outbox,
) where
    S: Service<Request, Response = Option<Response>, Error = ExitedError>,
    S::Future: Send + 'static,
{
    if std::future::poll_fn(|context| service.poll_ready(context))
        .await
        .is_err()
    {
        return;
    }
    let awaits_end = request.method() == "initialize";
    let method = request.method().to_owned();
    let started = Instant::now();
    let mut handler = call(service, request);
    let first = if awaits_end {
        Poll::Ready(handler.as_mut().await)
    } else {
        std::future::poll_fn(|context| Poll::Ready(handler.as_mut().poll(context))).await
    };
    let took = started.elapsed();
    if took > SLOW_TURN && !awaits_end {
        tracing::warn!(
            method,
            took_ms = took.as_millis() as u64,
            "a handler kept the message loop waiting"
        );
    }
    match first {
        Poll::Ready(outcome) => conclude(service, outcome, outbox).await,
        Poll::Pending => open.push(handler),
    }
}

fn call<S>(service: &mut S, request: Request) -> Pin<Box<dyn Future<Output = Outcome> + Send>>
where
    S: Service<Request, Response = Option<Response>, Error = ExitedError>,
    S::Future: Send + 'static,
{
    let id = request.id().cloned();
    match catch_unwind(AssertUnwindSafe(|| service.call(request))) {
        Err(_) => std::future::ready(Outcome::Panicked(id)).boxed(),
        Ok(handler) => AssertUnwindSafe(handler)
            .catch_unwind()
            .map(move |result| match result {
                Ok(Ok(response)) => Outcome::Done(response),
                Ok(Err(ExitedError { .. })) => Outcome::Done(None),
                Err(_) => Outcome::Panicked(id),
            })
            .boxed(),
    }
}

/// Answers, and makes the service forget a request whose handler panicked: its id stays taken otherwise.
async fn conclude<S>(service: &mut S, outcome: Outcome, outbox: &Outbox)
where
    S: Service<Request, Response = Option<Response>, Error = ExitedError>,
    S::Future: Send + 'static,
{
    let panicked = match &outcome {
        Outcome::Panicked(Some(id)) => serde_json::to_value(id).ok(),
        _ => None,
    };
    outbox.answer(outcome);
    if let Some(id) = panicked {
        let forget = Request::build("$/cancelRequest")
            .params(json!({ "id": id }))
            .finish();
        call(service, forget).await;
    }
}

fn overload(id: Id) -> Response {
    let text = "Too many requests are open; this one was not looked at.";
    Response::from_error(id, message::refusal(ErrorCode::InternalError, text))
}

/// Reads until the stream ends, or nobody listens any more. JSON is parsed here, off the loop.
async fn read<R: AsyncRead + Unpin>(mut input: R, messages: mpsc::Sender<Incoming>) {
    let mut framer = Framer::default();
    let mut chunk = vec![0; READ_BYTES];
    loop {
        while let Some(frame) = framer.next_frame() {
            let incoming = match frame {
                Ok(body) => {
                    let (incoming, used) = message::parse(body);
                    let unused = body.len() - used;
                    if unused > 0 {
                        framer.unread(unused);
                    }
                    incoming
                }
                Err(error) => {
                    let error = Error {
                        message: error.to_string().into(),
                        ..Error::parse_error()
                    };
                    message::malformed(Id::Null, error)
                }
            };
            if messages.send(incoming).await.is_err() {
                return;
            }
        }
        match input.read(&mut chunk).await {
            Ok(0) => return,
            Ok(read) => framer.push(&chunk[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::info!(%error, "the client's stream ended");
                return;
            }
        }
    }
}

/// The way to the writer task. Sending never waits.
struct Outbox {
    frames: mpsc::UnboundedSender<Vec<u8>>,
    backlog: Arc<Backlog>,
}

/// Bytes handed to the writer and not yet written.
#[derive(Default)]
struct Backlog {
    bytes: AtomicUsize,
    shrunk: Notify,
}

impl Outbox {
    /// Starts the writer. Its task ends when the outbox is dropped and all is written, or when writing fails.
    fn open<W: AsyncWrite + Unpin + Send + 'static>(output: W) -> (Self, JoinHandle<()>) {
        let (frames, queue) = mpsc::unbounded_channel();
        let backlog = Arc::new(Backlog::default());
        let writer = tokio::spawn(write(output, queue, backlog.clone()));
        (Self { frames, backlog }, writer)
    }

    fn send<M: serde::Serialize>(&self, message: &M) {
        match message::frame(message) {
            Ok(frame) => {
                self.backlog.bytes.fetch_add(frame.len(), Ordering::AcqRel);
                // Fails only when the writer has ended, which the loop sees by itself.
                let _ = self.frames.send(frame);
            }
            Err(error) => tracing::error!(%error, "a message could not be written as JSON"),
        }
    }

    fn answer(&self, outcome: Outcome) {
        match outcome {
            Outcome::Done(Some(response)) => self.send(&fit_to_show(response)),
            Outcome::Panicked(Some(id)) => {
                let text =
                    "tacit failed while it handled this request. The details are in its log.";
                self.send(&Response::from_error(
                    id,
                    message::refusal(ErrorCode::InternalError, text),
                ));
            }
            Outcome::Done(None) | Outcome::Panicked(None) => {}
        }
    }

    fn backlog(&self) -> usize {
        self.backlog.bytes.load(Ordering::Acquire)
    }

    /// Returns when the writer has written something more.
    async fn drained(&self) {
        self.backlog.shrunk.notified().await;
    }
}

/// Editors show the sentences of errors, which may quote what a client sent or somebody else said.
fn fit_to_show(response: Response) -> Response {
    if response.is_ok() {
        return response;
    }
    let (id, body) = response.into_parts();
    let body = body.map_err(|error| Error {
        code: error.code,
        message: display::message(&error.message).into(),
        // The router puts the name of a method there that it does not know.
        data: error
            .data
            .and_then(|data| Some(display::message(data.as_str()?).into())),
    });
    Response::from_parts(id, body)
}

async fn write<W: AsyncWrite + Unpin>(
    mut output: W,
    mut queue: mpsc::UnboundedReceiver<Vec<u8>>,
    backlog: Arc<Backlog>,
) {
    while let Some(frame) = queue.recv().await {
        let written = async {
            output.write_all(&frame).await?;
            if queue.is_empty() {
                output.flush().await
            } else {
                Ok(())
            }
        };
        if let Err(error) = written.await {
            tracing::info!(%error, "the client no longer reads");
            return;
        }
        backlog.bytes.fetch_sub(frame.len(), Ordering::AcqRel);
        backlog.shrunk.notify_one();
    }
    let _ = output.flush().await;
}
