//! The versions of titles on Mongo. A publisher takes a number with one insert, under which only its content can ever be
//! published; when all files are where they belong, one compare-and-set makes the version visible. A publisher that dies
//! in between leaves a number that nobody sees, and that another with the same content may finish.

use latchkey_platform::limits::CATALOGUE_TITLES;
use latchkey_platform::store::{Insert, StoreError};
use latchkey_platform::titles::{Slug, TitleVersion, VersionRef};
use mongodb::bson::{Document, doc};

use super::Mongo;
use super::documents::{Documents, packed};

pub(super) const COLLECTION: &str = "title_versions";

/// The versions of titles on Mongo, without their files.
#[derive(Clone)]
pub struct MongoVersions(Documents<TitleVersion>);

fn visible(version: &VersionRef) -> Document {
    doc! { "_id": version.to_string(), "published": true }
}

impl MongoVersions {
    /// The versions in this database.
    #[must_use]
    pub fn new(mongo: &Mongo) -> Self {
        Self(Documents::new(mongo, COLLECTION))
    }

    /// Takes the version's number for its content: whether files of this content may be stored under the number now. No
    /// files of another content ever may.
    pub(crate) async fn take(&self, version: &TitleVersion) -> Result<bool, StoreError> {
        let id = version.reference().to_string();
        let found_by = doc! {
            "title": version.slug.as_str(),
            "number": i64::from(version.number),
            "hash": &version.hash,
            "published": false,
        };
        match self.0.insert(&id, found_by, version).await? {
            Insert::Inserted => Ok(true),
            Insert::Exists => {
                let unfinished = doc! { "_id": id, "hash": &version.hash, "published": false };
                Ok(self.0.one(unfinished).await?.is_some())
            }
        }
    }

    /// Makes a version visible whose files are all stored.
    pub(crate) async fn publish(&self, version: &TitleVersion) -> Result<Insert, StoreError> {
        let id = version.reference().to_string();
        let unfinished = doc! { "_id": id, "hash": &version.hash, "published": false };
        let finished = doc! { "$set": { "published": true, "body": packed(version)? } };
        Ok(match self.0.change(unfinished, finished).await? {
            true => Insert::Inserted,
            false => Insert::Exists,
        })
    }

    /// A published version.
    pub(crate) async fn get(
        &self,
        version: &VersionRef,
    ) -> Result<Option<TitleVersion>, StoreError> {
        self.0.one(visible(version)).await
    }

    /// The newest published version of a title.
    pub(crate) async fn newest(&self, slug: &Slug) -> Result<Option<TitleVersion>, StoreError> {
        let filter = doc! { "title": slug.as_str(), "published": true };
        let newest = self.0.many(filter, doc! { "number": -1 }, 1).await?;
        Ok(newest.into_iter().next())
    }

    /// The newest published version of every title, by slug.
    pub(crate) async fn list(&self) -> Result<Vec<TitleVersion>, StoreError> {
        let limit = i64::try_from(CATALOGUE_TITLES).unwrap_or(i64::MAX);
        let first = |field: &str| doc! { "$first": format!("${field}") };
        let newest_of_each = vec![
            doc! { "$match": { "published": true } },
            doc! { "$sort": { "title": 1, "number": -1 } },
            doc! { "$group": { "_id": "$title", "schema": first("schema"), "body": first("body") } },
            doc! { "$sort": { "_id": 1 } },
            doc! { "$limit": limit },
        ];
        self.0.aggregate(newest_of_each, "body").await
    }
}
