//! Tests of the room through its public interface: one by one by clause of `docs/protocol.md`, and as a whole against
//! a plain model.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod device;
mod ending;
mod harness;
mod history;
mod joining;
mod lagging;
mod limits;
mod property;
mod reading;
mod rebuild;
mod rebuilding;
mod saying;
mod signals;
mod storage;
mod storing;
mod world;
