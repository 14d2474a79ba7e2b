//! Batches of jobs, as the service takes them off a queue: each is done or comes again by itself. What is answered are the
//! messages that are to stay; the others are deleted by the service.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use latchkey_cloud::sqs::OneQueue;
use latchkey_jobs::Handlers;
use latchkey_jobs::attempt::{Failure, Verdict, begin, ended, judge};
use latchkey_platform::clock::{Clock, Moment as _, UnixMs};
use latchkey_platform::queue::Job;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

/// Kept of a function's time for saying what became of its jobs.
const MARGIN: Duration = Duration::from_secs(3);
/// Why a message that is no job goes to the dead letters. What it says is not repeated: it may name people.
const UNREADABLE: &str = "this version of the program reads no job in it";

/// Messages of a queue.
#[derive(Debug, Deserialize)]
pub struct SqsEvent {
    /// The messages, in the queue's order where it has one.
    #[serde(rename = "Records")]
    pub records: Vec<Message>,
}

/// A message that is out for delivery.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    message_id: String,
    receipt_handle: String,
    body: String,
    #[serde(default)]
    attributes: HashMap<String, String>,
}

impl Message {
    /// Which delivery this is, from 1.
    fn attempt(&self) -> u32 {
        let count = self.attributes.get("ApproximateReceiveCount");
        count.and_then(|count| count.parse().ok()).unwrap_or(1)
    }
}

/// The messages that stay in the queue.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    batch_item_failures: Vec<Failed>,
}

/// A message that stays.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    item_identifier: String,
}

impl BatchAnswer {
    fn of(messages: impl IntoIterator<Item = Message>) -> Self {
        let failed = messages.into_iter().map(|message| Failed {
            item_identifier: message.message_id,
        });
        Self {
            batch_item_failures: failed.collect(),
        }
    }
}

/// Whoever does the jobs of one queue. Cloning is cheap.
#[derive(Clone)]
pub struct Batches {
    /// What does the jobs; those it is not given the means for go to the dead letters.
    pub handlers: Handlers,
    /// The queue they come from.
    pub queue: OneQueue,
    /// How often each is tried.
    pub attempts: u32,
    /// The time, to be done before the function's is over.
    pub clock: Arc<dyn Clock>,
}

impl Batches {
    /// Does all jobs at the same time. `until` is when the function is ended.
    pub async fn all_at_once(&self, event: SqsEvent, until: UnixMs) -> BatchAnswer {
        let mut doing = JoinSet::new();
        let mut open: HashMap<_, _> = HashMap::new();
        for message in event.records {
            let (batches, taken) = (self.clone(), message.clone());
            let task = doing.spawn(async move { batches.one(&taken, until).await });
            open.insert(task.id(), message);
        }
        let mut stay = Vec::new();
        while let Some(done) = doing.join_next_with_id().await {
            let (id, stays) = match done {
                Ok((id, stays)) => (id, stays),
                Err(error) => (error.id(), true),
            };
            stay.extend(open.remove(&id).filter(|_| stays));
        }
        BatchAnswer::of(stay)
    }

    /// Does one job after the other, up to the first that stays; those behind it stay, too, to keep the order.
    pub async fn in_line(&self, event: SqsEvent, until: UnixMs) -> BatchAnswer {
        let mut messages = event.records.into_iter();
        while let Some(message) = messages.next() {
            if !self.one(&message, until).await {
                continue;
            }
            let behind: Vec<_> = messages.collect();
            for message in &behind {
                // They come right after the one that failed, and not only when the queue's own time for them is over.
                self.give_back(message, Duration::ZERO).await;
            }
            return BatchAnswer::of(std::iter::once(message).chain(behind));
        }
        BatchAnswer::default()
    }

    /// Does the job of a message; whether the message stays in the queue.
    async fn one(&self, message: &Message, until: UnixMs) -> bool {
        let attempt = message.attempt();
        let Ok(job) = serde_json::from_str::<Job>(&message.body) else {
            tracing::error!(
                message = message.message_id,
                queue = self.queue.url().name(),
                "a message holds no job: see the dead letters"
            );
            return self.bury(message, UNREADABLE).await;
        };
        let done = match attempt > self.attempts {
            true => Err(Failure::Endless(self.attempts)),
            false => {
                let time = until.since(self.clock.now()).saturating_sub(MARGIN);
                let mut task = begin(&self.handlers, &job);
                match tokio::time::timeout(time, &mut task).await {
                    Ok(done) => ended(done),
                    Err(_) => {
                        task.abort();
                        Err(Failure::Late)
                    }
                }
            }
        };
        match judge(&job, attempt, self.attempts, done) {
            Verdict::Done => false,
            Verdict::Again(wait) => {
                self.give_back(message, wait).await;
                true
            }
            Verdict::GivenUp(why) => self.bury(message, &why).await,
        }
    }

    async fn give_back(&self, message: &Message, wait: Duration) {
        if let Err(error) = self.queue.hide(&message.receipt_handle, wait).await {
            tracing::warn!(%error, "a message could not be told when to come again");
        }
    }

    /// Puts a message among the dead letters; whether it stays in the queue because that failed.
    async fn bury(&self, message: &Message, why: &str) -> bool {
        let Message {
            message_id,
            receipt_handle,
            body,
            ..
        } = message;
        let queue = &self.queue;
        let buried = queue.bury(receipt_handle, message_id, body, message.attempt(), why);
        match buried.await {
            Ok(_) => false,
            Err(error) => {
                tracing::warn!(%error, "a message could not be put among the dead letters and comes again");
                true
            }
        }
    }
}
