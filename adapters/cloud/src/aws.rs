//! How clients of AWS are made: regions, how long a call may take and how often it is tried. Every client of this crate
//! is made from a configuration that was loaded here; where the services are (also in emulators, by `AWS_ENDPOINT_URL` and
//! its kin) and with which credentials is read by the SDK itself. What a failure means is in [`crate::failure`].

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
pub use aws_config::{Region, SdkConfig};
use latchkey_host::timing::{LOOK_WITHIN, RENEW_WITHIN};

/// The longest wait before a call is tried again; how long exactly is drawn anew each time.
const LONGEST_BACKOFF: Duration = Duration::from_millis(1_000);

/// How long a client waits, and how often it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For an answer to one attempt, from its beginning.
    pub attempt: Duration,
    /// For an answer to the call, with all attempts and the waits between them.
    pub operation: Duration,
    /// How often a call is tried.
    pub attempts: u32,
    /// About the wait before the second attempt; before each further one it is doubled.
    pub backoff: Duration,
}

/// Of clients that nothing else is said of.
pub const USUAL: Patience = Patience {
    connect: Duration::from_millis(1_000),
    attempt: Duration::from_millis(2_500),
    operation: Duration::from_millis(8_000),
    attempts: 3,
    backoff: Duration::from_millis(100),
};

/// Of the directory, whose callers are hosts that count the seconds. One attempt may open a connection to another
/// continent, which takes three round trips.
pub const DIRECTORY: Patience = Patience {
    connect: Duration::from_millis(700),
    attempt: Duration::from_millis(1_000),
    operation: Duration::from_millis(1_400),
    attempts: 3,
    backoff: Duration::from_millis(50),
};

/// Of files, the largest of which take their time on their way.
pub const FILES: Patience = Patience {
    connect: Duration::from_millis(1_000),
    attempt: Duration::from_secs(60),
    operation: Duration::from_secs(150),
    attempts: 3,
    backoff: Duration::from_millis(200),
};

const _: () = assert!(USUAL.fits() && DIRECTORY.fits() && FILES.fits());
// A renewal or a look ends by itself, with what went wrong, before the host gives it up.
const _: () = assert!(
    DIRECTORY.operation.as_millis() < RENEW_WITHIN.as_millis()
        && DIRECTORY.operation.as_millis() < LOOK_WITHIN.as_millis()
);

impl Patience {
    /// Whether a connection has time in an attempt, and a second attempt in the call.
    const fn fits(&self) -> bool {
        self.attempts > 1
            && self.connect.as_millis() < self.attempt.as_millis()
            && self.attempt.as_millis() + self.backoff.as_millis() < self.operation.as_millis()
    }

    /// As the SDK wants it.
    #[must_use]
    pub fn timeouts(&self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.operation)
            .build()
    }

    /// Tries again what was throttled, timed out, cut off or failed inside, after waits that are drawn at random, and
    /// less and less often when nothing succeeds.
    pub(crate) fn retries(&self) -> RetryConfig {
        RetryConfig::standard()
            .with_max_attempts(self.attempts)
            .with_initial_backoff(self.backoff)
            .with_max_backoff(LONGEST_BACKOFF)
    }
}

/// What clients are made from, in the region that the environment names.
pub async fn config() -> SdkConfig {
    loader().load().await
}

/// What clients are made from, in `region`: where directory, queues and secrets are, which hosts elsewhere use too.
pub async fn config_in(region: Region) -> SdkConfig {
    loader().region(region).load().await
}

fn loader() -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(USUAL.timeouts())
        .retry_config(USUAL.retries())
}
