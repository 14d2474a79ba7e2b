//! The joined connections of a room: where each stands in what all of them share.

use latchkey_protocol::{Seq, limits};

use crate::ConnectionId;
use crate::bucket::Tally;

/// One joined connection. There may be many thousands in a process, so it is a handful of numbers.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    /// Index of its member's seat.
    pub(crate) seat: usize,
    /// The last record it has taken.
    pub(crate) sent: Seq,
    /// The newest signal it has taken.
    pub(crate) signals: u64,
    /// The presence it was last told.
    pub(crate) presence: u64,
    /// The stored mark it was last told, and when.
    pub(crate) told: Seq,
    pub(crate) told_at_ms: u64,
    /// Whether it was told with it that storing lags.
    pub(crate) told_behind: bool,
    /// Its frames of this second.
    pub(crate) frames: Tally,
    /// Its refused frames.
    pub(crate) refusals: Tally,
}

impl Connection {
    /// From when on it is told by a frame of its own how far records are stored, and whether storing lags. A mark waits
    /// for another frame that takes it along; that storing lags or has caught up does not.
    pub(crate) fn told_alone_from(&self, stored_at_ms: u64, behind: bool) -> u64 {
        let news_at = match self.told_behind == behind {
            true => stored_at_ms,
            false => 0,
        };
        self.told_at_ms.max(news_at) + limits::STORED_ALONE_MS
    }
}

/// All of them, sorted by id.
#[derive(Debug, Default)]
pub(crate) struct Connections(Vec<Connection>);

impl Connections {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn find(&self, id: ConnectionId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |connection| connection.id)
    }

    pub(crate) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.find(id).ok().map(|at| &self.0[at])
    }

    pub(crate) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.find(id).ok().map(|at| &mut self.0[at])
    }

    /// Adds a connection, whose id must be new.
    pub(crate) fn insert(&mut self, connection: Connection) {
        let at = self.find(connection.id);
        debug_assert!(at.is_err(), "connection ids are never used twice");
        self.0.insert(at.unwrap_or_else(|at| at), connection);
    }

    pub(crate) fn remove(&mut self, id: ConnectionId) -> Option<Connection> {
        self.find(id).ok().map(|at| self.0.remove(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_waits_costs_its_room_less_than_a_hundred_bytes() {
        assert!(size_of::<Connection>() < 100, "{}", size_of::<Connection>());
    }
}
