//! What all stores have in common: how they fail, and the answers of conditional writes.

/// A store could not do what was asked. Whoever called may try again: every use-case is repeatable.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or refused to work just now; whether a write took place is unknown.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store holds something this program cannot read. Trying again does not help.
    #[error("the store holds what cannot be read: {0}")]
    Corrupt(String),
    /// Other writers were always first.
    #[error("other writers changed {0} every time; try again later")]
    Contended(String),
}

/// The answer of an insert with a unique key.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insert {
    /// It was not there and is now.
    Inserted,
    /// Something with the same unique key was there and is unchanged.
    Exists,
}

/// The answer of a compare-and-set by revision.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// The revision was the expected one; the new document is stored with the next.
    Swapped,
    /// Another writer was first (or the document is not there); nothing changed.
    Stale,
}
