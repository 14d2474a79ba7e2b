//! What the host counts about itself: plain atomic numbers, cheap enough to be counted at every frame. Their text for
//! Prometheus is `text`, how delays are counted `delays`, what the kernel says of the process `process`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use latchkey_journal::AppendError;
use latchkey_protocol::{CloseCode, RefusalCode, RoomId, Seq};

mod delays;
mod process;
mod text;

pub use delays::DelayCounts;
pub(crate) use delays::{Delays, float};
pub(crate) use process::resident_bytes;
pub(crate) use text::{CONTENT_TYPE, render};

/// A number that goes up, or up and down.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn up(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// One less.
    pub fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// What it is now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether a number only goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It only goes up.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// One number as it is shown: its kind, its name, what it counts, and its value.
pub(crate) type Shown = (Kind, &'static str, &'static str, u64);

macro_rules! counts {
    ($($(#[doc = $doc:literal])* $kind:ident $name:ident;)*) => {
        /// The host's numbers.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $($(#[doc = $doc])* pub $name: Count,)*
            /// From a frame's turn until what it made the room send is written to every socket that takes it at once.
            pub(crate) delays: Delays,
            /// How far the journal is synced.
            pub(crate) synced: Synced,
            refusals: [Count; RefusalCode::ALL.len()],
            closes: [Count; CloseCode::ALL.len()],
            journal_refuses: AtomicBool,
        }

        impl Metrics {
            /// Every plain number.
            fn shown(&self) -> Vec<Shown> {
                vec![$((
                    kind!($kind),
                    stringify!($name),
                    concat!($($doc),*).trim(),
                    self.$name.get(),
                ),)*]
            }
        }
    };
}

macro_rules! kind {
    (counter) => {
        Kind::Counter
    };
    (gauge) => {
        Kind::Gauge
    };
}

counts! {
    /// Connections, joined or not.
    gauge connections;
    /// Connections that have not joined.
    gauge unjoined;
    /// Upgrades answered with an error.
    counter upgrades_refused;
    /// Upgrades whose socket could not be taken back from the HTTP server.
    counter sockets_not_raw;
    /// Joins that found a seat.
    counter joins;
    /// Frames received.
    counter frames_received;
    /// Frames sent.
    counter deliveries;
    /// Records ordered.
    counter records;
    /// Records the journal did not take.
    counter journal_refused;
    /// Syncs of the journal that failed.
    counter sync_failures;
    /// Chunks stored in the archive.
    counter chunks_stored;
    /// Records stored in the archive.
    counter records_stored;
    /// Calls of the archive that failed or had no answer within 10 s, but for what is wrong with one room alone.
    counter archive_failures;
    /// Pages asked of the archive for connections.
    counter pages_read;
    /// Checkpoints kept.
    counter checkpoints_kept;
    /// Finished games announced.
    counter finishes_announced;
    /// Rooms opened.
    counter rooms_opened;
    /// Rooms that could not be opened.
    counter rooms_not_opened;
    /// Rooms that left memory because nobody was in them.
    counter rooms_evicted;
    /// Rooms taken out because they failed or may not be served here any more.
    counter rooms_stopped;
    /// Rooms of which the journal may hold the only copy and which could not be opened yet.
    gauge rooms_owed;
    /// Rooms of which the archive cannot read its own copy: their records stay in the journal.
    gauge rooms_stuck;
    /// Rooms rebuilt from what members vouched for.
    counter rooms_rebuilt;
    /// Records put aside because they are not part of a room's history, or by the operator.
    counter records_put_aside;
    /// Live rooms handed over to another host.
    counter rooms_moved;
    /// Handovers that did not come about; the log says why.
    counter handovers_given_up;
    /// Times the host stopped serving because its lease ended or it was found lost.
    counter fencings;
    /// Other hosts that this one marked lost.
    counter hosts_marked_lost;
    /// Rooms in which something panicked; each is rebuilt from the journal.
    counter room_panics;
}

impl Metrics {
    /// A record was given to the journal.
    pub(crate) fn appended(&self, room: RoomId, seq: Seq, appended: &Result<(), AppendError>) {
        let Err(error) = appended else {
            self.records.up();
            // Looked at first, because it is nearly always as it should be, and a look costs nothing.
            if self.journal_refuses.load(Ordering::Relaxed)
                && self.journal_refuses.swap(false, Ordering::Relaxed)
            {
                tracing::info!(%room, %seq, "the journal takes records again");
            }
            return;
        };
        self.journal_refused.up();
        // A journal that refuses does so for every record; one line says it.
        if !self.journal_refuses.swap(true, Ordering::Relaxed) {
            tracing::error!(%room, %seq, %error, "the journal refuses records");
        }
    }

    /// A room refused a frame.
    pub(crate) fn refused(&self, code: RefusalCode) {
        self.refusals[place(RefusalCode::ALL, code)].up();
    }

    /// How many frames were refused with `code`.
    #[must_use]
    pub fn refusals(&self, code: RefusalCode) -> u64 {
        self.refusals[place(RefusalCode::ALL, code)].get()
    }

    /// A connection was closed by the host.
    pub(crate) fn closed(&self, code: CloseCode) {
        self.closes[place(CloseCode::ALL, code)].up();
    }

    /// How many connections the host closed with `code`.
    #[must_use]
    pub fn closes(&self, code: CloseCode) -> u64 {
        self.closes[place(CloseCode::ALL, code)].get()
    }

    /// What a frame made the room send has been written to every socket that takes it at once; the frame's turn began
    /// at `begun`. Both are elapsed time.
    pub(crate) fn delivered(&self, begun: Duration, now: Duration) {
        self.delays.note(now.saturating_sub(begun));
    }
}

fn place<T: PartialEq>(all: &[T], code: T) -> usize {
    let at = all.iter().position(|known| *known == code);
    at.expect("the list has every code there is")
}

/// When all records were last known to be synced.
#[derive(Debug, Default)]
pub(crate) struct Synced {
    records: AtomicU64,
    at_ms: AtomicU64,
}

impl Synced {
    /// The first `records` records are synced, and there was no further one at `at` (elapsed time).
    pub(crate) fn note(&self, records: u64, at: Duration) {
        let at_ms = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        self.at_ms.store(at_ms, Ordering::Relaxed);
        self.records.store(records, Ordering::Release);
    }

    /// An age that no record exceeds that is not synced, of `records` in all.
    pub(crate) fn lag(&self, records: u64, now: Duration) -> Duration {
        if self.records.load(Ordering::Acquire) >= records {
            return Duration::ZERO;
        }
        now.saturating_sub(Duration::from_millis(self.at_ms.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_lags_by_no_more_than_the_time_since_all_was_synced() {
        let synced = Synced::default();
        let seconds = Duration::from_secs;
        synced.note(7, seconds(100));
        assert_eq!(synced.lag(7, seconds(160)), Duration::ZERO);
        assert_eq!(synced.lag(8, seconds(160)), seconds(60));
    }
}
