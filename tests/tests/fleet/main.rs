//! Many hosts, and everything that may happen to one of them, over real processes: rooms move, hosts are drained, rolled,
//! killed, paused and lost with their disks, archive and directory are slow or away, a disk is full. Every test plays
//! meanwhile and lets the checker judge what everybody saw, and what the archive holds in the end.
//!
//! Faults are made from outside (locks, signals, a small disk); the product has no switch for them. `LATCHKEY_SEED`
//! repeats a run's choices; sizes are raised by the variables each file names. Figures are reported and not judged, but
//! for deadlines so generous that only what hangs misses them.

mod chaos;
mod evenings;
mod loss;
mod moves;
mod outages;
mod owners;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use latchkey_tests::checker::{Promise, check_archive};
use latchkey_tests::crowd::{self, ComeBack, Crowd, Manner, Settled};
use latchkey_tests::figures;
use latchkey_tests::history::{History, Record, Seen};
use latchkey_tests::platform::{Options, Platform};
use latchkey_tests::player::Player;
use latchkey_tests::report::say;
use latchkey_tests::seat::Seat;
use latchkey_tests::seeded::Seeded;
use latchkey_tests::settings;

/// Members of each room.
const SEATS: usize = 4;
/// How long anything that a fleet does by itself may take: far above expiry and every wait together.
const SOON: Duration = Duration::from_secs(60);

/// Rooms read from the archive at one time.
const READERS: usize = 100;

/// People who play and come back as their browsers do.
const MANNER: Manner = Manner {
    pace: (800, 1_600),
    padding: 100,
    checkpoint_every: 50,
    come_back: ComeBack::LikeTheSdk,
    breaks: None,
    settle: Duration::from_secs(40),
};

/// A platform with several hosts and bought games.
struct Fleet {
    name: &'static str,
    platform: Platform,
    games: Vec<Vec<Seat>>,
    random: Seeded,
}

impl Fleet {
    /// Starts `hosts` hosts and buys `rooms` games.
    async fn start(name: &'static str, hosts: u16, rooms: usize) -> anyhow::Result<Self> {
        Self::start_with(name, hosts, rooms, Options::default()).await
    }

    async fn start_with(
        name: &'static str,
        hosts: u16,
        rooms: usize,
        options: Options,
    ) -> anyhow::Result<Self> {
        Self::seated(name, hosts, rooms, SEATS, options).await
    }

    /// The same with `seats` members in each room.
    async fn seated(
        name: &'static str,
        hosts: u16,
        rooms: usize,
        seats: usize,
        mut options: Options,
    ) -> anyhow::Result<Self> {
        let seed = settings::seed();
        say(
            name,
            format_args!("LATCHKEY_SEED={seed} repeats this run's choices"),
        );
        options
            .arguments
            .extend(["--hosts".to_owned(), hosts.to_string()]);
        let platform = Platform::start_with(&format!("fleet-{name}"), options).await?;
        let games = crowd::buy(platform.site(), rooms, seats).await?;
        let random = Seeded::new(seed);
        Ok(Self {
            name,
            platform,
            games,
            random,
        })
    }

    /// Everybody begins to play; returns when every room does.
    async fn play(&self, manner: Manner) -> anyhow::Result<Crowd> {
        let mut crowd = Crowd::begin(&self.games, manner, &self.random);
        crowd.until_each_room(3, SOON).await?;
        Ok(crowd)
    }

    /// Lets everybody come home and the checker judge them and the archive.
    async fn finish(self, crowd: Crowd, promise: Promise) -> anyhow::Result<Settled> {
        let settled = crowd
            .settle()
            .await
            .with_context(|| self.platform.log_tail())?;
        crowd::judge(&settled.histories, promise)?;
        anyhow::ensure!(
            settled.unsettled == 0,
            "{} members did not see and store everything",
            settled.unsettled
        );
        let (says, records) = figures::counts(&settled.histories);
        say(
            self.name,
            format_args!(
                "{says} says, {records} records seen, {} rewinds; the checker found nothing",
                figures::rewinds(&settled.histories)
            ),
        );
        self.close(&settled.histories).await?;
        Ok(settled)
    }

    /// Stops the platform; then the archive, read by somebody new after all journals are gone, must hold every room whole.
    async fn close(mut self, histories: &[Vec<History>]) -> anyhow::Result<()> {
        self.stop().await?;
        for slot in 1..=9 {
            let journal = self.platform.journal(slot);
            if journal.is_dir() {
                std::fs::remove_dir_all(journal)?;
            }
        }
        self.platform.restart().await?;
        // Many at a time: a room without a journal waits a moment for others who might have seen more.
        let reads = self
            .games
            .iter()
            .zip(histories)
            .map(async |(seats, histories)| {
                let seat = seats.first().context("rooms have members")?;
                let archived = read(seat, last_seen(histories)).await?;
                anyhow::Ok(check_archive(histories, &archived))
            });
        let judged: Vec<_> = stream::iter(reads).buffered(READERS).try_collect().await?;
        crowd::tell(judged)?;
        self.stop().await
    }

    async fn stop(&mut self) -> anyhow::Result<()> {
        let status = self.platform.stop("-TERM").await?;
        anyhow::ensure!(status.success(), "the stop ended with {status}");
        Ok(())
    }
}

/// The room's log from its first record, as somebody gets it who has nothing.
async fn read(seat: &Seat, tail: u64) -> anyhow::Result<Vec<Arc<Record>>> {
    let mut reader = Player::new(seat.clone());
    reader.whole = true;
    // A host with an empty journal waits until its former self would have fallen silent.
    reader
        .keep_until("the whole log", SOON, |reader| reader.held() >= tail)
        .await?;
    Ok(reader.log)
}

/// The last record anybody saw.
fn last_seen(histories: &[History]) -> u64 {
    let events = histories.iter().flat_map(|history| &history.events);
    let seqs = events.filter_map(|event| match &event.seen {
        Seen::Record(record) => Some(record.seq),
        _ => None,
    });
    seqs.max().unwrap_or(0)
}
