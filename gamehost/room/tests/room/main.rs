//! Tests of the room through its public interface: one by one by clause of `docs/protocol.md`, and as a whole against
//! a plain model.

mod harness;
mod joining;
mod limits;
mod reading;
mod saying;
mod signals;
mod storing;
