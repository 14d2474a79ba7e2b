//! The queues as one table of SQLite. A message is out for delivery while it has a receipt and is not due.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use latchkey_platform::clock::{Clock, Moment as _, UnixMs};
use latchkey_platform::limits::DEAD_LETTERS;
use latchkey_platform::queue::{
    DeadLetter, DeadLetters, Delivery, Job, Pulled, Queue, QueueName, Receipt,
};
use latchkey_platform::store::{StoreError, Swap};
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::database::documents::{all, one, swapped};
use crate::database::{Database, Fault, int, rows};
use crate::limits::PUT_OFF;

/// The queues on SQLite.
#[derive(Clone)]
pub struct SqliteQueue {
    database: Database,
    clock: Arc<dyn Clock>,
}

impl SqliteQueue {
    /// Queues that go by this clock.
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Takes back every message that is out for delivery and makes it due: at the start of the only process that uses
    /// these queues, whoever received it is gone. Gives their number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_back(&self) -> Result<usize, StoreError> {
        let now = int(self.clock.now().0);
        self.database
            .write(move |transaction| {
                let freed = "UPDATE jobs SET due = ?1, receipt = NULL WHERE receipt IS NOT NULL";
                Ok(transaction.execute(freed, [now])?)
            })
            .await
    }

    /// Hides the message a delivery holds until `due`; with `release` it is no longer out for delivery.
    async fn hide(
        &self,
        receipt: &Receipt,
        due: UnixMs,
        release: bool,
    ) -> Result<Swap, StoreError> {
        let receipt = receipt.0.clone();
        self.database
            .write(move |transaction| {
                let updated = transaction.execute(
                    "UPDATE jobs SET due = ?2, receipt = iif(?3, NULL, receipt) WHERE receipt = ?1",
                    params![receipt, int(due.0), release],
                )?;
                Ok(swapped(updated))
            })
            .await
    }
}

/// Adds the job, unless one with its key is there: a sweep that queues the same job every few seconds while a worker is
/// behind makes no heap of them.
fn add(transaction: &Transaction<'_>, job: &Job, now: UnixMs) -> Result<(), Fault> {
    transaction.execute(
        "INSERT INTO jobs (key, queue, class, body, due, attempt) VALUES (?1, ?2, ?3, ?4, ?5, 0)
         ON CONFLICT DO NOTHING",
        params![
            job.key(),
            job.queue().as_str(),
            job.group(),
            serde_json::to_string(job)?,
            int(now.0),
        ],
    )?;
    Ok(())
}

/// The message that has been due for longest and whose group is not out for delivery.
const NEXT: &str = "
    SELECT number, body, attempt FROM jobs AS next
    WHERE queue = ?1 AND due <= ?2
      AND (class IS NULL OR NOT EXISTS (
          SELECT 1 FROM jobs AS out
          WHERE out.class = next.class AND out.receipt IS NOT NULL AND out.due > ?2))
    ORDER BY due, number LIMIT 1";

