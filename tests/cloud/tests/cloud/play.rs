//! The whole path as four people go it: buy, take seats, play over hosts that die, end, and see what happened.

use latchkey_cloud_tests::fleet::{MANNER, SOON};
use latchkey_cloud_tests::platform::Platform;
use latchkey_emulators::stripe::Manner;
use latchkey_tests::checker::Promise;
use latchkey_tests::crowd::{self, Crowd};
use latchkey_tests::html;
use latchkey_tests::http::Ask;
use latchkey_tests::player::Player;
use latchkey_tests::seeded::Seeded;
use latchkey_tests::settings;
use latchkey_tests::wait::eventually;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bought_games_are_played_on_when_their_host_is_killed() -> anyhow::Result<()> {
    let mut platform = Platform::start("cloud-play", 2, Manner::GOOD).await?;
    let mut games = Vec::new();
    for _ in 0..3 {
        games.push(platform.game(4).await?);
    }
    let mut crowd = Crowd::begin(&games, MANNER, &Seeded::new(settings::seed()));
    crowd.until_each_room(3, SOON).await?;
    for host in [0, 1] {
        platform.hosts[host].program.kill().await?;
        crowd.until_each_room(2, SOON).await?;
        platform.hosts[host].program.restart()?;
        platform.hosts[host].serves().await?;
    }
    let settled = crowd.settle().await?;
    crowd::judge(&settled.histories, Promise::HOST_LOST)?;
    anyhow::ensure!(
        settled.unsettled == 0,
        "{} members lack something",
        settled.unsettled
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_game_that_ends_while_the_queue_hangs_has_its_stats_afterwards() -> anyhow::Result<()> {
    let platform = Platform::start("cloud-stats", 1, Manner::GOOD).await?;
    let mut players = Vec::new();
    for seat in platform.game(4).await? {
        let mut player = Player::new(seat);
        player.connect().await?;
        players.push(player);
    }
    players[0].say(&json!({"type": "begin"})).await;
    players[1]
        .say(&json!({"type": "chat", "text": "is that a bell?"}))
        .await;
    platform.services.sqs.pause()?;
    players[0].finish(&json!({"outcome": "escaped"})).await;
    for player in &mut players {
        player.until("the end", |player| player.held() >= 7).await?;
    }
    let first = players[0].log.clone();
    anyhow::ensure!(
        players.iter().all(|player| player.log == first),
        "all saw the same"
    );
    let seat = &mut players[3].seat;
    let path = format!("/games/{}/stats", seat.game);
    seat.visitor.get(&path).await?.expect(202)?;
    platform.services.sqs.resume()?;

    let report: Value = eventually(SOON, "the stats", async || {
        let answer = seat
            .visitor
            .send(Ask::new(hyper::Method::GET, &path))
            .await?;
        match answer.status.as_u16() {
            200 => Ok(Some(answer.json()?)),
            202 => Ok(None),
            _ => anyhow::bail!("{} {}", answer.status, answer.text()),
        }
    })
    .await?;
    anyhow::ensure!(report["stats"]["outcome"] == "escaped", "{report}");
    anyhow::ensure!(report["stats"]["messages"] == 1, "{report}");
    let end = seat
        .visitor
        .get(&format!("/games/{}/end", seat.game))
        .await?
        .expect(200)?
        .text();
    let seen = html::visible_text(&end);
    anyhow::ensure!(
        ["Ada", "Bob", "Cem", "Dee"]
            .iter()
            .all(|name| seen.contains(name)),
        "{seen}"
    );
    Ok(())
}
