//! The adapters on DynamoDB, against DynamoDB Local: what their ports demand, many at once, calls that come late, and a
//! server that fails. Each test has tables of its own.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test stops it as the test itself would"
)]

#[path = "dynamo/claims.rs"]
mod claims;
#[path = "dynamo/directory.rs"]
mod directory;
#[path = "dynamo/faults.rs"]
mod faults;
#[path = "dynamo/late.rs"]
mod late;
#[path = "dynamo/placement.rs"]
mod placement;
#[path = "dynamo/races.rs"]
mod races;
#[path = "dynamo/support.rs"]
mod support;
