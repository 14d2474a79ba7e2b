//! What the journal finds when it is opened (J3).

use std::collections::BTreeMap;

use latchkey_protocol::{Record, RoomId, Seq};

/// Something in the journal that is not a whole entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The newest segment ends in an unfinished write, as after every crash in the middle of one. Nothing after it is whole.
    #[error(
        "journal segment {file} ends in {bytes} bytes of an unfinished write at offset {at}; they are left out"
    )]
    TornTail {
        /// Name of the file.
        file: String,
        /// Where the unfinished write begins.
        at: u64,
        /// How much there is of it.
        bytes: u64,
    },
    /// Bytes that should be entries are not, and others follow. The file is kept when the journal no longer needs it (J3.4).
    #[error(
        "journal segment {file} is damaged: {bytes} bytes at offset {at} are not entries; what follows was recovered, rooms stop where a record is missing"
    )]
    Damaged {
        /// Name of the file.
        file: String,
        /// Where the damage begins.
        at: u64,
        /// How far it extends.
        bytes: u64,
    },
}

/// What was in the journal when it was opened, in memory until it is taken.
#[derive(Debug, Default)]
pub struct Recovered {
    rooms: BTreeMap<RoomId, BTreeMap<Seq, Record>>,
    findings: Vec<Finding>,
}

impl Recovered {
    /// The rooms of which there are records, whether or not they have been stored since.
    pub fn rooms(&self) -> impl Iterator<Item = RoomId> {
        self.rooms.keys().copied()
    }

    /// Takes out the records of `room` that continue an archive which ends at `stored`: from `stored + 1` on without a
    /// gap, empty when there are none.
    pub fn take(&mut self, room: RoomId, stored: Seq) -> Vec<Record> {
        let _ = (room, stored);
        Vec::new()
    }

    /// What was not whole. Worth a warning each.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}
