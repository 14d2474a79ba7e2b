//! Services that fail, disks that fill, rooms that panic.

use std::sync::atomic::Ordering;
use std::time::Duration;

use latchkey_host::ports::Archive as _;
use latchkey_journal::Limits;
use latchkey_protocol::{CloseCode, Epoch};
use serde_json::json;

use crate::support::{Client, TestHost, World, eventually, members, room};

#[tokio::test]
async fn play_goes_on_while_the_archive_is_away_and_everything_is_stored_when_it_is_back() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(2)[0]).await;
    let (mut grace, _) = Client::join(&host, room(2), members(2)[1]).await;
    ada.stored_to(1).await;
    host.world.archive.refusing.store(true, Ordering::Release);
    for n in 1..=10 {
        ada.say(n, n).await;
        grace.say(n, n).await;
    }
    ada.caught_up(11).await;
    grace.caught_up(11).await;
    eventually("storing was tried", || {
        host.host.metrics().archive_failures.get() >= 2
    })
    .await;
    assert_eq!((host.stored(room(1)), ada.stored), (1, 1));
    host.world.archive.refusing.store(false, Ordering::Release);
    ada.stored_to(11).await;
    grace.stored_to(11).await;
    assert_eq!((host.stored(room(1)), host.stored(room(2))), (11, 11));
}

#[tokio::test]
async fn a_chunk_the_archive_took_without_saying_so_is_stored_once() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    host.world
        .archive
        .forgets_to_answer
        .store(true, Ordering::Release);
    ada.say(1, "first").await;
    eventually("the answer was lost", || {
        host.host.metrics().archive_failures.get() == 1
    })
    .await;
    ada.say(2, "second").await;
    ada.stored_to(3).await;
    assert_eq!(host.stored(room(1)), 3);
    assert_eq!(host.host.metrics().closes(CloseCode::RoomFailed), 0);
}

#[tokio::test]
async fn p8_a_full_journal_refuses_and_takes_again_when_the_archive_has_caught_up() {
    let mut world = World::new();
    world.journal = Limits {
        bytes: 8192,
        segment: 2048,
    };
    let host = world.host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    world.archive.refusing.store(true, Ordering::Release);
    let mut n = 1;
    let refused = loop {
        ada.say(n, "x".repeat(500)).await;
        let answer = ada
            .until(|frame| frame["op"] == "refused" || frame["n"] == n)
            .await;
        if answer["op"] == "refused" {
            break answer;
        }
        n += 1;
    };
    assert_eq!(
        (&refused["n"], &refused["code"]),
        (&json!(n), &json!("unavailable"))
    );
    world.archive.refusing.store(false, Ordering::Release);
    ada.stored_to(n).await;
    loop {
        ada.say(n, "again").await;
        let answer = ada
            .until(|frame| frame["op"] == "refused" || frame["n"] == n)
            .await;
        if answer["op"] == "record" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_ends_one_room_which_is_rebuilt_and_no_other_notices() {
    let host = TestHost::start().await;
    let people = members(3);
    let (mut ada, _) = Client::join(&host, room(1), people[0]).await;
    let (mut grace, _) = Client::join(&host, room(1), people[1]).await;
    let (mut other, _) = Client::join(&host, room(2), people[2]).await;
    host.world.archive.refusing.store(true, Ordering::Release);
    for n in 1..=5 {
        ada.say(n, n).await;
    }
    grace.caught_up(7).await;
    host.host.panic_in(room(1));
    ada.say(6, "this one").await;
    assert_eq!(ada.close_code().await, CloseCode::RoomFailed.as_u16());
    assert_eq!(grace.close_code().await, CloseCode::RoomFailed.as_u16());
    other.say(1, "what panic").await;
    other.caught_up(2).await;
    host.world.archive.refusing.store(false, Ordering::Release);
    let have = ada.position(1);
    let (mut ada, welcome) = Client::join_from(&host, room(1), people[0], have).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["n"]),
        (&json!(true), &json!(5))
    );
    assert_eq!(welcome["epoch"], 2);
    ada.say(6, "this one").await;
    let (mut grace, _) = Client::join_from(&host, room(1), people[1], grace.position(1)).await;
    grace.caught_up(8).await;
    assert_eq!(grace.said(), ["this one"]);
    grace.stored_to(8).await;
    assert_eq!(host.stored(room(1)), 8);
}

/// A room that panicked while the archive was away, so that its second record is in the journal alone; and a member of
/// it, whose connection has ended.
async fn failed_with_one_in_the_journal() -> (TestHost, Client) {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    host.world.archive.refusing.store(true, Ordering::Release);
    ada.say(1, "one").await;
    ada.caught_up(2).await;
    host.host.panic_in(room(1));
    ada.say(2, "two").await;
    assert_eq!(ada.close_code().await, CloseCode::RoomFailed.as_u16());
    (host, ada)
}

