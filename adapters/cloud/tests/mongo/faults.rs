//! What the adapters do when the server is killed, stands still, or does not want them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use latchkey_cloud::mongo::{ConnectError, Mongo, MongoArchive, MongoOrders, Role, limits};
use latchkey_emulators::Secantus;
use latchkey_host::contracts;
use latchkey_host::ports::{Archive as _, ArchiveError};
use latchkey_platform::fakes::samples;
use latchkey_platform::orders::{OrderId, Orders as _};
use latchkey_platform::store::{Insert, StoreError};
use latchkey_protocol::{Epoch, RoomId, Seq};
use mongodb::bson::doc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::bench::{database, fresh};

/// Until when something must have happened.
const SOON: Duration = Duration::from_secs(60);
/// No call takes longer.
const BOUND: Duration = limits::TURN_WITHIN.saturating_add(limits::WORK_WITHIN);
/// Room for a machine that is busy with other things.
const SLACK: Duration = Duration::from_secs(10);

async fn soon(holds: impl AsyncFn() -> bool) {
    let waits = async {
        while !holds().await {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, waits).await.expect("it happens soon");
}

async fn until_it_answers(mongo: &Mongo) {
    soon(async || mongo.ping().await.is_ok()).await;
}

/// Until the room holds a record after this one.
async fn holds(archive: &MongoArchive, room: RoomId, after: Seq) {
    soon(async || {
        let page = archive.read(room, after, 1).await;
        page.is_ok_and(|page| !page.is_empty())
    })
    .await;
}

/// What writers and the test know of each other.
#[derive(Default)]
struct Run {
    /// Calls that were told that the archive is away.
    away: AtomicU32,
    enough: AtomicBool,
}

/// Stores chunks of two records in a room of its own until it is enough; gives the last record that was acknowledged.
async fn stores(archive: MongoArchive, room: RoomId, run: Arc<Run>) -> Seq {
    let (mut epoch, mut acknowledged) = (Epoch(0), Seq::ZERO);
    'opened: while !run.enough.load(Ordering::Relaxed) {
        epoch = epoch.next();
        let mut stored = match archive.open(room, epoch).await {
            Ok(head) => head.stored,
            Err(ArchiveError::Unavailable(_)) => {
                run.away.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            Err(ArchiveError::Fenced(_)) => continue,
            Err(error) => panic!("{error}"),
        };
        assert!(stored >= acknowledged, "{room} lost what was acknowledged");
        while !run.enough.load(Ordering::Relaxed) {
            let chunk = contracts::chunk(room, epoch, stored.0 + 1, stored.0 + 2, 50);
            match archive.append(chunk, Bytes::new()).await {
                Ok(()) => stored = Seq(stored.0 + 2),
                Err(ArchiveError::Unavailable(_)) => {
                    run.away.fetch_add(1, Ordering::Relaxed);
                }
                Err(ArchiveError::Fenced(_)) => continue 'opened,
                Err(error) => panic!("{error}"),
            }
            acknowledged = stored;
        }
    }
    acknowledged
}

/// Places orders until one is told that the store is away; gives those that were acknowledged.
async fn orders_until_away(orders: MongoOrders, from: u8) -> Vec<OrderId> {
    let mut acknowledged = Vec::new();
    for number in from..=u8::MAX {
        let order = samples::order(number);
        match orders.insert(&order).await {
            Ok(Insert::Inserted) => acknowledged.push(order.id),
            Ok(Insert::Exists) => panic!("{} was never inserted", order.id),
            Err(StoreError::Unavailable(_)) => break,
            Err(error) => panic!("{error}"),
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_the_server_was_killed_is_there_afterwards() {
    let server = Secantus::start().await.unwrap();
    let mongo = Mongo::connect(&fresh(&server.uri()), Role::Host)
        .await
        .unwrap();
    let (archive, orders) = (MongoArchive::new(&mongo), MongoOrders::new(&mongo));
    let run = Arc::new(Run::default());
    let rooms: Vec<_> = (0..16).map(contracts::room).collect();
    let storing: Vec<_> = rooms
        .iter()
        .map(|room| tokio::spawn(stores(archive.clone(), *room, run.clone())))
        .collect();
    let placing = tokio::spawn(orders_until_away(orders.clone(), 1));
    holds(&archive, rooms[3], Seq::ZERO).await;
    server.kill().unwrap();
    soon(async || run.away.load(Ordering::Relaxed) > 0).await;
    let seen = placing.await.unwrap();
    server.restart().await.unwrap();
    // Every writer goes on from what it had.
    for room in &rooms {
        until_it_answers(&mongo).await;
        let page = archive.read(*room, Seq::ZERO, usize::MAX).await.unwrap();
        holds(&archive, *room, Seq(page.len() as u64)).await;
    }
    run.enough.store(true, Ordering::Relaxed);
    for (room, storing) in rooms.iter().zip(storing) {
        let acknowledged = storing.await.unwrap();
        let page = archive.read(*room, Seq::ZERO, usize::MAX).await.unwrap();
        let seqs: Vec<_> = page.iter().map(|record| record.seq.0).collect();
        let expected: Vec<_> = (1..=page.len() as u64).collect();
        assert_eq!(seqs, expected, "{room}");
        assert!(seqs.len() as u64 >= acknowledged.0, "{room}");
    }
    for id in seen {
        assert!(orders.get(&id).await.unwrap().is_some(), "{id}");
    }
    mongo.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_end_within_their_bound_while_the_server_stands_still_and_work_afterwards() {
    let server = Secantus::start().await.unwrap();
    let mongo = Mongo::connect(&fresh(&server.uri()), Role::Function)
        .await
        .unwrap();
    let orders = Arc::new(MongoOrders::new(&mongo));
    until_it_answers(&mongo).await;
    server.pause().unwrap();
    let mut asking = JoinSet::new();
    // More than there are connections, so that some wait for their turn.
    for number in 1..=6 {
        let orders = orders.clone();
        let asked = async move { orders.insert(&samples::order(number)).await };
        asking.spawn(timeout(BOUND + SLACK, asked));
    }
    for answer in asking.join_all().await {
        let answer = answer.expect("every call ends within its bound");
        assert!(
            matches!(answer, Err(StoreError::Unavailable(_))),
            "{answer:?}"
        );
    }
    server.resume().unwrap();
    until_it_answers(&mongo).await;
    let order = samples::order(9);
    assert_eq!(orders.insert(&order).await.unwrap(), Insert::Inserted);
    mongo.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_calls_there_are_connections_stay_few() {
    // By which the driver watches a server, and the one that asks how many there are.
    const WATCHING: i64 = 4;
    for (role, most) in [
        (Role::Function, limits::FUNCTION_CONNECTIONS),
        (Role::Host, limits::HOST_CONNECTIONS),
    ] {
        let server = Secantus::start().await.unwrap();
        let asker = mongodb::Client::with_uri_str(server.uri()).await.unwrap();
        let connected = async || -> i64 {
            let status = doc! { "serverStatus": 1 };
            let status = asker.database("admin").run_command(status).await.unwrap();
            let connections = status.get_document("connections").unwrap();
            let total = connections.get("totalCreated").unwrap();
            total.as_i64().or(total.as_i32().map(i64::from)).unwrap()
        };
        let before = connected().await;
        let mongo = Mongo::connect(&fresh(&server.uri()), role).await.unwrap();
        let orders = MongoOrders::new(&mongo);
        let mut placing = JoinSet::new();
        for number in 1..=100 {
            let orders = orders.clone();
            placing.spawn(async move { orders.insert(&samples::order(number)).await.unwrap() });
        }
        placing.join_all().await;
        let made = connected().await - before;
        assert!(made <= i64::from(most) + WATCHING, "{role:?} made {made}");
    }
}

#[tokio::test]
async fn a_call_given_up_by_its_caller_costs_the_others_nothing() {
    let mongo = database(Role::Function).await;
    let orders = MongoOrders::new(&mongo);
    for number in 1..=8 {
        let order = samples::order(number);
        let given_up = timeout(Duration::from_micros(200), orders.insert(&order)).await;
        drop(given_up);
    }
    let order = samples::order(20);
    assert_eq!(orders.insert(&order).await.unwrap(), Insert::Inserted);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_as_such() {
    let server = Secantus::start().await.unwrap();
    let mongo = Mongo::connect(&fresh(&server.uri()), Role::Function)
        .await
        .unwrap();
    server.kill().unwrap();
    let answer = timeout(BOUND + SLACK, mongo.ping())
        .await
        .expect("the call ends");
    let Err(StoreError::Unavailable(text)) = answer else {
        panic!("{answer:?}")
    };
    assert!(text.contains("no server of the database"), "{text}");
    assert!(!text.contains("127.0.0.1"), "{text}");
}

#[tokio::test]
async fn wrong_credentials_are_told_without_showing_them() {
    let uri = fresh(&Secantus::shared().await.unwrap().uri());
    let uri = uri.replacen("mongodb://", "mongodb://nobody:geheim@", 1);
    let mongo = Mongo::connect(&uri, Role::Function).await.unwrap();
    let answer = timeout(BOUND + SLACK, mongo.ping())
        .await
        .expect("the call ends");
    let Err(StoreError::Unavailable(text)) = answer else {
        panic!("{answer:?}")
    };
    assert!(text.contains("password"), "{text}");
    for secret in ["nobody", "geheim", "127.0.0.1"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_without_showing_it() {
    for uri in [
        "",
        "geheim",
        "postgres://ada:geheim@host/db",
        "mongodb://ada:ge@heim@host/db",
        "mongodb://ada:geheim@host:port/db",
        "mongodb://ada:geheim@host/db?maxPoolSize=geheim",
    ] {
        let Err(error) = Mongo::connect(uri, Role::Function).await else {
            panic!("{uri} was taken")
        };
        assert_eq!(error, ConnectError::Address, "{uri}");
        assert!(!error.to_string().contains("geheim"));
    }
}
