//! Rooms of which the journal may hold the only copy and which could not be opened yet: since when, how often it was
//! tried, and why it failed, for the operator to see. One that fails for good keeps the journal from forgetting.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchkey_protocol::RoomId;

use crate::ports::HostId;

/// A room that is owed to the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owed {
    /// Since when, in time since the host started.
    pub(crate) since: Duration,
    /// How often opening it failed.
    pub(crate) failures: u32,
    /// Why it failed the last time; empty before the first.
    pub(crate) why: String,
}

/// Who sees to it that a room is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bringer {
    Nobody,
    /// A task in the background tries until it knows what became of it.
    Task,
    /// Its members, when they come: that was found in this enlisting. In a later one others may have it.
    Members(Option<HostId>),
}

#[derive(Debug)]
struct Room {
    owed: Owed,
    bringer: Bringer,
}

/// All of them. There are never more than rooms in the journal.
#[derive(Debug, Default)]
pub(crate) struct OwedRooms(Mutex<BTreeMap<RoomId, Room>>);

impl OwedRooms {
    /// Begins to owe `room`. Whether it was not owed before.
    pub(crate) fn owe(&self, room: RoomId, now: Duration) -> bool {
        let mut rooms = self.lock();
        let new = !rooms.contains_key(&room);
        rooms.entry(room).or_insert_with(|| Room {
            owed: Owed {
                since: now,
                failures: 0,
                why: String::new(),
            },
            bringer: Bringer::Nobody,
        });
        new
    }

    /// Whether a task is to bring the room from now on, for the host enlisted as `me`; not when one does already.
    pub(crate) fn take_up(&self, room: RoomId, me: Option<HostId>) -> bool {
        let mut rooms = self.lock();
        let Some(room) = rooms.get_mut(&room) else {
            return false;
        };
        let idle = match room.bringer {
            Bringer::Nobody => true,
            Bringer::Task => false,
            Bringer::Members(then) => me.is_some() && me != then,
        };
        if idle {
            room.bringer = Bringer::Task;
        }
        idle
    }

    /// No task brings the room any more, as `me` has to wait for its members.
    pub(crate) fn waits_for_members(&self, room: RoomId, me: Option<HostId>) {
        if let Some(room) = self.lock().get_mut(&room) {
            room.bringer = Bringer::Members(me);
        }
    }

    /// It could not be opened. Whether that is the first time or for another reason than the last.
    pub(crate) fn failed(&self, room: RoomId, why: &str) -> bool {
        let mut rooms = self.lock();
        let Some(Room { owed, .. }) = rooms.get_mut(&room) else {
            return true;
        };
        owed.failures = owed.failures.saturating_add(1);
        let news = owed.why != why;
        why.clone_into(&mut owed.why);
        news
    }

    /// It is not owed any more. Whether it was.
    pub(crate) fn settled(&self, room: RoomId) -> bool {
        self.lock().remove(&room).is_some()
    }

    /// Since when it is owed.
    pub(crate) fn since(&self, room: RoomId) -> Option<Duration> {
        self.lock().get(&room).map(|room| room.owed.since)
    }

    /// How many there are, and the `most` that are owed longest, with what is known of them.
    pub(crate) fn longest(&self, most: usize) -> (usize, Vec<(RoomId, Owed)>) {
        let rooms = self.lock();
        let mut longest: Vec<_> = rooms.iter().collect();
        longest.sort_by_key(|(_, room)| room.owed.since);
        let longest = longest.into_iter().take(most);
        let longest = longest.map(|(id, room)| (*id, room.owed.clone()));
        (rooms.len(), longest.collect())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RoomId, Room>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Generation, Slot};

    #[test]
    fn one_task_brings_a_room_and_one_that_waits_for_its_members_is_tried_again_in_a_later_enlisting()
     {
        let rooms = OwedRooms::default();
        let room = RoomId::from_random([1; 20]);
        let enlisted = |generation| {
            Some(HostId {
                slot: Slot(1),
                generation: Generation(generation),
            })
        };
        assert!(!rooms.take_up(room, enlisted(1)), "it is not owed");
        assert!(rooms.owe(room, Duration::ZERO) && !rooms.owe(room, Duration::ZERO));
        assert!(rooms.take_up(room, enlisted(1)) && !rooms.take_up(room, enlisted(2)));
        rooms.waits_for_members(room, enlisted(2));
        assert!(!rooms.take_up(room, enlisted(2)), "they have not come");
        assert!(!rooms.take_up(room, None), "the host does not serve");
        assert!(rooms.take_up(room, enlisted(3)), "others may have it now");
        assert!(rooms.settled(room) && rooms.owe(room, Duration::ZERO));
        assert!(rooms.take_up(room, enlisted(3)), "it is owed anew");
    }

    #[test]
    fn those_that_are_owed_longest_are_shown_first_and_no_more_than_are_asked_for() {
        let rooms = OwedRooms::default();
        let room = |number| RoomId::from_random([number; 20]);
        for (number, since) in [(1, 30), (2, 10), (3, 20)] {
            rooms.owe(room(number), Duration::from_secs(since));
        }
        let (count, longest) = rooms.longest(2);
        let shown: Vec<RoomId> = longest.into_iter().map(|(room, _)| room).collect();
        assert_eq!((count, shown), (3, vec![room(2), room(3)]));
    }
}
