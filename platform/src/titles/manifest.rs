//! `title.json`: what the maker of a game says about it. Parsed once when a bundle is read; afterwards every
//! field is known to be in order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FilePath, FilePathError, Slug, SlugError};
use crate::limits::MANIFEST_TEXT_BYTES;
use crate::money::{Currency, Money, MoneyError};
use crate::places::Country;

/// A range of whole numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The smallest.
    pub min: u32,
    /// The largest.
    pub max: u32,
}

/// What the maker says about a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct TitleManifest {
    /// Name in addresses.
    pub slug: Slug,
    /// Name on pages.
    pub name: String,
    /// One sentence for the catalogue.
    pub tagline: String,
    /// Some sentences for the title's page.
    pub description: String,
    /// How many can play.
    pub players: Span,
    /// How long it takes, in minutes.
    pub minutes: Span,
    /// The JavaScript module that starts the game, below the game's folder.
    pub entry: FilePath,
    /// Its style sheet, below the game's folder.
    pub style: FilePath,
    /// Its picture for the catalogue, below the game's folder.
    pub picture: FilePath,
    prices: BTreeMap<Currency, Money>,
}

/// What is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON, or a field is missing or of the wrong type.
    #[error("title.json cannot be read: {0}")]
    Json(String),
    /// The slug.
    #[error("title.json: {0}")]
    Slug(#[from] SlugError),
    /// A text is empty or too long.
    #[error("title.json: {0} must have 1 to {MANIFEST_TEXT_BYTES} bytes and no control characters")]
    Text(&'static str),
    /// A range is empty.
    #[error("title.json: {0} must have 1 <= min <= max <= {1}")]
    Span(&'static str, u32),
    /// A path.
    #[error("title.json: {0}")]
    Path(#[from] FilePathError),
    /// A price.
    #[error("title.json: {0}")]
    Price(#[from] MoneyError),
    /// A price is not above zero.
    #[error("title.json: the price in {0} must be above zero; leave the currency out instead")]
    NotPositive(Currency),
    /// There is no price at all.
    #[error("title.json: there must be a price in EUR, which everybody can pay in")]
    NoEuroPrice,
}

#[derive(Clone, Serialize, Deserialize)]
struct Raw {
    slug: String,
    name: String,
    tagline: String,
    description: String,
    players: Span,
    minutes: Span,
    entry: String,
    style: String,
    picture: String,
    prices: BTreeMap<String, i64>,
}

impl TitleManifest {
    /// Reads `title.json`.
    ///
    /// # Errors
    /// [`ManifestError`] names the field and what it must be.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        let raw: Raw =
            serde_json::from_slice(json).map_err(|error| ManifestError::Json(error.to_string()))?;
        raw.try_into()
    }

    /// All prices, by currency.
    pub fn prices(&self) -> impl Iterator<Item = Money> {
        self.prices.values().copied()
    }

    /// The price in a currency, if there is one.
    #[must_use]
    pub fn price(&self, currency: Currency) -> Option<Money> {
        self.prices.get(&currency).copied()
    }

    /// What a buyer in a country pays: the price in that country's currency, else the one in euro.
    #[must_use]
    pub fn price_in(&self, country: Country) -> Money {
        self.price(country.currency())
            .or_else(|| self.price(Currency::EUR))
            .expect("a manifest without a price in euro is not parsed")
    }
}

impl TryFrom<Raw> for TitleManifest {
    type Error = ManifestError;

    fn try_from(raw: Raw) -> Result<Self, ManifestError> {
        let mut prices = BTreeMap::new();
        for (code, minor) in &raw.prices {
            let price = Money::new(*minor, Currency::parse(code)?)?;
            if price.minor() <= 0 {
                return Err(ManifestError::NotPositive(price.currency()));
            }
            prices.insert(price.currency(), price);
        }
        if !prices.contains_key(&Currency::EUR) {
            return Err(ManifestError::NoEuroPrice);
        }
        Ok(Self {
            slug: raw.slug.parse()?,
            name: text("name", raw.name)?,
            tagline: text("tagline", raw.tagline)?,
            description: text("description", raw.description)?,
            players: span("players", raw.players, 64)?,
            minutes: span("minutes", raw.minutes, 10_000)?,
            entry: raw.entry.parse()?,
            style: raw.style.parse()?,
            picture: raw.picture.parse()?,
            prices,
        })
    }
}

impl From<TitleManifest> for Raw {
    fn from(manifest: TitleManifest) -> Self {
        Self {
            slug: manifest.slug.into(),
            name: manifest.name,
            tagline: manifest.tagline,
            description: manifest.description,
            players: manifest.players,
            minutes: manifest.minutes,
            entry: manifest.entry.into(),
            style: manifest.style.into(),
            picture: manifest.picture.into(),
            prices: manifest
                .prices
                .into_values()
                .map(|price| (price.currency().to_string(), price.minor()))
                .collect(),
        }
    }
}

fn text(field: &'static str, text: String) -> Result<String, ManifestError> {
    let plain = !text.chars().any(|c| c.is_control() && c != '\n');
    if plain && !text.trim().is_empty() && text.len() <= MANIFEST_TEXT_BYTES {
        Ok(text)
    } else {
        Err(ManifestError::Text(field))
    }
}

fn span(field: &'static str, span: Span, most: u32) -> Result<Span, ManifestError> {
    if 1 <= span.min && span.min <= span.max && span.max <= most {
        Ok(span)
    } else {
        Err(ManifestError::Span(field, most))
    }
}
