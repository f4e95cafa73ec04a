//! One end of a connection between a window and the engine process: messages in, messages out, over any byte stream.
//! Knows nothing of what the messages mean.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};

use super::wire::{self, Decoder, WireError};

/// Bytes that may wait for an end that doesn't read. A stopped editor must not fill the memory of the engine that others use.
const MAX_QUEUED: usize = 4 * wire::MAX_FRAME;

const READ_BYTES: usize = 16 << 10;

#[derive(Debug, Error)]
pub enum ConnectionError {
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("the connection to the engine broke: {0}")]
    Io(#[from] io::Error),
    #[error("the other end of the engine's connection has stopped reading")]
    Stalled,
}

/// Reads and writes at the same time, so that two ends that both have much to say never wait for each other.
pub struct Connection<S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    decoder: Decoder,
    queued: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite> Connection<S> {
    pub fn new(stream: S) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader,
            writer,
            decoder: Decoder::default(),
            queued: Vec::new(),
        }
    }

    /// Queues a message; [`receive`](Self::receive) and [`flush`](Self::flush) write it.
    ///
    /// # Errors
    /// If the message is too long ([`ConnectionError::Wire`], the connection is still good) or if the other end doesn't read.
    pub fn send(&mut self, message: &impl Serialize) -> Result<(), ConnectionError> {
        let frame = wire::encode(message)?;
        if self.queued.len() + frame.len() > MAX_QUEUED {
            return Err(ConnectionError::Stalled);
        }
        self.queued.extend_from_slice(&frame);
        Ok(())
    }

    /// The next message, `None` when the other end has closed; meanwhile writes what is queued. Loses nothing when it is
    /// dropped before it is done.
    ///
    /// # Errors
    /// When the connection is of no more use.
    pub async fn receive<M: DeserializeOwned>(&mut self) -> Result<Option<M>, ConnectionError> {
        let mut arrived = [0; READ_BYTES];
        loop {
            if let Some(message) = self.decoder.take()? {
                return Ok(Some(message));
            }
            tokio::select! {
                read = self.reader.read(&mut arrived) => match read? {
                    0 => return Ok(None),
                    count => self.decoder.push(&arrived[..count]),
                },
                written = self.writer.write(&self.queued), if !self.queued.is_empty() => {
                    self.queued.drain(..written?);
                }
            }
        }
    }

    /// Writes what is queued.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn flush(&mut self) -> Result<(), ConnectionError> {
        self.writer.write_all(&self.queued).await?;
        self.queued.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::wire::{ClientMessage, HostMessage};

    #[tokio::test]
    async fn two_ends_that_both_send_much_do_not_lock() {
        // A pipe much smaller than what each end queues.
        let (a, b) = tokio::io::duplex(64);
        let (mut a, mut b) = (Connection::new(a), Connection::new(b));
        for id in 0..500 {
            a.send(&ClientMessage::Cancel { id }).unwrap();
            b.send(&HostMessage::Refused {
                reason: id.to_string(),
            })
            .unwrap();
        }
        let from_a = async {
            for expected in 0..500 {
                let message = b.receive::<ClientMessage>().await.unwrap();
                assert!(matches!(message, Some(ClientMessage::Cancel { id }) if id == expected));
            }
            b.flush().await.unwrap();
        };
        let from_b = async {
            for expected in 0..500 {
                let message = a.receive::<HostMessage>().await.unwrap();
                assert_eq!(
                    message,
                    Some(HostMessage::Refused {
                        reason: expected.to_string()
                    })
                );
            }
            a.flush().await.unwrap();
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), async {
            tokio::join!(from_a, from_b)
        })
        .await
        .unwrap();
    }

    #[tokio::test]
    async fn an_end_that_does_not_read_is_given_up() {
        let (a, _b) = tokio::io::duplex(64);
        let mut a = Connection::new(a);
        let message = HostMessage::Refused {
            reason: "x".repeat(wire::MAX_FRAME / 2),
        };
        let sent = (0..20).map_while(|_| a.send(&message).ok()).count();
        assert!((7..=8).contains(&sent), "{sent} were queued");
        assert!(matches!(a.send(&message), Err(ConnectionError::Stalled)));
    }
}
