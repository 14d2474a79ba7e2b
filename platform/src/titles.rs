//! Titles and their immutable, numbered versions: the manifest a game's maker writes, the bundle of files, the
//! rule by which publishing gives a number, and the port of the catalogue.

mod bundle;
mod manifest;

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use bundle::{Bundle, BundleError, FilePath, FilePathError};
pub use manifest::{ManifestError, Span, TitleManifest};

use crate::clock::UnixMs;
use crate::limits::SLUG_BYTES;
use crate::store::{Insert, StoreError};

/// The name of a title in addresses: `locked-study`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// The text is no slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a title's slug is 1 to {SLUG_BYTES} characters of a-z, 0-9 and single hyphens between them"
)]
pub struct SlugError;

impl Slug {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = SlugError;
    fn from_str(text: &str) -> Result<Self, SlugError> {
        let word = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if text.len() <= SLUG_BYTES && text.split('-').all(word) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SlugError)
        }
    }
}

impl TryFrom<String> for Slug {
    type Error = SlugError;
    fn try_from(text: String) -> Result<Self, SlugError> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One version of one title; displayed as `locked-study/3`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VersionRef {
    /// The title.
    pub slug: Slug,
    /// The version, from 1.
    pub number: u32,
}

impl fmt::Display for VersionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.slug, self.number)
    }
}

/// A published version. Nothing of it ever changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TitleVersion {
    /// The title.
    pub slug: Slug,
    /// The version, from 1.
    pub number: u32,
    /// SHA-256 over all paths and contents, in lower-case hexadecimal.
    pub hash: String,
    /// What the maker says about it.
    pub manifest: TitleManifest,
    /// When it was first published.
    pub published_at: UnixMs,
}

impl TitleVersion {
    /// What names this version.
    #[must_use]
    pub fn reference(&self) -> VersionRef {
        VersionRef {
            slug: self.slug.clone(),
            number: self.number,
        }
    }
}

/// The catalogue: titles, their versions and the versions' files.
#[async_trait]
pub trait Titles: Send + Sync {
    /// The newest version of every title, by slug, at most
    /// [`CATALOGUE_TITLES`](crate::limits::CATALOGUE_TITLES).
    async fn list(&self) -> Result<Vec<TitleVersion>, StoreError>;
    /// The newest version of one title.
    async fn newest(&self, slug: &Slug) -> Result<Option<TitleVersion>, StoreError>;
    /// One version.
    async fn version(&self, version: &VersionRef) -> Result<Option<TitleVersion>, StoreError>;
    /// One file of a version, as the path stands in the bundle (`games/locked-study/main.js`).
    async fn file(
        &self,
        version: &VersionRef,
        path: &FilePath,
    ) -> Result<Option<Vec<u8>>, StoreError>;
    /// Stores a version with all its files, whole or not at all; never replaces one. A number that a publication took which
    /// came to no end may stay taken for its content, without a version that anybody sees.
    async fn put(&self, version: &TitleVersion, bundle: &Bundle) -> Result<Insert, StoreError>;
}

/// What publishing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The version that holds the content.
    pub version: TitleVersion,
    /// Whether it was made now.
    pub new: bool,
}

/// Publishing failed.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The bundle is not one of a title.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The catalogue failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Publishes the content of a bundle. Content equal to the newest version's gives that version; any other
/// content, also that of an older version, gives the next number, so that going back is a publication too.
///
/// # Errors
/// [`PublishError`] when the bundle is not a title's or the catalogue fails.
pub async fn publish(
    titles: &dyn Titles,
    bundle: &Bundle,
    now: UnixMs,
) -> Result<Published, PublishError> {
    let manifest = bundle.manifest()?;
    let hash = bundle.hash();
    let mut tried = 0;
    for _ in 0..crate::limits::SWAP_TRIES {
        let newest = titles.newest(&manifest.slug).await?;
        if let Some(version) = newest.as_ref().filter(|version| version.hash == hash) {
            return Ok(Published {
                version: version.clone(),
                new: false,
            });
        }
        // A number that was found taken is passed over, also when no version comes of it.
        tried = newest.map_or(0, |version| version.number).max(tried) + 1;
        let version = TitleVersion {
            slug: manifest.slug.clone(),
            number: tried,
            hash: hash.clone(),
            manifest: manifest.clone(),
            published_at: now,
        };
        if titles.put(&version, bundle).await? == Insert::Inserted {
            return Ok(Published { version, new: true });
        }
    }
    Err(StoreError::Contended(format!("title {}", manifest.slug)).into())
}

#[cfg(test)]
mod tests;
