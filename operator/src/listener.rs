//! The listeners of this machine; serving them is [`latchkey_host::wiring`]'s.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
pub(crate) use latchkey_host::wiring::listener::{Callers, serve};
use tokio::net::TcpListener;

/// Takes the address.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener> {
    latchkey_host::wiring::listener::bind(address).with_context(|| {
        format!(
            "cannot listen on {address}; another program may have it: choose a port with --port, or 0 for any"
        )
    })
}
