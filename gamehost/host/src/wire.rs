//! One client's WebSocket as its own task holds it: reading, and ending it. Knows nothing of rooms or of what the
//! frames say. What is sent goes through the connection's [`Line`], which its room writes to as well.
//!
//! Reading goes into a buffer of the thread, so that a connection to which nothing comes holds none. Before the join only
//! as many bytes are read as a join may have (P1.3).

use std::cell::Cell;
use std::io;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use latchkey_protocol::{CloseCode, limits};
use tokio::io::{AsyncRead as _, AsyncReadExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::time::timeout;

use crate::frames::{self, Decoder, Item, Violation};
use crate::limits::{CLOSING_WITHIN, READ_BUFFER};
use crate::line::{Line, Sink};

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The host closes it.
    Close(CloseCode),
    /// The client closed it, with this code if it gave one.
    Left(Option<u16>),
    /// The network did.
    Gone,
}

impl From<Violation> for Ending {
    fn from(violation: Violation) -> Self {
        match violation {
            Violation::Form => Self::Close(CloseCode::BadFrame),
            Violation::TooLarge => Self::Close(CloseCode::TooLarge),
        }
    }
}

/// What a client sent before it has joined.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A text message.
    Text(String),
    /// A ping, which is answered already, or something else that asks for nothing.
    Control,
}

/// Bytes a join's frame may have, read before anything else is.
pub(crate) const JOIN_ALLOWANCE: usize = limits::JOIN_FRAME + frames::HEADER;

/// One client's WebSocket.
pub(crate) struct Wire {
    pub(crate) reader: Reader,
    pub(crate) decoder: Decoder,
    pub(crate) line: Arc<Line>,
}

/// The receiving half of a connection.
pub(crate) struct Reader {
    socket: OwnedReadHalf,
    /// Bytes that may still be read before the join; `None` after it.
    allowance: Option<usize>,
}

/// What a socket is ready for.
pub(crate) enum Ready {
    /// These bytes came.
    Read(Chunk),
    /// It may take bytes again, or has failed, which the next write finds out.
    Write,
}

impl Wire {
    /// Begins frames on `stream`, of which `read` came already.
    pub(crate) fn new(stream: TcpStream, read: &[u8], now_ms: u64) -> Self {
        let (socket, sending) = stream.into_split();
        let mut decoder = Decoder::new(limits::JOIN_FRAME);
        decoder.hold(read);
        Self {
            reader: Reader {
                socket,
                allowance: Some(JOIN_ALLOWANCE.saturating_sub(read.len())),
            },
            decoder,
            line: Arc::new(Line::new(Sink::Tcp(sending), now_ms)),
        }
    }

    /// Lifts the bounds of the time before the join.
    pub(crate) fn joined(&mut self) {
        self.reader.allowance = None;
        self.decoder.allow(limits::FRAME);
    }

    /// The next message, for the time before the welcome. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Incoming, Ending> {
        loop {
            match self.decoder.next(&mut [].as_mut_slice())? {
                Some(Item::Text(text)) => return Ok(Incoming::Text(text.to_owned())),
                Some(Item::Ping(payload)) => {
                    let pong = Bytes::copy_from_slice(payload);
                    let mut out = self.line.lock();
                    let moved_ms = out.moved_ms();
                    out.send_one(frames::PONG, pong, moved_ms);
                    return Ok(Incoming::Control);
                }
                Some(Item::Nothing) => return Ok(Incoming::Control),
                Some(Item::Close(code)) => return Err(Ending::Left(code)),
                None => {}
            }
            let chunk = self.reader.read().await?;
            self.decoder.hold(&chunk);
        }
    }

    /// Sends one text frame, for the time before the welcome.
    pub(crate) fn send(&self, text: Bytes) {
        let mut out = self.line.lock();
        let moved_ms = out.moved_ms();
        out.send(&[text], moved_ms);
    }

    /// Writes everything that was sent. May be dropped and called again.
    async fn flush(&self) {
        loop {
            {
                let mut out = self.line.lock();
                let moved_ms = out.moved_ms();
                out.flush(moved_ms);
                if !out.is_full() {
                    return;
                }
            }
            std::future::poll_fn(|cx| self.reader.poll_writable(cx)).await;
        }
    }

    /// Ends the connection in order, within [`CLOSING_WITHIN`]. What the client still sends is read and dropped, because a
    /// socket closed with unread bytes is reset, and the reset can overtake the close frame.
    pub(crate) async fn end(mut self, ending: Ending) {
        let payload = match ending {
            Ending::Close(code) => {
                let code = (code.as_u16(), code.name());
                Some([&code.0.to_be_bytes(), code.1.as_bytes()].concat())
            }
            // The client's own close is answered with what it said.
            Ending::Left(code) => Some(code.map_or(Vec::new(), |code| code.to_be_bytes().to_vec())),
            Ending::Gone => None,
        };
        if let Some(payload) = payload {
            let mut out = self.line.lock();
            let moved_ms = out.moved_ms();
            out.send_one(frames::CLOSE, payload.into(), moved_ms);
        }
        let handshake = async {
            self.flush().await;
            self.line.lock().end();
            let mut scrap = [0; 1024];
            while self.reader.socket.read(&mut scrap).await? > 0 {}
            io::Result::Ok(())
        };
        let _ = timeout(CLOSING_WITHIN, handshake).await;
    }
}

impl Reader {
    /// What the socket is ready for next: reading, or only writing while it is `full`.
    pub(crate) fn poll_ready(
        &mut self,
        full: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Ready, Ending>> {
        if full {
            return self.poll_writable(cx).map(|()| Ok(Ready::Write));
        }
        self.poll_read(cx).map_ok(Ready::Read)
    }

    /// Ready when the socket may take bytes again, or has failed.
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<()> {
        // A failed socket is found out by the write that follows.
        let writable = self.socket.as_ref().poll_write_ready(cx);
        writable.map(drop)
    }

    /// The next bytes. Nothing is lost when the future is dropped.
    async fn read(&mut self) -> Result<Chunk, Ending> {
        std::future::poll_fn(|cx| self.poll_read(cx)).await
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Chunk, Ending>> {
        let mut chunk = Chunk::spare();
        let most = self.allowance.unwrap_or(READ_BUFFER).min(READ_BUFFER);
        if most == 0 {
            return Poll::Ready(Err(Ending::Close(CloseCode::TooLarge)));
        }
        let mut buffer = ReadBuf::new(&mut chunk.bytes[..most]);
        match Pin::new(&mut self.socket).poll_read(cx, &mut buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(_)) => return Poll::Ready(Err(Ending::Gone)),
            Poll::Ready(Ok(())) => {}
        }
        chunk.length = buffer.filled().len();
        if chunk.length == 0 {
            return Poll::Ready(Err(Ending::Gone));
        }
        if let Some(allowance) = &mut self.allowance {
            *allowance -= chunk.length;
        }
        Poll::Ready(Ok(chunk))
    }
}

thread_local! {
    /// The buffer that reads on this thread go into.
    static SPARE: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Bytes that came in, in the thread's buffer, which gets it back when this is dropped.
pub(crate) struct Chunk {
    bytes: Box<[u8]>,
    length: usize,
}

impl Chunk {
    fn spare() -> Self {
        let spare = SPARE.take();
        Self {
            bytes: spare.unwrap_or_else(|| vec![0; READ_BUFFER].into_boxed_slice()),
            length: 0,
        }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        SPARE.set(Some(std::mem::take(&mut self.bytes)));
    }
}

impl Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl DerefMut for Chunk {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }
}
