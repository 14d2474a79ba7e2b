//! What the operator may do to a room: take a seat away, say something, close it.

use latchkey_protocol::{Body, CloseCode, MemberId};
use latchkey_room::{Input, Now};

use super::{Core, Ended, LiveRoom, Pending};
use crate::desk::Desk;

impl LiveRoom {
    /// Takes a seat away. Whether it did, and what the room has for the archive.
    pub(crate) fn take_away(
        &self,
        desk: &Desk,
        now: Now,
        member: MemberId,
    ) -> Result<(bool, Pending), Ended> {
        self.with(|core| core.order_one(desk, now, Input::TakeAway(member)))
    }

    /// Says something to everybody. Whether it did, and what the room has for the archive.
    pub(crate) fn notice(
        &self,
        desk: &Desk,
        now: Now,
        body: Body,
    ) -> Result<(bool, Pending), Ended> {
        self.with(|core| core.order_one(desk, now, Input::Notice(body)))
    }

    /// Closes the connections for good; the room itself stays until it is stored and idle.
    pub(crate) fn close_connections(&self, code: CloseCode) -> usize {
        let core = self.lock();
        for (_, line) in &core.lines {
            line.close(code);
        }
        core.lines.len()
    }
}

impl Core {
    fn order_one(&mut self, desk: &Desk, now: Now, input: Input<'_>) -> (bool, Pending) {
        let before = self.marks.tail;
        let outcome = self.handle(desk, now, None, input);
        (self.marks.tail > before, outcome.pending)
    }
}
