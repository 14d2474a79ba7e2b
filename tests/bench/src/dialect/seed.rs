//! Our server after the article: `join` with the last number seen, `welcome`, then messages under the numbers Redis
//! gave them.

use anyhow::Result;

use super::{Dialect, Joining, Seat, number_after, shown, upgrade};
use crate::drive::frames::{Answer, Frame, Framing, TEXT};

/// See the module.
#[derive(Debug)]
pub(super) struct Seed;

impl Dialect for Seed {
    fn begin(&self, _seat: &mut Seat, out: &mut Vec<u8>) -> Result<Joining> {
        upgrade("/", None, out);
        Ok(Joining::Http)
    }

    fn answered(&self, seat: &mut Seat, answer: &Answer, out: &mut Vec<u8>) -> Result<Joining> {
        let joining = super::upgraded(answer)?;
        let Seat { room, number, .. } = seat;
        let join = format!(r#"{{"op":"join","room":"room{room}","after":{number}}}"#);
        Framing::WebSocket.write(TEXT, &[join.as_bytes()], out);
        Ok(joining)
    }

    fn joining(&self, _seat: &mut Seat, frame: &Frame<'_>, _out: &mut Vec<u8>) -> Result<Joining> {
        let welcome = frame.payload == br#"{"op":"welcome"}"#;
        anyhow::ensure!(welcome, "no welcome: {}", shown(frame));
        Ok(Joining::Joined)
    }

    fn say(&self, _seat: &mut Seat, text: &str, out: &mut Vec<u8>) {
        let parts: [&[u8]; 3] = [br#"{"op":"say","body":""#, text.as_bytes(), b"\"}"];
        Framing::WebSocket.write(TEXT, &parts, out);
    }

    fn delivered(&self, seat: &mut Seat, payload: &[u8], at: usize) -> Option<u64> {
        let number = number_after(&payload[..at], b"\"seq\":")?;
        seat.number = seat.number.max(number);
        Some(number)
    }
}
