//! Delays counted in buckets, as Prometheus's classic histograms are: two additions for each, no lock, fixed memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// Upper bounds of the buckets, in nanoseconds; one more bucket takes what is above all of them.
const BOUNDS: [u64; 16] = [
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    10_000_000_000,
];

/// How many delays fell into each bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DelayCounts([u64; BOUNDS.len() + 1]);

/// Delays counted since the host started.
#[derive(Debug, Default)]
pub(crate) struct Delays {
    counts: [AtomicU64; BOUNDS.len() + 1],
    sum_ns: AtomicU64,
}

impl Delays {
    /// Counts one.
    pub(crate) fn note(&self, delay: Duration) {
        let ns = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < ns);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// What was counted until now.
    pub(crate) fn counts(&self) -> DelayCounts {
        DelayCounts(std::array::from_fn(|at| {
            self.counts[at].load(Ordering::Relaxed)
        }))
    }
}

impl DelayCounts {
    /// What was counted after `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self(std::array::from_fn(|at| {
            self.0[at].saturating_sub(earlier.0[at])
        }))
    }

    /// How many there are.
    pub(crate) fn total(self) -> u64 {
        self.0.iter().sum()
    }

    /// The delay that `share` of them do not exceed, as even as a bucket lets one guess; `None` when there are none.
    pub(crate) fn quantile(self, share: f64) -> Option<Duration> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let wanted = share * float(total);
        let mut below = 0;
        let mut from = 0;
        for (bound, count) in BOUNDS.into_iter().zip(self.0) {
            if float(below + count) >= wanted && count > 0 {
                let part = (wanted - float(below)).max(0.0) / float(count);
                let ns = float(from) + part * float(bound - from);
                return Some(Duration::from_secs_f64(ns / 1e9));
            }
            below += count;
            from = bound;
        }
        Some(Duration::from_nanos(from))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is shown to people needs no more than 52 bits"
)]
pub(crate) fn float(number: u64) -> f64 {
    number as f64
}

impl EncodeMetric for Delays {
    fn encode(&self, mut encoder: MetricEncoder) -> Result<(), std::fmt::Error> {
        let counts = self.counts();
        let bounds = BOUNDS.into_iter().map(|bound| float(bound) / 1e9);
        let buckets: Vec<_> = bounds.chain([f64::INFINITY]).zip(counts.0).collect();
        let sum = float(self.sum_ns.load(Ordering::Relaxed)) / 1e9;
        encoder.encode_histogram::<NoLabelSet>(sum, counts.total(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_guessed_within_the_bucket_they_fall_into() {
        let delays = Delays::default();
        assert_eq!(delays.counts().quantile(0.5), None);
        for _ in 0..99 {
            delays.note(Duration::from_micros(700));
        }
        delays.note(Duration::from_millis(40));
        let median = delays.counts().quantile(0.5).unwrap();
        assert!(
            median > Duration::from_micros(500) && median < Duration::from_millis(1),
            "{median:?}"
        );
        let most = delays.counts().quantile(1.0).unwrap();
        assert_eq!(most, Duration::from_millis(50));
    }

    #[test]
    fn a_delay_above_all_bounds_is_counted_and_shown_as_the_highest_bound() {
        let delays = Delays::default();
        let before = delays.counts();
        delays.note(Duration::from_secs(60));
        let counted = delays.counts().since(before);
        assert_eq!(counted.total(), 1);
        assert_eq!(counted.quantile(0.99), Some(Duration::from_secs(10)));
    }
}
