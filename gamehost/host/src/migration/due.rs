//! The rooms that have something for the archive, in the order in which their time comes: a plain ordered map without
//! clock. Each room is here at most once, so there are never more than rooms. Every change of where a room stands
//! happens here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::live::LiveRoom;

/// When a room's time comes, in elapsed time, and a number that makes it unique and keeps the order of arrival.
pub(crate) type Place = (Duration, u64);

/// Where a room stands on its way to the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Standing {
    /// Nowhere: as far as is known it has nothing to store.
    #[default]
    Nowhere,
    /// It waits here.
    Waits(Place),
    /// It has its turn: what it had is on its way.
    Turn,
}

/// See the module.
#[derive(Default)]
pub(super) struct Due {
    rooms: BTreeMap<Place, Arc<LiveRoom>>,
    next: u64,
}

impl Due {
    /// Lets `live` wait until `when` at most; one that waits already is moved forward, never back. One that has its turn
    /// is asked again at the end of it.
    pub(super) fn put(&mut self, live: &Arc<LiveRoom>, when: Duration) {
        let mut standing = live.standing();
        match *standing {
            Standing::Turn => return,
            Standing::Waits((before, _)) if before <= when => return,
            Standing::Waits(place) => drop(self.rooms.remove(&place)),
            Standing::Nowhere => {}
        }
        let place = (when, self.next);
        self.next += 1;
        *standing = Standing::Waits(place);
        self.rooms.insert(place, live.clone());
    }

    /// Takes out the first room for its turn, if its time has come.
    pub(super) fn take(&mut self, now: Duration) -> Option<Arc<LiveRoom>> {
        let first = self.rooms.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let live = first.remove();
        *live.standing() = Standing::Turn;
        Some(live)
    }

    /// The turn of `live` is over.
    pub(super) fn end_turn(&mut self, live: &LiveRoom) {
        *live.standing() = Standing::Nowhere;
    }

    /// Lets a room that was taken out wait on instead.
    pub(super) fn put_back(&mut self, live: &Arc<LiveRoom>, when: Duration) {
        self.end_turn(live);
        self.put(live, when);
    }

    /// Whether a room's time has come.
    pub(super) fn any(&self, now: Duration) -> bool {
        self.rooms.keys().next().is_some_and(|first| first.0 <= now)
    }

    /// Lets go of rooms that have nothing to give any more.
    pub(super) fn drop_lost(&mut self) {
        self.rooms.retain(|_, live| {
            let lost = live.is_lost();
            if lost {
                *live.standing() = Standing::Nowhere;
            }
            !lost
        });
    }
}

#[cfg(test)]
mod tests {
    use latchkey_protocol::CloseCode;

    use super::*;
    use crate::live::tests::with_an_unstored_record;

    const SECOND: Duration = Duration::from_secs(1);

    fn rooms<const N: usize>() -> [Arc<LiveRoom>; N] {
        std::array::from_fn(|_| Arc::new(with_an_unstored_record()))
    }

    fn is(taken: Option<Arc<LiveRoom>>, expected: &Arc<LiveRoom>) -> bool {
        taken.is_some_and(|taken| Arc::ptr_eq(&taken, expected))
    }

    #[test]
    fn rooms_come_in_the_order_of_their_time_and_not_before_it() {
        let (mut due, [late, soon, as_soon]) = (Due::default(), rooms());
        due.put(&late, 3 * SECOND);
        due.put(&soon, 2 * SECOND);
        due.put(&as_soon, 2 * SECOND);
        assert!(!due.any(SECOND) && due.take(SECOND).is_none());
        assert!(due.any(2 * SECOND) && is(due.take(2 * SECOND), &soon));
        assert!(is(due.take(2 * SECOND), &as_soon));
        assert!(due.take(2 * SECOND).is_none());
        assert!(is(due.take(3 * SECOND), &late));
        assert!(due.take(Duration::MAX).is_none());
    }

    #[test]
    fn a_room_is_moved_forward_and_never_back_and_waits_once() {
        let (mut due, [room, other]) = (Due::default(), rooms());
        due.put(&room, 3 * SECOND);
        due.put(&other, 2 * SECOND);
        due.put(&room, SECOND);
        due.put(&room, 9 * SECOND);
        assert!(is(due.take(Duration::MAX), &room));
        assert!(is(due.take(Duration::MAX), &other));
        assert!(due.take(Duration::MAX).is_none());
    }

    #[test]
    fn a_room_that_has_its_turn_waits_for_no_other_until_that_is_over() {
        let (mut due, [room]) = (Due::default(), rooms());
        due.put(&room, SECOND);
        assert!(is(due.take(SECOND), &room));
        due.put(&room, SECOND);
        assert!(due.take(SECOND).is_none());
        due.end_turn(&room);
        assert_eq!(*room.standing(), Standing::Nowhere);
        due.put(&room, SECOND);
        assert!(is(due.take(SECOND), &room));
    }

    #[test]
    fn a_lost_room_is_let_go_and_stands_nowhere() {
        let (mut due, [lost, kept]) = (Due::default(), rooms());
        due.put(&lost, SECOND);
        due.put(&kept, SECOND);
        lost.stop(CloseCode::RoomFailed);
        due.drop_lost();
        assert_eq!(*lost.standing(), Standing::Nowhere);
        assert_eq!(Arc::strong_count(&lost), 1);
        assert!(is(due.take(SECOND), &kept));
    }
}
