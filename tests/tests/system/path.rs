//! The whole path as four people go it: buy, read the mail, take seats, play, end, and see what happened.

use anyhow::Context as _;
use latchkey_tests::html;
use latchkey_tests::http::{Ask, Visitor};
use latchkey_tests::mail::mails_to;
use latchkey_tests::platform::Platform;
use latchkey_tests::report::say;
use latchkey_tests::seat::Seat;
use latchkey_tests::shop;
use latchkey_tests::wait::{PATIENCE, eventually};
use serde_json::{Value, json};

use crate::players;

#[tokio::test]
async fn four_people_buy_play_to_the_end_and_see_their_stats() -> anyhow::Result<()> {
    say("system", "the whole path");
    let platform = Platform::start("system-path").await?;
    let mut buyer = Visitor::new(platform.site());
    let bought = shop::buy(&mut buyer, "ada@example.org").await?;

    let mail = the_mail(&platform, "ada@example.org").await?;
    assert!(
        mail.text.contains(&bought.launch),
        "the text has the link:\n{}",
        mail.text
    );
    let in_html = html::links(&mail.html)
        .iter()
        .any(|link| link.ends_with(&bought.launch));
    assert!(in_html, "the HTML has the link:\n{}", mail.html);
    assert!(
        mail.text.contains("19.90") || mail.text.contains("19,90"),
        "the receipt:\n{}",
        mail.text
    );

    let mut seats = Vec::new();
    for name in ["Ada", "Bjørn", "李雷", "Dee 🗝️"] {
        seats.push(shop::sit(Visitor::new(platform.site()), &bought.launch, name).await?);
    }
    not_there_yet(&mut seats[0]).await?;
    begin(&mut seats[0], &bought.launch).await?;

    let mut players = players(seats).await?;
    players[0].say(&json!({"type": "begin"})).await;
    players[1]
        .say(&json!({"type": "chat", "text": "is that a bell?"}))
        .await;
    players[1]
        .say(&json!({"type": "chat", "text": "it is"}))
        .await;
    players[2]
        .say(&json!({"type": "hint", "puzzle": "books", "stage": 1}))
        .await;
    players[3]
        .say(&json!({"type": "any", "milestone": "desk-opened"}))
        .await;
    for player in &mut players {
        player
            .until("all that was said", |player| player.held() >= 9)
            .await?;
    }
    players[0].finish(&json!({"outcome": "escaped"})).await;
    for player in &mut players {
        player
            .until("the end", |player| player.held() >= 10)
            .await?;
    }
    let first = players[0].log.clone();
    assert!(
        players.iter().all(|player| player.log == first),
        "all saw the same"
    );

    let report = stats(&mut players[3].seat).await?;
    assert_eq!(report["stats"]["outcome"], "escaped");
    assert_eq!(report["stats"]["messages"], 2);
    assert_eq!(report["stats"]["hints"], 1);
    let dee = &players[3].seat.member;
    assert_eq!(report["stats"]["milestones"][0]["name"], "desk-opened");
    assert_eq!(report["stats"]["milestones"][0]["member"], dee.as_str());
    assert_eq!(report["stats"]["players"].as_array().map(Vec::len), Some(4));
    let page = format!("/games/{}/end", players[3].seat.game);
    let end = players[3]
        .seat
        .visitor
        .get(&page)
        .await?
        .expect(200)?
        .text();
    let seen = html::visible_text(&end);
    for name in ["Ada", "Bjørn", "李雷", "Dee 🗝️", "Desk opened"] {
        assert!(seen.contains(name), "the end page tells of {name}: {seen}");
    }
    assert!(end.contains("<svg"), "the stats are drawn");
    Ok(())
}

async fn the_mail(platform: &Platform, to: &str) -> anyhow::Result<latchkey_tests::mail::Mail> {
    let mut mails = eventually(PATIENCE, "the purchase mail", async || {
        let mails = mails_to(platform.data(), to)?;
        Ok((!mails.is_empty()).then_some(mails))
    })
    .await?;
    assert_eq!(mails.len(), 1, "one purchase, one mail");
    mails.pop().context("one mail")
}

/// Before the end there are no stats, and the page says so without failing.
async fn not_there_yet(seat: &mut Seat) -> anyhow::Result<()> {
    let (stats, end) = (
        format!("/games/{}/stats", seat.game),
        format!("/games/{}/end", seat.game),
    );
    seat.visitor.get(&stats).await?.expect(202)?;
    seat.visitor.get(&end).await?.expect(200)?;
    Ok(())
}

/// Presses Begin in the lobby and arrives at the play page.
async fn begin(seat: &mut Seat, launch: &str) -> anyhow::Result<()> {
    let lobby = seat.visitor.get(launch).await?.expect(200)?;
    let action = format!("{launch}/begin");
    let form = html::forms(&lobby.text())
        .into_iter()
        .find(|form| form.action.ends_with(&action));
    let play = seat
        .visitor
        .submit(&form.context("the lobby has Begin")?)
        .await?
        .expect(200)?;
    let page = play.text();
    let data = |name: &str| html::attribute(&page, "body", name);
    assert_eq!(play.path, format!("/games/{}/play", seat.game));
    assert_eq!(data("data-game").as_deref(), Some(seat.game.as_str()));
    assert_eq!(
        data("data-connect"),
        Some(format!("/games/{}/connect", seat.game))
    );
    assert_eq!(data("data-launch").as_deref(), Some(launch));
    for asset in html::assets(&page) {
        let answer = seat.visitor.get(&asset).await?.expect(200)?;
        assert!(
            answer.header("cache-control").contains("immutable"),
            "{asset}"
        );
    }
    Ok(())
}

/// Asks until the stats are there.
async fn stats(seat: &mut Seat) -> anyhow::Result<Value> {
    let path = format!("/games/{}/stats", seat.game);
    let visitor = &mut seat.visitor;
    eventually(PATIENCE, "the stats", async || {
        let answer = visitor.send(Ask::new(hyper::Method::GET, &path)).await?;
        match answer.status.as_u16() {
            200 => Ok(Some(answer.json()?)),
            202 => Ok(None),
            _ => anyhow::bail!("{} {}", answer.status, answer.text()),
        }
    })
    .await
}

#[tokio::test]
async fn a_game_that_ends_is_compared_with_those_that_ended_before() -> anyhow::Result<()> {
    let platform = Platform::start("system-compared").await?;
    let mut games = Vec::new();
    for _ in 0..3 {
        let (_, seats) = shop::game_with_seats(platform.site(), 1).await?;
        let mut player = players(seats).await?.remove(0);
        player.say(&json!({"type": "begin"})).await;
        player.finish(&json!({"outcome": "escaped"})).await;
        player.until("the end", |player| player.held() == 3).await?;
        games.push(stats(&mut player.seat).await?);
    }
    let groups: Vec<_> = games
        .iter()
        .map(|game| game["comparison"]["games"].as_u64())
        .collect();
    assert_eq!(
        groups,
        [Some(1), Some(2), Some(3)],
        "{}",
        games[2]["comparison"]
    );
    Ok(())
}
