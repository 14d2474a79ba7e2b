//! What clients saw and did, in the order it happened to each of them: the material the checker judges.
//! Stamps come from one counter of the test process, so that what happened to different clients can be compared.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wait::now;

/// The counter behind all stamps.
static STAMPS: AtomicU64 = AtomicU64::new(1);
/// The moment times are counted from.
static BEGINNING: LazyLock<Instant> = LazyLock::new(now);

/// The next stamp: later than every stamp handed out before.
#[must_use]
pub fn stamp() -> u64 {
    STAMPS.fetch_add(1, Ordering::SeqCst)
}

/// The time that goes with a stamp: how long this process has been looking. Stamps order what happened, times measure it.
#[must_use]
pub fn time() -> Duration {
    now().saturating_duration_since(*BEGINNING)
}

/// A record as it came over the wire (P4.2). The body is kept as text: not a byte of it may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub seq: u64,
    /// The epoch it was ordered in.
    pub epoch: u64,
    /// Who added it.
    pub from: Option<String>,
    /// The sender's own number.
    pub n: u64,
    /// The host's clock.
    pub at: u64,
    /// What kind of fact.
    pub kind: String,
    /// Its content as JSON text.
    pub body: String,
    /// The host's proof.
    pub mac: String,
}

#[derive(Deserialize)]
struct Wire<'a> {
    seq: u64,
    epoch: u64,
    from: Option<String>,
    n: u64,
    at: u64,
    kind: String,
    #[serde(borrow)]
    body: &'a RawValue,
    mac: String,
}

impl Record {
    /// Reads a `record` frame.
    ///
    /// # Errors
    /// When a field is absent or of the wrong type.
    pub fn parse(frame: &str) -> serde_json::Result<Self> {
        let wire: Wire<'_> = serde_json::from_str(frame)?;
        Ok(Self {
            seq: wire.seq,
            epoch: wire.epoch,
            from: wire.from,
            n: wire.n,
            at: wire.at,
            kind: wire.kind,
            body: wire.body.get().to_owned(),
            mac: wire.mac,
        })
    }
}

/// What the checker reads of a `welcome` (P4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The epoch in force.
    pub epoch: u64,
    /// The last record ordered.
    pub tail: u64,
    /// The last record in the archive.
    pub stored: u64,
    /// Whether the client's position goes on.
    pub resumed: bool,
    /// Where the client starts instead, and the state it starts from as JSON text.
    pub checkpoint: Option<(u64, String)>,
    /// The member's last number the log holds.
    pub n: u64,
    /// The `finished` record.
    pub finished: Option<u64>,
    /// The host's clock, in milliseconds since 1970.
    pub now: u64,
}

/// One thing that happened to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It began to ask for a connection.
    Asked,
    /// It was welcomed.
    Welcomed(Welcome),
    /// It was asked what it holds beyond the archive, and gave back all its records after this one.
    GaveBack {
        /// The record before the first one given back.
        after: u64,
    },
    /// It was told that what it saw after `seq` does not hold (P4.8).
    Rewound {
        /// The epoch that took it back.
        epoch: u64,
        /// The last record that still holds.
        seq: u64,
    },
    /// It saw a record. Log and history share it.
    Record(Arc<Record>),
    /// It was told that records to here are stored.
    Stored(u64),
    /// It was told that storing lags, or that it no longer does (P4.7). Noted when it changes.
    Behind(bool),
    /// It decided to add to the log: the number and the content as JSON text. Sent now, and again until ordered.
    Said {
        /// The member's number.
        n: u64,
        /// The content.
        body: String,
    },
    /// It offered the game's state after a record, as JSON text.
    Offered {
        /// The record.
        seq: u64,
        /// The state.
        state: String,
    },
    /// It was told that the room lives elsewhere (P4.9).
    Moved,
    /// Its connection ended, for whatever reason.
    Lost,
}

/// When, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place in the order of everything that happened to anybody.
    pub stamp: u64,
    /// The moment, as [`time`] has it.
    pub at: Duration,
    /// What happened.
    pub seen: Seen,
}

/// Everything that happened to one member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Whose.
    pub member: String,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl History {
    /// Nothing yet.
    #[must_use]
    pub fn new(member: &str) -> Self {
        Self {
            member: member.to_owned(),
            events: Vec::new(),
        }
    }

    /// Notes what happens now.
    pub fn note(&mut self, seen: Seen) {
        self.events.push(Event {
            stamp: stamp(),
            at: time(),
            seen,
        });
    }
}
