//! The indexes: what makes finding fast. Correctness needs none of them but `_id`, which every collection has: the other
//! unique ones are about values that are random and long.

use latchkey_platform::store::StoreError;
use mongodb::IndexModel;
use mongodb::bson::{Document, doc};
use mongodb::options::IndexOptions;

use super::failure::Fault;
use super::{Mongo, games, ledger, orders, stats, versions};

/// One index.
struct Index {
    collection: &'static str,
    name: &'static str,
    keys: Document,
    unique: bool,
}

fn all() -> Vec<Index> {
    let index = |collection, name, keys| Index {
        collection,
        name,
        keys,
        unique: false,
    };
    let unique = |collection, name, keys| Index {
        unique: true,
        ..index(collection, name, keys)
    };
    vec![
        unique(orders::COLLECTION, "key_hash", doc! { "key_hash": 1 }),
        index(orders::COLLECTION, "payments", doc! { "payments": 1 }),
        index(
            orders::COLLECTION,
            "pending",
            doc! { "pending": 1, "changed_at": 1 },
        ),
        index(
            orders::COLLECTION,
            "bought",
            doc! { "email": 1, "bought": 1, "created_at": -1 },
        ),
        unique(games::COLLECTION, "link", doc! { "link": 1 }),
        index(ledger::COLLECTION, "order", doc! { "order": 1, "_id": 1 }),
        index(
            stats::COLLECTION,
            "newest",
            doc! { "title": 1, "computed_at": -1 },
        ),
        index(
            versions::COLLECTION,
            "newest",
            doc! { "published": 1, "title": 1, "number": -1 },
        ),
    ]
}

/// Makes every index that is not there yet, and says the names of all. Making one again changes nothing.
///
/// # Errors
/// [`StoreError`]; those made before stay.
pub async fn create(mongo: &Mongo) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    for index in all() {
        let options = IndexOptions::builder()
            .name(index.name.to_owned())
            .unique(index.unique)
            .build();
        let model = IndexModel::builder()
            .keys(index.keys)
            .options(options)
            .build();
        let collection = mongo.collection(index.collection);
        // Not within the time of a call: an index over what is already there takes as long as it takes.
        let made = collection.create_index(model).await;
        made.map_err(Fault::from)?;
        names.push(format!("{}.{}", index.collection, index.name));
    }
    Ok(names)
}
