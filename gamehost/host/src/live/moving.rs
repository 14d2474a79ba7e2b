//! A room on its way to another host: it stands still, everything of it is stored, and then it is either let go or
//! played on. Who decides, and what the directory is told, is in `handover`.

use latchkey_protocol::{CloseCode, Seq};

use super::{Ended, LiveRoom};

impl LiveRoom {
    /// Lets the room stand still: what would be ordered is refused as `unavailable`, which clients send again, and
    /// joins wait. Returns the last record ordered.
    pub(crate) fn freeze(&self) -> Result<Seq, Ended> {
        self.with(|core| {
            core.frozen = true;
            core.marks.tail
        })
    }

    /// Lets it be played on.
    pub(crate) fn thaw(&self) {
        self.lock().frozen = false;
    }

    /// The last record ordered.
    pub(crate) fn tail(&self) -> Seq {
        self.lock().marks.tail
    }

    /// Whether the archive has every record to `seq`. In a room that is played in something else is nearly always on
    /// its way.
    pub(crate) fn has_stored(&self, seq: Seq) -> bool {
        self.lock().marks.stored >= seq
    }

    /// Whether the archive has every record to `seq`, the last one of a room that stands still, and the checkpoint that
    /// was to be kept. A finish that is not announced does not count: whoever opens the room next announces it again.
    pub(crate) fn is_stored_to(&self, seq: Seq) -> bool {
        let core = self.lock();
        // What is on its way to the archive is no longer on the books, but the room's turn is not over.
        let on_its_way = self.is_on_its_way() && core.finish.is_none();
        core.marks.stored >= seq && core.keep.is_none() && !on_its_way
    }

    /// Where it lives now, once it was handed over.
    pub(crate) fn moved_to(&self) -> Option<&str> {
        self.moved_to.get().map(String::as_str)
    }

    /// Ends the room here, because another host has it: every connection is told to go to `url`.
    pub(crate) fn handed_over(&self, url: String) {
        let _ = self.moved_to.set(url);
        self.stop(CloseCode::Moved);
    }
}
