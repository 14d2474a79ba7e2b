//! What the journal is told to forget, so that it does not grow for ever and nothing foreign enters a room's history.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use latchkey_host::ports::{Archive as _, Directory as _, Former, HostId, Slot};
use latchkey_journal::Limits;
use latchkey_protocol::{Chunk, Epoch, Kind, Seq};
use serde_json::{Value, json};

use crate::support::{Client, TestHost, World, eventually, members, room};

/// A figure of the host's metrics.
fn figure(host: &TestHost, name: &str) -> u64 {
    let text = host.host.render_metrics();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("latchkey_{name} ")));
    line.unwrap().parse().unwrap()
}

fn small_segments() -> World {
    let mut world = World::new();
    world.journal = Limits {
        bytes: 64 * 1024,
        segment: 2048,
    };
    world
}

#[tokio::test]
async fn segments_go_when_their_records_are_stored_though_nobody_says_anything_more() {
    let world = small_segments();
    let host = world.host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    world.archive.refusing.store(true, Ordering::Release);
    for n in 1..=20 {
        ada.say(n, "x".repeat(500)).await;
    }
    ada.caught_up(21).await;
    assert!(figure(&host, "journal_segments") > 3);
    let killed = world.host_on_copy(&host).await;
    host.host.stop(Duration::ZERO).await;
    world.archive.refusing.store(false, Ordering::Release);
    eventually("nothing is left of the journal", || {
        figure(&killed, "journal_segments") == 0
    })
    .await;
    assert_eq!(world.archive.records(room(1)).len(), 21);
}

#[tokio::test]
async fn a_journal_that_filled_up_takes_records_again_once_the_archive_has_them() {
    let world = small_segments();
    let host = world.host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    world.archive.hold(true);
    let refused = loop {
        let n = ada.records.len() as u64;
        ada.say(n, "x".repeat(8_000)).await;
        let answer = ada
            .until(|frame| frame["op"] == "refused" || frame["op"] == "record")
            .await;
        if answer["op"] == "refused" {
            break n;
        }
    };
    world.archive.hold(false);
    ada.stored_to(refused).await;
    eventually("there is space", || {
        figure(&host, "journal_bytes") < 16 * 1024
    })
    .await;
    ada.say(refused, "again").await;
    ada.caught_up(refused + 1).await;
}

#[tokio::test]
async fn a_checkpoint_that_is_not_kept_does_not_keep_the_journal_from_forgetting_its_records() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    for n in 1..=40 {
        ada.say(n, n).await;
    }
    ada.stored_to(41).await;
    let archive = &host.world.archive;
    archive.refusing_checkpoints.store(true, Ordering::Release);
    ada.send(json!({"op": "checkpoint", "seq": 40, "state": {}}))
        .await;
    eventually("keeping was tried", || {
        host.host.metrics().archive_failures.get() >= 1
    })
    .await;
    ada.say(41, "stored with a checkpoint that is not kept")
        .await;
    ada.stored_to(42).await;
    archive.refusing_checkpoints.store(false, Ordering::Release);
    eventually("the checkpoint is kept", || {
        archive.head(room(1)).checkpoint.is_some()
    })
    .await;
    eventually("the journal owes nothing", || {
        figure(&host, "journal_rooms") == 0
    })
    .await;
}

#[tokio::test]
async fn a_room_whose_turn_panicked_in_the_archive_gets_another_turn() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    host.world.archive.panics.store(true, Ordering::Release);
    ada.say(1, "one").await;
    ada.stored_to(2).await;
    assert!(!host.world.archive.panics.load(Ordering::Acquire));
    assert_eq!(host.stored(room(1)), 2);
}

/// A world in which a host died with the records 2 and 3 in its journal alone.
async fn with_two_unstored() -> (World, Client) {
    let world = World::new();
    let host = world.host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    world.archive.refusing.store(true, Ordering::Release);
    for n in 1..=2 {
        ada.say(n, n).await;
    }
    ada.caught_up(3).await;
    host.stop(Duration::ZERO).await;
    world.archive.refusing.store(false, Ordering::Release);
    (world, ada)
}

/// Another host takes the room and stores another record 2.
async fn stored_elsewhere(world: &World) -> HostId {
    world.directory.lose(Slot(1));
    let there = world.enlist(Slot(2)).await;
    let taken = world.directory.take(there, room(1)).await;
    assert_eq!(taken, (Epoch(2), Former::Lost));
    let head = world.archive.open(room(1), Epoch(2)).await.unwrap();
    let mut record = world.archive.records(room(1))[0].clone();
    (record.seq, record.epoch, record.n) = (Seq(2), Epoch(2), 1);
    record.kind = Kind::Said;
    let mut summary: Value = serde_json::from_slice(&head.summary).unwrap();
    summary["summary"]["tail"] = json!(2);
    summary["summary"]["epochs"] = json!([[1, 1], [2, 2]]);
    summary["summary"]["seats"][0]["n"] = json!(1);
    let chunk = Chunk {
        room: room(1),
        epoch: Epoch(2),
        records: vec![record],
    };
    let summary = Bytes::from(summary.to_string());
    world.archive.append(chunk, summary).await.unwrap();
    there
}

#[tokio::test]
async fn records_that_continue_another_history_are_given_up() {
    let (world, ada) = with_two_unstored().await;
    let there = stored_elsewhere(&world).await;
    let released = world.directory.release(there, room(1), Epoch(2)).await;
    released.unwrap();
    let host = world.host().await;
    let (mut back, first) = Client::join_from(&host, room(1), members(1)[0], ada.position(1)).await;
    assert_eq!((&first["op"], &first["seq"]), (&json!("rewind"), &json!(1)));
    let welcome = back.next_op("welcome").await;
    assert_eq!(
        (&welcome["epoch"], &welcome["tail"], &welcome["n"]),
        (&json!(3), &json!(2), &json!(1))
    );
    eventually("the journal owes nothing", || {
        figure(&host, "journal_rooms") == 0
    })
    .await;
}

#[tokio::test]
async fn records_of_a_room_that_another_host_serves_are_given_up() {
    let (world, _ada) = with_two_unstored().await;
    stored_elsewhere(&world).await;
    let host = world.host().await;
    eventually("nothing is left of the journal", || {
        figure(&host, "journal_segments") == 0
    })
    .await;
    assert_eq!(world.archive.records(room(1)).len(), 2);
}
