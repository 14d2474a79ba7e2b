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

#[allow(dead_code, reason = "the interface of handing rooms over")]
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

    /// The host that carries least of those that take rooms, other than the one in slot `except`; and counts one more
    /// room for it, so that many that are given away at one time are spread.
    pub(crate) fn least_loaded(&self, except: Slot) -> Option<HostItem> {
        let mut seen = self.lock();
        let Seen { hosts, given } = &mut *seen;
        let given_to = |slot| given.get(&slot).map_or(0, |(_, rooms)| *rooms);
        let chosen = hosts
            .iter()
            .filter(|host| host.id.slot != except && host.takes_rooms())
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
