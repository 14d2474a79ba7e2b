//! A host on a loopback port, clients that speak to it, and waiting with a deadline.

mod admin;
mod client;
mod host;

use std::time::Duration;

pub(crate) use admin::{ask, get, get_json, path_of, post};
pub(crate) use client::{Client, Refused};
pub(crate) use host::{TestHost, World, members, room};

/// How long anything may take before a test fails. Long, because the machine may be busy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Asks `condition` again and again until it holds.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(DEADLINE, wait).await;
    assert!(
        waited.is_ok(),
        "in {DEADLINE:?} it did not come to pass that {what}"
    );
}
