//! A local HTTP server with the manners of a bad network: it serves one body over loopback and misbehaves as told.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How the server answers one connection.
#[derive(Debug, Clone)]
pub enum Manner {
    /// As it should, ranges included.
    Well,
    /// As it should, but closes the connection after so many bytes of the body.
    CutAfter(usize),
    /// Sends the whole body whatever range was asked for; closes after so many bytes.
    IgnoreRange { cut_after: usize },
    /// Waits this long between blocks of 4 KiB.
    Slow(Duration),
    /// A status without a file. 416 also says how long the file is.
    Status(u16),
    /// Sends the client to this path.
    Redirect(&'static str),
    /// Another body than the right one.
    Instead(Vec<u8>),
    /// Answers a range with another range than was asked for.
    WrongRange,
}

/// What a client asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub path: String,
    /// First byte of the range, if there was one.
    pub from: Option<usize>,
}

/// A running server. Its thread ends with the test's process.
pub struct Server {
    pub address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Serves `body` at every path. The n-th request is answered in the n-th manner, later ones in the last.
    pub fn start(body: Vec<u8>, manners: Vec<Manner>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = format!("http://{}", listener.local_addr().expect("its address"));
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read_request(&stream) else {
                    continue;
                };
                let number = {
                    let mut seen = seen.lock().expect("requests");
                    seen.push(request.clone());
                    seen.len() - 1
                };
                let manner = manners
                    .get(number)
                    .or(manners.last())
                    .cloned()
                    .unwrap_or(Manner::Well);
                let body = body.clone();
                // A client that hangs up in the middle is part of the game.
                thread::spawn(move || drop(answer(stream, &request, &manner, &body)));
            }
        });
        Self { address, requests }
    }

    /// All requests so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("requests").clone()
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut from = None;
    for line in lines {
        let line = line.ok()?.to_lowercase();
        if line.is_empty() {
            return Some(Request { path, from });
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
    }
    None
}

fn answer(
    mut stream: TcpStream,
    request: &Request,
    manner: &Manner,
    body: &[u8],
) -> std::io::Result<()> {
    match manner {
        Manner::Well => send(stream, body, request.from, usize::MAX, Duration::ZERO),
        Manner::CutAfter(bytes) => send(stream, body, request.from, *bytes, Duration::ZERO),
        Manner::IgnoreRange { cut_after } => send(stream, body, None, *cut_after, Duration::ZERO),
        Manner::Slow(pause) => send(stream, body, request.from, usize::MAX, *pause),
        Manner::Instead(other) => send(stream, other, request.from, usize::MAX, Duration::ZERO),
        Manner::Status(status) => write!(
            stream,
            "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nContent-Range: bytes */{}\r\nConnection: close\r\n\r\n",
            body.len()
        ),
        Manner::Redirect(to) => {
            write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        }
        Manner::WrongRange => {
            let last = body.len() - 1;
            write!(
                stream,
                "HTTP/1.1 206 Partial\r\nContent-Range: bytes {last}-{last}/{}\r\nContent-Length: 1\r\nConnection: close\r\n\r\nX",
                body.len()
            )
        }
    }
}

fn send(
    mut stream: TcpStream,
    body: &[u8],
    from: Option<usize>,
    cut_after: usize,
    pause: Duration,
) -> std::io::Result<()> {
    let total = body.len();
    let rest = &body[from.unwrap_or(0).min(total)..];
    match from {
        Some(from) if from >= total => {
            return write!(
                stream,
                "HTTP/1.1 416 No\r\nContent-Range: bytes */{total}\r\nContent-Length: 0\r\n\r\n"
            );
        }
        Some(from) => write!(
            stream,
            "HTTP/1.1 206 Partial\r\nContent-Range: bytes {from}-{}/{total}\r\n",
            total - 1
        )?,
        None => write!(stream, "HTTP/1.1 200 OK\r\n")?,
    }
    write!(
        stream,
        "Content-Length: {}\r\nConnection: close\r\n\r\n",
        rest.len()
    )?;
    for block in rest[..rest.len().min(cut_after)].chunks(4096) {
        stream.write_all(block)?;
        thread::sleep(pause);
    }
    stream.flush()
}
