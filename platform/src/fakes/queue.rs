//! A double of the queue.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;

use super::Faults;
use crate::clock::{Clock, Moment as _, UnixMs};
use crate::limits::DEAD_LETTERS;
use crate::queue::{DeadLetter, DeadLetters, Delivery, Job, Pulled, Queue, QueueName, Receipt};
use crate::store::{StoreError, Swap};

struct Message {
    job: Job,
    due: UnixMs,
    order: u64,
    attempt: u32,
    /// The delivery it is out with.
    receipt: Option<Receipt>,
}

#[derive(Default)]
struct State {
    messages: Vec<Message>,
    dead: Vec<DeadLetter>,
    counter: u64,
}

/// The queues in memory, by a clock that tests drive.
pub struct FakeQueue {
    faults: Arc<Faults>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl FakeQueue {
    /// Empty queues.
    #[must_use]
    pub fn new(faults: &Arc<Faults>, clock: Arc<dyn Clock>) -> Self {
        Self {
            faults: faults.clone(),
            clock,
            state: Mutex::default(),
        }
    }

    /// The jobs that are queued or out for delivery.
    #[must_use]
    pub fn jobs(&self) -> Vec<Job> {
        self.lock()
            .messages
            .iter()
            .map(|message| message.job.clone())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no test panics while it holds messages")
    }

    /// Does something with the message a delivery holds, unless it has been replaced.
    fn held(
        &self,
        receipt: &Receipt,
        act: impl FnOnce(&mut State, usize, UnixMs),
    ) -> Result<Swap, StoreError> {
        self.faults.around(|| {
            let now = self.clock.now();
            let mut state = self.lock();
            let holds = |message: &Message| message.receipt.as_ref() == Some(receipt);
            match state.messages.iter().position(holds) {
                Some(at) => {
                    act(&mut state, at, now);
                    Swap::Swapped
                }
                None => Swap::Stale,
            }
        })
    }
}

#[async_trait]
impl Queue for FakeQueue {
    async fn send(&self, job: &Job) -> Result<(), StoreError> {
        self.faults.around(|| {
            let due = self.clock.now();
            let mut state = self.lock();
            if state
                .messages
                .iter()
                .any(|message| message.job.key() == job.key())
            {
                return;
            }
            state.counter += 1;
            let order = state.counter;
            state.messages.push(Message {
                job: job.clone(),
                due,
                order,
                attempt: 0,
                receipt: None,
            });
        })
    }
}

#[async_trait]
impl Pulled for FakeQueue {
    async fn receive(
        &self,
        queue: QueueName,
        visibility: Duration,
    ) -> Result<Option<Delivery>, StoreError> {
        self.faults.around(|| {
            let now = self.clock.now();
            let mut state = self.lock();
            let out = |message: &Message| message.receipt.is_some() && message.due > now;
            let busy: Vec<&str> = state
                .messages
                .iter()
                .filter(|m| out(m))
                .filter_map(|m| m.job.group())
                .collect();
            let ready = |message: &&mut Message| {
                message.job.queue() == queue
                    && message.due <= now
                    && message
                        .job
                        .group()
                        .is_none_or(|group| !busy.contains(&group))
            };
            let counter = state.counter + 1;
            let mut ready: Vec<&mut Message> = state.messages.iter_mut().filter(ready).collect();
            ready.sort_by_key(|message| (message.due, message.order));
            let message = ready.into_iter().next()?;
            message.attempt += 1;
            message.due = now.plus(visibility);
            let receipt = Receipt(format!("{}#{counter}", message.job.key()));
            message.receipt = Some(receipt.clone());
            let delivery = Delivery {
                receipt,
                job: message.job.clone(),
                attempt: message.attempt,
            };
            state.counter = counter;
            Some(delivery)
        })
    }

    async fn extend(&self, delivery: &Delivery, visibility: Duration) -> Result<Swap, StoreError> {
        self.held(&delivery.receipt, |state, at, now| {
            state.messages[at].due = now.plus(visibility);
        })
    }

    async fn delete(&self, delivery: &Delivery) -> Result<Swap, StoreError> {
        self.held(&delivery.receipt, |state, at, _| {
            state.messages.remove(at);
        })
    }

    async fn retry(&self, delivery: &Delivery, delay: Duration) -> Result<Swap, StoreError> {
        self.held(&delivery.receipt, |state, at, now| {
            state.messages[at].due = now.plus(delay);
            state.messages[at].receipt = None;
        })
    }

    async fn bury(&self, delivery: &Delivery, why: &str) -> Result<Swap, StoreError> {
        self.held(&delivery.receipt, |state, at, now| {
            let message = state.messages.remove(at);
            let key = message.job.key();
            state.dead.retain(|dead| dead.key != key);
            state.dead.push(DeadLetter {
                key,
                job: message.job,
                attempts: message.attempt,
                why: why.to_owned(),
                at: now,
            });
        })
    }
}

#[async_trait]
impl DeadLetters for FakeQueue {
    async fn dead_letters(&self, queue: QueueName) -> Result<Vec<DeadLetter>, StoreError> {
        self.faults.around(|| {
            let state = self.lock();
            let theirs = state
                .dead
                .iter()
                .rev()
                .filter(|dead| dead.job.queue() == queue);
            theirs.take(DEAD_LETTERS).cloned().collect()
        })
    }

    async fn revive(&self, queue: QueueName, key: &str) -> Result<Swap, StoreError> {
        let taken = self.faults.around(|| {
            let mut state = self.lock();
            let at = state
                .dead
                .iter()
                .position(|d| d.key == key && d.job.queue() == queue);
            at.map(|at| state.dead.remove(at).job)
        })?;
        match taken {
            Some(job) => self.send(&job).await.map(|()| Swap::Swapped),
            None => Ok(Swap::Stale),
        }
    }
}
