//! The fold of a room's log: all that a host must know of it without reading it again.

use bytes::Bytes;
use latchkey_protocol::Seq;

/// The fold of a room's log. Grows with the seats a room has had, not with its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {}

impl Summary {
    /// The last record folded in.
    #[must_use]
    pub fn tail(&self) -> Seq {
        Seq::ZERO
    }

    /// The form kept in the archive beside the records.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        Bytes::new()
    }

    /// Reads that form; empty bytes are the summary of an empty log.
    ///
    /// # Errors
    /// When the bytes are not a summary.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadSummary> {
        let _ = bytes;
        Ok(Self {})
    }
}

/// Bytes that are not a summary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the room's summary cannot be read: {0}")]
pub struct BadSummary(pub String);
