//! Reading: a connection takes what is new to it out of what all share. Nothing is queued for anybody.

use bytes::Bytes;
use latchkey_protocol::frame::ServerFrame;
use latchkey_protocol::{Seq, limits};

use crate::{ConnectionId, Now, Read, Room};

/// Frames taken at one time: as many as fit, and at least one.
struct Take<'o> {
    out: &'o mut Vec<Bytes>,
    left: usize,
    any: bool,
}

impl Take<'_> {
    fn put(&mut self, frame: &Bytes) -> bool {
        if self.any && frame.len() > self.left {
            return false;
        }
        self.any = true;
        self.left = self.left.saturating_sub(frame.len());
        self.out.push(frame.clone());
        true
    }
}

impl Room {
    /// Moves up to [`latchkey_protocol::limits::READ_AT_ONCE`] bytes of frames for `connection` into `out`: records by
    /// position, then presence, the newest signals, and the stored watermark. Advances the connection past them.
    pub fn read(&mut self, connection: ConnectionId, now: Now, out: &mut Vec<Bytes>) -> Read {
        let mut take = Take {
            out,
            left: limits::READ_AT_ONCE,
            any: false,
        };
        self.signals.release(now.elapsed_ms);
        let Some(reader) = self.connections.get_mut(connection) else {
            return Read::Gone;
        };
        let Some(frames) = self.log.frames_after(reader.sent) else {
            return Read::FromArchive {
                after: reader.sent,
                through: self.log.before_first(),
            };
        };
        for frame in frames {
            if !take.put(frame) {
                return Read::More;
            }
            reader.sent = reader.sent.next();
        }
        self.read_rest(connection, now, &mut take)
    }

    /// What is not a record. It comes only to a reader that has all records, so presence never names a member whose
    /// `joined` record it has not seen, and `stored` is never ahead of its copy.
    fn read_rest(&mut self, connection: ConnectionId, now: Now, take: &mut Take<'_>) -> Read {
        let (seq, behind) = (self.stored(), self.is_behind(now));
        let presence = self.presence.version;
        let known = self.connections.get(connection);
        if known.is_some_and(|reader| reader.presence != presence)
            && !take.put(&self.presence_frame())
        {
            return Read::More;
        }
        let stored_at = self.stored_at_ms;
        let Some(reader) = self.connections.get_mut(connection) else {
            return Read::Gone;
        };
        reader.presence = presence;
        for (version, frame) in self.signals.after(reader.signals, reader.seat) {
            if !take.put(frame) {
                return Read::More;
            }
            reader.signals = version;
        }
        // Skips the member's own signals, which would be looked through again at each read.
        reader.signals = self.signals.version();
        // Beside another frame it costs next to nothing; alone it is as dear as a record.
        let from = if take.any {
            reader.told_at_ms + limits::STORED_EVERY_MS
        } else {
            reader.told_alone_from(stored_at, behind)
        };
        let news = reader.told < seq || reader.told_behind != behind;
        if news && now.elapsed_ms >= from {
            let shared = match behind {
                true => &mut self.behind_frame,
                false => &mut self.stored_frame,
            };
            let frame = shared.frame(|| ServerFrame::Stored { seq, behind }.encode());
            if !take.put(&frame) {
                return Read::More;
            }
            reader.told = seq;
            reader.told_at_ms = now.elapsed_ms;
            reader.told_behind = behind;
        }
        Read::CaughtUp
    }

    /// The connection has been sent the archive's records up to `seq`.
    pub fn caught_up_to(&mut self, connection: ConnectionId, seq: Seq) {
        let tail = self.tail();
        if let Some(reader) = self.connections.get_mut(connection) {
            reader.sent = reader.sent.max(seq.min(tail));
        }
    }

    /// When [`Room::read`] will have something for a caught-up `connection` that it holds back now, in milliseconds of
    /// [`Now::elapsed_ms`]: a `stored` frame that no other frame has taken along, or that storing lags (P4.7), or a signal
    /// beyond its member's rate (P8.2). The host reads again at that time; nothing else wakes the connection for it.
    #[must_use]
    pub fn next_due(&self, connection: ConnectionId) -> Option<u64> {
        let reader = self.connections.get(connection)?;
        let alone_from = |behind| reader.told_alone_from(self.stored_at_ms, behind);
        // Storing catches up by storing only, so who was told that it lags waits for the next mark.
        let lags = || self.behind_from().filter(|_| !reader.told_behind);
        let lags = lags().map(|from| from.max(alone_from(true)));
        let mark = (reader.told < self.stored()).then(|| alone_from(reader.told_behind));
        let stored = lags.into_iter().chain(mark).min();
        let signal = self.signals.due_for(reader.seat);
        stored.into_iter().chain(signal).min()
    }
}
