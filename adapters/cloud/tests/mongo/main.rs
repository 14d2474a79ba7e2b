//! The adapters on Mongo over a server that speaks its protocol. One binary, so that it is linked once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod archive;
mod bench;
mod business;
mod faults;
mod unreadable;
mod versions;
