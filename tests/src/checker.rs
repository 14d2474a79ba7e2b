//! The independent judge of one room: takes what every client saw and says what is wrong with it. It knows the
//! promises of the protocol (P2, P5, P6) and nothing of how a host keeps them.
//!
//! What one client saw is judged alone in [`reader`], what all of them saw together in [`together`], what happens when
//! one host follows another in [`owners`], and what the archive holds at the end in [`archive`].

mod archive;
mod owners;
mod reader;
mod together;
mod wrong;

#[cfg(test)]
mod tests;

use crate::history::History;

pub use archive::check_archive;
pub use wrong::Wrong;

/// What must still be there after the worst that the test does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Survives {
    /// Hosts may be lost with their disks: what is stored (P5.3).
    Stored,
    /// The same, and members come back with what they saw: also what they gave back when they were asked.
    GivenBack,
    /// Disks stay: everything anybody saw, and no rewind is right (P5.2).
    Seen,
}

/// What the room was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// What survives.
    pub survives: Survives,
    /// The clients waited until all was said and seen: then everybody holds everything.
    pub settled: bool,
}

impl Promise {
    /// Processes died or rooms moved, disks did not die, and the clients waited to the end.
    pub const PROCESS_KILLED: Self = Self {
        survives: Survives::Seen,
        settled: true,
    };
    /// A host was lost with its disk, and the clients waited to the end.
    pub const HOST_LOST: Self = Self {
        survives: Survives::GivenBack,
        settled: true,
    };

    /// Whether nothing that anybody saw may be taken back.
    fn keeps_seen(self) -> bool {
        self.survives == Survives::Seen
    }
}

/// Judges one room. An empty answer means that every promise was kept.
#[must_use]
pub fn check(histories: &[History], promise: Promise) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    let readers: Vec<reader::Reader> = histories
        .iter()
        .map(|history| reader::read(history, promise, &mut wrong))
        .collect();
    let log = together::judge(histories, &readers, promise, &mut wrong);
    owners::judge(histories, &log, promise, &mut wrong);
    wrong
}
