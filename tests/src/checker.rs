//! The independent judge of one room: takes what every client saw and says what is wrong with it. It knows the
//! promises of the protocol (P2, P5, P6) and nothing of how a host keeps them.
//!
//! What one client saw is judged alone in [`reader`], what all of them saw together in [`together`].

mod reader;
mod together;

#[cfg(test)]
mod tests;

use crate::history::History;

/// What the room was promised to survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// No host was lost with its disk: then nothing seen may be lost, and no rewind is right (P5.2).
    pub disks_survive: bool,
    /// The clients waited until all was said and seen: then everybody holds everything.
    pub settled: bool,
}

impl Promise {
    /// Processes died, disks did not, and the clients waited to the end.
    pub const PROCESS_KILLED: Self = Self {
        disks_survive: true,
        settled: true,
    };
}

/// Something that must not be. Each says who saw it and what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// A record is missing in the middle.
    #[error("{member} saw record {found} where {expected} was due")]
    Gap {
        /// Who saw it.
        member: String,
        /// The next number.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// A record came a second time.
    #[error("{member} saw record {seq} again")]
    Repeated {
        /// Who saw it.
        member: String,
        /// The record.
        seq: u64,
    },
    /// Two clients, or one at two times, saw different records under one number.
    #[error("record {seq} is not the same for {one} and {other}: {first} and {second}")]
    Differs {
        /// The record.
        seq: u64,
        /// Who saw it first.
        one: String,
        /// Who saw another.
        other: String,
        /// What the first saw.
        first: String,
        /// What the other saw.
        second: String,
    },
    /// The numbers of a member's own frames do not count 1, 2, 3 in the log.
    #[error("record {seq} has {member}'s number {found} where {expected} was due")]
    Count {
        /// Whose frames.
        member: String,
        /// The record.
        seq: u64,
        /// The number due.
        expected: u64,
        /// The number it has.
        found: u64,
    },
    /// The log holds what the member never said, or not what it said under this number.
    #[error("record {seq} holds {found} which {member} did not say as its number {n}")]
    NotSaid {
        /// Whose frame it claims to be.
        member: String,
        /// The record.
        seq: u64,
        /// The member's number.
        n: u64,
        /// The content.
        found: String,
    },
    /// Something said is not in the log at the end.
    #[error("{member}'s number {n} is nowhere in the log")]
    SayLost {
        /// Who said it.
        member: String,
        /// The member's number.
        n: u64,
    },
    /// A member joined twice.
    #[error("{member} joined a second time at record {seq}")]
    JoinedTwice {
        /// Who.
        member: String,
        /// The second record.
        seq: u64,
    },
    /// The clock of the records went back.
    #[error("record {seq} is from {at}, before its predecessor")]
    ClockBack {
        /// The record.
        seq: u64,
        /// Its time.
        at: u64,
    },
    /// The epoch of the records went back.
    #[error("record {seq} is of epoch {epoch}, before its predecessor's")]
    EpochBack {
        /// The record.
        seq: u64,
        /// Its epoch.
        epoch: u64,
    },
    /// The stored watermark moved back.
    #[error("{member} was told that {now} is stored after {before} was")]
    StoredBack {
        /// Who was told.
        member: String,
        /// The watermark somebody was told before.
        before: u64,
        /// The lower one.
        now: u64,
    },
    /// More was called stored than exists.
    #[error("{member} was told that {stored} is stored when the log ended at {tail}")]
    StoredAhead {
        /// Who was told.
        member: String,
        /// The watermark.
        stored: u64,
        /// The last record.
        tail: u64,
    },
    /// A stored record was taken back.
    #[error("{member} was rewound to {seq} after {stored} was stored")]
    StoredUndone {
        /// Who was told.
        member: String,
        /// The last record that holds.
        seq: u64,
        /// What was stored.
        stored: u64,
    },
    /// A record somebody saw was taken back although no disk was lost.
    #[error("{member} was welcomed or rewound to {seq} after record {seen} was seen")]
    SeenUndone {
        /// Who was told.
        member: String,
        /// The last record that holds.
        seq: u64,
        /// What was seen.
        seen: u64,
    },
    /// A welcome's `n` is not what the log holds.
    #[error("{member} was told its last number is {found}; the log to {tail} holds {expected}")]
    WelcomeCount {
        /// Who was told.
        member: String,
        /// The tail of the welcome.
        tail: u64,
        /// What the log holds.
        expected: u64,
        /// What the welcome said.
        found: u64,
    },
    /// Something said after a record was seen is ordered before it.
    #[error("{member} said its number {n} after record {seen} was seen, yet it is record {seq}")]
    OutOfTime {
        /// Who said it.
        member: String,
        /// The member's number.
        n: u64,
        /// Where it is in the log.
        seq: u64,
        /// What had been seen before.
        seen: u64,
    },
    /// Not everybody holds the whole log at the end.
    #[error("{member} holds the log to {held}, and it goes to {tail}")]
    Behind {
        /// Who.
        member: String,
        /// Its last record.
        held: u64,
        /// The last record of all.
        tail: u64,
    },
    /// A checkpoint was handed out that nobody offered for its record.
    #[error("{member} was to start from a checkpoint at {seq} that nobody offered: {state}")]
    NotOffered {
        /// Who.
        member: String,
        /// The record it stands after.
        seq: u64,
        /// The state.
        state: String,
    },
    /// A frame came before the welcome, or records that the welcome did not lead to.
    #[error("{member} got {what} out of turn")]
    OutOfTurn {
        /// Who.
        member: String,
        /// What came.
        what: String,
    },
}

/// Judges one room. An empty answer means that every promise was kept.
#[must_use]
pub fn check(histories: &[History], promise: Promise) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let readers: Vec<reader::Reader> = histories
        .iter()
        .map(|history| reader::read(history, promise, &mut wrong))
        .collect();
    together::judge(histories, &readers, promise, &mut wrong);
    wrong
}
