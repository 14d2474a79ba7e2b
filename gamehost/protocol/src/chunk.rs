//! A chunk: consecutive records of one room as the archive keeps them, in one piece of bytes.
//!
//! Form: `LKC1`, room id (20 bytes), writer's epoch `u64`, first seq `u64`, number of records `u32`, the records in
//! their binary form, CRC32C `u32` over all before it. Integers are little-endian.

use bytes::Bytes;

use crate::ids::{Epoch, RoomId, Seq};
use crate::record::{BadRecord, Record};

const MAGIC: &[u8; 4] = b"LKC1";
const HEADER: usize = 4 + RoomId::LENGTH + 8 + 8 + 4;

/// Consecutive records of one room, written under one epoch. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Whose records.
    pub room: RoomId,
    /// The epoch of the host that wrote the chunk; records in it may be older.
    pub epoch: Epoch,
    /// The records, gapless.
    pub records: Vec<Record>,
}

/// Bytes that are not a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadChunk {
    /// Cut off, or not a chunk at all.
    #[error("the bytes are not a chunk")]
    NotAChunk,
    /// The bytes changed since they were written.
    #[error("the chunk's checksum does not match")]
    Checksum,
    /// A record inside cannot be read.
    #[error(transparent)]
    Record(#[from] BadRecord),
    /// The records are not consecutive, or there are none.
    #[error("the chunk's records are not consecutive")]
    Gap,
}

impl Chunk {
    /// Number of the first record.
    #[must_use]
    pub fn first(&self) -> Seq {
        self.records.first().map_or(Seq::ZERO, |record| record.seq)
    }

    /// Number of the last record.
    #[must_use]
    pub fn last(&self) -> Seq {
        self.records.last().map_or(Seq::ZERO, |record| record.seq)
    }

    /// The chunk as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(
            HEADER + 4 + self.records.iter().map(Record::encoded_len).sum::<usize>(),
        );
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(self.room.as_bytes());
        out.extend_from_slice(&self.epoch.0.to_le_bytes());
        out.extend_from_slice(&self.first().0.to_le_bytes());
        let count = u32::try_from(self.records.len()).expect("a chunk holds few thousand records");
        out.extend_from_slice(&count.to_le_bytes());
        for record in &self.records {
            record.encode(&mut out);
        }
        let checksum = crc32c::crc32c(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Reads a chunk.
    ///
    /// # Errors
    /// When the bytes are not a chunk exactly as written.
    pub fn decode(mut input: Bytes) -> Result<Self, BadChunk> {
        if input.len() < HEADER + 4 || &input[..4] != MAGIC {
            return Err(BadChunk::NotAChunk);
        }
        let checksum = input.split_off(input.len() - 4);
        if crc32c::crc32c(&input).to_le_bytes() != checksum[..] {
            return Err(BadChunk::Checksum);
        }
        let header = input.split_to(HEADER);
        let room = RoomId::from_bytes(&header[4..24]).map_err(|_| BadChunk::NotAChunk)?;
        let number = |at: usize| {
            u64::from_le_bytes(
                header[at..at + 8]
                    .try_into()
                    .expect("eight bytes were sliced"),
            )
        };
        let (epoch, first) = (Epoch(number(24)), Seq(number(32)));
        let count = u32::from_le_bytes(header[40..44].try_into().expect("four bytes were sliced"));
        let mut records = Vec::new();
        let mut expected = first;
        for _ in 0..count {
            let record = Record::decode(&mut input)?;
            if record.seq != expected {
                return Err(BadChunk::Gap);
            }
            expected = expected.next();
            records.push(record);
        }
        if records.is_empty() || !input.is_empty() {
            return Err(BadChunk::Gap);
        }
        Ok(Self {
            room,
            epoch,
            records,
        })
    }
}
