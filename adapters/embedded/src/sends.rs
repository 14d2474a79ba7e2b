//! Claims on messages on SQLite.

use async_trait::async_trait;
use latchkey_platform::mail::{MessageKey, SendClaim, Sends};
use latchkey_platform::store::{Insert, StoreError, Swap};
use rusqlite::{OptionalExtension as _, params};

use crate::database::{Database, changed, int};

/// Claims on messages on SQLite.
#[derive(Clone)]
pub struct SqliteSends(pub Database);

#[async_trait]
impl Sends for SqliteSends {
    async fn insert(&self, claim: &SendClaim) -> Result<Insert, StoreError> {
        let claim = SendClaim {
            revision: 1,
            ..claim.clone()
        };
        self.0
            .write(move |transaction| {
                let inserted = transaction.execute(
                    "INSERT INTO sends (key, revision, body) VALUES (?1, 1, ?2)
                     ON CONFLICT DO NOTHING",
                    params![claim.key.as_str(), serde_json::to_string(&claim)?],
                )?;
                Ok(if changed(inserted) {
                    Insert::Inserted
                } else {
                    Insert::Exists
                })
            })
            .await
    }

    async fn get(&self, key: &MessageKey) -> Result<Option<SendClaim>, StoreError> {
        let key = key.to_string();
        self.0
            .read(move |connection| {
                let query = "SELECT body FROM sends WHERE key = ?1";
                let body: Option<String> = connection
                    .query_row(query, [key], |row| row.get(0))
                    .optional()?;
                Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
            })
            .await
    }

    async fn swap(&self, claim: &SendClaim) -> Result<Swap, StoreError> {
        let expected = claim.revision;
        let next = SendClaim {
            revision: expected + 1,
            ..claim.clone()
        };
        self.0
            .write(move |transaction| {
                let swapped = transaction.execute(
                    "UPDATE sends SET revision = ?3, body = ?4 WHERE key = ?1 AND revision = ?2",
                    params![
                        next.key.as_str(),
                        int(expected),
                        int(next.revision),
                        serde_json::to_string(&next)?,
                    ],
                )?;
                Ok(if changed(swapped) {
                    Swap::Swapped
                } else {
                    Swap::Stale
                })
            })
            .await
    }
}
