//! Every bound of the adapters on Mongo, with the reason for its size.

use std::time::Duration;

/// Connections of a function's instance. It serves one request at a time; the second is for what a request does at once.
/// The driver keeps one or two more to each server of the cluster, by which it watches it.
pub const FUNCTION_CONNECTIONS: u32 = 2;
/// Connections of a host: at 2 ms for each of the two writes of a chunk they carry 2,000 chunks a second, which is three
/// times what 2,000 rooms store.
pub const HOST_CONNECTIONS: u32 = 8;
/// How long opening a connection may take.
pub const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How long a call looks for a server that takes it.
pub const SELECT_WITHIN: Duration = Duration::from_secs(3);
/// How long a call waits for its turn when all connections are busy.
pub const TURN_WITHIN: Duration = Duration::from_secs(4);
/// How long a call may take once it has its turn.
pub const WORK_WITHIN: Duration = Duration::from_secs(5);
/// A connection unused for so long is closed by us: address translation on the way forgets it after 350 s.
pub const IDLE: Duration = Duration::from_secs(120);
/// Times the opening of a room looks again because another opener was first; each time that other one made progress.
pub const OPEN_TRIES: usize = 8;
/// Most chunks asked for at one time.
pub const CHUNKS_AT_ONCE: usize = 64;
/// Bytes of a usual chunk, to judge how many chunks fill a page: what a busy game says in the seconds that it waits.
pub const USUAL_CHUNK: usize = 4 * 1024;
/// Files of a version being stored at one time.
pub const FILES_AT_ONCE: usize = 8;

// A call ends by itself before the host gives it up, so that the failure has a text.
const _: () = assert!(
    TURN_WITHIN.as_millis() + WORK_WITHIN.as_millis()
        < latchkey_host::limits::PORT_WITHIN.as_millis()
);
// A missing server is told as such, and not as a call that took too long.
const _: () = assert!(SELECT_WITHIN.as_millis() < WORK_WITHIN.as_millis());
