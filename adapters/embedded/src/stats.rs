//! Results of finished games on SQLite.

use async_trait::async_trait;
use latchkey_platform::stats::{StatsReport, StatsStore, Summary};
use latchkey_platform::store::{Insert, StoreError};
use latchkey_platform::titles::VersionRef;
use latchkey_protocol::GameId;
use rusqlite::{OptionalExtension as _, params};

use crate::database::{Database, changed, int, rows};

/// Results of finished games on SQLite.
#[derive(Clone)]
pub struct SqliteStats(pub Database);

#[async_trait]
impl StatsStore for SqliteStats {
    async fn insert(&self, report: &StatsReport) -> Result<Insert, StoreError> {
        let report = report.clone();
        self.0
            .write(move |transaction| {
                let inserted = transaction.execute(
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
                Ok(if changed(inserted) {
                    Insert::Inserted
                } else {
                    Insert::Exists
                })
            })
            .await
    }

    async fn get(&self, game: GameId) -> Result<Option<StatsReport>, StoreError> {
        self.0
            .read(move |connection| {
                let query = "SELECT body FROM stats WHERE game = ?1";
                let body: Option<String> = connection
                    .query_row(query, [game.as_str()], |row| row.get(0))
                    .optional()?;
                Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
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
                let mut statement = connection.prepare(
                    "SELECT summary FROM stats WHERE title = ?1 ORDER BY computed_at DESC LIMIT ?2",
                )?;
                let bodies = statement.query_map(params, |row| row.get::<_, String>(0))?;
                bodies
                    .map(|body| Ok(serde_json::from_str(&body?)?))
                    .collect()
            })
            .await
    }
}
