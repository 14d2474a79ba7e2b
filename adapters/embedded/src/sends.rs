//! Claims on messages on SQLite.

use async_trait::async_trait;
use latchkey_platform::mail::{MessageKey, SendClaim, Sends};
use latchkey_platform::store::{Insert, StoreError, Swap};
use rusqlite::params;

use crate::database::documents::{inserted, one, swapped};
use crate::database::{Database, int};

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
                let rows = transaction.execute(
                    "INSERT INTO sends (key, revision, body) VALUES (?1, 1, ?2)
                     ON CONFLICT DO NOTHING",
                    params![claim.key.as_str(), serde_json::to_string(&claim)?],
                )?;
                Ok(inserted(rows))
            })
            .await
    }

    async fn get(&self, key: &MessageKey) -> Result<Option<SendClaim>, StoreError> {
        let key = key.to_string();
        self.0
            .read(move |connection| {
                let query = "SELECT body FROM sends WHERE key = ?1";
                one(connection, query, [key])
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
                let rows = transaction.execute(
                    "UPDATE sends SET revision = ?3, body = ?4 WHERE key = ?1 AND revision = ?2",
                    params![
                        next.key.as_str(),
                        int(expected),
                        int(next.revision),
                        serde_json::to_string(&next)?,
                    ],
                )?;
                Ok(swapped(rows))
            })
            .await
    }
}
