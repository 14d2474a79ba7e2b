//! Documents that this program cannot read are refused by name, and nothing of them is shown.

use latchkey_cloud::mongo::{Mongo, MongoArchive, MongoOrders, Role};
use latchkey_emulators::Secantus;
use latchkey_host::contracts;
use latchkey_host::ports::{Archive as _, ArchiveError};
use latchkey_platform::fakes::samples;
use latchkey_platform::orders::Orders as _;
use latchkey_platform::store::{Insert, StoreError};
use latchkey_protocol::Epoch;
use mongodb::bson::{Document, doc};

use crate::bench::{fresh, raw};

#[tokio::test]
async fn an_order_that_is_not_what_this_program_writes_is_refused() {
    let uri = fresh(&Secantus::shared().await.unwrap().uri());
    let orders = MongoOrders::new(&Mongo::connect(&uri, Role::Function).await.unwrap());
    let order = samples::order(1);
    assert_eq!(orders.insert(&order).await.unwrap(), Insert::Inserted);
    let collection = raw(&uri, "orders").await;
    let good = collection.find_one(Document::new()).await.unwrap().unwrap();
    let changes = [
        (doc! { "$set": { "schema": 2 } }, "its schema is 2"),
        (doc! { "$unset": { "schema": 1 } }, "its schema is unknown"),
        (doc! { "$unset": { "body": 1 } }, "its body is missing"),
        (
            doc! { "$set": { "body.revision": -1 } },
            "its body is missing or not",
        ),
        (
            doc! { "$set": { "body.email": "ada at example.org" } },
            "its body is missing or not",
        ),
    ];
    for (change, why) in changes {
        let id = doc! { "_id": order.id.as_str() };
        collection.update_one(id.clone(), change).await.unwrap();
        let Err(StoreError::Corrupt(text)) = orders.get(&order.id).await else {
            panic!("it was read although {why}")
        };
        let named = format!("orders {}: {why}", order.id);
        assert!(text.starts_with(&named), "{text}");
        assert!(!text.contains("ada"), "{text}");
        collection.replace_one(id, good.clone()).await.unwrap();
    }
    assert_eq!(orders.get(&order.id).await.unwrap(), Some(order));
}

#[tokio::test]
async fn a_head_that_is_not_what_this_program_writes_is_refused() {
    let uri = fresh(&Secantus::shared().await.unwrap().uri());
    let archive = MongoArchive::new(&Mongo::connect(&uri, Role::Host).await.unwrap());
    let room = contracts::room(1);
    archive.open(room, Epoch(1)).await.unwrap();
    let rooms = raw(&uri, "rooms").await;
    for change in [
        doc! { "schema": 9 },
        doc! { "schema": 1, "stored": "many" },
        doc! { "stored": -1_i64 },
    ] {
        let id = doc! { "_id": room.as_str() };
        rooms.update_one(id, doc! { "$set": change }).await.unwrap();
        let opened = archive.open(room, Epoch(2)).await;
        let Err(ArchiveError::Corrupt(text)) = opened else {
            panic!("{opened:?}")
        };
        assert!(text.starts_with(&format!("rooms {room}: ")), "{text}");
    }
}
