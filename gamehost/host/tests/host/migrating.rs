//! When records go to the archive: in their own time, and sooner only where it matters.

use std::time::Duration;

use serde_json::json;

use crate::support::{Client, World, eventually, members, room};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(600);

fn world() -> World {
    World::new().with(|limits| limits.store_after = LONG)
}

#[tokio::test]
async fn a_finished_game_is_stored_and_announced_at_once_and_no_other_room_for_its_sake() {
    let host = world().host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    let (mut grace, _) = Client::join(&host, room(2), members(1)[0]).await;
    grace.say(1, "we play on").await;
    grace.caught_up(2).await;
    ada.say(1, "the end").await;
    ada.caught_up(2).await;
    assert_eq!((host.stored(room(1)), host.stored(room(2))), (0, 0));
    ada.send(json!({"op": "finish", "n": 2, "result": {}}))
        .await;
    ada.stored_to(3).await;
    eventually("the end is announced", || {
        host.world.finishes.jobs() == [(room(1), latchkey_protocol::Seq(3))]
    })
    .await;
    assert_eq!(host.stored(room(2)), 0);
}

#[tokio::test]
async fn much_that_has_gathered_does_not_wait_for_more() {
    let host = world().host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    let body = "x".repeat(14 * 1024);
    for n in 1..=50 {
        ada.say(n, body.as_str()).await;
    }
    eventually("most of it is stored", || host.stored(room(1)) > 30).await;
}

#[tokio::test]
async fn a_host_that_hands_a_room_over_stores_that_room_and_lets_the_others_wait() {
    let world = world();
    let (here, there) = (world.host().await, world.host_in(2).await);
    here.knows_others(1).await;
    let (mut ada, _) = Client::join(&here, room(1), members(1)[0]).await;
    let (mut grace, _) = Client::join(&here, room(2), members(1)[0]).await;
    ada.say(1, "here").await;
    ada.caught_up(2).await;
    grace.say(1, "here too").await;
    grace.caught_up(2).await;
    assert_eq!(here.hand_over(room(1)).await, Ok(()));
    assert_eq!(ada.next_op("moved").await["url"], there.url());
    assert_eq!((here.stored(room(1)), here.stored(room(2))), (2, 0));
}

#[tokio::test]
async fn a_host_that_stops_stores_everything_at_once() {
    let host = world().host().await;
    for number in 1..=20 {
        let (mut ada, _) = Client::join(&host, room(number), members(1)[0]).await;
        ada.say(1, "still here").await;
        ada.caught_up(2).await;
    }
    let summary = host.stop(Duration::from_secs(10)).await;
    assert_eq!((summary.rooms, summary.unstored), (20, 0));
}

#[tokio::test]
async fn records_of_a_host_that_was_killed_have_waited_long_enough() {
    let world = world();
    let host = world.host().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.say(1, "in the journal alone").await;
    ada.caught_up(2).await;
    assert_eq!(host.stored(room(1)), 0);
    host.kill().await;
    let again = world.host().await;
    eventually("they are stored", || again.stored(room(1)) == 2).await;
}

#[tokio::test]
async fn a_checkpoint_whose_records_are_stored_does_not_wait_for_more_records() {
    let host = world().host().await;
    let archive = &host.world.archive;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    for n in 1..=40 {
        ada.say(n, n).await;
    }
    ada.send(json!({"op": "finish", "n": 41, "result": {}}))
        .await;
    eventually("all is stored", || host.stored(room(1)) == 42).await;
    ada.send(json!({"op": "checkpoint", "seq": 40, "state": {}}))
        .await;
    eventually("it is kept", || archive.head(room(1)).checkpoint.is_some()).await;
}
