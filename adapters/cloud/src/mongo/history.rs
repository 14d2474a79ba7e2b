//! What the business reads of a room: its history, from the archive alone. The host that played the game may be gone.

use async_trait::async_trait;
use latchkey_host::ports::{Archive as _, ArchiveError};
use latchkey_platform::stats::History;
use latchkey_platform::store::StoreError;
use latchkey_protocol::{GameId, Record, Seq};

use super::archive::MongoArchive;

/// Bytes read from the archive for one answer.
const READ: usize = 1024 * 1024;

/// The history of rooms, read from the archive.
#[derive(Clone)]
pub struct ArchiveHistory(pub MongoArchive);

#[async_trait]
impl History for ArchiveHistory {
    async fn read(
        &self,
        room: GameId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let read = self.0.read(room, after, READ).await;
        let mut records = read.map_err(|error| match error {
            ArchiveError::Corrupt(text) => StoreError::Corrupt(text),
            error => StoreError::Unavailable(error.to_string()),
        })?;
        records.truncate(limit);
        Ok(records)
    }
}
