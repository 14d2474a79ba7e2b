//! A disk that knows its files by name and forgets what is in them, for measuring what the journal costs.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use latchkey_journal::{Disk, DiskFile};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Forgetful(Mutex<BTreeSet<String>>);

impl Forgetful {
    fn names<T>(&self, with: impl FnOnce(&mut BTreeSet<String>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Disk for Forgetful {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.names(|names| names.iter().cloned().collect()))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.names(|names| names.insert(name.to_owned()));
        Ok(Arc::new(Nothing))
    }

    fn open(&self, _name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(Nothing))
    }

    fn read(&self, _name: &str) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.names(|names| {
            names.remove(from);
            names.insert(to.to_owned());
        });
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.names(|names| names.remove(name));
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A file without content.
struct Nothing;

impl DiskFile for Nothing {
    fn append(&self, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
