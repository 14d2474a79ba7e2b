//! The file `rooms.db`: who owns which room, and every room's history. Its tables are used by [`crate::archive`] and
//! [`crate::directory`]; this module opens it and runs their calls on threads that may block.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// How long a call waits for another process that writes the file.
const BUSY_FOR: Duration = Duration::from_secs(5);

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS owners (
    room TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    url TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heads (
    room TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    summary BLOB NOT NULL,
    checkpoint_seq INTEGER,
    checkpoint BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS chunks (
    room TEXT NOT NULL,
    last INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    chunk BLOB NOT NULL,
    PRIMARY KEY (room, last)
) STRICT;
";

/// The open file.
#[derive(Clone)]
pub struct Rooms {
    writer: Arc<Mutex<Connection>>,
    /// Readers do not wait for a writer's disk.
    reader: Arc<Mutex<Connection>>,
}

impl Rooms {
    /// Opens the file, or makes it. What a call has answered survives power loss.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(file: &Path) -> rusqlite::Result<Self> {
        let writer = connect(file)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        writer.execute_batch(TABLES)?;
        let reader = connect(file)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            reader: Arc::new(Mutex::new(reader)),
        })
    }

    /// Runs `work` in one transaction, on a thread that may block. Nothing of it stays when it fails.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failed> + Send + 'static,
    {
        // Taking the write lock at the start keeps what is read true until the commit.
        run(self.writer.clone(), TransactionBehavior::Immediate, work).await
    }

    /// Runs `work`, which only reads and sees one state of the file, on a thread that may block.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failed> + Send + 'static,
    {
        run(self.reader.clone(), TransactionBehavior::Deferred, work).await
    }
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY_FOR)?;
    Ok(connection)
}

async fn run<T, E>(
    connection: Arc<Mutex<Connection>>,
    behaviour: TransactionBehavior,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Failed> + Send + 'static,
{
    let ran = tokio::task::spawn_blocking(move || {
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection
            .transaction_with_behavior(behaviour)
            .map_err(Failed::from)?;
        let value = work(&transaction)?;
        transaction.commit().map_err(Failed::from)?;
        Ok(value)
    });
    match ran.await {
        Ok(result) => result,
        Err(error) => Err(Failed(format!("a call of rooms.db ended early: {error}")).into()),
    }
}

/// The file did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failed(pub(crate) String);

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self(format!("rooms.db: {error}"))
    }
}

/// A number as SQLite keeps it. Sequence numbers and epochs stay below 2^53 (P2.2).
pub(crate) fn kept(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as it was kept.
pub(crate) fn number(kept: i64) -> u64 {
    u64::try_from(kept).unwrap_or_default()
}
