//! The last quarter of an hour in figures, kept so that a page that is opened now can draw what happened before. One
//! task takes a sample every two seconds; whoever shows them holds a position in the ring, as readers of a room do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::health::State;
use crate::host::Shared;
use crate::limits::{SAMPLE_EVERY, SAMPLES};
use crate::metrics::{DelayCounts, resident_bytes};

/// The figures at one moment; rates are those since the sample before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Sample {
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) rooms: u64,
    pub(crate) connections: u64,
    pub(crate) records_per_s: f64,
    pub(crate) deliveries_per_s: f64,
    /// `None` when nothing was delivered.
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) archive_lag_s: f64,
    pub(crate) journal_bytes: u64,
    pub(crate) resident_bytes: u64,
}

/// The samples, numbered from 1 in the order in which they were taken.
#[derive(Debug)]
pub(crate) struct History {
    samples: Mutex<VecDeque<Sample>>,
    taken: watch::Sender<u64>,
}

impl Default for History {
    fn default() -> Self {
        Self {
            samples: Mutex::default(),
            taken: watch::Sender::new(0),
        }
    }
}

impl History {
    /// Adds the newest sample; the oldest goes when there are [`SAMPLES`].
    pub(crate) fn push(&self, sample: Sample) {
        let mut samples = self.lock();
        if samples.len() == SAMPLES {
            samples.pop_front();
        }
        samples.push_back(sample);
        // Still under the lock, so that the number always fits what is there.
        self.taken.send_modify(|taken| *taken += 1);
    }

    /// Samples behind number `after` that are still there, and the number of the last one.
    pub(crate) fn after(&self, after: u64) -> (Vec<Sample>, u64) {
        let samples = self.lock();
        let taken = *self.taken.borrow();
        let new = usize::try_from(taken.saturating_sub(after)).unwrap_or(usize::MAX);
        let known = samples.len().saturating_sub(new);
        (samples.range(known..).copied().collect(), taken)
    }

    /// Tells of new samples.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.taken.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Sample>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was counted when the last sample was taken.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    records: u64,
    refused: u64,
    deliveries: u64,
    delays: DelayCounts,
    at: Duration,
}

impl Counted {
    fn now(shared: &Shared) -> Self {
        let metrics = &shared.desk.metrics;
        Self {
            records: metrics.records.get(),
            refused: metrics.journal_refused.get(),
            deliveries: metrics.deliveries.get(),
            delays: metrics.delays.counts(),
            at: shared.time.elapsed(),
        }
    }
}

/// Takes samples until its task is dropped, and notes each time that the host's tasks run and whether the journal took
/// what it was offered.
pub(crate) async fn sample(shared: Arc<Shared>) {
    let mut tick = interval(SAMPLE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = Counted::now(&shared);
    loop {
        tick.tick().await;
        let now = Counted::now(&shared);
        if now.refused > before.refused {
            shared.journal_reach.failed(now.at);
        } else if now.records > before.records {
            shared.journal_reach.worked(now.at);
        }
        let looked = shared.clone();
        // The journal's lock may be held by a disk that hangs, and then this task must hang too: its silence says so.
        let taken = tokio::task::spawn_blocking(move || take(&looked, before, now)).await;
        if let Ok(sample) = taken {
            shared.admin.history.push(sample);
            shared.pulse.beat(shared.time.elapsed());
        }
        before = now;
    }
}

fn take(shared: &Shared, before: Counted, now: Counted) -> Sample {
    let state = State::of(shared);
    let seconds = now.at.saturating_sub(before.at).as_secs_f64().max(0.001);
    let rate = |more: u64, less: u64| float(more - less) / seconds;
    let delays = now.delays.since(before.delays);
    let quantile = |share| {
        let delay = delays.quantile(share)?;
        Some(delay.as_secs_f64() * 1_000.0)
    };
    Sample {
        at: shared.time.wall().0,
        rooms: shared.rooms.len() as u64,
        connections: shared.desk.metrics.connections.get(),
        records_per_s: rate(now.records, before.records),
        deliveries_per_s: rate(now.deliveries, before.deliveries),
        p50_ms: quantile(0.5),
        p99_ms: quantile(0.99),
        archive_lag_s: state.archive_lag.as_secs_f64(),
        journal_bytes: state.journal.bytes,
        resident_bytes: resident_bytes(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is drawn for people needs no more than 52 bits"
)]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at: u64) -> Sample {
        Sample {
            at,
            ..Sample::default()
        }
    }

    #[test]
    fn the_ring_is_bounded_and_a_reader_takes_what_is_behind_its_position() {
        let history = History::default();
        assert_eq!(history.after(0), (Vec::new(), 0));
        for number in 1..=SAMPLES as u64 + 10 {
            history.push(at(number));
        }
        let last = SAMPLES as u64 + 10;
        let (all, taken) = history.after(0);
        assert_eq!((all.len(), taken), (SAMPLES, last));
        assert_eq!((all[0].at, all[SAMPLES - 1].at), (11, last));
        assert_eq!(history.after(last - 2).0, [at(last - 1), at(last)]);
        assert_eq!(history.after(last).0, []);
    }
}
