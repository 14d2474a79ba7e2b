//! The machine's clocks, read here and nowhere else in the bench.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use latchkey_protocol::UnixMs;

/// Counts nanoseconds from the moment it was made; never goes back.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// A clock that stands at nought.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a bench measures the real clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub fn now(&self) -> u64 {
        // 2^64 nanoseconds are five hundred years.
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// The wall clock, for the tickets.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "hosts judge tickets by the wall clock"
)]
pub fn wall() -> UnixMs {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    UnixMs(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Lets time pass: what is measured is what a server does meanwhile.
#[expect(
    clippy::disallowed_methods,
    reason = "the passing of time is what is measured"
)]
pub fn pass(time: Duration) {
    std::thread::sleep(time);
}

/// Nanoseconds of some seconds.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "durations of the bench are positive and below an hour"
)]
pub fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

/// Milliseconds of some nanoseconds.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "a latency needs three digits, not sixteen"
)]
pub fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}
