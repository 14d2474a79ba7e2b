//! Waiting with a deadline: a test never sleeps for something to be true, it asks until it is, or fails saying what
//! it waited for.

use std::time::{Duration, Instant};

use anyhow::Context as _;

/// How long anything may take before a test calls it broken; far above what is normal on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Between two questions.
const ASK_EVERY: Duration = Duration::from_millis(15);

/// The monotonic clock, for measuring and for deadlines.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the suites measure real time; this is the single place"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// Seconds since 1970, for signing events.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the suites sign with the real time; this is the single place"
)]
pub fn unix_seconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Waits for `future`, at most `longest`.
///
/// # Errors
/// When it takes longer, naming `what`.
pub async fn within<T>(
    longest: Duration,
    what: &str,
    future: impl Future<Output = T>,
) -> anyhow::Result<T> {
    tokio::time::timeout(longest, future)
        .await
        .with_context(|| format!("{what} did not happen within {longest:?}"))
}

/// The pause between two questions of a loop that has a deadline.
pub async fn pause() {
    tokio::time::sleep(ASK_EVERY).await;
}

/// Asks `question` until it has an answer.
///
/// # Errors
/// When there is none within `longest`, naming `what`; or at once when the question itself fails.
pub async fn eventually<T>(
    longest: Duration,
    what: &str,
    mut question: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    within(longest, what, async {
        loop {
            if let Some(answer) = question().await? {
                return Ok(answer);
            }
            pause().await;
        }
    })
    .await?
}
