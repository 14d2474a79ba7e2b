//! Rooms of which the journal may hold the only copy and which could not be opened yet: since when, how often it was
//! tried, and why it failed, for the operator to see. One that fails for good keeps the journal from forgetting.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchkey_protocol::RoomId;

/// A room that is owed to the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Since when, in time since the host started.
    pub since: Duration,
    /// How often opening it failed.
    pub failures: u32,
    /// Why it failed the last time; empty before the first.
    pub why: String,
}

/// All of them. There are never more than rooms in the journal.
#[derive(Debug, Default)]
pub(crate) struct OwedRooms(Mutex<BTreeMap<RoomId, Owed>>);

impl OwedRooms {
    /// Begins to owe `room`. Whether it was not owed before.
    pub(crate) fn owe(&self, room: RoomId, now: Duration) -> bool {
        let mut rooms = self.lock();
        let new = !rooms.contains_key(&room);
        rooms.entry(room).or_insert_with(|| Owed {
            since: now,
            failures: 0,
            why: String::new(),
        });
        new
    }

    /// It could not be opened. Whether that is the first time or for another reason than the last.
    pub(crate) fn failed(&self, room: RoomId, why: &str) -> bool {
        let mut rooms = self.lock();
        let Some(owed) = rooms.get_mut(&room) else {
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
        self.lock().get(&room).map(|owed| owed.since)
    }

    /// All of them, with what is known.
    pub(crate) fn all(&self) -> Vec<(RoomId, Owed)> {
        let rooms = self.lock();
        rooms
            .iter()
            .map(|(room, owed)| (*room, owed.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RoomId, Owed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
