//! What the operator may do to a room: take a seat away, say something, close it.

use latchkey_protocol::{Body, CloseCode, MemberId};
use latchkey_room::{Input, Now, WhyNot};

use super::{Core, Ended, LiveRoom, Pending};
use crate::desk::Desk;

impl LiveRoom {
    /// Takes a seat away. What the room has for the archive then, or why it did not.
    pub(crate) fn take_away(
        &self,
        desk: &Desk,
        now: Now,
        member: MemberId,
    ) -> Result<Result<Pending, WhyNot>, Ended> {
        self.with(|core| core.operate(desk, now, Input::TakeAway(member)))
    }

    /// Says something to everybody. What the room has for the archive then, or why it did not.
    pub(crate) fn notice(
        &self,
        desk: &Desk,
        now: Now,
        body: Body,
    ) -> Result<Result<Pending, WhyNot>, Ended> {
        self.with(|core| core.operate(desk, now, Input::Notice(body)))
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
    fn operate(&mut self, desk: &Desk, now: Now, input: Input<'_>) -> Result<Pending, WhyNot> {
        let outcome = self.handle(desk, now, None, input);
        match outcome.not_done {
            Some(why) => Err(why),
            None => Ok(outcome.pending),
        }
    }
}
