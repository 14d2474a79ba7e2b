//! From the HTTP connection to a room connection: takes the socket back from hyper, lets the client join, and hands
//! over to a task of its own, so that nothing of the handshake stays in memory for the hours that follow.

use std::sync::Arc;

use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;

use crate::connection::Connection;
use crate::host::Shared;
use crate::join;
use crate::listener::Places;
use crate::wire::{Ending, Wire};

/// Runs a connection from its upgrade to its join.
pub(crate) async fn run(shared: Arc<Shared>, on_upgrade: OnUpgrade, places: Places) {
    let Places {
        connection: place,
        unjoined,
    } = places;
    let within = shared.config.limits.join_within;
    let Ok(Ok(upgraded)) = tokio::time::timeout(within, on_upgrade).await else {
        return;
    };
    let counted = Counted::new(shared.clone());
    let Some((stream, read)) = take_back(upgraded) else {
        shared.desk.metrics.sockets_not_raw.up();
        tracing::error!(
            "the HTTP server does not give its TCP sockets back; rooms cannot be joined through it"
        );
        return;
    };
    let mut wire = Wire::new(stream, &read, shared.time.now().elapsed_ms);
    shared.desk.metrics.unjoined.up();
    let joined = join::join(&shared, &mut wire).await;
    shared.desk.metrics.unjoined.down();
    drop(unjoined);
    match joined {
        Ok(joined) => {
            // Boxed, because a future keeps what it is given once more for every function it goes through.
            let connection = Box::new(Connection::new(shared, wire, joined));
            tokio::spawn(async move {
                connection.run().await;
                drop((counted, place));
            });
        }
        Err(ending) => {
            end(&shared, wire, ending).await;
            drop((counted, place));
        }
    }
}

/// Ends a connection, one way or the other, within a bounded time.
pub(crate) async fn end(shared: &Shared, wire: Wire, ending: Ending) {
    if let Ending::Close(code) = ending {
        shared.desk.metrics.closed(code);
    }
    wire.end(ending).await;
}

/// The bare socket, if the HTTP server is one that gives it back, and the bytes it has read already.
fn take_back(upgraded: Upgraded) -> Option<(TcpStream, Bytes)> {
    let (io, read) = match auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => (parts.io, parts.read_buf),
        Err(upgraded) => {
            let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
            (parts.io, parts.read_buf)
        }
    };
    let stream = io.into_inner();
    // What is written is gathered already. If it cannot be set, frames come a little later.
    let _ = stream.set_nodelay(true);
    Some((stream, read))
}

/// Counts the connection for as long as it lives, however it ends.
struct Counted(Arc<Shared>);

impl Counted {
    fn new(shared: Arc<Shared>) -> Self {
        shared.desk.metrics.connections.up();
        Self(shared)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.desk.metrics.connections.down();
    }
}
