//! What the journal finds when it is opened (J3). Reads only: nothing on disk changes, so that an interrupted
//! recovery leaves nothing behind and a repeated one finds the same.

use std::collections::BTreeMap;
use std::io;

use latchkey_protocol::{Record, RoomId, Seq};

use crate::disk::Disk;
use crate::error::OpenError;
use crate::fold::RoomLog;
use crate::format::{BadHeader, HEADER, Header, Number, Piece, Scan, Seal, VERSION};

/// Something in the journal that is not a whole entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The newest segment ends in an unfinished write, as after every crash in the middle of one (J3.3).
    #[error(
        "journal segment {file} ends in {bytes} bytes of an unfinished write at offset {at}; they are left out"
    )]
    TornTail {
        /// Name of the file.
        file: String,
        /// Where the unfinished write begins.
        at: u64,
        /// How much there is of it.
        bytes: u64,
    },
    /// Bytes that should be entries are not (J3.4). The file is kept when the journal no longer needs it.
    #[error(
        "journal segment {file} is damaged: {bytes} bytes at offset {at} are missing or are not entries; whatever is whole was recovered, and rooms stop where a record is missing"
    )]
    Damaged {
        /// Name of the file.
        file: String,
        /// Where the damage begins.
        at: u64,
        /// How far it extends.
        bytes: u64,
    },
}

/// What was in the journal when it was opened, in memory until it is taken.
#[derive(Debug, Default)]
pub struct Recovered {
    pub(crate) rooms: BTreeMap<RoomId, RoomLog>,
    pub(crate) findings: Vec<Finding>,
}

impl Recovered {
    /// The rooms of which there are records, whether or not they have been stored since.
    pub fn rooms(&self) -> impl Iterator<Item = RoomId> {
        self.rooms.keys().copied()
    }

    /// Whether there are records of `room` that were not taken yet.
    #[must_use]
    pub fn holds(&self, room: RoomId) -> bool {
        self.rooms.contains_key(&room)
    }

    /// Takes out the records of `room` that continue an archive which ends at `stored`: from `stored + 1` on without a
    /// gap, empty when there are none. Whatever else there is of the room is forgotten with them.
    pub fn take(&mut self, room: RoomId, stored: Seq) -> Vec<Record> {
        let log = self.rooms.remove(&room);
        log.map(|log| log.following(stored)).unwrap_or_default()
    }

    /// Every record of `room` that was not taken yet, whether or not others are missing between them.
    #[must_use]
    pub fn held(&self, room: RoomId) -> Vec<Record> {
        self.rooms.get(&room).map(RoomLog::all).unwrap_or_default()
    }

    /// What was not whole. Worth a warning each.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

/// A segment that was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) number: Number,
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Where its entries end. A file that goes on after that must be sealed before more is written (J3.3).
    pub(crate) end: u64,
    /// Whether it is to be kept when it is no longer needed (J3.4).
    pub(crate) damaged: bool,
    /// The last seq it holds of each room.
    pub(crate) rooms: BTreeMap<RoomId, Seq>,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) recovered: Recovered,
    /// In the order of their numbers.
    pub(crate) segments: Vec<Found>,
    /// The highest number any segment has had, as far as is known.
    pub(crate) highest: u32,
}

/// Reads all segments, newest first: each says where the one before it ends.
pub(crate) fn read_all(disk: &dyn Disk) -> Result<Reading, OpenError> {
    let names = disk.list().map_err(failed("list the journal's segments"))?;
    let mut numbers: Vec<Number> = names
        .iter()
        .filter_map(|name| Number::of_file(name))
        .collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    let aside = names.iter().filter_map(|name| Number::of_aside(name));
    let mut reading = Reading {
        highest: aside
            .chain(numbers.first().copied())
            .map(|number| number.0)
            .max()
            .unwrap_or(0),
        ..Reading::default()
    };
    let mut seals = BTreeMap::new();
    for number in numbers {
        let file = number.file();
        let bytes = disk
            .read(&file)
            .map_err(failed(&format!("read journal segment {file}")))?;
        let header = match Header::decode(&bytes, number) {
            Ok(header) => Some(header),
            Err(BadHeader::Version(found)) => {
                return Err(OpenError::Version {
                    file,
                    found,
                    known: VERSION,
                });
            }
            Err(BadHeader::Bytes) => None,
        };
        let seal = seals.get(&number).copied();
        // Two headers that seal the same segment agree, or the later one knew better.
        if let Some(Seal { segment, end }) = header.and_then(|header| header.previous) {
            seals.entry(segment).or_insert(end);
        }
        read_segment(&mut reading, number, &bytes, header.is_some(), seal);
    }
    reading.segments.reverse();
    reading.recovered.findings.reverse();
    Ok(reading)
}

/// Takes everything whole out of one segment.
fn read_segment(
    reading: &mut Reading,
    number: Number,
    bytes: &[u8],
    has_header: bool,
    seal: Option<u64>,
) {
    let sealed = seal
        .and_then(|end| usize::try_from(end).ok())
        .unwrap_or(bytes.len());
    let begin = if has_header { HEADER } else { 0 };
    let mut segment = Found {
        number,
        bytes: bytes.len() as u64,
        end: begin as u64,
        damaged: false,
        rooms: BTreeMap::new(),
    };
    let mut bad = Vec::new();
    for piece in Scan::new(number, &bytes[..sealed.min(bytes.len())], begin) {
        match piece {
            Piece::Bad { at, length } => bad.push((at, length)),
            Piece::Entry { at, length, entry } => {
                segment.end = at + length;
                let last = segment.rooms.entry(entry.room).or_default();
                *last = entry.record.seq.max(*last);
                reading
                    .recovered
                    .rooms
                    .entry(entry.room)
                    .or_default()
                    .add(entry);
            }
        }
    }
    if sealed > bytes.len() {
        bad.push((bytes.len() as u64, (sealed - bytes.len()) as u64));
    }
    // A segment in which nothing is whole was being created when the process died; the one before it is the newest.
    let newest = !reading.segments.iter().any(|later| later.end > 0);
    let file = || number.file();
    for (at, bytes) in bad.into_iter().rev() {
        let torn = seal.is_none() && at >= segment.end && (newest || segment.end == 0);
        segment.damaged |= !torn;
        reading.recovered.findings.push(if torn {
            Finding::TornTail {
                file: file(),
                at,
                bytes,
            }
        } else {
            Finding::Damaged {
                file: file(),
                at,
                bytes,
            }
        });
    }
    if let Some(end) = seal {
        segment.end = end;
    }
    reading.segments.push(segment);
}

fn failed(doing: &str) -> impl FnOnce(io::Error) -> OpenError {
    let doing = doing.to_owned();
    move |source| OpenError::Io { doing, source }
}
