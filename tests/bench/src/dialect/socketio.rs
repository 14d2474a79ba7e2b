//! Engine.IO 4 and Socket.IO 5 over WebSocket alone, as their protocol pages describe: `0` opens, `40` connects, `42`
//! is an event, `2` asks for `3`.

use anyhow::Result;

use super::{Dialect, Joining, Seat, shown, upgrade};
use crate::drive::frames::{Frame, Framing, TEXT};

/// See the module.
#[derive(Debug)]
pub(super) struct SocketIo;

impl Dialect for SocketIo {
    fn begin(&self, _seat: &mut Seat, out: &mut Vec<u8>) -> Result<Joining> {
        upgrade("/socket.io/?EIO=4&transport=websocket", None, out);
        Ok(Joining::Http)
    }

    fn joining(&self, seat: &mut Seat, frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<Joining> {
        if frame.payload.starts_with(b"0{") {
            let connect = format!(r#"40{{"room":"{}"}}"#, seat.room);
            Framing::WebSocket.write(TEXT, &[connect.as_bytes()], out);
            return Ok(Joining::Frames);
        }
        anyhow::ensure!(
            frame.payload.starts_with(b"40"),
            "no connect: {}",
            shown(frame)
        );
        Ok(Joining::Joined)
    }

    fn say(&self, _seat: &mut Seat, text: &str, out: &mut Vec<u8>) {
        let parts: [&[u8]; 3] = [br#"42["say",""#, text.as_bytes(), b"\"]"];
        Framing::WebSocket.write(TEXT, &parts, out);
    }

    fn other(&self, payload: &[u8], out: &mut Vec<u8>) {
        if payload == b"2" {
            Framing::WebSocket.write(TEXT, &[b"3"], out);
        }
    }
}
