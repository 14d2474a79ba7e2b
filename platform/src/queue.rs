//! Jobs and the queues that carry them: at least once, with a visibility timeout, retries with backoff, and
//! dead letters. One port for whoever leaves work, one for a worker that asks for it, one for the operator.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use latchkey_protocol::{GameId, Seq};
use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::email::EmailAddress;
use crate::limits::{JOB_BACKOFF, JOB_BACKOFF_MAX};
use crate::orders::OrderId;
use crate::store::{StoreError, Swap};

/// One piece of work. Repeating it must be harmless: it may be delivered more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Send the purchase e-mail of an order.
    Confirm {
        /// The order.
        order: OrderId,
    },
    /// Send somebody the links of their games again.
    Resend {
        /// Names this request, so that its e-mail is sent once.
        request: String,
        /// Whose games.
        email: EmailAddress,
    },
    /// Compute the stats of a finished game.
    Stats {
        /// The game.
        game: GameId,
        /// The last record to count: the one that finished the game.
        seq: Seq,
    },
}

/// The queues. Each has its own worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueName {
    /// What ends in an e-mail.
    Mail,
    /// What computes stats.
    Stats,
}

impl QueueName {
    /// Every queue.
    pub const ALL: [Self; 2] = [Self::Mail, Self::Stats];

    /// The name as text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Stats => "stats",
        }
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Job {
    /// The queue it belongs to.
    #[must_use]
    pub fn queue(&self) -> QueueName {
        match self {
            Self::Confirm { .. } | Self::Resend { .. } => QueueName::Mail,
            Self::Stats { .. } => QueueName::Stats,
        }
    }

    /// Names the job: queues need not hold two with the same key.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Confirm { order } => format!("confirm:{order}"),
            Self::Resend { request, .. } => format!("resend:{request}"),
            Self::Stats { game, .. } => format!("stats:{game}"),
        }
    }

    /// Jobs of the same group are never out for delivery at the same time. Stats are one group: each compares
    /// with all before it.
    #[must_use]
    pub fn group(&self) -> Option<&'static str> {
        match self {
            Self::Confirm { .. } | Self::Resend { .. } => None,
            Self::Stats { .. } => Some("stats"),
        }
    }
}

/// Names one delivery of one message. After its visibility timeout another delivery may have replaced it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Receipt(pub String);

/// A message out for delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What to answer with.
    pub receipt: Receipt,
    /// The work.
    pub job: Job,
    /// Which delivery of the message this is, from 1.
    pub attempt: u32,
}

/// A message nobody could do anything with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The job's key.
    pub key: String,
    /// The work.
    pub job: Job,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up.
    pub why: String,
    /// When.
    pub at: UnixMs,
}

/// Where use-cases leave work. What carries it from there differs: a worker of ours asks for it ([`Pulled`]), or a service
/// hands it to a function.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Queues a job, to be delivered at least once. While one with the same key waits, a further one need not be added.
    async fn send(&self, job: &Job) -> Result<(), StoreError>;
}

/// Queues that a worker of ours asks for work.
#[async_trait]
pub trait Pulled: Send + Sync {
    /// Takes the message that has been due for longest and hides it from others for `visibility`. A message
    /// whose group is out for delivery waits.
    async fn receive(
        &self,
        queue: QueueName,
        visibility: Duration,
    ) -> Result<Option<Delivery>, StoreError>;
    /// Hides the message for `visibility` from now on. `Stale` if this delivery has been replaced.
    async fn extend(&self, delivery: &Delivery, visibility: Duration) -> Result<Swap, StoreError>;
    /// The work is done. `Stale` if this delivery has been replaced; the work then happens again.
    async fn delete(&self, delivery: &Delivery) -> Result<Swap, StoreError>;
    /// Gives the message back, to be delivered again after `delay`.
    async fn retry(&self, delivery: &Delivery, delay: Duration) -> Result<Swap, StoreError>;
    /// Moves the message to the dead letters.
    async fn bury(&self, delivery: &Delivery, why: &str) -> Result<Swap, StoreError>;
}

/// What nobody could do anything with, for the operator.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// The newest dead letters of a queue, at most [`DEAD_LETTERS`](crate::limits::DEAD_LETTERS).
    async fn dead_letters(&self, queue: QueueName) -> Result<Vec<DeadLetter>, StoreError>;
    /// Queues a dead letter again, with its attempts forgotten. `Stale` if there is none with this key.
    async fn revive(&self, queue: QueueName, key: &str) -> Result<Swap, StoreError>;
}

/// What becomes of a job whose attempt failed.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It is tried again after this long.
    After(Duration),
    /// It has been tried often enough.
    GiveUp,
}

/// The rule of retries: exponential backoff with a ceiling, until `of` attempts were made.
pub fn retry_after(attempt: u32, of: u32) -> Retry {
    if attempt >= of {
        return Retry::GiveUp;
    }
    let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
    Retry::After(JOB_BACKOFF.saturating_mul(factor).min(JOB_BACKOFF_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::JOB_ATTEMPTS;

    #[test]
    fn waits_double_up_to_the_ceiling_and_end() {
        let seconds: Vec<u64> = (1..JOB_ATTEMPTS)
            .map(|attempt| match retry_after(attempt, JOB_ATTEMPTS) {
                Retry::After(wait) => wait.as_secs(),
                Retry::GiveUp => panic!("given up after {attempt}"),
            })
            .collect();
        let doubled = [2, 4, 8, 16, 32, 64, 128, 256, 512];
        assert_eq!(seconds[..doubled.len()], doubled);
        assert_eq!(seconds[doubled.len()..], [JOB_BACKOFF_MAX.as_secs(); 6]);
        assert_eq!(retry_after(JOB_ATTEMPTS, JOB_ATTEMPTS), Retry::GiveUp);
        assert_eq!(retry_after(u32::MAX, JOB_ATTEMPTS), Retry::GiveUp);
    }
}
