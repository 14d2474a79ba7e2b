//! When a member whose connection is gone tries again, as the browser's sdk does (P9): quickly for a while after a
//! connection was lost, then after waits that grow.

use std::time::{Duration, Instant};

use super::ComeBack;
use crate::seeded::Seeded;
use crate::wait::now;

/// The quick time after a connection was lost, and its waits in milliseconds: from, to.
const QUICK_FOR: Duration = Duration::from_secs(15);
const QUICK: (u64, u64) = (100, 1_000);
/// A room that moved is followed within so many milliseconds.
const MOVED_WITHIN: u64 = 100;
/// The shortest of the growing waits, the ceiling of the first and of the longest, in milliseconds.
const SHORTEST: u64 = 500;
const FIRST: u64 = 1_000;
const LONGEST: u64 = 20_000;
/// A connection this old begins the waits and the quick time anew.
const STEADY_AFTER: Duration = Duration::from_secs(10);
/// The close code of a room that moved.
const MOVED: u16 = 4004;

/// The waits of one member.
#[derive(Debug)]
pub(super) struct WayBack {
    manner: ComeBack,
    failures: u32,
    live: Option<Instant>,
    quick_until: Option<Instant>,
    quick_spent: bool,
}

impl WayBack {
    /// Nothing failed yet.
    pub(super) fn new(manner: ComeBack) -> Self {
        Self {
            manner,
            failures: 0,
            live: None,
            quick_until: None,
            quick_spent: false,
        }
    }

    /// There is a connection.
    pub(super) fn arrived(&mut self) {
        self.live = Some(now());
    }

    /// The wait after a connection ended with `code`.
    pub(super) fn lost(&mut self, code: u16, random: &mut Seeded) -> Duration {
        if let ComeBack::Every(_) = self.manner {
            return Duration::ZERO;
        }
        if self
            .live
            .take()
            .is_some_and(|live| live.elapsed() >= STEADY_AFTER)
        {
            self.failures = 0;
            self.quick_spent = false;
        }
        if !std::mem::replace(&mut self.quick_spent, true) {
            self.quick_until = Some(now() + QUICK_FOR);
        }
        if code == MOVED {
            return Duration::from_millis(random.between(0, MOVED_WITHIN));
        }
        self.failed(random)
    }

    /// The wait after a try that failed.
    pub(super) fn failed(&mut self, random: &mut Seeded) -> Duration {
        if let ComeBack::Every(wait) = self.manner {
            return wait;
        }
        if self.quick_until.is_some_and(|until| now() < until) {
            return Duration::from_millis(random.between(QUICK.0, QUICK.1));
        }
        let ceiling = (FIRST << self.failures.min(16)).min(LONGEST);
        self.failures += 1;
        Duration::from_millis(random.between(SHORTEST, ceiling + 1))
    }
}
