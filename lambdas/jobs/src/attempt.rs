//! One attempt at a job, whoever delivered it: doing it so that a panic is a failure like any other, and judging what
//! becomes of it afterwards.

use std::time::Duration;

use latchkey_platform::queue::{Job, Retry, retry_after};
use tokio::task::JoinHandle;

use crate::handlers::{Handled, Handlers, JobError};

/// Why a job is not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Its handler failed.
    #[error(transparent)]
    Job(#[from] JobError),
    /// Its handler panicked.
    #[error("the job panicked")]
    Panic,
    /// It was still at work when its time was over.
    #[error("the job was not done in the time it has")]
    Late,
    /// It ended each of its workers before it came to an end.
    #[error("the job was begun {0} times and never came to an end")]
    Endless(u32),
}

impl Failure {
    /// Whether trying again can help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Job(error) => error.may_pass(),
            Self::Panic | Self::Late => true,
            Self::Endless(_) => false,
        }
    }
}

/// What becomes of a job.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is done and leaves the queue.
    Done,
    /// It is delivered again after this long.
    Again(Duration),
    /// It goes to the dead letters, for this reason.
    GivenUp(String),
}

/// Begins a job in a task of its own. Its end is read with [`ended`].
pub fn begin(handlers: &Handlers, job: &Job) -> JoinHandle<Result<Handled, JobError>> {
    let (handlers, job) = (handlers.clone(), job.clone());
    tokio::spawn(async move { handlers.handle(&job).await })
}

/// What a task of [`begin`] came to.
///
/// # Errors
/// What the job failed with.
pub fn ended(
    task: Result<Result<Handled, JobError>, tokio::task::JoinError>,
) -> Result<Handled, Failure> {
    task.map_err(|_| Failure::Panic)?.map_err(Failure::Job)
}

/// Judges what attempt number `attempt` of `of` at a job came to, and says so in the log.
pub fn judge(job: &Job, attempt: u32, of: u32, done: Result<Handled, Failure>) -> Verdict {
    let job = job.key();
    match done {
        Ok(handled) => {
            tracing::info!(job, attempt, again = handled == Handled::Before, "job done");
            Verdict::Done
        }
        Err(failure) => match retry_after(attempt, of) {
            Retry::After(wait) if failure.may_pass() => {
                tracing::warn!(job, attempt, %failure, again_in_s = wait.as_secs(), "job failed");
                Verdict::Again(wait)
            }
            _ => {
                tracing::error!(job, attempt, %failure, "job given up: see the dead letters");
                Verdict::GivenUp(failure.to_string())
            }
        },
    }
}
