//! Where this machine listens, and the address under which people reach it.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;

use crate::cli::Up;
use crate::listener;

/// Both listeners, taken from the system and not served yet.
pub(super) struct Addresses {
    pub(super) public: TcpListener,
    pub(super) admin: TcpListener,
    /// The address people use.
    pub(super) url: String,
    /// The admin listener's.
    pub(super) admin_url: String,
}

impl Addresses {
    pub(super) fn take(settings: &Up) -> Result<Self> {
        let public = listener::bind(SocketAddr::new(settings.bind, settings.port))?;
        let url = public_url(settings, &public)?;
        let admin = bind_admin(settings, &public)?;
        let admin_url = format!("http://{}", admin.local_addr()?);
        Ok(Self {
            public,
            admin,
            url,
            admin_url,
        })
    }
}

/// The admin listener, at the address that was asked for, which is this machine alone unless it was: at the port that was
/// asked for, else at the one after the public port, else at any.
fn bind_admin(settings: &Up, public: &TcpListener) -> Result<TcpListener> {
    let at = |port| SocketAddr::new(settings.admin_bind, port);
    if let Some(port) = settings.admin_port {
        return listener::bind(at(port));
    }
    let next = match settings.port {
        0 => 0,
        _ => public.local_addr()?.port().checked_add(1).unwrap_or(0),
    };
    listener::bind(at(next)).or_else(|_| listener::bind(at(0)))
}

/// The address people use: as told, else this machine under the port that was taken.
fn public_url(settings: &Up, listener: &TcpListener) -> Result<String> {
    if let Some(url) = &settings.url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let port = listener
        .local_addr()
        .context("the listener has no address")?
        .port();
    Ok(match settings.bind {
        IpAddr::V4(address) if !address.is_unspecified() => format!("http://{address}:{port}"),
        IpAddr::V6(address) if !address.is_unspecified() => format!("http://[{address}]:{port}"),
        _ => format!("http://localhost:{port}"),
    })
}
