//! The host's word that a game is finished, as a job on the queue of stats.

use std::sync::Arc;

use async_trait::async_trait;
use latchkey_host::ports::{Finishes, FinishesError};
use latchkey_platform::queue::{Job, Queue};
use latchkey_protocol::{RoomId, Seq};

/// Queues the stats of finished games.
pub struct QueuedStats(pub Arc<dyn Queue>);

#[async_trait]
impl Finishes for QueuedStats {
    async fn finished(&self, room: RoomId, seq: Seq) -> Result<(), FinishesError> {
        let queued = self.0.send(&Job::Stats { game: room, seq }).await;
        queued.map_err(|error| FinishesError(error.to_string()))
    }
}
