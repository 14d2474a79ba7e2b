//! Results of finished games on Mongo.

use async_trait::async_trait;
use latchkey_platform::stats::{StatsReport, StatsStore, Summary};
use latchkey_platform::store::{Insert, StoreError};
use latchkey_platform::titles::VersionRef;
use latchkey_protocol::GameId;
use mongodb::bson::doc;

use super::Mongo;
use super::documents::{Documents, int, packed};

pub(super) const COLLECTION: &str = "stats";

/// Results of finished games on Mongo.
#[derive(Clone)]
pub struct MongoStats(Documents<StatsReport>);

impl MongoStats {
    /// The results in this database.
    #[must_use]
    pub fn new(mongo: &Mongo) -> Self {
        Self(Documents::new(mongo, COLLECTION))
    }
}

#[async_trait]
impl StatsStore for MongoStats {
    async fn insert(&self, report: &StatsReport) -> Result<Insert, StoreError> {
        let found_by = doc! {
            "title": report.stats.title.to_string(),
            "computed_at": int(report.computed_at.0),
            // What others compare with, beside the body so that thousands are read without theirs.
            "summary": packed(&report.stats.summary())?,
        };
        let id = report.stats.game.as_str();
        self.0.insert(id, found_by, report).await
    }

    async fn get(&self, game: GameId) -> Result<Option<StatsReport>, StoreError> {
        self.0.one(doc! { "_id": game.as_str() }).await
    }

    async fn summaries(
        &self,
        title: &VersionRef,
        limit: usize,
    ) -> Result<Vec<Summary>, StoreError> {
        let filter = doc! { "title": title.to_string() };
        let newest = doc! { "computed_at": -1 };
        self.0.select(filter, newest, limit, "summary").await
    }
}
