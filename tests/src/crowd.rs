//! Rooms full of people who play at a pace of their own, come back whenever their connection is gone, and settle when
//! told to: the load under which suites break things. What they saw is left to the checker.
//!
//! Suites choose moments by what the crowd has seen, not by time: the same seed breaks things after the same amount of
//! play on any machine.

mod member;
mod way_back;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::checker::{Promise, check};
use crate::history::History;
use crate::player::Player;
use crate::seat::Seat;
use crate::seeded::Seeded;
use crate::shop;
use crate::wait::within;

/// Buyers at the shop at one time.
const BUYERS: usize = 8;
/// Findings of one room that are told, and of all rooms.
const TOLD_PER_ROOM: usize = 5;
const TOLD: usize = 20;

/// How the members of a crowd behave.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Between two says of one member, in milliseconds: from, to.
    pub pace: (u64, u64),
    /// Bytes a say is padded with, at most.
    pub padding: u64,
    /// Records between two checkpoints; whoever sees such a record offers one, so that several race.
    pub checkpoint_every: u64,
    /// How they come back.
    pub come_back: ComeBack,
    /// Who takes a break does so once in so many says, for so many milliseconds; nobody when absent.
    pub breaks: Option<Break>,
    /// How long the rooms may take in the end until everybody has seen and stored everything.
    pub settle: Duration,
}

/// When a member tries to come back.
#[derive(Debug, Clone, Copy)]
pub enum ComeBack {
    /// At this distance, to meet a host that has only just come up as often as possible.
    Every(Duration),
    /// As the browser's sdk does (P9).
    LikeTheSdk,
}

/// A member's break from the game: its connection is cut without a word.
#[derive(Debug, Clone, Copy)]
pub struct Break {
    /// Once in so many says.
    pub one_in: u64,
    /// Milliseconds it stays away: from, to.
    pub away: (u64, u64),
}

/// What the members count together while they play.
#[derive(Debug, Default)]
struct Tally {
    records: AtomicU64,
    lost: AtomicU64,
    refused: AtomicU64,
    /// Members who were last told that storing lags.
    behind: AtomicU64,
    rooms: Vec<AtomicU64>,
    changed: Notify,
}

impl Tally {
    /// One member was told that storing lags, or that it no longer does.
    fn behind_is(&self, behind: bool) {
        if behind {
            self.behind.fetch_add(1, Ordering::SeqCst);
        } else {
            self.behind.fetch_sub(1, Ordering::SeqCst);
        }
        self.changed.notify_one();
    }
}

/// What the members are to do.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Play,
    Settle,
}

/// A crowd at play.
#[derive(Debug)]
pub struct Crowd {
    tally: Arc<Tally>,
    phase: watch::Sender<Phase>,
    members: JoinSet<(usize, anyhow::Result<Player>)>,
    settle: Duration,
}

/// A crowd that has come home.
#[derive(Debug)]
pub struct Settled {
    /// What everybody saw, room by room.
    pub histories: Vec<Vec<History>>,
    /// Frames that were refused because there were too many of them.
    pub slowed: u64,
    /// Members who did not see and store everything in time.
    pub unsettled: usize,
}

impl Crowd {
    /// Seats everybody and begins to play.
    #[must_use]
    pub fn begin(games: &[Vec<Seat>], manner: Manner, random: &Seeded) -> Self {
        let tally = Tally {
            rooms: games.iter().map(|_| AtomicU64::new(0)).collect(),
            ..Tally::default()
        };
        let tally = Arc::new(tally);
        let (phase, _) = watch::channel(Phase::Play);
        let mut members = JoinSet::new();
        let mut number = 0;
        for (room, seats) in games.iter().enumerate() {
            for seat in seats.clone() {
                let place = member::Place {
                    room,
                    seats: seats.len(),
                    tally: Arc::clone(&tally),
                    phase: phase.subscribe(),
                };
                let task = member::play(Player::new(seat), manner, random.part(number), place);
                number += 1;
                members.spawn(async move { (room, task.await) });
            }
        }
        Self {
            tally,
            phase,
            members,
            settle: manner.settle,
        }
    }

