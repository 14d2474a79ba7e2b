//! The data folder: where on this machine everything is kept, and which process uses it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

/// The file whose lock says that a process uses the folder; it names that process.
const LOCK: &str = "lock";

/// The data folder and the places in it.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    /// Makes the folder if need be, open to its owner alone: it holds addresses of buyers and what opens their games.
    /// One that is there keeps its permissions.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut folder = fs::DirBuilder::new();
        folder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(path).with_context(|| {
            format!(
                "the data folder {} cannot be made; choose another with --data",
                path.display()
            )
        })?;
        Self::existing(path)
    }

    /// The folder as a process left it or uses it now; it is not made.
    pub(crate) fn existing(path: &Path) -> Result<Self> {
        let path = fs::canonicalize(path)
            .with_context(|| format!("the data folder {} cannot be read", path.display()))?;
        Ok(Self(path))
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A place in the folder: the names stand in `docs/operating.md`.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The journal of the host in `slot`. The first has the name it would have if it were the only one, so that more
    /// hosts can be added to a folder.
    pub(crate) fn journal(&self, slot: u16) -> PathBuf {
        match slot {
            1 => self.place("journal"),
            slot => self.place(&format!("journal-{slot}")),
        }
    }

    /// Takes the folder for this process, for as long as the answer lives.
    pub(crate) fn hold(&self) -> Result<Held> {
        let (mut file, taken) = self.lock()?;
        if taken {
            return Ok(Held(file));
        }
        let other = match self.named(&mut file)? {
            Some(holder) => format!("process {}", holder.pid),
            None => "another process".to_owned(),
        };
        bail!(
            "the data folder {} is in use by {other}: stop that process, or give this one a folder of its own with \
             --data",
            self.0.display()
        );
    }

    /// The process that uses the folder; nothing when none does, or when it has not begun to listen yet.
    pub(crate) fn holder(&self) -> Result<Option<Holder>> {
        if !self.place(LOCK).exists() {
            return Ok(None);
        }
        let (mut file, taken) = self.lock()?;
        if taken {
            return Ok(None);
        }
        self.named(&mut file)
    }

    /// The process that uses the folder, for what only a running one can do.
    pub(crate) fn running(&self) -> Result<Holder> {
        self.holder()?.with_context(|| {
            format!(
                "nothing is running on {}, or it is still starting; `latchkey up --data {0}` starts it",
                self.0.display()
            )
        })
    }

    /// Whom the lock names.
    fn named(&self, file: &mut File) -> Result<Option<Holder>> {
        let mut text = String::new();
        file.read_to_string(&mut text)
            .with_context(|| format!("{} cannot be read", self.place(LOCK).display()))?;
        Ok(serde_json::from_str(&text).ok())
    }

    fn lock(&self) -> Result<(File, bool)> {
        let path = self.place(LOCK);
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path);
        let file = opened.with_context(|| format!("{} cannot be opened", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok((file, true)),
            Err(TryLockError::WouldBlock) => Ok((file, false)),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{} cannot be locked", path.display()))
            }
        }
    }
}

/// The folder, taken; free again when this is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Held(File);

/// The process that uses a folder, as other commands find it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    /// Its id.
    pub(crate) pid: u32,
    /// Address of its admin listener.
    pub(crate) admin: String,
}

impl Held {
    /// Writes down who holds the folder.
    pub(crate) fn name(&mut self, holder: &Holder) -> io::Result<()> {
        let json = serde_json::to_vec(holder)?;
        self.0.set_len(0)?;
        self.0.rewind()?;
        self.0.write_all(&json)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_new_data_folder_is_open_to_its_owner_alone_and_one_that_is_there_is_left_as_it_is() {
        let outer = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let made = DataFolder::open(&outer.path().join("data")).unwrap();
        assert_eq!(mode(made.path()), 0o700);
        fs::set_permissions(made.path(), fs::Permissions::from_mode(0o750)).unwrap();
        assert_eq!(mode(DataFolder::open(made.path()).unwrap().path()), 0o750);
    }

    #[test]
    fn a_folder_is_held_once_and_says_by_whom() {
        let outer = tempfile::tempdir().unwrap();
        let data = DataFolder::open(outer.path()).unwrap();
        assert_eq!(data.holder().unwrap(), None, "nobody was ever there");
        let mut held = data.hold().unwrap();
        assert_eq!(data.holder().unwrap(), None, "it has not said its name");
        let holder = |admin: &str| Holder {
            pid: 7,
            admin: admin.into(),
        };
        for name in ["http://a-long-name.test:8081", "http://short.test"] {
            held.name(&holder(name)).unwrap();
            assert_eq!(data.holder().unwrap(), Some(holder(name)));
        }
        let error = data.hold().unwrap_err().to_string();
        assert!(
            error.contains("in use by process 7") && error.contains("--data"),
            "{error}"
        );
        drop(held);
        assert_eq!(
            data.holder().unwrap(),
            None,
            "what a dead process wrote does not count"
        );
        data.hold().unwrap();
    }
}
