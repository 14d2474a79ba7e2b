//! Kills the process again and again while fifty rooms of four play, and lets the checker judge what every member saw.
//! `LATCHKEY_SEED` repeats a run's choices, `LATCHKEY_KILLS` and `LATCHKEY_ROOMS` change its size.
//!
//! Moments are chosen by what the clients have seen (so many records in all), not by time: the same seed kills after
//! the same amount of play on any machine, in the middle of a catch-up as well as in the middle of saying.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use latchkey_tests::checker::{Promise, check};
use latchkey_tests::history::{History, Seen};
use latchkey_tests::platform::Platform;
use latchkey_tests::player::{Player, Step};
use latchkey_tests::report::say;
use latchkey_tests::seat::Seat;
use latchkey_tests::seeded::Seeded;
use latchkey_tests::wait::{now, within};
use latchkey_tests::{settings, shop};
use serde_json::json;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Sleep;

/// Members of each room.
const SEATS: usize = 4;
/// Between two says of one member, in milliseconds: from, to.
const PACE: (u64, u64) = (150, 450);
/// Between two tries to come back. A browser waits longer and at random; here as many as possible shall meet a host
/// that has only just come up.
const COME_BACK: Duration = Duration::from_millis(40);
/// Records between two checkpoints; whoever sees such a record offers one, so that several race.
const CHECKPOINT_EVERY: u64 = 50;
/// How long one life may take to show its records.
const LIFE: Duration = Duration::from_secs(40);
/// How long the rooms may take until everybody has seen and stored everything.
const SETTLE: Duration = Duration::from_secs(20);

/// What the members count together while they play.
#[derive(Default)]
struct Tally {
    records: AtomicU64,
    lost: AtomicU64,
    changed: Notify,
}

/// What the members are to do.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Play,
    Settle,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_seen_or_said_is_lost_however_often_the_process_is_killed() {
    let seed = settings::seed();
    say(
        "crash",
        format_args!("LATCHKEY_SEED={seed} repeats this run's choices"),
    );
    run(seed)
        .await
        .unwrap_or_else(|error| panic!("with LATCHKEY_SEED={seed}: {error:?}"));
}

async fn run(seed: u64) -> anyhow::Result<()> {
    let (rooms, kills) = (
        settings::number("LATCHKEY_ROOMS", 50),
        settings::number("LATCHKEY_KILLS", 40),
    );
    let mut random = Seeded::new(seed);
    let mut platform = Platform::start("crash").await?;
    let begun = now();
    let games = buy_rooms(&platform, rooms).await?;
    say(
        "crash",
        format_args!("{rooms} rooms of {SEATS} bought in {:.1?}", begun.elapsed()),
    );

    let tally = Arc::new(Tally::default());
    let (phase, _) = watch::channel(Phase::Play);
    let mut members = JoinSet::new();
    for (room, seats) in games.iter().enumerate() {
        for seat in seats.clone() {
            let number = u64::try_from(members.len())?;
            let part = random.part(number);
            let task = play(
                Player::new(seat),
                part,
                Arc::clone(&tally),
                phase.subscribe(),
            );
            members.spawn(async move { (room, task.await) });
        }
    }
    let downtimes = kill_often(&mut platform, &mut random, kills, &tally, &mut members).await?;

    phase.send_replace(Phase::Settle);
    let mut histories: Vec<Vec<History>> = vec![Vec::new(); rooms];
    let (mut slowed, mut unsettled) = (0, 0);
    while let Some(member) = within(LIFE, "the rooms to settle", members.join_next()).await? {
        let (room, player) = member?;
        let player = player?;
        slowed += player.slowed;
        unsettled += usize::from(!settled(&player));
        histories[room].push(player.history);
    }
    judge(&histories)?;
    anyhow::ensure!(
        unsettled == 0,
        "{unsettled} members did not settle within {SETTLE:?}"
    );
    let from_checkpoint = read_back(&mut platform, &games, &mut histories).await?;
    say(
        "crash",
        format_args!(
            "read back after one more kill: {from_checkpoint} rooms of {rooms} from a checkpoint"
        ),
    );
    judge(&histories)?;
    figures(
        &histories,
        &tally,
        kills,
        slowed,
        downtimes,
        begun.elapsed(),
    );
    let status = platform.stop("-TERM").await?;
    anyhow::ensure!(status.success(), "the stop ended with {status}");
    Ok(())
}

