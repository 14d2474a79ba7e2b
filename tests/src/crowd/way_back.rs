//! When a member whose connection is gone tries again (P9).

use std::time::Duration;

use super::ComeBack;
use crate::seeded::Seeded;

/// The shortest wait, and the ceiling of the first one; it doubles to the longest.
const SHORTEST: Duration = Duration::from_millis(500);
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(20);
/// The room moved: followed at once.
const MOVED: u16 = 4004;

/// The waits of one member.
#[derive(Debug)]
pub(super) struct WayBack {
    manner: ComeBack,
    failures: u32,
}

impl WayBack {
    /// Nothing failed yet.
    pub(super) fn new(manner: ComeBack) -> Self {
        Self {
            manner,
            failures: 0,
        }
    }

    /// The wait after a try that failed, or a connection that ended without a code.
    pub(super) fn wait(&mut self, random: &mut Seeded) -> Duration {
        match self.manner {
            ComeBack::Every(wait) => wait,
            ComeBack::LikeTheSdk => {
                let ceiling = (FIRST * 2_u32.pow(self.failures.min(8))).min(LONGEST);
                self.failures += 1;
                jitter(SHORTEST, ceiling, random)
            }
        }
    }

    /// The wait after the host closed the connection with `code`.
    pub(super) fn after_close(&mut self, code: u16, random: &mut Seeded) -> Duration {
        match self.manner {
            ComeBack::LikeTheSdk if code == MOVED => Duration::ZERO,
            // The loop that connects waits after a try that fails, which is soon enough.
            ComeBack::Every(_) => Duration::ZERO,
            ComeBack::LikeTheSdk => self.wait(random),
        }
    }

    /// The room plays again: the next wait is a first one.
    pub(super) fn arrived(&mut self) {
        self.failures = 0;
    }
}

fn jitter(from: Duration, to: Duration, random: &mut Seeded) -> Duration {
    let (from, to) = (from.as_millis(), to.as_millis());
    let bound = |millis: u128| u64::try_from(millis).unwrap_or(u64::MAX);
    Duration::from_millis(random.between(bound(from), bound(to).max(bound(from) + 1)))
}
