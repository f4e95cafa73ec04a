//! What windows and the engine process say to each other, and how it becomes bytes. Owns the message types, the frames and
//! the protocol number; reads and writes no socket: that is [`super::connection`].
//!
//! A frame is its length as a little-endian `u32`, then that many bytes of JSON. Both ends run on one machine and are
//! normally the same build, so a readable format is worth more here than a small one.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Event, Job, Status};

/// Changes whenever a message does, so that engines and windows of different builds never misread each other.
pub const PROTOCOL: u32 = 4;

/// Bytes of JSON that one frame may have. The longest prompt takes about a tenth of it.
pub const MAX_FRAME: usize = 16 << 20;

const LENGTH_BYTES: usize = size_of::<u32>();

/// From a window to the engine process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ClientMessage {
    /// The first message of a connection.
    Hello(Hello),
    /// Run `job`; its events come back under `id`, which the window chooses and never uses again on this connection.
    Submit { id: u64, job: Job },
    /// Nobody waits for this job any more. Unknown ids are ignored: the job may just have ended.
    Cancel { id: u64 },
    /// Leave this job alone, or go on with it. Unknown ids are ignored too.
    Hold { id: u64, held: bool },
    /// What this process computes is no load: see [`super::Engine::disregard`].
    Disregard { pid: u32 },
    /// Asks for a [`HostMessage::Pong`], to tell a busy engine from a stopped one.
    Ping,
}

/// Who speaks, and what it expects to find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub protocol: u32,
    /// Version of tacit.
    pub build: String,
    /// Which weights with which settings; compared, never interpreted.
    pub model: String,
}

impl Hello {
    /// What this build says when it wants `model`.
    pub fn new(model: &str) -> Self {
        Self {
            protocol: PROTOCOL,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            model: model.to_owned(),
        }
    }
}

/// From the engine process to a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum HostMessage {
    /// The answer to a fitting [`Hello`]; submits are taken from now on.
    Welcome {
        pid: u32,
        status: Status,
    },
    /// The answer to any other first message; the connection ends after it.
    Refused {
        reason: String,
    },
    Event {
        id: u64,
        event: Event,
    },
    /// The engine's state has changed.
    Status(Status),
    Pong,
}

/// Why bytes are no message, or a message can't become bytes.
#[derive(Debug, Error)]
pub enum WireError {
    #[error(
        "a message of {0} bytes is longer than the {MAX_FRAME} that the engine's connection carries"
    )]
    TooLong(usize),
    /// Where, and not what stands there: this goes to the log, which has no text that others chose, or that the user wrote.
    #[error(
        "the other end of the engine's connection sent something that is no message (line {line}, column {column})"
    )]
    NoMessage { line: usize, column: usize },
}

impl From<serde_json::Error> for WireError {
    fn from(error: serde_json::Error) -> Self {
        Self::NoMessage {
            line: error.line(),
            column: error.column(),
        }
    }
}

/// The frame of `message`.
///
/// # Errors
/// [`WireError::TooLong`] above [`MAX_FRAME`].
pub fn encode(message: &impl Serialize) -> Result<Vec<u8>, WireError> {
    let mut frame = vec![0; LENGTH_BYTES];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len() - LENGTH_BYTES;
    if length > MAX_FRAME {
        return Err(WireError::TooLong(length));
    }
    // Never saturates: MAX_FRAME fits.
    let prefix = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    frame[..LENGTH_BYTES].copy_from_slice(&prefix);
    Ok(frame)
}

/// Takes bytes in the pieces in which they arrive, gives messages.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// Bytes at the start of `bytes` that were decoded before; removed when the next piece arrives.
    consumed: usize,
}

