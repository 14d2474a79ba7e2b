//! The right of an enlisted host to serve, by its own clock. Whether it holds is one atomic load, so that every record
//! can ask. What renews and ends it is `membership`; how long it lasts is `timing`.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::timing::{FENCE_AFTER, ms};

/// A lease belongs to one enlisting. Once ended it never holds again, so a room that was opened under it stays silent
/// whatever becomes of its host.
#[derive(Debug)]
pub(crate) struct Lease {
    /// The elapsed millisecond at which it is over; [`ENDED`] for good.
    until: AtomicU64,
}

const ENDED: u64 = 0;
const LASTS: u64 = ms(FENCE_AFTER);

impl Lease {
    /// A lease by a call that was sent at `sent_ms`.
    pub(crate) fn from(sent_ms: u64) -> Self {
        Self {
            until: AtomicU64::new(sent_ms + LASTS),
        }
    }

    /// Whether the host may serve at `now_ms`.
    pub(crate) fn holds(&self, now_ms: u64) -> bool {
        now_ms < self.until_ms()
    }

    /// When it is over, as far as is known.
    pub(crate) fn until_ms(&self) -> u64 {
        self.until.load(Ordering::Acquire)
    }

    /// A renewal that was sent at `sent_ms` was answered well. It makes no difference how late the answer came.
    pub(crate) fn renew(&self, sent_ms: u64) {
        let later = |until| (until != ENDED).then_some(u64::max(until, sent_ms + LASTS));
        let _ended = self
            .until
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, later);
    }

    /// Ends it for good.
    pub(crate) fn end(&self) {
        self.until.store(ENDED, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_counts_from_when_the_renewal_was_sent_and_not_from_its_answer() {
        let lease = Lease::from(1_000);
        assert!(lease.holds(1_000 + LASTS - 1) && !lease.holds(1_000 + LASTS));
        lease.renew(3_000);
        assert!(lease.holds(3_000 + LASTS - 1) && !lease.holds(3_000 + LASTS));
        lease.renew(2_000);
        assert_eq!(
            lease.until_ms(),
            3_000 + LASTS,
            "an answer that was overtaken takes nothing away"
        );
    }

    #[test]
    fn a_lease_that_is_over_can_be_renewed_but_one_that_was_ended_cannot() {
        let lease = Lease::from(0);
        assert!(!lease.holds(LASTS + 5));
        lease.renew(LASTS + 4);
        assert!(lease.holds(LASTS + 5));
        lease.end();
        lease.renew(LASTS + 6);
        assert!(!lease.holds(0) && !lease.holds(LASTS + 6));
    }
}
