//! Clients that misbehave: each gets its documented answer, and nobody else notices.

use std::time::Duration;

use latchkey_protocol::{CloseCode, limits};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, TestHost, eventually, members, room};

#[tokio::test]
async fn p1_5_what_is_not_a_frame_ends_the_connection_and_nobody_elses() {
    let host = TestHost::start().await;
    let people = members(2);
    let (mut good, _) = Client::join(&host, room(1), people[0]).await;
    let masked = |first: u8, payload: &[u8]| {
        let length = u8::try_from(payload.len()).unwrap();
        [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()
    };
    let raw = [
        (masked(0x81, &[0xff, 0xfe]), "text that is not UTF-8"),
        (masked(0xf1, b"{}"), "reserved bits"),
        (masked(0x83, b"{}"), "an opcode there is not"),
        (vec![0x81, 2, b'{', b'}'], "a frame that is not masked"),
        (masked(0x80, b"{}"), "a continuation of nothing"),
        (vec![0x7f; 600], "noise"),
    ];
    for (bytes, what) in raw {
        let (mut bad, _) = Client::join(&host, room(1), people[1]).await;
        bad.ws.get_mut().write_all(&bytes).await.unwrap();
        assert_eq!(
            bad.close_code().await,
            CloseCode::BadFrame.as_u16(),
            "{what}"
        );
    }
    for (message, code) in [
        (Message::binary(&b"{}"[..]), CloseCode::BadFrame),
        (Message::text("[]"), CloseCode::BadFrame),
        (
            Message::text(r#"{"op":"say","n":"1","body":1}"#),
            CloseCode::BadFrame,
        ),
        (
            Message::text(r#"{"op":"join","ticket":"again"}"#),
            CloseCode::BadFrame,
        ),
        (
            Message::text("x".repeat(limits::FRAME + 1)),
            CloseCode::TooLarge,
        ),
        (
            Message::text(json!({"op": "say", "n": 1, "body": "x".repeat(70_000)}).to_string()),
            CloseCode::TooLarge,
        ),
    ] {
        let what = format!("{:.40}", message.to_string());
        let (mut bad, _) = Client::join(&host, room(1), people[1]).await;
        bad.send_message(message).await;
        assert_eq!(bad.close_code().await, code.as_u16(), "{what}");
    }
    good.say(1, "unmoved").await;
    good.caught_up(3).await;
    assert_eq!(good.said(), ["unmoved"]);
    host.connections_are(1).await;
}

#[tokio::test]
async fn a_flood_of_refused_frames_is_closed_for_good() {
    let host = TestHost::start().await;
    let (mut client, _) = Client::join(&host, room(1), members(1)[0]).await;
    for _ in 0..=limits::REFUSALS {
        client.say(99, 1).await;
    }
    assert_eq!(client.close_code().await, CloseCode::Flood.as_u16());
    assert!(!CloseCode::Flood.comes_back());
}

#[tokio::test]
async fn a_flood_of_pings_is_closed_too() {
    let host = TestHost::start().await;
    let (mut client, _) = Client::join(&host, room(1), members(1)[0]).await;
    // More than two seconds' worth, so that wherever the seconds begin, one of them is too full.
    let ping = [0x89, 0x80, 0, 0, 0, 0].repeat(10 * limits::FRAMES_PER_SECOND as usize);
    let _ = client.ws.get_mut().write_all(&ping).await;
    assert_eq!(client.close_code().await, CloseCode::Flood.as_u16());
}

/// Many members say so much that every buffer between the host and a client that does not read is full.
async fn fill(host: &TestHost, clients: &mut [Client]) {
    let body = "x".repeat(15_000);
    let mut tail = host.host.metrics().records.get();
    for n in 1..=FILL {
        for client in &mut *clients {
            client.say(n, body.as_str()).await;
            tail += 1;
        }
        for client in &mut *clients {
            client.caught_up(tail).await;
        }
    }
}

/// What each member says in [`fill`], less than the burst that is allowed.
const FILL: u64 = limits::SAYS_BURST as u64 - 5;

#[tokio::test]
async fn p8_3_a_client_that_never_reads_is_closed_while_the_others_go_on() {
    let host = TestHost::with(|limits| limits.slow_after = Duration::from_millis(500)).await;
    let people = members(13);
    let mut clients = Vec::new();
    for member in &people[1..] {
        clients.push(Client::join(&host, room(1), *member).await.0);
    }
    let mut stuck = Client::with_small_buffer(&host).await;
    stuck
        .send_join(&host, room(1), people[0], Value::Null)
        .await;
    stuck.next_op("welcome").await;
    fill(&host, &mut clients).await;
    eventually("the slow reader is closed", || {
        host.host.metrics().closes(CloseCode::Slow) == 1
    })
    .await;
    clients[0].say(FILL + 1, "we play on").await;
    clients[1].caught_up(13 + 12 * FILL + 1).await;
}

#[tokio::test]
async fn a_close_reaches_a_connection_that_is_blocked_in_sending() {
    let host = TestHost::start().await;
    let people = members(13);
    let mut clients = Vec::new();
    for member in &people[1..] {
        clients.push(Client::join(&host, room(1), *member).await.0);
    }
    let mut stuck = Client::with_small_buffer(&host).await;
    stuck
        .send_join(&host, room(1), people[0], Value::Null)
        .await;
    stuck.next_op("welcome").await;
    fill(&host, &mut clients).await;
    let delivered = host.host.metrics().deliveries.get();
    let (mut second, _) = Client::join(&host, room(1), people[0]).await;
    eventually("the seat is taken over", || {
        host.host.metrics().closes(CloseCode::TakenOver) == 1
    })
    .await;
    host.connections_are(13).await;
    assert!(host.host.metrics().deliveries.get() > delivered);
    assert_eq!(
        host.host.metrics().closes(CloseCode::Slow),
        0,
        "it did not wait to be slow"
    );
    second.say(1, "back").await;
    second.caught_up(13 + 12 * FILL + 1).await;
}

#[tokio::test]
async fn a_half_open_connection_is_given_up_after_its_silence() {
    let host = TestHost::with(|limits| limits.silent_after = Duration::from_millis(300)).await;
    let people = members(2);
    let (mut good, _) = Client::join(&host, room(1), people[0]).await;
    let (_half, _) = Client::join(&host, room(1), people[1]).await;
    let mut t = 0;
    while host.host.metrics().closes(CloseCode::Silent) == 0 {
        t += 1;
        good.send(json!({"op": "beat", "t": t})).await;
        good.next_op("beat").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    good.say(1, "still here").await;
    good.caught_up(3).await;
}