/// Buys `rooms` games and takes the seats of each, several buyers at a time.
async fn buy_rooms(platform: &Platform, rooms: usize) -> anyhow::Result<Vec<Vec<Seat>>> {
    let mut buyers = JoinSet::new();
    let mut games = Vec::new();
    for _ in 0..rooms {
        let site = platform.site().to_owned();
        buyers.spawn(async move { shop::game_with_seats(&site, SEATS).await });
        if buyers.len() >= 8 {
            let (_, seats) = buyers.join_next().await.context("eight are buying")???;
            games.push(seats);
        }
    }
    while let Some(bought) = buyers.join_next().await {
        let (_, seats) = bought??;
        games.push(seats);
    }
    Ok(games)
}

/// Kills and restarts the process `kills` times, each time after a chosen number of further records were seen.
/// Returns how long each restart took.
async fn kill_often(
    platform: &mut Platform,
    random: &mut Seeded,
    kills: usize,
    tally: &Tally,
    members: &mut JoinSet<(usize, anyhow::Result<Player>)>,
) -> anyhow::Result<Vec<Duration>> {
    let mut downtimes = Vec::new();
    for kill in 1..=kills {
        // Now and then so soon that most members have not come back from the last time.
        let more = if random.one_in(4) {
            random.between(1, 400)
        } else {
            random.between(400, 9_000)
        };
        let until = tally.records.load(Ordering::SeqCst) + more;
        let reached = async {
            loop {
                let changed = tally.changed.notified();
                if tally.records.load(Ordering::SeqCst) >= until {
                    return anyhow::Ok(());
                }
                tokio::select! {
                    () = changed => {}
                    Some(member) = members.join_next() => {
                        let (room, player) = member?;
                        player.with_context(|| format!("a member of room {room}"))?;
                        anyhow::bail!("a member of room {room} stopped playing by itself");
                    }
                }
            }
        };
        within(LIFE, "enough records before the next kill", reached).await??;
        platform.kill().await?;
        let down = now();
        platform.restart().await?;
        downtimes.push(down.elapsed());
        if kill % 5 == 0 {
            let seen = tally.records.load(Ordering::SeqCst);
            say(
                "crash",
                format_args!("killed {kill} of {kills} times, {seen} records seen"),
            );
        }
    }
    Ok(downtimes)
}

/// One member's life: says at its pace, comes back whenever the connection is gone, and settles when told to.
async fn play(
    mut player: Player,
    mut random: Seeded,
    tally: Arc<Tally>,
    mut phase: watch::Receiver<Phase>,
) -> anyhow::Result<Player> {
    let pace = Duration::from_millis(random.between(PACE.0, PACE.1));
    let mut pace = tokio::time::interval(pace);
    let mut count = 0_u64;
    let mut said_last = false;
    // Who cannot settle in time comes home as well: the checker says better than a deadline what went wrong.
    let mut give_up: Option<Pin<Box<Sleep>>> = None;
    loop {
        if !player.connected() && player.connect().await.is_err() {
            tokio::time::sleep(COME_BACK).await;
            continue;
        }
        if *phase.borrow_and_update() == Phase::Settle && !said_last {
            said_last = true;
            give_up = Some(Box::pin(tokio::time::sleep(SETTLE)));
            player.say(&json!({"last": player.seat.member})).await;
        }
        let late = give_up.as_ref().is_some_and(|give_up| give_up.is_elapsed());
        if late || (said_last && settled(&player)) {
            return Ok(player);
        }
        tokio::select! {
            step = player.step() => match step? {
                Step::Record(record) => {
                    if record.seq % CHECKPOINT_EVERY == 0 && player.connected() {
                        // Lost with the connection at worst; the next one is due soon.
                        let _ = player.offer(record.seq, &json!({"after": record.body})).await;
                    }
                    tally.records.fetch_add(1, Ordering::SeqCst);
                    tally.changed.notify_one();
                }
                Step::Closed(closed) => {
                    anyhow::ensure!(closed.code < 4500, "told not to come back: {closed:?}");
                    tally.lost.fetch_add(1, Ordering::SeqCst);
                }
                Step::Frame(_) => {}
            },
            _ = pace.tick(), if !said_last => {
                count += 1;
                let padding = "x".repeat(usize::try_from(random.between(0, 200))?);
                player.say(&json!({"count": count, "padding": padding})).await;
                if random.one_in(8) {
                    player.stammer().await;
                }
            }
            _ = phase.changed() => {}
            () = async { give_up.as_mut().expect("the branch is taken only when it is set").await }, if give_up.is_some() => {}
        }
    }
}

