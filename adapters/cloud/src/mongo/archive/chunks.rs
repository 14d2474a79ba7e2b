//! Chunks: consecutive records of a room in one piece of bytes, which holds its own checksum. Which of them are part of
//! the history is the matter of [`super`].

use latchkey_platform::store::Insert;
use latchkey_protocol::{Chunk, Epoch, Record, RoomId, Seq};
use mongodb::Collection;
use mongodb::bson::{Binary, Document, doc};
use serde::Deserialize;

use super::heads::binary;
use crate::mongo::documents::{self, SCHEMA, int};
use crate::mongo::failure::Fault;
use crate::mongo::limits::{CHUNKS_AT_ONCE, USUAL_CHUNK};

/// Where they are.
pub(in crate::mongo) const COLLECTION: &str = "chunks";

/// The collection.
#[derive(Clone)]
pub(super) struct Chunks(pub(super) Collection<Document>);

#[derive(Deserialize)]
struct Stored {
    first: Seq,
    epoch: Epoch,
    records: Binary,
}

/// A chunk's unique key. By it the chunks of a room stand in order of their first record, and those that begin at the same
/// one with the highest epoch first: epochs are written counting down.
fn key(room: RoomId, first: Seq, epoch: Epoch) -> String {
    format!("{}{:020}", begins(room, first), u64::MAX - epoch.0)
}

/// What the keys of chunks that begin at this record begin with.
fn begins(room: RoomId, first: Seq) -> String {
    format!("{room}/{:020}/", first.0)
}

fn key_of(chunk: &Chunk) -> String {
    key(chunk.room, chunk.first(), chunk.epoch)
}

fn missing(room: RoomId, seq: Seq) -> Fault {
    Fault::Unreadable(format!("{COLLECTION}: {room} lacks its record {seq}"))
}

impl Chunks {
    pub(super) async fn insert(&self, chunk: &Chunk) -> Result<Insert, Fault> {
        let document = doc! {
            "_id": key_of(chunk),
            "schema": SCHEMA,
            "room": chunk.room.as_str(),
            "epoch": int(chunk.epoch.0),
            "first": int(chunk.first().0),
            "last": int(chunk.last().0),
            "records": binary(chunk.encode()),
        };
        documents::insert(&self.0, document).await
    }

    /// That the chunk which has this one's key is this one.
    pub(super) async fn check_same(&self, chunk: &Chunk) -> Result<(), Fault> {
        let key = key_of(chunk);
        let other = || Fault::Unreadable(format!("{COLLECTION} {key}: it holds other records"));
        let found = self.0.find_one(doc! { "_id": &key }).await?;
        let found: Stored = documents::read(COLLECTION, found.ok_or_else(other)?)?;
        if found.records.bytes == chunk.encode() {
            Ok(())
        } else {
            Err(other())
        }
    }

    /// Removes a chunk that is no part of the history.
    pub(super) async fn remove(&self, chunk: &Chunk) -> Result<(), Fault> {
        self.0.delete_one(doc! { "_id": key_of(chunk) }).await?;
        Ok(())
    }

    /// Records after `after`, of which there are some up to `stored`: at least one, and about `bytes` of them.
    pub(super) async fn page(
        &self,
        room: RoomId,
        (after, stored): (Seq, Seq),
        bytes: usize,
    ) -> Result<Vec<Record>, Fault> {
        let mut page = Page {
            room,
            after,
            stored,
            bytes,
            walked: self.before(room, after.next()).await?,
            size: 0,
            records: Vec::new(),
        };
        let most = (bytes / USUAL_CHUNK).clamp(2, CHUNKS_AT_ONCE);
        while page.walked < stored {
            let from = begins(room, page.walked.next());
            let to = begins(room, stored.next());
            let range = doc! { "_id": { "$gte": from, "$lt": to } };
            let fields = ["first", "epoch", "records"];
            let order = doc! { "_id": 1 };
            let mut found = documents::cursor(&self.0, range, order, most, &fields).await?;
            let before = page.walked;
            while found.advance().await? {
                if page.take(found.deserialize_current()?)? {
                    return Ok(page.records);
                }
            }
            if page.walked == before {
                return Err(missing(room, before.next()));
            }
        }
        Ok(page.records)
    }

    /// The record before the chunk that holds `seq`.
    async fn before(&self, room: RoomId, seq: Seq) -> Result<Seq, Fault> {
        let (from, to) = (begins(room, Seq::ZERO), begins(room, seq.next()));
        let range = doc! { "_id": { "$gte": from, "$lt": to } };
        let last = documents::find(&self.0, range, doc! { "_id": -1 }, 1, &["first"]).await?;
        let last = last.into_iter().next().ok_or_else(|| missing(room, seq))?;
        let first: Seq = documents::field(COLLECTION, last, "first")?;
        Ok(Seq(first.0.saturating_sub(1)))
    }
}

/// A page being filled by walking the history chunk by chunk.
struct Page {
    room: RoomId,
    after: Seq,
    stored: Seq,
    bytes: usize,
    /// The last record of the chunk that was walked last.
    walked: Seq,
    size: usize,
    records: Vec<Record>,
}

impl Page {
    /// Takes the records of the next chunk in order of keys, if it is part of the history; whether the page is full.
    fn take(&mut self, document: Document) -> Result<bool, Fault> {
        let found: Stored = documents::read(COLLECTION, document)?;
        if found.first <= self.walked {
            return Ok(false);
        }
        if found.first > self.walked.next() {
            return Err(missing(self.room, self.walked.next()));
        }
        let key = key(self.room, found.first, found.epoch);
        let unreadable = |why: String| Fault::Unreadable(format!("{COLLECTION} {key}: {why}"));
        let chunk = Chunk::decode(found.records.bytes.into())
            .map_err(|error| unreadable(error.to_string()))?;
        if (chunk.room, chunk.first(), chunk.epoch) != (self.room, found.first, found.epoch) {
            return Err(unreadable("it holds another chunk".to_owned()));
        }
        self.walked = chunk.last();
        if self.walked > self.stored {
            return Err(unreadable(format!("it ends beyond {}", self.stored)));
        }
        let records = chunk.records.into_iter();
        for record in records.filter(|record| record.seq > self.after) {
            self.size += record.encoded_len();
            if self.size > self.bytes && !self.records.is_empty() {
                return Ok(true);
            }
            self.records.push(record);
        }
        Ok(false)
    }
}
