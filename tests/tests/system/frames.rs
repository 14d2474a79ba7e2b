//! Frames inside a room: what is ordered, what is refused under which limit, and what ends the connection (P3, P5, P8).

use latchkey_tests::seat::Seat;
use latchkey_tests::socket::{Incoming, Socket};
use latchkey_tests::wait::PATIENCE;
use serde_json::{Value, json};

use crate::game;

async fn refusal(socket: &mut Socket, frame: Value) -> anyhow::Result<Value> {
    socket.send(frame.to_string()).await?;
    let refused = socket.expect("refused").await?;
    let message = refused["message"].as_str().unwrap_or_default();
    assert!(message.len() > 10, "a refusal says what to do: {refused}");
    Ok(refused)
}

fn say(n: u64, body: &Value) -> String {
    json!({"op": "say", "n": n, "body": body}).to_string()
}

/// The next record of `kind`.
async fn record(socket: &mut Socket, kind: &str) -> anyhow::Result<Value> {
    loop {
        let record = socket.expect("record").await?;
        if record["kind"] == kind {
            return Ok(record);
        }
    }
}

async fn closes(seat: &mut Seat, frame: String) -> anyhow::Result<u16> {
    let (mut socket, _) = seat.join().await?;
    socket.send(frame).await?;
    Ok(socket.expect_close().await?.code)
}

#[tokio::test]
async fn p1_5_what_is_not_a_frame_closes_and_an_unknown_op_is_refused() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("bad-frames", 1).await?;
    for bad in [
        "",
        "7",
        "[]",
        "{\"op\":7}",
        "{\"op\":\"say\",\"n\":\"1\",\"body\":1}",
        "{\"op\"",
    ] {
        assert_eq!(closes(&mut seats[0], bad.to_owned()).await?, 4501, "{bad}");
    }
    let (mut socket, _) = seats[0].join().await?;
    socket
        .send_binary(b"{\"op\":\"beat\",\"t\":1}".to_vec())
        .await?;
    assert_eq!(socket.expect_close().await?.code, 4501);

    let (mut socket, _) = seats[0].join().await?;
    let refused = refusal(&mut socket, json!({"op": "dance", "n": 5})).await?;
    assert_eq!(
        (refused["code"].as_str(), refused["n"].as_u64()),
        (Some("unknown_op"), Some(5))
    );
    Ok(())
}

#[tokio::test]
async fn p3_3_numbers_are_taken_once_and_in_order_and_a_gap_is_refused() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("numbers", 1).await?;
    let (mut socket, welcome) = seats[0].join().await?;
    assert_eq!(welcome["n"], 0);
    let refused = refusal(&mut socket, json!({"op": "say", "n": 2, "body": "two"})).await?;
    assert_eq!(
        (refused["code"].as_str(), refused["n"].as_u64()),
        (Some("gap"), Some(2))
    );

    socket.send(say(1, &json!("one"))).await?;
    let one = record(&mut socket, "said").await?;
    socket.send(say(1, &json!("one again"))).await?;
    socket
        .send(say(2, &json!({"deep": [1.50, null, "\u{1f511}"]})))
        .await?;
    let two = record(&mut socket, "said").await?;
    assert_eq!((one["n"].as_u64(), two["n"].as_u64()), (Some(1), Some(2)));
    assert_eq!(two["body"], json!({"deep": [1.50, null, "\u{1f511}"]}));
    assert_eq!(two["seq"].as_u64(), one["seq"].as_u64().map(|seq| seq + 1));
    assert!(two["at"].as_u64() >= one["at"].as_u64());
    assert_eq!(two["mac"].as_str().map(str::len), Some(22), "P5.4");
    Ok(())
}

#[tokio::test]
async fn p3_4_a_profile_is_ordered_and_one_out_of_form_is_refused_and_consumes_nothing()
-> anyhow::Result<()> {
    let (_platform, mut seats) = game("profile", 1).await?;
    let (mut socket, _) = seats[0].join().await?;
    let long = "x".repeat(25);
    for (name, colour) in [
        ("", "#336699"),
        ("a\u{202e}b", "#336699"),
        (long.as_str(), "#336699"),
        ("Ada", "red"),
    ] {
        let frame = json!({"op": "profile", "n": 1, "name": name, "colour": colour});
        let refused = refusal(&mut socket, frame).await?;
        assert_eq!(refused["code"], "profile", "{name:?} {colour}");
    }
    socket
        .send(json!({"op": "profile", "n": 1, "name": "李雷 👩‍👩‍👧‍👦", "colour": "#AABBcc"}).to_string())
        .await?;
    let changed = record(&mut socket, "profile").await?;
    assert_eq!(
        changed["body"],
        json!({"name": "李雷 👩‍👩‍👧‍👦", "colour": "#aabbcc"})
    );
    Ok(())
}

