//! Seats: joining once, takeover, presence, leaving, resuming and rewinding (P3.8, P4.6, P6, P7).

use latchkey_tests::http::Visitor;
use latchkey_tests::player::Player;
use latchkey_tests::seat::join_frame;
use latchkey_tests::{shop, socket::Incoming};
use serde_json::json;

use crate::{game, players};

#[tokio::test]
async fn p7_2_a_second_device_takes_the_seat_over_and_the_first_is_told_not_to_come_back()
-> anyhow::Result<()> {
    let (_platform, mut seats) = game("takeover", 1).await?;
    let (mut first, _) = seats[0].join().await?;
    let (mut second, welcome) = seats[0].join().await?;
    let closed = first.expect_close().await?;
    assert_eq!((closed.code, closed.reason.as_str()), (4500, "taken_over"));
    assert_eq!(welcome["tail"], 1, "P7.1: the same member joins once");
    // The first one may take it back, as a person does who presses the button.
    let (mut third, _) = seats[0].join().await?;
    assert_eq!(second.expect_close().await?.code, 4500);
    third
        .send(json!({"op": "say", "n": 1, "body": "back"}).to_string())
        .await?;
    third.expect("record").await?;
    Ok(())
}

#[tokio::test]
async fn p4_6_everybody_is_told_who_is_here_and_that_is_no_part_of_the_log() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("presence", 2).await?;
    let (mut ada, _) = seats[0].join().await?;
    let (bob, _) = seats[1].join().await?;
    let who = |count: usize| {
        move |frame: &serde_json::Value| {
            frame["online"]
                .as_array()
                .is_some_and(|online| online.len() == count)
        }
    };
    while !who(2)(&ada.expect("presence").await?) {}
    drop(bob);
    while !who(1)(&ada.expect("presence").await?) {}
    let (_, welcome) = seats[1].join().await?;
    assert_eq!(
        welcome["tail"], 2,
        "two joined, and nothing else is in the log"
    );
    Ok(())
}

#[tokio::test]
async fn p3_8_who_leaves_gives_the_seat_up() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("leave", 2).await?;
    let (mut ada, _) = seats[0].join().await?;
    let (mut bob, _) = seats[1].join().await?;
    bob.send(json!({"op": "leave", "n": 1}).to_string()).await?;
    assert_eq!(bob.expect_close().await?.code, 4507);
    loop {
        let record = ada.expect("record").await?;
        if record["kind"] == "left" {
            assert_eq!(record["from"], seats[1].member.as_str());
            assert_eq!(record["body"], json!({"why": "gave_up"}));
            break;
        }
    }
    // P7.4: for good.
    let place = seats[1].place().await?;
    let mut back = seats[1].open(&place).await?;
    back.send(join_frame(&place.ticket, None)).await?;
    assert_eq!(back.expect_close().await?.code, 4507);
    Ok(())
}

#[tokio::test]
async fn p6_1_a_position_is_resumed_with_nothing_repeated_and_p6_2_one_that_never_was_is_rewound()
-> anyhow::Result<()> {
    let (_platform, seats) = game("resume", 2).await?;
    let mut both = players(seats).await?;
    let (mut bob, mut ada) = (both.remove(1), both.remove(0));
    ada.say(&json!("one")).await;
    bob.until("the first word", |bob| bob.held() >= 3).await?;
    bob.cut();
    for word in ["two", "three"] {
        ada.say(&json!(word)).await;
    }
    ada.until("both words", |ada| ada.held() >= 5).await?;
    bob.connect().await?;
    bob.until("what was missed", |bob| bob.held() >= 5).await?;
    let seqs: Vec<u64> = bob.log.iter().map(|record| record.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5]);

    let place = bob.seat.place().await?;
    let mut socket = bob.seat.open(&place).await?;
    socket
        .send(join_frame(&place.ticket, Some((1, 900))))
        .await?;
    let rewind = socket.expect("rewind").await?;
    assert_eq!(rewind["seq"], 5, "{rewind}");
    let welcome = socket.expect("welcome").await?;
    assert_eq!(welcome["resumed"], false);
    assert_eq!(socket.expect("record").await?["seq"], 1);
    Ok(())
}

#[tokio::test]
async fn p5_3_stored_follows_the_tail_within_moments() -> anyhow::Result<()> {
    let (_platform, seats) = game("stored", 1).await?;
    let mut ada = players(seats).await?.remove(0);
    for n in 0..20 {
        ada.say(&json!(n)).await;
    }
    ada.until("all of it stored", |ada| {
        ada.held() == 21 && ada.stored == 21
    })
    .await
}

#[tokio::test]
async fn more_guests_than_the_link_takes_in_a_minute_are_asked_to_wait() -> anyhow::Result<()> {
    let platform = latchkey_tests::platform::Platform::start("system-many-seats").await?;
    let bought = shop::buy(&mut Visitor::new(platform.site()), "many@example.org").await?;
    for guest in 0..122 {
        let seat = shop::sit(Visitor::new(platform.site()), &bought.launch, "Guest").await;
        if let Err(refused) = seat {
            let text = format!("{refused:#}");
            assert!(guest >= 60, "the {guest}th guest already: {text}");
            assert!(text.contains("429"), "{text}");
            return Ok(());
        }
    }
    anyhow::bail!("more guests took a seat than two minutes allow")
}

#[tokio::test]
async fn a_late_joiner_reads_everything_from_the_start() -> anyhow::Result<()> {
    let (platform, _) = game("late", 0).await?;
    let bought = shop::buy(&mut Visitor::new(platform.site()), "late@example.org").await?;
    let ada = shop::sit(Visitor::new(platform.site()), &bought.launch, "Ada").await?;
    let mut ada = players(vec![ada]).await?.remove(0);
    for n in 0..300 {
        ada.say(&json!({"n": n, "padding": "x".repeat(500)})).await;
        if n % 25 == 24 {
            ada.until("these words", |ada| ada.unordered() == 0).await?;
        }
    }
    let late = shop::sit(Visitor::new(platform.site()), &bought.launch, "Late").await?;
    let mut late = Player::new(late);
    late.connect().await?;
    late.until("the whole log", |late| late.held() >= 302)
        .await?;
    ada.until("the late one", |ada| ada.held() >= 302).await?;
    assert_eq!(late.log, ada.log);
    Ok(())
}

#[tokio::test]
async fn a_connection_that_ends_without_a_word_leaves_the_others_untouched() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("cut", 2).await?;
    let (mut ada, _) = seats[0].join().await?;
    for _ in 0..20 {
        let (socket, _) = seats[1].join().await?;
        drop(socket);
    }
    ada.send(json!({"op": "say", "n": 1, "body": "still here"}).to_string())
        .await?;
    loop {
        match ada.next().await {
            Incoming::Frame(text) if text.contains("still here") => return Ok(()),
            Incoming::Frame(_) => {}
            Incoming::Closed(closed) => anyhow::bail!("closed: {closed:?}"),
        }
    }
}
