//! Whether what the host calls answers: the archive, for which every call goes through here, and the journal. A service
//! that is away is away for all rooms, so its going and its coming back are said once and not for each of them.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use crate::host::Shared;
use crate::limits::{PORT_WITHIN, UNTRIED};
use crate::ports::ArchiveError;

/// How long something has not worked, in elapsed milliseconds; 0 stands for never.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    failing_since: AtomicU64,
    failed_at: AtomicU64,
}

impl Reach {
    /// A call worked at `now`. If the one before had failed, how long it was away.
    pub(crate) fn worked(&self, now: Duration) -> Option<Duration> {
        // Nearly always it has worked before, and then nothing is written.
        if self.failing_since.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let since = self.failing_since.swap(0, Ordering::Relaxed);
        (since > 0).then(|| now.saturating_sub(Duration::from_millis(since)))
    }

    /// A call failed at `now`. Whether the one before had worked.
    pub(crate) fn failed(&self, now: Duration) -> bool {
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).max(1);
        self.failed_at.store(now, Ordering::Relaxed);
        self.failing_since
            .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// How long every call has failed, if the last one did. After [`UNTRIED`] without a call nothing is known.
    pub(crate) fn away(&self, now: Duration) -> Option<Duration> {
        let since = self.failing_since.load(Ordering::Relaxed);
        let failed_at = Duration::from_millis(self.failed_at.load(Ordering::Relaxed));
        let known = since > 0 && now.saturating_sub(failed_at) <= UNTRIED;
        known.then(|| now.saturating_sub(Duration::from_millis(since)))
    }
}

impl Shared {
    /// Waits for a call of the archive, at most [`PORT_WITHIN`], and notes whether the archive is there. What concerns
    /// one room alone says nothing about it but that it answers.
    pub(crate) async fn archive<T>(
        &self,
        call: impl Future<Output = Result<T, ArchiveError>>,
    ) -> Result<T, ArchiveError> {
        let answer = timeout(PORT_WITHIN, call).await.unwrap_or_else(|_| {
            let error = format!("no answer within {} s", PORT_WITHIN.as_secs());
            Err(ArchiveError::Unavailable(error))
        });
        let now = self.time.elapsed();
        if let Err(error @ ArchiveError::Unavailable(_)) = &answer {
            self.desk.metrics.archive_failures.up();
            if self.archive_reach.failed(now) {
                tracing::warn!(%error, "the archive is away; play goes on, and the journal keeps the records");
            }
        } else if let Some(away) = self.archive_reach.worked(now) {
            tracing::info!(away_s = away.as_secs(), "the archive is back");
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_that_nobody_has_tried_lately_counts_as_there() {
        let seconds = Duration::from_secs;
        let reach = Reach::default();
        assert_eq!(
            (reach.away(seconds(5)), reach.worked(seconds(5))),
            (None, None)
        );
        assert!(reach.failed(seconds(10)));
        assert!(!reach.failed(seconds(50)), "it was away already");
        assert_eq!(reach.away(seconds(55)), Some(seconds(45)));
        assert_eq!(reach.away(seconds(50) + UNTRIED * 2), None);
        assert_eq!(reach.worked(seconds(56)), Some(seconds(46)));
        assert_eq!(
            (reach.away(seconds(56)), reach.worked(seconds(57))),
            (None, None)
        );
    }
}
