//! The adapters on S3, against moto. Each test has a bucket of its own.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test stops it as the test itself would"
)]

mod faults;
mod objects;
mod support;