#[tokio::test]
async fn p3_5_signals_reach_the_others_alone_and_are_not_kept() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("signals", 2).await?;
    let (mut ada, _) = seats[0].join().await?;
    let (mut bob, _) = seats[1].join().await?;
    ada.send(json!({"op": "signal", "key": "cursor", "body": {"x": 1}}).to_string())
        .await?;
    let signal = bob.expect("signal").await?;
    assert_eq!(signal["from"], seats[0].member.as_str());
    assert_eq!(
        (signal["key"].as_str(), &signal["body"]),
        (Some("cursor"), &json!({"x": 1}))
    );

    let (key, large) = ("k".repeat(33), "x".repeat(1025));
    for frame in [
        json!({"op": "signal", "key": "", "body": 1}),
        json!({"op": "signal", "key": "Upper", "body": 1}),
        json!({"op": "signal", "key": key, "body": 1}),
        json!({"op": "signal", "key": "big", "body": large}),
    ] {
        assert_eq!(refusal(&mut ada, frame).await?["code"], "signal");
    }
    bob.send(say(1, &json!("after"))).await?;
    let (_, welcome) = seats[0].join().await?;
    let tail = welcome["tail"].as_u64();
    assert!(
        tail <= Some(3),
        "two joined and one said; signals are not in the log: {tail:?}"
    );
    Ok(())
}

#[tokio::test]
async fn p3_6_a_checkpoint_is_kept_when_due_and_given_to_who_comes_later() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("checkpoint", 2).await?;
    let (mut ada, _) = seats[0].join().await?;
    for n in 1..=40 {
        ada.send(say(n, &json!(n))).await?;
    }
    let mut tail = 0;
    while tail < 41 {
        tail = ada.expect("record").await?["seq"].as_u64().unwrap_or(0);
    }
    let offer = |seq: u64, state: Value| json!({"op": "checkpoint", "seq": seq, "state": state});
    let refused = refusal(&mut ada, offer(90, json!("beyond the tail"))).await?;
    assert_eq!(refused["code"], "checkpoint_early");
    let refused = refusal(&mut ada, offer(3, json!("too soon"))).await?;
    assert_eq!(refused["code"], "checkpoint_early");
    let refused = refusal(&mut ada, offer(40, json!("x".repeat(256 * 1024)))).await?;
    assert_eq!(refused["code"], "checkpoint_too_large");
    ada.send(offer(36, json!({"sum": 36})).to_string()).await?;
    // What comes after it on the same connection is answered after it.
    ada.send(json!({"op": "beat", "t": "kept"}).to_string())
        .await?;
    ada.expect("beat").await?;
    let (mut bob, welcome) = seats[1].join().await?;
    assert_eq!(
        welcome["checkpoint"],
        json!({"seq": 36, "epoch": 1, "state": {"sum": 36}})
    );
    assert_eq!(
        bob.expect("record").await?["seq"],
        37,
        "P4.3: records follow the checkpoint"
    );
    Ok(())
}

#[tokio::test]
async fn p3_7_a_game_ends_once_and_talk_goes_on() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("finish", 1).await?;
    let (mut socket, welcome) = seats[0].join().await?;
    assert!(welcome["finished"].is_null());
    socket
        .send(json!({"op": "finish", "n": 1, "result": {"outcome": "given_up"}}).to_string())
        .await?;
    let finished = record(&mut socket, "finished").await?;
    let second = json!({"op": "finish", "n": 2, "result": {"outcome": "escaped"}});
    assert_eq!(refusal(&mut socket, second).await?["code"], "finished");
    socket.send(say(2, &json!("well played"))).await?;
    record(&mut socket, "said").await?;
    let (_, welcome) = seats[0].join().await?;
    assert_eq!(welcome["finished"], finished["seq"]);
    Ok(())
}

