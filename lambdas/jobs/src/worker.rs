//! Drives one queue: takes a delivery, does the job, and tells the queue what became of it. One worker does one job at
//! a time; the queue itself keeps jobs of one group apart, however many workers there are.

use std::sync::Arc;
use std::time::Duration;

use latchkey_platform::limits::{JOB_ATTEMPTS, JOB_VISIBILITY};
use latchkey_platform::queue::{Delivery, Queue, QueueName, Retry, retry_after};
use latchkey_platform::store::{StoreError, Swap};
use tokio::sync::watch;

use crate::handlers::{Handled, Handlers, JobError};

/// Between two looks into an empty queue.
const IDLE: Duration = Duration::from_millis(200);
/// After the queue itself failed.
const BROKEN: Duration = Duration::from_secs(2);

/// Works on one queue.
#[derive(Clone)]
pub struct Worker {
    /// The queues.
    pub queue: Arc<dyn Queue>,
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
            true => Err(Failure::Endless),
            false => self.hold_and_handle(&delivery).await,
        };
        self.settle(&delivery, done).await
    }

    /// Does the job in a task of its own, so that a panic is a failure like any other, and keeps the delivery hidden
    /// from others for as long as it takes.
    async fn hold_and_handle(&self, delivery: &Delivery) -> Result<Handled, Failure> {
        let (handlers, job) = (self.handlers.clone(), delivery.job.clone());
        let mut task = tokio::spawn(async move { handlers.handle(&job).await });
        loop {
            match tokio::time::timeout(JOB_VISIBILITY / 2, &mut task).await {
                Ok(Ok(done)) => return done.map_err(Failure::Job),
                Ok(Err(_)) => return Err(Failure::Panic),
                Err(_) => {
                    // A failure to extend lets somebody else begin too, which is harmless.
                    if let Err(error) = self.queue.extend(&delivery.receipt, JOB_VISIBILITY).await {
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
        let (key, attempt, receipt) = (delivery.job.key(), delivery.attempt, &delivery.receipt);
        let (swap, step) = match done {
            Ok(handled) => {
                tracing::info!(
                    job = key,
                    attempt,
                    again = handled == Handled::Before,
                    "job done"
                );
                (self.queue.delete(receipt).await?, Step::Done)
            }
            Err(failure) => match retry_after(attempt) {
                Retry::After(wait) if failure.may_pass() => {
                    tracing::warn!(job = key, attempt, %failure, again_in_s = wait.as_secs(), "job failed");
                    (self.queue.retry(receipt, wait).await?, Step::Failed)
                }
                _ => {
                    tracing::error!(job = key, attempt, %failure, "job given up: see the dead letters");
                    (
                        self.queue.bury(receipt, &failure.to_string()).await?,
                        Step::Buried,
                    )
                }
            },
        };
        if swap == Swap::Stale {
            tracing::warn!(
                job = key,
                attempt,
                "the job took longer than it was hidden and comes again"
            );
        }
        Ok(step)
    }
}

/// Why a job is not done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Job(JobError),
    #[error("the job panicked")]
    Panic,
    #[error("the job was begun {JOB_ATTEMPTS} times and never came to an end")]
    Endless,
}

impl Failure {
    fn may_pass(&self) -> bool {
        match self {
            Self::Job(error) => error.may_pass(),
            Self::Panic => true,
            Self::Endless => false,
        }
    }
}
