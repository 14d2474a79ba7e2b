//! Bounds of the host's own workings: buffers, waits, and how much is done at once. What a client is promised stands
//! in `latchkey_protocol::limits`; [`HostLimits`] takes those numbers over so that tests can lower them.

use std::time::Duration;

use latchkey_protocol::limits;

/// Bytes read from a socket at one time, into a buffer that all connections of a thread share.
pub const READ_BUFFER: usize = 32 * 1024;
/// Frames of one connection that are dealt with before others have their turn.
pub const FRAMES_AT_ONCE: usize = 32;
/// Frames handed to a socket in one call.
pub const FRAMES_PER_WRITE: usize = 16;
/// Bytes of frames up to which they are copied together for a write instead of being written from where they lie.
pub const GATHERED: usize = 1024;
/// From the decision to close a connection until its socket is dropped.
pub const CLOSING_WITHIN: Duration = Duration::from_secs(3);
/// One call of a port. A call that takes longer counts as failed; all of them are safe to repeat.
pub const PORT_WITHIN: Duration = Duration::from_secs(10);
/// Rooms being opened at one time; further ones wait their turn.
pub const OPENINGS_AT_ONCE: usize = 64;
/// Pages being read from the archive at one time, over all connections.
pub const PAGES_AT_ONCE: usize = 16;
/// Bytes of one such page.
pub const PAGE: usize = limits::READ_AT_ONCE;
/// How old a room's oldest unstored record gets at most before it is on its way to the archive; at least half of that:
/// what a game says within that time shares one chunk.
pub const MIGRATE_AFTER: Duration = Duration::from_secs(4);
/// Between two looks for rooms whose time has come. They share a sync of the journal, and the work is spread.
pub const MIGRATE_EVERY: Duration = Duration::from_millis(100);
/// Rooms whose records are on their way to the archive at one time.
pub const TURNS_AT_ONCE: usize = 256;
/// Between two group syncs of the journal.
pub const SYNC_EVERY: Duration = Duration::from_millis(50);
/// Between two looks for idle and failed rooms.
pub const SWEEP_EVERY: Duration = Duration::from_secs(2);
/// First wait after the archive or the directory failed; doubled for every further failure.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// Longest such wait.
pub const BACKOFF_MOST: Duration = Duration::from_secs(15);
/// What an upgrade that finds no place is told to wait, in seconds.
pub const RETRY_AFTER_SECONDS: u64 = 5;
/// Records behind the archive's end that a room which lives elsewhere may still store: until then the journal keeps its
/// own copy of them (J5.3).
pub const SETTLE_WITHIN: Duration = Duration::from_secs(60);
/// Records written to the journal at one time when a room is rebuilt.
pub const JOURNAL_AT_ONCE: usize = 1_000;
/// From a room's standing still until it is played on here, if the archive has not taken everything by then.
pub const HANDOVER_WITHIN: Duration = Duration::from_secs(5);
/// Rooms being handed over at one time.
pub const HANDOVERS_AT_ONCE: usize = 32;
/// Between the beginnings of two handovers, at least, however many rooms there are.
pub const HANDOVER_EVERY: Duration = Duration::from_millis(10);
/// The same at most. The members of each room come back at once, and a room stands still until they have: slower means
/// shorter pauses.
pub const HANDOVER_EVERY_MOST: Duration = Duration::from_millis(40);
/// All handovers of a round begin within this time, if [`HANDOVER_EVERY`] lets them.
pub const HANDOVERS_WITHIN: Duration = Duration::from_secs(60);
/// Between two rounds of a host that gives its rooms away, when something of the last one did not work.
pub const DRAIN_EVERY: Duration = Duration::from_millis(500);
/// Times a join looks for its room anew because the one it found had just left memory.
pub const JOIN_ATTEMPTS: usize = 4;

/// Between two samples of the figures that the admin page draws.
pub const SAMPLE_EVERY: Duration = Duration::from_secs(2);
/// How many of them are kept: the last 15 minutes.
pub const SAMPLES: usize = 450;
/// Readers of the admin page's streams at one time, over all rooms.
pub const WATCHERS: usize = 16;
/// Between two looks of such a reader into its room. Rooms never wake one.
pub const WATCH_EVERY: Duration = Duration::from_millis(250);
/// Events such a reader may be behind before the stream waits for it.
pub const WATCH_AHEAD: usize = 4;
/// How long a stream waits for its reader before it is given up.
pub const WATCHER_WAITS: Duration = Duration::from_secs(10);
/// Bytes of a record's body that the admin page shows.
pub const SHOWN_BODY: usize = 2 * 1024;
/// Rooms in one answer of the admin page's table.
pub const ROOMS_SHOWN: usize = 200;
/// A table of rooms younger than this is shown again instead of looking through all rooms.
pub const CENSUS_AFTER: Duration = Duration::from_secs(1);
/// A table of rooms older than this says nothing about their rates.
pub const CENSUS_OLD: Duration = Duration::from_secs(60);
/// Bytes of a request's body to the admin page.
pub const ADMIN_BODY: usize = 32 * 1024;
/// Silence of the host's tasks after which it counts as dead.
pub const PULSE_LATE: Duration = Duration::from_secs(10);
/// How long every call of the archive may fail before the host is not ready.
pub const ARCHIVE_AWAY: Duration = Duration::from_secs(30);
/// A failure that nothing has followed for so long says nothing any more.
pub const UNTRIED: Duration = Duration::from_secs(60);
/// How long a health check may take to look.
pub const CHECKED_WITHIN: Duration = Duration::from_secs(2);

/// The limits a host enforces, as far as they depend on the size of the machine or a test wants to see them reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostLimits {
    /// Connections, joined or not.
    pub connections: usize,
    /// Connections that have not joined.
    pub unjoined: usize,
    /// Rooms in memory.
    pub rooms: usize,
    /// Bytes of memory that records may hold which the archive does not have, over all rooms.
    pub unstored_bytes: u64,
    /// How long an upgraded connection may take to join.
    pub join_within: Duration,
    /// Silence of a client after which it is given up.
    pub silent_after: Duration,
    /// Silence of the host after which it beats.
    pub beat_after: Duration,
    /// How long a write may make no progress.
    pub slow_after: Duration,
    /// How long a room without connections stays in memory.
    pub idle_room: Duration,
    /// How old a room's oldest unstored record gets at most before it is on its way to the archive.
    pub store_after: Duration,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self {
            connections: limits::CONNECTIONS,
            unjoined: limits::UNJOINED,
            rooms: limits::ROOMS,
            unstored_bytes: limits::HOST_UNSTORED_BYTES,
            join_within: Duration::from_millis(limits::JOIN_WITHIN_MS),
            silent_after: Duration::from_millis(limits::SILENT_AFTER_MS),
            beat_after: Duration::from_millis(limits::BEAT_AFTER_MS),
            slow_after: Duration::from_millis(limits::SLOW_AFTER_MS),
            idle_room: Duration::from_millis(limits::IDLE_ROOM_MS),
            store_after: MIGRATE_AFTER,
        }
    }
}
