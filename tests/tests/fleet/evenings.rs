//! Evenings of many games: people join one by one, play, take breaks, and come back after their rooms have left memory.
//! Memory returns to what it was, and the journals do not grow with what is stored.
//!
//! `LATCHKEY_GAMES` games are played on each of `LATCHKEY_EVENINGS` evenings. They begin within `LATCHKEY_ARRIVE` seconds,
//! and their members pause for up to `LATCHKEY_PAUSE` milliseconds after each word of `LATCHKEY_WORD` bytes on average;
//! an evening is over when its rooms have left memory, a minute after the last word. Open at one time are the games that
//! begin within one play, and each takes four files of one process. What everybody saw stays in this process's memory:
//! some 50 KiB for each game and evening, and four times what was said. Ten thousand games for an hour:
//! `LATCHKEY_GAMES=10000 LATCHKEY_ARRIVE=1500 LATCHKEY_PAUSE=8000 LATCHKEY_WORD=500`.

use std::time::Duration;

use anyhow::Context as _;
use latchkey_tests::checker::{Promise, Survives, check};
use latchkey_tests::crowd;
use latchkey_tests::platform::Options;
use latchkey_tests::player::Player;
use latchkey_tests::report::say;
use latchkey_tests::seat::Seat;
use latchkey_tests::seeded::Seeded;
use latchkey_tests::wait::eventually;
use latchkey_tests::{process, settings};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{Fleet, SOON};

/// Hosts.
const HOSTS: u16 = 3;
/// Members of each game: a further one is sent everything as well and says nothing more to a host's journal.
const PLAYING: usize = 2;
/// Words each of them says on one evening.
const WORDS: usize = 18;
/// A room without connections leaves memory after a minute.
const UNTIL_EMPTY: Duration = Duration::from_secs(120);
/// What a host may hold more after the last evening than after the first, which warmed it up.
const MORE: u64 = 24 << 20;
/// What a journal may keep when everything is stored: the segment being written and the one before it.
const JOURNAL: u64 = 2 * (16 << 20) + (1 << 20);

/// How much is played, and how fast.
#[derive(Debug, Clone, Copy)]
struct Size {
    games: usize,
    evenings: usize,
    /// Milliseconds within which games begin, so that they overlap and are not all at the same point.
    arrive: u64,
    /// Milliseconds a member pauses after a word, at most.
    pause: u64,
    /// Bytes of a word on average.
    word: usize,
}

impl Size {
    /// What the environment asks for. What a host is told on one evening must be more than [`MORE`], and on all of them
    /// more than [`JOURNAL`]: one that keeps it could pass otherwise.
    fn asked() -> anyhow::Result<Self> {
        let size = Self {
            games: settings::number("LATCHKEY_GAMES", 300),
            evenings: settings::number("LATCHKEY_EVENINGS", 2).max(2),
            arrive: settings::number("LATCHKEY_ARRIVE", 15).max(1) as u64 * 1_000,
            pause: settings::number("LATCHKEY_PAUSE", 0) as u64,
            word: settings::number("LATCHKEY_WORD", 8_000),
        };
        let told = size.said() / u64::from(HOSTS);
        anyhow::ensure!(
            told > MORE && told * size.evenings as u64 > JOURNAL,
            "{size:?} proves nothing: a host is told only {told} bytes on an evening and could keep them all"
        );
        Ok(size)
    }

