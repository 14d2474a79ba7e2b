//! The data folder: where on this machine everything is kept.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

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
}
