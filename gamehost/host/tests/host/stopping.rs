//! Stopping, being killed, and starting again on the same disk.

use std::sync::atomic::Ordering;
use std::time::Duration;

use latchkey_host::StopSummary;
use latchkey_protocol::CloseCode;
use serde_json::{Value, json};

use crate::support::{Client, Refused, TestHost, World, eventually, members, room};

const WITHIN: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_stop_tells_everybody_stores_everything_and_the_next_start_goes_on() {
    let world = World::new();
    let host = world.host().await;
    let people = members(2);
    let (mut ada, _) = Client::join(&host, room(1), people[0]).await;
    let (mut grace, _) = Client::join(&host, room(1), people[1]).await;
    let mut unjoined = Client::connect(&host).await;
    for n in 1..=20 {
        ada.say(n, n).await;
    }
    ada.caught_up(22).await;
    grace.caught_up(22).await;
    let stopping = tokio::spawn(host.stop(WITHIN));
    for client in [&mut ada, &mut grace, &mut unjoined] {
        assert_eq!(client.close_code().await, CloseCode::GoingAway.as_u16());
    }
    let summary = stopping.await.unwrap();
    assert_eq!(
        summary,
        StopSummary {
            connections: 2,
            rooms: 1,
            unstored: 0
        }
    );
    assert_eq!(world.archive.records(room(1)).len(), 22);
    assert!(
        world.directory.room(room(1)).unwrap().owner.is_some(),
        "nothing is given up"
    );
    let host = world.host().await;
    let (mut ada, welcome) = Client::join_from(&host, room(1), people[0], ada.position(1)).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["n"]),
        (&json!(true), &json!(20))
    );
    ada.say(21, "on we go").await;
    let (mut grace, _) = Client::join_from(&host, room(1), people[1], grace.position(1)).await;
    grace.caught_up(23).await;
    assert_eq!(grace.said(), ["on we go"]);
}

#[tokio::test]
async fn a_stopping_host_admits_nobody() {
    let host = TestHost::start().await;
    host.host.stop(WITHIN).await;
    let refused = Client::with_headers(&host, &[("sec-websocket-protocol", "latchkey.1")]).await;
    let full = Refused {
        status: 503,
        retry_after: Some("5".to_owned()),
    };
    assert_eq!(refused.err(), Some(full));
}

#[tokio::test]
async fn a_stop_while_the_archive_is_away_is_bounded_and_loses_nothing() {
    let world = World::new();
    let host = world.host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    world.archive.refusing.store(true, Ordering::Release);
    for n in 1..=5 {
        ada.say(n, n).await;
    }
    ada.caught_up(6).await;
    let stopping = tokio::spawn(host.stop(Duration::from_millis(500)));
    assert_eq!(ada.close_code().await, CloseCode::GoingAway.as_u16());
    let summary = stopping.await.unwrap();
    assert_eq!((summary.rooms, summary.unstored), (1, 5));
    world.archive.refusing.store(false, Ordering::Release);
    let _host = world.host().await;
    eventually(
        "the journal's records are stored without anybody coming",
        || world.archive.records(room(1)).len() == 6,
    )
    .await;
}

#[tokio::test]
async fn what_a_killed_host_showed_is_there_when_its_disk_is_started_again() {
    let world = World::new();
    let host = world.host().await;
    let people = members(2);
    let (mut ada, _) = Client::join(&host, room(1), people[0]).await;
    let (mut grace, _) = Client::join(&host, room(1), people[1]).await;
    ada.stored_to(2).await;
    world.archive.refusing.store(true, Ordering::Release);
    for n in 1..=30 {
        ada.say(n, n).await;
    }
    grace.caught_up(32).await;
    let next = world.host_on_copy(&host).await;
    // The killed host's last words to the archive come too late.
    world.archive.refusing.store(false, Ordering::Release);
    let (mut back, first) = Client::join_from(&next, room(1), people[1], grace.position(1)).await;
    assert_eq!(
        (&first["op"], &first["resumed"]),
        (&json!("welcome"), &json!(true))
    );
    assert!(first["epoch"].as_u64() >= Some(2), "{first}");
    back.stored_to(32).await;
    let (mut late, _) = Client::join_from(&next, room(1), people[0], Value::Null).await;
    late.caught_up(32).await;
    assert_eq!(late.records, grace.records);
    let stored = world.archive.records(room(1));
    assert_eq!(stored.len(), 32, "each record once, whoever stored it");
    eventually("the former host is fenced or has nothing to say", || {
        host.host.metrics().connections.get() == 0 || host.host.metrics().rooms_stopped.get() <= 1
    })
    .await;
}

#[tokio::test]
async fn a_finish_that_was_stored_but_not_announced_is_announced_by_the_next_start() {
    let world = World::new();
    world.finishes.refusing.store(true, Ordering::Release);
    let host = world.host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.send(json!({"op": "finish", "n": 1, "result": null}))
        .await;
    ada.stored_to(2).await;
    eventually("announcing was tried", || world.finishes.calls() >= 1).await;
    let _next = world.host_on_copy(&host).await;
    world.finishes.refusing.store(false, Ordering::Release);
    eventually("it is announced without anybody coming", || {
        world.finishes.jobs().len() == 1
    })
    .await;
}

#[tokio::test]
async fn rooms_found_in_the_journal_wait_for_a_directory_that_is_away() {
    let world = World::new();
    let host = world.host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    world.archive.refusing.store(true, Ordering::Release);
    ada.say(1, "one").await;
    ada.caught_up(2).await;
    world.directory.refusing.store(true, Ordering::Release);
    let next = world.host_on_copy(&host).await;
    let ready = tokio::time::timeout(Duration::from_millis(100), next.host.serving()).await;
    assert!(ready.is_err(), "it has no slot yet");
    host.host.stop(Duration::ZERO).await;
    world.archive.refusing.store(false, Ordering::Release);
    world.directory.refusing.store(false, Ordering::Release);
    eventually("it is stored", || world.archive.records(room(1)).len() == 2).await;
}
