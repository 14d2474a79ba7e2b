//! What can go wrong with the journal, one type per thing asked of it.

use std::io;

use latchkey_protocol::{RoomId, Seq};

/// The journal cannot be opened. Nothing on disk was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the folder (J1.2).
    #[error(
        "the journal folder {folder} is in use by another process: stop that process, or give this one a folder of its own"
    )]
    InUse {
        /// The folder.
        folder: String,
    },
    /// A segment was written by a version of the journal that this one cannot read (J2.2).
    #[error(
        "journal segment {file} has format version {found}, this program reads version {known}: run the program that wrote it until everything is stored"
    )]
    Version {
        /// Name of the file.
        file: String,
        /// Its version.
        found: u32,
        /// The version this program reads and writes.
        known: u32,
    },
    /// The limits contradict each other.
    #[error(
        "a journal of {bytes} bytes cannot have segments of {segment} bytes: it must hold at least two of at least 1024 bytes each"
    )]
    Limits {
        /// The limit of the whole journal.
        bytes: u64,
        /// The size at which a segment is closed.
        segment: u64,
    },
    /// The disk refused.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was attempted, with the name of the file.
        doing: String,
        /// The system's answer.
        source: io::Error,
    },
}

/// A record was not appended, and nobody may be shown it.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The journal holds as much as it may; it has room again when records were stored and [`crate::Journal::sync`] has run.
    #[error(
        "the journal is full at its limit of {limit} bytes: records must reach the archive before more are taken"
    )]
    Full {
        /// The limit in bytes.
        limit: u64,
    },
    /// The record could be written and not be read back, so it is refused.
    #[error("a record's body must have 1 to {limit} bytes, this one has {length}")]
    Body {
        /// Bytes of the body.
        length: usize,
        /// The most a body may have.
        limit: usize,
    },
    /// The disk refused. A later append is tried in a new segment (J4.2).
    #[error("the journal could not be written: {0}")]
    Io(#[from] io::Error),
    /// An earlier sync failed (J4.3): nothing is appended until everything is stored (J4.4).
    #[error(
        "the journal takes no records because the disk lost a sync: it goes on once everything is stored; look after the disk"
    )]
    Failed,
}

/// It is not known what of the journal is durable.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// This sync failed, and with it the journal (J4.3).
    #[error("the journal could not be made durable and takes no more records: {0}")]
    Io(#[from] io::Error),
    /// An earlier sync failed (J4.3).
    #[error(
        "the journal takes no records because the disk lost a sync: it goes on once everything is stored; look after the disk"
    )]
    Failed,
}

/// A room's records could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// The disk refused.
    #[error("the journal could not be read: {0}")]
    Io(#[from] io::Error),
    /// The journal wrote more of the room than it reads back.
    #[error(
        "the journal holds room {room} up to record {expected} but can be read up to {found} only: the disk has changed it"
    )]
    Damaged {
        /// The room.
        room: RoomId,
        /// The last record appended.
        expected: Seq,
        /// The last record that could be read, or the one asked after.
        found: Seq,
    },
}
