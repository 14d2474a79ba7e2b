//! The one writer of a database: a thread that does what is queued, in order. A synced commit costs the same for one
//! write as for many, so the writes that wait at one time share a transaction. Each runs in a savepoint and undoes
//! itself alone when it fails; all of them are answered after the commit, so that no answer is ahead of the disk, not
//! even one that was only read from what a neighbour wrote.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::Fault;
use crate::limits::WRITES_WAITING;

/// A queued write, whatever it answers.
pub(super) trait Write: Send {
    /// Does all of its work or nothing of it, and keeps the outcome. An error says that it cannot tell which: then
    /// the transaction must not be committed.
    fn run(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()>;

    /// Tells the caller the outcome, or why the transaction was not committed.
    fn answer(self: Box<Self>, committed: Result<(), String>);
}

/// A write and the caller who waits for its answer.
struct Job<W, T, E> {
    work: Option<W>,
    /// Stays empty when the work panics; the caller is then told by the lost answer.
    outcome: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

/// Makes a write of `work`, whose answer goes to `caller`.
pub(super) fn job<T, E, W>(work: W, caller: oneshot::Sender<Result<T, E>>) -> Box<dyn Write>
where
    T: Send + 'static,
    E: From<Fault> + Send + 'static,
    W: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
{
    Box::new(Job {
        work: Some(work),
        outcome: None,
        caller,
    })
}

impl<T, E, W> Write for Job<W, T, E>
where
    T: Send,
    E: From<Fault> + Send,
    W: FnOnce(&Transaction<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        let step = |sql| transaction.prepare_cached(sql)?.execute([]);
        step("SAVEPOINT one_write")?;
        // The writer serves everybody and goes on, also after a panic.
        let done = catch_unwind(AssertUnwindSafe(|| work(transaction)));
        // SQLite ends the whole transaction by itself after some errors of the disk. There is no savepoint then, and
        // either statement fails.
        if !matches!(done, Ok(Ok(_))) {
            step("ROLLBACK TO one_write")?;
        }
        step("RELEASE one_write")?;
        self.outcome = done.ok();
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), String>) {
        let answer = match committed {
            Ok(()) => self.outcome,
            Err(why) => Some(Err(Fault::Uncommitted(why).into())),
        };
        if let Some(answer) = answer {
            // The caller may have gone away; the write is done all the same, as it would be after a crash.
            let _ = self.caller.send(answer);
        }
    }
}

/// Does what is queued until every handle of the database is gone.
pub(super) fn run(connection: &mut Connection, waiting: &mut mpsc::Receiver<Box<dyn Write>>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut group = vec![first];
        let committed = commit(connection, &mut group, waiting).map_err(|error| error.to_string());
        for write in group {
            write.answer(committed.clone());
        }
    }
}

/// Runs the write in `group`, and what is queued meanwhile, in one transaction. What it took from the queue is in
/// `group`, whatever the result.
fn commit(
    connection: &mut Connection,
    group: &mut Vec<Box<dyn Write>>,
    waiting: &mut mpsc::Receiver<Box<dyn Write>>,
) -> rusqlite::Result<()> {
    // Taking the write lock at the start keeps what is read true until the commit.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut ran = 0;
    while let Some(write) = group.get_mut(ran) {
        write.run(&transaction)?;
        ran += 1;
        if ran < WRITES_WAITING
            && let Ok(next) = waiting.try_recv()
        {
            group.push(next);
        }
    }
    transaction.commit()
}
