//! The hosts as last seen, for choosing where rooms go. A snapshot may be old: who is chosen may refuse.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ports::{HostItem, Slot};

/// The hosts as last seen.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    hosts: Arc<[HostItem]>,
    /// Rooms given to each host since it was seen at its last beat, which its load does not show yet.
    given: HashMap<Slot, (u64, u32)>,
}

impl Fleet {
    /// The directory listed these.
    pub(crate) fn saw(&self, hosts: Vec<HostItem>) {
        let mut seen = self.lock();
        let beats: HashMap<_, _> = hosts.iter().map(|host| (host.id.slot, host.beat)).collect();
        seen.given
            .retain(|slot, (beat, _)| beats.get(slot) == Some(beat));
        seen.hosts = hosts.into();
    }

    /// All of them, lost and draining ones too.
    pub(crate) fn hosts(&self) -> Arc<[HostItem]> {
        self.lock().hosts.clone()
    }

    /// How many hosts take rooms of the one in slot `giver`.
    pub(crate) fn takers(&self, giver: Slot) -> usize {
        let hosts = self.hosts();
        let takers = hosts.iter().filter(|host| host.takes_rooms_of(giver));
        takers.count()
    }

    /// Chooses who takes a room of the host in slot `giver`: the one that carries least of those that can. Counts the
    /// room as given to it, so that many that are given away at one time are spread.
    pub(crate) fn choose_taker(&self, giver: Slot) -> Option<HostItem> {
        let mut seen = self.lock();
        let Seen { hosts, given } = &mut *seen;
        let given_to = |slot| given.get(&slot).map_or(0, |(_, rooms)| *rooms);
        let chosen = hosts
            .iter()
            .filter(|host| host.takes_rooms_of(giver))
            .min_by_key(|host| {
                let rooms = host.load.rooms.saturating_add(given_to(host.id.slot));
                (rooms, host.load.connections, host.id.slot)
            })?
            .clone();
        let count = given.entry(chosen.id.slot).or_insert((chosen.beat, 0));
        count.1 = count.1.saturating_add(1);
        Some(chosen)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Generation, HostId, Load};

    fn host(slot: u16, beat: u64, rooms: u32) -> HostItem {
        HostItem {
            id: HostId {
                slot: Slot(slot),
                generation: Generation(1),
            },
            region: "here".to_owned(),
            url: format!("ws://{slot}"),
            version: "1.2.3".to_owned(),
            beat,
            load: Load {
                rooms,
                connections: 0,
            },
            draining: false,
            lost: false,
        }
    }

    fn chosen(fleet: &Fleet) -> Option<u16> {
        Some(fleet.choose_taker(Slot(1))?.id.slot.0)
    }

    #[test]
    fn rooms_that_are_given_away_at_one_time_are_spread_until_the_loads_show_them() {
        let fleet = Fleet::default();
        assert_eq!(chosen(&fleet), None);
        let hosts = || vec![host(1, 1, 0), host(2, 1, 2), host(3, 1, 0)];
        fleet.saw(hosts());
        let five: Vec<_> = (0..5).map(|_| chosen(&fleet).unwrap()).collect();
        assert_eq!(five, [3, 3, 2, 3, 2]);
        fleet.saw(hosts());
        assert_eq!(chosen(&fleet), Some(3), "these loads are of before");
        fleet.saw(vec![host(1, 2, 0), host(2, 2, 1), host(3, 2, 3)]);
        assert_eq!(chosen(&fleet), Some(2), "a new beat tells the true load");
    }

    #[test]
    fn nobody_is_chosen_who_takes_no_rooms() {
        let fleet = Fleet::default();
        let lost = HostItem {
            lost: true,
            ..host(2, 1, 0)
        };
        let draining = HostItem {
            draining: true,
            ..host(3, 1, 0)
        };
        fleet.saw(vec![host(1, 1, 0), lost, draining]);
        assert_eq!((chosen(&fleet), fleet.hosts().len()), (None, 3));
        assert_eq!((fleet.takers(Slot(1)), fleet.takers(Slot(2))), (0, 1));
        fleet.saw(vec![host(1, 1, 0), host(2, 1, 9)]);
        assert_eq!(chosen(&fleet), Some(2));
    }
}