    /// Bytes said on one evening.
    fn said(self) -> u64 {
        (self.games * PLAYING * WORDS * self.word) as u64
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_evenings_of_many_games_memory_and_journals_are_back_where_they_were()
-> anyhow::Result<()> {
    let size = Size::asked()?;
    let options = Options::default();
    let fleet = Fleet::seated("evenings", HOSTS, size.games, PLAYING, options).await?;
    let seated = |seats: &Vec<Seat>| seats.iter().cloned().map(Player::new).collect();
    let mut tables: Vec<Vec<Player>> = fleet.games.iter().map(seated).collect();
    let mut held = Vec::new();
    tell("before", &fleet, &mut held).await?;
    for evening in 1..=size.evenings {
        tables = play(tables, size, &fleet.random.part(evening as u64)).await?;
        eventually(UNTIL_EMPTY, "all rooms to leave memory", async || {
            let hosts = fleet.platform.hosts().await?;
            Ok((hosts.iter().map(|host| host.rooms).sum::<u64>() == 0).then_some(()))
        })
        .await?;
        tell(&format!("evening {evening}"), &fleet, &mut held).await?;
    }
    let first = held.get(1).context("there were evenings")?;
    let last = held.last().context("there were evenings")?;
    for (slot, (first, last)) in (1..).zip(first.iter().zip(last)) {
        anyhow::ensure!(
            *last < first + MORE,
            "host {slot} held {first} bytes after the first evening and {last} after the last"
        );
    }
    for (slot, bytes) in (1..=HOSTS).zip(journals(&fleet)?) {
        anyhow::ensure!(
            bytes < JOURNAL,
            "the journal of host {slot} still has {bytes} bytes"
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
            "{} games on {} evenings, {} MiB said; the checker found nothing",
            size.games,
            size.evenings,
            (size.said() * size.evenings as u64) >> 20
        ),
    );
    fleet.close(&histories).await
}

/// One evening: every game begins at a moment of its own, and everybody is gone in the end.
async fn play(
    tables: Vec<Vec<Player>>,
    size: Size,
    random: &Seeded,
) -> anyhow::Result<Vec<Vec<Player>>> {
    let mut games = JoinSet::new();
    for (number, players) in (0..).zip(tables) {
        let mut random = random.part(number);
        games.spawn(async move {
            tokio::time::sleep(Duration::from_millis(random.between(0, size.arrive))).await;
            let mut seats = JoinSet::new();
            for (seat, player) in (0..).zip(players) {
                seats.spawn(evening(player, size, random.part(seat)));
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

/// One member's evening: a few words, pauses and breaks between them, and home when all of it is stored.
async fn evening(mut player: Player, size: Size, mut random: Seeded) -> anyhow::Result<Player> {
    player
        .keep_until("the room", SOON, Player::connected)
        .await?;
    for word in 0..WORDS {
        let bytes = usize::try_from(random.between(0, size.word as u64 * 2))?;
        player
            .say(&json!({"word": word, "padding": "x".repeat(bytes)}))
            .await;
        player
            .keep_until("the word", SOON, |player| player.unordered() == 0)
            .await?;
        let pause = Duration::from_millis(random.between(0, size.pause + 1));
        if random.one_in(8) {
            player.cut();
            tokio::time::sleep(pause).await;
        } else {
            listen(&mut player, pause).await?;
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

/// Takes what the others say, and nothing else, for `time`.
async fn listen(player: &mut Player, time: Duration) -> anyhow::Result<()> {
    let never = player.keep_until("never", time + SOON, |_| false);
    match tokio::time::timeout(time, never).await {
        Ok(stopped) => stopped,
        Err(_) => Ok(()),
    }
}

/// Notes what the hosts hold now, and tells it.
async fn tell(when: &str, fleet: &Fleet, held: &mut Vec<Vec<u64>>) -> anyhow::Result<()> {
    let now = memory(fleet).await?;
    say(
        "evenings",
        format_args!(
            "{when}: hosts hold {:?} MiB, journals {:?} KiB; this suite holds {} MiB",
            in_units(&now, 20),
            in_units(&journals(fleet)?, 10),
            process::memory(std::process::id())? >> 20
        ),
    );
    held.push(now);
    Ok(())
}

async fn memory(fleet: &Fleet) -> anyhow::Result<Vec<u64>> {
    let mut held = Vec::new();
    for slot in 1..=HOSTS {
        held.push(process::memory(fleet.platform.host(slot).await?.pid)?);
    }
    Ok(held)
}

/// Bytes in units of so many bits.
fn in_units(bytes: &[u64], bits: u32) -> Vec<u64> {
    bytes.iter().map(|bytes| bytes >> bits).collect()
}

/// Bytes of each host's journal.
fn journals(fleet: &Fleet) -> anyhow::Result<Vec<u64>> {
    let journals = (1..=HOSTS).map(|slot| fleet.platform.journal_bytes(slot));
    journals.collect()
}
