//! Free ports for servers that must be told one.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener};

/// Below those that the system gives to outgoing connections: a server that is away for a while finds its port free when it comes
/// back, and no client that tries again and again is ever connected to itself.
const FIRST: u16 = 15_000;
const COUNT: u16 = 15_000;
/// Ports tried before giving up.
const TRIES: u64 = 100;

/// A port that nobody listens on now, on any address of the machine.
///
/// # Errors
/// When none was found.
pub fn free_port() -> anyhow::Result<u16> {
    let random = RandomState::new();
    for attempt in 0..TRIES {
        let offset = u16::try_from(random.hash_one(attempt) % u64::from(COUNT))?;
        let port = FIRST + offset;
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!(
        "none of {TRIES} ports from {FIRST} to {} is free",
        FIRST + COUNT - 1
    )
}
