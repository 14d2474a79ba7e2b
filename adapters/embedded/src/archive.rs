//! The long-term history of rooms, in `rooms.db`: one row per chunk, and one per room for what the host reads first.
//! Every write checks the writer's epoch in the step that changes the room, so a chunk of a former writer never gets in
//! and no epoch needs sealing.

use async_trait::async_trait;
use bytes::Bytes;
use latchkey_host::ports::{Archive, ArchiveError, Head};
use latchkey_protocol::{Body, Chunk, Epoch, Record, RoomId, Seq};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::database::{Database, Fault, int, number};
use crate::rooms::Rooms;

/// The archive in `rooms.db`.
#[derive(Clone)]
pub struct EmbeddedArchive {
    database: Database,
}

impl EmbeddedArchive {
    /// The archive in this file.
    #[must_use]
    pub fn new(rooms: Rooms) -> Self {
        Self { database: rooms.0 }
    }
}

/// Why a call did not do what it should: the file, or what the archive says of it.
enum Trouble {
    File(Fault),
    Archive(ArchiveError),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::File(error.into())
    }
}

impl From<ArchiveError> for Trouble {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::File(fault)
    }
}

impl From<Trouble> for ArchiveError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Archive(error) => error,
            Trouble::File(fault) => Self::Unavailable(fault.to_string()),
        }
    }
}

#[async_trait]
impl Archive for EmbeddedArchive {
    async fn open(&self, room: RoomId, epoch: Epoch) -> Result<Head, ArchiveError> {
        Ok(self
            .database
            .try_write(move |tx| open(tx, room, epoch))
            .await?)
    }

    async fn append(&self, chunk: Chunk, summary: Bytes) -> Result<(), ArchiveError> {
        Ok(self
            .database
            .try_write(move |tx| append(tx, &chunk, &summary))
            .await?)
    }

    async fn keep(
        &self,
        room: RoomId,
        epoch: Epoch,
        seq: Seq,
        state: Body,
    ) -> Result<(), ArchiveError> {
        Ok(self
            .database
            .try_write(move |tx| keep(tx, room, epoch, seq, &state))
            .await?)
    }

    async fn read(
        &self,
        room: RoomId,
        after: Seq,
        bytes: usize,
    ) -> Result<Vec<Record>, ArchiveError> {
        Ok(self
            .database
            .try_read(move |file| read(file, room, after, bytes))
            .await?)
    }
}

fn open(tx: &Transaction<'_>, room: RoomId, epoch: Epoch) -> Result<Head, Trouble> {
    let found = tx
        .prepare_cached(
            "SELECT epoch, stored, summary, checkpoint_seq, checkpoint FROM heads WHERE room = ?1",
        )?
        .query_row([room.as_str()], |row| {
            let checkpoint = match (row.get(3)?, row.get(4)?) {
                (Some(seq), Some(state)) => Some((Seq(number(seq)), body(state))),
                _ => None,
            };
            let summary = Bytes::from(row.get::<_, Vec<u8>>(2)?);
            let head = Head {
                stored: Seq(number(row.get(1)?)),
                summary,
                checkpoint,
            };
            Ok((Epoch(number(row.get(0)?)), head))
        })
        .optional()?;
    let (writer, head) = found.unwrap_or_default();
    if writer >= epoch {
        return Err(ArchiveError::Fenced(writer).into());
    }
    tx.prepare_cached(
        "INSERT INTO heads (room, epoch, stored, summary) VALUES (?1, ?2, 0, x'') \
         ON CONFLICT (room) DO UPDATE SET epoch = excluded.epoch",
    )?
    .execute(params![room.as_str(), int(epoch.0)])?;
    Ok(head)
}

/// What is stored of the room, if `epoch` is its writer.
fn stored_by(tx: &Transaction<'_>, room: RoomId, epoch: Epoch) -> Result<Seq, Trouble> {
    let found = tx
        .prepare_cached("SELECT epoch, stored FROM heads WHERE room = ?1")?
        .query_row([room.as_str()], |row| {
            Ok((Epoch(number(row.get(0)?)), Seq(number(row.get(1)?))))
        })
        .optional()?;
    let (writer, stored) = found.unwrap_or_default();
    if writer == epoch {
        Ok(stored)
    } else {
        Err(ArchiveError::Fenced(writer).into())
    }
}

fn append(tx: &Transaction<'_>, chunk: &Chunk, summary: &[u8]) -> Result<(), Trouble> {
    let stored = stored_by(tx, chunk.room, chunk.epoch)?;
    let (first, last) = (chunk.first(), chunk.last());
    if last <= stored {
        return Ok(());
    }
    if first != stored.next() {
        return Err(ArchiveError::Gap { stored, first }.into());
    }
    let room = chunk.room.as_str();
    tx.prepare_cached("INSERT INTO chunks (room, last, epoch, chunk) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            room,
            int(last.0),
            int(chunk.epoch.0),
            chunk.encode()
        ])?;
    tx.prepare_cached("UPDATE heads SET stored = ?2, summary = ?3 WHERE room = ?1")?
        .execute(params![room, int(last.0), summary])?;
    Ok(())
}

fn keep(
    tx: &Transaction<'_>,
    room: RoomId,
    epoch: Epoch,
    seq: Seq,
    state: &Body,
) -> Result<(), Trouble> {
    stored_by(tx, room, epoch)?;
    tx.prepare_cached(
        "UPDATE heads SET checkpoint_seq = ?2, checkpoint = ?3 \
         WHERE room = ?1 AND (checkpoint_seq IS NULL OR checkpoint_seq < ?2)",
    )?
    .execute(params![room.as_str(), int(seq.0), state.as_bytes()])?;
    Ok(())
}

fn read(file: &Connection, room: RoomId, after: Seq, bytes: usize) -> Result<Vec<Record>, Trouble> {
    let mut statement = file
        .prepare_cached("SELECT chunk FROM chunks WHERE room = ?1 AND last > ?2 ORDER BY last")?;
    let mut rows = statement.query(params![room.as_str(), int(after.0)])?;
    let mut page = Vec::new();
    let mut size = 0;
    while let Some(row) = rows.next()? {
        let chunk = Chunk::decode(row.get::<_, Vec<u8>>(0)?.into())
            .map_err(|error| ArchiveError::Corrupt(format!("a chunk of {room}: {error}")))?;
        for record in chunk
            .records
            .into_iter()
            .filter(|record| record.seq > after)
        {
            size += record.encoded_len();
            if size > bytes && !page.is_empty() {
                return Ok(page);
            }
            page.push(record);
        }
    }
    Ok(page)
}

fn body(text: Vec<u8>) -> Body {
    Body::from_checked(text.into())
}
