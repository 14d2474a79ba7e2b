//! A host that gives its rooms away: live ones are handed over, one after the other at a bounded pace, those nobody is
//! in are released, and joins are told where to go. It stays up, empty, until it is told to take rooms again or to stop.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout, timeout_at};

use crate::handover;
use crate::host::{Host, Shared};
use crate::housekeeping::release;
use crate::limits::{
    DRAIN_EVERY, HANDOVER_EVERY, HANDOVER_EVERY_MOST, HANDOVERS_AT_ONCE, HANDOVERS_WITHIN,
    PORT_WITHIN,
};
use crate::live::LiveRoom;
use crate::stop;

/// How giving the rooms away went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Rooms handed to another host with everybody in them.
    pub moved: u64,
    /// Rooms that are still here.
    pub left: usize,
}

impl Host {
    /// Gives every room away, and takes no other from now on. Ends when none is left, when no other host takes rooms,
    /// or after `within`; the host goes on giving rooms away until it stops.
    pub async fn drain(&self, within: Duration) -> Drained {
        let shared = &self.shared;
        let before = shared.desk.metrics.rooms_moved.get();
        let deadline = shared.time.instant(shared.time.elapsed() + within);
        shared.leaving.send_replace(true);
        let empty = async {
            let mut tick = interval(DRAIN_EVERY / 10);
            while shared.rooms.len() > 0 && shared.others_take_rooms() {
                tick.tick().await;
            }
        };
        let _ = timeout_at(deadline, empty).await;
        Drained {
            moved: shared.desk.metrics.rooms_moved.get() - before,
            left: shared.rooms.len(),
        }
    }

    /// Leaves the fleet, as at the end of the process: gives its rooms away if another host takes them, then stops. A
    /// host that could give away everything gives up its slot too; otherwise the same slot comes again and finds its
    /// rooms in the journal. Takes about `within` at most.
    pub async fn leave(&self, within: Duration) -> (Drained, stop::Summary) {
        let shared = &self.shared;
        let begun = shared.time.elapsed();
        let term = shared.membership.serving();
        if shared.others_take_rooms() {
            // So that nobody is sent here any more; if it cannot be said, who comes is sent on.
            let told = shared.ports.directory.drain(shared.config.slot, true);
            let _ = timeout(PORT_WITHIN.min(within / 4), told).await;
        }
        // A third is left for storing what could not be given away.
        let drained = self.drain(within * 2 / 3).await;
        let spent = shared.time.elapsed().saturating_sub(begun);
        let summary = self.stop(within.saturating_sub(spent)).await;
        let empty = summary.rooms == 0 && shared.desk.journal.rooms().is_empty();
        if let Some(term) = term.filter(|_| empty) {
            // If it cannot be said, the slot's next process takes its place, or others find this one lost.
            let told = shared.ports.directory.withdraw(term.me);
            let _ = timeout(PORT_WITHIN.min(within / 4), told).await;
        }
        (drained, summary)
    }
}

/// Gives rooms away whenever the host is to, until it stops.
pub(crate) async fn run(shared: Arc<Shared>) {
    let (mut asked, mut leaving) = (shared.membership.drain(), shared.leaving.subscribe());
    loop {
        if shared.is_draining() {
            let before = shared.rooms.len();
            round(&shared).await;
            if shared.rooms.len() >= before {
                sleep(DRAIN_EVERY).await;
            } else {
                tokio::task::yield_now().await;
            }
            continue;
        }
        let told = tokio::select! {
            told = asked.changed() => told,
            told = leaving.changed() => told,
        };
        // The senders live as long as the host does.
        if told.is_err() {
            return;
        }
    }
}

/// Goes through all rooms once.
async fn round(shared: &Arc<Shared>) {
    let mut rooms = shared.rooms.all();
    rooms.retain(|live| !live.ended());
    let (live, quiet): (Vec<_>, Vec<_>) =
        rooms.into_iter().partition(|live| live.connections() > 0);
    stream::iter(quiet)
        .for_each_concurrent(HANDOVERS_AT_ONCE, |live| let_go(shared, live))
        .await;
    let mut pace = interval(pace_for(live.len()));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let paced = stream::unfold((pace, live.into_iter()), |(mut pace, mut rooms)| async {
        pace.tick().await;
        rooms.next().map(|live| (live, (pace, rooms)))
    });
    paced
        .for_each_concurrent(HANDOVERS_AT_ONCE, |live| async move {
            // It may be undrained, somebody may just have left, or nobody may be there to take rooms.
            let wanted = shared.is_draining() && !shared.is_stopping();
            if wanted && live.connections() > 0 && shared.others_take_rooms() {
                let _logged = handover::hand_over(shared, &live).await;
            }
        })
        .await;
}

/// The time between the beginnings of two handovers of so many rooms.
fn pace_for(rooms: usize) -> Duration {
    let rooms = u32::try_from(rooms).unwrap_or(u32::MAX).max(1);
    (HANDOVERS_WITHIN / rooms).clamp(HANDOVER_EVERY, HANDOVER_EVERY_MOST)
}

/// Releases a room that nobody is in, once everything of it is stored.
async fn let_go(shared: &Arc<Shared>, live: Arc<LiveRoom>) {
    if !shared.rooms.let_go(&live, shared.time.elapsed()) {
        shared.migration.hasten(&live);
        return;
    }
    shared.migration.left(live.id, &shared.desk.metrics);
    shared.desk.metrics.rooms_evicted.up();
    release(shared, live).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_given_away_slowly_as_long_as_all_of_them_go_in_time() {
        assert_eq!(pace_for(0), HANDOVER_EVERY_MOST);
        assert_eq!(pace_for(100), HANDOVER_EVERY_MOST);
        assert_eq!(pace_for(3_000), Duration::from_millis(20));
        assert_eq!(pace_for(10_000), HANDOVER_EVERY);
    }
}