impl Decoder {
    /// Adds what has just arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.consumed);
        self.consumed = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message; `None` until more bytes are pushed.
    ///
    /// # Errors
    /// For a frame that is too long or no message of this kind. The connection is useless from then on.
    pub fn take<M: DeserializeOwned>(&mut self) -> Result<Option<M>, WireError> {
        let rest = &self.bytes[self.consumed..];
        let Some((prefix, rest)) = rest.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*prefix) as usize;
        if length > MAX_FRAME {
            return Err(WireError::TooLong(length));
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let message = serde_json::from_slice(body)?;
        self.consumed += LENGTH_BYTES + length;
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::{Finish, Limits, Priority, Usage};
    use crate::prompt::{Prompt, Segment, Special};

    fn job(text: &str) -> Job {
        Job {
            document: "window 1, a.rs".into(),
            prompt: Prompt {
                segments: vec![
                    Segment::Special(Special::FimPrefix),
                    Segment::Text(text.into()),
                ],
                healed: " pri".into(),
                avoided: Vec::new(),
            },
            priority: Priority::Typing,
            limits: Limits {
                max_tokens: 64,
                max_lines: Some(1),
                urgent_lines: None,
                says_something: false,
                drafts: true,
            },
            weighed: None,
        }
    }

    #[test]
    fn frames_are_length_and_json() {
        let frame = encode(&HostMessage::Pong).unwrap();
        assert_eq!(frame, b"\x06\0\0\0\"Pong\"");
    }

    #[test]
    fn messages_survive_every_split() {
        let sent = [
            HostMessage::Welcome {
                pid: 7,
                status: Status::Loading { progress: 0.5 },
            },
            HostMessage::Event {
                id: 3,
                event: Event::Text {
                    text: "naïve 🦀\0\n".into(),
                    probability: 0.25,
                },
            },
            HostMessage::Event {
                id: 3,
                event: Event::Finished {
                    finish: Finish::EndOfText,
                    usage: Usage::default(),
                },
            },
        ];
        let bytes: Vec<u8> = sent
            .iter()
            .flat_map(|message| encode(message).unwrap())
            .collect();
        for piece in 1..bytes.len() {
            let mut decoder = Decoder::default();
            let mut received = Vec::new();
            for part in bytes.chunks(piece) {
                decoder.push(part);
                while let Some(message) = decoder.take::<HostMessage>().unwrap() {
                    received.push(message);
                }
            }
            assert_eq!(received, sent, "pieces of {piece} bytes");
        }
    }

    #[test]
    fn a_huge_length_is_refused_before_its_bytes_arrive() {
        let mut decoder = Decoder::default();
        decoder.push(&(MAX_FRAME as u32 + 1).to_le_bytes());
        assert!(matches!(
            decoder.take::<HostMessage>(),
            Err(WireError::TooLong(_))
        ));
    }

    #[test]
    fn a_message_beyond_the_limit_is_not_sent() {
        let message = ClientMessage::Submit {
            id: 1,
            job: job(&"x".repeat(MAX_FRAME)),
        };
        assert!(matches!(encode(&message), Err(WireError::TooLong(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let mut decoder = Decoder::default();
            for piece in pieces {
                decoder.push(&piece);
                while let Ok(Some(_)) = decoder.take::<ClientMessage>() {}
            }
        }

        /// The same for bodies that get past the length.
        #[test]
        fn any_body_is_survived(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut decoder = Decoder::default();
            decoder.push(&(body.len() as u32).to_le_bytes());
            decoder.push(&body);
            prop_assert!(decoder.take::<ClientMessage>().is_err());
        }

        #[test]
        fn any_text_arrives_as_it_was(text in ".*", id in any::<u64>()) {
            let mut decoder = Decoder::default();
            decoder.push(&encode(&ClientMessage::Submit { id, job: job(&text) }).unwrap());
            let Some(ClientMessage::Submit { id: arrived, job }) = decoder.take().unwrap() else {
                return Err(TestCaseError::fail("no submit"));
            };
            prop_assert_eq!(arrived, id);
            prop_assert_eq!(&job.prompt.segments[1], &Segment::Text(text));
        }
    }
}
