//! Which segments there are, and which of them hold records that are not stored (J5). No files here.
//!
//! Memory is bounded by the journal's limit: a room that is stored as far as it goes takes none, any other one entry
//! for each segment that holds records of it.

use std::collections::{BTreeMap, HashMap};

use latchkey_protocol::{Record, RoomId, Seq, UnixMs};

use crate::format::Number;

/// One segment's account.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Bytes of its file, as far as is known; never less than it has.
    pub(crate) bytes: u64,
    /// Where its entries end.
    pub(crate) end: u64,
    /// Whether the file is kept when the journal is done with it (J3.4).
    pub(crate) damaged: bool,
    /// How many rooms have records here that are not stored.
    unstored: usize,
}

/// One segment's part in what is not stored of a room.
#[derive(Debug)]
struct Held {
    segment: Number,
    /// The last seq it holds.
    last: Seq,
}

/// What is not stored of one room.
#[derive(Debug)]
struct Room {
    held: Vec<Held>,
    stored: Seq,
    /// The last record appended by this process.
    last: Option<Seq>,
    /// First and last of each gapless run of recovered records, until this process appends.
    recovered: Vec<(Seq, Seq)>,
    /// Nothing of it that is not stored is older.
    since: UnixMs,
    /// Seq and time of the newest record, now and when `stored` was last heard of.
    newest: (Seq, UnixMs),
    newest_then: (Seq, UnixMs),
}

impl Room {
    /// Holds nothing yet; the first record will be of this seq and time.
    fn begin(seq: Seq, at: UnixMs) -> Self {
        Self {
            held: Vec::new(),
            stored: Seq::ZERO,
            last: None,
            recovered: Vec::new(),
            since: at,
            newest: (seq, at),
            newest_then: (seq, at),
        }
    }

    fn hold(&mut self, segment: Number, last: Seq, segments: &mut BTreeMap<Number, Segment>) {
        match self.held.iter_mut().find(|held| held.segment == segment) {
            Some(held) => held.last = held.last.max(last),
            None => {
                self.held.push(Held { segment, last });
                if let Some(segment) = segments.get_mut(&segment) {
                    segment.unstored += 1;
                }
            }
        }
    }
}

/// All accounts.
#[derive(Debug, Default)]
pub(crate) struct Books {
    rooms: HashMap<RoomId, Room>,
    segments: BTreeMap<Number, Segment>,
    bytes: u64,
}

impl Books {
    /// Opens the account of a segment whose file has so many bytes.
    pub(crate) fn open_segment(&mut self, number: Number, bytes: u64, end: u64, damaged: bool) {
        self.bytes += bytes;
        self.segments.insert(
            number,
            Segment {
                bytes,
                end,
                damaged,
                unstored: 0,
            },
        );
    }

    /// Notes that a segment's file has grown by `bytes`, of which `entries` are entries.
    pub(crate) fn grown(&mut self, number: Number, bytes: u64, entries: u64) {
        if let Some(segment) = self.segments.get_mut(&number) {
            segment.bytes += bytes;
            segment.end += entries;
            self.bytes += bytes;
        }
    }

    /// Closes the account of a segment whose file is gone.
    pub(crate) fn close_segment(&mut self, number: Number) {
        if let Some(segment) = self.segments.remove(&number) {
            self.bytes -= segment.bytes;
        }
    }

    /// Notes that `segment` holds records of `room` as far as `last`, which is not stored. `first` is the oldest of them.
    pub(crate) fn hold(&mut self, segment: Number, room: RoomId, last: Seq, first: UnixMs) {
        let room = self.rooms.entry(room);
        let room = room.or_insert_with(|| Room::begin(last, first));
        room.hold(segment, last, &mut self.segments);
    }

    /// Notes which records of `room` were recovered.
    pub(crate) fn recovered(&mut self, room: RoomId, runs: Vec<(Seq, Seq)>) {
        if let Some(room) = self.rooms.get_mut(&room) {
            room.recovered = runs;
        }
    }

    /// Notes that `record` was appended to `segment`: nothing held of `room` from its seq on counts any more.
    pub(crate) fn appended(&mut self, segment: Number, room: RoomId, record: &Record) {
        let room = self.rooms.entry(room);
        let room = room.or_insert_with(|| Room::begin(record.seq, record.at));
        let before = Seq(record.seq.0.saturating_sub(1));
        for held in &mut room.held {
            held.last = held.last.min(before);
        }
        room.hold(segment, record.seq, &mut self.segments);
        room.last = Some(record.seq);
        room.recovered = Vec::new();
        room.newest = (record.seq, record.at);
    }

    /// Notes that the archive holds `room` up to `seq`, and no more if nothing was appended since recovery.
    pub(crate) fn stored(&mut self, id: RoomId, seq: Seq) {
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        room.stored = room.stored.max(seq);
        // A record that is missing after what is stored can only be appended anew, and then replaces what follows it
        // here: nothing of that will ever be read again.
        let next = |(first, last): &(Seq, Seq)| first.0.saturating_sub(1) <= seq.0 && seq < *last;
        let stored = if room.last.is_none() && !room.recovered.iter().any(next) {
            Seq(u64::MAX)
        } else {
            room.stored
        };
        room.held.retain(|held| {
            let keep = held.last > stored;
            if !keep && let Some(segment) = self.segments.get_mut(&held.segment) {
                segment.unstored -= 1;
            }
            keep
        });
        if stored >= room.newest_then.0 {
            room.since = room.since.max(room.newest_then.1);
        }
        room.newest_then = room.newest;
        if room.held.is_empty() {
            self.rooms.remove(&id);
        }
    }

    /// The last record of `room` this process appended, if it is not stored.
    pub(crate) fn last(&self, room: RoomId) -> Option<Seq> {
        self.rooms.get(&room).and_then(|room| room.last)
    }

    /// How far `room` is stored, and where its other records are.
    pub(crate) fn unstored(&self, room: RoomId) -> Option<(Seq, Vec<(Number, u64)>)> {
        let room = self.rooms.get(&room)?;
        let ends = room.held.iter().filter_map(|held| {
            self.segments
                .get(&held.segment)
                .map(|segment| (held.segment, segment.end))
        });
        Some((room.stored, ends.collect()))
    }

    /// Whether everything in a segment is stored.
    pub(crate) fn is_free(&self, number: Number) -> bool {
        self.segments
            .get(&number)
            .is_none_or(|segment| segment.unstored == 0)
    }

    /// The oldest segment.
    pub(crate) fn oldest(&self) -> Option<(Number, &Segment)> {
        self.segments
            .first_key_value()
            .map(|(number, segment)| (*number, segment))
    }

    /// Bytes of all segments.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Number of segments.
    pub(crate) fn segments(&self) -> usize {
        self.segments.len()
    }

    /// The rooms with records that are not stored.
    pub(crate) fn unstored_rooms(&self) -> impl Iterator<Item = RoomId> {
        self.rooms.keys().copied()
    }

    /// Number of rooms with records that are not stored.
    pub(crate) fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// No record that is not stored is older than this.
    pub(crate) fn since(&self) -> Option<UnixMs> {
        self.rooms.values().map(|room| room.since).min()
    }
}