/// Whether all members' last words are there, everything of one's own is ordered, and all of it is stored.
fn settled(player: &Player) -> bool {
    let last_words = player
        .log
        .iter()
        .rev()
        .filter(|record| record.body.starts_with(r#"{"last""#));
    last_words.count() == SEATS && player.unordered() == 0 && player.stored >= player.held()
}

/// After one more kill, when nothing but the archive and the journal can answer, a member who comes without a
/// position reads each room from its first record.
async fn read_back(
    platform: &mut Platform,
    games: &[Vec<Seat>],
    histories: &mut [Vec<History>],
) -> anyhow::Result<usize> {
    let mut from_checkpoint = 0;
    platform.kill().await?;
    platform.restart().await?;
    for (seats, histories) in games.iter().zip(histories) {
        let seat = seats.first().context("rooms have members")?.clone();
        let member = seat.member.clone();
        let first = histories
            .iter_mut()
            .find(|history| history.member == member);
        let first = first.context("the member has a history")?;
        let tail = first
            .events
            .iter()
            .rev()
            .find_map(|event| match &event.seen {
                Seen::Record(record) => Some(record.seq),
                _ => None,
            });
        let tail = tail.context("the room has records")?;
        let mut reader = Player::new(seat);
        reader.connect().await?;
        reader
            .until("the whole log", |reader| reader.held() >= tail)
            .await?;
        // What it saw is judged as a member's second life with an empty memory.
        let mut again = reader.history;
        again.member = format!("{member} again");
        // Its own numbers are judged in its first life; here it is a reader only.
        for event in &mut again.events {
            if let Seen::Welcomed(welcome) = &mut event.seen {
                welcome.n = 0;
            }
        }
        from_checkpoint += usize::from(reader.start > 0);
        histories.push(again);
    }
    Ok(from_checkpoint)
}

fn judge(histories: &[Vec<History>]) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    for (room, histories) in histories.iter().enumerate() {
        let found = check(histories, Promise::PROCESS_KILLED);
        wrong.extend(
            found
                .iter()
                .take(5)
                .map(|one| format!("room {room}: {one}")),
        );
    }
    anyhow::ensure!(
        wrong.is_empty(),
        "the checker found, first of all:\n{}",
        wrong[..wrong.len().min(20)].join("\n")
    );
    Ok(())
}

fn figures(
    histories: &[Vec<History>],
    tally: &Tally,
    kills: usize,
    slowed: u64,
    mut downtimes: Vec<Duration>,
    took: Duration,
) {
    let said = histories
        .iter()
        .flatten()
        .flat_map(|history| &history.events);
    let said = said
        .filter(|event| matches!(event.seen, Seen::Said { .. }))
        .count();
    let (records, lost) = (&tally.records, &tally.lost);
    let middle = latchkey_tests::report::quantile(&mut downtimes, 0.5);
    let longest = downtimes.last().copied().unwrap_or_default();
    say(
        "crash",
        format_args!(
            "{kills} kills in {took:.0?}: {said} says, {} records seen, {} connections lost, {slowed} says slowed; \
             ready again after {middle:.0?} (longest {longest:.0?}); the checker found nothing",
            records.load(Ordering::SeqCst),
            lost.load(Ordering::SeqCst),
        ),
    );
}
