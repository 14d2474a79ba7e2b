//! Every bound of the embedded adapters, with the reason for its size.

use std::time::Duration;

/// Writes that may wait for the database at one time; further callers wait for room. As many share one commit, of which
/// the first one waits for the last, which is milliseconds.
pub const WRITES_WAITING: usize = 256;
/// Memory for pages that each connection to a database keeps, in KiB: the upper levels of its trees, and for the writer
/// what a usual commit changes. The system keeps the rest of the file in what memory nobody else needs.
pub const PAGES_KIB: i64 = 512;
/// Pages that gather in a database's write-ahead log before they are written to where they belong: 12 MiB. A page that is
/// changed often meanwhile is moved once. Whose commit is the one that moves them waits for it: some 30 ms on a fast disk.
pub const LOGGED_PAGES: i64 = 3_072;
/// Reads of the database at one time.
pub const READERS: usize = 4;
/// How long a statement waits for another process's lock on the database.
pub const BUSY: Duration = Duration::from_secs(10);
/// Subjects that rates are counted for at one time, per limit. Beyond, all further ones count as one.
pub const RATE_SUBJECTS: usize = 50_000;
/// Between two tries of what SQLite does not wait for by itself.
pub const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long after the buyer's return an event that is to be late comes.
pub const LATE: Duration = Duration::from_secs(8);
/// Wait before an event that the site did not take is posted again; doubled for each further time.
pub const REPOST: Duration = Duration::from_secs(2);
/// Longest wait between two postings of an event.
pub const REPOST_MAX: Duration = Duration::from_secs(300);
/// Times an event is posted before the till gives up, as a real provider does after days.
pub const REPOSTS: u32 = 20;
/// How long a queued job that cannot be read is put off.
pub const PUT_OFF: Duration = Duration::from_secs(3600);
/// Messages the outbox looks at for its list; older ones stay in their folder.
pub const OUTBOX_FILES: usize = 10_000;
