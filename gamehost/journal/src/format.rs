//! The bytes of a segment (J2): its header, its entries, and finding the entries among bytes that are none.
//!
//! Nothing here knows files, nor what entries mean together.

use bytes::Bytes;
use crc32c::crc32c_append;
use latchkey_protocol::{Record, RoomId, Seq, limits};

/// The format this program writes, and the only one it reads.
pub(crate) const VERSION: u32 = 1;
/// Bytes of a segment's header (J2.2).
pub(crate) const HEADER: usize = 32;
/// Bytes of an entry before its record (J2.3).
pub(crate) const ENTRY: usize = 12 + BEFORE_RECORD;

const MAGIC: [u8; 8] = *b"latchjrn";
/// Begins an entry. The NUL keeps it out of every body, as JSON text holds none: a search for entries after damage
/// cannot take what a member said for one.
const MARK: [u8; 4] = *b"\0ent";
/// Bytes of an entry between its checksum and its record: room, run, and the run's first seq.
const BEFORE_RECORD: usize = RoomId::LENGTH + 16;
/// The largest record an entry can hold.
const RECORD: usize = Record::HEADER + 16 + limits::BODY_HARD;

const SUFFIX: &str = ".segment";
const ASIDE: &str = ".damaged";

/// Number of a segment, from 1; later segments have higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(pub(crate) u32);

impl Number {
    /// The name of the segment's file (J1.1).
    pub(crate) fn file(self) -> String {
        format!("{:010}{SUFFIX}", self.0)
    }

    /// The name the file gets when the journal is done with it and it has to be kept (J3.4).
    pub(crate) fn aside(self) -> String {
        format!("{:010}{ASIDE}", self.0)
    }

    /// The number of a segment by the name of its file.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        Self::of(name, SUFFIX)
    }

    /// The number of a segment that was put aside.
    pub(crate) fn of_aside(name: &str) -> Option<Self> {
        Self::of(name, ASIDE)
    }

    fn of(name: &str, suffix: &str) -> Option<Self> {
        let digits = name.strip_suffix(suffix)?;
        let number = digits.parse().ok().filter(|number| *number > 0)?;
        (format!("{number:010}") == digits).then_some(Self(number))
    }
}

/// Where a segment ends, whatever else its file may hold after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seal {
    pub(crate) segment: Number,
    pub(crate) end: u64,
}

/// The first bytes of a segment (J2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) number: Number,
    /// The segment written before this one.
    pub(crate) previous: Option<Seal>,
}

/// Bytes that are not the header of a readable segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadHeader {
    /// The header is whole and of another version.
    Version(u32),
    /// The header is not whole.
    Bytes,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let (previous, end) = self
            .previous
            .map_or((0, 0), |seal| (seal.segment.0, seal.end));
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.number.0.to_le_bytes());
        bytes[16..20].copy_from_slice(&previous.to_le_bytes());
        bytes[20..28].copy_from_slice(&end.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[..28]);
        bytes[28..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads the header of the segment whose file says it is `number`.
    pub(crate) fn decode(bytes: &[u8], number: Number) -> Result<Self, BadHeader> {
        let bytes = bytes.get(..HEADER).ok_or(BadHeader::Bytes)?;
        let whole = bytes[..8] == MAGIC && u32_at(bytes, 28) == crc32c::crc32c(&bytes[..28]);
        if !whole || u32_at(bytes, 12) != number.0 {
            return Err(BadHeader::Bytes);
        }
        match u32_at(bytes, 8) {
            VERSION => {}
            other => return Err(BadHeader::Version(other)),
        }
        let previous = match u32_at(bytes, 16) {
            0 => None,
            segment => Some(Seal {
                segment: Number(segment),
                end: u64_at(bytes, 20),
            }),
        };
        Ok(Self { number, previous })
    }
}

/// Number of a run: what one owner of a room wrote without a break. Later runs have higher ones (J2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run(u64);

impl Run {
    /// The `count`th run begun in a segment.
    pub(crate) fn new(segment: Number, count: u32) -> Self {
        Self(u64::from(segment.0) << 32 | u64::from(count))
    }
}

/// One record of one room, with its place in the room's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) room: RoomId,
    pub(crate) run: Run,
    /// The seq the run begins with: it replaces every earlier run's records from there on.
    pub(crate) from: Seq,
    pub(crate) record: Record,
}

