//! The database: one writer on a thread of its own, a few readers beside it. SQLite's calls block on the disk,
//! so none of them runs on a thread of the runtime.

mod migrations;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use latchkey_platform::store::StoreError;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::limits::{BUSY, READERS, WRITES_WAITING};

/// Why a statement did not do what it should. Inside this crate; ports answer [`StoreError`].
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// SQLite.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// A stored document cannot be read.
    #[error("a stored document cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Sql(error) => Self::Unavailable(error.to_string()),
            Fault::Json(error) => Self::Corrupt(error.to_string()),
        }
    }
}

/// The database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite says no.
    #[error("the database {} cannot be opened: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// It was written by a newer program.
    #[error("the database {} has version {found}, this program knows {known}; use the newer program", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The thread of the writer cannot be started.
    #[error("the database's writer cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

type Write = Box<dyn FnOnce(&mut Connection) + Send>;

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Database {
    writes: mpsc::Sender<Write>,
    readers: Arc<Readers>,
}

/// Connections for reading, opened as they are needed and kept.
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Database {
    /// Opens the file, making or migrating it as needed.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let cannot = |source| DatabaseError::Open {
            path: path.to_owned(),
            source,
        };
        let mut connection = Connection::open(path).map_err(cannot)?;
        prepare(&connection).map_err(cannot)?;
        migrations::migrate(&mut connection, path)?;
        let (writes, mut waiting) = mpsc::channel::<Write>(WRITES_WAITING);
        std::thread::Builder::new()
            .name("database".into())
            .spawn(move || {
                while let Some(write) = waiting.blocking_recv() {
                    // A panic rolls its own transaction back and is told to its caller by the lost answer. The
                    // writer serves everybody and goes on.
                    let _ = catch_unwind(AssertUnwindSafe(|| write(&mut connection)));
                }
            })?;
        let permits = Arc::new(Semaphore::new(READERS));
        let readers = Readers {
            path: path.to_owned(),
            idle: Mutex::default(),
            permits,
        };
        Ok(Self {
            writes,
            readers: Arc::new(readers),
        })
    }

    /// Runs `write` in a transaction of its own and answers when it is durable. If it fails, nothing of it
    /// happened.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let write: Write = Box::new(move |connection| {
            // The caller may have gone away; the write is done all the same, as it would be after a crash.
            let _ = answer.send(in_transaction(connection, write));
        });
        let gone = |_| StoreError::Unavailable("the database is closed".into());
        self.writes
            .send(write)
            .await
            .map_err(|_| StoreError::Unavailable("closed".into()))?;
        Ok(answered.await.map_err(gone)??)
    }

    /// Runs `read` on a connection that sees every write answered before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lost = |what: &dyn ToString| StoreError::Unavailable(what.to_string());
        let readers = self.readers.clone();
        let permit = readers.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|error| lost(&error))?;
        let task = tokio::task::spawn_blocking(move || {
            // Held by the read and not by its caller, who may go away while it runs.
            let _permit = permit;
            let connection = readers.take()?;
            let answer = read(&connection);
            readers
                .idle
                .lock()
                .expect("nothing panics while it holds the list")
                .push(connection);
            answer
        });
        Ok(task.await.map_err(|error| lost(&error))??)
    }
}

impl Readers {
    fn take(&self) -> Result<Connection, Fault> {
        let idle = self
            .idle
            .lock()
            .expect("nothing panics while it holds the list")
            .pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY)?;
        Ok(connection)
    }
}

/// Sets what must hold for every connection that writes: readers do not wait for the writer, and a commit is on
/// the disk before it is answered.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)
}

fn in_transaction<T>(
    connection: &mut Connection,
    write: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let answer = write(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}

/// A number as SQLite keeps it. Everything counted here stays far below 2^63; what does not is at its end.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A limit of rows as SQLite takes it.
pub(crate) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Whether a conditional statement changed its row.
pub(crate) fn changed(rows: usize) -> bool {
    rows > 0
}

#[cfg(test)]
mod tests;
