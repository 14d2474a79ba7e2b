//! What an operator sees of a room. Each call takes the room's lock for a moment, as a frame would.

use std::time::Duration;

use bytes::Bytes;
use latchkey_protocol::frame::Seated;
use latchkey_protocol::{Seq, UnixMs};

use super::{Ended, LiveRoom};

/// A room at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glance {
    /// Seats that are taken.
    pub(crate) members: usize,
    /// Connections in it.
    pub(crate) connections: usize,
    /// Last record ordered, and last one in the archive.
    pub(crate) tail: Seq,
    pub(crate) stored: Seq,
    /// The `finished` record.
    pub(crate) finished: Option<Seq>,
    /// When the last record was ordered.
    pub(crate) last_at: UnixMs,
    /// When the room came into memory, in elapsed time.
    pub(crate) opened: Duration,
}

impl LiveRoom {
    /// The room at a glance; `None` when it has ended.
    pub(crate) fn glance(&self) -> Option<Glance> {
        let glance = self.with(|core| Glance {
            members: core.room.members(),
            connections: core.lines.len(),
            tail: core.marks.tail,
            stored: core.marks.stored,
            finished: core.room.finished(),
            last_at: core.room.last_at(),
            opened: self.opened,
        });
        glance.ok()
    }

    /// Whether something panicked in it.
    pub(crate) fn panicked(&self) -> bool {
        self.core.is_poisoned()
    }

    /// Its seats; `None` when it has ended.
    pub(crate) fn seats(&self) -> Option<Vec<Seated>> {
        self.with(|core| core.room.seats().collect()).ok()
    }

    /// Copies records after `after`, as [`latchkey_room::Room::peek`] does.
    pub(crate) fn peek(&self, after: Seq, out: &mut Vec<Bytes>) -> Result<Seq, Ended> {
        self.with(|core| core.room.peek(after, out))
    }
}
