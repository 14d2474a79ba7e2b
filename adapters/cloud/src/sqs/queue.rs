//! The ports of whoever leaves work, and of the operator, on SQS.

use std::cmp::Reverse;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use latchkey_platform::limits::{JOB_ATTEMPTS, JOB_ATTEMPTS_IN_LINE};
use latchkey_platform::queue::{DeadLetter, DeadLetters, Job, Queue, QueueName};
use latchkey_platform::store::{StoreError, Swap};

use super::QueueUrl;
use super::dead::Handful;
use super::one::{Line, OneQueue};

/// How often a job of a queue is tried. Its queue moves it to the dead letters by itself (`maxReceiveCount`) when it is
/// delivered once more than that.
#[must_use]
pub fn attempts(queue: QueueName) -> u32 {
    match queue {
        QueueName::Mail => JOB_ATTEMPTS,
        // SQS delivers nothing of a group while one of its messages waits.
        QueueName::Stats => JOB_ATTEMPTS_IN_LINE,
    }
}

/// The queues on SQS, those of them that this program uses.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    queues: Vec<(QueueName, OneQueue)>,
}

impl SqsQueue {
    /// Queues at these addresses.
    #[must_use]
    pub fn new(client: &Client, urls: impl IntoIterator<Item = (QueueName, QueueUrl)>) -> Self {
        let urls = urls.into_iter();
        let queues = urls.map(|(name, url)| (name, OneQueue::new(client.clone(), url)));
        Self {
            queues: queues.collect(),
        }
    }

    fn one(&self, name: QueueName) -> Result<&OneQueue, StoreError> {
        let found = self.queues.iter().find(|(known, _)| *known == name);
        let none = || {
            let text = format!("this program was given no address of the queue {name}");
            StoreError::Unavailable(text)
        };
        found.map(|(_, queue)| queue).ok_or_else(none)
    }

    /// Adds a job; where an order is kept, another with the same `once` is dropped for five minutes.
    async fn put(&self, job: &Job, once: &str) -> Result<(), StoreError> {
        let queue = self.one(job.queue())?;
        let body =
            serde_json::to_string(job).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let line = job.group().map(|group| Line { group, once });
        queue.put(&body, line, &[]).await
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, job: &Job) -> Result<(), StoreError> {
        self.put(job, &job.key()).await
    }
}

#[async_trait]
impl DeadLetters for SqsQueue {
    async fn dead_letters(&self, queue: QueueName) -> Result<Vec<DeadLetter>, StoreError> {
        let queue = self.one(queue)?;
        let dead = OneQueue::new(queue.client.clone(), queue.url.dead());
        let hand = Handful::take(&dead).await?;
        let letters = hand.letters.iter().map(|held| held.letter.clone());
        let mut letters: Vec<_> = letters.collect();
        letters.sort_by_key(|letter| Reverse(letter.at));
        letters.truncate(latchkey_platform::limits::DEAD_LETTERS);
        hand.give_back(&dead).await;
        Ok(letters)
    }

    async fn revive(&self, queue: QueueName, key: &str) -> Result<Swap, StoreError> {
        let queue = self.one(queue)?;
        let dead = OneQueue::new(queue.client.clone(), queue.url.dead());
        let mut hand = Handful::take(&dead).await?;
        let at = hand.letters.iter().position(|held| held.letter.key == key);
        let revived = match at.map(|at| hand.letters.swap_remove(at)) {
            None => Ok(Swap::Stale),
            // The key alone would be dropped if the job had been queued within the last minutes.
            Some(held) => match self.put(&held.letter.job, &held.id).await {
                Ok(()) => dead.take_off(&held.receipt).await,
                Err(error) => {
                    hand.letters.push(held);
                    Err(error)
                }
            },
        };
        hand.give_back(&dead).await;
        revived
    }
}
