//! The few things the journal asks of a disk, so that a simulated one can stand in; and the real one, a folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::OpenError;
use crate::id::JournalId;

/// A flat set of named files.
///
/// What [`Disk::create`], [`Disk::rename`] and [`Disk::remove`] did survives power loss once [`Disk::sync_names`]
/// returned; what was appended to a file, once [`DiskFile::sync`] did.
pub trait Disk: Send + Sync + 'static {
    /// The names of all files, in any order.
    ///
    /// # Errors
    /// When the disk refuses.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Makes an empty file that is not there yet.
    ///
    /// # Errors
    /// When the file exists or the disk refuses.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens an existing file, in order to sync it.
    ///
    /// # Errors
    /// When there is no such file or the disk refuses.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// The whole content of a file.
    ///
    /// # Errors
    /// When there is no such file or the disk refuses.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Gives a file another name.
    ///
    /// # Errors
    /// When there is no such file or the disk refuses.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// When there is no such file or the disk refuses.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the coming and going of names durable.
    ///
    /// # Errors
    /// When the disk refuses.
    fn sync_names(&self) -> io::Result<()>;
}

/// A file that only grows.
pub trait DiskFile: Send + Sync + 'static {
    /// Writes `bytes` at the end, in one call to the system when that takes them all.
    ///
    /// # Errors
    /// When the disk refuses; any part of `bytes`, or all, may then have been written.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything appended before the call durable.
    ///
    /// # Errors
    /// When the disk refuses; what was appended since the last success may then be lost, now or later.
    fn sync(&self) -> io::Result<()>;
}

/// The name of the file whose lock says that a process uses the folder (J1.2).
const LOCK: &str = "lock";
/// The name of the file that holds the journal's id (J1.3), and of the one it is written to first.
const ID: &str = "id";
const NEW_ID: &str = "id.new";

/// A folder of the file system, held by one process at a time.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Synced to make names durable.
    folder: File,
    /// Locked for as long as this value lives; the system unlocks it when the process dies.
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be and locks it.
    ///
    /// # Errors
    /// [`OpenError::InUse`] when another process, or another journal of this one, has it; otherwise the disk's refusal.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let path = path.into();
        let failed = |source| OpenError::Io {
            doing: format!("open the journal folder {}", path.display()),
            source,
        };
        fs::create_dir_all(&path).map_err(failed)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse {
                    folder: path.display().to_string(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let folder = File::open(&path).map_err(failed)?;
        Ok(Self {
            path,
            folder,
            _lock: lock,
        })
    }

    /// The journal's id (J1.3). A folder that has none that can be read gets `random` for it, durably.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn id(&self, random: u128) -> Result<JournalId, OpenError> {
        self.read_or_write_id(random)
            .map_err(|source| OpenError::Io {
                doing: format!("read or write the journal's id in {}", self.path.display()),
                source,
            })
    }

    fn read_or_write_id(&self, random: u128) -> io::Result<JournalId> {
        match fs::read(self.path.join(ID)) {
            Ok(bytes) => {
                if let Some(id) = JournalId::from_file(&bytes) {
                    return Ok(id);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let id = JournalId(random);
        let new = self.path.join(NEW_ID);
        let mut file = File::create(&new)?;
        file.write_all(format!("{id}\n").as_bytes())?;
        file.sync_all()?;
        fs::rename(new, self.path.join(ID))?;
        self.folder.sync_all()?;
        Ok(id)
    }
}

impl Disk for Folder {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            // A name that is not Unicode is none of ours.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(self.path.join(name))?;
        Ok(Arc::new(file))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().append(true).open(self.path.join(name))?;
        Ok(Arc::new(file))
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync_names(&self) -> io::Result<()> {
        self.folder.sync_all()
    }
}

impl DiskFile for File {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        file.write_all(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
