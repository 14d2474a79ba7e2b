//! The graceful stop: nobody new, everybody told to come back, everything moved to the archive.

use std::sync::Arc;
use std::time::Duration;

use latchkey_protocol::CloseCode;
use tokio::time::timeout_at;

use crate::host::Shared;
use crate::live::Pending;
use crate::migration;

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Connections that were told to come back.
    pub connections: usize,
    /// Rooms that were in memory.
    pub rooms: usize,
    /// Records that are in the journal and did not reach the archive in time.
    pub unstored: u64,
}

/// Stops the host's service, within about `within`.
pub(crate) async fn stop(shared: &Arc<Shared>, within: Duration) -> Summary {
    let deadline = shared.time.instant(shared.time.elapsed() + within);
    shared.stopping.send_replace(true);
    let rooms = shared.rooms.all();
    let connections = rooms.iter().map(|live| live.connections()).sum();
    for live in &rooms {
        live.stop(CloseCode::GoingAway);
    }
    let stored = async {
        let mut owed = u64::MAX;
        let mut settled = shared.migration.settled();
        while rooms.iter().any(|live| live.pending() != Pending::Nothing) {
            let now_owed = rooms.iter().map(|live| live.unstored()).sum();
            // A host that stops gives every room its turn. Without progress the rounds keep their own pace, so that a port
            // that is away is not hammered.
            if now_owed < owed {
                shared.migration.hurry();
                owed = now_owed;
            }
            // The sender lives as long as the host does.
            let _ = settled.changed().await;
        }
    };
    if timeout_at(deadline, stored).await.is_err() {
        tracing::warn!("not everything reached the archive before the stop; the journal has it");
    }
    migration::sync(shared).await;
    let all = u32::try_from(shared.config.limits.connections).unwrap_or(u32::MAX);
    if timeout_at(deadline, shared.places.acquire_many(all))
        .await
        .is_err()
    {
        tracing::warn!("not every connection ended before the stop");
    }
    let unstored = rooms.iter().map(|live| live.unstored()).sum();
    let summary = Summary {
        connections,
        rooms: rooms.len(),
        unstored,
    };
    tracing::info!(
        connections,
        rooms = summary.rooms,
        unstored,
        "the host has stopped"
    );
    summary
}
