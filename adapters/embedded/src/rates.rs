//! Rate limits in memory. One process serves the whole platform, and counts that a restart forgets protect as
//! well as counts that cost a disk write per request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use latchkey_platform::clock::Clock;
use latchkey_platform::rate::{Allowance, Limit, RateLimits};
use latchkey_platform::store::StoreError;

use crate::limits::RATE_SUBJECTS;

/// Rate limits in memory.
pub struct MemoryRates {
    clock: Arc<dyn Clock>,
    windows: Mutex<HashMap<&'static str, Window>>,
}

/// The present window of one limit.
#[derive(Default)]
struct Window {
    number: u64,
    counts: HashMap<String, u32>,
    /// What those are counted as that no longer fit.
    others: u32,
}

impl MemoryRates {
    /// Counts by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            windows: Mutex::default(),
        }
    }
}

impl Window {
    /// Counts one more time of a subject in a window.
    fn count(&mut self, number: u64, subject: &str) -> u32 {
        if self.number != number {
            *self = Self {
                number,
                ..Self::default()
            };
        }
        let fits = self.counts.len() < RATE_SUBJECTS || self.counts.contains_key(subject);
        let count = match fits {
            true => self.counts.entry(subject.to_owned()).or_default(),
            false => &mut self.others,
        };
        *count = count.saturating_add(1);
        *count
    }
}

#[async_trait]
impl RateLimits for MemoryRates {
    async fn take(&self, limit: Limit, subject: &str) -> Result<Allowance, StoreError> {
        let (number, left) = limit.window(self.clock.now());
        let mut windows = self.windows.lock().expect("nothing panics while it counts");
        let count = windows
            .entry(limit.name)
            .or_default()
            .count(number, subject);
        Ok(limit.judge(count, left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_beyond_what_memory_holds_share_one_count() {
        let mut window = Window::default();
        for subject in 0..RATE_SUBJECTS {
            assert_eq!(window.count(1, &subject.to_string()), 1);
        }
        assert_eq!(window.count(1, "one more"), 1);
        assert_eq!(window.count(1, "another"), 2);
        assert_eq!(
            window.count(1, "7"),
            2,
            "those who were there keep their own"
        );
        assert_eq!(window.count(2, "another"), 1, "the next window begins anew");
    }
}
