//! Rebuilding the end of a log from its members after the host that ordered it was lost (P6.5 to P6.9): which of the
//! records they give back are true, which of several histories goes on, and when nobody is left to wait for. Without
//! input or output as the room is; the room is opened with what comes out and never knows a half state.
//!
//! A record's MAC covers the MAC before it, so whoever knows the last stored record's MAC can check a member's records
//! one after another: each that verifies is what a host ordered, in just that place. What is held is therefore bounded
//! by what hosts have ordered, whatever members send.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_protocol::{CloseCode, Epoch, Mac, MemberId, Record, RoomKey, Seq, Vouch, limits};

use crate::{ConnectionId, Summary};

/// A log whose end is being gathered from members.
#[derive(Debug)]
pub struct Rebuild {
    key: RoomKey,
    /// Where the archive ends.
    base: Place,
    /// The epoch of the claim; records are of lower ones.
    below: Epoch,
    /// True records behind the base. One epoch has one host, so the two numbers name one record and all before it,
    /// and sixty-four members with the same records cost one copy.
    known: BTreeMap<(Seq, Epoch), Known>,
    bytes: usize,
    answering: BTreeMap<ConnectionId, Answer>,
    came: BTreeSet<MemberId>,
    named: BTreeSet<MemberId>,
}

/// A place in a history: a record, and the MAC that the next one's covers.
#[derive(Debug, Clone, Copy)]
struct Place {
    seq: Seq,
    epoch: Epoch,
    mac: Mac,
}

/// A record that verified behind the one of seq - 1 and epoch `before`.
#[derive(Debug)]
struct Known {
    record: Record,
    before: Epoch,
}

/// What one connection has answered so far.
#[derive(Debug)]
struct Answer {
    /// Where its records lead; `None` once one of them is not of this history.
    place: Option<Place>,
    frames: u32,
    done: bool,
}

impl Rebuild {
    /// Begins behind what the archive holds, `base`, for the host that claimed the room with epoch `below`. `own` are
    /// records after the stored ones that this host's own journal still has; those that continue no true history are
    /// left out.
    #[must_use]
    pub fn new(key: RoomKey, base: &Summary, below: Epoch, own: Vec<Record>) -> Self {
        let base = Place {
            seq: base.tail(),
            epoch: base.epoch(),
            mac: base.mac(),
        };
        let mut rebuild = Self {
            key,
            base,
            below,
            known: BTreeMap::new(),
            bytes: 0,
            answering: BTreeMap::new(),
            came: BTreeSet::new(),
            named: BTreeSet::new(),
        };
        let mut place = Some(base);
        for record in own.into_iter().filter(|record| record.seq > base.seq) {
            place = place.and_then(|place| rebuild.follow(place, record));
        }
        rebuild
    }

    /// What each member that arrives is asked to vouch for: the records after this one (P4.12).
    #[must_use]
    pub fn after(&self) -> Seq {
        self.base.seq
    }

    /// A connection with a valid ticket for this room was asked to vouch.
    pub fn arrive(&mut self, connection: ConnectionId, member: MemberId) {
        self.came.insert(member);
        let answer = Answer {
            place: Some(self.base),
            frames: 0,
            done: false,
        };
        self.answering.insert(connection, answer);
    }

    /// A connection's answer, or a part of it. Records that are not of this history are no fault: a member may have
    /// seen what no later host knows of. What follows them is passed over, and the member is rewound when it joins.
    ///
    /// # Errors
    /// The connection is to be closed, and is forgotten here, with
    /// - `bad_frame` when it was not asked or has answered already, a record is no record or not the one that comes next,
    ///   there is nothing in a frame that is not the last, or more members are named than a room has;
    /// - `flood` when there are too many frames.
    ///
    /// True records it gave before stay.
    pub fn vouch(&mut self, connection: ConnectionId, vouch: &Vouch<'_>) -> Result<(), CloseCode> {
        let answer = self.answering.remove(&connection);
        let answer = answer.filter(|answer| !answer.done);
        let mut answer = answer.ok_or(CloseCode::BadFrame)?;
        answer.frames += 1;
        if answer.frames > limits::VOUCH_FRAMES {
            return Err(CloseCode::Flood);
        }
        let (records, online) = (&vouch.records, &vouch.online);
        if online.len() > limits::MEMBERS || (vouch.more && records.is_empty()) {
            return Err(CloseCode::BadFrame);
        }
        for text in records {
            let Some(place) = answer.place else { break };
            let record = Record::from_frame(text.get()).map_err(|_| CloseCode::BadFrame)?;
            if record.seq != place.seq.next() {
                return Err(CloseCode::BadFrame);
            }
            answer.place = self.follow(place, record);
        }
        let room = limits::SEATS_EVER.saturating_sub(self.named.len());
        self.named.extend(online.iter().take(room));
        answer.done = !vouch.more;
        self.answering.insert(connection, answer);
        Ok(())
    }

    /// A connection ended. What it gave stays.
    pub fn gone(&mut self, connection: ConnectionId) {
        self.answering.remove(&connection);
    }

    /// Whether nobody is left to wait for: everybody who came has answered or gone again, and everybody came whom
    /// those who answered had seen. Until then the host waits, at most [`limits::GATHER_WITHIN_MS`].
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.came.is_empty()
            && self.answering.values().all(|answer| answer.done)
            && self.named.is_subset(&self.came)
    }

    /// How many different records are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.known.len()
    }

    /// The records that go on from the archive, gapless: of all true histories the one whose last record has the
    /// highest epoch, and of that epoch's the longest.
    #[must_use]
    pub fn finish(mut self) -> Vec<Record> {
        let last = self.known.keys().max_by_key(|(seq, epoch)| (*epoch, *seq));
        let mut at = last.copied();
        let mut records = Vec::new();
        while let Some(Known { record, before }) = at.and_then(|at| self.known.remove(&at)) {
            at = Some((Seq(record.seq.0 - 1), before));
            records.push(record);
        }
        records.reverse();
        records
    }

    /// Takes the record behind `place`, if that is where a host ordered it; the place it leads to.
    fn follow(&mut self, place: Place, record: Record) -> Option<Place> {
        let (seq, epoch, mac) = (record.seq, record.epoch, record.mac);
        let led_to = Some(Place { seq, epoch, mac });
        if seq != place.seq.next() || epoch >= self.below {
            return None;
        }
        if let Some(known) = self.known.get(&(seq, epoch)) {
            // The rest of it need not be looked at: what goes on is the copy that is held.
            return led_to.filter(|_| known.record.mac == mac);
        }
        let bytes = self.bytes + record.encoded_len();
        let full = self.known.len() >= limits::UNSTORED_RECORDS || bytes > limits::UNSTORED_BYTES;
        if full || !self.key.verifies(place.mac, &record) {
            return None;
        }
        self.bytes = bytes;
        let before = place.epoch;
        self.known.insert((seq, epoch), Known { record, before });
        led_to
    }
}
