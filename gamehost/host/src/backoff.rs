//! How long to wait after a port failed: twice as long after each failure, spread at random so that many hosts do not
//! come back at the same moment.

use std::time::Duration;

use crate::limits::{BACKOFF_FIRST, BACKOFF_MOST};

/// The waits of one caller.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    failures: u32,
    state: u64,
}

impl Backoff {
    /// No failures yet; `seed` spreads the waits.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            failures: 0,
            state: seed,
        }
    }

    /// It worked.
    pub(crate) fn worked(&mut self) {
        self.failures = 0;
    }

    /// It failed; how long to wait before trying again.
    pub(crate) fn failed(&mut self) -> Duration {
        let full = BACKOFF_FIRST
            .saturating_mul(1 << self.failures.min(10))
            .min(BACKOFF_MOST);
        self.failures = self.failures.saturating_add(1);
        // Between half and all of it, in 1/256 steps.
        full / 2 + full * u32::from(self.random_byte()) / 512
    }

    /// SplitMix64, which is enough to spread waits.
    fn random_byte(&mut self) -> u8 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_le_bytes()[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_differ_between_hosts_and_begin_anew_after_success() {
        let mut here = Backoff::new(1);
        let mut there = Backoff::new(2);
        let waits: Vec<_> = (0..12).map(|_| here.failed()).collect();
        assert!(waits[0] >= BACKOFF_FIRST / 2 && waits[0] <= BACKOFF_FIRST);
        assert!(waits[11] >= BACKOFF_MOST / 2 && waits.iter().all(|wait| *wait <= BACKOFF_MOST));
        assert_ne!(waits, (0..12).map(|_| there.failed()).collect::<Vec<_>>());
        here.worked();
        assert!(here.failed() <= BACKOFF_FIRST);
    }
}
