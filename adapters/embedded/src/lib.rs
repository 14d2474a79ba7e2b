//! Every port on SQLite and plain files, for one machine.
//!
//! What the business keeps is in one database, `platform.db`, and two folders, `titles` and `outbox`; the
//! secrets are in one file. [`Embedded`] opens them all below one data folder. What hosts keep beside their journals
//! is in two databases of their own, `rooms.db` ([`rooms`]) and `directory.db` ([`directory`]), so that none waits for
//! another's disk.

pub mod archive;
pub mod bridge;
pub mod database;
pub mod directory;
pub mod files;
pub mod games;
pub mod ledger;
pub mod limits;
pub mod machine;
pub mod open;
pub mod orders;
pub mod outbox;
pub mod queue;
pub mod rates;
pub mod rooms;
pub mod secrets;
pub mod sends;
pub mod stats;
pub mod stops;
pub mod till;
pub mod titles;

pub use open::{Embedded, OpenError};
