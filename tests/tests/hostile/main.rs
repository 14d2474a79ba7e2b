//! Misbehaving clients against a process that also serves a well-behaved room. Each gets its documented answer; the room
//! loses nothing and says how much slower it was; the process stays small.
//!
//! Latency is reported as a ratio and not asserted: the machine that runs this is not the one that serves games.

mod clients;
mod connections;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use latchkey_tests::checker::{Promise, check};
use latchkey_tests::platform::Platform;
use latchkey_tests::player::{Player, Step};
use latchkey_tests::report::{quantile, say};
use latchkey_tests::seat::Seat;
use latchkey_tests::seeded::Seeded;
use latchkey_tests::wait::{now, within};
use latchkey_tests::{settings, shop};
use serde_json::json;
use tokio::task::JoinSet;

/// Says of each well-behaved member in one measurement, and the time between two.
const SAYS: usize = 120;
const PACE: Duration = Duration::from_millis(40);
/// The process may hold so much while all of this happens: far below what an unbounded buffer would take.
const MEMORY: u64 = 400 * 1024 * 1024;
/// How long anything hostile may take to get its answer.
const ANSWER: Duration = Duration::from_secs(85);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_clients_get_their_answers_and_a_good_room_in_the_same_process_loses_nothing() {
    let seed = settings::seed();
    say(
        "hostile",
        format_args!("LATCHKEY_SEED={seed} repeats this run's choices"),
    );
    run(seed)
        .await
        .unwrap_or_else(|error| panic!("with LATCHKEY_SEED={seed}: {error:?}"));
}

async fn run(seed: u64) -> anyhow::Result<()> {
    let platform = Platform::start("hostile").await?;
    let (_, good) = shop::game_with_seats(platform.site(), 4).await?;
    let (_, bad) = shop::game_with_seats(platform.site(), 7).await?;
    let mut room = GoodRoom::sit_down(good).await?;
    room.play().await?;
    let mut calm = room.play().await?;
    let memory_before = platform.memory()?;

    let over = Arc::new(AtomicBool::new(false));
    let hostiles = tokio::spawn(attack(bad, seed, Arc::clone(&over)));
    let mut under_fire = Vec::new();
    let mut memory = memory_before;
    while !over.load(Ordering::SeqCst) {
        under_fire.extend(room.play().await?);
        memory = memory.max(platform.memory()?);
    }
    hostiles.await??;
    let mut after = room.play().await?;
    room.judge()?;

    let (p50, p99) = (quantile(&mut calm, 0.5), quantile(&mut calm, 0.99));
    let (p50_fire, p99_fire) = (
        quantile(&mut under_fire, 0.5),
        quantile(&mut under_fire, 0.99),
    );
    let p99_after = quantile(&mut after, 0.99);
    say(
        "hostile",
        format_args!(
            "the good room, say to seen: calm p50 {p50:.1?} p99 {p99:.1?}; under fire p50 {p50_fire:.1?} p99 {p99_fire:.1?} \
         ({:.1} times, {} samples); after p99 {p99_after:.1?}",
            p99_fire.as_secs_f64() / p99.as_secs_f64(),
            under_fire.len(),
        ),
    );
    let mib = |bytes: u64| bytes / 1024 / 1024;
    say(
        "hostile",
        format_args!(
            "memory: {} MiB before, {} MiB at most",
            mib(memory_before),
            mib(memory)
        ),
    );
    anyhow::ensure!(memory < MEMORY, "the process grew to {} MiB", mib(memory));
    Ok(())
}

/// Four well-behaved members of one room who measure how long a say takes to come back to everybody.
struct GoodRoom {
    players: Vec<Player>,
}

impl GoodRoom {
    async fn sit_down(seats: Vec<Seat>) -> anyhow::Result<Self> {
        let mut players = Vec::new();
        for seat in seats {
            let mut player = Player::new(seat);
            player.connect().await?;
            players.push(player);
        }
        Ok(Self { players })
    }

