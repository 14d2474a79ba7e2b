//! What an operator may see of a room: its seats, when it last moved, and its newest records. Looking changes nothing
//! and wakes nobody.

use bytes::Bytes;
use latchkey_protocol::frame::Seated;
use latchkey_protocol::{Seq, UnixMs, limits};

use crate::Room;

impl Room {
    /// Every seat that is taken, with its profile and whether a connection is live.
    pub fn seats(&self) -> impl Iterator<Item = Seated> {
        self.fold.seated().map(|(at, seat)| Seated {
            id: seat.id,
            profile: seat.profile.clone(),
            online: self.live[at].connection.is_some(),
        })
    }

    /// How many seats are taken.
    #[must_use]
    pub fn members(&self) -> usize {
        self.fold.seated().count()
    }

    /// When the last record was ordered; zero when there is none.
    #[must_use]
    pub fn last_at(&self) -> UnixMs {
        self.fold.at()
    }

    /// Copies frames of records after `after` into `out`, at most [`limits::READ_AT_ONCE`] bytes or one frame. Returns
    /// the record before the first one given: above `after` when memory no longer holds what comes next.
    pub fn peek(&self, after: Seq, out: &mut Vec<Bytes>) -> Seq {
        let from = after.clamp(self.log.before_first(), self.tail());
        let mut left = limits::READ_AT_ONCE;
        for frame in self.log.frames_after(from).into_iter().flatten() {
            if !out.is_empty() && frame.len() > left {
                break;
            }
            left = left.saturating_sub(frame.len());
            out.push(frame.clone());
        }
        from
    }
}
