//! P6: coming back, coming late, and rooms that left memory in between.

use std::sync::atomic::Ordering;
use std::time::Duration;

use latchkey_protocol::{CloseCode, limits};
use serde_json::{Value, json};

use crate::support::{Client, TestHost, eventually, members, room};

/// One member that has said `count` things, all stored, at a pace the host allows.
async fn history(host: &TestHost, count: u64) -> Client {
    let (mut client, _) = Client::join(host, room(1), members(1)[0]).await;
    for n in 1..=count {
        client.say(n, json!(n)).await;
        loop {
            let frame = client.next().await.unwrap();
            if frame["op"] == "refused" {
                assert_eq!(frame["code"], "rate");
                tokio::time::sleep(Duration::from_millis(
                    frame["retry_after"].as_u64().unwrap(),
                ))
                .await;
                client.say(n, json!(n)).await;
            } else if frame["op"] == "record" && frame["body"] == n {
                break;
            }
        }
    }
    client.stored_to(count + 1).await;
    client
}

/// Many members say `each` things at once, so that a long history does not take long.
async fn long_history(host: &TestHost, people: u8, each: u64) -> Vec<Client> {
    let mut clients = Vec::new();
    for member in members(people) {
        clients.push(Client::join(host, room(1), member).await.0);
    }
    for client in &mut clients {
        for n in 1..=each {
            client.say(n, json!(n)).await;
        }
    }
    let tail = u64::from(people) * (each + 1);
    for client in &mut clients {
        client.caught_up(tail).await;
        client.stored_to(tail).await;
    }
    clients
}

#[tokio::test]
async fn p6_1_a_client_that_comes_back_sees_what_it_missed_and_nothing_twice() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(2)[0]).await;
    let (mut grace, _) = Client::join(&host, room(1), members(2)[1]).await;
    grace.caught_up(2).await;
    let have = grace.position(1);
    grace.vanish(&host).await;
    for n in 1..=3 {
        ada.say(n, n).await;
    }
    ada.caught_up(5).await;
    let (mut grace, welcome) = Client::join_from(&host, room(1), members(2)[1], have).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["tail"]),
        (&json!(true), &json!(5))
    );
    grace.caught_up(5).await;
    assert_eq!(grace.records, ada.records[2..]);
}

#[tokio::test]
async fn p6_2_a_position_that_is_not_part_of_the_history_is_rewound() {
    let host = TestHost::start().await;
    let (ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.vanish(&host).await;
    let beyond = json!({"epoch": 1, "seq": 40});
    let (mut ada, first) = Client::join_from(&host, room(1), members(1)[0], beyond).await;
    assert_eq!((&first["op"], &first["seq"]), (&json!("rewind"), &json!(1)));
    let welcome = ada.next_op("welcome").await;
    assert_eq!(welcome["resumed"], false);
    ada.caught_up(1).await;
}

#[tokio::test]
async fn a_late_joiner_is_sent_what_memory_no_longer_holds_from_the_archive() {
    let host = TestHost::start().await;
    let mut clients = long_history(&host, 10, 50).await;
    let tail = 510;
    assert!(tail > limits::LOG_RECORDS as u64 + 100);
    let (mut late, welcome) = Client::join(&host, room(1), members(11)[10]).await;
    assert_eq!(welcome["tail"], tail + 1);
    late.caught_up(tail + 1).await;
    clients[0].caught_up(tail + 1).await;
    assert_eq!(late.records, clients[0].records);
    assert!(host.world.archive.reads() > 0, "it was paged");
    clients[0].say(51, "welcome").await;
    late.caught_up(tail + 2).await;
}

#[tokio::test]
async fn p8_3_a_late_joiner_is_told_to_come_back_when_the_archive_cannot_be_read() {
    let host = TestHost::start().await;
    let mut clients = long_history(&host, 10, 50).await;
    host.world.archive.refusing.store(true, Ordering::Release);
    let (mut late, _) = Client::join(&host, room(1), members(11)[10]).await;
    assert_eq!(late.close_code().await, CloseCode::Slow.as_u16());
    clients[0].say(51, "we play on").await;
    clients[1].caught_up(512).await;
    host.world.archive.refusing.store(false, Ordering::Release);
    let (mut late, _) = Client::join(&host, room(1), members(11)[10]).await;
    late.caught_up(512).await;
}

#[tokio::test]
async fn p3_6_a_checkpoint_is_where_a_late_joiner_starts_even_after_the_room_was_reloaded() {
    let host = TestHost::with(|limits| limits.idle_room = Duration::ZERO).await;
    let mut ada = history(&host, 40).await;
    ada.send(json!({"op": "checkpoint", "seq": 40, "state": {"big": "x".repeat(100_000)}}))
        .await;
    ada.say(41, "after").await;
    eventually("the checkpoint is kept", || {
        host.world.archive.head(room(1)).checkpoint.is_some()
    })
    .await;
    let (mut late, welcome) = Client::join(&host, room(1), members(2)[1]).await;
    assert_eq!(welcome["checkpoint"]["seq"], 40);
    assert_eq!(
        welcome["checkpoint"]["state"]["big"]
            .as_str()
            .unwrap()
            .len(),
        100_000
    );
    late.caught_up(43).await;
    assert_eq!(late.records[0]["seq"], 41);
    ada.vanish(&host).await;
    late.vanish(&host).await;
    eventually("the room has left", || {
        host.host.metrics().rooms_evicted.get() == 1
    })
    .await;
    let (_, welcome) = Client::join(&host, room(1), members(2)[1]).await;
    assert_eq!(
        (&welcome["checkpoint"]["seq"], &welcome["epoch"]),
        (&json!(40), &json!(2))
    );
}

#[tokio::test]
async fn an_idle_room_leaves_memory_and_is_as_before_when_somebody_comes() {
    let host = TestHost::with(|limits| limits.idle_room = Duration::ZERO).await;
    let ada = history(&host, 5).await;
    let (have, records) = (ada.position(1), ada.records.clone());
    ada.vanish(&host).await;
    eventually("the room is given up", || {
        host.world.directory.room(room(1)).unwrap().owner.is_none()
    })
    .await;
    assert!(host.host.render_metrics().contains("latchkey_rooms 0"));
    let (mut ada, welcome) = Client::join_from(&host, room(1), members(1)[0], have).await;
    assert_eq!(
        (&welcome["epoch"], &welcome["resumed"]),
        (&json!(2), &json!(true))
    );
    assert_eq!((&welcome["n"], &welcome["stored"]), (&json!(5), &json!(6)));
    ada.say(6, "six").await;
    let (mut grace, _) = Client::join_from(&host, room(1), members(2)[1], Value::Null).await;
    grace.caught_up(8).await;
    assert_eq!(grace.records[..6], records);
    assert_eq!(grace.records[6]["epoch"], 2);
}

#[tokio::test]
async fn a_room_somebody_is_in_does_not_leave_memory() {
    let host = TestHost::with(|limits| limits.idle_room = Duration::ZERO).await;
    let (mut ada, _) = Client::join(&host, room(1), members(2)[0]).await;
    let (grace, _) = Client::join(&host, room(2), members(2)[1]).await;
    grace.vanish(&host).await;
    eventually("the other room has left", || {
        host.host.metrics().rooms_evicted.get() == 1
    })
    .await;
    ada.say(1, "still here").await;
    ada.caught_up(2).await;
    assert_eq!(ada.records[1]["epoch"], 1);
}
