//! How much memory the records of all rooms hold that the archive does not have. Each room keeps the share it holds,
//! which is given back however the room leaves memory. What a room may hold for itself is the room's own rule.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What all rooms of a host hold, and how much that may be.
#[derive(Debug)]
pub(crate) struct Backlog {
    bytes: AtomicU64,
    limit: u64,
}

impl Backlog {
    /// Nothing is held yet.
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            bytes: AtomicU64::new(0),
            limit,
        })
    }

    /// Bytes held. Above the limit by what rooms were opened with, and by a record for each thread.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Bytes from which on nothing is added.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Whether nothing may be added.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes() >= self.limit
    }
}

/// What one room holds of it.
#[derive(Debug)]
pub(crate) struct Share {
    of: Arc<Backlog>,
    bytes: u64,
}

impl Share {
    /// The share of a room that holds nothing.
    pub(crate) fn new(of: &Arc<Backlog>) -> Self {
        Self {
            of: of.clone(),
            bytes: 0,
        }
    }

    /// The room now holds this.
    pub(crate) fn set(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        if bytes >= self.bytes {
            self.of
                .bytes
                .fetch_add(bytes - self.bytes, Ordering::Relaxed);
        } else {
            self.of
                .bytes
                .fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shares_together_are_held_and_what_is_dropped_is_given_back() {
        let backlog = Backlog::new(100);
        let (mut one, mut other) = (Share::new(&backlog), Share::new(&backlog));
        one.set(60);
        assert!(!backlog.is_full());
        other.set(40);
        assert!(backlog.is_full());
        one.set(10);
        assert_eq!(backlog.bytes(), 50);
        drop(other);
        assert_eq!(backlog.bytes(), 10);
        drop(one);
        assert_eq!(backlog.bytes(), 0);
    }
}
