//! The ledger on SQLite.

use async_trait::async_trait;
use latchkey_platform::ledger::{Entry, Ledger};
use latchkey_platform::orders::OrderId;
use latchkey_platform::store::{Insert, StoreError};
use rusqlite::params;

use crate::database::{Database, changed};

/// The ledger on SQLite.
#[derive(Clone)]
pub struct SqliteLedger(pub Database);

#[async_trait]
impl Ledger for SqliteLedger {
    async fn post(&self, entry: &Entry) -> Result<Insert, StoreError> {
        let entry = entry.clone();
        self.0
            .write(move |transaction| {
                let inserted = transaction.execute(
                    "INSERT INTO ledger (key, order_id, body) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO NOTHING",
                    params![
                        entry.key(),
                        entry.order().as_str(),
                        serde_json::to_string(&entry)?
                    ],
                )?;
                Ok(if changed(inserted) {
                    Insert::Inserted
                } else {
                    Insert::Exists
                })
            })
            .await
    }

    async fn of_order(&self, order: &OrderId) -> Result<Vec<Entry>, StoreError> {
        let order = order.to_string();
        self.0
            .read(move |connection| {
                let mut statement = connection
                    .prepare("SELECT body FROM ledger WHERE order_id = ?1 ORDER BY key")?;
                let bodies = statement.query_map([order], |row| row.get::<_, String>(0))?;
                bodies
                    .map(|body| Ok(serde_json::from_str(&body?)?))
                    .collect()
            })
            .await
    }
}
