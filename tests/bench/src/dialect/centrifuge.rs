//! Centrifugal's JSON protocol: `connect`, `subscribe` with recovery, `send` (one way, so that no acknowledgement is
//! paid for that nobody reads). Several messages may share a frame, one a line.

use anyhow::Result;

use super::{Dialect, Joining, Seat, number_after, shown, text_after, upgrade};
use crate::drive::frames::{Answer, Frame, Framing, TEXT};

/// See the module.
#[derive(Debug)]
pub(super) struct Centrifuge;

impl Dialect for Centrifuge {
    fn begin(&self, _seat: &mut Seat, out: &mut Vec<u8>) -> Result<Joining> {
        upgrade("/connection/websocket", None, out);
        Ok(Joining::Http)
    }

    fn answered(&self, seat: &mut Seat, answer: &Answer, out: &mut Vec<u8>) -> Result<Joining> {
        let joining = super::upgraded(answer)?;
        // Where nothing was seen, from the first message on: a late joiner wants the whole history.
        let Seat {
            room, number, era, ..
        } = seat;
        let subscribe = format!(
            r#"{{"id":2,"subscribe":{{"channel":"room{room}","recover":true,"offset":{number},"epoch":"{era}"}}}}"#
        );
        let parts: [&[u8]; 2] = [b"{\"id\":1,\"connect\":{}}\n", subscribe.as_bytes()];
        Framing::WebSocket.write(TEXT, &parts, out);
        Ok(joining)
    }

    fn joining(&self, seat: &mut Seat, frame: &Frame<'_>, _out: &mut Vec<u8>) -> Result<Joining> {
        let refused = memchr::memmem::find(frame.payload, b"\"error\"").is_some();
        anyhow::ensure!(
            !refused && frame.opcode == TEXT,
            "refused: {}",
            shown(frame)
        );
        if memchr::memmem::find(frame.payload, b"\"subscribe\":").is_none() {
            return Ok(Joining::Frames);
        }
        if let Some(epoch) = text_after(frame.payload, b"\"epoch\":\"") {
            seat.era = epoch.to_owned();
        }
        Ok(Joining::Joined)
    }

    fn say(&self, _seat: &mut Seat, text: &str, out: &mut Vec<u8>) {
        let parts: [&[u8]; 3] = [br#"{"send":{"data":""#, text.as_bytes(), b"\"}}"];
        Framing::WebSocket.write(TEXT, &parts, out);
    }

    fn delivered(&self, seat: &mut Seat, payload: &[u8], at: usize) -> Option<u64> {
        seat.number = number_after(&payload[at..], b"\"offset\":")?;
        Some(seat.number)
    }

    fn other(&self, payload: &[u8], out: &mut Vec<u8>) {
        if payload == b"{}" {
            Framing::WebSocket.write(TEXT, &[b"{}"], out);
        }
    }
}
