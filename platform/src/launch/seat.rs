//! The key of a seat, which a member's cookie holds, and the claim it is derived from.

use std::fmt;

use latchkey_protocol::{GameId, MemberId};

use crate::entropy::Entropy;
use crate::games::{Game, Seat};
use crate::tokens::{DerivingKey, Token, TokenMalformed};

/// 256 random bits in the form that takes a seat. Seat and secret are derived from them and the game, so the
/// form may be sent twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatClaim(Token);

impl SeatClaim {
    /// A new claim.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self(Token::random(entropy))
    }

    /// Reads a claim back from the form.
    ///
    /// # Errors
    /// [`TokenMalformed`].
    pub fn parse(text: &str) -> Result<Self, TokenMalformed> {
        Token::parse(text).map(Self)
    }
}

impl fmt::Display for SeatClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who a person is in one game, and the proof of it: the value of the seat cookie, `member.secret`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatKey {
    /// The member.
    pub member: MemberId,
    /// The secret.
    pub secret: Token,
}

/// The text is no key of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cookie of the seat cannot be read; open the game's link again")]
pub struct SeatKeyMalformed;

impl SeatKey {
    /// The seat a claim takes in a game.
    pub(super) fn derive(key: &DerivingKey, game: GameId, claim: &SeatClaim) -> Self {
        let parts = |what: &'static [u8]| [what, game.as_bytes(), claim.0.bytes()];
        let member = key.derive(&parts(b"member"));
        let random = *member
            .bytes()
            .first_chunk()
            .expect("a token is longer than an id");
        Self {
            member: MemberId::from_random(random),
            secret: key.derive(&parts(b"secret")),
        }
    }

    /// Reads the value of a cookie.
    ///
    /// # Errors
    /// [`SeatKeyMalformed`].
    pub fn parse(text: &str) -> Result<Self, SeatKeyMalformed> {
        let (member, secret) = text.split_once('.').ok_or(SeatKeyMalformed)?;
        Ok(Self {
            member: member.parse().map_err(|_| SeatKeyMalformed)?,
            secret: Token::parse(secret).map_err(|_| SeatKeyMalformed)?,
        })
    }

    /// The seat this key opens in a game.
    pub(super) fn open<'a>(&self, game: &'a Game) -> Option<&'a Seat> {
        game.seat(self.member)
            .filter(|seat| seat.secret_hash.matches(&self.secret))
    }
}

/// The value of the cookie.
impl fmt::Display for SeatKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.member, self.secret)
    }
}
