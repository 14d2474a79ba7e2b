//! What happens to rooms beside play: idle ones leave memory, ended ones are taken out, and those whose records may be
//! in the journal alone are opened again in the background so that their records reach the archive.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use latchkey_protocol::RoomId;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::backoff::Backoff;
use crate::fence;
use crate::host::Shared;
use crate::limits::{OPENINGS_AT_ONCE, PORT_WITHIN, SWEEP_EVERY};
use crate::live::LiveRoom;
use crate::opening::{self, For};
use crate::ports::HostId;
use crate::rooms::NotOpened;

/// Looks through the rooms every [`SWEEP_EVERY`], until the host stops.
pub(crate) async fn sweep(shared: Arc<Shared>) {
    let mut tick = interval(SWEEP_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.stopped() => return,
            _ = tick.tick() => {}
        }
        fence::fence(&shared);
        let swept = shared
            .rooms
            .sweep(shared.time.elapsed(), shared.config.limits.idle_room);
        let metrics = &shared.desk.metrics;
        metrics.rooms_evicted.add(swept.evicted.len() as u64);
        metrics.rooms_stopped.add(swept.stopped.len() as u64);
        for live in swept.evicted.iter().chain(&swept.stopped) {
            shared.migration.left(live.id, metrics);
        }
        if !swept.stopped.is_empty() {
            shared.migration.drop_lost();
        }
        let panicked = swept.stopped.iter().filter(|live| live.panicked());
        metrics.room_panics.add(panicked.count() as u64);
        let failed = swept.stopped.iter().filter(|live| live.owes());
        let failed = failed.map(|live| live.id).collect();
        let unfinished = [take_up(&shared, failed), take_up(&shared, stray(&shared))].concat();
        if !unfinished.is_empty() {
            tokio::spawn(reopen(shared.clone(), unfinished));
        }
        let releases = swept.evicted.into_iter().map(|live| release(&shared, live));
        stream::iter(releases)
            .buffer_unordered(OPENINGS_AT_ONCE)
            .collect::<()>()
            .await;
    }
}

/// Gives up a room that left memory, so that it may be opened anywhere. Failing to is harmless: the next claim takes it.
pub(crate) async fn release(shared: &Shared, live: Arc<LiveRoom>) {
    let (room, epoch) = (live.id, live.epoch);
    let released = shared.ports.directory.release(live.owner, room, epoch);
    match timeout(PORT_WITHIN, released).await {
        Ok(Ok(())) => tracing::debug!(%room, %epoch, "the idle room left memory"),
        Ok(Err(error)) => tracing::warn!(%room, %epoch, %error, "the idle room was not released"),
        Err(_) => tracing::warn!(%room, %epoch, "releasing the idle room took too long"),
    }
}

/// Rooms of which the journal holds records while they are neither here nor on their way: whoever wanted one came in
/// vain, or it waited for members when the host was last enlisted.
fn stray(shared: &Shared) -> Vec<RoomId> {
    let mut rooms = shared.desk.journal.rooms();
    rooms.retain(|room| !shared.rooms.has(*room));
    rooms
}

/// Owes `rooms`; those of them that [`reopen`] is to bring, because nobody does.
pub(crate) fn take_up(shared: &Shared, mut rooms: Vec<RoomId>) -> Vec<RoomId> {
    let me = enlisted(shared);
    rooms.retain(|room| {
        shared.owe(*room);
        shared.owed.take_up(*room, me)
    });
    rooms
}

fn enlisted(shared: &Shared) -> Option<HostId> {
    shared.membership.serving().map(|term| term.me)
}

/// Opens `rooms` and tries each until it is open, another host has it, or the host stops. All have their turn before one
/// is tried again, so that rooms that fail for ever hold up no others.
pub(crate) async fn reopen(shared: Arc<Shared>, mut rooms: Vec<RoomId>) {
    let mut backoff = Backoff::new(shared.config.seed);
    let work = async {
        while !rooms.is_empty() {
            shared.membership.served().await;
            // What has been put aside, or opened for somebody, is owed no more.
            rooms.retain(|room| shared.owed.since(*room).is_some());
            let openings = rooms.drain(..).map(|room| reopen_one(&shared, room));
            let left: Vec<_> = stream::iter(openings)
                .buffer_unordered(OPENINGS_AT_ONCE)
                .filter_map(std::future::ready)
                .collect()
                .await;
            rooms = left;
            if !rooms.is_empty() {
                sleep(backoff.failed()).await;
            }
        }
    };
    tokio::select! {
        () = shared.stopped() => {}
        () = work => {}
    }
}

/// Opens `room`; the room when that is to be tried again.
async fn reopen_one(shared: &Arc<Shared>, room: RoomId) -> Option<RoomId> {
    match opening::find(shared, room, For::Journal).await {
        Ok(_) | Err(NotOpened::Elsewhere(_)) => {
            shared.settled(room);
            None
        }
        // It stays owed: a member's join opens it, or the operator puts its records aside.
        Err(NotOpened::WaitsForMembers) => {
            shared.owed.waits_for_members(room, enlisted(shared));
            None
        }
        Err(NotOpened::Stopping) => None,
        Err(
            NotOpened::ElsewhereAndOwed(_)
            | NotOpened::NotReady(_)
            | NotOpened::FormerMayLive
            | NotOpened::Fenced
            | NotOpened::Full,
        ) => Some(room),
    }
}