fn take(
    transaction: &Transaction<'_>,
    queue: QueueName,
    now: UnixMs,
    until: UnixMs,
) -> Result<Option<Delivery>, Fault> {
    loop {
        let next: Option<(i64, String, u32)> = transaction
            .query_row(NEXT, params![queue.as_str(), int(now.0)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((number, body, attempts)) = next else {
            return Ok(None);
        };
        let Ok(job) = serde_json::from_str(&body) else {
            // Written by another version of the program. It waits for that one without blocking the others.
            tracing::error!(number, %queue, "a queued job cannot be read and is put off");
            let due = int(now.plus(PUT_OFF).0);
            transaction.execute("UPDATE jobs SET due = ?2 WHERE number = ?1", [number, due])?;
            continue;
        };
        let attempt = attempts.saturating_add(1);
        // Number and attempt together never come again: numbers are not reused.
        let receipt = format!("{number}.{attempt}");
        transaction.execute(
            "UPDATE jobs SET due = ?2, attempt = ?3, receipt = ?4 WHERE number = ?1",
            params![number, int(until.0), attempt, receipt],
        )?;
        return Ok(Some(Delivery {
            receipt: Receipt(receipt),
            job,
            attempt,
        }));
    }
}

fn bury(
    transaction: &Transaction<'_>,
    receipt: &str,
    why: &str,
    at: UnixMs,
) -> Result<Swap, Fault> {
    let held: Option<(String, u32)> = transaction
        .query_row(
            "DELETE FROM jobs WHERE receipt = ?1 RETURNING body, attempt",
            [receipt],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((body, attempts)) = held else {
        return Ok(Swap::Stale);
    };
    let job: Job = serde_json::from_str(&body)?;
    let letter = DeadLetter {
        key: job.key(),
        job,
        attempts,
        why: why.to_owned(),
        at,
    };
    transaction.execute(
        "INSERT OR REPLACE INTO dead_jobs (queue, key, letter) VALUES (?1, ?2, ?3)",
        params![
            letter.job.queue().as_str(),
            letter.key,
            serde_json::to_string(&letter)?
        ],
    )?;
    Ok(Swap::Swapped)
}

#[async_trait]
impl Queue for SqliteQueue {
    async fn send(&self, job: &Job) -> Result<(), StoreError> {
        let (job, now) = (job.clone(), self.clock.now());
        self.database
            .write(move |transaction| add(transaction, &job, now))
            .await
    }
}

#[async_trait]
impl Pulled for SqliteQueue {
    async fn receive(
        &self,
        queue: QueueName,
        visibility: Duration,
    ) -> Result<Option<Delivery>, StoreError> {
        let now = self.clock.now();
        // Most of the time nothing is due, and looking costs no write.
        let due = self.database.read(move |connection| {
            let params = params![queue.as_str(), int(now.0)];
            Ok(connection
                .query_row(NEXT, params, |_| Ok(()))
                .optional()?
                .is_some())
        });
        if !due.await? {
            return Ok(None);
        }
        let until = now.plus(visibility);
        self.database
            .write(move |transaction| take(transaction, queue, now, until))
            .await
    }

    async fn extend(&self, delivery: &Delivery, visibility: Duration) -> Result<Swap, StoreError> {
        self.hide(&delivery.receipt, self.clock.now().plus(visibility), false)
            .await
    }

    async fn delete(&self, delivery: &Delivery) -> Result<Swap, StoreError> {
        let receipt = delivery.receipt.0.clone();
        self.database
            .write(move |transaction| {
                let deleted =
                    transaction.execute("DELETE FROM jobs WHERE receipt = ?1", [receipt])?;
                Ok(swapped(deleted))
            })
            .await
    }

    async fn retry(&self, delivery: &Delivery, delay: Duration) -> Result<Swap, StoreError> {
        self.hide(&delivery.receipt, self.clock.now().plus(delay), true)
            .await
    }

    async fn bury(&self, delivery: &Delivery, why: &str) -> Result<Swap, StoreError> {
        let receipt = delivery.receipt.0.clone();
        let (why, now) = (why.to_owned(), self.clock.now());
        self.database
            .write(move |transaction| bury(transaction, &receipt, &why, now))
            .await
    }
}

#[async_trait]
impl DeadLetters for SqliteQueue {
    async fn dead_letters(&self, queue: QueueName) -> Result<Vec<DeadLetter>, StoreError> {
        self.database
            .read(move |connection| {
                let query =
                    "SELECT letter FROM dead_jobs WHERE queue = ?1 ORDER BY number DESC LIMIT ?2";
                all(
                    connection,
                    query,
                    params![queue.as_str(), rows(DEAD_LETTERS)],
                )
            })
            .await
    }

    async fn revive(&self, queue: QueueName, key: &str) -> Result<Swap, StoreError> {
        let (key, now) = (key.to_owned(), self.clock.now());
        self.database
            .write(move |transaction| {
                let query = "DELETE FROM dead_jobs WHERE queue = ?1 AND key = ?2 RETURNING letter";
                let letter: Option<DeadLetter> =
                    one(transaction, query, params![queue.as_str(), key])?;
                let Some(letter) = letter else {
                    return Ok(Swap::Stale);
                };
                add(transaction, &letter.job, now)?;
                Ok(Swap::Swapped)
            })
            .await
    }
}
