//! Who owns which room, in `rooms.db`. Hosts of one machine share the file; none of them is ever taken for lost.

use async_trait::async_trait;
use latchkey_host::ports::{Claim, Directory, DirectoryError};
use latchkey_platform::store::StoreError;
use latchkey_protocol::{Epoch, RoomId};
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::database::{Database, int, number};
use crate::rooms::Rooms;

/// The directory as the host at one URL uses it.
#[derive(Clone)]
pub struct EmbeddedDirectory {
    database: Database,
    url: String,
}

impl EmbeddedDirectory {
    /// The directory for the host that clients reach at `url`, which is also its name: an earlier process of the same
    /// host used the same one.
    #[must_use]
    pub fn new(rooms: Rooms, url: impl Into<String>) -> Self {
        Self {
            database: rooms.0,
            url: url.into(),
        }
    }
}

#[async_trait]
impl Directory for EmbeddedDirectory {
    async fn claim(&self, room: RoomId) -> Result<Claim, DirectoryError> {
        let url = self.url.clone();
        let work = move |tx: &Transaction<'_>| Ok(claim(tx, room, &url)?);
        self.database.write(work).await.map_err(unanswered)
    }

    async fn release(&self, room: RoomId, epoch: Epoch) -> Result<(), DirectoryError> {
        let url = self.url.clone();
        let work = move |tx: &Transaction<'_>| {
            tx.prepare_cached(
                "UPDATE owners SET url = NULL WHERE room = ?1 AND epoch = ?2 AND url = ?3",
            )?
            .execute(params![room.as_str(), int(epoch.0), url])?;
            Ok(())
        };
        self.database.write(work).await.map_err(unanswered)
    }
}

fn unanswered(error: StoreError) -> DirectoryError {
    DirectoryError(error.to_string())
}

fn claim(tx: &Transaction<'_>, room: RoomId, url: &str) -> rusqlite::Result<Claim> {
    let found: Option<(i64, Option<String>)> = tx
        .prepare_cached("SELECT epoch, url FROM owners WHERE room = ?1")?
        .query_row([room.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (epoch, owner) = found.unwrap_or_default();
    if let Some(owner) = owner.filter(|owner| owner != url) {
        return Ok(Claim::Elsewhere(owner));
    }
    let epoch = epoch + 1;
    tx.prepare_cached("INSERT OR REPLACE INTO owners (room, epoch, url) VALUES (?1, ?2, ?3)")?
        .execute(params![room.as_str(), epoch, url])?;
    Ok(Claim::Owned(Epoch(number(epoch))))
}
