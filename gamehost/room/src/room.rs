//! The room itself: its parts, how it begins, and what is not a frame or a join: connections that end, the archive's
//! progress, the operator.

use bytes::Bytes;
use latchkey_protocol::frame::ServerFrame;
use latchkey_protocol::{
    Body, CloseCode, Epoch, Kind, MemberId, Record, RoomId, RoomKey, Seq, limits,
};

use crate::bucket::Bucket;
use crate::checkpoints::Checkpoints;
use crate::connections::Connections;
use crate::log::Window;
use crate::order::Draft;
use crate::signals::Signals;
use crate::summary::{Left, SeatState, Why};
use crate::{BadStart, Command, ConnectionId, Input, Log, Now, Start, Summary, WhyNot};

/// One room.
#[derive(Debug)]
pub struct Room {
    pub(crate) id: RoomId,
    pub(crate) epoch: Epoch,
    pub(crate) key: RoomKey,
    pub(crate) log: Window,
    /// The fold of the whole log.
    pub(crate) fold: Summary,
    /// The fold as far as it is stored, rolled forward as the archive takes records.
    pub(crate) stored_fold: Summary,
    /// When the archive last took records, in elapsed milliseconds.
    pub(crate) stored_at_ms: u64,
    /// What lives only in memory of each seat, by the same index as the summary's seats.
    pub(crate) live: Vec<Live>,
    pub(crate) connections: Connections,
    pub(crate) signals: Signals,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) presence: Shared,
    pub(crate) stored_frame: Shared,
    /// The same while storing lags.
    pub(crate) behind_frame: Shared,
}

/// What lives only in memory of a seat. The rates belong here and not to a connection, so that coming back does not
/// refill them.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) says: Bucket,
    pub(crate) signals: Bucket,
}

/// A frame of which only the newest version matters, encoded when somebody first reads that version.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) version: u64,
    frame: Option<Bytes>,
}

impl Shared {
    pub(crate) fn change(&mut self) {
        self.version += 1;
        self.frame = None;
    }

    pub(crate) fn frame(&mut self, encode: impl FnOnce() -> Bytes) -> Bytes {
        self.frame.get_or_insert_with(encode).clone()
    }
}

impl Room {
    /// Begins or continues a room: unstored records are folded in, nothing is appended.
    ///
    /// # Errors
    /// When the unstored records do not continue the summary, or the epoch is not above that of every record.
    pub fn open(start: Start) -> Result<Self, BadStart> {
        let stored = start.summary;
        let claimed = start.epoch;
        let older = |seq, of| match of < claimed {
            true => Ok(()),
            false => Err(BadStart::Epoch { seq, of, claimed }),
        };
        older(stored.tail(), stored.epoch())?;
        let mut fold = stored.clone();
        let mut log = Window::after(stored.tail());
        for record in start.unstored {
            older(record.seq, record.epoch)?;
            fold.fold(&record).map_err(|_| BadStart::Misfit {
                tail: fold.tail(),
                found: record.seq,
            })?;
            log.push(record, start.elapsed_ms);
        }
        let mut live = Vec::new();
        live.resize_with(fold.seats().len(), Live::default);
        Ok(Self {
            id: start.room,
            epoch: start.epoch,
            key: start.key,
            log,
            live,
            connections: Connections::default(),
            signals: Signals::default(),
            checkpoints: Checkpoints::begin(start.checkpoint, stored.tail()),
            presence: Shared::default(),
            stored_frame: Shared::default(),
            behind_frame: Shared::default(),
            fold,
            stored_fold: stored,
            stored_at_ms: start.elapsed_ms,
        })
    }

    /// Takes one input and adds what is to be done to `out`, which the caller empties and uses again. Records it
    /// orders are given to `log` first; if that fails nothing has changed.
    ///
    /// # Panics
    /// When told that records beyond the tail are stored: another room's progress was given to this one.
    pub fn handle(
        &mut self,
        input: Input<'_>,
        now: Now,
        log: &mut dyn Log,
        out: &mut Vec<Command>,
    ) {
        match input {
            Input::Join {
                connection,
                ticket,
                have,
            } => self.join(connection, ticket, have, now, log, out),
            Input::Frame { connection, frame } => self.frame(connection, frame, now, log, out),
            Input::Gone(connection) => {
                if self.forget(connection) {
                    out.push(Command::Wake);
                }
            }
            Input::Stored(seq) => self.store_to(seq, now, out),
            Input::TakeAway(member) => self.take_away(member, now, log, out),
            Input::Notice(body) => self.notice(body, now, log, out),
        }
    }

    /// Drops all that is held of a connection. Its member is offline from here on.
    fn forget(&mut self, connection: ConnectionId) -> bool {
        let known = self.detach(connection);
        if known {
            self.presence.change();
        }
        known
    }

    /// Parts a connection from its seat; its signals end with it (P4.5).
    pub(crate) fn detach(&mut self, connection: ConnectionId) -> bool {
        let Some(gone) = self.connections.remove(connection) else {
            return false;
        };
        self.live[gone.seat].connection = None;
        self.signals.end(gone.seat);
        true
    }

    pub(crate) fn close(&mut self, id: ConnectionId, code: CloseCode, out: &mut Vec<Command>) {
        out.push(Command::Close(id, code));
        if self.forget(id) {
            out.push(Command::Wake);
        }
    }

