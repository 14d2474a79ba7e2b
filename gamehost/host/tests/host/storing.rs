//! Records that wait for the archive: what all rooms of a host may hold of them, that what a room held is given back
//! however it ends, and what members are told meanwhile.

use std::sync::atomic::Ordering;
use std::time::Duration;

use latchkey_host::ports::Slot;
use latchkey_protocol::{CloseCode, RoomId};
use serde_json::{Value, json};

use crate::support::{Client, TestHost, World, eventually, members, room};

/// Bytes held by records that are not stored, as the operator sees them.
fn held(host: &TestHost) -> u64 {
    let text = host.host.render_metrics();
    let held = text
        .lines()
        .find_map(|line| line.strip_prefix("latchkey_unstored_bytes "));
    held.unwrap().parse().unwrap()
}

async fn nothing_is_held(host: &TestHost) {
    eventually("nothing is held", || held(host) == 0).await;
}

/// Says `body` as frame `n`, and gives the record or the refusal.
async fn answer(client: &mut Client, n: u64, body: &str) -> Value {
    client.say(n, body).await;
    client
        .until(|frame| frame["op"] == "refused" || frame["n"] == n)
        .await
}

/// A room of which one record is in the journal and in memory alone.
async fn with_one_unstored(world: &World, host: &TestHost, room: RoomId) -> Client {
    let (mut ada, _) = Client::join(host, room, members(1)[0]).await;
    ada.stored_to(1).await;
    world.archive.refusing_chunks.store(true, Ordering::Release);
    ada.say(1, "not stored").await;
    ada.caught_up(2).await;
    assert!(held(host) > 0);
    ada
}

#[tokio::test]
async fn p8_all_rooms_together_hold_so_much_that_is_not_stored_and_take_records_again_when_it_is() {
    let world = World::new().with(|limits| limits.unstored_bytes = 20_000);
    let host = world.host().await;
    let people = members(3);
    let (mut ada, _) = Client::join(&host, room(1), people[0]).await;
    let (mut grace, _) = Client::join(&host, room(2), people[1]).await;
    ada.stored_to(1).await;
    grace.stored_to(1).await;
    nothing_is_held(&host).await;
    world.archive.refusing_chunks.store(true, Ordering::Release);
    let body = "x".repeat(1_000);
    let mut n = 1;
    while answer(&mut ada, n, &body).await["op"] == "record" {
        n += 1;
    }
    assert!(
        (14..=20).contains(&n),
        "{n} of at least 1,000 bytes were taken"
    );
    assert!((20_000..22_000).contains(&held(&host)), "{}", held(&host));
    let refused = answer(&mut grace, 1, "in the other room").await;
    assert_eq!(
        (&refused["code"], &refused["n"]),
        (&json!("unavailable"), &json!(1))
    );
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains("the host holds") && message.contains("20000 bytes"),
        "{message}"
    );
    let mut late = Client::connect(&host).await;
    late.send_join(&host, room(2), people[2], Value::Null).await;
    assert_eq!(late.close_code().await, CloseCode::NotReady.as_u16());
    world
        .archive
        .refusing_chunks
        .store(false, Ordering::Release);
    ada.stored_to(n).await;
    assert_eq!(
        answer(&mut grace, 1, "in the other room").await["op"],
        "record"
    );
    grace.stored_to(2).await;
    nothing_is_held(&host).await;
}

#[tokio::test]
async fn records_a_room_is_opened_with_are_held_too() {
    let world = World::new().with(|limits| limits.unstored_bytes = 1);
    let before = world
        .clone()
        .with(|limits| limits.unstored_bytes = u64::MAX);
    let host = before.host().await;
    let ada = with_one_unstored(&world, &host, room(1)).await;
    let _ = host.kill().await;
    drop(ada);
    let host = world.host().await;
    eventually("the room is open again", || held(&host) > 0).await;
    let (mut ada, welcome) = Client::join(&host, room(1), members(1)[0]).await;
    assert_eq!(welcome["tail"], 2);
    assert_eq!(answer(&mut ada, 2, "too much").await["code"], "unavailable");
    world
        .archive
        .refusing_chunks
        .store(false, Ordering::Release);
    nothing_is_held(&host).await;
}

#[tokio::test]
async fn what_a_room_held_is_given_back_when_it_is_stored_and_leaves_memory_or_goes_to_another_host()
 {
    let world = World::new().with(|limits| limits.idle_room = Duration::ZERO);
    let (here, there) = (world.host().await, world.host_in(2).await);
    here.knows_others(1).await;
    for (room, moves) in [(room(1), false), (room(2), true)] {
        let mut ada = with_one_unstored(&world, &here, room).await;
        world
            .archive
            .refusing_chunks
            .store(false, Ordering::Release);
        if moves {
            assert_eq!(here.hand_over(room).await, Ok(()));
            assert_eq!(ada.close_code().await, CloseCode::Moved.as_u16());
        } else {
            ada.stored_to(2).await;
            drop(ada);
            eventually("it left memory", || {
                here.host.metrics().rooms_evicted.get() == 1
            })
            .await;
        }
        nothing_is_held(&here).await;
    }
    assert_eq!(held(&there), 0);
}

#[tokio::test]
async fn what_a_room_held_is_given_back_when_it_is_fenced_also_while_the_archive_is_away() {
    let world = World::new();
    let host = world.host().await;
    let mut ada = with_one_unstored(&world, &host, room(1)).await;
    // So that the room cannot be opened anew, and neither can what waits for the archive have its turn.
    world.archive.refusing.store(true, Ordering::Release);
    world.directory.lose(Slot(1));
    assert_eq!(ada.close_code().await, CloseCode::NotReady.as_u16());
    nothing_is_held(&host).await;
    world.archive.refusing.store(false, Ordering::Release);
    world
        .archive
        .refusing_chunks
        .store(false, Ordering::Release);
    eventually("it is stored", || host.stored(room(1)) == 2).await;
    nothing_is_held(&host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_room_held_is_given_back_when_it_panicked() {
    let world = World::new();
    let host = world.host().await;
    let mut ada = with_one_unstored(&world, &host, room(1)).await;
    world.archive.refusing.store(true, Ordering::Release);
    host.host.panic_in(room(1));
    ada.say(2, "this one").await;
    assert_eq!(ada.close_code().await, CloseCode::RoomFailed.as_u16());
    nothing_is_held(&host).await;
}

#[tokio::test]
async fn p4_7_members_are_told_that_storing_lags_without_anything_else_happening_and_that_it_caught_up()
 {
    let world = World::new();
    let host = world.host().await;
    let mut ada = with_one_unstored(&world, &host, room(1)).await;
    let lags = ada.next_op("stored").await;
    assert_eq!(lags, json!({"op": "stored", "seq": 1, "behind": true}));
    assert!(host.host.metrics().archive_failures.get() > 0);
    let (mut grace, welcome) = Client::join(&host, room(1), members(2)[1]).await;
    assert_eq!(welcome["behind"], true);
    world
        .archive
        .refusing_chunks
        .store(false, Ordering::Release);
    for client in [&mut ada, &mut grace] {
        let caught_up = client.next_op("stored").await;
        assert_eq!(caught_up.get("behind"), None, "{caught_up}");
        client.stored_to(3).await;
    }
}
