//! How long hosts wait for each other, and the proof that the waits fit together: a host has stopped serving before
//! another may take it for dead, and one that is well is not taken for dead.
//!
//! Clocks of two machines are never compared. Each host counts its own lease from when it *sent* its last good renewal,
//! each watcher counts from when it first *saw* a beat, which is later; so with clocks that run alike the host is first
//! by at least the difference of the two times below.
//!
//! This holds for processes that stand still, and not for a machine that does: the clock of a virtual machine that is
//! suspended counts nothing. When it wakes, its host goes on ordering records until its next renewal is answered: 3.5 s at
//! most if the directory answers, [`FENCE_AFTER`] if it does not. None of them is ever stored if another host has claimed
//! the room meanwhile (the archive goes by the epoch), and members who have seen them are rewound.

use std::time::Duration;

/// Between two renewals of a host's item, from sending one to sending the next.
pub const BEAT_EVERY: Duration = Duration::from_millis(2_000);
/// A renewal that is not answered by then has failed.
pub const RENEW_WITHIN: Duration = Duration::from_millis(1_500);
/// From a failed renewal or enlisting to the next try.
pub const RETRY_AFTER: Duration = Duration::from_millis(250);
/// A host stops serving this long after it sent the last renewal that was answered well.
pub const FENCE_AFTER: Duration = Duration::from_millis(7_000);
/// A watcher marks a host lost that it saw at the same beat for this long.
pub const EXPIRY: Duration = Duration::from_millis(8_000);
/// Between two looks at the other hosts.
pub const WATCH_EVERY: Duration = Duration::from_millis(1_000);
/// A look that is not answered by then has failed.
pub const LOOK_WITHIN: Duration = Duration::from_millis(1_500);
/// Looks further apart than this do not belong to one observation: between them the watcher, or the directory, was away,
/// and what it did not see says nothing about the others.
pub const LATE_AFTER: Duration = Duration::from_millis(4_000);
/// How much faster one machine's clock may run than another's, in parts of a hundred. Quartz is off by a hundredth of
/// that, a clock that is being corrected by a few tenths.
pub const CLOCK_RATES_PERCENT: u64 = 5;
/// From the last look at the lease to the end of what was decided by it: a record's way through the room into the
/// journal and the sockets, under load.
pub const AFTER_LOOKING: Duration = Duration::from_millis(500);
/// An outage of the directory up to this long is not noticed by anybody who plays. It may begin just before a renewal
/// would have been sent, and after it one more call may have to fail and be tried again.
pub const UNNOTICED: Duration = Duration::from_millis(3_250);
/// From the death of a host until it is marked lost, when watchers and directory are well.
pub const LOST_WITHIN: Duration = Duration::from_millis(9_500);

/// A wait in whole milliseconds, which the host's clock counts.
pub(crate) const fn ms(wait: Duration) -> u64 {
    wait.as_secs() * 1_000 + wait.subsec_millis() as u64
}

// One writer: a host whose clock runs slow, and who takes its time after the last look at its lease, has ended before
// the fastest clock among the watchers has counted to the end.
const _: () = assert!(
    ms(FENCE_AFTER) * (100 + CLOCK_RATES_PERCENT) + ms(AFTER_LOOKING) * 100 <= ms(EXPIRY) * 100
);
// One lost call changes nothing: after a renewal that hung to its end the next one is still in time.
const _: () = assert!(
    ms(BEAT_EVERY) + ms(RENEW_WITHIN) + ms(RETRY_AFTER) + ms(RENEW_WITHIN) < ms(FENCE_AFTER)
);
// The same for an outage: the first call after it is sent and answered in time.
const _: () =
    assert!(ms(BEAT_EVERY) + ms(UNNOTICED) + ms(RETRY_AFTER) + ms(RENEW_WITHIN) <= ms(FENCE_AFTER));
// A host that is well is seen at a new beat long before the expiry, even where one renewal failed: watchers see it
// one look later than it was made.
const _: () = assert!(
    ms(BEAT_EVERY) + 2 * ms(RENEW_WITHIN) + ms(RETRY_AFTER) + ms(WATCH_EVERY) + ms(LOOK_WITHIN)
        < ms(EXPIRY)
);
// Looks at the usual pace are never late, not even when one of them took all its time.
const _: () = assert!(ms(WATCH_EVERY) + 2 * ms(LOOK_WITHIN) <= ms(LATE_AFTER));
// A pause in which a host may have renewed, and died, unseen does not count as having watched it.
const _: () = assert!(ms(LATE_AFTER) < ms(EXPIRY));
// A dead host is found: its last beat is first seen one look after it was made, the expiry ends between two looks, and
// marking it takes a call at the usual speed.
const _: () = assert!(ms(EXPIRY) + ms(WATCH_EVERY) + 500 <= ms(LOST_WITHIN));
// A process that starts again at once is not taken for dead: half of the expiry is left for starting.
const _: () = assert!(ms(BEAT_EVERY) * 2 < ms(EXPIRY));
