//! P3, P4, P5, P7: what members say to each other.

use std::time::Duration;

use latchkey_protocol::{CloseCode, RefusalCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, TestHost, members, room};

/// `count` members in one room, each of which has seen all of them join.
async fn table(host: &TestHost, count: u8) -> Vec<Client> {
    let mut clients = Vec::new();
    for member in members(count) {
        clients.push(Client::join(host, room(1), member).await.0);
    }
    for client in &mut clients {
        client.caught_up(u64::from(count)).await;
    }
    clients
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p5_1_all_members_see_the_same_records_in_the_same_order_each_once() {
    let host = TestHost::start().await;
    let mut clients = table(&host, 4).await;
    for n in 1..=25 {
        for (member, client) in clients.iter_mut().enumerate() {
            client.say(n, json!({"member": member, "n": n})).await;
        }
    }
    for client in &mut clients {
        client.caught_up(104).await;
    }
    assert_eq!(clients[0].said().len(), 100);
    for client in &clients[1..] {
        assert_eq!(client.records, clients[0].records);
    }
    assert_eq!(host.host.metrics().records.get(), 104);
}

#[tokio::test]
async fn p4_1_the_welcome_says_who_is_there_and_where_the_log_is() {
    let host = TestHost::start().await;
    let (mut ada, welcome) = Client::join(&host, room(1), members(2)[0]).await;
    assert_eq!(welcome["member"], members(2)[0].as_str());
    assert_eq!(
        (
            &welcome["tail"],
            &welcome["epoch"],
            &welcome["resumed"],
            &welcome["n"]
        ),
        (&json!(1), &json!(1), &json!(false), &json!(0))
    );
    assert_eq!(welcome["limits"]["says_per_second"], 30);
    let (_grace, welcome) = Client::join(&host, room(1), members(2)[1]).await;
    let online = |member: &Value| member["online"] == true;
    let listed = welcome["members"].as_array().unwrap();
    assert_eq!(listed.iter().filter(|member| online(member)).count(), 2);
    ada.until(|frame| frame["op"] == "presence" && frame["online"].as_array().unwrap().len() == 2)
        .await;
}

#[tokio::test]
async fn p3_3_a_repeated_number_is_dropped_and_a_skipped_one_refused() {
    let host = TestHost::start().await;
    let mut clients = table(&host, 2).await;
    clients[0].say(1, "one").await;
    clients[0].say(1, "one again").await;
    clients[0].say(3, "three").await;
    let refused = clients[0].next_op("refused").await;
    assert_eq!(
        (&refused["n"], &refused["code"]),
        (&json!(3), &json!("gap"))
    );
    clients[0].say(2, "two").await;
    clients[1].caught_up(4).await;
    assert_eq!(clients[1].said(), ["one", "two"]);
    assert_eq!(host.host.metrics().refusals(RefusalCode::Gap), 1);
}

#[tokio::test]
async fn every_refusal_leaves_the_connection_as_it_was() {
    let host = TestHost::start().await;
    let (mut client, _) = Client::join(&host, room(1), members(1)[0]).await;
    for (frame, code) in [
        (json!({"op": "dance", "n": 1}), "unknown_op"),
        (
            json!({"op": "say", "n": 1, "body": "x".repeat(20_000)}),
            "too_large",
        ),
        (
            json!({"op": "profile", "n": 1, "name": "", "colour": "#000000"}),
            "profile",
        ),
        (json!({"op": "signal", "key": "No", "body": 1}), "signal"),
        (
            json!({"op": "checkpoint", "seq": 9, "state": 1}),
            "checkpoint_early",
        ),
        (
            json!({"op": "checkpoint", "seq": 9, "state": "x".repeat(262_144)}),
            "checkpoint_too_large",
        ),
    ] {
        client.send(frame).await;
        let refused = client.next_op("refused").await;
        assert_eq!(refused["code"], code, "{refused}");
        assert!(!refused["message"].as_str().unwrap().is_empty());
    }
    client.say(1, "fine").await;
    client.caught_up(2).await;
}

#[tokio::test]
async fn p3_5_signals_reach_the_others_and_are_not_kept() {
    let host = TestHost::start().await;
    let mut clients = table(&host, 2).await;
    clients[0]
        .send(json!({"op": "signal", "key": "cursor", "body": [1, 2]}))
        .await;
    let signal = clients[1].next_op("signal").await;
    assert_eq!(
        (&signal["key"], &signal["body"]),
        (&json!("cursor"), &json!([1, 2]))
    );
    clients[0].say(1, "after").await;
    clients[1].caught_up(3).await;
    assert_eq!(clients[1].records.len(), 3);
}

#[tokio::test]
async fn p3_9_a_beat_is_answered_and_a_ping_too() {
    let host = TestHost::start().await;
    let (mut client, _) = Client::join(&host, room(1), members(1)[0]).await;
    client.send(json!({"op": "beat", "t": {"at": 12.5}})).await;
    let beat = client.next_op("beat").await;
    assert_eq!(
        (&beat["t"], &beat["now"]),
        (&json!({"at": 12.5}), &json!(1_700_000_000_000_u64))
    );
    client.send_message(Message::Ping("hello".into())).await;
    let pong = tokio::time::timeout(crate::support::DEADLINE, async {
        use futures_util::StreamExt as _;
        loop {
            if let Message::Pong(payload) = client.ws.next().await.unwrap().unwrap() {
                return payload;
            }
        }
    });
    assert_eq!(&pong.await.unwrap()[..], b"hello");
}

#[tokio::test]
async fn p4_11_a_silent_host_beats_and_p3_9_a_silent_client_is_given_up() {
    let host = TestHost::with(|limits| {
        limits.beat_after = Duration::from_millis(50);
        limits.silent_after = Duration::from_millis(600);
    })
    .await;
    let (mut client, _) = Client::join(&host, room(1), members(1)[0]).await;
    let beat = client.next_op("beat").await;
    assert!(beat.get("t").is_none(), "{beat}");
    assert_eq!(client.close_code().await, CloseCode::Silent.as_u16());
    host.connections_are(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p7_2_a_second_device_takes_the_seat_over() {
    let host = TestHost::start().await;
    let mut clients = table(&host, 2).await;
    clients[0].say(1, "from the first").await;
    clients[0].caught_up(3).await;
    let (mut second, welcome) = Client::join(&host, room(1), members(2)[0]).await;
    assert_eq!(welcome["n"], 1);
    assert_eq!(clients[0].close_code().await, CloseCode::TakenOver.as_u16());
    second.say(2, "from the second").await;
    clients[1].caught_up(4).await;
    assert_eq!(clients[1].said(), ["from the first", "from the second"]);
    host.connections_are(2).await;
}

#[tokio::test]
async fn p3_8_a_seat_that_is_given_up_is_gone() {
    let host = TestHost::start().await;
    let mut clients = table(&host, 2).await;
    clients[0].send(json!({"op": "leave", "n": 1})).await;
    assert_eq!(clients[0].close_code().await, CloseCode::SeatGone.as_u16());
    clients[1].caught_up(3).await;
    assert_eq!(clients[1].records[2]["kind"], "left");
    let mut again = Client::connect(&host).await;
    again
        .send_join(&host, room(1), members(2)[0], Value::Null)
        .await;
    assert_eq!(again.close_code().await, CloseCode::SeatGone.as_u16());
}

#[tokio::test]
async fn p7_3_a_member_beyond_the_seats_is_turned_away() {
    let host = TestHost::start().await;
    let mut clients = Vec::new();
    for number in 0..64 {
        let member = latchkey_protocol::MemberId::from_random([
            number / 8,
            number % 8,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
            1,
        ]);
        clients.push(Client::join(&host, room(1), member).await.0);
    }
    let mut late = Client::connect(&host).await;
    late.send_join(&host, room(1), members(1)[0], Value::Null)
        .await;
    assert_eq!(late.close_code().await, CloseCode::RoomFull.as_u16());
}

#[tokio::test]
async fn rooms_do_not_hear_each_other() {
    let host = TestHost::start().await;
    let member = members(1)[0];
    let (mut here, _) = Client::join(&host, room(1), member).await;
    let (mut there, _) = Client::join(&host, room(2), member).await;
    here.say(1, "here").await;
    there.say(1, "there").await;
    here.caught_up(2).await;
    there.caught_up(2).await;
    assert_eq!(
        (here.said(), there.said()),
        (vec![json!("here")], vec![json!("there")])
    );
}

#[tokio::test]
async fn p4_7_what_is_in_the_archive_is_told_as_stored() {
    let host = TestHost::start().await;
    let mut clients = table(&host, 2).await;
    clients[0].say(1, "keep this").await;
    for client in &mut clients {
        client.stored_to(3).await;
    }
    assert_eq!(host.stored(room(1)), 3);
    assert_eq!(host.world.archive.head(room(1)).stored.0, 3);
}

#[tokio::test]
async fn a_client_that_closes_is_answered_and_its_seat_shows_it() {
    use futures_util::StreamExt as _;
    let host = TestHost::start().await;
    let mut clients = table(&host, 2).await;
    let mut leaving = clients.remove(0);
    leaving.send_message(Message::Close(None)).await;
    let ended = tokio::time::timeout(crate::support::DEADLINE, async {
        while let Some(Ok(_)) = leaving.ws.next().await {}
    });
    ended.await.expect("the host ends the connection");
    clients[0]
        .until(|frame| frame["op"] == "presence" && frame["online"].as_array().unwrap().len() == 1)
        .await;
}
