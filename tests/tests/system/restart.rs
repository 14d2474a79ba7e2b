//! Stopping and starting again: a clean stop loses nothing and says goodbye, and everything is as it was.

use latchkey_tests::checker::{Promise, Survives, check};
use latchkey_tests::http::Visitor;
use latchkey_tests::mail::mails_to;
use latchkey_tests::platform::Platform;
use latchkey_tests::report::say;
use latchkey_tests::shop;
use latchkey_tests::wait::{PATIENCE, eventually};
use serde_json::json;

use crate::players;

#[tokio::test]
async fn a_stop_by_either_signal_says_goodbye_and_a_start_finds_everything_as_it_was()
-> anyhow::Result<()> {
    say("system", "stop and start");
    let mut platform = Platform::start("system-restart").await?;
    let mut buyer = Visitor::new(platform.site());
    let bought = shop::buy(&mut buyer, "keeps@example.org").await?;
    eventually(PATIENCE, "the mail", async || {
        Ok((!mails_to(platform.data(), "keeps@example.org")?.is_empty()).then_some(()))
    })
    .await?;
    let seat = shop::sit(Visitor::new(platform.site()), &bought.launch, "Ada").await?;
    let mut ada = players(vec![seat]).await?.remove(0);
    let mut words = 0;
    for signal in ["-INT", "-TERM"] {
        for _ in 0..5 {
            words += 1;
            ada.say(&json!({"word": words})).await;
        }
        ada.until("the words", |ada| ada.unordered() == 0).await?;
        let status = platform.stop(signal).await?;
        assert!(
            status.success(),
            "{signal} ended with {status}\n{}",
            platform.log_tail()
        );
        let closed = loop {
            if let latchkey_tests::player::Step::Closed(closed) = ada.step().await? {
                break closed;
            }
        };
        assert_eq!((closed.code, closed.reason.as_str()), (4000, "going_away"));
        platform.restart().await?;
        ada.connect().await?;
    }
    ada.until("all of it stored", |ada| ada.stored == 11)
        .await?;
    assert_eq!(ada.held(), 11, "nothing is shown twice");
    assert_eq!(
        shop::collect(&mut buyer, &bought.order.page).await?,
        bought.launch
    );
    let mails = mails_to(platform.data(), "keeps@example.org")?;
    assert_eq!(mails.len(), 1, "no mail is sent again");
    let mut again = latchkey_tests::player::Player::new(ada.seat.clone());
    again.connect().await?;
    again
        .until("the whole log from the archive", |again| again.held() == 11)
        .await?;
    assert_eq!(again.log, ada.log);
    Ok(())
}

#[tokio::test]
async fn a_platform_that_was_killed_at_rest_starts_with_nothing_lost() -> anyhow::Result<()> {
    let mut platform = Platform::start("system-killed").await?;
    let (bought, seats) = shop::game_with_seats(platform.site(), 2).await?;
    let mut both = players(seats).await?;
    both[0].say(&json!("before")).await;
    for player in &mut both {
        player
            .until("the word", |player| player.held() == 3)
            .await?;
    }
    platform.kill().await?;
    // Said into the void: it is ordered once the host is back.
    both[1].say(&json!("meanwhile")).await;
    platform.restart().await?;
    for player in &mut both {
        player.connect().await?;
    }
    for player in &mut both {
        player
            .until("both words", |player| player.held() == 4)
            .await?;
    }
    assert_eq!(both[0].log, both[1].log);
    Visitor::new(platform.site())
        .get(&bought.launch)
        .await?
        .expect(200)?;
    Ok(())
}

#[tokio::test]
async fn two_processes_do_not_share_a_data_folder() -> anyhow::Result<()> {
    let platform = Platform::start("system-alone").await?;
    let second = tokio::process::Command::new(latchkey_tests::settings::binary()?)
        .args(["up", "--port", "0", "--json", "--data"])
        .arg(platform.data())
        .kill_on_drop(true)
        .output();
    let second =
        latchkey_tests::wait::within(PATIENCE, "the second one to give up", second).await??;
    assert!(
        !second.status.success(),
        "two writers of one journal would destroy it"
    );
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!said.trim().is_empty(), "and it says why");
    Visitor::new(platform.site()).get("/").await?.expect(200)?;
    Ok(())
}

/// A lost disk takes what the archive did not have yet; the members, who saw it, give it back (P6.5), and play goes on
/// behind it.
#[tokio::test]
async fn what_a_lost_journal_held_is_given_back_by_the_members_who_saw_it() -> anyhow::Result<()> {
    let mut platform = Platform::start("system-lost-journal").await?;
    let (_, seats) = shop::game_with_seats(platform.site(), 2).await?;
    let mut both = players(seats).await?;
    both[0].say(&json!("stored")).await;
    for player in &mut both {
        player
            .until("the stored word", |player| player.stored >= 3)
            .await?;
    }
    // Seen by both, and the process dies before the archive has it, which is given records some seconds late.
    both[0].say(&json!("seen")).await;
    for player in &mut both {
        player
            .until("the last word", |player| player.held() == 4)
            .await?;
    }
    platform.kill().await?;
    std::fs::remove_dir_all(platform.data().join("journal"))?;
    platform.restart().await?;
    both[1].say(&json!("after")).await;
    let back = both
        .iter_mut()
        .map(|player| player.keep_until("the new word", PATIENCE, |player| player.held() == 5));
    futures_util::future::try_join_all(back).await?;
    assert_eq!(both[0].log, both[1].log, "both hold the same history");
    let words: Vec<_> = both[0]
        .log
        .iter()
        .map(|record| record.body.as_str())
        .collect();
    assert_eq!(words[2..], ["\"stored\"", "\"seen\"", "\"after\""]);
    let histories: Vec<_> = both.into_iter().map(|player| player.history).collect();
    let wrong = check(
        &histories,
        Promise {
            survives: Survives::Seen,
            settled: false,
        },
    );
    assert_eq!(
        wrong,
        [],
        "what was seen stays, and nobody sees two histories"
    );
    Ok(())
}
