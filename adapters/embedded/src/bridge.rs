//! Where business and rooms meet on one machine: the business reads a room's history from the archive and knows where
//! rooms are; the host tells the business of finished games and asks it the time.

use std::sync::Arc;

use async_trait::async_trait;
use latchkey_host::ports::{Archive, Clock as HostClock, Finishes, FinishesError};
use latchkey_platform::clock::Clock;
use latchkey_platform::launch::{Launch, LaunchError, Placement, PlacementError};
use latchkey_platform::stats::History;
use latchkey_platform::store::StoreError;
use latchkey_protocol::{GameId, Record, RoomId, Seq, UnixMs};

use crate::archive::EmbeddedArchive;

/// Bytes read from the archive for one answer.
const READ: usize = 1024 * 1024;

/// The history of rooms, read from the archive.
pub struct ArchiveHistory(pub EmbeddedArchive);

#[async_trait]
impl History for ArchiveHistory {
    async fn read(
        &self,
        room: GameId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let read = self.0.read(room, after, READ).await;
        let mut records = read.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        records.truncate(limit);
        Ok(records)
    }
}

/// All rooms are at one place.
pub struct OnePlace(pub String);

#[async_trait]
impl Placement for OnePlace {
    async fn place(&self, _room: GameId) -> Result<String, PlacementError> {
        Ok(self.0.clone())
    }
}

/// Finished games are told to the business, which queues their stats.
pub struct ToldAtOnce(pub Launch);

#[async_trait]
impl Finishes for ToldAtOnce {
    async fn finished(&self, room: RoomId, seq: Seq) -> Result<(), FinishesError> {
        match self.0.finish(room, seq).await {
            // A room without a game has nobody to make stats for; telling again would not help.
            Ok(()) | Err(LaunchError::UnknownGame) => Ok(()),
            Err(error) => Err(FinishesError(error.to_string())),
        }
    }
}

/// The business's clock, as the host's.
pub struct SameClock(pub Arc<dyn Clock>);

impl HostClock for SameClock {
    fn wall(&self) -> UnixMs {
        self.0.now()
    }
}
