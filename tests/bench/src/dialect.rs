//! What a member says to each contestant and understands of it: as much as it takes to join a room, to say something,
//! to recognise what comes back, and to stay. One file each; none of them does input or output.

mod centrifuge;
mod colyseus;
mod floor;
pub mod latchkey;
mod node_ws;
mod seed;
mod socketio;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::drive::frames::{Answer, CLOSE, Frame, Framing};

/// Which language is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Bare TCP.
    Floor,
    /// `latchkey.1`.
    Latchkey,
    /// The small JSON of our server on `ws`.
    NodeWs,
    /// Engine.IO 4 and Socket.IO 5 over WebSocket alone.
    SocketIo,
    /// Colyseus 0.18: a seat is reserved over HTTP, then taken over WebSocket.
    Colyseus,
    /// Centrifugal's JSON protocol.
    Centrifuge,
    /// The JSON of our server after the article.
    Seed,
}

impl Language {
    /// The dialect, of members whose rooms are made anew from `salt`.
    #[must_use]
    pub fn dialect(self, salt: u64) -> Box<dyn Dialect> {
        match self {
            Self::Floor => Box::new(floor::Floor),
            Self::Latchkey => Box::new(latchkey::Latchkey::new(salt)),
            Self::NodeWs => Box::new(node_ws::NodeWs),
            Self::SocketIo => Box::new(socketio::SocketIo),
            Self::Colyseus => Box::new(colyseus::Colyseus),
            Self::Centrifuge => Box::new(centrifuge::Centrifuge),
            Self::Seed => Box::new(seed::Seed),
        }
    }
}

/// What a dialect remembers of one member between two frames.
#[derive(Debug, Clone, Default)]
pub struct Seat {
    /// Number of the room.
    pub room: u32,
    /// Number of the seat in it.
    pub seat: u8,
    /// Which of the servers, from 0, serves the room.
    pub server: usize,
    /// How many messages it said in its life.
    pub said: u32,
    /// How far it has seen the room's log: the incarnation of the log, and the number in it.
    pub epoch: u64,
    /// See `epoch`.
    pub number: u64,
    /// What the server calls that incarnation, where it is no number.
    pub era: String,
}

/// How far joining has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// An HTTP answer is awaited.
    Http,
    /// Frames are awaited.
    Frames,
    /// The member is in the room.
    Joined,
    /// The server has no place just now; worth trying again.
    TryLater,
}

/// One way to speak.
pub trait Dialect {
    /// How messages are told apart once HTTP is over.
    fn framing(&self) -> Framing {
        Framing::WebSocket
    }

    /// What is sent on a new connection, and what is awaited then.
    fn begin(&self, seat: &mut Seat, out: &mut Vec<u8>) -> Result<Joining>;

    /// An HTTP answer came before the upgrade.
    ///
    /// # Errors
    /// When the server refused for good.
    fn answered(&self, seat: &mut Seat, answer: &Answer, out: &mut Vec<u8>) -> Result<Joining> {
        let _ = (seat, out);
        upgraded(answer)
    }

    /// A frame came while joining.
    ///
    /// # Errors
    /// When the server refused for good.
    fn joining(&self, seat: &mut Seat, frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<Joining>;

    /// Says `text`, which needs no escaping.
    fn say(&self, seat: &mut Seat, text: &str, out: &mut Vec<u8>);

    /// A delivery was recognised in `payload`, its mark beginning at `at`. The number the server gave it, if it gives
    /// one; the seat remembers how far it has seen.
    fn delivered(&self, seat: &mut Seat, payload: &[u8], at: usize) -> Option<u64> {
        let _ = (seat, payload, at);
        None
    }

    /// A frame came that is no delivery: what must be answered, such as a ping.
    fn other(&self, payload: &[u8], out: &mut Vec<u8>) {
        let _ = (payload, out);
    }

    /// Says something that changes nothing, to be sent every twenty seconds, where the server wants to hear from a
    /// silent client.
    fn beat(&self, out: &mut Vec<u8>) {
        let _ = out;
    }
}

/// What an answer to an upgrade means.
fn upgraded(answer: &Answer) -> Result<Joining> {
    match answer.status {
        101 => Ok(Joining::Frames),
        503 => Ok(Joining::TryLater),
        status => anyhow::bail!(
            "the upgrade was answered {status}: {}",
            String::from_utf8_lossy(&answer.body)
        ),
    }
}

/// A request for an upgrade. The key may be any: nothing here checks the answer to it.
fn upgrade(path: &str, protocol: Option<&str>, out: &mut Vec<u8>) {
    let protocol = protocol.map_or(String::new(), |name| {
        format!("Sec-WebSocket-Protocol: {name}\r\n")
    });
    out.extend_from_slice(
        format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
        )
        .as_bytes(),
    );
}

/// The number after the first `name` in `text`.
fn number_after(text: &[u8], name: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(text, name)? + name.len();
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let mut any = false;
    let value = digits.fold(0_u64, |value, digit| {
        any = true;
        value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))
    });
    any.then_some(value)
}

/// The text between the first `name` and the quotation mark after it.
fn text_after<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let at = memchr::memmem::find(text, name)? + name.len();
    let length = memchr::memchr(b'"', &text[at..])?;
    std::str::from_utf8(&text[at..at + length]).ok()
}

/// What a server said, for an error.
pub(crate) fn shown(frame: &Frame<'_>) -> String {
    if let (CLOSE, Some((code, reason))) = (frame.opcode, frame.payload.split_first_chunk()) {
        let (code, reason) = (u16::from_be_bytes(*code), String::from_utf8_lossy(reason));
        return format!("closed with {code} {reason}");
    }
    let text = String::from_utf8_lossy(frame.payload);
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_found_by_the_name_before_them() {
        let text = br#"{"seq":120,"epoch":3,"id":"ab","none":}"#;
        assert_eq!(number_after(text, b"\"seq\":"), Some(120));
        assert_eq!(number_after(text, b"\"epoch\":"), Some(3));
        assert_eq!(number_after(text, b"\"none\":"), None);
        assert_eq!(number_after(text, b"\"other\":"), None);
        assert_eq!(text_after(text, b"\"id\":\""), Some("ab"));
    }

    #[test]
    fn a_server_without_a_place_is_asked_again_and_one_that_refuses_is_not() {
        let answer = |status| Answer {
            status,
            body: Vec::new(),
        };
        assert_eq!(upgraded(&answer(101)).unwrap(), Joining::Frames);
        assert_eq!(upgraded(&answer(503)).unwrap(), Joining::TryLater);
        assert!(upgraded(&answer(403)).is_err());
    }
}