#[tokio::test]
async fn p3_9_a_beat_is_answered_with_its_own_time_and_the_hosts() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("beat", 1).await?;
    let (mut socket, _) = seats[0].join().await?;
    socket
        .send(json!({"op": "beat", "t": {"any": 1.5}}).to_string())
        .await?;
    let beat = socket.expect("beat").await?;
    assert_eq!(beat["t"], json!({"any": 1.5}));
    let ours = latchkey_tests::wait::unix_seconds();
    let theirs = beat["now"].as_u64().unwrap_or(0) / 1000;
    assert!(
        theirs.abs_diff(ours) < 5,
        "the host's clock is the machine's: {theirs} and {ours}"
    );
    Ok(())
}

#[tokio::test]
async fn p8_a_body_over_the_soft_limit_is_refused_and_over_the_hard_one_closes()
-> anyhow::Result<()> {
    let (_platform, mut seats) = game("sizes", 1).await?;
    let body = |bytes: usize| json!("x".repeat(bytes - 2));
    let (mut socket, welcome) = seats[0].join().await?;
    assert_eq!(welcome["limits"]["body"], 16 * 1024);
    let refused = refusal(
        &mut socket,
        json!({"op": "say", "n": 1, "body": body(16 * 1024 + 1)}),
    )
    .await?;
    assert_eq!(refused["code"], "too_large");
    socket.send(say(1, &body(16 * 1024))).await?;
    record(&mut socket, "said").await?;

    assert_eq!(
        closes(&mut seats[0], say(2, &body(64 * 1024 + 1))).await?,
        4502
    );
    assert_eq!(
        closes(&mut seats[0], say(2, &body(1024 * 1024))).await?,
        4502
    );
    Ok(())
}

#[tokio::test]
async fn p8_says_beyond_the_rate_are_refused_with_a_wait_and_may_be_sent_again()
-> anyhow::Result<()> {
    let (_platform, mut seats) = game("rate", 1).await?;
    let (mut socket, _) = seats[0].join().await?;
    for n in 1..=150 {
        socket.feed(say(n, &json!(n))).await?;
    }
    socket.flush().await?;
    let refused = socket.expect("refused").await?;
    assert_eq!(refused["code"], "rate");
    assert!(
        refused["retry_after"]
            .as_u64()
            .is_some_and(|wait| (1..=2_000).contains(&wait)),
        "{refused}"
    );
    let n = refused["n"].as_u64().unwrap_or(0);
    assert!((61..=100).contains(&n), "a burst of 60 is taken: {refused}");
    let gap = socket.expect("refused").await?;
    assert_eq!(
        gap["code"], "gap",
        "what follows a refused frame is refused as well: {gap}"
    );

    // Asked again and again, the same number is taken once the wait is over.
    latchkey_tests::wait::eventually(PATIENCE, "the refused frame to be taken", async || {
        socket.send(say(n, &json!(n))).await?;
        socket
            .send(json!({"op": "beat", "t": n}).to_string())
            .await?;
        let mut taken = false;
        loop {
            let Incoming::Frame(text) = socket.next().await else {
                anyhow::bail!("closed for asking again")
            };
            let frame: Value = serde_json::from_str(&text)?;
            taken |= frame["op"] == "record" && frame["n"] == n;
            if frame["op"] == "beat" && frame["t"] == n {
                return Ok(taken.then_some(()));
            }
        }
    })
    .await
}

#[tokio::test]
async fn p8_a_flood_of_frames_or_of_refused_frames_ends_the_connection() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("flood", 1).await?;
    let (mut socket, _) = seats[0].join().await?;
    for _ in 0..3_000 {
        if socket
            .feed(json!({"op": "beat", "t": 1}).to_string())
            .await
            .is_err()
        {
            break;
        }
    }
    let _ = socket.flush().await;
    assert_eq!(socket.expect_close().await?.code, 4503);

    let (mut socket, _) = seats[0].join().await?;
    for n in 0..400 {
        if socket
            .feed(json!({"op": "dance", "n": n}).to_string())
            .await
            .is_err()
        {
            break;
        }
    }
    let _ = socket.flush().await;
    assert_eq!(socket.expect_close().await?.code, 4503);
    Ok(())
}
