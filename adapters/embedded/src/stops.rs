//! Addresses that get no more mail, on SQLite.

use async_trait::async_trait;
use latchkey_platform::mail::{AddressHash, Stop, Stops};
use latchkey_platform::store::StoreError;
use rusqlite::{OptionalExtension as _, params};

use crate::database::Database;

/// Addresses that get no more mail, on SQLite.
#[derive(Clone)]
pub struct SqliteStops(pub Database);

#[async_trait]
impl Stops for SqliteStops {
    async fn stop(&self, address: &AddressHash, why: Stop) -> Result<(), StoreError> {
        let address = address.to_string();
        let query = match why {
            Stop::Bounced => {
                "INSERT INTO stops (address, why) VALUES (?1, ?2)
                 ON CONFLICT (address) DO UPDATE SET why = excluded.why"
            }
            Stop::Complained => {
                "INSERT INTO stops (address, why) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
            }
        };
        self.0
            .write(move |transaction| {
                transaction.execute(query, params![address, why.as_str()])?;
                Ok(())
            })
            .await
    }

    async fn stopped(&self, address: &AddressHash) -> Result<Option<Stop>, StoreError> {
        let address = address.to_string();
        let word: Option<String> = self
            .0
            .read(move |connection| {
                let query = "SELECT why FROM stops WHERE address = ?1";
                Ok(connection
                    .query_row(query, [address], |row| row.get(0))
                    .optional()?)
            })
            .await?;
        word.map(|word| Stop::parse(&word)).transpose()
    }
}
