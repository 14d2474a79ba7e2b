//! Where business and rooms meet on one machine: the business reads a room's history from the archive and knows where
//! rooms are; the host tells the business of finished games and asks it the time.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_host::ports::{
    Archive, Clock as HostClock, Directory as _, Finishes, FinishesError, HostItem,
};
use latchkey_platform::clock::Clock;
use latchkey_platform::placement::{Offer, Place, Placement, PlacementError, Region, RoundTrips};
use latchkey_platform::queue::{Job, Queue};
use latchkey_platform::stats::History;
use latchkey_platform::store::StoreError;
use latchkey_protocol::{GameId, Record, RoomId, Seq, UnixMs};

use crate::archive::EmbeddedArchive;
use crate::directory::EmbeddedDirectory;

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

/// Rooms are where the directory says; one that nobody owns goes to a host that takes rooms.
pub struct FleetPlacement(pub EmbeddedDirectory);

impl FleetPlacement {
    async fn offers(&self) -> Result<Vec<Offer>, PlacementError> {
        let hosts = self.0.hosts().await.map_err(not_placed)?;
        let taking = hosts.into_iter().filter(HostItem::takes_rooms);
        taking
            .map(|host| {
                Ok(Offer {
                    region: host.region.try_into().map_err(not_placed)?,
                    url: host.url,
                    load: (host.load.rooms, host.load.connections),
                })
            })
            .collect()
    }
}

#[async_trait]
impl Placement for FleetPlacement {
    async fn place(&self, room: GameId, group: &[RoundTrips]) -> Result<Place, PlacementError> {
        if let Some(url) = self.0.owner_url(room).await.map_err(not_placed)? {
            return Ok(Place::settled(url));
        }
        let place = Place::among(room, self.offers().await?, group);
        place.ok_or_else(|| not_placed("none is up that takes rooms"))
    }

    async fn regions(&self) -> Result<BTreeSet<Region>, PlacementError> {
        let hosts = self.0.hosts().await.map_err(not_placed)?.into_iter();
        hosts
            .map(|host| host.region.try_into().map_err(not_placed))
            .collect()
    }
}

fn not_placed(why: impl ToString) -> PlacementError {
    PlacementError(why.to_string())
}

/// The stats of finished games are queued as jobs of the business.
pub struct QueuedStats(pub Arc<dyn Queue>);

#[async_trait]
impl Finishes for QueuedStats {
    async fn finished(&self, room: RoomId, seq: Seq) -> Result<(), FinishesError> {
        let queued = self.0.send(&Job::Stats { game: room, seq }).await;
        queued.map_err(|error| FinishesError(error.to_string()))
    }
}

/// The business's clock, as the host's.
pub struct SameClock(pub Arc<dyn Clock>);

impl HostClock for SameClock {
    fn wall(&self) -> UnixMs {
        self.0.now()
    }
}
