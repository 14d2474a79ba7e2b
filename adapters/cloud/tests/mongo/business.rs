//! Orders, games, the ledger, stats and titles keep the rules of their ports.

use std::sync::Arc;

use latchkey_cloud::mongo::{
    Mongo, MongoGames, MongoLedger, MongoOrders, MongoStats, MongoVersions, Role, indexes,
};
use latchkey_cloud::titles::CloudTitles;
use latchkey_platform::contract::Subject;
use latchkey_platform::fakes::{ManualClock, samples};
use latchkey_platform::games::Games;
use latchkey_platform::ledger::Ledger;
use latchkey_platform::orders::Orders;
use latchkey_platform::stats::StatsStore;
use latchkey_platform::store::Insert;
use latchkey_platform::titles::Titles;
use tokio::task::JoinSet;

use crate::bench::database;
use crate::versions::FilesInMemory;

async fn subject<P: ?Sized>(port: impl FnOnce(&Mongo) -> Arc<P>) -> Subject<P> {
    let mongo = database(Role::Function).await;
    Subject::of(port(&mongo), Arc::new(ManualClock::default()))
}

latchkey_platform::orders_contract!(
    subject(|mongo| -> Arc<dyn Orders> { Arc::new(MongoOrders::new(mongo)) }).await
);
latchkey_platform::games_contract!(
    subject(|mongo| -> Arc<dyn Games> { Arc::new(MongoGames::new(mongo)) }).await
);
latchkey_platform::ledger_contract!(
    subject(|mongo| -> Arc<dyn Ledger> { Arc::new(MongoLedger::new(mongo)) }).await
);
latchkey_platform::stats_contract!(
    subject(|mongo| -> Arc<dyn StatsStore> { Arc::new(MongoStats::new(mongo)) }).await
);
latchkey_platform::titles_contract!(
    subject(|mongo| -> Arc<dyn Titles> {
        let files = Arc::new(FilesInMemory::default());
        Arc::new(CloudTitles::new(MongoVersions::new(mongo), files))
    })
    .await
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_insert_the_same_one_does() {
    let mongo = database(Role::Host).await;
    let (orders, games) = (MongoOrders::new(&mongo), MongoGames::new(&mongo));
    let mut inserting = JoinSet::new();
    for number in 0..32 {
        let (orders, games) = (orders.clone(), games.clone());
        inserting.spawn(async move {
            let mut order = samples::order(1);
            order.version = Some(number);
            let order = orders.insert(&order).await.unwrap();
            // Games of different ids, which would all have the same link.
            let mut game = samples::game(u8::try_from(number).unwrap());
            game.link_hash = samples::game(1).link_hash;
            (order, games.insert(&game).await.unwrap())
        });
    }
    let inserted = inserting.join_all().await;
    let count = |which: fn(&(Insert, Insert)) -> Insert| {
        let all = inserted.iter().map(which);
        all.filter(|insert| *insert == Insert::Inserted).count()
    };
    assert_eq!((count(|both| both.0), count(|both| both.1)), (1, 1));
}

#[tokio::test]
async fn indexes_are_made_again_without_harm() {
    let mongo = database(Role::Function).await;
    let orders = MongoOrders::new(&mongo);
    let order = samples::order(1);
    assert_eq!(orders.insert(&order).await.unwrap(), Insert::Inserted);
    let names = indexes::create(&mongo).await.unwrap();
    assert!(names.contains(&"orders.key_hash".to_owned()), "{names:?}");
    assert_eq!(orders.get(&order.id).await.unwrap(), Some(order));
}
