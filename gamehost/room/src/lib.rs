//! One room as a state machine: inputs and the time go in, commands come out. It knows the order of records, seats,
//! limits and positions; it knows nothing of sockets, files, other rooms, or any game's meaning.
//!
//! The log is shared: a connection holds a [`Cursor`] and takes encoded frames out with [`Room::read`]; nothing is
//! queued for it. Only answers to its own frames are handed to it directly, as [`Command::Reply`].

use bytes::Bytes;
use latchkey_protocol::frame::ClientFrame;
use latchkey_protocol::{
    Body, CloseCode, MemberId, Position, Record, RoomId, RoomKey, Seq, Ticket, UnixMs,
};

mod summary;

pub use summary::Summary;

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

/// The journal cannot take a record just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot take a record just now")]
pub struct Unavailable;

/// What a room must know to begin or to go on.
#[derive(Debug)]
pub struct Start {
    /// Whose room.
    pub room: RoomId,
    /// The epoch this host claimed it with.
    pub epoch: latchkey_protocol::Epoch,
    /// The key of its MACs.
    pub key: RoomKey,
    /// The fold of all stored records.
    pub summary: Summary,
    /// Records after the stored ones, recovered from the journal, gapless.
    pub unstored: Vec<Record>,
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
    /// Records to here are in the archive.
    Stored(Seq),
    /// The operator takes a seat away.
    TakeAway(MemberId),
    /// The operator says something.
    Notice(Body),
}

/// What the host is to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Send this frame on the connection the input came from.
    Reply(Bytes),
    /// Connections may have something to read: all but the ones caught up are to call [`Room::read`].
    Wake,
    /// Close a connection once what was replied to it is sent. It is forgotten here already.
    Close(ConnectionId, CloseCode),
    /// Keep this checkpoint in the archive.
    Keep(Checkpoint),
    /// The game is over: flush, then have its stats made.
    Finished(Seq),
}

/// What [`Room::read`] left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Nothing more to send now.
    CaughtUp,
    /// There is more; call again when the frames are sent.
    More,
    /// The next records are no longer in memory: take those after `after` and up to `through` from the archive,
    /// send them, and say so with [`Room::caught_up_to`].
    FromArchive {
        /// The last record the connection has.
        after: Seq,
        /// The last one memory does not hold.
        through: Seq,
    },
    /// The connection is not joined (any more).
    Gone,
}

/// One room.
#[derive(Debug)]
pub struct Room {
    id: RoomId,
}

impl Room {
    /// Begins or continues a room: unstored records are folded in, nothing is appended.
    ///
    /// # Errors
    /// When the unstored records do not continue the summary.
    pub fn open(start: Start) -> Result<Self, BadStart> {
        Ok(Self { id: start.room })
    }

    /// Takes one input. Records it orders are given to `log` first; if that fails nothing has changed.
    pub fn handle(&mut self, input: Input<'_>, now: Now, log: &mut dyn Log) -> Vec<Command> {
        let _ = (input, now, log);
        Vec::new()
    }

    /// Moves up to [`latchkey_protocol::limits::READ_AT_ONCE`] bytes of frames for `connection` into `out`: records by
    /// position, the newest signals, presence, and the stored watermark. Advances the connection's cursor past them.
    pub fn read(&mut self, connection: ConnectionId, now: Now, out: &mut Vec<Bytes>) -> Read {
        let _ = (connection, now, out);
        Read::Gone
    }

    /// The connection has been sent the archive's records up to `seq`.
    pub fn caught_up_to(&mut self, connection: ConnectionId, seq: Seq) {
        let _ = (connection, seq);
    }

    /// Records after the stored ones, at most one chunk's worth, for migration to the archive.
    #[must_use]
    pub fn unstored(&self) -> Vec<Record> {
        Vec::new()
    }

    /// The fold of the log as far as `seq`, which must be the end of [`Room::unstored`]'s answer or the stored mark.
    #[must_use]
    pub fn summary_at(&self, seq: Seq) -> Option<Summary> {
        let _ = seq;
        None
    }
}

/// A room cannot be opened from what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("record {found} does not follow {tail}")]
pub struct BadStart {
    /// Where the summary ends.
    pub tail: Seq,
    /// The record that does not follow.
    pub found: Seq,
}
