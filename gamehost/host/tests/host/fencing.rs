//! The end of the right to serve: rooms leave memory, nothing in the journal is lost, and what another host has
//! meanwhile is left alone.

use std::sync::atomic::Ordering;
use std::time::Duration;

use latchkey_host::ports::Slot;
use latchkey_protocol::CloseCode;
use serde_json::{Value, json};

use crate::support::{Client, TestHost, World, eventually, members, room};

fn serves(host: &TestHost) -> bool {
    host.host.is_serving()
}

#[tokio::test]
async fn a_host_that_was_found_lost_sends_everybody_away_and_goes_on_with_rooms_that_are_still_its_own()
 {
    let world = World::new();
    let host = world.host().await;
    let people = members(2);
    let (mut ada, _) = Client::join(&host, room(1), people[0]).await;
    let (mut grace, _) = Client::join(&host, room(2), people[1]).await;
    ada.stored_to(1).await;
    world.archive.refusing.store(true, Ordering::Release);
    ada.say(1, "in the journal alone").await;
    ada.caught_up(2).await;
    world.directory.lose(Slot(1));
    for client in [&mut ada, &mut grace] {
        assert_eq!(client.close_code().await, CloseCode::NotReady.as_u16());
    }
    world.archive.refusing.store(false, Ordering::Release);
    eventually("it is stored without anybody coming", || {
        host.stored(room(1)) == 2
    })
    .await;
    let welcome = ada.back_to(&host, (room(1), people[0]), &[]).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["n"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(host.host.metrics().rooms_rebuilt.get(), 0);
}

#[tokio::test]
async fn a_directory_that_is_away_for_longer_than_the_lease_ends_play_until_it_is_back() {
    let world = World::new();
    let host = world.host().await;
    let people = members(1);
    let (mut ada, _) = Client::join(&host, room(1), people[0]).await;
    ada.say(1, 1).await;
    ada.caught_up(2).await;
    world.directory.refusing.store(true, Ordering::Release);
    assert_eq!(ada.close_code().await, CloseCode::NotReady.as_u16());
    assert!(!serves(&host));
    let mut early = Client::connect(&host).await;
    early
        .send_join(&host, room(1), people[0], Value::Null)
        .await;
    assert_eq!(early.close_code().await, CloseCode::NotReady.as_u16());
    world.directory.refusing.store(false, Ordering::Release);
    eventually("it serves again", || serves(&host)).await;
    let welcome = ada.back_to(&host, (room(1), people[0]), &[]).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["epoch"]),
        (&json!(true), &json!(2))
    );
}

/// A member who has seen two records that are in the journal of slot 1 alone. Its process has ended, and others have
/// found it lost.
async fn with_two_in_the_journal(world: &World) -> Client {
    let former = world.host().await;
    let (mut ada, _) = Client::join(&former, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    world.archive.refusing_chunks.store(true, Ordering::Release);
    for n in 1..=2 {
        ada.say(n, n).await;
    }
    ada.caught_up(3).await;
    former.kill().await;
    world.directory.lose(Slot(1));
    ada
}

/// The second member, who opens the room at its new owner and has seen nothing of it.
async fn joined_without_the_first(next: &TestHost) -> Client {
    let people = members(2);
    let mut grace = Client::connect(next).await;
    grace.send_join(next, room(1), people[1], Value::Null).await;
    let asked = grace.next_op("vouch").await;
    grace.vouch(&asked, &people[1..]).await;
    grace.next_op("welcome").await;
    grace
}

async fn emptied(host: &TestHost) {
    eventually("the journal is empty", || {
        let figures = host.host.render_metrics();
        figures.contains("latchkey_journal_segments 0")
    })
    .await;
}

#[tokio::test]
async fn records_that_the_new_owner_had_from_the_members_are_given_up_when_it_has_stored_them() {
    let world = World::new();
    let next = world.host_in(2).await;
    let people = members(1);
    let mut ada = with_two_in_the_journal(&world).await;
    let welcome = ada.back_to(&next, (room(1), people[0]), &people).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["tail"]),
        (&json!(true), &json!(3))
    );
    let former = world.host().await;
    eventually("the former owner has looked", || {
        former.host.metrics().rooms_not_opened.get() > 0
    })
    .await;
    let owed = former.owed().await;
    assert_eq!(owed[0]["id"], room(1).as_str());
    assert!(owed[0]["failures"].as_u64() > Some(0), "{owed:?}");
    world
        .archive
        .refusing_chunks
        .store(false, Ordering::Release);
    ada.stored_to(3).await;
    eventually("nothing is owed any more", || {
        former.host.metrics().rooms_owed.get() == 0
    })
    .await;
    assert!(world.put_aside(Slot(1)).is_empty());
    emptied(&former).await;
}

