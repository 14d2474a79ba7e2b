//! Addresses of the site that other parts hand out, and the link tokens of games. Tokens are derived from a
//! secret, the game and the number of its link, so that repeating an effect makes the same link.

use std::fmt;
use std::str::FromStr;

use latchkey_protocol::GameId;

use crate::games::Game;
use crate::tokens::{DerivingKey, Token};

/// Where the public reaches the site: scheme, host and port, nothing after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteUrl(String);

/// The text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the address of a site: write http://host:port or https://host, without a path"
)]
pub struct SiteUrlError(String);

impl FromStr for SiteUrl {
    type Err = SiteUrlError;
    fn from_str(text: &str) -> Result<Self, SiteUrlError> {
        let host = text
            .strip_prefix("http://")
            .or_else(|| text.strip_prefix("https://"));
        let plain = |host: &str| {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
        };
        match host {
            Some(host) if plain(host) => Ok(Self(text.to_owned())),
            _ => Err(SiteUrlError(text.chars().take(100).collect())),
        }
    }
}

impl fmt::Display for SiteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SiteUrl {
    /// The origin, as browsers send it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers reach the site by TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The page of an order.
    #[must_use]
    pub fn order(&self, key: &Token) -> String {
        format!("{}/orders/{key}", self.0)
    }

    /// Where a buyer comes back to who did not pay.
    #[must_use]
    pub fn cancelled(&self, key: &Token) -> String {
        format!("{}/orders/{key}/cancelled", self.0)
    }

    /// The launch page.
    #[must_use]
    pub fn launch(&self, link: &Token) -> String {
        format!("{}/l/{link}", self.0)
    }
}

/// Makes the links of games.
#[derive(Debug, Clone)]
pub struct Links {
    key: DerivingKey,
    site: SiteUrl,
}

impl Links {
    /// Links of this site, derived with this key.
    #[must_use]
    pub fn new(key: DerivingKey, site: SiteUrl) -> Self {
        Self { key, site }
    }

    /// The token of a game's link. Rotating the link raises `number`.
    #[must_use]
    pub fn token(&self, game: GameId, number: u32) -> Token {
        self.key
            .derive(&[b"link", game.as_bytes(), &number.to_be_bytes()])
    }

    /// The token of a game's present link; nothing while it is revoked.
    #[must_use]
    pub fn present(&self, game: &Game) -> Option<Token> {
        game.link_hash.map(|_| self.token(game.id, game.link))
    }

    /// The address that a game's present link is; nothing while it is revoked.
    #[must_use]
    pub fn present_url(&self, game: &Game) -> Option<String> {
        self.present(game).map(|token| self.site.launch(&token))
    }

    /// The site.
    #[must_use]
    pub fn site(&self) -> &SiteUrl {
        &self.site
    }
}
