//! Evenings of many games: people join one by one, play, take breaks, and come back after their rooms have left memory.
//! Memory returns to what it was, and the journals do not grow with what is stored. `LATCHKEY_GAMES` games on
//! `LATCHKEY_EVENINGS` evenings; an evening lasts as long as its rooms stay in memory, a little over a minute.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use latchkey_tests::checker::{Promise, Survives, check};
use latchkey_tests::crowd;
use latchkey_tests::player::Player;
use latchkey_tests::report::say;
use latchkey_tests::seeded::Seeded;
use latchkey_tests::wait::eventually;
use latchkey_tests::{process, settings};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{Fleet, SOON};

/// Hosts.
const HOSTS: u16 = 3;
/// Games that begin within this, so that they overlap and are not all at the same point.
const ARRIVE_WITHIN: u64 = 15_000;
/// Of each room's seats those that play: a further one is sent everything as well and says nothing more to a host's journal.
const PLAYING: usize = 2;
/// Words each of them says on one evening.
const WORDS: u64 = 18;
/// Bytes of one on average, so that on one evening a host is told more than [`MORE`], and on two more than [`JOURNAL`].
const WORD: usize = 8_000;
/// A room without connections leaves memory after a minute.
const UNTIL_EMPTY: Duration = Duration::from_secs(120);
/// What a host may hold more after the last evening than after the first, which warmed it up.
const MORE: u64 = 24 << 20;
/// What a journal may keep when everything is stored: the segment being written and the one before it.
const JOURNAL: u64 = 2 * (16 << 20) + (1 << 20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_evenings_of_many_games_memory_and_journals_are_back_where_they_were()
-> anyhow::Result<()> {
    let games = settings::number("LATCHKEY_GAMES", 300);
    let evenings = settings::number("LATCHKEY_EVENINGS", 2).max(2);
    let fleet = Fleet::start("evenings", HOSTS, games).await?;
    let mut tables: Vec<Vec<Player>> = fleet
        .games
        .iter()
        .map(|seats| {
            let playing = seats.iter().take(PLAYING);
            playing.cloned().map(Player::new).collect()
        })
        .collect();
    let mut held = Vec::new();
    let evening = (games * PLAYING * WORD) as u64 * WORDS / u64::from(HOSTS);
    anyhow::ensure!(
        evening > MORE && evening * evenings as u64 > JOURNAL,
        "{games} games on {evenings} evenings are too few to prove anything"
    );
    let mut written = 0;
    for evening in 1..=evenings {
        tables = play(tables, &fleet.random.part(evening as u64)).await?;
        written += (games * PLAYING * WORD) as u64 * WORDS;
        eventually(UNTIL_EMPTY, "all rooms to leave memory", async || {
            let hosts = fleet.platform.hosts().await?;
            Ok((hosts.iter().map(|host| host.rooms).sum::<u64>() == 0).then_some(()))
        })
        .await?;
        held.push(memory(&fleet).await?);
        say(
            "evenings",
            format_args!(
                "evening {evening}: hosts hold {:?} MiB, journals {:?} KiB",
                mebibytes(&held),
                journals(&fleet)?
            ),
        );
    }
    let first = held.first().context("there were evenings")?;
    let last = held.last().context("there were evenings")?;
    for (slot, (first, last)) in (1..).zip(first.iter().zip(last)) {
        anyhow::ensure!(
            *last < first + MORE,
            "host {slot} held {first} bytes after the first evening and {last} after the last"
        );
    }
    for (slot, bytes) in (1..=HOSTS).zip(journals(&fleet)?) {
        anyhow::ensure!(
            bytes * 1024 < JOURNAL,
            "the journal of host {slot} still has {bytes} KiB"
        );
    }
    let mut found = Vec::new();
    let mut histories = Vec::new();
    for players in tables {
        let seen: Vec<_> = players.into_iter().map(|player| player.history).collect();
        // Members leave when their own words are stored, and do not wait for the others'.
        let promise = Promise {
            survives: Survives::Seen,
            settled: false,
        };
        found.push(check(&seen, promise));
        histories.push(seen);
    }
    crowd::tell(found)?;
    say(
        "evenings",
        format_args!(
            "{games} games on {evenings} evenings, {} MiB said; the checker found nothing",
            written >> 20
        ),
    );
    fleet.close(&histories).await
}

/// One evening: every game begins at a moment of its own, and everybody is gone in the end.
async fn play(tables: Vec<Vec<Player>>, random: &Seeded) -> anyhow::Result<Vec<Vec<Player>>> {
    let mut games = JoinSet::new();
    for (number, players) in (0..).zip(tables) {
        let mut random = random.part(number);
        games.spawn(async move {
            tokio::time::sleep(Duration::from_millis(random.between(0, ARRIVE_WITHIN))).await;
            let mut seats = JoinSet::new();
            for (seat, player) in (0..).zip(players) {
                seats.spawn(evening(player, random.part(seat)));
            }
            let mut players = Vec::new();
            while let Some(player) = seats.join_next().await {
                players.push(player??);
            }
            anyhow::Ok((number, players))
        });
    }
    let mut tables = Vec::new();
    while let Some(game) = games.join_next().await {
        tables.push(game??);
    }
    tables.sort_by_key(|(number, _)| *number);
    Ok(tables.into_iter().map(|(_, players)| players).collect())
}

/// One member's evening: a few words, in the middle of them perhaps a break, and home when all of it is stored.
async fn evening(mut player: Player, mut random: Seeded) -> anyhow::Result<Player> {
    player
        .keep_until("the room", SOON, Player::connected)
        .await?;
    for word in 0..WORDS {
        let size = usize::try_from(random.between(0, WORD as u64 * 2))?;
        player
            .say(&json!({"word": word, "padding": "x".repeat(size)}))
            .await;
        let due = player.unordered();
        player
            .keep_until("the word", SOON, |player| player.unordered() < due.max(1))
            .await?;
        if random.one_in(8) {
            player.cut();
        }
    }
    player
        .keep_until("the words stored", SOON, |player| {
            player.stored >= player.held()
        })
        .await?;
    player.cut();
    Ok(player)
}

async fn memory(fleet: &Fleet) -> anyhow::Result<Vec<u64>> {
    let mut held = Vec::new();
    for slot in 1..=HOSTS {
        held.push(process::memory(fleet.platform.host(slot).await?.pid)?);
    }
    Ok(held)
}

fn mebibytes(held: &[Vec<u64>]) -> Vec<u64> {
    let last = held.last().into_iter().flatten();
    last.map(|bytes| bytes >> 20).collect()
}

/// KiB of each host's journal.
fn journals(fleet: &Fleet) -> anyhow::Result<Vec<u64>> {
    (1..=HOSTS)
        .map(|slot| size(&fleet.platform.journal(slot)))
        .collect()
}

fn size(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(folder)? {
        // A segment may go between the listing and the look at it.
        bytes += file?.metadata().map_or(0, |file| file.len());
    }
    Ok(bytes / 1024)
}