    /// One measurement: the first member says, and each say is timed until each of the four has seen it.
    async fn play(&mut self) -> anyhow::Result<Vec<Duration>> {
        let start = now();
        let tail = self.players.iter().map(Player::held).max().unwrap_or(0);
        let mut members = JoinSet::new();
        for (number, player) in self.players.drain(..).enumerate() {
            members.spawn(measure(player, number == 0, start));
        }
        let mut times = Vec::new();
        while let Some(member) = members.join_next().await {
            let (player, mut seen) = member??;
            times.append(&mut seen);
            self.players.push(player);
        }
        self.players
            .sort_by(|a, b| a.seat.member.cmp(&b.seat.member));
        for player in &mut self.players {
            let due = tail + u64::try_from(SAYS)?;
            player
                .until("everything said", |player| player.held() >= due)
                .await?;
        }
        Ok(times)
    }

    fn judge(self) -> anyhow::Result<()> {
        let lost: usize = self
            .players
            .iter()
            .filter(|player| !player.connected())
            .count();
        anyhow::ensure!(
            lost == 0,
            "{lost} well-behaved members lost their connection"
        );
        let histories: Vec<_> = self
            .players
            .into_iter()
            .map(|player| player.history)
            .collect();
        let wrong = check(&histories, Promise::PROCESS_KILLED);
        anyhow::ensure!(wrong.is_empty(), "the checker found {wrong:?}");
        Ok(())
    }
}

/// One member's part: the speaker says with the moment in it, everybody times what is seen.
async fn measure(
    mut player: Player,
    speaks: bool,
    start: Instant,
) -> anyhow::Result<(Player, Vec<Duration>)> {
    let mut times = Vec::new();
    let mut pace = tokio::time::interval(PACE);
    let mut said = 0;
    while times.len() < SAYS {
        tokio::select! {
            step = player.step() => match step? {
                Step::Record(record) => {
                    let body: serde_json::Value = serde_json::from_str(&record.body)?;
                    if let Some(micros) = body["at"].as_u64() {
                        times.push(start.elapsed().saturating_sub(Duration::from_micros(micros)));
                    }
                }
                Step::Closed(closed) => anyhow::bail!("a well-behaved member was closed: {closed:?}"),
                Step::Frame(_) => {}
            },
            _ = pace.tick(), if speaks && said < SAYS => {
                said += 1;
                player.say(&json!({"at": u64::try_from(start.elapsed().as_micros())?})).await;
            }
        }
    }
    Ok((player, times))
}

/// Every kind of hostile client, all kinds at once, until each has had its answer.
async fn attack(seats: Vec<Seat>, seed: u64, over: Arc<AtomicBool>) -> anyhow::Result<()> {
    let result = within(
        ANSWER,
        "the answers to all hostiles",
        all_kinds(seats, seed),
    )
    .await;
    over.store(true, Ordering::SeqCst);
    result?
}

async fn all_kinds(seats: Vec<Seat>, seed: u64) -> anyhow::Result<()> {
    let mut seats = seats.into_iter();
    let mut next = || seats.next().context("a seat for each kind that needs one");
    let mut kinds: JoinSet<anyhow::Result<String>> = JoinSet::new();
    let stranger = next()?;
    kinds.spawn(clients::garbage(stranger.clone(), Seeded::new(seed)));
    kinds.spawn(clients::flood(next()?));
    kinds.spawn(clients::oversized(next()?));
    let deaf = tokio::spawn(clients::never_reads(next()?, next()?));
    kinds.spawn(clients::stalls_in_a_frame(next()?));
    kinds.spawn(connections::slow_requests(
        stranger.visitor.site().to_owned(),
    ));
    kinds.spawn(connections::half_a_handshake(
        stranger.visitor.site().to_owned(),
    ));
    while let Some(kind) = kinds.join_next().await {
        say("hostile", kind??);
    }
    // These two last and alone, because while they last nobody new may come in, the other kinds neither.
    let site = stranger.visitor.site().to_owned();
    say("hostile", connections::silent_connections(site).await?);
    say("hostile", connections::thousands_of_sockets(next()?).await?);
    say("hostile", deaf.await??);
    Ok(())
}