#[tokio::test]
async fn records_that_the_new_owner_does_not_have_are_put_aside() {
    let world = World::new();
    let next = world.host_in(2).await;
    let ada = with_two_in_the_journal(&world).await;
    world
        .archive
        .refusing_chunks
        .store(false, Ordering::Release);
    // Who saw them does not come back, and another member goes another way.
    let mut grace = joined_without_the_first(&next).await;
    grace.say(1, "another way").await;
    grace.stored_to(3).await;
    let former = world.host().await;
    eventually("they are put aside", || {
        former.host.metrics().records_put_aside.get() == 2
    })
    .await;
    eventually("nothing is owed any more", || {
        former.host.metrics().rooms_owed.get() == 0
    })
    .await;
    let aside = world.put_aside(Slot(1));
    assert_eq!(
        aside,
        [ada.records[1..].to_vec()],
        "each frame as it was sent"
    );
    let stored = world.archive.records(room(1));
    assert_eq!(stored[2].body.as_bytes(), b"\"another way\"");
}

#[tokio::test]
async fn records_that_the_archive_has_overtaken_with_others_are_put_aside_too() {
    let world = World::new().with(|limits| limits.idle_room = Duration::from_millis(1));
    let next = world.host_in(2).await;
    let ada = with_two_in_the_journal(&world).await;
    world
        .archive
        .refusing_chunks
        .store(false, Ordering::Release);
    let mut grace = joined_without_the_first(&next).await;
    for n in 1..=5 {
        grace.say(n, "another way").await;
    }
    grace.stored_to(7).await;
    grace.vanish(&next).await;
    eventually("nobody has the room any more", || {
        world.directory.room(room(1)).unwrap().owner.is_none()
    })
    .await;
    let former = world.host().await;
    emptied(&former).await;
    assert_eq!(world.put_aside(Slot(1)), [ada.records[1..].to_vec()]);
    assert_eq!(former.stored(room(1)), 7);
}

