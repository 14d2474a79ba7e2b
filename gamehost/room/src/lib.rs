//! One room as a state machine: inputs and the time go in, commands come out. It knows the order of records, seats,
//! limits and positions; it knows nothing of sockets, files, other rooms, or any game's meaning.
//!
//! The log is shared: a connection holds a position in it and takes encoded frames out with [`Room::read`]; nothing is
//! queued for it. Only answers to its own frames are handed to it directly, as [`Command::Reply`] and
//! [`Command::Refuse`].

use bytes::Bytes;
use latchkey_protocol::frame::ClientFrame;
use latchkey_protocol::{
    Body, CloseCode, Epoch, MemberId, Position, Record, RefusalCode, RoomId, RoomKey, Seq, Ticket,
    UnixMs, limits,
};

mod bucket;
mod checkpoints;
mod connections;
mod epochs;
mod frames;
mod join;
mod log;
mod look;
mod order;
mod read;
mod rebuild;
mod refusal;
mod room;
mod signals;
mod summary;

pub use rebuild::Rebuild;
pub use room::Room;
pub use summary::{BadSummary, Summary};

/// A connection, numbered by the host and never reused within a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The time of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back; for limits and waits.
    pub elapsed_ms: u64,
    /// The wall clock; for what people read.
    pub wall: UnixMs,
}

/// Where records are made to survive the process before anybody sees them (P5.2).
pub trait Log {
    /// Appends one record.
    ///
    /// # Errors
    /// When it cannot be kept. The room then stays as it was and refuses the frame as `unavailable`.
    fn append(&mut self, record: &Record) -> Result<(), Unavailable>;
}

/// Why no record can be ordered just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The journal does not take it.
    #[error("the host cannot write its journal just now")]
    Journal,
    /// The host may not order records of this room at the moment.
    #[error("the room stands still at this host just now")]
    Still,
    /// The room's own limit of records that the archive does not have.
    #[error(
        "the room holds as much as it may that the archive has not taken ({} records, or {} bytes)",
        limits::UNSTORED_RECORDS,
        limits::UNSTORED_BYTES
    )]
    RoomUnstored,
    /// The limit of all rooms of the host together.
    #[error("the host holds as much as it may that the archive has not taken ({limit} bytes)")]
    HostUnstored {
        /// Bytes of memory.
        limit: u64,
    },
}

/// Why what the operator asked for was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    /// The member never had a seat, or has none any more.
    #[error("the member has no seat")]
    NoSeat,
    /// The notice is too long.
    #[error(
        "the notice has {bytes} bytes and {} fit; say less, or in parts",
        limits::BODY_SOFT
    )]
    TooLarge {
        /// Bytes of the body.
        bytes: usize,
    },
    /// No record could be ordered.
    #[error("{0}; try again in a moment")]
    Unavailable(Unavailable),
}

/// What a room must know to begin or to go on.
#[derive(Debug)]
pub struct Start {
    /// Whose room.
    pub room: RoomId,
    /// The epoch this host claimed it with; above that of every record there is.
    pub epoch: Epoch,
    /// The key of its MACs.
    pub key: RoomKey,
    /// The fold of all stored records.
    pub summary: Summary,
    /// Records after the stored ones, recovered from the journal or rebuilt from members ([`Rebuild`]), gapless.
    pub unstored: Vec<Record>,
    /// When it is opened, in milliseconds of [`Now::elapsed_ms`]: from then on the unstored records wait for the archive.
    pub elapsed_ms: u64,
    /// The newest checkpoint.
    pub checkpoint: Option<Checkpoint>,
}

/// A game's state after a record, made by a client and opaque to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The record after which it holds.
    pub seq: Seq,
    /// The state.
    pub state: Body,
}

/// What can happen to a room.
#[derive(Debug)]
pub enum Input<'a> {
    /// A connection presented a valid ticket for this room.
    Join {
        /// The connection.
        connection: ConnectionId,
        /// Its verified ticket.
        ticket: Ticket,
        /// Its position.
        have: Option<Position>,
    },
    /// A joined connection sent a frame.
    Frame {
        /// The connection.
        connection: ConnectionId,
        /// The frame; a second `join` is a bad frame.
        frame: ClientFrame<'a>,
    },
    /// A connection ended, for whatever reason.
    Gone(ConnectionId),
    /// Records to here are in the archive. A mark below an earlier one is ignored.
    Stored(Seq),
    /// The operator takes a seat away; [`Command::NotDone`] when that cannot be.
    TakeAway(MemberId),
    /// The operator says something; [`Command::NotDone`] when that cannot be.
    Notice(Body),
}

/// What the host is to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Send this frame on the connection the input came from, before anything [`Room::read`] gives from now on.
    Reply(Bytes),
    /// The same with the refusal of a frame (P8).
    Refuse(RefusalCode, Bytes),
    /// What the operator asked for was not done, and nothing has changed.
    NotDone(WhyNot),
    /// Connections may have something to read: each is to call [`Room::read`].
    Wake,
    /// Close a connection once what was replied to it is sent. It is forgotten here already.
    Close(ConnectionId, CloseCode),
    /// Keep this checkpoint in the archive. It comes only when the records it stands on are stored, so that no
    /// checkpoint outlives a record it was made of.
    Keep(Checkpoint),
    /// The game is over: flush, then have its stats made.
    Finished(Seq),
}

/// What [`Room::read`] left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Nothing more to send now; see [`Room::next_due`] for what the room itself holds back.
    CaughtUp,
    /// There is more; call again when the frames are sent.
    More,
    /// The next records are no longer in memory: take those after `after` and up to `through` from the archive,
    /// in one piece or several, send them, and say so with [`Room::caught_up_to`].
    FromArchive {
        /// The last record the connection has.
        after: Seq,
        /// The last one memory does not hold. It is stored.
        through: Seq,
    },
    /// The connection is not joined (any more).
    Gone,
}

/// A room cannot be opened from what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadStart {
    /// The unstored records do not continue the summary.
    #[error("record {found} does not follow {tail}")]
    Misfit {
        /// Where the log ends so far.
        tail: Seq,
        /// The record that does not follow.
        found: Seq,
    },
    /// The claim's epoch is not above that of every record: two hosts would order records under one epoch.
    #[error("record {seq} is of epoch {of}, and the room was claimed with epoch {claimed} only")]
    Epoch {
        /// The record.
        seq: Seq,
        /// Its epoch.
        of: Epoch,
        /// [`Start::epoch`].
        claimed: Epoch,
    },
}
