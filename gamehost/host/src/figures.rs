//! The few figures by which a host is watched from afar, at one moment. All of them, for people who look at one host, are
//! in `metrics`.

use std::sync::Arc;
use std::time::Duration;

use latchkey_protocol::CloseCode;

use crate::health::State;
use crate::host::{Host, Shared};
use crate::metrics::{DelayCounts, float};

/// How connections are closed that wanted to join and could not.
const JOIN_REFUSED: [CloseCode; 6] = [
    CloseCode::JoinLate,
    CloseCode::NotReady,
    CloseCode::Overloaded,
    CloseCode::RoomFull,
    CloseCode::TicketExpired,
    CloseCode::TicketInvalid,
];

/// A host at one moment. Counts are since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// Whether its lease holds.
    pub serving: bool,
    /// Rooms in memory.
    pub rooms: u64,
    /// Connections, joined or not.
    pub connections: u64,
    /// Age of the oldest record that is not stored.
    pub archive_lag: Duration,
    /// No record that is not synced is older.
    pub journal_lag: Duration,
    /// How full the journal is, or the memory of records that are not stored: whichever is nearer to its limit, of 1.
    pub unstored: f64,
    /// Whether the journal lost a sync, and rooms of which the archive cannot read its copy.
    pub in_danger: u64,
    /// Rooms in which something panicked.
    pub room_panics: u64,
    /// Joins that found a seat.
    pub joins: u64,
    /// Upgrades that were refused, and connections closed for want of a ticket, a place or the room.
    pub joins_refused: u64,
    /// How long deliveries took.
    pub delays: DelayCounts,
}

impl Figures {
    fn of(shared: &Shared) -> Self {
        let (state, metrics) = (State::of(shared), &shared.desk.metrics);
        let closed = JOIN_REFUSED.into_iter().map(|code| metrics.closes(code));
        let (journal, backlog) = (&state.journal, &shared.desk.backlog);
        let full = |bytes, limit: u64| float(bytes) / float(limit.max(1));
        Self {
            serving: state.serving.is_ok(),
            rooms: shared.rooms.len() as u64,
            connections: metrics.connections.get(),
            archive_lag: state.archive_lag,
            journal_lag: state.journal_lag,
            unstored: full(journal.bytes, journal.limit)
                .max(full(backlog.bytes(), backlog.limit())),
            in_danger: u64::from(journal.failed) + metrics.rooms_stuck.get(),
            room_panics: metrics.room_panics.get(),
            joins: metrics.joins.get(),
            joins_refused: metrics.upgrades_refused.get() + closed.sum::<u64>(),
            delays: metrics.delays.counts(),
        }
    }

    /// The time within which 99 of 100 deliveries since `earlier` were written; nothing when there were none.
    #[must_use]
    pub fn delivered_within(&self, earlier: &Self) -> Option<Duration> {
        self.delays.since(earlier.delays).quantile(0.99)
    }
}

impl Host {
    /// The host's figures now; nothing when the journal does not answer in time, because its disk hangs.
    pub async fn figures(&self) -> Option<Figures> {
        let shared: Arc<Shared> = self.shared.clone();
        crate::health::look(move || Figures::of(&shared)).await
    }

    /// Whether the process does its work, as `healthz` says: if not, only starting it again may help.
    pub async fn is_alive(&self) -> bool {
        crate::health::is_alive(&self.shared).await
    }
}
