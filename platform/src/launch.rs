//! Launch: what people do with a game between its link and its room: open the link, take a seat, begin, and get
//! the address and ticket of the room.

mod seat;

use std::sync::Arc;

use latchkey_protocol::profile::Profile;
use latchkey_protocol::{GameId, Ticket, TicketSigner};

pub use seat::{SeatClaim, SeatKey, SeatKeyMalformed};

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::games::{Game, Games, PALETTE, Seat};
use crate::limits::{SEATS, SWAP_TRIES};
use crate::links::Links;
use crate::placement::{BadRoundTrips, Placement, PlacementError, Probe, RoundTrips};
use crate::store::{StoreError, Swap};
use crate::tokens::{DerivingKey, Token};

/// Why somebody cannot do that with a game.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// No game has this link.
    #[error(
        "this link opens no game; it may have been replaced: ask whoever sent it for the new one"
    )]
    UnknownLink,
    /// There is no such game.
    #[error("there is no such game")]
    UnknownGame,
    /// The seat is not in the game or the secret is wrong.
    #[error("you have no seat in this game; open its link and take one")]
    NoSeat,
    /// All seats are taken.
    #[error("all {SEATS} seats of this game are taken; ask somebody to share a screen")]
    Full,
    /// The colour is not in the palette.
    #[error("choose one of the {} colours shown", PALETTE.len())]
    Colour,
    /// Round trips that nobody can have measured.
    #[error(transparent)]
    RoundTrips(#[from] BadRoundTrips),
    /// No host can take the room.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where to connect, and the right to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Connection {
    /// The WebSocket address.
    pub url: String,
    /// The ticket for the first frame.
    pub ticket: String,
    /// What to measure before asking again, where there is a choice and nothing was measured for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Probe>,
}

/// What people do with a game.
#[derive(Clone)]
pub struct Launch {
    /// The games.
    pub games: Arc<dyn Games>,
    /// Where rooms are.
    pub placement: Arc<dyn Placement>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for claims on seats.
    pub entropy: Arc<dyn Entropy>,
    /// Makes the links of games.
    pub links: Links,
    /// Derives seats and their secrets from claims.
    pub seats: DerivingKey,
    /// Signs tickets.
    pub signer: Arc<TicketSigner>,
}

impl Launch {
    /// The game a link opens.
    ///
    /// # Errors
    /// [`LaunchError::UnknownLink`], or a store failed.
    pub async fn open(&self, link: &Token) -> Result<Game, LaunchError> {
        self.games
            .by_link(&link.hash())
            .await?
            .ok_or(LaunchError::UnknownLink)
    }

    /// The game with this id.
    ///
    /// # Errors
    /// [`LaunchError::UnknownGame`], or a store failed.
    pub async fn game(&self, id: GameId) -> Result<Game, LaunchError> {
        self.games.get(id).await?.ok_or(LaunchError::UnknownGame)
    }

    /// The address of a game's launch page; nothing while its link is revoked.
    #[must_use]
    pub fn link(&self, game: &Game) -> Option<String> {
        self.links.present_url(game)
    }

    /// The token of a game's present link; nothing while it is revoked.
    #[must_use]
    pub fn link_token(&self, game: &Game) -> Option<Token> {
        self.links.present(game)
    }

    /// A claim on a seat to put into the form that takes it, so that sending the form twice takes one seat.
    #[must_use]
    pub fn new_claim(&self) -> SeatClaim {
        SeatClaim::random(&*self.entropy)
    }

    /// Takes the seat of a claim through a link. With the same claim again, gives the same seat and changes
    /// its name and colour.
    ///
    /// # Errors
    /// [`LaunchError::UnknownLink`], [`LaunchError::Full`], [`LaunchError::Colour`], or a store failed.
    pub async fn take_seat(
        &self,
        link: &Token,
        claim: &SeatClaim,
        profile: &Profile,
    ) -> Result<(Game, SeatKey), LaunchError> {
        in_palette(profile)?;
        let id = self.open(link).await?.id;
        let key = SeatKey::derive(&self.seats, id, claim);
        let now = self.clock.now();
        let game = self
            .change(id, |game| {
                // The link may have been replaced since it was looked up.
                if !game.link_hash.is_some_and(|hash| hash.matches(link)) {
                    return Err(LaunchError::UnknownLink);
                }
                if let Some(seat) = game.seats.iter_mut().find(|s| s.member == key.member) {
                    return Ok(set(&mut seat.profile, profile.clone()));
                }
                if game.seats.len() >= SEATS {
                    return Err(LaunchError::Full);
                }
                game.seats.push(Seat {
                    member: key.member,
                    profile: profile.clone(),
                    secret_hash: key.secret.hash(),
                    taken_at: now,
                    round_trips: RoundTrips::default(),
                });
                Ok(true)
            })
            .await?;
        Ok((game, key))
    }

