//! Games: one bought play-through each. The port and the document; what people do with a game is in `launch`.

use async_trait::async_trait;
use latchkey_protocol::profile::Profile;
use latchkey_protocol::{Colour, GameId, MemberId, Seq};
use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::limits::SWAP_TRIES;
use crate::orders::OrderId;
use crate::placement::RoundTrips;
use crate::store::{Insert, StoreError, Swap};
use crate::titles::VersionRef;
use crate::tokens::TokenHash;

/// The colours players choose from: apart from each other also for most colour-blind eyes, and dark enough to
/// be read on white.
pub const PALETTE: [Colour; 12] = [
    Colour([0xb4, 0x23, 0x18]),
    Colour([0xb5, 0x47, 0x08]),
    Colour([0x85, 0x4a, 0x0e]),
    Colour([0x4d, 0x7c, 0x0f]),
    Colour([0x06, 0x76, 0x47]),
    Colour([0x0e, 0x70, 0x90]),
    Colour([0x17, 0x5c, 0xd3]),
    Colour([0x34, 0x3e, 0xb8]),
    Colour([0x69, 0x27, 0xda]),
    Colour([0x9f, 0x1a, 0xb1]),
    Colour([0xc1, 0x15, 0x74]),
    Colour([0x47, 0x54, 0x67]),
];

/// A person's place in a game.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The member.
    pub member: MemberId,
    /// Name and colour, as last chosen on the site.
    #[serde(flatten)]
    pub profile: Profile,
    /// The hash of the secret in the member's cookie.
    pub secret_hash: TokenHash,
    /// When it was taken.
    pub taken_at: UnixMs,
    /// How far the member is from where hosts stand, as last measured.
    #[serde(default, skip_serializing_if = "RoundTrips::is_empty")]
    pub round_trips: RoundTrips,
}

/// How a game ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// The record that finished it.
    pub seq: Seq,
    /// When the business was told.
    pub at: UnixMs,
}

/// One bought play-through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Game {
    /// Its id, also that of its room.
    pub id: GameId,
    /// The order that paid for it.
    pub order: OrderId,
    /// Counts the writes of this document, from 1. Stores set it.
    pub revision: u64,
    /// The title version it plays for its whole life.
    pub title: VersionRef,
    /// The number of its link, from 1; rotating the link raises it.
    pub link: u32,
    /// The hash of its link's token; nothing while the link is revoked.
    pub link_hash: Option<TokenHash>,
    /// When it was created.
    pub created_at: UnixMs,
    /// When somebody first pressed Begin.
    pub begun_at: Option<UnixMs>,
    /// How it ended.
    pub finished: Option<Finished>,
    /// The seats that were taken, in order.
    pub seats: Vec<Seat>,
}

impl Game {
    /// The seat of a member.
    #[must_use]
    pub fn seat(&self, member: MemberId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.member == member)
    }
}

/// The games. Every write is one document.
#[async_trait]
pub trait Games: Send + Sync {
    /// Adds a game with revision 1; its id and the hash of its link are unique.
    async fn insert(&self, game: &Game) -> Result<Insert, StoreError>;
    /// The game with this id.
    async fn get(&self, id: GameId) -> Result<Option<Game>, StoreError>;
    /// The game whose present link has this hash.
    async fn by_link(&self, link: &TokenHash) -> Result<Option<Game>, StoreError>;
    /// Replaces the game if the stored revision is still `game.revision`; it is stored with the next one.
    async fn swap(&self, game: &Game) -> Result<Swap, StoreError>;
}

/// Notes that record `seq` finished the game; the first such record stays. Gives the game as it is afterwards, nothing
/// when there is none.
///
/// # Errors
/// [`StoreError`]. Calling again is safe.
pub async fn finish(
    games: &dyn Games,
    id: GameId,
    seq: Seq,
    at: UnixMs,
) -> Result<Option<Game>, StoreError> {
    for _ in 0..SWAP_TRIES {
        let Some(mut game) = games.get(id).await? else {
            return Ok(None);
        };
        if game.finished.is_some() {
            return Ok(Some(game));
        }
        game.finished = Some(Finished { seq, at });
        if games.swap(&game).await? == Swap::Swapped {
            game.revision += 1;
            return Ok(Some(game));
        }
    }
    Err(StoreError::Contended(format!("game {id}")))
}
