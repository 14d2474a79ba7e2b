//! Games on SQLite.

use async_trait::async_trait;
use latchkey_platform::games::{Game, Games};
use latchkey_platform::store::{Insert, StoreError, Swap};
use latchkey_platform::tokens::TokenHash;
use latchkey_protocol::GameId;
use rusqlite::{Connection, Transaction, params};

use crate::database::documents::{inserted, one, swapped};
use crate::database::{Database, Fault, int};

/// Games on SQLite.
#[derive(Clone)]
pub struct SqliteGames(pub Database);

fn find(connection: &Connection, condition: &str, key: &str) -> Result<Option<Game>, Fault> {
    let query = format!("SELECT body FROM games WHERE {condition} = ?1");
    one(connection, &query, [key])
}

#[async_trait]
impl Games for SqliteGames {
    async fn insert(&self, game: &Game) -> Result<Insert, StoreError> {
        let game = Game {
            revision: 1,
            ..game.clone()
        };
        let insert = move |transaction: &Transaction<'_>| {
            let rows = transaction.execute(
                "INSERT INTO games (id, revision, body, link_hash) VALUES (?1, 1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
                params![
                    game.id.as_str(),
                    serde_json::to_string(&game)?,
                    game.link_hash.map(|hash| hash.to_string()),
                ],
            )?;
            Ok(inserted(rows))
        };
        self.0.write(insert).await
    }

    async fn get(&self, id: GameId) -> Result<Option<Game>, StoreError> {
        self.0
            .read(move |connection| find(connection, "id", id.as_str()))
            .await
    }

    async fn by_link(&self, link: &TokenHash) -> Result<Option<Game>, StoreError> {
        let link = link.to_string();
        self.0
            .read(move |connection| find(connection, "link_hash", &link))
            .await
    }

    async fn swap(&self, game: &Game) -> Result<Swap, StoreError> {
        let expected = game.revision;
        let next = Game {
            revision: expected + 1,
            ..game.clone()
        };
        let swap = move |transaction: &Transaction<'_>| {
            let rows = transaction.execute(
                "UPDATE games SET revision = ?3, body = ?4, link_hash = ?5
                 WHERE id = ?1 AND revision = ?2",
                params![
                    next.id.as_str(),
                    int(expected),
                    int(next.revision),
                    serde_json::to_string(&next)?,
                    next.link_hash.map(|hash| hash.to_string()),
                ],
            )?;
            Ok(swapped(rows))
        };
        self.0.write(swap).await
    }
}
