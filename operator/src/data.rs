//! The data folder: where on this machine everything is kept.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The data folder and the places in it.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder(PathBuf);

impl DataFolder {
    /// Makes the folder if need be.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).with_context(|| {
            format!(
                "the data folder {} cannot be made; choose another with --data",
                path.display()
            )
        })?;
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
}
