//! Colyseus 0.18: a seat is reserved over HTTP, then taken over WebSocket on the same connection. Frames are a byte that
//! says what they are, then the type of the message as a short MessagePack text, then the body as it is.

use anyhow::{Context as _, Result};

use super::{Dialect, Joining, Seat, shown, text_after, upgrade, upgraded};
use crate::drive::frames::{Answer, BINARY, Frame, Framing};

/// The server says that the seat is taken, and is answered with the same byte.
const JOIN: u8 = 10;
/// Bytes of a given type, either way.
const BYTES: u8 = 17;

/// See the module.
#[derive(Debug)]
pub(super) struct Colyseus;

impl Dialect for Colyseus {
    fn begin(&self, seat: &mut Seat, out: &mut Vec<u8>) -> Result<Joining> {
        let body = format!(r#"{{"room":{}}}"#, seat.room);
        let request = format!(
            "POST /matchmake/joinOrCreate/game HTTP/1.1\r\nHost: 127.0.0.1\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        out.extend_from_slice(request.as_bytes());
        Ok(Joining::Http)
    }

    fn answered(&self, _seat: &mut Seat, answer: &Answer, out: &mut Vec<u8>) -> Result<Joining> {
        if answer.status != 200 {
            return upgraded(answer);
        }
        let field = |name: &str| {
            let name = format!(r#""{name}":""#);
            text_after(&answer.body, name.as_bytes())
                .with_context(|| format!("no seat: {}", String::from_utf8_lossy(&answer.body)))
        };
        let (process, room) = (field("processId")?, field("roomId")?);
        let session = field("sessionId")?;
        upgrade(&format!("/{process}/{room}?sessionId={session}"), None, out);
        Ok(Joining::Http)
    }

    fn joining(&self, _seat: &mut Seat, frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<Joining> {
        let join = frame.opcode == BINARY && frame.payload.first() == Some(&JOIN);
        anyhow::ensure!(join, "no join: {}", shown(frame));
        Framing::WebSocket.write(BINARY, &[&[JOIN]], out);
        Ok(Joining::Joined)
    }

    fn say(&self, _seat: &mut Seat, text: &str, out: &mut Vec<u8>) {
        let parts: [&[u8]; 3] = [&[BYTES], b"\xa3say", text.as_bytes()];
        Framing::WebSocket.write(BINARY, &parts, out);
    }
}
