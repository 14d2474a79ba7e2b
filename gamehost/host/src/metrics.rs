//! What the host counts about itself: plain atomic counters, and their text in the Prometheus format. Serving that
//! text is somebody else's work.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use latchkey_journal::{AppendError, Figures};
use latchkey_protocol::{CloseCode, RoomId, Seq, UnixMs};

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

macro_rules! counts {
    ($($(#[doc = $doc:literal])* $kind:ident $name:ident;)*) => {
        /// The host's counters.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $($(#[doc = $doc])* pub $name: Count,)*
            refusals: [Count; REFUSALS.len()],
            closes: [Count; CloseCode::ALL.len()],
            journal_refuses: AtomicBool,
        }

        impl Metrics {
            fn write_counts(&self, out: &mut String) {
                $(
                    let help = concat!($($doc),*).trim();
                    write_one(out, stringify!($name), stringify!($kind), help, self.$name.get());
                )*
            }
        }
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
    /// Calls of the archive that failed.
    counter archive_failures;
    /// Pages read from the archive for connections.
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
    /// Rooms taken out because they failed or were lost to another writer.
    counter rooms_stopped;
    /// Rooms of which the archive cannot read its own copy: their records stay in the journal.
    gauge rooms_stuck;
    /// Live rooms handed over to another host.
    counter rooms_moved;
    /// Handovers that were given up, after which the room was played on here.
    counter handovers_given_up;
}

/// The codes of `refused` frames (P8).
const REFUSALS: [&str; 10] = [
    "too_large",
    "rate",
    "gap",
    "profile",
    "signal",
    "checkpoint_too_large",
    "checkpoint_early",
    "finished",
    "unknown_op",
    "unavailable",
];

impl Metrics {
    /// A record was given to the journal.
    pub(crate) fn appended(&self, room: RoomId, seq: Seq, appended: &Result<(), AppendError>) {
        let Err(error) = appended else {
            self.records.up();
            self.journal_refuses.store(false, Ordering::Relaxed);
            return;
        };
        self.journal_refused.up();
        // A journal that refuses does so for every record; one line says it.
        if !self.journal_refuses.swap(true, Ordering::Relaxed) {
            tracing::error!(%room, %seq, %error, "the journal refuses records");
        }
    }

    /// A room answered a frame.
    pub(crate) fn replied(&self, frame: &[u8]) {
        let Some(rest) = frame.strip_prefix(br#"{"op":"refused""#) else {
            return;
        };
        let marker = br#""code":""#;
        let Some(at) = rest
            .windows(marker.len())
            .position(|window| window == marker)
        else {
            return;
        };
        let code = rest[at + marker.len()..]
            .split(|byte| *byte == b'"')
            .next()
            .unwrap_or_default();
        if let Some(index) = REFUSALS.iter().position(|known| known.as_bytes() == code) {
            self.refusals[index].up();
        }
    }

    /// A connection was closed by the host.
    pub(crate) fn closed(&self, code: CloseCode) {
        if let Some(index) = CloseCode::ALL.iter().position(|known| *known == code) {
            self.closes[index].up();
        }
    }

    /// How many connections the host closed with `code`.
    #[must_use]
    pub fn closes(&self, code: CloseCode) -> u64 {
        CloseCode::ALL
            .iter()
            .position(|known| *known == code)
            .map_or(0, |index| self.closes[index].get())
    }

    /// How many frames were refused with `code`, as it stands on the wire.
    #[must_use]
    pub fn refusals(&self, code: &str) -> u64 {
        REFUSALS
            .iter()
            .position(|known| *known == code)
            .map_or(0, |index| self.refusals[index].get())
    }

    /// Everything in the Prometheus text format, with the rooms in memory and the journal's figures at `now`.
    pub(crate) fn render(&self, rooms: usize, journal: Figures, now: UnixMs) -> String {
        let mut out = String::with_capacity(4096);
        self.write_counts(&mut out);
        write_labelled(
            &mut out,
            "refusals",
            "Frames refused, by code.",
            REFUSALS,
            &self.refusals,
        );
        let codes = CloseCode::ALL.iter().map(|code| code.name());
        write_labelled(
            &mut out,
            "closes",
            "Connections closed, by code.",
            codes,
            &self.closes,
        );
        let lag = journal
            .oldest_unstored
            .map_or(0, |oldest| now.0.saturating_sub(oldest.0));
        for (name, help, value) in [
            ("rooms", "Rooms in memory.", rooms as u64),
            (
                "journal_bytes",
                "Bytes of the journal on disk.",
                journal.bytes,
            ),
            (
                "journal_limit_bytes",
                "Bytes the journal may have.",
                journal.limit,
            ),
            (
                "journal_segments",
                "Segments of the journal.",
                journal.segments as u64,
            ),
            (
                "journal_rooms",
                "Rooms with records that are not stored.",
                journal.rooms as u64,
            ),
            (
                "journal_failed",
                "1 after a sync was lost.",
                u64::from(journal.failed),
            ),
            (
                "archive_lag_milliseconds",
                "Age of the oldest record that is not stored.",
                lag,
            ),
        ] {
            write_one(&mut out, name, "gauge", help, value);
        }
        out
    }
}

fn write_one(out: &mut String, name: &str, kind: &str, help: &str, value: u64) {
    let total = if kind == "counter" { "_total" } else { "" };
    let written = write!(
        out,
        "# HELP latchkey_host_{name}{total} {help}\n# TYPE latchkey_host_{name}{total} {kind}\nlatchkey_host_{name}{total} {value}\n"
    );
    written.expect("writing to a string does not fail");
}

fn write_labelled<'a>(
    out: &mut String,
    name: &str,
    help: &str,
    codes: impl IntoIterator<Item = &'a str>,
    counts: &[Count],
) {
    let head = format!("latchkey_host_{name}_total");
    let mut written = write!(out, "# HELP {head} {help}\n# TYPE {head} counter\n");
    for (code, count) in codes.into_iter().zip(counts) {
        written = written.and(writeln!(out, "{head}{{code=\"{code}\"}} {}", count.get()));
    }
    written.expect("writing to a string does not fail");
}
