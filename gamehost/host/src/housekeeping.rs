//! What happens to rooms beside play: idle ones leave memory, ended ones are taken out, and those whose records may be
//! in the journal alone are opened again in the background so that their records reach the archive.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use latchkey_protocol::RoomId;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::backoff::Backoff;
use crate::host::Shared;
use crate::limits::{OPENINGS_AT_ONCE, PORT_WITHIN, SWEEP_EVERY};
use crate::live::LiveRoom;
use crate::membership::Standing;
use crate::opening;
use crate::rooms::NotOpened;
use crate::waits;

/// Looks through the rooms every [`SWEEP_EVERY`], until the host stops.
pub(crate) async fn sweep(shared: Arc<Shared>) {
    let mut tick = interval(SWEEP_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.stopped() => return,
            _ = tick.tick() => {}
        }
        let swept = shared
            .rooms
            .sweep(shared.time.elapsed(), shared.config.limits.idle_room);
        let metrics = &shared.desk.metrics;
        metrics.rooms_evicted.add(swept.evicted.len() as u64);
        metrics.rooms_stopped.add(swept.stopped.len() as u64);
        for live in swept.evicted.iter().chain(&swept.stopped) {
            shared.migration.left(live.id, metrics);
        }
        let panicked = swept.stopped.iter().filter(|live| live.panicked());
        metrics.room_panics.add(panicked.count() as u64);
        let unfinished: Vec<_> = swept
            .stopped
            .iter()
            .filter(|live| live.owes())
            .map(|live| live.id)
            .collect();
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
async fn release(shared: &Shared, live: Arc<LiveRoom>) {
    let (room, epoch) = (live.id, live.epoch);
    let released = shared.ports.directory.release(live.owner, room, epoch);
    match timeout(PORT_WITHIN, released).await {
        Ok(Ok(())) => tracing::debug!(%room, %epoch, "the idle room left memory"),
        Ok(Err(error)) => tracing::warn!(%room, %epoch, %error, "the idle room was not released"),
        Err(_) => tracing::warn!(%room, %epoch, "releasing the idle room took too long"),
    }
}

/// As [`reopen`], once the host serves.
pub(crate) async fn reopen_when_serving(shared: Arc<Shared>, rooms: Vec<RoomId>) {
    let mut changes = shared.membership.changes();
    let serves = |standing: &Standing| matches!(standing, Standing::Serving(_));
    if changes.wait_for(serves).await.is_ok() {
        reopen(shared.clone(), rooms).await;
    }
}

/// Opens `rooms` and tries each until it is open, another host has it, or the host stops.
pub(crate) async fn reopen(shared: Arc<Shared>, rooms: Vec<RoomId>) {
    let openings = rooms.into_iter().map(|room| open_at_last(&shared, room));
    let all = stream::iter(openings)
        .buffer_unordered(OPENINGS_AT_ONCE)
        .collect::<()>();
    tokio::select! {
        () = shared.stopped() => {}
        () = all => {}
    }
}

async fn open_at_last(shared: &Arc<Shared>, room: RoomId) {
    let mut backoff = Backoff::new(waits::spread(shared.config.seed, room));
    loop {
        match opening::find(shared, room).await {
            Ok(_) | Err(NotOpened::Stopping) => return,
            Err(NotOpened::Elsewhere(url)) => {
                tracing::warn!(%room, url, "another host serves a room of which the journal holds records; they are given up");
                shared.give_up(room);
                return;
            }
            Err(NotOpened::NotReady(_) | NotOpened::Fenced | NotOpened::Full) => {
                sleep(backoff.failed()).await;
            }
        }
    }
}
