//! Our server on `ws`: the room is in the URL, the first frame says that it is joined, and every later one is passed on
//! as it is.

use anyhow::Result;

use super::{Dialect, Joining, Seat, shown, upgrade};
use crate::drive::frames::{Frame, Framing, TEXT};

/// See the module.
#[derive(Debug)]
pub(super) struct NodeWs;

impl Dialect for NodeWs {
    fn begin(&self, seat: &mut Seat, out: &mut Vec<u8>) -> Result<Joining> {
        upgrade(&format!("/?room={}", seat.room), None, out);
        Ok(Joining::Http)
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
}