    /// The game and the seat a key opens.
    ///
    /// # Errors
    /// [`LaunchError::UnknownGame`], [`LaunchError::NoSeat`], or a store failed.
    pub async fn seat(&self, id: GameId, key: &SeatKey) -> Result<(Game, Seat), LaunchError> {
        let game = self.game(id).await?;
        let seat = key.open(&game).ok_or(LaunchError::NoSeat)?.clone();
        Ok((game, seat))
    }

    /// Changes name and colour of a seat.
    ///
    /// # Errors
    /// As [`Launch::seat`], and [`LaunchError::Colour`].
    pub async fn rename(
        &self,
        id: GameId,
        key: &SeatKey,
        profile: &Profile,
    ) -> Result<Game, LaunchError> {
        in_palette(profile)?;
        self.change(id, |game| {
            let member = key.open(game).ok_or(LaunchError::NoSeat)?.member;
            let seat = game.seats.iter_mut().find(|seat| seat.member == member);
            Ok(seat.is_some_and(|seat| set(&mut seat.profile, profile.clone())))
        })
        .await
    }

    /// Begins the game, for everybody and once: later calls change nothing.
    ///
    /// # Errors
    /// As [`Launch::seat`].
    pub async fn begin(&self, id: GameId, key: &SeatKey) -> Result<Game, LaunchError> {
        let now = self.clock.now();
        self.change(id, |game| {
            key.open(game).ok_or(LaunchError::NoSeat)?;
            let begins = game.begun_at.is_none();
            game.begun_at.get_or_insert(now);
            Ok(begins)
        })
        .await
    }

    /// Where the seat's room is, and a ticket for it. What the member `measured` is kept with the seat, for the others
    /// of the group: a room that nobody is in yet goes where all of them are near.
    ///
    /// # Errors
    /// As [`Launch::seat`], [`LaunchError::RoundTrips`] for a region without hosts, and [`LaunchError::Placement`].
    pub async fn connect(
        &self,
        id: GameId,
        key: &SeatKey,
        measured: &RoundTrips,
    ) -> Result<Connection, LaunchError> {
        if !measured.is_empty() {
            measured.are_to(&self.placement.regions().await?)?;
        }
        let game = self
            .change(id, |game| {
                let member = key.open(game).ok_or(LaunchError::NoSeat)?.member;
                let seat = game.seats.iter_mut().find(|seat| seat.member == member);
                let news = seat.filter(|seat| measured.differ_from(&seat.round_trips));
                Ok(news.is_some_and(|seat| set(&mut seat.round_trips, measured.clone())))
            })
            .await?;
        let seat = key.open(&game).ok_or(LaunchError::NoSeat)?.clone();
        let group: Vec<_> = game
            .seats
            .iter()
            .map(|seat| seat.round_trips.clone())
            .collect();
        let mut place = self.placement.place(game.id, &group).await?;
        if !measured.is_empty() {
            // Who has measured is told where to go: asking for more would never end.
            place.choice.clear();
        }
        let ticket = Ticket {
            room: game.id,
            member: seat.member,
            profile: seat.profile,
        };
        Ok(Connection {
            url: place.url,
            regions: place.choice,
            ticket: self.signer.sign(&ticket, self.clock.now()),
        })
    }

    /// Replaces the link of a game by a new one; who holds the old one stays out, who has a seat keeps it.
    ///
    /// # Errors
    /// [`LaunchError::UnknownGame`], or a store failed.
    pub async fn rotate_link(&self, id: GameId) -> Result<Game, LaunchError> {
        self.change(id, |game| {
            game.link += 1;
            game.link_hash = Some(self.links.token(game.id, game.link).hash());
            Ok(true)
        })
        .await
    }

    /// Takes the link of a game away until it is rotated.
    ///
    /// # Errors
    /// [`LaunchError::UnknownGame`], or a store failed.
    pub async fn revoke_link(&self, id: GameId) -> Result<Game, LaunchError> {
        self.change(id, |game| Ok(game.link_hash.take().is_some()))
            .await
    }

    /// Changes a game by compare-and-set until no other writer is first. `change` says whether it changed
    /// anything; it may run several times.
    async fn change(
        &self,
        id: GameId,
        change: impl Fn(&mut Game) -> Result<bool, LaunchError> + Send + Sync,
    ) -> Result<Game, LaunchError> {
        for _ in 0..SWAP_TRIES {
            let mut game = self.game(id).await?;
            if !change(&mut game)? {
                return Ok(game);
            }
            if self.games.swap(&game).await? == Swap::Swapped {
                game.revision += 1;
                return Ok(game);
            }
        }
        Err(StoreError::Contended(format!("game {id}")).into())
    }
}

fn in_palette(profile: &Profile) -> Result<(), LaunchError> {
    if PALETTE.contains(&profile.colour) {
        Ok(())
    } else {
        Err(LaunchError::Colour)
    }
}

/// Sets a value and says whether it was different.
fn set<T: PartialEq>(place: &mut T, value: T) -> bool {
    let different = *place != value;
    *place = value;
    different
}

#[cfg(test)]
mod tests;