    fn store_to(&mut self, seq: Seq, now: Now, out: &mut Vec<Command>) {
        assert!(
            seq <= self.tail(),
            "only ordered records can be stored: {seq} is beyond the tail {}",
            self.tail()
        );
        if seq <= self.stored() {
            return;
        }
        while self.stored() < seq {
            let record = self
                .log
                .store_one()
                .expect("memory holds what is not stored");
            self.stored_fold
                .fold(&record)
                .expect("what was folded once as the tail fits again");
        }
        self.log.trim();
        self.stored_at_ms = now.elapsed_ms;
        self.stored_frame.change();
        self.behind_frame.change();
        out.extend(self.checkpoints.due(seq).map(Command::Keep));
        out.push(Command::Wake);
    }

    fn take_away(&mut self, member: MemberId, now: Now, log: &mut dyn Log, out: &mut Vec<Command>) {
        let seat = self.fold.seat_of(member);
        let Some(seat) = seat.filter(|at| self.fold.seats()[*at].state == SeatState::Seated) else {
            return out.push(Command::NotDone(WhyNot::NoSeat));
        };
        let why = Why::TakenAway;
        let draft = Draft {
            from: Some(member),
            n: 0,
            kind: Kind::Left,
            body: Body::of(&Left { why }),
        };
        if let Err(why) = self.order(draft, now, log) {
            return out.push(Command::NotDone(WhyNot::Unavailable(why)));
        }
        out.push(Command::Wake);
        if let Some(connection) = self.live[seat].connection {
            self.close(connection, CloseCode::SeatGone, out);
        }
    }

    fn notice(&mut self, body: Body, now: Now, log: &mut dyn Log, out: &mut Vec<Command>) {
        let bytes = body.len();
        if bytes > limits::BODY_SOFT {
            return out.push(Command::NotDone(WhyNot::TooLarge { bytes }));
        }
        let draft = Draft {
            from: None,
            n: 0,
            kind: Kind::Notice,
            body,
        };
        let ordered = self.order(draft, now, log);
        out.push(match ordered {
            Ok(_) => Command::Wake,
            Err(why) => Command::NotDone(WhyNot::Unavailable(why)),
        });
    }

    /// Members with a live connection, as a frame (P4.6).
    pub(crate) fn presence_frame(&mut self) -> Bytes {
        let (live, seats) = (&self.live, self.fold.seats());
        self.presence.frame(|| {
            let seats = seats.iter().zip(live);
            let online = seats.filter(|(_, live)| live.connection.is_some());
            ServerFrame::Presence {
                online: online.map(|(seat, _)| seat.id).collect(),
            }
            .encode()
        })
    }

    /// Whether so much is unstored that it should go to the archive without waiting for more.
    #[must_use]
    pub fn fills_half_a_chunk(&self) -> bool {
        self.log.fills_half_a_chunk()
    }

    /// Since when the oldest unstored record waits, in milliseconds of [`Now::elapsed_ms`].
    #[must_use]
    pub fn unstored_since(&self) -> Option<u64> {
        self.log.unstored_since()
    }

    /// Records after the stored ones, at most one chunk's worth, for migration to the archive.
    #[must_use]
    pub fn unstored(&self) -> Vec<Record> {
        let mut bytes = 0;
        let chunk = self.log.unstored().take(limits::CHUNK_RECORDS);
        chunk
            .take_while(|record| {
                let first = bytes == 0;
                bytes += record.encoded_len();
                first || bytes <= limits::CHUNK_BYTES
            })
            .cloned()
            .collect()
    }

    /// Bytes of memory that its unstored records hold.
    #[must_use]
    pub fn unstored_cost(&self) -> usize {
        self.log.unstored_cost()
    }

    /// From when on storing lags (P4.7), unless more is stored until then: in milliseconds of [`Now::elapsed_ms`].
    pub(crate) fn behind_from(&self) -> Option<u64> {
        let since = self.unstored_since()?;
        Some(since + limits::BEHIND_AFTER_MS)
    }

    pub(crate) fn is_behind(&self, now: Now) -> bool {
        self.behind_from()
            .is_some_and(|from| now.elapsed_ms >= from)
    }

    /// The fold of the log as far as `seq`; `None` when `seq` is below the stored mark or beyond the tail.
    #[must_use]
    pub fn summary_at(&self, seq: Seq) -> Option<Summary> {
        if seq < self.stored() || seq > self.tail() {
            return None;
        }
        let mut summary = self.stored_fold.clone();
        for record in self.log.unstored().take_while(|record| record.seq <= seq) {
            summary
                .fold(record)
                .expect("what was folded once as the tail fits again");
        }
        Some(summary)
    }

    /// Whose room it is.
    #[must_use]
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// The epoch it runs under.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The last record ordered.
    #[must_use]
    pub fn tail(&self) -> Seq {
        self.fold.tail()
    }

    /// The last record known to be in the archive.
    #[must_use]
    pub fn stored(&self) -> Seq {
        self.stored_fold.tail()
    }

    /// The `finished` record, if there is one. A room opened with one that is not stored yet gives no
    /// [`Command::Finished`] again: the host looks here after it has flushed.
    #[must_use]
    pub fn finished(&self) -> Option<Seq> {
        self.fold.finished()
    }

    /// How many connections are joined.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.len()
    }
}
