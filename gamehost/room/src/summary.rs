//! The fold of a room's log: all that a host must know of it without reading it again, and its form in the archive.

use bytes::Bytes;
use latchkey_protocol::{
    Epoch, Kind, Mac, MemberId, Position, Profile, Record, Seq, UnixMs, limits,
};
use serde::{Deserialize, Serialize};

use crate::epochs::Epochs;

/// Version of the encoded form. A change of the form takes the next number and goes on reading this one.
const VERSION: u32 = 2;
/// The oldest form that is read. Version 1 had no MAC: the next record of such a log begins a new chain.
const OLDEST: u32 = 1;

/// The fold of a room's log. Grows with the seats a room has had, not with its records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    tail: Seq,
    /// MAC of the record at `tail`.
    #[serde(default)]
    mac: Mac,
    at: UnixMs,
    finished: Option<Seq>,
    epochs: Epochs,
    seats: Vec<Seat>,
}

/// A seat somebody has taken. It stays for ever, so that nothing of its member is ever ordered twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seat {
    pub(crate) id: MemberId,
    pub(crate) profile: Profile,
    /// The last number of this member that the log holds (P2.3).
    pub(crate) n: u64,
    pub(crate) state: SeatState,
}

/// Whether a seat is taken, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeatState {
    Seated,
    GaveUp,
    TakenAway,
}

/// Body of a `left` record (P4.2).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Left {
    pub(crate) why: Why,
}

/// Why a seat was left.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    GaveUp,
    TakenAway,
}

/// A record that cannot come next in the log that was folded.
#[derive(Debug)]
pub(crate) struct Misfit;

impl Summary {
    /// The last record folded in.
    #[must_use]
    pub fn tail(&self) -> Seq {
        self.tail
    }

    /// The `finished` record, if there is one.
    #[must_use]
    pub fn finished(&self) -> Option<Seq> {
        self.finished
    }

    /// The epoch that ordered the last record; zero when there is none.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epochs.last()
    }

    /// The MAC of the last record, which that of the next one covers (P5.4).
    #[must_use]
    pub fn mac(&self) -> Mac {
        self.mac
    }

    /// When the last record was ordered.
    pub(crate) fn at(&self) -> UnixMs {
        self.at
    }

    pub(crate) fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// Index of a member's seat. Seats are few and never move, so an index stays right for ever.
    pub(crate) fn seat_of(&self, member: MemberId) -> Option<usize> {
        self.seats.iter().position(|seat| seat.id == member)
    }

    pub(crate) fn seated(&self) -> impl Iterator<Item = (usize, &Seat)> {
        self.seats
            .iter()
            .enumerate()
            .filter(|(_, seat)| seat.state == SeatState::Seated)
    }

    /// The last record ordered in `epoch`; zero when none was.
    pub(crate) fn last_in(&self, epoch: Epoch) -> Seq {
        self.epochs.last_in(epoch, self.tail)
    }

    /// The last record ordered in an epoch at or before `epoch`.
    pub(crate) fn last_by(&self, epoch: Epoch) -> Seq {
        self.epochs.last_by(epoch, self.tail)
    }

    /// The position of who has the log as far as `seq`.
    #[must_use]
    pub fn position(&self, seq: Seq) -> Position {
        let epoch = self.epochs.of(seq);
        Position { epoch, seq }
    }

    /// Folds in the next record. Changes nothing when it does not fit.
    pub(crate) fn fold(&mut self, record: &Record) -> Result<(), Misfit> {
        if record.seq != self.tail.next() {
            return Err(Misfit);
        }
        let seat = record.from.and_then(|member| self.seat_of(member));
        match (record.kind, record.from, seat) {
            (Kind::Joined, Some(id), None) => self.seats.push(Seat {
                id,
                profile: read(record)?,
                n: 0,
                state: SeatState::Seated,
            }),
            (Kind::Profile, _, Some(seat)) => self.seats[seat].profile = read(record)?,
            (Kind::Left, _, Some(seat)) => {
                let Left { why } = read(record)?;
                self.seats[seat].state = match why {
                    Why::GaveUp => SeatState::GaveUp,
                    Why::TakenAway => SeatState::TakenAway,
                };
            }
            (Kind::Finished, _, Some(_)) => self.finished = self.finished.or(Some(record.seq)),
            (Kind::Said, _, Some(_)) | (Kind::Notice, None, _) => {}
            _ => return Err(Misfit),
        }
        if let (Some(seat), 1..) = (seat, record.n) {
            self.seats[seat].n = record.n;
        }
        self.tail = record.seq;
        self.mac = record.mac;
        self.at = self.at.max(record.at);
        self.epochs.note(record.epoch, record.seq);
        Ok(())
    }

    /// The form kept in the archive beside the records.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let form = Form {
            version: VERSION,
            summary: self,
        };
        serde_json::to_vec(&form)
            .expect("a summary is plain data, which serialises")
            .into()
    }

    /// Reads that form; empty bytes are the summary of an empty log.
    ///
    /// # Errors
    /// When the bytes are not a summary.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadSummary> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let bad = |error: serde_json::Error| BadSummary(error.to_string());
        let Versioned { version } = serde_json::from_slice(bytes).map_err(bad)?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(BadSummary(format!(
                "its form has version {version}, and this host reads versions {OLDEST} to {VERSION}"
            )));
        }
        let Form::<Self> { summary, .. } = serde_json::from_slice(bytes).map_err(bad)?;
        summary.check()?;
        Ok(summary)
    }

    fn check(&self) -> Result<(), BadSummary> {
        let bad = |what: &str| Err(BadSummary(what.to_owned()));
        if !self.epochs.is_sound(self.tail) {
            return bad("its epochs are not in order");
        }
        if self.finished.is_some_and(|seq| seq > self.tail) {
            return bad("it is finished by a record beyond its end");
        }
        if self.seats.len() > limits::SEATS_EVER {
            return bad("it has more seats than a room may ever have");
        }
        let mut ids: Vec<_> = self.seats.iter().map(|seat| seat.id).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return bad("a member has two seats");
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Form<S> {
    version: u32,
    summary: S,
}

fn read<'a, T: Deserialize<'a>>(record: &'a Record) -> Result<T, Misfit> {
    record.body.read().map_err(|_| Misfit)
}

/// Bytes that are not a summary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the room's summary cannot be read: {0}")]
pub struct BadSummary(pub String);
