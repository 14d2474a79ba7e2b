//! A clock and a source of randomness that tests drive, and rate limits counted by that clock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::{Clock, UnixMs, millis};
use crate::entropy::Entropy;
use crate::rate::{Allowance, Limit, RateLimits};
use crate::store::StoreError;

/// A clock that stands still until it is told to go on.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl Default for ManualClock {
    /// Some moment in 2026.
    fn default() -> Self {
        Self(AtomicU64::new(1_780_000_000_000))
    }
}

impl ManualClock {
    /// Goes on by so much.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(millis(by), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that never repeat and are the same in every run. Nothing about them is unguessable.
#[derive(Debug, Default)]
pub struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.fetch_add(1, Ordering::SeqCst);
        for byte in bytes {
            // The finaliser of splitmix64, a bijection of the counter, spreads it over all bits.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = mixed.to_be_bytes()[0];
        }
    }
}

/// Rate limits in memory.
pub struct FakeRates {
    clock: Arc<dyn Clock>,
    counts: Mutex<HashMap<(&'static str, String, u64), u32>>,
}

impl FakeRates {
    /// Counts by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            counts: Mutex::default(),
        }
    }
}

#[async_trait]
impl RateLimits for FakeRates {
    async fn take(&self, limit: Limit, subject: &str) -> Result<Allowance, StoreError> {
        let (window, retry_after) = limit.window(self.clock.now());
        let mut counts = self.counts.lock().expect("no test panics while counting");
        let count = counts
            .entry((limit.name, subject.to_owned(), window))
            .or_default();
        *count += 1;
        Ok(limit.judge(*count, retry_after))
    }
}
