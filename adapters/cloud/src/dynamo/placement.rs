//! Where the site sends players: the port [`Placement`] on the directory, of which it only reads.

use std::collections::BTreeSet;

use async_trait::async_trait;
use latchkey_host::ports::{Directory as _, HostItem};
use latchkey_platform::placement::{Offer, Place, Placement, PlacementError, Region, RoundTrips};
use latchkey_protocol::GameId;

use super::directory::DynamoDirectory;

/// Rooms are where the directory says; one that nobody owns goes to a host that takes rooms.
#[derive(Debug, Clone)]
pub struct DynamoPlacement(pub DynamoDirectory);

#[async_trait]
impl Placement for DynamoPlacement {
    async fn place(&self, room: GameId, group: &[RoundTrips]) -> Result<Place, PlacementError> {
        if let Some(url) = self.0.owner_url(room).await.map_err(not_placed)? {
            return Ok(Place::settled(url));
        }
        let hosts = self.0.hosts().await.map_err(not_placed)?;
        let taking = hosts.into_iter().filter(HostItem::takes_rooms);
        let offers = taking.map(offer).collect::<Result<_, _>>()?;
        let place = Place::among(room, offers, group);
        place.ok_or_else(|| not_placed("none is up that takes rooms"))
    }

    async fn regions(&self) -> Result<BTreeSet<Region>, PlacementError> {
        let hosts = self.0.hosts().await.map_err(not_placed)?.into_iter();
        hosts
            .map(|host| host.region.try_into().map_err(not_placed))
            .collect()
    }
}

fn offer(host: HostItem) -> Result<Offer, PlacementError> {
    Ok(Offer {
        region: host.region.try_into().map_err(not_placed)?,
        url: host.url,
        load: (host.load.rooms, host.load.connections),
    })
}

fn not_placed(why: impl ToString) -> PlacementError {
    PlacementError(why.to_string())
}
