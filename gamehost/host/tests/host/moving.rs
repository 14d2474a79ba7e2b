//! Rooms that go to another host: handed over one by one, all of them when a host is drained or leaves, and what those
//! are told who come at the wrong moment.

use std::sync::atomic::Ordering;
use std::time::Duration;

use latchkey_host::ports::{Directory as _, Slot};
use latchkey_protocol::CloseCode;
use serde_json::json;

use crate::support::{Client, World, eventually, members, room};

const WITHIN: Duration = Duration::from_secs(20);

/// Reads until the host says where the room went, and closes.
async fn moved(client: &mut Client) -> String {
    let url = client.next_op("moved").await["url"].clone();
    assert_eq!(client.close_code().await, CloseCode::Moved.as_u16());
    url.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_live_room_is_handed_over_while_people_speak_and_nothing_is_lost_or_repeated() {
    let world = World::new();
    let (here, there) = (world.host().await, world.host_in(2).await);
    here.knows_others(1).await;
    let people = members(2);
    let (mut ada, _) = Client::join(&here, room(1), people[0]).await;
    let (mut grace, _) = Client::join(&here, room(1), people[1]).await;
    let mut n = 0;
    let speak = async {
        loop {
            n += 1;
            ada.say(n, n).await;
            let answer = ada
                .until(|frame| frame["op"] == "moved" || frame["n"] == n)
                .await;
            if answer["op"] != "record" {
                break;
            }
        }
    };
    let hand_over = async {
        eventually("they speak", || here.stored(room(1)) > 5).await;
        here.hand_over(room(1)).await
    };
    let (_, handed) = tokio::join!(speak, hand_over);
    assert_eq!(handed, Ok(()));
    assert_eq!(moved(&mut grace).await, there.url());
    let first = grace.back_to(&there, (room(1), people[1]), &people).await;
    assert_eq!(
        (&first["op"], &first["resumed"]),
        (&json!("welcome"), &json!(true))
    );
    let first = ada.back_to(&there, (room(1), people[0]), &people).await;
    assert_eq!(
        (&first["epoch"], &first["resumed"]),
        (&json!(2), &json!(true))
    );
    // What was refused or dropped is said again, as the sdk does.
    let known = first["n"].as_u64().unwrap();
    for n in known + 1..=n + 5 {
        ada.say(n, n).await;
    }
    let tail = 2 + n + 5;
    ada.caught_up(tail).await;
    grace.caught_up(tail).await;
    assert_eq!(
        ada.said(),
        (1..=n + 5).map(|n| json!(n)).collect::<Vec<_>>()
    );
    assert_eq!(grace.said(), ada.said());
    grace.stored_to(tail).await;
    assert_eq!(here.host.metrics().rooms_moved.get(), 1);
    assert!(here.host.render_metrics().contains("latchkey_rooms 0"));
}

#[tokio::test]
async fn a_room_whose_records_the_archive_does_not_take_stays_and_nobody_notices() {
    let world = World::new();
    let (here, _there) = (world.host().await, world.host_in(2).await);
    here.knows_others(1).await;
    let (mut ada, _) = Client::join(&here, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    world.archive.refusing.store(true, Ordering::Release);
    ada.say(1, "one").await;
    ada.caught_up(2).await;
    let given_up = here.hand_over(room(1));
    let play = async {
        for n in 2..=10 {
            ada.say(n, n).await;
            ada.caught_up(n + 1).await;
        }
    };
    let (given_up, ()) = tokio::join!(given_up, play);
    let why = given_up.unwrap_err();
    assert!(why.contains("the archive did not take"), "{why}");
    world.archive.refusing.store(false, Ordering::Release);
    ada.stored_to(11).await;
    assert_eq!(here.hand_over(room(1)).await, Ok(()));
    moved(&mut ada).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_room_in_which_somebody_always_speaks_is_handed_over_too() {
    let world = World::new();
    let (here, _there) = (world.host().await, world.host_in(2).await);
    here.knows_others(1).await;
    let (mut ada, _) = Client::join(&here, room(1), members(1)[0]).await;
    // While the archive takes one chunk, the next has its records.
    world.archive.slow_ms.store(300, Ordering::Release);
    let speak = async {
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        for n in 1.. {
            pace.tick().await;
            ada.say(n, n).await;
            let answer = ada
                .until(|frame| frame["op"] == "record" || frame["op"] == "refused")
                .await;
            if answer["op"] == "refused" {
                break;
            }
        }
        moved(&mut ada).await
    };
    let hand_over = async {
        eventually("they speak", || here.stored(room(1)) > 5).await;
        let handed = here.hand_over(room(1)).await;
        assert_eq!(handed, Ok(()));
    };
    tokio::join!(speak, hand_over);
}

#[tokio::test]
async fn a_room_stays_when_no_other_host_takes_rooms() {
    let world = World::new();
    let (here, there) = (world.host().await, world.host_in(2).await);
    here.knows_others(1).await;
    let (mut ada, _) = Client::join(&here, room(1), members(1)[0]).await;
    // The snapshot still shows it, so the directory has to refuse.
    world.directory.drain(Slot(2), true).await.unwrap();
    let why = here.hand_over(room(1)).await.unwrap_err();
    assert!(why.contains("no other host takes rooms"), "{why}");
    ada.say(1, "still here").await;
    ada.caught_up(2).await;
    world.directory.drain(Slot(2), false).await.unwrap();
    world.lose(there).await;
    here.knows_others(0).await;
    let why = here.hand_over(room(1)).await.unwrap_err();
    assert!(why.contains("no other host takes rooms"), "{why}");
    ada.say(2, "still here").await;
    ada.caught_up(3).await;
}

#[tokio::test]
async fn a_handover_whose_answer_is_lost_is_asked_again_and_nobody_orders_anything_meanwhile() {
    let world = World::new();
    let (here, there) = (world.host().await, world.host_in(2).await);
    here.knows_others(1).await;
    let people = members(2);
    let (mut ada, _) = Client::join(&here, room(1), people[0]).await;
    ada.stored_to(1).await;
    world
        .directory
        .forgets_to_answer
        .store(true, Ordering::Release);
    let mut grace = Client::connect(&here).await;
    let meanwhile = async {
        eventually("the directory has given it away", || {
            world.directory.room(room(1)).unwrap().handed
        })
        .await;
        ada.say(1, "to whom").await;
        assert_eq!(ada.next_op("refused").await["code"], "unavailable");
        grace
            .send_join(&here, room(1), people[1], json!(null))
            .await;
        world
            .directory
            .forgets_to_answer
            .store(false, Ordering::Release);
        moved(&mut grace).await
    };
    let (handed, url) = tokio::join!(here.hand_over(room(1)), meanwhile);
    assert_eq!((handed, url), (Ok(()), there.url()));
    let told = ada
        .until(|frame| frame["op"] == "moved" || frame["op"] == "record")
        .await;
    assert_eq!(told["op"], "moved", "nothing was ordered");
    let welcome = ada.back_to(&there, (room(1), people[0]), &people).await;
    assert_eq!((&welcome["tail"], &welcome["n"]), (&json!(1), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_drained_host_gives_everything_away_sends_on_who_comes_and_takes_rooms_again_when_told() {
    let world = World::new();
    let (here, there) = (world.host().await, world.host_in(2).await);
    here.knows_others(1).await;
    let people = members(1);
    let mut clients = Vec::new();
    for number in 1..=20 {
        let (mut client, _) = Client::join(&here, room(number), people[0]).await;
        client.say(1, number).await;
        clients.push(client);
    }
    for _ in 0..5 {
        // These leave rooms behind that nobody is in.
        clients.pop().unwrap().vanish(&here).await;
    }
    world.directory.drain(Slot(1), true).await.unwrap();
    for client in &mut clients {
        assert_eq!(moved(client).await, there.url());
    }
    eventually("nothing is left", || {
        here.host.render_metrics().contains("latchkey_rooms 0")
    })
    .await;
    for (client, number) in clients.iter_mut().zip(1..) {
        let welcome = client
            .back_to(&there, (room(number), people[0]), &people)
            .await;
        assert_eq!(
            (&welcome["resumed"], &welcome["n"]),
            (&json!(true), &json!(1))
        );
    }
    for number in [16, 21] {
        let mut late = Client::connect(&here).await;
        late.send_join(&here, room(number), people[0], json!(null))
            .await;
        assert_eq!(moved(&mut late).await, there.url());
        let (_, welcome) = Client::join(&there, room(number), people[0]).await;
        assert_eq!(welcome["op"], "welcome");
    }
    world.directory.drain(Slot(1), false).await.unwrap();
    eventually("the host has heard of it", || !here.host.is_draining()).await;
    let (_, welcome) = Client::join(&here, room(22), people[0]).await;
    assert_eq!(welcome["op"], "welcome");
}

#[tokio::test]
async fn a_host_that_is_drained_alone_plays_on_and_does_not_try_in_vain() {
    let world = World::new();
    let here = world.host().await;
    let (mut ada, _) = Client::join(&here, room(1), members(1)[0]).await;
    world.directory.drain(Slot(1), true).await.unwrap();
    eventually("the host has heard of it", || here.host.is_draining()).await;
    for n in 1..=3 {
        ada.say(n, n).await;
        ada.stored_to(n + 1).await;
    }
    assert_eq!(here.host.metrics().handovers_given_up.get(), 0);
}

#[tokio::test]
async fn a_host_that_leaves_gives_its_rooms_away_and_its_slot_up() {
    let world = World::new();
    let (here, there) = (world.host().await, world.host_in(2).await);
    here.knows_others(1).await;
    let (mut ada, _) = Client::join(&here, room(1), members(1)[0]).await;
    ada.say(1, "one").await;
    ada.caught_up(2).await;
    let (left, url) = tokio::join!(here.host.leave(WITHIN), moved(&mut ada));
    let (drained, stopped) = left;
    assert_eq!((drained.moved, drained.left, stopped.unstored), (1, 0, 0));
    assert_eq!(url, there.url());
    let hosts = world.directory.hosts().await.unwrap();
    let slots: Vec<_> = hosts.iter().map(|host| host.id.slot).collect();
    assert_eq!(slots, [Slot(2)]);
}

#[tokio::test]
async fn the_only_host_leaves_with_its_rooms_and_goes_on_with_them_when_it_comes_again() {
    let world = World::new();
    let here = world.host().await;
    let (mut ada, _) = Client::join(&here, room(1), members(1)[0]).await;
    ada.say(1, "one").await;
    ada.caught_up(2).await;
    let (left, code) = tokio::join!(here.host.leave(WITHIN), ada.close_code());
    assert_eq!((left.0.moved, left.1.unstored), (0, 0));
    assert_eq!(code, CloseCode::GoingAway.as_u16());
    here.stop(Duration::ZERO).await;
    let here = world.host().await;
    let welcome = ada.back_to(&here, (room(1), members(1)[0]), &[]).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["tail"]),
        (&json!(true), &json!(2))
    );
}
