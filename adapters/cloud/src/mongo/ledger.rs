//! The ledger on Mongo.

use async_trait::async_trait;
use latchkey_platform::ledger::{Entry, Ledger};
use latchkey_platform::orders::OrderId;
use latchkey_platform::store::{Insert, StoreError};
use mongodb::bson::doc;

use super::Mongo;
use super::documents::Documents;

pub(super) const COLLECTION: &str = "ledger";

/// Most entries of one order that are read: it has a sale and a refund, and one for each thing that people set right.
const ENTRIES: usize = 1_000;

/// The ledger on Mongo.
#[derive(Clone)]
pub struct MongoLedger(Documents<Entry>);

impl MongoLedger {
    /// The ledger in this database.
    #[must_use]
    pub fn new(mongo: &Mongo) -> Self {
        Self(Documents::new(mongo, COLLECTION))
    }
}

#[async_trait]
impl Ledger for MongoLedger {
    async fn post(&self, entry: &Entry) -> Result<Insert, StoreError> {
        let found_by = doc! { "order": entry.order().as_str() };
        self.0.insert(entry.key(), found_by, entry).await
    }

    async fn of_order(&self, order: &OrderId) -> Result<Vec<Entry>, StoreError> {
        let filter = doc! { "order": order.as_str() };
        self.0.many(filter, doc! { "_id": 1 }, ENTRIES).await
    }
}