    /// Records seen so far, each once per member.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.tally.records.load(Ordering::SeqCst)
    }

    /// Connections lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.tally.lost.load(Ordering::SeqCst)
    }

    /// Frames so far that a host could not keep and refused as `unavailable`.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.tally.refused.load(Ordering::SeqCst)
    }

    /// Waits until `more` further frames were refused as `unavailable`.
    ///
    /// # Errors
    /// As [`Crowd::until_records`].
    pub async fn until_refused(&mut self, more: u64, longest: Duration) -> anyhow::Result<()> {
        let until = self.refused() + more;
        self.until(longest, "enough refusals", |tally| {
            tally.refused.load(Ordering::SeqCst) >= until
        })
        .await
    }

    /// Waits until as many `members` as that were last told that storing lags.
    ///
    /// # Errors
    /// As [`Crowd::until_records`].
    pub async fn until_behind(&mut self, members: u64, longest: Duration) -> anyhow::Result<()> {
        let what = format!("storing to lag for {members} members");
        self.until(longest, &what, |tally| {
            tally.behind.load(Ordering::SeqCst) == members
        })
        .await
    }

    /// Plays on for `time`.
    ///
    /// # Errors
    /// When a member stops playing by itself.
    pub async fn play_for(&mut self, time: Duration) -> anyhow::Result<()> {
        let never = self.until(time * 2, "never", |_| false);
        match tokio::time::timeout(time, never).await {
            Ok(stopped) => stopped,
            Err(_) => Ok(()),
        }
    }

    /// Waits until `more` further records were seen.
    ///
    /// # Errors
    /// When it takes longer than `longest`, or a member stops playing by itself.
    pub async fn until_records(&mut self, more: u64, longest: Duration) -> anyhow::Result<()> {
        let until = self.records() + more;
        self.until(longest, "enough records", |tally| {
            tally.records.load(Ordering::SeqCst) >= until
        })
        .await
    }

    /// Waits until in every room `more` further records were seen by each member, on average.
    ///
    /// # Errors
    /// As [`Crowd::until_records`].
    pub async fn until_each_room(&mut self, more: u64, longest: Duration) -> anyhow::Result<()> {
        let seats = (self.members.len() / self.tally.rooms.len().max(1)) as u64;
        let read = |room: &AtomicU64| room.load(Ordering::SeqCst);
        let due: Vec<u64> = self
            .tally
            .rooms
            .iter()
            .map(|room| read(room) + more * seats)
            .collect();
        self.until(longest, "records in every room", |tally| {
            tally
                .rooms
                .iter()
                .zip(&due)
                .all(|(room, due)| read(room) >= *due)
        })
        .await
    }

    async fn until(
        &mut self,
        longest: Duration,
        what: &str,
        enough: impl Fn(&Tally) -> bool,
    ) -> anyhow::Result<()> {
        let reached = async {
            loop {
                let changed = self.tally.changed.notified();
                if enough(&self.tally) {
                    return anyhow::Ok(());
                }
                tokio::select! {
                    () = changed => {}
                    Some(member) = self.members.join_next() => {
                        let (room, player) = member?;
                        player.with_context(|| format!("a member of room {room}"))?;
                        anyhow::bail!("a member of room {room} stopped playing by itself");
                    }
                }
            }
        };
        within(longest, what, reached).await?
    }

    /// Everybody says a last word and comes home when all of it is seen and stored, or when time is up: the checker says
    /// better than a deadline what went wrong.
    ///
    /// # Errors
    /// When a member met what is not the protocol, or does not come home at all.
    pub async fn settle(mut self) -> anyhow::Result<Settled> {
        self.phase.send_replace(Phase::Settle);
        let mut settled = Settled {
            histories: self.tally.rooms.iter().map(|_| Vec::new()).collect(),
            slowed: 0,
            unsettled: 0,
        };
        let seats = self.members.len() / settled.histories.len().max(1);
        let longest = self.settle * 2;
        while let Some(member) =
            within(longest, "the crowd to settle", self.members.join_next()).await?
        {
            let (room, player) = member?;
            let player = player.with_context(|| format!("a member of room {room}"))?;
            settled.slowed += player.slowed;
            settled.unsettled += usize::from(!member::has_settled(&player, seats));
            settled.histories[room].push(player.history);
        }
        Ok(settled)
    }
}

/// Buys `rooms` games and takes `seats` seats of each, several buyers at a time.
///
/// # Errors
/// When a step is refused.
pub async fn buy(site: &str, rooms: usize, seats: usize) -> anyhow::Result<Vec<Vec<Seat>>> {
    let mut buyers = JoinSet::new();
    let mut games = Vec::new();
    for _ in 0..rooms {
        let site = site.to_owned();
        buyers.spawn(async move { shop::game_with_seats(&site, seats).await });
        if buyers.len() >= BUYERS {
            let (_, seats) = buyers.join_next().await.context("all are buying")???;
            games.push(seats);
        }
    }
    while let Some(bought) = buyers.join_next().await {
        let (_, seats) = bought??;
        games.push(seats);
    }
    Ok(games)
}

/// Lets the checker judge every room.
///
/// # Errors
/// With what it found, first of all.
pub fn judge(histories: &[Vec<History>], promise: Promise) -> anyhow::Result<()> {
    let judged = histories.iter().map(|histories| check(histories, promise));
    tell(judged)
}

/// Makes an error of what the checker found, room by room, if it found anything.
///
/// # Errors
/// With the first findings.
pub fn tell<W: std::fmt::Display>(rooms: impl IntoIterator<Item = Vec<W>>) -> anyhow::Result<()> {
    let mut told = Vec::new();
    for (room, found) in rooms.into_iter().enumerate() {
        let found = found.iter().take(TOLD_PER_ROOM);
        told.extend(found.map(|one| format!("room {room}: {one}")));
    }
    anyhow::ensure!(
        told.is_empty(),
        "the checker found, first of all:\n{}",
        told[..told.len().min(TOLD)].join("\n")
    );
    Ok(())
}
