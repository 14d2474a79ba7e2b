//! Everything the checker can find, each with who saw it and what.

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
    /// What a member gave back in time was taken back all the same.
    #[error(
        "{member} was rewound to {seq} in epoch {epoch} although {gave} had given back all to {upto}"
    )]
    GivenBackUndone {
        /// Who was told.
        member: String,
        /// The last record that holds.
        seq: u64,
        /// The epoch that took it back.
        epoch: u64,
        /// Who had it.
        gave: String,
        /// How far.
        upto: u64,
    },
    /// A host whose room had another owner welcomed somebody.
    #[error("{member} was welcomed to epoch {epoch} after epoch {newer} was in force")]
    OldOwnerWelcomes {
        /// Who.
        member: String,
        /// The epoch of the welcome.
        epoch: u64,
        /// The one in force when it asked.
        newer: u64,
    },
    /// A host whose room had another owner ordered a record.
    #[error(
        "{member} saw record {seq} of epoch {epoch}, no part of the history, after epoch {newer} was in force"
    )]
    OldOwnerOrders {
        /// Who saw it.
        member: String,
        /// The record.
        seq: u64,
        /// Its epoch.
        epoch: u64,
        /// The one in force.
        newer: u64,
    },
    /// A host whose room had another owner reported records stored that the new owner did not find.
    #[error(
        "{member} was told by epoch {epoch} that {stored} is stored, where epoch {newer} found {found}"
    )]
    OldOwnerStores {
        /// Who was told.
        member: String,
        /// The epoch of its connection.
        epoch: u64,
        /// The watermark.
        stored: u64,
        /// The epoch in force.
        newer: u64,
        /// What its owner found stored when it took the room.
        found: u64,
    },
    /// What was reported stored is not in the archive.
    #[error(
        "record {seq} was reported stored to {member} and is not in the archive, which ends at {tail}"
    )]
    StoredMissing {
        /// Who was told.
        member: String,
        /// The record.
        seq: u64,
        /// The last record of the archive.
        tail: u64,
    },
    /// The archive holds another record than was seen and reported stored.
    #[error("the archive's record {seq} is not what {member} saw: {archived} and {seen}")]
    StoredChanged {
        /// Who saw it.
        member: String,
        /// The record.
        seq: u64,
        /// What the archive holds.
        archived: String,
        /// What was seen.
        seen: String,
    },
    /// The archive does not hold one unbroken log.
    #[error("the archive holds record {found} where {expected} was due")]
    ArchiveGap {
        /// The next number.
        expected: u64,
        /// The number that came.
        found: u64,
    },
}
