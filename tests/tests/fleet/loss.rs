//! A host is lost for good, its journal with it: its rooms continue elsewhere, rebuilt from what their members saw.
//! `LATCHKEY_ROOMS` changes how many rooms play.

use std::time::Duration;

use latchkey_tests::checker::Promise;
use latchkey_tests::crowd;
use latchkey_tests::faults::Away;
use latchkey_tests::figures::{given_back, play_again, rewinds, spread};
use latchkey_tests::history::{History, time};
use latchkey_tests::player::Player;
use latchkey_tests::report::say;
use latchkey_tests::seat::Seat;
use latchkey_tests::settings;
use latchkey_tests::wait::eventually;
use serde_json::json;

use crate::{Fleet, MANNER, SOON};

/// How long the archive takes nothing before the loss, so that every room has a tail that it lacks.
const UNSTORED_FOR: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rooms_of_a_lost_host_continue_elsewhere_with_all_that_was_seen() -> anyhow::Result<()>
{
    let rooms = settings::number("LATCHKEY_ROOMS", 60);
    let fleet = Fleet::start("loss", 3, rooms).await?;
    let mut crowd = fleet.play(MANNER).await?;
    let away = Away::hold(&fleet.platform.data().join("rooms.db")).await?;
    crowd.play_for(UNSTORED_FOR).await?;
    let since = time();
    let lost = fleet.platform.lose(2).await?;
    away.back()?;
    crowd.until_each_room(3, SOON).await?;
    let former = lost.replaced()?;
    fleet.platform.next_host(former).await?;
    crowd.until_each_room(1, SOON).await?;
    let settled = fleet.finish(crowd, Promise::HOST_LOST).await?;
    let again = play_again(&settled.histories, since);
    anyhow::ensure!(!again.is_empty(), "the lost host had no room");
    anyhow::ensure!(
        given_back(&settled.histories) >= again.len(),
        "nobody was asked for what the archive lacked"
    );
    anyhow::ensure!(
        rewinds(&settled.histories) == 0,
        "everybody came back with all that was seen, and yet somebody was rewound"
    );
    say("loss", format_args!("time to play again {}", spread(again)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_comes_back_with_an_empty_disk_continues_its_rooms_from_their_members()
-> anyhow::Result<()> {
    let fleet = Fleet::start("empty-disk", 2, 20).await?;
    let mut crowd = fleet.play(MANNER).await?;
    let away = Away::hold(&fleet.platform.data().join("rooms.db")).await?;
    crowd.play_for(UNSTORED_FOR).await?;
    let since = time();
    let former = fleet.platform.lose(1).await?.replaced()?;
    away.back()?;
    fleet.platform.next_host(former).await?;
    crowd.until_each_room(3, SOON).await?;
    let settled = fleet.finish(crowd, Promise::HOST_LOST).await?;
    let again = play_again(&settled.histories, since);
    anyhow::ensure!(!again.is_empty(), "the lost host had no room");
    say(
        "empty-disk",
        format_args!("time to play again {}", spread(again)),
    );
    Ok(())
}

/// What becomes of the three who do not have the tail, or have it and are gone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Others {
    /// They saw it too and never come back; the host waits for them in vain.
    StayAway,
    /// They did not see it, and come when the room plays again.
    ComeLater,
    /// They did not see it, and come before the one who did.
    ComeFirst,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_member_of_four_is_enough_to_give_back_what_the_archive_lacks() -> anyhow::Result<()> {
    let fleet = Fleet::start("one-of-four", 2, 9).await?;
    // All rooms are to be on the host that is lost.
    fleet.platform.drain(2).await?;
    let cases = [Others::StayAway, Others::ComeLater, Others::ComeFirst];
    let mut rooms = Vec::new();
    for (seats, others) in fleet.games.iter().zip(cases.into_iter().cycle()) {
        rooms.push((others, gather(seats).await?));
    }
    fleet.platform.undrain(2).await?;
    let away = Away::hold(&fleet.platform.data().join("rooms.db")).await?;
    for (others, players) in &mut rooms {
        unstored(*others, players).await?;
    }
    let lost = fleet.platform.lose(1).await?;
    away.back()?;
    // From now on a member's arrival is what opens a room.
    eventually(SOON, "the lost host to be given up", async || {
        let hosts = fleet.platform.hosts().await?;
        let given_up = hosts
            .iter()
            .all(|host| host.slot != 1 || host.state == "lost");
        Ok(given_up.then_some(()))
    })
    .await?;
    let mut returns = tokio::task::JoinSet::new();
    for (number, (others, players)) in rooms.into_iter().enumerate() {
        returns.spawn(async move { (number, come_back(others, players).await) });
    }
    let mut histories: Vec<Vec<History>> = vec![Vec::new(); fleet.games.len()];
    while let Some(room) = returns.join_next().await {
        let (number, seen) = room?;
        histories[number] = seen?;
    }
    crowd::judge(&histories, Promise::HOST_LOST)?;
    anyhow::ensure!(
        rewinds(&histories) == 0,
        "one had it all, and yet somebody was rewound"
    );
    let former = lost.replaced()?;
    fleet.platform.next_host(former).await?;
    fleet.close(&histories).await?;
    say(
        "one-of-four",
        "every room went on with what one member gave back",
    );
    Ok(())
}

/// Four in a room, and a first word that is stored.
async fn gather(seats: &[Seat]) -> anyhow::Result<Vec<Player>> {
    let mut players = Vec::new();
    for seat in seats {
        let mut player = Player::new(seat.clone());
        player.connect().await?;
        players.push(player);
    }
    players[0].say(&json!("stored")).await;
    for player in &mut players {
        player
            .until("the stored word", |player| player.stored >= 5)
            .await?;
    }
    Ok(players)
}

/// The last player says what the archive does not take.
async fn unstored(others: Others, players: &mut [Player]) -> anyhow::Result<()> {
    let (last, rest) = players.split_last_mut().expect("four play");
    if others != Others::StayAway {
        rest.iter_mut().for_each(Player::cut);
    }
    for word in 1..=5 {
        last.say(&json!({"unstored": word})).await;
    }
    last.until("the unstored words", |last| last.held() == 10)
        .await?;
    if others == Others::StayAway {
        for player in rest {
            player
                .until("the unstored words", |player| player.held() == 10)
                .await?;
        }
    }
    Ok(())
}

/// They come back, the last one says one more word, and everybody who is there has all of it, stored.
async fn come_back(others: Others, mut players: Vec<Player>) -> anyhow::Result<Vec<History>> {
    let mut last = players.pop().expect("four play");
    // Its connection is gone with the host, which it would else notice only when it sends.
    last.cut();
    if others == Others::ComeFirst {
        // Half a second is well within the time that a host waits for those who were there.
        let first = players
            .iter_mut()
            .map(|player| player.keep_until("to be back", SOON, Player::connected));
        let late = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            last.keep_until("to be back", SOON, Player::connected).await
        };
        let (first, late) = tokio::join!(futures_util::future::try_join_all(first), late);
        first.and(late)?;
    }
    last.say(&json!("after")).await;
    last.keep_until("the word after", SOON, |last| last.unordered() == 0)
        .await?;
    anyhow::ensure!(
        last.held() == 11,
        "the numbers went on at {} and not at 11",
        last.held()
    );
    let mut histories = Vec::new();
    if others == Others::StayAway {
        // They saw as much as there is to judge; the checker is to expect no more of them.
        last.keep_until("all of it stored", SOON, |last| last.stored >= 11)
            .await?;
        return Ok(vec![last.history]);
    }
    players.push(last);
    for mut player in players {
        player
            .keep_until("all of it stored", SOON, |player| {
                player.held() >= 11 && player.stored >= 11
            })
            .await?;
        histories.push(player.history);
    }
    Ok(histories)
}
