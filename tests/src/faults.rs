//! What goes wrong around a host, done from outside and without any switch in the product: a database that another
//! process keeps locked is slow or away, one with a trigger on every table refuses, a small disk is full.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

/// How long taking a lock may take while the platform writes.
const LOCK_WITHIN: Duration = Duration::from_secs(10);
/// Between two holds of a slow database: long enough for those who wait to notice that the lock is free.
const FREE: Duration = Duration::from_millis(120);

/// A database that takes no writes until [`Away::back`].
#[derive(Debug)]
pub struct Away {
    connection: Connection,
    /// What ends it.
    end: String,
}

impl Away {
    /// Takes the write lock of the database `file`: whoever writes waits for it in vain.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn hold(file: &Path) -> anyhow::Result<Self> {
        Self::begin(file, |connection| {
            lock(connection).map(|()| "ROLLBACK".to_owned())
        })
        .await
    }

    /// Puts triggers into the database `file` that fail every write: whoever writes is refused at once.
    ///
    /// # Errors
    /// When they cannot be made.
    pub async fn refuse(file: &Path) -> anyhow::Result<Self> {
        Self::begin(file, refuse_writes).await
    }

    async fn begin(
        file: &Path,
        fault: fn(&Connection) -> anyhow::Result<String>,
    ) -> anyhow::Result<Self> {
        let connection = open(file)?;
        let begun = spawn_blocking(move || fault(&connection).map(|end| Self { connection, end }));
        begun.await?
    }

    /// Lets it take writes again.
    ///
    /// # Errors
    /// When SQLite does not.
    pub fn back(self) -> anyhow::Result<()> {
        Ok(self.connection.execute_batch(&self.end)?)
    }
}

/// Makes the triggers, and returns what drops them.
fn refuse_writes(connection: &Connection) -> anyhow::Result<String> {
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let (mut begin, mut end) = (String::new(), String::new());
    for table in tables {
        for write in ["INSERT", "UPDATE", "DELETE"] {
            begin += &format!(
                "CREATE TRIGGER refuse_{write}_{table} BEFORE {write} ON {table} \
                 BEGIN SELECT RAISE(ABORT, 'refused for a test'); END;"
            );
            end += &format!("DROP TRIGGER refuse_{write}_{table};");
        }
    }
    connection
        .execute_batch(&format!("BEGIN IMMEDIATE; {begin} COMMIT"))
        .context("make the triggers")?;
    Ok(format!("BEGIN IMMEDIATE; {end} COMMIT"))
}

/// A database in which every write waits for as long as this lives.
#[derive(Debug)]
pub struct Slow {
    enough: oneshot::Sender<()>,
    holding: JoinHandle<anyhow::Result<u32>>,
}

impl Slow {
    /// Keeps the database `file` locked for `each` at a time, again and again.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn begin(file: &Path, each: Duration) -> anyhow::Result<Self> {
        let mut connection = open(file)?;
        let (enough, mut told) = oneshot::channel();
        let holding = tokio::spawn(async move {
            let mut holds = 0;
            while told.try_recv().is_err() {
                connection =
                    spawn_blocking(move || lock(&connection).map(|()| connection)).await??;
                tokio::time::sleep(each).await;
                connection.execute_batch("ROLLBACK")?;
                holds += 1;
                tokio::time::sleep(FREE).await;
            }
            Ok(holds)
        });
        Ok(Self { enough, holding })
    }

    /// Writes are as quick as ever again. Returns how often the database was held.
    ///
    /// # Errors
    /// When the lock could not be taken all the time.
    pub async fn end(self) -> anyhow::Result<u32> {
        // A holder that has ended by itself tells why below.
        let _ = self.enough.send(());
        self.holding.await?
    }
}

fn open(file: &Path) -> anyhow::Result<Connection> {
    let connection = Connection::open(file).with_context(|| format!("open {}", file.display()))?;
    connection.busy_timeout(LOCK_WITHIN)?;
    Ok(connection)
}

fn lock(connection: &Connection) -> anyhow::Result<()> {
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .context("take the write lock of the database")
}

/// A disk of a few MiB, which can be filled and freed. Dropping it unmounts it.
#[derive(Debug)]
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts one.
    ///
    /// # Errors
    /// When mounting is not allowed: a full disk can then not be tested, which is not a pass.
    pub async fn mount(mebibytes: u32) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("latchkey-disk-")?;
        let size = format!("size={mebibytes}m");
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path());
        let output = command.output().await.context("run `mount`")?;
        anyhow::ensure!(
            output.status.success(),
            "this test mounts a small tmpfs and needs root for it: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(Self { folder })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Fills it to the last block.
    ///
    /// # Errors
    /// When it fails for another reason than the full disk.
    pub fn fill(&self) -> anyhow::Result<()> {
        use std::io::Write as _;
        let mut filler = fs::File::create(self.filler())?;
        let block = [0; 4096];
        loop {
            match filler.write_all(&block) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Frees what was filled.
    ///
    /// # Errors
    /// When it was not filled.
    pub fn free(&self) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.filler())?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever still has files open there ends right after.
        let unmounted = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.path())
            .status();
        if !unmounted.is_ok_and(|status| status.success()) {
            crate::report::say(
                "disk",
                format_args!("{} stays mounted", self.path().display()),
            );
        }
    }
}
