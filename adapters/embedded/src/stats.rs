//! Results of finished games on SQLite.

use async_trait::async_trait;
use latchkey_platform::stats::{StatsReport, StatsStore, Summary};
use latchkey_platform::store::{Insert, StoreError};
use latchkey_platform::titles::VersionRef;
use latchkey_protocol::GameId;
use rusqlite::params;

use crate::database::documents::{all, inserted, one};
use crate::database::{Database, int, rows};

/// Results of finished games on SQLite.
#[derive(Clone)]
pub struct SqliteStats(pub Database);

#[async_trait]
impl StatsStore for SqliteStats {
    async fn insert(&self, report: &StatsReport) -> Result<Insert, StoreError> {
        let report = report.clone();
        self.0
            .write(move |transaction| {
                let rows = transaction.execute(
                    "INSERT INTO stats (game, title, computed_at, summary, body)
                     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
                    params![
                        report.stats.game.as_str(),
                        report.stats.title.to_string(),
                        int(report.computed_at.0),
                        serde_json::to_string(&report.stats.summary())?,
                        serde_json::to_string(&report)?,
                    ],
                )?;
                Ok(inserted(rows))
            })
            .await
    }

    async fn get(&self, game: GameId) -> Result<Option<StatsReport>, StoreError> {
        self.0
            .read(move |connection| {
                let query = "SELECT body FROM stats WHERE game = ?1";
                one(connection, query, [game.as_str()])
            })
            .await
    }

    async fn summaries(
        &self,
        title: &VersionRef,
        limit: usize,
    ) -> Result<Vec<Summary>, StoreError> {
        let params = (title.to_string(), rows(limit));
        self.0
            .read(move |connection| {
                let query =
                    "SELECT summary FROM stats WHERE title = ?1 ORDER BY computed_at DESC LIMIT ?2";
                all(connection, query, params)
            })
            .await
    }
}
