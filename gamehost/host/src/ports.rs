//! What the host needs from outside: who owns a room, where its history is kept, who is told of a finished game,
//! and the wall clock. The adapters implement these.

mod directory;

use async_trait::async_trait;
use bytes::Bytes;
pub use directory::{
    BadSlot, Claim, Directory, DirectoryError, Enlist, Former, Generation, HandedOver, HostId,
    HostItem, JournalId, Load, Renewed, Slot,
};
use latchkey_protocol::{Body, Chunk, Epoch, Record, RoomId, Seq, UnixMs};

/// What the archive holds of a room beside its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Last record stored.
    pub stored: Seq,
    /// The room's summary at `stored`, as its writer encoded it; empty when nothing is stored.
    pub summary: Bytes,
    /// The newest checkpoint: the seq it stands after, and the state.
    pub checkpoint: Option<(Seq, Body)>,
}

/// The long-term history of rooms.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Makes `epoch` the room's writer: bumps the room's epoch (which must be lower), then reads, then seals every
    /// earlier epoch at what it read. Chunks of a sealed epoch beyond its seal are ignored for ever.
    ///
    /// # Errors
    /// [`ArchiveError::Fenced`] when the room already has this epoch or a higher one.
    async fn open(&self, room: RoomId, epoch: Epoch) -> Result<Head, ArchiveError>;

    /// Stores a chunk that follows what is stored, with the summary after it; durable when it returns. Storing the
    /// same chunk again is a success that changes nothing: after an answer that was lost, exactly the same chunk is
    /// given again.
    ///
    /// # Errors
    /// [`ArchiveError::Fenced`] when `chunk.epoch` is not the room's writer; [`ArchiveError::Gap`] when the chunk
    /// neither follows what is stored nor is part of it.
    async fn append(&self, chunk: Chunk, summary: Bytes) -> Result<(), ArchiveError>;

    /// Keeps a checkpoint of records that are stored, unless a newer one is held.
    ///
    /// # Errors
    /// [`ArchiveError::Fenced`] when `epoch` is not the room's writer.
    async fn keep(
        &self,
        room: RoomId,
        epoch: Epoch,
        seq: Seq,
        state: Body,
    ) -> Result<(), ArchiveError>;

    /// Stored records after `after`, in order, at least one and about `bytes` of them; empty at the end.
    async fn read(
        &self,
        room: RoomId,
        after: Seq,
        bytes: usize,
    ) -> Result<Vec<Record>, ArchiveError>;
}

/// Why the archive did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// Another epoch writes the room now; this host must stop serving it.
    #[error("the room's writer is epoch {0}")]
    Fenced(Epoch),
    /// The chunk leaves records out, or overlaps what is stored without being part of it.
    #[error("a chunk from record {first} does not continue an archive that ends at {stored}")]
    Gap {
        /// Last record stored.
        stored: Seq,
        /// First record of the chunk.
        first: Seq,
    },
    /// It cannot be reached or refuses; trying again may help.
    #[error("the archive cannot be reached: {0}")]
    Unavailable(String),
    /// What it holds cannot be read; trying again does not help.
    #[error("the archive's copy cannot be read: {0}")]
    Corrupt(String),
}

/// Who is told that a game is over and stored, so that its stats are made.
#[async_trait]
pub trait Finishes: Send + Sync {
    /// Queues the stats of `room` as of its finished record. Telling it twice queues one job.
    async fn finished(&self, room: RoomId, seq: Seq) -> Result<(), FinishesError>;
}

/// The finish could not be passed on; trying again may help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the finished game could not be queued: {0}")]
pub struct FinishesError(pub String);

/// The wall clock.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn wall(&self) -> UnixMs;
}
