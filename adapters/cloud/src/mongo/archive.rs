//! The long-term history of rooms on Mongo: a head for each room, chunks, and the newest checkpoint of each room.
//!
//! A chunk is inserted first; then one compare-and-set of the head, on the writer's epoch and on what is stored, makes it
//! part of the history. A room is opened by raising the head's epoch and reading the head after that. No compare-and-set
//! of an earlier epoch succeeds any more, so what the head says then is where every earlier epoch is sealed.
//!
//! A chunk whose compare-and-set never came is rubbish. It begins behind the record at which its epoch was sealed, and so
//! does the first chunk of the epoch that goes on from there. Therefore nothing has to mark either: of the chunks that
//! begin at one record the one of the highest epoch counts, one that does not begin where the one before ends is passed
//! over, and nothing counts beyond what the head has as stored.

mod chunks;
mod heads;

use async_trait::async_trait;
use bytes::Bytes;
use latchkey_host::ports::{Archive, ArchiveError, Head};
use latchkey_platform::store::Insert;
use latchkey_protocol::{Body, Chunk, Epoch, Record, RoomId, Seq};
use mongodb::Collection;
use mongodb::bson::Document;

use self::chunks::Chunks;
use self::heads::{Heads, Standing};
use super::Mongo;
use super::limits::OPEN_TRIES;

pub(super) use self::chunks::COLLECTION as CHUNKS;
pub(super) use self::heads::{CHECKPOINTS, ROOMS};

/// The archive on Mongo.
#[derive(Clone)]
pub struct MongoArchive {
    mongo: Mongo,
    heads: Heads,
    chunks: Chunks,
}

impl MongoArchive {
    /// The archive in this database.
    #[must_use]
    pub fn new(mongo: &Mongo) -> Self {
        let collection = |name| -> Collection<Document> { mongo.collection(name) };
        Self {
            mongo: mongo.clone(),
            heads: Heads {
                rooms: collection(ROOMS),
                checkpoints: collection(CHECKPOINTS),
            },
            chunks: Chunks(collection(CHUNKS)),
        }
    }

    async fn raise_and_read(&self, room: RoomId, epoch: Epoch) -> Result<Head, ArchiveError> {
        for _ in 0..OPEN_TRIES {
            let raised = self.heads.raise(room, epoch).await?;
            match self.heads.read(room).await? {
                Some(found) if raised && found.epoch == epoch => {
                    return Ok(Head {
                        stored: found.stored,
                        summary: found.summary(),
                        checkpoint: self.heads.checkpoint(room).await?,
                    });
                }
                Some(found) if found.epoch >= epoch => {
                    return Err(ArchiveError::Fenced(found.epoch));
                }
                // Another opener made the head after it was found missing, with a lower epoch.
                Some(_) => {}
                None => {
                    if self.heads.begin(room, epoch).await? == Insert::Inserted {
                        return Ok(Head::default());
                    }
                }
            }
        }
        let text = format!("others opened {room} every time");
        Err(ArchiveError::Unavailable(text))
    }

    async fn insert_and_advance(&self, chunk: &Chunk, summary: Bytes) -> Result<(), ArchiveError> {
        if self.chunks.insert(chunk).await? == Insert::Exists {
            // After an answer that was lost the same chunk comes again. Another one must not take its place.
            self.chunks.check_same(chunk).await?;
        }
        let (room, epoch) = (chunk.room, chunk.epoch);
        let (first, last) = (chunk.first(), chunk.last());
        if self
            .heads
            .advance(room, epoch, (first, last), summary)
            .await?
        {
            return Ok(());
        }
        let Standing {
            epoch: writer,
            stored,
            ..
        } = self.heads.standing(room).await?;
        if writer == epoch && stored >= last {
            return Ok(());
        }
        if writer == epoch && stored.next() == first {
            let text = format!("the head of {room} changed while it was read");
            return Err(ArchiveError::Unavailable(text));
        }
        let removed = match stored < last {
            // The head never came to the chunk's end, and will not by this chunk: its writer is fenced, or stops at a gap.
            true => self.chunks.remove(chunk).await,
            false => Ok(()),
        };
        if writer > epoch {
            // Readers know it for rubbish, if it could not be removed.
            return Err(ArchiveError::Fenced(writer));
        }
        removed?;
        Err(match writer == epoch {
            true => ArchiveError::Gap { stored, first },
            false => ArchiveError::Fenced(writer),
        })
    }

    async fn page(
        &self,
        room: RoomId,
        after: Seq,
        bytes: usize,
    ) -> Result<Vec<Record>, ArchiveError> {
        // Chunks up to here were there before the head said so.
        let stored = self.heads.standing(room).await?.stored;
        if after >= stored {
            return Ok(Vec::new());
        }
        Ok(self.chunks.page(room, (after, stored), bytes).await?)
    }

    async fn keep_newest(
        &self,
        room: RoomId,
        epoch: Epoch,
        seq: Seq,
        state: &Body,
    ) -> Result<(), ArchiveError> {
        let writer = self.heads.standing(room).await?.epoch;
        if writer != epoch {
            return Err(ArchiveError::Fenced(writer));
        }
        // Should another epoch become the writer now, this stays right: the checkpoint is one of records that were stored
        // under this epoch, so they stand before the place where it is sealed.
        Ok(self.heads.keep(room, seq, state).await?)
    }
}

#[async_trait]
impl Archive for MongoArchive {
    async fn open(&self, room: RoomId, epoch: Epoch) -> Result<Head, ArchiveError> {
        self.mongo.call(self.raise_and_read(room, epoch)).await
    }

    async fn append(&self, chunk: Chunk, summary: Bytes) -> Result<(), ArchiveError> {
        self.mongo
            .call(self.insert_and_advance(&chunk, summary))
            .await
    }

    async fn keep(
        &self,
        room: RoomId,
        epoch: Epoch,
        seq: Seq,
        state: Body,
    ) -> Result<(), ArchiveError> {
        self.mongo
            .call(self.keep_newest(room, epoch, seq, &state))
            .await
    }

    async fn read(
        &self,
        room: RoomId,
        after: Seq,
        bytes: usize,
    ) -> Result<Vec<Record>, ArchiveError> {
        self.mongo.call(self.page(room, after, bytes)).await
    }
}