/// Bytes of the entry that holds `record`.
pub(crate) fn entry_len(record: &Record) -> usize {
    ENTRY + record.encoded_len()
}

/// Appends to `out` the entry that will stand at offset `at` of `segment` (J2.3).
pub(crate) fn encode_entry(
    out: &mut Vec<u8>,
    (segment, at): (Number, u64),
    (room, run, from): (RoomId, Run, Seq),
    record: &Record,
) {
    let begin = out.len();
    let length = u32::try_from(BEFORE_RECORD + record.encoded_len())
        .expect("append refuses bodies that are too large");
    out.extend_from_slice(&MARK);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(room.as_bytes());
    out.extend_from_slice(&run.0.to_le_bytes());
    out.extend_from_slice(&from.0.to_le_bytes());
    record.encode(out);
    let checksum = checksum(segment, at, &out[begin..]);
    out[begin + 8..begin + 12].copy_from_slice(&checksum.to_le_bytes());
}

/// The checksum covers where the entry stands, so that bytes of another place or file are never taken for it.
fn checksum(segment: Number, at: u64, entry: &[u8]) -> u32 {
    let place = crc32c_append(crc32c::crc32c(&segment.0.to_le_bytes()), &at.to_le_bytes());
    crc32c_append(crc32c_append(place, &entry[4..8]), &entry[12..])
}

/// What stands in a segment, piece by piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A whole entry that begins at `at` and is `length` bytes long.
    Entry { at: u64, length: u64, entry: Entry },
    /// Bytes that are not entries.
    Bad { at: u64, length: u64 },
}

/// Walks over `bytes[at..]` of a segment. Every byte is part of exactly one piece.
pub(crate) struct Scan<'a> {
    segment: Number,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(segment: Number, bytes: &'a [u8], at: usize) -> Self {
        Self { segment, bytes, at }
    }

    /// The whole entry at `at`, and its length.
    fn entry_at(&self, at: usize) -> Option<(Entry, usize)> {
        let bytes = &self.bytes[at..];
        if bytes.len() < ENTRY || bytes[..4] != MARK {
            return None;
        }
        let length = usize::try_from(u32_at(bytes, 4)).ok()?;
        if !(BEFORE_RECORD..=BEFORE_RECORD + RECORD).contains(&length) {
            return None;
        }
        let bytes = bytes.get(..12 + length)?;
        if u32_at(bytes, 8) != checksum(self.segment, at as u64, bytes) {
            return None;
        }
        let room = RoomId::from_bytes(&bytes[12..12 + RoomId::LENGTH]).ok()?;
        // Copied, so that one record kept does not keep the whole segment in memory.
        let mut rest = Bytes::copy_from_slice(&bytes[ENTRY..]);
        let record = Record::decode(&mut rest).ok()?;
        let from = Seq(u64_at(bytes, ENTRY - 8));
        let sound = rest.is_empty() && Seq::ZERO < from && from <= record.seq;
        let entry = Entry {
            room,
            run: Run(u64_at(bytes, ENTRY - 16)),
            from,
            record,
        };
        sound.then_some((entry, bytes.len()))
    }

    /// The first place after `at` where an entry may begin, or the end.
    fn next_mark(&self, at: usize) -> usize {
        self.bytes[at..]
            .windows(MARK.len())
            .position(|window| window == MARK)
            .map_or(self.bytes.len(), |distance| at + distance)
    }
}

impl Iterator for Scan<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let begin = self.at;
        if begin >= self.bytes.len() {
            return None;
        }
        let at = begin as u64;
        if let Some((entry, length)) = self.entry_at(begin) {
            self.at += length;
            return Some(Piece::Entry {
                at,
                length: length as u64,
                entry,
            });
        }
        let mut end = self.next_mark(begin + 1);
        while end < self.bytes.len() && self.entry_at(end).is_none() {
            end = self.next_mark(end + 1);
        }
        self.at = end;
        Some(Piece::Bad {
            at,
            length: (end - begin) as u64,
        })
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(
        bytes[at..at + 4]
            .try_into()
            .expect("four bytes were sliced"),
    )
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(
        bytes[at..at + 8]
            .try_into()
            .expect("eight bytes were sliced"),
    )
}

#[cfg(test)]
mod tests;