/// Two hosts were lost, and neither knew what the other had ordered. What the second one's journal holds follows the
/// archive's last record by number and by epoch, and is another history all the same.
#[tokio::test]
async fn records_that_only_seem_to_follow_the_archives_last_one_are_put_aside() {
    let world = World::new().with(|limits| limits.idle_room = Duration::from_millis(1));
    let people = members(3);
    let first = world.host_in(3).await;
    let (mut ada, _) = Client::join(&first, room(1), people[0]).await;
    ada.stored_to(1).await;
    world.archive.refusing_chunks.store(true, Ordering::Release);
    ada.say(1, "one way").await;
    ada.caught_up(2).await;
    world.lose(first).await;
    let second = world.host().await;
    let mut grace = Client::connect(&second).await;
    grace
        .send_join(&second, room(1), people[1], Value::Null)
        .await;
    let asked = grace.next_op("vouch").await;
    grace.vouch(&asked, &people[1..2]).await;
    grace.next_op("welcome").await;
    grace.say(1, "another way").await;
    grace.caught_up(3).await;
    second.kill().await;
    world.directory.lose(Slot(1));
    world
        .archive
        .refusing_chunks
        .store(false, Ordering::Release);
    let third = world.host_in(2).await;
    let welcome = ada
        .back_to(&third, (room(1), people[0]), &people[..1])
        .await;
    assert_eq!(
        (&welcome["resumed"], &welcome["tail"]),
        (&json!(true), &json!(2))
    );
    ada.stored_to(2).await;
    let have = ada.have();
    ada.vanish(&third).await;
    eventually("nobody has the room any more", || {
        world.directory.room(room(1)).unwrap().owner.is_none()
    })
    .await;
    let second = world.host().await;
    let (_, welcome) = Client::join_from(&second, room(1), people[0], have).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["tail"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(world.put_aside(Slot(1)), [grace.records[1..].to_vec()]);
}

#[tokio::test]
async fn p6_10_a_host_that_is_behind_what_a_client_has_seen_sends_it_on_instead_of_rewinding_it() {
    let world = World::new();
    let host = world.host().await;
    let (_ada, _) = Client::join(&host, room(1), members(2)[0]).await;
    let mut grace = Client::connect(&host).await;
    grace
        .send_join(&host, room(1), members(2)[1], json!({"epoch": 2, "seq": 1}))
        .await;
    assert_eq!(
        grace.next().await.unwrap_err().to_string(),
        "closed with 4008"
    );
}

#[tokio::test]
async fn a_room_that_can_never_be_stored_is_listed_and_can_be_put_aside() {
    let world = World::new();
    let host = world.host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    world.archive.corrupt(room(1), true);
    ada.say(1, "never stored").await;
    ada.caught_up(2).await;
    host.stop(Duration::ZERO).await;
    let host = world.host().await;
    eventually("it was tried", || {
        host.host.metrics().rooms_not_opened.get() > 0
    })
    .await;
    let owed = host.owed().await;
    assert_eq!((owed.len(), &owed[0]["id"]), (1, &json!(room(1))));
    let why = owed[0]["why"].as_str().unwrap();
    assert!(why.contains("cannot be read"), "{why}");
    // The record before it is in the archive, but with that copy unreadable nobody knows.
    let done = host.put_aside(room(1)).await.unwrap();
    assert!(done.starts_with("2 records"), "{done}");
    assert_eq!(world.put_aside(Slot(1)), [ada.records.clone()]);
    assert!(host.owed().await.is_empty());
    emptied(&host).await;
    assert!(host.put_aside(room(1)).await.is_err(), "nothing is left");
    world.archive.corrupt(room(1), false);
    let (_, welcome) = Client::join(&host, room(1), members(1)[0]).await;
    assert_eq!(welcome["tail"], 1);
}

#[tokio::test]
async fn a_room_that_was_put_aside_is_brought_no_more_while_others_are() {
    let world = World::new();
    let host = world.host().await;
    for number in [1, 2] {
        let (mut ada, _) = Client::join(&host, room(number), members(number)[0]).await;
        ada.stored_to(1).await;
        world.archive.corrupt(room(number), true);
        ada.say(1, "never stored").await;
        ada.caught_up(2).await;
    }
    host.stop(Duration::ZERO).await;
    let host = world.host().await;
    eventually("both were tried", || {
        host.host.metrics().rooms_not_opened.get() >= 2
    })
    .await;
    host.put_aside(room(1)).await.unwrap();
    // Each try claims the room anew.
    let epoch = |number| world.directory.room(room(number)).unwrap().epoch;
    let (aside, other) = (epoch(1), epoch(2));
    eventually("the other one was tried twice more", || {
        epoch(2).0 >= other.0 + 2
    })
    .await;
    assert_eq!(epoch(1), aside, "nobody brings what is given up");
}

#[tokio::test]
async fn a_room_in_play_that_cannot_be_stored_can_be_put_aside_too() {
    let world = World::new();
    let host = world.host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    world.archive.corrupt(room(1), true);
    ada.say(1, "never stored").await;
    ada.caught_up(2).await;
    eventually("it is known that it cannot be stored", || {
        host.host.metrics().rooms_stuck.get() == 1
    })
    .await;
    let done = host.put_aside(room(1)).await.unwrap();
    assert!(done.starts_with("2 records"), "{done}");
    assert_eq!(host.host.metrics().rooms_stuck.get(), 0);
    assert_eq!(ada.close_code().await, CloseCode::RoomFailed.as_u16());
    world.archive.corrupt(room(1), false);
    // She still has it, and gives it back.
    let welcome = ada.back_to(&host, (room(1), members(1)[0]), &[]).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["tail"]),
        (&json!(true), &json!(2))
    );
    ada.stored_to(2).await;
}
