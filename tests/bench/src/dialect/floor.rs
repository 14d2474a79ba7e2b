//! The floor's: a length, then bytes; the first payload is the room's number, answered by an empty one.

use anyhow::Result;

use super::{Dialect, Joining, Seat};
use crate::drive::frames::{BINARY, Frame, Framing};

/// See the module.
#[derive(Debug)]
pub(super) struct Floor;

impl Dialect for Floor {
    fn framing(&self) -> Framing {
        Framing::Lengths
    }

    fn begin(&self, seat: &mut Seat, out: &mut Vec<u8>) -> Result<Joining> {
        Framing::Lengths.write(BINARY, &[&seat.room.to_le_bytes()], out);
        Ok(Joining::Frames)
    }

    fn joining(&self, _seat: &mut Seat, frame: &Frame<'_>, _out: &mut Vec<u8>) -> Result<Joining> {
        anyhow::ensure!(frame.payload.is_empty(), "the floor said something");
        Ok(Joining::Joined)
    }

    fn say(&self, _seat: &mut Seat, text: &str, out: &mut Vec<u8>) {
        Framing::Lengths.write(BINARY, &[text.as_bytes()], out);
    }
}
