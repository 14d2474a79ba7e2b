//! The room itself.

use bytes::Bytes;
use latchkey_protocol::{Epoch, Record, RoomId, Seq};

use crate::{BadStart, Command, ConnectionId, Input, Log, Now, Read, Start, Summary};

/// One room.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
    epoch: Epoch,
}

impl Room {
    /// Begins or continues a room: unstored records are folded in, nothing is appended.
    ///
    /// # Errors
    /// When the unstored records do not continue the summary.
    pub fn open(start: Start) -> Result<Self, BadStart> {
        Ok(Self {
            id: start.room,
            epoch: start.epoch,
        })
    }

    /// Takes one input and adds what is to be done to `out`, which the caller empties and uses again. Records it
    /// orders are given to `log` first; if that fails nothing has changed.
    pub fn handle(
        &mut self,
        input: Input<'_>,
        now: Now,
        log: &mut dyn Log,
        out: &mut Vec<Command>,
    ) {
        let _ = (input, now, log, out);
    }

    /// Moves up to [`latchkey_protocol::limits::READ_AT_ONCE`] bytes of frames for `connection` into `out`: records by
    /// position, then presence, the newest signals, and the stored watermark. Advances the connection past them.
    pub fn read(&mut self, connection: ConnectionId, now: Now, out: &mut Vec<Bytes>) -> Read {
        let _ = (connection, now, out);
        Read::Gone
    }

    /// The connection has been sent the archive's records up to `seq`.
    pub fn caught_up_to(&mut self, connection: ConnectionId, seq: Seq) {
        let _ = (connection, seq);
    }

    /// When [`Room::read`] will have something for a caught-up `connection` that it holds back now, in milliseconds of
    /// [`Now::elapsed_ms`]: a `stored` frame told at most once a second (P4.7), or a signal beyond its member's rate
    /// (P8.2). The host reads again at that time; nothing else wakes the connection for it.
    #[must_use]
    pub fn next_due(&self, connection: ConnectionId) -> Option<u64> {
        let _ = connection;
        None
    }

    /// Records after the stored ones, at most one chunk's worth, for migration to the archive.
    #[must_use]
    pub fn unstored(&self) -> Vec<Record> {
        Vec::new()
    }

    /// The fold of the log as far as `seq`; `None` when `seq` is below the stored mark or beyond the tail.
    #[must_use]
    pub fn summary_at(&self, seq: Seq) -> Option<Summary> {
        let _ = seq;
        None
    }

    /// Whose room it is.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// The epoch it runs under.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The last record ordered.
    #[must_use]
    pub fn tail(&self) -> Seq {
        Seq::ZERO
    }

    /// The last record known to be in the archive.
    #[must_use]
    pub fn stored(&self) -> Seq {
        Seq::ZERO
    }

    /// The `finished` record, if there is one. A room opened with one that is not stored yet gives no
    /// [`Command::Finished`] again: the host looks here after it has flushed.
    #[must_use]
    pub fn finished(&self) -> Option<Seq> {
        None
    }

    /// How many connections are joined.
    #[must_use]
    pub fn connections(&self) -> usize {
        0
    }
}
