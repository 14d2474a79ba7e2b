//! Checkpoints (P3.6): the newest one, for those who join, and which one the archive is to keep.

use latchkey_protocol::{Seq, limits};

use crate::Checkpoint;

/// The checkpoints of a room.
///
/// The archive must not keep a state that was made of records it does not have: were the host lost, the next one would
/// order other records under those numbers. So a checkpoint waits until its records are stored. The one that waits is
/// not replaced by newer ones, or in a busy room none would ever be kept.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    newest: Option<Checkpoint>,
    waiting: Option<Checkpoint>,
}

impl Checkpoints {
    /// Begins with what the archive kept of a log stored to `stored`.
    pub(crate) fn begin(kept: Option<Checkpoint>, stored: Seq) -> Self {
        Self {
            newest: kept.filter(|checkpoint| checkpoint.seq <= stored),
            waiting: None,
        }
    }

    pub(crate) fn newest(&self) -> Option<&Checkpoint> {
        self.newest.as_ref()
    }

    /// The first record after which a checkpoint is taken.
    pub(crate) fn next_seq(&self) -> Seq {
        let held = self.newest.as_ref().map_or(Seq::ZERO, |held| held.seq);
        Seq(held.0 + limits::CHECKPOINT_EVERY)
    }

    pub(crate) fn offer(&mut self, checkpoint: Checkpoint) {
        if self.waiting.is_none() {
            self.waiting = Some(checkpoint.clone());
        }
        self.newest = Some(checkpoint);
    }

    /// The checkpoint to keep now that records to `stored` are in the archive.
    pub(crate) fn due(&mut self, stored: Seq) -> Option<Checkpoint> {
        let waited = self.waiting.take_if(|waiting| waiting.seq <= stored)?;
        let newest = self.newest.clone()?;
        if newest.seq <= stored {
            return Some(newest);
        }
        self.waiting = Some(newest);
        Some(waited)
    }
}
