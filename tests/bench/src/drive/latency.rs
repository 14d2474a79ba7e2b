//! Latencies in constant memory, and their way from one process to another.

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Longest latency told apart from longer ones.
const LONGEST: u64 = 600_000_000_000;

/// A histogram of nanoseconds, three digits exact.
#[derive(Debug, Clone)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1_000, LONGEST, 3).expect("the bounds are in order"))
    }
}

impl Latency {
    /// Counts one.
    pub fn record(&mut self, nanos: u64) {
        self.0.saturating_record(nanos);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The value in milliseconds below which `share` (0 to 1) of them lie; `None` of none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        (self.count() > 0).then(|| crate::clock::millis(self.0.value_at_quantile(share)))
    }

    /// The longest in milliseconds; `None` of none.
    #[must_use]
    pub fn longest(&self) -> Option<f64> {
        (self.count() > 0).then(|| crate::clock::millis(self.0.max()))
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.0
            .add(&other.0)
            .expect("all histograms have the same bounds");
    }

    /// Its counts, to be sent.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let each = self.0.iter_recorded();
        Counts(
            each.map(|step| (step.value_iterated_to(), step.count_at_value()))
                .collect(),
        )
    }
}

/// A histogram as pairs of a value and how often it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts(Vec<(u64, u64)>);

impl Counts {
    /// The histogram again.
    ///
    /// # Errors
    /// When a count is beyond what a histogram holds.
    pub fn latency(&self) -> Result<Latency> {
        let mut latency = Latency::default();
        for (value, count) in &self.0 {
            let recorded = latency.0.record_n((*value).min(LONGEST), *count);
            recorded.context("a histogram from another process")?;
        }
        Ok(latency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_to(most: u64) -> Latency {
        let mut latency = Latency::default();
        (1..=most).for_each(|ms| latency.record(ms * 1_000_000));
        latency
    }

    fn close(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!(
            (found - expected).abs() <= expected * 0.002,
            "{found} for {expected}"
        );
    }

    #[test]
    fn quantiles_are_right_to_three_digits() {
        let latency = one_to(1_000);
        close(latency.quantile(0.5), 500.0);
        close(latency.quantile(0.99), 990.0);
        close(latency.longest(), 1_000.0);
        assert_eq!(Latency::default().quantile(0.5), None);
    }

    #[test]
    fn what_two_processes_counted_is_the_sum_of_both() {
        let mut sum = one_to(100);
        let sent = serde_json::to_string(&one_to(1_000).counts()).unwrap();
        let received: Counts = serde_json::from_str(&sent).unwrap();
        sum.add(&received.latency().unwrap());
        assert_eq!(sum.count(), 1_100);
        close(sum.quantile(1.0), 1_000.0);
    }

    #[test]
    fn a_latency_beyond_the_longest_counts_as_the_longest() {
        let mut latency = Latency::default();
        latency.record(u64::MAX);
        close(latency.longest(), crate::clock::millis(LONGEST));
    }
}
