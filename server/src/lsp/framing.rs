//! Bytes of a stream in, message bodies out: the base protocol's `Content-Length` framing. Pure, without I/O.
//!
//! Whatever the bytes are, this never fails for good: it reports what was wrong once, drops what makes no sense, and goes
//! on at the next `Content-Length`. That name followed by a real line end can't occur inside a JSON body, because JSON
//! escapes line ends in strings: so searching for it never cuts a good message in two.
//!
//! Whatever the bytes are and however they come, the time grows as their number does: each is searched for the end of a header, searched for
//! a length and moved a few times at most.

use std::ops::Range;

use thiserror::Error;

/// Larger bodies are skipped. The largest message an editor sends is a whole file in `didOpen`.
pub const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// More bytes than this without an end of the headers are not headers.
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// A buffer that has grown beyond this for one message is given back when it is empty.
const KEPT_BYTES: usize = 1024 * 1024;

const LENGTH_HEADER: &[u8] = b"content-length:";

/// Why bytes of the stream were dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("The message has no Content-Length header.")]
    MissingLength,
    #[error("The Content-Length header is not a number of bytes.")]
    BadLength,
    #[error("The message has two Content-Length headers that differ.")]
    AmbiguousLength,
    #[error("The message is larger than {} MiB and was skipped.", MAX_BODY_BYTES / 1024 / 1024)]
    TooLarge,
    #[error("Bytes that belong to no message were skipped.")]
    Garbage,
}

/// The state machine. [`Framer::push`] bytes as they come, then take frames with [`Framer::next_frame`] until there are none.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that are dealt with.
    start: usize,
    /// Bytes of `buffer` in which no line end was found; at least `start`.
    searched: usize,
    state: State,
    /// The current mishap was reported already; cleared by the next whole frame.
    reported: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Headers {
        length: Option<usize>,
        begun: bool,
        bytes: usize,
    },
    Body {
        length: usize,
    },
    /// Skips everything up to the next `Content-Length`.
    Lost,
}

impl Default for State {
    fn default() -> Self {
        State::Headers {
            length: None,
            begun: false,
            bytes: 0,
        }
    }
}

enum Header {
    Length(usize),
    Other,
    Wrong(FrameError),
}

