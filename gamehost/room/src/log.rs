//! The part of the log that memory holds: frames of every unstored record and of the newest stored ones.

use std::collections::VecDeque;

use bytes::Bytes;
use latchkey_protocol::{Record, Seq, limits};

/// A record the archive does not have, and since when it waits for that, in elapsed milliseconds.
#[derive(Debug)]
struct Unstored {
    record: Record,
    since_ms: u64,
}

/// The newest records of a room. Everything before the first frame here is in the archive.
#[derive(Debug)]
pub(crate) struct Window {
    tail: Seq,
    /// Frames of consecutive records up to `tail`.
    frames: VecDeque<Bytes>,
    /// Records after the stored ones; their bodies are slices of the frames.
    unstored: VecDeque<Unstored>,
    unstored_bytes: usize,
    stored_bytes: usize,
}

impl Window {
    /// A window behind `stored`, with nothing in it.
    pub(crate) fn after(stored: Seq) -> Self {
        Self {
            tail: stored,
            frames: VecDeque::new(),
            unstored: VecDeque::new(),
            unstored_bytes: 0,
            stored_bytes: 0,
        }
    }

    /// Bytes of memory that unstored records hold.
    pub(crate) fn unstored_cost(&self) -> usize {
        self.unstored_bytes + self.unstored.len() * limits::UNSTORED_OVERHEAD
    }

    /// Since when the oldest unstored record waits.
    pub(crate) fn unstored_since(&self) -> Option<u64> {
        self.unstored.front().map(|oldest| oldest.since_ms)
    }

    /// Whether one more unstored record may be held.
    pub(crate) fn has_place(&self) -> bool {
        self.unstored.len() < limits::UNSTORED_RECORDS
            && self.unstored_bytes < limits::UNSTORED_BYTES
    }

    /// Whether the unstored records would fill half a chunk of the archive.
    pub(crate) fn fills_half_a_chunk(&self) -> bool {
        self.unstored.len() >= limits::CHUNK_RECORDS / 2
            || self.unstored_bytes >= limits::CHUNK_BYTES / 2
    }

    /// Adds the record after the tail, at this elapsed time. Its frame is encoded here, once for everybody.
    pub(crate) fn push(&mut self, record: Record, since_ms: u64) {
        debug_assert_eq!(record.seq, self.tail.next(), "the log has no gaps");
        self.tail = record.seq;
        let (record, frame) = record.share_frame();
        self.unstored_bytes += frame.len();
        self.unstored.push_back(Unstored { record, since_ms });
        self.frames.push_back(frame);
    }

    /// Records after the stored ones.
    pub(crate) fn unstored(&self) -> impl Iterator<Item = &Record> {
        self.unstored.iter().map(|unstored| &unstored.record)
    }

    /// Takes out the first unstored record, which is stored now; its frame stays for readers.
    pub(crate) fn store_one(&mut self) -> Option<Record> {
        let frame = self.frames.len() - self.unstored.len();
        let Unstored { record, .. } = self.unstored.pop_front()?;
        let bytes = self.frames[frame].len();
        self.unstored_bytes -= bytes;
        self.stored_bytes += bytes;
        Some(record)
    }

    /// Lets go of the stored frames beyond what a room keeps of them.
    pub(crate) fn trim(&mut self) {
        while self.frames.len() - self.unstored.len() > limits::LOG_RECORDS
            || self.stored_bytes > limits::LOG_BYTES
        {
            let Some(frame) = self.frames.pop_front() else {
                break;
            };
            self.stored_bytes -= frame.len();
        }
        // Rooms are idle most of their lives, and a backlog that the archive has taken at last shall not cost its space
        // for the rest of them.
        if self.unstored.is_empty() {
            self.unstored = VecDeque::new();
        }
        if self.frames.capacity() > 2 * self.frames.len() {
            self.frames.shrink_to_fit();
        }
    }

    /// The last record memory does not hold (any more).
    pub(crate) fn before_first(&self) -> Seq {
        Seq(self.tail.0 - self.frames.len() as u64)
    }

    /// Frames after `seq`, or `None` when memory does not hold all of them.
    pub(crate) fn frames_after(&self, seq: Seq) -> Option<impl Iterator<Item = &Bytes>> {
        let skip = seq.0.checked_sub(self.before_first().0)?;
        let skip = usize::try_from(skip).map_or(self.frames.len(), |n| n.min(self.frames.len()));
        Some(self.frames.range(skip..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_record_holds_beside_its_frame_is_no_more_than_is_counted() {
        // A frame shares its memory by a head of three words, and each of two allocations is rounded up by two. What the
        // lists have in store to grow comes on top.
        let lists = size_of::<Unstored>() + size_of::<Bytes>();
        assert!(
            lists + 7 * size_of::<usize>() <= limits::UNSTORED_OVERHEAD,
            "{lists}"
        );
    }
}
