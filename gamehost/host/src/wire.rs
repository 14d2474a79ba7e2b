//! Frames on one socket: what came in as text or as the reason to end, what goes out in batches. Knows WebSocket and
//! its buffers; knows nothing of rooms or of what the frames say.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut, buf::Chain};
use futures_util::{SinkExt as _, StreamExt as _};
use latchkey_protocol::{CloseCode, limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame, Utf8Bytes};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::limits::{
    CLOSING_WITHIN, FRAME_HEADER, LARGE_FRAME, MAX_WRITE_BUFFER, READ_BUFFER, WRITE_BUFFER,
};
use crate::socket::Socket;

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The host closes it.
    Close(CloseCode),
    /// The client closed it, or the network did.
    Gone,
}

/// What a client sent.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// Text; a slice of the read buffer, to be copied where it is kept.
    Text(Utf8Bytes),
    /// A ping, which is answered already, or a pong.
    Control,
}

/// Bytes a join's frame may have, read before anything else is.
pub(crate) const JOIN_ALLOWANCE: usize = limits::JOIN_FRAME + FRAME_HEADER;

/// One client's WebSocket.
pub(crate) struct Wire {
    ws: WebSocketStream<Socket>,
    /// What is left of a large frame, which is written past the library.
    large: Option<Chain<Bytes, Bytes>>,
}

impl Wire {
    /// Begins frames on `socket`, whose first bytes may have been read already.
    pub(crate) async fn new(socket: Socket, read: Vec<u8>) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(MAX_WRITE_BUFFER)
            .max_message_size(Some(limits::FRAME))
            .max_frame_size(Some(limits::FRAME));
        let ws = WebSocketStream::from_partially_read(socket, read, Role::Server, Some(config));
        Self {
            ws: ws.await,
            large: None,
        }
    }

    /// Lifts the bound on what is read before the join.
    pub(crate) fn joined(&mut self) {
        self.ws.get_mut().joined();
    }

    /// The next frame. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Incoming, Ending> {
        match self.ws.next().await {
            Some(Ok(Message::Text(text))) => Ok(Incoming::Text(text)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Incoming::Control),
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => {
                Err(Ending::Close(CloseCode::BadFrame))
            }
            Some(Ok(Message::Close(_))) | None => Err(Ending::Gone),
            Some(Err(error)) => Err(ending_of(&error)),
        }
    }

    /// Gathers a frame for the next flush; writes when enough is gathered. Dropping the future may lose the frame,
    /// so it is dropped only to close the connection.
    pub(crate) async fn feed(&mut self, text: Bytes) -> Result<(), Ending> {
        if text.len() <= LARGE_FRAME {
            let frame = Frame::message(text, OpCode::Data(Data::Text), true);
            return self
                .ws
                .feed(Message::Frame(frame))
                .await
                .map_err(|error| ending_of(&error));
        }
        self.flush().await?;
        self.large = Some(large_header(text.len()).chain(text));
        self.flush().await
    }

    /// Writes everything gathered. May be dropped and called again.
    pub(crate) async fn flush(&mut self) -> Result<(), Ending> {
        // A large frame is begun only with the library's buffer empty, so the rest of one comes first.
        while let Some(rest) = &mut self.large {
            let written = self.ws.get_mut().write_buf(rest).await;
            match written.map_err(|error| ending_of(&Error::Io(error)))? {
                0 => return Err(Ending::Gone),
                _ if !rest.has_remaining() => self.large = None,
                _ => {}
            }
        }
        self.ws.flush().await.map_err(|error| ending_of(&error))
    }

    /// Ends the connection with `code`, within [`CLOSING_WITHIN`]. What the client still sends is read and dropped,
    /// because a socket closed with unread bytes is reset, and the reset can overtake the close frame.
    pub(crate) async fn close(mut self, code: CloseCode) {
        let handshake = async {
            self.flush().await?;
            let frame = CloseFrame {
                code: code.as_u16().into(),
                reason: Utf8Bytes::from_static(code.name()),
            };
            self.ws
                .send(Message::Close(Some(frame)))
                .await
                .map_err(|error| ending_of(&error))?;
            self.drain().await.map_err(|_| Ending::Gone)
        };
        let _ = timeout(CLOSING_WITHIN, handshake).await;
    }

    /// Answers the client's own close, within [`CLOSING_WITHIN`].
    pub(crate) async fn answer_close(mut self) {
        let handshake = async {
            let _ = self.ws.flush().await;
            self.drain().await
        };
        let _ = timeout(CLOSING_WITHIN, handshake).await;
    }

    async fn drain(&mut self) -> io::Result<()> {
        let socket = self.ws.get_mut();
        socket.joined();
        socket.shutdown().await?;
        let mut scrap = [0; 1024];
        while socket.read(&mut scrap).await? > 0 {}
        Ok(())
    }
}

/// The header of an unmasked, unfragmented text frame of at least 126 bytes (RFC 6455, 5.2).
fn large_header(length: usize) -> Bytes {
    let mut header = BytesMut::with_capacity(10);
    header.extend_from_slice(&[0x81]);
    if let Ok(short) = u16::try_from(length) {
        header.extend_from_slice(&[126]);
        header.extend_from_slice(&short.to_be_bytes());
    } else {
        header.extend_from_slice(&[127]);
        header.extend_from_slice(&(length as u64).to_be_bytes());
    }
    header.freeze()
}

/// What an error of the socket means for the connection (P1.3, P1.5, P8.3).
fn ending_of(error: &Error) -> Ending {
    match error {
        Error::Io(error) => match error.kind() {
            io::ErrorKind::TimedOut => Ending::Close(CloseCode::Slow),
            io::ErrorKind::QuotaExceeded => Ending::Close(CloseCode::TooLarge),
            _ => Ending::Gone,
        },
        Error::Capacity(_) => Ending::Close(CloseCode::TooLarge),
        Error::Utf8(_) => Ending::Close(CloseCode::BadFrame),
        Error::Protocol(error) if is_reset(error) => Ending::Gone,
        Error::Protocol(_) => Ending::Close(CloseCode::BadFrame),
        _ => Ending::Gone,
    }
}

fn is_reset(error: &tokio_tungstenite::tungstenite::error::ProtocolError) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError as E;
    matches!(
        error,
        E::ResetWithoutClosingHandshake | E::SendAfterClosing | E::ReceivedAfterClosing
    )
}