impl Framer {
    pub fn push(&mut self, bytes: &[u8]) {
        let rest = self.buffer.len() - self.start;
        if rest == 0 && self.buffer.capacity() > KEPT_BYTES {
            self.buffer = Vec::new();
        }
        // The rest is moved only where more than the rest is gained, so that a byte is moved once on average.
        if rest < self.start {
            self.buffer.drain(..self.start.min(self.buffer.len()));
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Gives back the last bytes of the last frame, whose Content-Length was too large, so that they are read again as what follows.
    pub fn unread(&mut self, bytes: usize) {
        self.start -= bytes;
        self.searched = self.start;
        self.state = State::default();
    }

    /// The next body, or what was wrong with the bytes skipped; `None` when more bytes are needed.
    pub fn next_frame(&mut self) -> Option<Result<&[u8], FrameError>> {
        loop {
            match self.state {
                State::Body { length } => {
                    let body = self.body(length)?;
                    return Some(Ok(&self.buffer[body]));
                }
                State::Lost => self.find_length_header()?,
                State::Headers {
                    length,
                    begun,
                    bytes,
                } => {
                    if let Some(error) = self.header_line(length, begun, bytes)? {
                        self.state = State::Lost;
                        if !std::mem::replace(&mut self.reported, true) {
                            return Some(Err(error));
                        }
                    }
                }
            }
        }
    }

    /// The place of a body that is there as a whole.
    fn body(&mut self, length: usize) -> Option<Range<usize>> {
        let body = self.start..self.start + length;
        if body.end > self.buffer.len() {
            // In one piece, instead of doubling what is there again and again.
            self.buffer.reserve_exact(body.end - self.buffer.len());
            return None;
        }
        self.advance(length);
        self.state = State::default();
        self.reported = false;
        Some(body)
    }

    /// Reads one line of the headers: `None` when it is not there yet, else what is wrong with it.
    fn header_line(
        &mut self,
        length: Option<usize>,
        begun: bool,
        bytes: usize,
    ) -> Option<Option<FrameError>> {
        let limit = self.buffer.len().min(self.start + MAX_HEADER_BYTES);
        let Some(end) = self.buffer[self.searched..limit]
            .iter()
            .position(|&byte| byte == b'\n')
            .map(|at| self.searched + at)
        else {
            self.searched = limit;
            if bytes + limit - self.start < MAX_HEADER_BYTES {
                return None;
            }
            if limit - self.start >= MAX_HEADER_BYTES {
                self.skip_line(limit);
            }
            return Some(Some(FrameError::Garbage));
        };
        let line = self.buffer[self.start..end]
            .strip_suffix(b"\r")
            .unwrap_or(&self.buffer[self.start..end]);
        let taken = end + 1 - self.start;
        if line.is_empty() {
            self.advance(taken);
            return Some(match length {
                _ if !begun => None,
                None => Some(FrameError::MissingLength),
                Some(length) if length > MAX_BODY_BYTES => Some(FrameError::TooLarge),
                Some(length) => {
                    self.state = State::Body { length };
                    None
                }
            });
        }
        let header = parse_header(line);
        // A line that is no header stays in the buffer: a good header may begin in the middle of it.
        if !matches!(header, Header::Wrong(FrameError::Garbage)) {
            self.advance(taken);
        }
        let bytes = bytes + taken;
        let length = match header {
            Header::Wrong(error) => return Some(Some(error)),
            _ if bytes > MAX_HEADER_BYTES => return Some(Some(FrameError::Garbage)),
            Header::Length(new) if length.is_some_and(|old| old != new) => {
                return Some(Some(FrameError::AmbiguousLength));
            }
            Header::Length(new) => Some(new),
            Header::Other => length,
        };
        self.state = State::Headers {
            length,
            begun: true,
            bytes,
        };
        Some(None)
    }

    /// Drops the beginning, up to `end`, of a line that is too long for a header. A good header in it could only be the last one that begins there,
    /// or the one that begins at its end.
    fn skip_line(&mut self, end: usize) {
        let behind_first = &self.buffer[(self.start + 1).min(end)..end];
        let last = behind_first
            .windows(LENGTH_HEADER.len())
            .rposition(is_length_header);
        let kept = last.map_or(LENGTH_HEADER.len() - 1, |at| behind_first.len() - at);
        self.advance(end - self.start - kept.min(behind_first.len()));
    }

    /// Drops bytes up to the next `Content-Length:`. `None` when there is none yet.
    fn find_length_header(&mut self) -> Option<()> {
        let rest = &self.buffer[self.start..];
        match rest.windows(LENGTH_HEADER.len()).position(is_length_header) {
            Some(at) => {
                self.advance(at);
                self.state = State::default();
                Some(())
            }
            None => {
                // The header may be cut: its first bytes are kept.
                self.advance(rest.len().saturating_sub(LENGTH_HEADER.len() - 1));
                None
            }
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.start += bytes;
        self.searched = self.start;
    }
}

fn is_length_header(bytes: &[u8]) -> bool {
    bytes.eq_ignore_ascii_case(LENGTH_HEADER)
}

fn parse_header(line: &[u8]) -> Header {
    let Some(colon) = line.iter().position(|&byte| byte == b':') else {
        return Header::Wrong(FrameError::Garbage);
    };
    let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
    if name.is_empty()
        || !name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_')
    {
        return Header::Wrong(FrameError::Garbage);
    }
    if !name.eq_ignore_ascii_case(&LENGTH_HEADER[..LENGTH_HEADER.len() - 1]) {
        return Header::Other;
    }
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Header::Wrong(FrameError::BadLength);
    }
    // Digits that don't fit are a length beyond every limit.
    let length = str::from_utf8(value)
        .ok()
        .and_then(|digits| digits.parse().ok());
    Header::Length(length.unwrap_or(usize::MAX))
}

/// Whether bytes behind a JSON value look like the beginning of the next frame: then the value's Content-Length was too
/// large, and nothing else is wrong with it.
pub fn begins_frame(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    let compared = bytes.len().min(LENGTH_HEADER.len());
    compared > 0 && bytes[..compared].eq_ignore_ascii_case(&LENGTH_HEADER[..compared])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(chunks: &[&[u8]]) -> Vec<Result<String, FrameError>> {
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        for chunk in chunks {
            framer.push(chunk);
            while let Some(frame) = framer.next_frame() {
                frames.push(frame.map(|body| String::from_utf8_lossy(body).into_owned()));
            }
        }
        frames
    }

    fn good(body: &str) -> Result<String, FrameError> {
        Ok(body.to_owned())
    }

    /// Streams, and what is read from them. `{}` is always the message that must not get lost.
    fn cases() -> Vec<(&'static str, Vec<Result<String, FrameError>>)> {
        use FrameError::*;
        vec![
            ("Content-Length: 2\r\n\r\n{}", vec![good("{}")]),
            ("content-length:2\r\n\r\n{}", vec![good("{}")]),
            ("CONTENT-LENGTH :  2 \r\n\r\n{}", vec![good("{}")]),
            ("Content-Length: 2\n\n{}", vec![good("{}")]),
            (
                "Content-Type: a/b; charset=utf8\r\nX-One: 1\r\nContent-Length: 2\r\nX-Two: 2\r\n\r\n{}",
                vec![good("{}")],
            ),
            (
                "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
                vec![good("{}")],
            ),
            ("\r\n\n\r\nContent-Length: 2\r\n\r\n{}", vec![good("{}")]),
            (
                "Content-Length: 0\r\n\r\nContent-Length: 2\r\n\r\n{}",
                vec![good(""), good("{}")],
            ),
            (
                "Content-Length: 2\r\n\r\n{}Content-Length: 2\r\n\r\n[]",
                vec![good("{}"), good("[]")],
            ),
            (
                "Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]Content-Length: 2\r\n\r\n{}",
                vec![Err(AmbiguousLength), good("{}")],
            ),
            (
                "Content-Length: -2\r\n\r\n[]Content-Length: 2\r\n\r\n{}",
                vec![Err(BadLength), good("{}")],
            ),
            (
                "Content-Length: two\r\n\r\n[]Content-Length: 2\r\n\r\n{}",
                vec![Err(BadLength), good("{}")],
            ),
            (
                "Content-Length:\r\n\r\n[]Content-Length: 2\r\n\r\n{}",
                vec![Err(BadLength), good("{}")],
            ),
            (
                "Content-Length: 99999999999999999999999\r\n\r\n[]Content-Length: 2\r\n\r\n{}",
                vec![Err(TooLarge), good("{}")],
            ),
            (
                "Content-Type: x\r\n\r\n[]Content-Length: 2\r\n\r\n{}",
                vec![Err(MissingLength), good("{}")],
            ),
            (
                "no header at all\r\n\r\n[]Content-Length: 2\r\n\r\n{}",
                vec![Err(Garbage), good("{}")],
            ),
            (
                "\"a\": 1,\n\n\0\u{7f}Content-Length: 2\r\n\r\n{}",
                vec![Err(Garbage), good("{}")],
            ),
            (
                "Content-Length: 1\r\n\r\n[1, 2]\nContent-Length: 2\r\n\r\n{}",
                vec![good("["), Err(Garbage), good("{}")],
            ),
            (
                "x\nContent-Length: -1\r\n\r\ny\nContent-Length: 2\r\n\r\n{}",
                vec![Err(Garbage), good("{}")],
            ),
        ]
    }

    #[test]
    fn every_stream_is_read_alike_however_it_is_split() {
        for (stream, expected) in cases() {
            let stream = stream.as_bytes();
            assert_eq!(
                frames(&[stream]),
                expected,
                "{}",
                String::from_utf8_lossy(stream)
            );
            for split in 0..=stream.len() {
                let (left, right) = stream.split_at(split);
                assert_eq!(
                    frames(&[left, right]),
                    expected,
                    "split at {split}: {}",
                    String::from_utf8_lossy(stream)
                );
            }
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            assert_eq!(
                frames(&bytes),
                expected,
                "byte by byte: {}",
                String::from_utf8_lossy(stream)
            );
        }
    }

    #[test]
    fn headers_without_an_end_are_given_up() {
        let endless = vec![b'x'; MAX_HEADER_BYTES + 1];
        let many = "X-Header: value\r\n".repeat(MAX_HEADER_BYTES / 16);
        for flood in [endless.as_slice(), many.as_bytes()] {
            assert_eq!(
                frames(&[flood, b"Content-Length: 2\r\n\r\n{}"]),
                [Err(FrameError::Garbage), good("{}")],
            );
        }
    }

    /// Each of these took time without end, or a time that grew as the square of its length.
    #[test]
    fn a_flood_is_read_in_one_go() {
        let floods = [
            (
                "frames that are too large",
                "Content-Length: 99999999\r\n\r\n{}".repeat(50_000),
            ),
            (
                "a header that never ends",
                "Content-Length: ".to_owned() + &" ".repeat(1 << 20),
            ),
            ("names of headers", "Content-Length:".repeat(100_000)),
            (
                "names in lines",
                " Content-Length: Content-Length:\n".repeat(50_000),
            ),
            ("lines of headers", "X-A: b\r\n".repeat(200_000)),
            ("blank lines", "\r\n".repeat(1 << 20)),
            (
                "lengths that differ",
                "Content-Length: 1\r\nContent-Length: 2\r\n".repeat(50_000),
            ),
        ];
        for (name, flood) in floods {
            let started = std::time::Instant::now();
            let mut framer = Framer::default();
            framer.push(flood.as_bytes());
            framer.push(b"\r\nContent-Length: 2\r\n\r\n[]");
            let mut last = None;
            while let Some(frame) = framer.next_frame() {
                last = Some(frame.map(<[u8]>::to_vec));
            }
            assert_eq!(last, Some(Ok(b"[]".to_vec())), "{name}");
            let took = started.elapsed();
            assert!(took.as_secs() < 10, "{name}: {took:?}");
        }
    }

    #[test]
    fn frames_that_reach_to_the_end_of_one_another_are_read_once() {
        let frames = 100_000;
        let mut heads = Vec::new();
        let mut length = 0;
        for _ in 0..frames {
            length += 2;
            heads.push(format!("Content-Length: {length}\r\n\r\n{{}}"));
            length += heads.last().map_or(0, String::len) - 2;
        }
        heads.reverse();
        let stream = heads.concat().into_bytes();
        let mut framer = Framer::default();
        let mut read = 0;
        for chunk in stream.chunks(4096) {
            framer.push(chunk);
        }
        while let Some(Ok(body)) = framer.next_frame() {
            let rest = body.len() - 2;
            framer.unread(rest);
            read += 1;
        }
        assert_eq!(read, frames);
    }

    #[test]
    fn a_lost_framer_keeps_next_to_nothing() {
        let mut framer = Framer::default();
        framer.push(format!("Content-Length: {}\r\n\r\n", MAX_BODY_BYTES + 1).as_bytes());
        assert_eq!(framer.next_frame(), Some(Err(FrameError::TooLarge)));
        for _ in 0..1024 {
            framer.push(&[b' '; 4096]);
            assert_eq!(framer.next_frame(), None);
            assert!(framer.buffer.len() < 8192);
        }
    }

    #[test]
    fn what_was_read_too_much_can_be_given_back() {
        let mut framer = Framer::default();
        framer.push(b"Content-Length: 7\r\n\r\n{}Content-Length: 2\r\n\r\n[]");
        let body = framer.next_frame().and_then(Result::ok).unwrap_or_default();
        let rest = body.len() - 2;
        assert!(begins_frame(&body[2..]));
        framer.unread(rest);
        assert_eq!(framer.next_frame(), Some(Ok(b"[]".as_slice())));
    }

    proptest! {
        #[test]
        fn no_bytes_hide_the_next_message(noise in prop::collection::vec(any::<u8>(), 0..300), cut in 0usize..300) {
            // A body that the noise announces may swallow bytes, so the noise must not hold a length of its own.
            prop_assume!(!noise.to_ascii_lowercase().windows(7).any(|window| window == b"content"));
            let mut stream = noise;
            stream.extend_from_slice(b"\nContent-Length: 2\r\n\r\n{}");
            let (left, right) = stream.split_at(cut.min(stream.len()));
            prop_assert_eq!(frames(&[left, right]).pop(), Some(good("{}")));
        }
    }
}
