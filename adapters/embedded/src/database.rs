//! A file of SQLite: one writer on a thread of its own, a few readers beside it. SQLite's calls block on the disk,
//! so none of them runs on a thread of the runtime. What is in the file is the matter of its users.

pub(crate) mod documents;
pub(crate) mod migrations;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_platform::store::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction};
use tokio::sync::{Semaphore, mpsc, oneshot};

use self::migrations::Steps;
use self::writer::Write;
use crate::limits::{BUSY, LOGGED_PAGES, LOOK_AGAIN, PAGES_KIB, READERS, WRITES_WAITING};

/// Why a statement did not do what it should. Inside this crate; ports answer [`StoreError`].
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// SQLite.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// A stored document cannot be read.
    #[error("a stored document cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The transaction of a write was not committed, whatever came of the write itself.
    #[error("the transaction was not committed: {0}")]
    Uncommitted(String),
    /// The call ended without an answer.
    #[error("the database did not answer: {0}")]
    Unanswered(String),
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Json(error) => Self::Corrupt(error.to_string()),
            fault => Self::Unavailable(fault.to_string()),
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

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Database {
    writes: mpsc::Sender<Box<dyn Write>>,
    readers: Arc<Readers>,
}

/// Connections for reading, opened as they are needed and kept.
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Database {
    /// Opens the file, making it or migrating it by `steps` as needed.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) fn open(path: &Path, steps: Steps) -> Result<Self, DatabaseError> {
        Self::open_beside(path, steps, None)
    }

    /// As [`Database::open`], with another file for the steps to read from, under a name of its own.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(crate) fn open_beside(
        path: &Path,
        steps: Steps,
        beside: Option<(&str, &Path)>,
    ) -> Result<Self, DatabaseError> {
        let cannot = |source| DatabaseError::Open {
            path: path.to_owned(),
            source,
        };
        let mut connection = Connection::open(path).map_err(cannot)?;
        prepare(&connection).map_err(cannot)?;
        migrations::migrate(&mut connection, path, steps, beside)?;
        let (writes, mut waiting) = mpsc::channel(WRITES_WAITING);
        std::thread::Builder::new()
            .name("database".into())
            .spawn(move || writer::run(&mut connection, &mut waiting))?;
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

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.readers.path
    }

    /// Runs `write` as one step that nothing else comes between, and answers when it is durable. If it fails, nothing
    /// of it happened.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        Ok(self.try_write(write).await?)
    }

    /// As [`Database::write`], for what has further reasons to fail.
    ///
    /// # Errors
    /// Those of `write`, and [`Fault`].
    pub async fn try_write<T: Send + 'static, E: From<Fault> + Send + 'static>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (caller, answered) = oneshot::channel();
        let sent = self.writes.send(writer::job(write, caller)).await;
        sent.map_err(|_| Fault::Unanswered("its writer has ended".into()))?;
        let lost = |_| Fault::Unanswered("the write was given up".into());
        answered.await.map_err(lost)?
    }

    /// Runs `read` on a connection that sees every write answered before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        Ok(self.try_read(read).await?)
    }

    /// As [`Database::read`], for what has further reasons to fail.
    ///
    /// # Errors
    /// Those of `read`, and [`Fault`].
    pub async fn try_read<T: Send + 'static, E: From<Fault> + Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let lost = |what: &dyn ToString| Fault::Unanswered(what.to_string());
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
        task.await.map_err(|error| lost(&error))?
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
        common(&connection)?;
        Ok(connection)
    }
}

/// Sets what holds for every connection.
fn common(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    // As SQLite has it, a number below nought counts KiB.
    connection.pragma_update(None, "cache_size", -PAGES_KIB)
}

/// Sets what must hold for every connection that writes: readers do not wait for the writer, and a commit is on
/// the disk before it is answered.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    common(connection)?;
    write_ahead(connection)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOGGED_PAGES)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)
}

/// Turns the file's own write-ahead log on. Of several processes that make a file at one time only one can, and SQLite
/// tells the others at once that it is locked instead of waiting as it does elsewhere. So they look again.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        let turned = connection.pragma_update(None, "journal_mode", "WAL");
        match turned.as_ref().map_err(rusqlite::Error::sqlite_error_code) {
            Err(Some(ErrorCode::DatabaseBusy)) if waited < BUSY => {}
            _ => return turned,
        }
        pause(LOOK_AGAIN);
        waited += LOOK_AGAIN;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "SQLite gives nothing to wait for, and sleeps itself where it waits"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// A number as SQLite keeps it. Everything counted here stays far below 2^63; what does not is at its end.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as [`int`] kept it.
pub(crate) fn number(int: i64) -> u64 {
    u64::try_from(int).unwrap_or_default()
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
