//! One owner after another: a host restarts with its journal and continues its rooms, one comes back to find them gone,
//! and one that was paused past its expiry must not touch them any more.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use latchkey_tests::checker::Promise;
use latchkey_tests::crowd;
use latchkey_tests::faults::Away;
use latchkey_tests::figures::{given_back, play_again, spread};
use latchkey_tests::history::{History, time};
use latchkey_tests::platform::Options;
use latchkey_tests::player::{Player, Step};
use latchkey_tests::report::say;
use latchkey_tests::seat::Seat;
use latchkey_tests::wait::{eventually, within};
use latchkey_tests::{process, settings};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::{Fleet, MANNER, SOON};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_restarts_with_its_journal_continues_its_rooms_from_it() -> anyhow::Result<()> {
    let fleet = Fleet::start("restart", 3, 30).await?;
    let mut crowd = fleet.play(MANNER).await?;
    let away = Away::hold(&fleet.platform.data().join("rooms.db")).await?;
    crowd.play_for(Duration::from_secs(3)).await?;
    let since = time();
    let former = fleet.platform.host(1).await?;
    process::signal(former.pid, "-KILL").await?;
    away.back()?;
    fleet.platform.next_host(former).await?;
    crowd.until_each_room(3, SOON).await?;
    // Its disk is there, so everything that was seen is, whoever comes back first.
    let settled = fleet.finish(crowd, Promise::PROCESS_KILLED).await?;
    let again = play_again(&settled.histories, since);
    anyhow::ensure!(!again.is_empty(), "the killed host had no room");
    let given_back = given_back(&settled.histories);
    anyhow::ensure!(
        given_back == 0,
        "the journal has it all, and yet {given_back} times a member was asked to give back what it saw"
    );
    say(
        "restart",
        format_args!("time to play again {}", spread(again)),
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_finds_its_rooms_claimed_elsewhere_leaves_them_alone_and_says_so()
-> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let binary = folder.path().join("latchkey");
    let aside = folder.path().join("aside");
    std::fs::copy(settings::binary()?, &binary)?;
    let options = Options {
        binary: Some(binary.clone()),
        ..Options::default()
    };
    let fleet = Fleet::start_with("claimed", 2, 12, options).await?;
    let mut crowd = fleet.play(MANNER).await?;
    let away = Away::hold(&fleet.platform.data().join("rooms.db")).await?;
    crowd.play_for(Duration::from_secs(3)).await?;
    // Without its binary the host stays down for as long as it takes, its journal waiting.
    std::fs::rename(&binary, &aside)?;
    let former = fleet.platform.host(1).await?;
    process::signal(former.pid, "-KILL").await?;
    away.back()?;
    crowd.until_each_room(3, SOON).await?;
    std::fs::rename(&aside, &binary)?;
    fleet.platform.next_host(former).await?;
    crowd.until_each_room(3, SOON).await?;
    let log = fleet.platform.whole_log()?;
    let settled = fleet.finish(crowd, Promise::HOST_LOST).await?;
    anyhow::ensure!(
        given_back(&settled.histories) > 0,
        "the host that was killed had no room with an unstored end"
    );
    let said = log
        .lines()
        .filter(|line| line.contains("another host has a room of which the journal holds records"))
        .count();
    anyhow::ensure!(
        said > 0,
        "the host that came back did not say what it left alone"
    );
    say("claimed", format_args!("{said} rooms left alone"));
    Ok(())
}

/// What all rooms do at the same time.
struct Stages {
    /// Everybody is there and has said something, which is stored.
    playing: Barrier,
    /// The archive takes nothing.
    held: Barrier,
    /// Every room has an unstored end, of which half of its members have seen a part.
    unstored: Barrier,
    /// The host is paused, and the archive takes what it is given.
    paused: Barrier,
    /// Every room has a new owner.
    claimed: Barrier,
    /// The host runs on.
    resumed: Barrier,
}

impl Stages {
    /// For so many rooms, and the one who pauses.
    fn of(rooms: usize) -> Self {
        let barrier = || Barrier::new(rooms + 1);
        Self {
            playing: barrier(),
            held: barrier(),
            unstored: barrier(),
            paused: barrier(),
            claimed: barrier(),
            resumed: barrier(),
        }
    }
}

/// Half of each room's members find the new owner while the old one stands still with the words of the other half in its
/// sockets, and with records in its hands that the archive lacks. When it runs on it must not order the words, nor report
/// anything stored, nor welcome anybody; the checker knows by the epochs and the hosts' one clock. Nor must it store its
/// records: the last of them nobody gave back, so the new owner has others in their place, which the archive must hold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_paused_past_its_expiry_orders_and_stores_nothing_in_rooms_that_have_a_new_owner()
-> anyhow::Result<()> {
    let fleet = Fleet::start("paused", 2, 12).await?;
    fleet.platform.drain(2).await?;
    let stages = Arc::new(Stages::of(fleet.games.len()));
    let mut rooms = JoinSet::new();
    for (number, seats) in fleet.games.iter().cloned().enumerate() {
        let room = room_of_a_paused_host(seats, Arc::clone(&stages));
        rooms.spawn(async move { room.await.map(|seen| (number, seen)) });
    }
    let story = async {
        let stage = async |barrier: &Barrier| within(SOON, "all rooms", barrier.wait()).await;
        stage(&stages.playing).await?;
        fleet.platform.undrain(2).await?;
        let host = fleet.platform.host(1).await?.pid;
        let away = Away::hold(&fleet.platform.data().join("rooms.db")).await?;
        stage(&stages.held).await?;
        stage(&stages.unstored).await?;
        process::signal(host, "-STOP").await?;
        let is_paused = async || Ok(process::is_paused(host).then_some(()));
        eventually(SOON, "the host to stand still", is_paused).await?;
        away.back()?;
        stage(&stages.paused).await?;
        stage(&stages.claimed).await?;
        process::signal(host, "-CONT").await?;
        stage(&stages.resumed).await?;
        anyhow::Ok(())
    };
    let mut histories = vec![Vec::new(); fleet.games.len()];
    let ended = async {
        while let Some(room) = rooms.join_next().await {
            let (number, seen) = room??;
            histories[number] = seen;
        }
        anyhow::Ok(())
    };
    // Whichever fails first tells why.
    tokio::try_join!(story, ended)?;
    crowd::judge(&histories, Promise::HOST_LOST)?;
    fleet.close(&histories).await?;
    say(
        "paused",
        "the former owner was silent, and everybody found the new one",
    );
    Ok(())
}

async fn room_of_a_paused_host(
    seats: Vec<Seat>,
    stages: Arc<Stages>,
) -> anyhow::Result<Vec<History>> {
    let mut players: Vec<Player> = seats.into_iter().map(Player::new).collect();
    for player in &mut players {
        player.connect().await?;
        player.say(&json!("before")).await;
    }
    for player in &mut players {
        player
            .until("everybody's word, stored", |player| {
                player.held() == 8 && player.stored == 8
            })
            .await?;
    }
    anyhow::ensure!(
        players[0].url.contains("/s/1/"),
        "the drained host got a room"
    );
    stages.playing.wait().await;
    stages.held.wait().await;
    for player in &mut players {
        player.say(&json!("unstored")).await;
    }
    for player in &mut players {
        player
            .until("everybody's unstored word", |player| player.held() == 12)
            .await?;
    }
    let (movers, stayers) = players.split_at_mut(2);
    movers.iter_mut().for_each(Player::cut);
    for stayer in &mut *stayers {
        stayer.say(&json!("unstored, seen by half")).await;
    }
    for stayer in &mut *stayers {
        stayer
            .until("what half of them see", |stayer| stayer.held() == 14)
            .await?;
        anyhow::ensure!(
            stayer.stored == 8,
            "records to {} were stored while the archive took nothing",
            stayer.stored
        );
    }
    stages.unstored.wait().await;
    stages.paused.wait().await;
    for stayer in &mut *stayers {
        stayer.say(&json!("into the paused host")).await;
    }
    for mover in &mut *movers {
        mover.say(&json!("elsewhere")).await;
    }
    let both = movers.iter_mut().map(|mover| {
        mover.keep_until("both words with the new owner", SOON, |mover| {
            mover.held() >= 14
        })
    });
    try_join_all(both).await?;
    stages.claimed.wait().await;
    stages.resumed.wait().await;
    for stayer in &mut *stayers {
        let told = async {
            while stayer.connected() {
                if let Step::Closed(closed) = stayer.step().await? {
                    anyhow::ensure!(closed.code < 4500, "told not to come back: {closed:?}");
                }
            }
            anyhow::Ok(())
        };
        within(SOON, "the former owner to let go", told).await??;
    }
    let all = players.iter_mut().map(|player| {
        player.keep_until("everybody's words, stored", SOON, |player| {
            player.held() == 18 && player.stored == 18
        })
    });
    try_join_all(all).await?;
    Ok(players.into_iter().map(|player| player.history).collect())
}
