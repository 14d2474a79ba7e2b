//! Drives one queue: takes a delivery, does the job, and tells the queue what became of it. One worker does one job at
//! a time; the queue itself keeps jobs of one group apart, however many workers there are.

use std::sync::Arc;
use std::time::Duration;

use latchkey_platform::limits::{JOB_ATTEMPTS, JOB_VISIBILITY};
use latchkey_platform::queue::{Delivery, Pulled, QueueName};
use latchkey_platform::store::{StoreError, Swap};
use tokio::sync::watch;

use crate::attempt::{Failure, Verdict, begin, ended, judge};
use crate::handlers::{Handled, Handlers};

/// Between two looks into an empty queue.
const IDLE: Duration = Duration::from_millis(200);
/// After the queue itself failed.
const BROKEN: Duration = Duration::from_secs(2);

/// Works on one queue.
#[derive(Clone)]
pub struct Worker {
    /// The queues.
    pub queue: Arc<dyn Pulled>,
    /// Which of them.
    pub name: QueueName,
    /// What does the jobs.
    pub handlers: Handlers,
}

/// What one look into the queue came to.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing was due.
    Idle,
    /// A job was done.
    Done,
    /// A job failed and comes again.
    Failed,
    /// A job was given up.
    Buried,
}

impl Worker {
    /// Works until `stop` becomes true. A job that has begun is ended first.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let wait = match self.step().await {
                Ok(Step::Idle) => IDLE,
                Ok(Step::Done | Step::Failed | Step::Buried) => continue,
                Err(error) => {
                    tracing::warn!(queue = %self.name, %error, "the queue does not answer");
                    BROKEN
                }
            };
            // Either answer leads to the loop's own condition.
            let _ = tokio::time::timeout(wait, stop.wait_for(|stop| *stop)).await;
        }
    }

    /// Takes one delivery, if one is due, and settles it.
    ///
    /// # Errors
    /// When the queue fails. What was received comes again after its visibility.
    pub async fn step(&self) -> Result<Step, StoreError> {
        let Some(delivery) = self.queue.receive(self.name, JOB_VISIBILITY).await? else {
            return Ok(Step::Idle);
        };
        // A job whose last tries ended without an answer stopped its worker each time; it must not stop this one too.
        let done = match delivery.attempt > JOB_ATTEMPTS {
            true => Err(Failure::Endless(JOB_ATTEMPTS)),
            false => self.hold_and_handle(&delivery).await,
        };
        self.settle(&delivery, done).await
    }

    /// Does the job, and keeps the delivery hidden from others for as long as it takes.
    async fn hold_and_handle(&self, delivery: &Delivery) -> Result<Handled, Failure> {
        let mut task = begin(&self.handlers, &delivery.job);
        loop {
            match tokio::time::timeout(JOB_VISIBILITY / 2, &mut task).await {
                Ok(done) => return ended(done),
                Err(_) => {
                    // A failure to extend lets somebody else begin too, which is harmless.
                    if let Err(error) = self.queue.extend(delivery, JOB_VISIBILITY).await {
                        tracing::warn!(queue = %self.name, %error, "a long job could not be held");
                    }
                }
            }
        }
    }

    async fn settle(
        &self,
        delivery: &Delivery,
        done: Result<Handled, Failure>,
    ) -> Result<Step, StoreError> {
        let (job, attempt) = (&delivery.job, delivery.attempt);
        let (swap, step) = match judge(job, attempt, JOB_ATTEMPTS, done) {
            Verdict::Done => (self.queue.delete(delivery).await?, Step::Done),
            Verdict::Again(wait) => (self.queue.retry(delivery, wait).await?, Step::Failed),
            Verdict::GivenUp(why) => (self.queue.bury(delivery, &why).await?, Step::Buried),
        };
        if swap == Swap::Stale {
            tracing::warn!(
                job = job.key(),
                attempt,
                "the job took longer than it was hidden and comes again"
            );
        }
        Ok(step)
    }
}
