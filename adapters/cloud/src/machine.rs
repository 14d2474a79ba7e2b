//! The clock and the randomness of the machine that a program runs on.

use std::time::{SystemTime, UNIX_EPOCH};

use latchkey_platform::clock::{Clock, UnixMs, millis};
use latchkey_platform::entropy::Entropy;

/// The machine's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter that reads the clock"
    )]
    fn now(&self) -> UnixMs {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        // A machine whose clock stands before 1970 is at the beginning of time.
        UnixMs(since.map_or(0, millis))
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter that reads randomness"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness once it has started");
    }
}
