//! The host over real sockets, with in-memory ports. One binary, so that it is linked once.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod connecting;
mod contract;
mod crowding;
mod faults;
mod fencing;
mod hostile;
mod letting_go;
mod membership;
mod migrating;
mod moving;
mod operating;
mod playing;
mod rebuilding;
mod resuming;
mod seeing;
mod stopping;
mod storing;
mod support;
mod watching;
