//! The adapters on DynamoDB, against DynamoDB Local: what their ports demand, many at once, calls that come late, and a
//! server that fails. Each test has tables of its own.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test stops it as the test itself would"
)]

mod claims;
mod directory;
mod faults;
mod late;
mod placement;
mod races;
mod support;
