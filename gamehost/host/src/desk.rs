//! What the rooms of a host share: where their records are written, and what is counted.

use std::sync::Arc;
#[cfg(feature = "fakes")]
use std::sync::{Mutex, PoisonError};

use latchkey_journal::Journal;
use latchkey_protocol::{Record, RoomId};
use latchkey_room::{Log, Unavailable};

use crate::backlog::Backlog;
use crate::metrics::Metrics;

/// What rooms share.
pub(crate) struct Desk {
    /// The host's write-ahead log.
    pub(crate) journal: Journal,
    /// What rooms hold that the archive does not have.
    pub(crate) backlog: Arc<Backlog>,
    /// The host's counters.
    pub(crate) metrics: Metrics,
    /// Makes the next append of this room panic.
    #[cfg(feature = "fakes")]
    pub(crate) panic_in: Mutex<Option<RoomId>>,
}

impl Desk {
    /// A desk with nothing counted, whose rooms may hold so many bytes that the archive does not have.
    pub(crate) fn new(journal: Journal, unstored_bytes: u64) -> Self {
        Self {
            journal,
            backlog: Backlog::new(unstored_bytes),
            metrics: Metrics::default(),
            #[cfg(feature = "fakes")]
            panic_in: Mutex::new(None),
        }
    }
}

#[cfg(feature = "fakes")]
impl Desk {
    fn panic_if_asked(&self, room: RoomId) {
        let asked = self
            .panic_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_if(|asked| *asked == room)
            .is_some();
        assert!(!asked, "a test asked this room to panic");
    }
}

/// The journal as a room sees it.
pub(crate) struct RoomLog<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) room: RoomId,
    /// Whether the room takes records: it is not frozen, and the host's lease holds.
    pub(crate) may: bool,
}

impl Log for RoomLog<'_> {
    fn append(&mut self, record: &Record) -> Result<(), Unavailable> {
        if !self.may {
            return Err(Unavailable::Still);
        }
        let backlog = &self.desk.backlog;
        if backlog.is_full() {
            let limit = backlog.limit();
            return Err(Unavailable::HostUnstored { limit });
        }
        #[cfg(feature = "fakes")]
        self.desk.panic_if_asked(self.room);
        let appended = self.desk.journal.append(self.room, record);
        self.desk.metrics.appended(self.room, record.seq, &appended);
        appended.map_err(|_| Unavailable::Journal)
    }
}
