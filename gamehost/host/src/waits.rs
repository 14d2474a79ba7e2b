//! Rooms for which something fails that works for others: each waits for itself, longer after every failure, and holds
//! up no other room.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchkey_protocol::RoomId;

use crate::backoff::Backoff;

/// The waits of one kind of work. There are never more than rooms in memory: a room that leaves is taken off.
#[derive(Debug)]
pub(crate) struct Waits {
    seed: u64,
    rooms: Mutex<HashMap<RoomId, Wait>>,
}

#[derive(Debug)]
struct Wait {
    backoff: Backoff,
    /// When it may be tried again, in elapsed time.
    until: Duration,
}

impl Waits {
    /// Nobody waits; `seed` spreads the waits.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            rooms: Mutex::default(),
        }
    }

    /// It failed for `room`. Whether this was the first failure since it last worked.
    pub(crate) fn failed(&self, room: RoomId, now: Duration) -> bool {
        let mut rooms = self.lock();
        let first = !rooms.contains_key(&room);
        let wait = rooms.entry(room).or_insert_with(|| Wait {
            backoff: Backoff::new(spread(self.seed, room)),
            until: Duration::ZERO,
        });
        wait.until = now + wait.backoff.failed();
        first
    }

    /// It worked for `room`, or is not asked for any more. Whether it had failed before.
    pub(crate) fn over(&self, room: RoomId) -> bool {
        self.lock().remove(&room).is_some()
    }

    /// Whether `room` still has to wait.
    pub(crate) fn holds(&self, room: RoomId, now: Duration) -> bool {
        now < self.until(room)
    }

    /// Until when `room` has to wait, in elapsed time.
    pub(crate) fn until(&self, room: RoomId) -> Duration {
        let rooms = self.lock();
        rooms.get(&room).map_or(Duration::ZERO, |wait| wait.until)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Wait>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A seed of the room's own, so that rooms which fail together do not come back together.
pub(crate) fn spread(seed: u64, room: RoomId) -> u64 {
    let fold = |sum: u64, byte: &u8| sum.wrapping_mul(31).wrapping_add(u64::from(*byte));
    seed ^ room.as_bytes().iter().fold(0, fold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_waits_longer_after_each_failure_and_no_other_room_waits() {
        let waits = Waits::new(1);
        let (room, other) = (RoomId::from_random([1; 20]), RoomId::from_random([2; 20]));
        let mut now = Duration::ZERO;
        let mut longest = Duration::ZERO;
        assert!(waits.failed(room, now), "it is the first");
        for _ in 0..5 {
            assert!(!waits.holds(other, now));
            let begun = now;
            while waits.holds(room, now) {
                now += Duration::from_millis(10);
            }
            longest = longest.max(now - begun);
            assert!(!waits.failed(room, now), "it failed before");
        }
        assert!(longest > Duration::from_secs(3), "found {longest:?}");
        assert!(waits.over(room) && !waits.over(room));
        assert!(!waits.holds(room, now));
    }
}
