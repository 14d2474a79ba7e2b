//! P1: the upgrade, the first frame, and finding the room.

use std::sync::atomic::Ordering;
use std::time::Duration;

use latchkey_host::ports::Slot;
use latchkey_protocol::{CloseCode, limits};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, Refused, TestHost, World, members, room};

const PROTOCOL: (&str, &str) = ("sec-websocket-protocol", "latchkey.1");

fn refused(status: u16) -> Option<Refused> {
    Some(Refused {
        status,
        retry_after: None,
    })
}

#[tokio::test]
async fn p1_2_an_upgrade_needs_the_subprotocol_and_an_origin_that_is_served() {
    let host = TestHost::start().await;
    let with =
        async |headers: &[(&'static str, &str)]| Client::with_headers(&host, headers).await.err();
    assert_eq!(with(&[]).await, refused(400), "no subprotocol");
    assert_eq!(
        with(&[("sec-websocket-protocol", "latchkey.2, chat")]).await,
        refused(400)
    );
    assert_eq!(
        with(&[PROTOCOL, ("origin", "https://evil.example")]).await,
        refused(403)
    );
    assert_eq!(
        with(&[PROTOCOL, ("origin", "https://play.example:444")]).await,
        refused(403)
    );
    assert_eq!(
        with(&[PROTOCOL, ("origin", "https://play.example")]).await,
        None
    );
    assert_eq!(
        with(&[PROTOCOL]).await,
        None,
        "not a browser: the ticket decides"
    );
    assert_eq!(
        with(&[("sec-websocket-protocol", "chat, latchkey.1")]).await,
        None
    );
    assert_eq!(host.host.metrics().upgrades_refused.get(), 4);
}

async fn answer_to(host: &TestHost, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", host.port)).await.unwrap();
    let request = format!("{request}\r\nHost: here\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.to_lowercase()
}

#[tokio::test]
async fn what_is_no_websocket_is_told_what_to_speak() {
    let host = TestHost::start().await;
    let get = answer_to(&host, "GET /s/1/room HTTP/1.1").await;
    assert!(get.starts_with("http/1.1 426"), "{get}");
    assert!(
        get.contains("sec-websocket-version: 13") && get.contains("latchkey.1"),
        "{get}"
    );
    assert!(
        answer_to(&host, "POST /s/1/room HTTP/1.1")
            .await
            .starts_with("http/1.1 405")
    );
    assert!(
        answer_to(&host, "GET /s/2/room HTTP/1.1")
            .await
            .starts_with("http/1.1 404")
    );
    assert!(
        answer_to(&host, "GET /s/1/healthz HTTP/1.1")
            .await
            .starts_with("http/1.1 200")
    );
    assert!(
        answer_to(&host, "GET /s/1/readyz HTTP/1.1")
            .await
            .starts_with("http/1.1 200")
    );
}

#[tokio::test]
async fn p1_2_a_connection_beyond_the_limit_is_told_when_to_come_back() {
    let host = TestHost::with(|limits| limits.connections = 2).await;
    let first = Client::connect(&host).await;
    let _second = Client::connect(&host).await;
    let full = Some(Refused {
        status: 503,
        retry_after: Some("5".to_owned()),
    });
    assert_eq!(Client::with_headers(&host, &[PROTOCOL]).await.err(), full);
    first.vanish(&host).await;
    Client::connect(&host).await;
}

#[tokio::test]
async fn connections_that_do_not_join_do_not_take_the_places_of_those_that_do() {
    let host = TestHost::with(|limits| limits.unjoined = 1).await;
    let (mut joined, _) = Client::join(&host, room(1), members(1)[0]).await;
    let idle = Client::connect(&host).await;
    let full = Some(Refused {
        status: 503,
        retry_after: Some("5".to_owned()),
    });
    assert_eq!(Client::with_headers(&host, &[PROTOCOL]).await.err(), full);
    joined.say(1, "still here").await;
    joined.caught_up(2).await;
    idle.vanish(&host).await;
    Client::connect(&host).await;
}

#[tokio::test]
async fn p1_3_a_join_that_does_not_come_in_time_is_too_late() {
    let host = TestHost::with(|limits| limits.join_within = Duration::from_millis(100)).await;
    let mut client = Client::connect(&host).await;
    assert_eq!(client.close_code().await, CloseCode::JoinLate.as_u16());
    let mut pinging = Client::connect(&host).await;
    pinging
        .send_message(Message::Ping("are you there".into()))
        .await;
    assert_eq!(pinging.close_code().await, CloseCode::JoinLate.as_u16());
    host.connections_are(0).await;
}

#[tokio::test]
async fn p1_3_the_first_frame_is_a_join_of_bounded_size_or_the_end() {
    let host = TestHost::start().await;
    let ticket = host.world.ticket(room(1), members(1)[0]);
    let join = |size: usize| {
        let frame = |sdk: &str| format!(r#"{{"op":"join","ticket":"{ticket}","sdk":"{sdk}"}}"#);
        frame(&"x".repeat(size - frame("").len()))
    };
    for (first, code) in [
        (
            Message::text(r#"{"op":"say","n":1,"body":1}"#),
            CloseCode::BadFrame,
        ),
        (Message::text("hello"), CloseCode::BadFrame),
        (Message::text(r#"{"op":"join"}"#), CloseCode::BadFrame),
        (Message::binary(&b"hello"[..]), CloseCode::BadFrame),
        (
            Message::text(join(limits::JOIN_FRAME + 1)),
            CloseCode::TooLarge,
        ),
        (Message::text(join(limits::FRAME)), CloseCode::TooLarge),
        (Message::text(join(limits::FRAME * 8)), CloseCode::TooLarge),
    ] {
        let what = format!("{:.40}", first.to_string());
        let mut client = Client::connect(&host).await;
        client.send_message(first).await;
        assert_eq!(client.close_code().await, code.as_u16(), "{what}");
    }
    let mut client = Client::connect(&host).await;
    client.send_text(join(limits::JOIN_FRAME)).await;
    client.next_op("welcome").await;
}

#[tokio::test]
async fn frames_sent_together_with_the_join_are_not_lost() {
    let host = TestHost::start().await;
    let mut client = Client::connect(&host).await;
    client
        .send_join(&host, room(1), members(1)[0], Value::Null)
        .await;
    for n in 1..=50 {
        client.say(n, "x".repeat(400)).await;
    }
    client.caught_up(51).await;
    assert_eq!(
        host.host.metrics().sockets_not_raw.get(),
        0,
        "hyper gives its socket back"
    );
}

#[tokio::test]
async fn p1_4_a_ticket_must_be_the_sites_and_fresh() {
    let host = TestHost::start().await;
    let member = members(1)[0];
    let mut client = Client::connect(&host).await;
    let forged = host.world.forged(room(1), member);
    client.send(json!({"op": "join", "ticket": forged})).await;
    assert_eq!(client.close_code().await, CloseCode::TicketInvalid.as_u16());
    let old = host.world.ticket(room(1), member);
    host.world.clock.advance(71_000);
    let mut client = Client::connect(&host).await;
    client.send(json!({"op": "join", "ticket": old})).await;
    assert_eq!(client.close_code().await, CloseCode::TicketExpired.as_u16());
}

#[tokio::test]
async fn p4_9_a_room_of_another_host_has_moved() {
    let world = World::new();
    let there = world.enlist(Slot(2)).await;
    world.directory.take(there, room(1)).await;
    let host = world.host().await;
    let mut client = Client::connect(&host).await;
    client
        .send_join(&host, room(1), members(1)[0], Value::Null)
        .await;
    assert_eq!(
        client.next().await.unwrap(),
        json!({"op": "moved", "url": "ws://there"})
    );
    assert_eq!(client.close_code().await, CloseCode::Moved.as_u16());
}

#[tokio::test]
async fn a_room_that_cannot_be_opened_now_can_be_opened_later() {
    let host = TestHost::start().await;
    let member = members(1)[0];
    let world = &host.world;
    for refusing in [&world.directory.refusing, &world.archive.refusing] {
        refusing.store(true, Ordering::Release);
        let mut client = Client::connect(&host).await;
        client.send_join(&host, room(1), member, Value::Null).await;
        assert_eq!(client.close_code().await, CloseCode::NotReady.as_u16());
        refusing.store(false, Ordering::Release);
    }
    let (_, welcome) = Client::join(&host, room(1), member).await;
    assert_eq!(welcome["tail"], 1);
}

#[tokio::test]
async fn a_room_beyond_the_limit_is_turned_away_until_another_has_left() {
    let host = TestHost::with(|limits| {
        limits.rooms = 1;
        limits.idle_room = Duration::ZERO;
    })
    .await;
    let member = members(1)[0];
    let (first, _) = Client::join(&host, room(1), member).await;
    let mut client = Client::connect(&host).await;
    client.send_join(&host, room(2), member, Value::Null).await;
    assert_eq!(client.close_code().await, CloseCode::Overloaded.as_u16());
    first.vanish(&host).await;
    crate::support::eventually("the idle room has left", || {
        host.host.metrics().rooms_evicted.get() == 1
    })
    .await;
    Client::join(&host, room(2), member).await;
}

#[tokio::test]
async fn many_joins_at_once_open_the_room_once() {
    let host = TestHost::start().await;
    host.world.archive.hold(true);
    let mut clients = Vec::new();
    for member in members(20) {
        let mut client = Client::connect(&host).await;
        client.send_join(&host, room(1), member, Value::Null).await;
        clients.push(client);
    }
    host.world.archive.hold(false);
    for client in &mut clients {
        let welcome = client.next_op("welcome").await;
        assert_eq!(welcome["epoch"], 1);
    }
    assert_eq!(host.host.metrics().rooms_opened.get(), 1);
}
