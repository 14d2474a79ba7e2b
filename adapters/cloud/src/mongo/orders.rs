//! Orders on Mongo.

use async_trait::async_trait;
use latchkey_platform::clock::UnixMs;
use latchkey_platform::email::EmailAddress;
use latchkey_platform::orders::{Order, OrderId, Orders};
use latchkey_platform::payments::PaymentId;
use latchkey_platform::store::{Insert, StoreError, Swap};
use latchkey_platform::tokens::TokenHash;
use mongodb::bson::{Document, doc};

use super::Mongo;
use super::documents::{Documents, int};

pub(super) const COLLECTION: &str = "orders";

/// Orders on Mongo.
#[derive(Clone)]
pub struct MongoOrders(Documents<Order>);

impl MongoOrders {
    /// The orders in this database.
    #[must_use]
    pub fn new(mongo: &Mongo) -> Self {
        Self(Documents::new(mongo, COLLECTION))
    }
}

fn found_by(order: &Order) -> Document {
    let payments: Vec<_> = order.payments.iter().map(PaymentId::as_str).collect();
    doc! {
        "revision": int(order.revision),
        "key_hash": order.key_hash.to_string(),
        "email": order.email.folded(),
        "payments": payments,
        "pending": !order.effects.is_empty(),
        "bought": order.game.is_some(),
        "created_at": int(order.created_at.0),
        "changed_at": int(order.changed_at.0),
    }
}

#[async_trait]
impl Orders for MongoOrders {
    async fn insert(&self, order: &Order) -> Result<Insert, StoreError> {
        let order = Order {
            revision: 1,
            ..order.clone()
        };
        let id = order.id.as_str();
        self.0.insert(id, found_by(&order), &order).await
    }

    async fn get(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.0.one(doc! { "_id": id.as_str() }).await
    }

    async fn by_key(&self, key: &TokenHash) -> Result<Option<Order>, StoreError> {
        self.0.one(doc! { "key_hash": key.to_string() }).await
    }

    async fn by_payment(&self, payment: &PaymentId) -> Result<Option<Order>, StoreError> {
        self.0.one(doc! { "payments": payment.as_str() }).await
    }

    async fn swap(&self, order: &Order) -> Result<Swap, StoreError> {
        let expected = order.revision;
        let next = Order {
            revision: expected + 1,
            ..order.clone()
        };
        let id = next.id.as_str();
        self.0.swap(id, expected, found_by(&next), &next).await
    }

    async fn with_effects(&self, before: UnixMs, limit: usize) -> Result<Vec<Order>, StoreError> {
        let filter = doc! { "pending": true, "changed_at": { "$lt": int(before.0) } };
        self.0.many(filter, doc! { "changed_at": 1 }, limit).await
    }

    async fn bought_by(
        &self,
        email: &EmailAddress,
        limit: usize,
    ) -> Result<Vec<Order>, StoreError> {
        let filter = doc! { "email": email.folded(), "bought": true };
        self.0.many(filter, doc! { "created_at": -1 }, limit).await
    }
}
