//! Files that are there whole or not at all, whatever moment the machine stops at.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever may enter the folder.
    Shared,
    /// The owner only.
    Private,
}

/// Writes a file beside its place, makes it durable, and moves it there, replacing what was there. `scratch`
/// is a name no other writer uses at the same time.
///
/// # Errors
/// Whatever the file system says; the place then holds what it held before.
pub fn write_atomically(
    path: &Path,
    content: &[u8],
    scratch: &str,
    access: Access,
) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = folder.join(format!(".{scratch}.tmp"));
    let written = write_durably(&temporary, content, access)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_folder(folder));
    if written.is_err() {
        // What is left of the attempt is of no use; that it may stay is no further harm.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Writes a new file and makes its content durable; its name is only after [`sync_folder`].
///
/// # Errors
/// Whatever the file system says.
pub fn write_durably(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if access == Access::Private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the names in a folder durable.
///
/// # Errors
/// Whatever the file system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The content of a file; nothing if there is none.
///
/// # Errors
/// Whatever the file system says beyond that.
pub fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether an error says that there is no such file: nothing of that name, a folder of that name, or a file
/// where a folder would have to be.
fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}