async fn stored_when_the_archive_is_back(host: &TestHost) {
    host.world.archive.refusing.store(false, Ordering::Release);
    eventually("what the journal held is stored", || {
        host.stored(room(1)) == 2
    })
    .await;
}

#[tokio::test]
async fn a_room_that_failed_is_stored_even_if_nobody_comes_back() {
    let (host, _ada) = failed_with_one_in_the_journal().await;
    stored_when_the_archive_is_back(&host).await;
}

#[tokio::test]
async fn a_room_that_failed_is_stored_also_if_somebody_tried_in_vain_to_come_back() {
    let (host, ada) = failed_with_one_in_the_journal().await;
    let mut again = Client::connect(&host).await;
    again
        .send_join(&host, room(1), members(1)[0], ada.have())
        .await;
    assert_eq!(again.close_code().await, CloseCode::NotReady.as_u16());
    stored_when_the_archive_is_back(&host).await;
}

#[tokio::test]
async fn a_room_that_another_epoch_writes_is_stopped_before_it_tells_anything_as_stored() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    host.world.archive.open(room(1), Epoch(2)).await.unwrap();
    ada.say(1, "to nobody").await;
    assert_eq!(ada.close_code().await, CloseCode::NotReady.as_u16());
    assert_eq!((ada.stored, host.stored(room(1))), (1, 1));
    // The directory still says that the room is this host's, so it takes it back under a higher epoch.
    eventually("the record is stored after all", || {
        host.stored(room(1)) == 2
    })
    .await;
    let (_, welcome) = Client::join(&host, room(1), members(1)[0]).await;
    assert_eq!(
        (&welcome["epoch"], &welcome["stored"]),
        (&json!(3), &json!(2))
    );
}

#[tokio::test]
async fn a_finished_game_is_stored_at_once_and_announced_once_even_if_announcing_fails_first() {
    let host = TestHost::start().await;
    host.world.finishes.refusing.store(true, Ordering::Release);
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.send(json!({"op": "finish", "n": 1, "result": {"outcome": "escaped"}}))
        .await;
    ada.stored_to(2).await;
    eventually("it was tried twice", || host.world.finishes.calls() >= 2).await;
    assert!(host.world.finishes.jobs().is_empty());
    host.world.finishes.refusing.store(false, Ordering::Release);
    eventually("it is announced", || {
        host.host.metrics().finishes_announced.get() == 1
    })
    .await;
    assert_eq!(host.world.finishes.jobs().len(), 1);
    ada.send(json!({"op": "finish", "n": 2, "result": {}}))
        .await;
    assert_eq!(ada.next_op("refused").await["code"], "finished");
    ada.say(2, "good game").await;
    ada.stored_to(3).await;
    assert_eq!(host.host.metrics().finishes_announced.get(), 1);
}

#[tokio::test]
async fn a_room_whose_copy_the_archive_cannot_read_holds_up_no_other_room() {
    let host = TestHost::start().await;
    let archive = &host.world.archive;
    let (mut ada, _) = Client::join(&host, room(1), members(2)[0]).await;
    let (mut grace, _) = Client::join(&host, room(2), members(2)[1]).await;
    ada.stored_to(1).await;
    grace.stored_to(1).await;
    archive.corrupt(room(1), true);
    ada.say(1, "one").await;
    ada.caught_up(2).await;
    eventually("it is known to be stuck", || {
        host.host.metrics().rooms_stuck.get() == 1
    })
    .await;
    for n in 1..=3 {
        grace.say(n, n).await;
        grace.stored_to(n + 1).await;
    }
    assert_eq!(host.host.metrics().archive_failures.get(), 0);
    archive.corrupt(room(1), false);
    ada.stored_to(2).await;
    assert_eq!(host.host.metrics().rooms_stuck.get(), 0);
}

#[tokio::test]
async fn a_finish_that_cannot_be_announced_is_tried_more_and_more_rarely_while_the_room_is_stored()
{
    let host = TestHost::start().await;
    host.world.finishes.refusing.store(true, Ordering::Release);
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.send(json!({"op": "finish", "n": 1, "result": null}))
        .await;
    for n in 2_u8..=5 {
        ada.say(n.into(), n).await;
        // Not what the client is told, which is later.
        let stored = usize::from(n) + 1;
        eventually("it is stored", || host.stored(room(1)) == stored).await;
    }
    let calls = host.world.finishes.calls();
    assert!((1..=4).contains(&calls), "tried {calls} times in about 4 s");
    host.world.finishes.refusing.store(false, Ordering::Release);
    eventually("it is announced", || !host.world.finishes.jobs().is_empty()).await;
}
