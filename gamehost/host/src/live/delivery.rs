//! Carrying out what a room decides, and writing to its connections: whoever brings an input writes what comes of it to
//! every connection that is caught up, under the room's lock, with one call to the system for each.
//!
//! A connection whose socket is full, or that needs the archive, or has more to come than fits into one read, is left to
//! its own task, which is rung for. The room's lock makes what a connection is given and the order in which it is
//! written the same.

use std::sync::Arc;

use bytes::Bytes;
use latchkey_protocol::{CloseCode, Seq};
use latchkey_room::{Command, ConnectionId, Input, Now, Read};

use super::{Core, Outcome};
use crate::desk::{Desk, RoomLog};
use crate::line::{Line, Out};

/// What is left to do for a connection after a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// Nothing, until the room has something due for it at this time, if it has (elapsed milliseconds).
    All(Option<u64>),
    /// The socket is full, or has failed.
    Full,
    /// Another delivery.
    More,
    /// Records after `after` and up to `through` are to come from the archive first.
    FromArchive {
        /// The last record the connection has.
        after: Seq,
        /// The last one memory does not hold.
        through: Seq,
    },
    /// The room has no such connection (any more).
    Gone,
}

impl Core {
    pub(super) fn take_line(&mut self, connection: ConnectionId) -> Option<Arc<Line>> {
        let at = self.place_of(connection)?;
        Some(self.lines.swap_remove(at).1)
    }

    fn place_of(&self, connection: ConnectionId) -> Option<usize> {
        self.lines.iter().position(|(id, _)| *id == connection)
    }

    /// Gives the room an input and carries out what it decides. `from` is the connection it came from.
    pub(super) fn handle(
        &mut self,
        desk: &Desk,
        now: Now,
        from: Option<ConnectionId>,
        input: Input<'_>,
    ) -> Outcome {
        let mut log = RoomLog {
            desk,
            room: self.room.id(),
            may: !self.frozen && self.lease.holds(now.elapsed_ms),
        };
        let mut commands = Vec::new();
        self.room.handle(input, now, &mut log, &mut commands);
        self.marks.tail = self.room.tail();
        self.share.set(self.room.unstored_cost());
        let own = from.and_then(|id| self.place_of(id));
        let own = own.map(|at| self.lines[at].1.clone());
        let mut outcome = Outcome::default();
        let mut frames = Vec::new();
        let mut wake = false;
        for command in commands {
            match command {
                Command::Reply(frame) => frames.push(frame),
                Command::Refuse(code, frame) => {
                    desk.metrics.refused(code);
                    frames.push(frame);
                }
                Command::NotDone(why) => outcome.not_done = Some(why),
                Command::Wake => wake = true,
                Command::Close(connection, code) => {
                    self.close(connection, code, from, &mut outcome);
                }
                Command::Keep(checkpoint) => self.keep = Some(checkpoint),
                Command::Finished(seq) => {
                    self.finish = Some(seq);
                    self.urgent = true;
                }
            }
        }
        if let (Some(line), false) = (own, frames.is_empty()) {
            send(desk, now, &mut line.lock(), &mut frames);
        }
        if wake {
            self.deliver_to_all(desk, now);
        }
        outcome.pending = self.pending();
        outcome
    }

    fn close(
        &mut self,
        connection: ConnectionId,
        code: CloseCode,
        from: Option<ConnectionId>,
        outcome: &mut Outcome,
    ) {
        let line = self.take_line(connection);
        if Some(connection) == from {
            outcome.close = Some(code);
        } else if let Some(line) = line {
            line.close(code);
        }
    }

    fn deliver_to_all(&mut self, desk: &Desk, now: Now) {
        let mut frames = Vec::new();
        for at in 0..self.lines.len() {
            let delivered = self.deliver_at(desk, now, at, &mut frames);
            let line = &self.lines[at].1;
            match delivered {
                Delivered::All(None) | Delivered::Gone => {}
                Delivered::All(Some(due)) => line.ring_by(due),
                Delivered::Full | Delivered::More | Delivered::FromArchive { .. } => line.ring(),
            }
        }
    }

    pub(super) fn deliver(&mut self, desk: &Desk, now: Now, connection: ConnectionId) -> Delivered {
        match self.place_of(connection) {
            Some(at) => self.deliver_at(desk, now, at, &mut Vec::new()),
            None => Delivered::Gone,
        }
    }

    /// Writes to one connection what the room has for it now.
    fn deliver_at(
        &mut self,
        desk: &Desk,
        now: Now,
        at: usize,
        frames: &mut Vec<Bytes>,
    ) -> Delivered {
        let (id, line) = &self.lines[at];
        let mut out = line.lock();
        if out.is_full() || out.has_failed() {
            return Delivered::Full;
        }
        let read = self.room.read(*id, now, frames);
        let full = !frames.is_empty() && send(desk, now, &mut out, frames);
        drop(out);
        match read {
            Read::Gone => Delivered::Gone,
            _ if full => Delivered::Full,
            Read::CaughtUp => Delivered::All(self.room.next_due(*id)),
            Read::More => Delivered::More,
            Read::FromArchive { after, through } => Delivered::FromArchive { after, through },
        }
    }

    pub(super) fn deliver_page(
        &mut self,
        desk: &Desk,
        now: Now,
        connection: ConnectionId,
        (page, last): (&[Bytes], Seq),
    ) {
        if let Some(at) = self.place_of(connection) {
            let mut out = self.lines[at].1.lock();
            send(desk, now, &mut out, &mut page.to_vec());
            drop(out);
            self.room.caught_up_to(connection, last);
        }
    }
}

/// Writes `frames` and empties the list; whether the socket is full then, or has failed.
fn send(desk: &Desk, now: Now, out: &mut Out, frames: &mut Vec<Bytes>) -> bool {
    desk.metrics.deliveries.add(frames.len() as u64);
    out.send(frames, now.elapsed_ms);
    frames.clear();
    out.is_full() || out.has_failed()
}

#[cfg(test)]
mod tests;
