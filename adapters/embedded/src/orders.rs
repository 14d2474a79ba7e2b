//! Orders on SQLite.

use async_trait::async_trait;
use latchkey_platform::clock::UnixMs;
use latchkey_platform::email::EmailAddress;
use latchkey_platform::orders::{Order, OrderId, Orders};
use latchkey_platform::payments::PaymentId;
use latchkey_platform::store::{Insert, StoreError, Swap};
use latchkey_platform::tokens::TokenHash;
use rusqlite::{Connection, Params, Transaction, params};

use crate::database::documents::{all, one};
use crate::database::{Database, Fault, changed, int, rows};

/// Orders on SQLite.
#[derive(Clone)]
pub struct SqliteOrders(pub Database);

fn find(
    connection: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Option<Order>, Fault> {
    let query = format!("SELECT body FROM orders WHERE {condition}");
    one(connection, &query, params)
}

fn select(
    connection: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Vec<Order>, Fault> {
    let query = format!("SELECT body FROM orders WHERE {condition}");
    all(connection, &query, params)
}

/// Notes every id the order's payment is known by. An id that another order has stays that order's: the
/// provider never gives one twice.
fn note_payments(transaction: &Transaction<'_>, order: &Order) -> Result<(), Fault> {
    for payment in &order.payments {
        transaction.execute(
            "INSERT INTO order_payments (payment, order_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![payment.as_str(), order.id.as_str()],
        )?;
    }
    Ok(())
}

#[async_trait]
impl Orders for SqliteOrders {
    async fn insert(&self, order: &Order) -> Result<Insert, StoreError> {
        let order = Order {
            revision: 1,
            ..order.clone()
        };
        let insert = move |transaction: &Transaction<'_>| {
            let inserted = transaction.execute(
                "INSERT INTO orders (id, revision, body, key_hash, email, created_at, changed_at, pending)
                 VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
                params![
                    order.id.as_str(),
                    serde_json::to_string(&order)?,
                    order.key_hash.to_string(),
                    order.email.folded(),
                    int(order.created_at.0),
                    int(order.changed_at.0),
                    rows(order.effects.len()),
                ],
            )?;
            if !changed(inserted) {
                return Ok(Insert::Exists);
            }
            note_payments(transaction, &order)?;
            Ok(Insert::Inserted)
        };
        self.0.write(insert).await
    }

    async fn get(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        let id = id.clone();
        self.0
            .read(move |connection| find(connection, "id = ?1", [id.as_str()]))
            .await
    }

    async fn by_key(&self, key: &TokenHash) -> Result<Option<Order>, StoreError> {
        let key = key.to_string();
        self.0
            .read(move |connection| find(connection, "key_hash = ?1", [key]))
            .await
    }

    async fn by_payment(&self, payment: &PaymentId) -> Result<Option<Order>, StoreError> {
        let payment = payment.to_string();
        let condition = "id = (SELECT order_id FROM order_payments WHERE payment = ?1)";
        self.0
            .read(move |connection| find(connection, condition, [payment]))
            .await
    }

    async fn swap(&self, order: &Order) -> Result<Swap, StoreError> {
        let expected = order.revision;
        let next = Order {
            revision: expected + 1,
            ..order.clone()
        };
        let swap = move |transaction: &Transaction<'_>| {
            let swapped = transaction.execute(
                "UPDATE orders SET revision = ?3, body = ?4, email = ?5, changed_at = ?6, pending = ?7
                 WHERE id = ?1 AND revision = ?2",
                params![
                    next.id.as_str(),
                    int(expected),
                    int(next.revision),
                    serde_json::to_string(&next)?,
                    next.email.folded(),
                    int(next.changed_at.0),
                    rows(next.effects.len()),
                ],
            )?;
            if !changed(swapped) {
                return Ok(Swap::Stale);
            }
            note_payments(transaction, &next)?;
            Ok(Swap::Swapped)
        };
        self.0.write(swap).await
    }

    async fn with_effects(&self, before: UnixMs, limit: usize) -> Result<Vec<Order>, StoreError> {
        let condition = "pending > 0 AND changed_at < ?1 ORDER BY changed_at LIMIT ?2";
        let params = (int(before.0), rows(limit));
        self.0
            .read(move |connection| select(connection, condition, params))
            .await
    }

    async fn bought_by(
        &self,
        email: &EmailAddress,
        limit: usize,
    ) -> Result<Vec<Order>, StoreError> {
        // The words about the game are those of the index, or it would not be used.
        let condition = "email = ?1 AND json_extract(body, '$.game') IS NOT NULL
             ORDER BY created_at DESC LIMIT ?2";
        let params = (email.folded(), rows(limit));
        self.0
            .read(move |connection| select(connection, condition, params))
            .await
    }
}
