//! The ledger on SQLite.

use async_trait::async_trait;
use latchkey_platform::ledger::{Entry, Ledger};
use latchkey_platform::orders::OrderId;
use latchkey_platform::store::{Insert, StoreError};
use rusqlite::params;

use crate::database::Database;
use crate::database::documents::{all, inserted};

/// The ledger on SQLite.
#[derive(Clone)]
pub struct SqliteLedger(pub Database);

#[async_trait]
impl Ledger for SqliteLedger {
    async fn post(&self, entry: &Entry) -> Result<Insert, StoreError> {
        let entry = entry.clone();
        self.0
            .write(move |transaction| {
                let rows = transaction.execute(
                    "INSERT INTO ledger (key, order_id, body) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO NOTHING",
                    params![
                        entry.key(),
                        entry.order().as_str(),
                        serde_json::to_string(&entry)?
                    ],
                )?;
                Ok(inserted(rows))
            })
            .await
    }

    async fn of_order(&self, order: &OrderId) -> Result<Vec<Entry>, StoreError> {
        let order = order.to_string();
        self.0
            .read(move |connection| {
                let query = "SELECT body FROM ledger WHERE order_id = ?1 ORDER BY key";
                all(connection, query, [order])
            })
            .await
    }
}
