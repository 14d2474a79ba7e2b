//! Games on Mongo.

use async_trait::async_trait;
use latchkey_platform::games::{Game, Games};
use latchkey_platform::store::{Insert, StoreError, Swap};
use latchkey_platform::tokens::TokenHash;
use latchkey_protocol::GameId;
use mongodb::bson::{Document, doc};

use super::Mongo;
use super::documents::{Documents, int};

pub(super) const COLLECTION: &str = "games";

/// Games on Mongo.
#[derive(Clone)]
pub struct MongoGames(Documents<Game>);

impl MongoGames {
    /// The games in this database.
    #[must_use]
    pub fn new(mongo: &Mongo) -> Self {
        Self(Documents::new(mongo, COLLECTION))
    }
}

/// `link` is unique and never missing: a game whose link is revoked has a text of its own there, which is no hash.
fn found_by(game: &Game) -> Document {
    let revoked = || format!("revoked:{}", game.id);
    let link = game.link_hash.map(|hash| hash.to_string());
    doc! {
        "revision": int(game.revision),
        "link": link.unwrap_or_else(revoked),
    }
}

#[async_trait]
impl Games for MongoGames {
    async fn insert(&self, game: &Game) -> Result<Insert, StoreError> {
        let game = Game {
            revision: 1,
            ..game.clone()
        };
        self.0
            .insert(game.id.as_str(), found_by(&game), &game)
            .await
    }

    async fn get(&self, id: GameId) -> Result<Option<Game>, StoreError> {
        self.0.one(doc! { "_id": id.as_str() }).await
    }

    async fn by_link(&self, link: &TokenHash) -> Result<Option<Game>, StoreError> {
        self.0.one(doc! { "link": link.to_string() }).await
    }

    async fn swap(&self, game: &Game) -> Result<Swap, StoreError> {
        let expected = game.revision;
        let next = Game {
            revision: expected + 1,
            ..game.clone()
        };
        let id = next.id.as_str();
        self.0.swap(id, expected, found_by(&next), &next).await
    }
}
