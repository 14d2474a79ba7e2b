//! The file `rooms.db`: every room's history. Its tables are used by [`crate::archive`]; how it is written and read is
//! the matter of [`crate::database`].

use std::path::Path;

use crate::database::{Database, DatabaseError, migrations};

/// The open file. Clones share it.
#[derive(Clone)]
pub struct Rooms(pub(crate) Database);

impl Rooms {
    /// Opens the file, making or migrating it as needed.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn open(file: &Path) -> Result<Self, DatabaseError> {
        Database::open(file, migrations::ROOMS).map(Self)
    }
}
