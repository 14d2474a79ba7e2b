//! The host's write-ahead log: what a member has seen survives the death of the process (P5.2).
//!
//! One [`Journal`] is shared by all rooms of a host. Its form on disk, and what it promises after which accident,
//! is one page: `docs/journal.md`; the clauses `J1` and so on are that page's.
//!
//! Nothing here reads a clock, draws a random number or knows tokio. Files are touched through [`Disk`] alone.

mod aside;
mod books;
mod disk;
mod error;
mod fold;
mod format;
mod id;
mod journal;
mod recovery;
mod writer;

pub use disk::{Disk, DiskFile, Folder};
pub use error::{AppendError, OpenError, SyncError, TailError};
pub use id::{BadJournalId, JournalId};
pub use journal::{Figures, Journal, Limits};
pub use recovery::{Finding, Recovered};
