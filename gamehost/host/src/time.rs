//! The host's two clocks: the runtime's, which never goes back and which tests can pause, and the wall clock's port.

use std::sync::Arc;
use std::time::Duration;

use latchkey_protocol::UnixMs;
use latchkey_room::Now;
use tokio::time::Instant;

use crate::ports::Clock;

/// Reads both clocks.
#[derive(Clone)]
pub(crate) struct Time {
    start: Instant,
    wall: Arc<dyn Clock>,
}

impl Time {
    /// Begins to count elapsed time now.
    pub(crate) fn new(wall: Arc<dyn Clock>) -> Self {
        let start = runtime_now();
        Self { start, wall }
    }

    /// Both clocks at once, as a room wants them.
    pub(crate) fn now(&self) -> Now {
        Now {
            elapsed_ms: self.ms(),
            wall: self.wall(),
        }
    }

    /// Milliseconds since the host started.
    pub(crate) fn ms(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Time since the host started.
    pub(crate) fn elapsed(&self) -> Duration {
        runtime_now().duration_since(self.start)
    }

    /// The wall clock.
    pub(crate) fn wall(&self) -> UnixMs {
        self.wall.wall()
    }

    /// The instant at which [`Time::elapsed`] will be `elapsed`.
    pub(crate) fn instant(&self, elapsed: Duration) -> Instant {
        self.start + elapsed
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the host reads the runtime's clock, which tests pause"
)]
fn runtime_now() -> Instant {
    Instant::now()
}
