//! Clients that join, or could, and then misbehave: in what they send, how much of it, or by not reading.

use anyhow::Context as _;
use latchkey_tests::player::{Player, Step};
use latchkey_tests::seat::{Seat, join_frame};
use latchkey_tests::seeded::Seeded;
use latchkey_tests::socket::{NoUpgrade, Socket, Upgrade};
use latchkey_tests::wait::{now, within};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::ANSWER;

pub(crate) async fn garbage(mut seat: Seat, mut random: Seeded) -> anyhow::Result<String> {
    let mut codes = Vec::new();
    for round in 0..45 {
        let place = seat.place().await?;
        let mut socket = seat.open(&place).await?;
        let length = usize::try_from(random.between(1, 4_000))?;
        let bytes = random.bytes(length);
        let sent = match round % 3 {
            0 => socket.send_binary(bytes).await,
            1 => {
                socket
                    .send(String::from_utf8_lossy(&bytes).into_owned())
                    .await
            }
            // Not even a WebSocket frame.
            _ => socket.tcp().write_all(&bytes).await.context("raw bytes"),
        };
        // It may be closed in the middle of our sending.
        let _ = sent;
        codes.push(socket.expect_close().await?.code);
        if round % 3 == 0 {
            let wrong = Upgrade {
                protocol: None,
                ..seat.upgrade(&place)
            };
            let refused = Socket::open(&wrong)
                .await
                .expect_err("no subprotocol, no upgrade");
            anyhow::ensure!(refused.status == 400, "{refused:?}");
        }
    }
    // 4009 for bytes that look like the beginning of a frame that never comes.
    let documented = [4009, 4501, 4502, 1002, 1006, 1007, 1009];
    let other: Vec<_> = codes
        .iter()
        .filter(|code| !documented.contains(code))
        .collect();
    anyhow::ensure!(other.is_empty(), "garbage was answered with {other:?}");
    Ok(format!(
        "{} connections of garbage were closed, 15 upgrades refused",
        codes.len()
    ))
}

pub(crate) async fn flood(mut seat: Seat) -> anyhow::Result<String> {
    let mut floods = 0;
    for round in 0..12 {
        let (mut socket, welcome) = seat.join().await?;
        let n = welcome["n"].as_u64().unwrap_or(0);
        for frame in 1..6_000 {
            let frame = match round % 3 {
                0 => json!({"op": "say", "n": n + frame, "body": "flood"}),
                1 => json!({"op": "signal", "key": "cursor", "body": frame}),
                _ => json!({"op": "beat", "t": frame}),
            };
            if socket.feed(frame.to_string()).await.is_err() {
                break;
            }
        }
        let _ = socket.flush().await;
        let closed = socket.expect_close().await?;
        anyhow::ensure!(
            matches!(closed.code, 4503 | 1006),
            "a flood was answered with {closed:?}"
        );
        floods += usize::from(closed.code == 4503);
    }
    anyhow::ensure!(floods > 0, "not one flood was told why it was closed");
    Ok(format!(
        "12 floods were closed, {floods} of them could still be told why (4503)"
    ))
}

pub(crate) async fn oversized(mut seat: Seat) -> anyhow::Result<String> {
    for round in 0..9 {
        let (mut socket, _) = seat.join().await?;
        let bytes = [70 * 1024, 300 * 1024, 4 * 1024 * 1024][round % 3];
        let frame = json!({"op": "say", "n": 1, "body": "x".repeat(bytes)}).to_string();
        // It is closed before all of it was sent.
        let _ = socket.send(frame).await;
        let closed = socket.expect_close().await?;
        anyhow::ensure!(
            matches!(closed.code, 4502 | 1006 | 1009),
            "{bytes} bytes: {closed:?}"
        );
    }
    Ok("9 oversized frames were refused with the connection".to_owned())
}

/// Sits in a room that is talked to at full speed and reads nothing, until the host gives it up (P8.3).
pub(crate) async fn never_reads(mut deaf: Seat, talks: Seat) -> anyhow::Result<String> {
    let place = deaf.place().await?;
    let mut socket = Socket::open_narrow(&deaf.upgrade(&place))
        .await
        .map_err(refusal)?;
    socket.send(join_frame(&place.ticket, None)).await?;
    let mut talker = Player::new(talks);
    talker.connect().await?;
    let begun = now();
    let body = "x".repeat(15 * 1024);
    for n in 0..400 {
        talker.say(&json!({"n": n, "body": body})).await;
        if talker.unordered() > 20 {
            talker
                .until("the talk", |talker| talker.unordered() == 0)
                .await?;
        }
    }
    talker
        .until("the talk", |talker| talker.unordered() == 0)
        .await?;
    // The talker is told who is here; the deaf one must vanish from that list.
    let gone = async {
        loop {
            if let Step::Frame(frame) = talker.step().await?
                && frame["op"] == "presence"
                && frame["online"]
                    .as_array()
                    .is_some_and(|online| online.len() == 1)
            {
                return anyhow::Ok(begun.elapsed());
            }
        }
    };
    let after = within(ANSWER, "the end of a connection that never reads", gone).await??;
    let mut hears = Player::new(deaf);
    hears.connect().await?;
    let due = talker.held();
    hears
        .until("everything missed", |hears| hears.held() >= due)
        .await?;
    drop(socket);
    Ok(format!(
        "one that never read was given up after {after:.0?}, and read everything when it came back"
    ))
}

fn refusal(refused: NoUpgrade) -> anyhow::Error {
    anyhow::anyhow!("no upgrade: {refused:?}")
}

/// Joins, sends the beginning of a frame, and stalls.
pub(crate) async fn stalls_in_a_frame(mut seat: Seat) -> anyhow::Result<String> {
    let mut stalled = Vec::new();
    for _ in 0..20 {
        let (mut socket, _) = seat.join().await?;
        // A masked text frame of 100 bytes, of which two come.
        socket
            .tcp()
            .write_all(&[0x81, 0xe4, 1, 2, 3, 4, 5, 6])
            .await?;
        stalled.push(socket);
    }
    let mut last = stalled.pop().context("twenty stalled")?;
    for mut socket in stalled {
        let closed = socket.expect_close().await?;
        anyhow::ensure!(closed.code == 4500, "taken over while stalled: {closed:?}");
    }
    last.tcp().write_all(&[0; 4]).await?;
    Ok("20 connections stalled inside a frame; each could be taken over".to_owned())
}
