//! Every limit of the room protocol and of the game host, in one place. Sizes are bytes, times milliseconds,
//! unless the name says otherwise. The site's own limits live with the site.

/// A body of a `say` above this is refused, and the connection stays (P8).
pub const BODY_SOFT: usize = 16 * 1024;
/// A body above this closes the connection (P8).
pub const BODY_HARD: usize = 64 * 1024;
/// Body of a signal (P3.5).
pub const SIGNAL_BODY: usize = 1024;
/// Characters of a signal's key (P3.5).
pub const SIGNAL_KEY: usize = 32;
/// Different keys one member may signal at once; a further one is refused.
pub const SIGNAL_KEYS: usize = 8;
/// State of a checkpoint (P3.6).
pub const CHECKPOINT: usize = 256 * 1024;
/// Records between two checkpoints (P3.6).
pub const CHECKPOINT_EVERY: u64 = 32;
/// The first frame of a connection (P1.3).
pub const JOIN_FRAME: usize = 8 * 1024;
/// Any later frame: a checkpoint and its envelope are the largest there is.
pub const FRAME: usize = CHECKPOINT + 4 * 1024;
/// A `vouch` frame (P6.6): several records and the list of members fit.
pub const VOUCH_FRAME: usize = 64 * 1024;
/// `vouch` frames of one connection; a further one closes it (P6.7). All that the sdk keeps fits.
pub const VOUCH_FRAMES: u32 = 512;
/// From the first member's arrival to the opening of a room that is rebuilt from its members (P6.8).
pub const GATHER_WITHIN_MS: u64 = 1_500;
/// From the upgrade to `join` (P1.3).
pub const JOIN_WITHIN_MS: u64 = 5_000;
/// Frames that add to the log, per member and second (P8).
pub const SAYS_PER_SECOND: u32 = 30;
/// How many of them may come at once (P8).
pub const SAYS_BURST: u32 = 60;
/// Signals per member and second; more are dropped (P8.2).
pub const SIGNALS_PER_SECOND: u32 = 60;
/// How many of them may come at once (P8.2).
pub const SIGNALS_BURST: u32 = 120;
/// Refused frames of one connection within [`REFUSALS_WITHIN_MS`] that close it (P8).
pub const REFUSALS: u32 = 300;
/// See [`REFUSALS`].
pub const REFUSALS_WITHIN_MS: u64 = 10_000;
/// Frames of any kind of one connection within a second that close it (P8).
pub const FRAMES_PER_SECOND: u32 = 1_000;
/// Seats of a room that are taken at one time (P7.3).
pub const MEMBERS: usize = 64;
/// Seats a room has had in its whole life; a further member is turned away as from a full room.
pub const SEATS_EVER: usize = 512;
/// Visible characters of a name (P3.4).
pub const NAME_CHARACTERS: usize = 24;
/// Bytes of a name: visible characters may be composed of many code points.
pub const NAME_BYTES: usize = 400;
/// Records a returning client catches up on one by one rather than from a checkpoint (P6.4).
pub const CATCH_UP: u64 = 2_000;
/// Records a room keeps in memory after they are stored.
pub const LOG_RECORDS: usize = 256;
/// Bytes of them.
pub const LOG_BYTES: usize = 256 * 1024;
/// Records not yet stored that a room may hold; beyond, says are refused as `unavailable`.
pub const UNSTORED_RECORDS: usize = 100_000;
/// Bytes of their frames; beyond, says are refused as `unavailable`.
pub const UNSTORED_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of memory that all rooms of one host may hold of records not yet stored, [`UNSTORED_OVERHEAD`] included; beyond,
/// says are refused as `unavailable`. 10,000 rooms of four at one say per member and 5 seconds make 8,000 records a second,
/// 4.8 million in the ten minutes an archive may be gone, and one of them takes about 390 bytes (a frame of 190 with a
/// short body): 1.75 GiB. With this much, a machine of 4 GiB keeps the other half for 40,000 connections (0.1 GiB, and
/// their sockets in the kernel), the newest stored records of the rooms, and itself.
pub const HOST_UNSTORED_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes that an unstored record holds beside its frame: itself, its place in two lists, what allocating costs.
pub const UNSTORED_OVERHEAD: usize = 200;
/// Age of the oldest unstored record of a room above which its members are told that storing lags (P4.7).
pub const BEHIND_AFTER_MS: u64 = 10_000;
/// Epochs of a room whose first records are remembered, so that positions of them can be resumed (P6.3).
pub const EPOCHS: usize = 256;
/// Bytes a connection takes out of the shared log at one time.
pub const READ_AT_ONCE: usize = 32 * 1024;
/// Silence of the host after which it beats (P4.11).
pub const BEAT_AFTER_MS: u64 = 25_000;
/// Silence of a client after which it is given up (P3.9).
pub const SILENT_AFTER_MS: u64 = 60_000;
/// A connection that takes nothing for so long while something waits for it is slow (P8.3).
pub const SLOW_AFTER_MS: u64 = 30_000;
/// Age of a ticket (P1.1).
pub const TICKET_SECONDS: u64 = 60;
/// How far the clocks of the site and of a host may differ when a ticket is judged.
pub const TICKET_LEEWAY_SECONDS: u64 = 10;
/// `stored` is told at most so often beside another frame (P4.7).
pub const STORED_EVERY_MS: u64 = 1_000;
/// `stored` is told at most so often by itself, and a mark waits so long for another frame that takes it along (P4.7).
pub const STORED_ALONE_MS: u64 = 3_000;
/// Bytes of records in one chunk of the archive.
pub const CHUNK_BYTES: usize = 1024 * 1024;
/// Records in one chunk of the archive.
pub const CHUNK_RECORDS: usize = 2_048;
/// Connections of one host process.
pub const CONNECTIONS: usize = 18_000;
/// Connections that have not joined yet, of one host process.
pub const UNJOINED: usize = 2_000;
/// Rooms in memory of one host process.
pub const ROOMS: usize = 20_000;
/// A room without connections leaves memory after so long.
pub const IDLE_ROOM_MS: u64 = 60_000;
/// Bytes of the journal on disk; beyond, says are refused as `unavailable`.
pub const JOURNAL_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Bytes of one segment of the journal.
pub const JOURNAL_SEGMENT: u64 = 16 * 1024 * 1024;
