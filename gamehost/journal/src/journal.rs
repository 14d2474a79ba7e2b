//! The journal as its users see it.

use std::sync::Arc;

use latchkey_protocol::{Record, RoomId, Seq, UnixMs, limits};

use crate::disk::Disk;
use crate::error::{AppendError, OpenError, SyncError, TailError};
use crate::recovery::Recovered;

/// How large the journal may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all segments; beyond, appends are refused as [`AppendError::Full`].
    pub bytes: u64,
    /// Bytes at which a segment is closed and the next one begun.
    pub segment: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: limits::JOURNAL_BYTES,
            segment: limits::JOURNAL_SEGMENT,
        }
    }
}

/// What the metrics show of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Bytes of all segments.
    pub bytes: u64,
    /// The limit of them.
    pub limit: u64,
    /// Number of segments.
    pub segments: usize,
    /// Rooms that have records here which are not stored.
    pub rooms: usize,
    /// No record that is not stored is older than this; `None` when everything is stored.
    pub oldest_unstored: Option<UnixMs>,
    /// Whether a sync has failed, after which nothing is appended (J4.3).
    pub failed: bool,
}

/// The write-ahead log of one host, shared by its rooms and by as many threads as like.
pub struct Journal {
    _disk: Arc<dyn Disk>,
}

impl Journal {
    /// Reads what is there and prepares to go on. Changes nothing on disk: the first append begins a new segment (J3).
    ///
    /// Afterwards, for every room of `Recovered`, [`Journal::stored`] must be told how far the archive is, or the
    /// room's segments are kept for ever.
    ///
    /// # Errors
    /// When the disk cannot be read or holds segments of another format. Damage is not an error but a finding.
    pub fn open(disk: Arc<dyn Disk>, limits: Limits) -> Result<(Self, Recovered), OpenError> {
        let _ = (disk, limits);
        unimplemented!()
    }

    /// Writes one record, so that it survives the death of the process. Returns before it is durable: see [`Journal::sync`].
    ///
    /// Call it before anybody sees the record, in the order of the room's seqs. A seq at or below the room's last one
    /// means that the room's owner has another history from there on: it replaces what was written.
    ///
    /// # Errors
    /// When the record was not written. It may then be given again, or another one with the same seq.
    pub fn append(&self, room: RoomId, record: &Record) -> Result<(), AppendError> {
        self.append_all(room, [record])
    }

    /// Writes several records of a room at once. All of them are appended, or none.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn append_all<'a>(
        &self,
        room: RoomId,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Result<(), AppendError> {
        let _ = (room, records.into_iter().count());
        unimplemented!()
    }

    /// Makes everything appended before the call survive power loss; then removes segments that are no longer needed.
    ///
    /// Blocks on the disk: call it on a thread that may, every 50 ms or so. Appends go on meanwhile, and calls that
    /// come together share one sync.
    ///
    /// # Errors
    /// When it is not known what is durable; the journal then takes no more records (J4.3).
    pub fn sync(&self) -> Result<(), SyncError> {
        unimplemented!()
    }

    /// Notes that the records of `room` up to `seq` are in the archive. Touches no file: the next [`Journal::sync`]
    /// removes what this freed.
    pub fn stored(&self, room: RoomId, seq: Seq) {
        let _ = (room, seq);
    }

    /// The records of `room` from `after + 1` on, without a gap; `after` is what the archive holds.
    ///
    /// # Errors
    /// When the records cannot be read back as far as they were appended.
    pub fn tail(&self, room: RoomId, after: Seq) -> Result<Vec<Record>, TailError> {
        let _ = (room, after);
        unimplemented!()
    }

    /// What the metrics show.
    #[must_use]
    pub fn figures(&self) -> Figures {
        unimplemented!()
    }
}
