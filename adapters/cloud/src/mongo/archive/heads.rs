//! What the archive knows of a room beside its records: the head (who writes it, and what is stored) and, in a collection
//! of its own because the head is written with every chunk, the newest checkpoint.

use bytes::Bytes;
use latchkey_platform::store::Insert;
use latchkey_protocol::{Body, Epoch, RoomId, Seq};
use mongodb::Collection;
use mongodb::bson::{Binary, Document, doc, spec::BinarySubtype};
use serde::Deserialize;

use crate::mongo::documents::{self, SCHEMA, int};
use crate::mongo::failure::Fault;

/// The heads.
pub(in crate::mongo) const ROOMS: &str = "rooms";
/// The newest checkpoint of each room.
pub(in crate::mongo) const CHECKPOINTS: &str = "checkpoints";

/// The two collections.
#[derive(Clone)]
pub(super) struct Heads {
    pub(super) rooms: Collection<Document>,
    pub(super) checkpoints: Collection<Document>,
}

/// A room's head.
#[derive(Deserialize)]
pub(super) struct Standing {
    /// Who writes the room.
    pub(super) epoch: Epoch,
    /// Last record that is part of the history.
    pub(super) stored: Seq,
    summary: Binary,
}

impl Standing {
    /// Of a room that nobody opened.
    fn none() -> Self {
        Self {
            epoch: Epoch::ZERO,
            stored: Seq::ZERO,
            summary: binary(Vec::new()),
        }
    }

    /// The room's summary at `stored`.
    pub(super) fn summary(self) -> Bytes {
        self.summary.bytes.into()
    }
}

#[derive(Deserialize)]
struct Checkpoint {
    seq: Seq,
    state: Binary,
}

impl Heads {
    /// Makes `epoch` the writer if the room has a head and its writer's epoch is lower.
    pub(super) async fn raise(&self, room: RoomId, epoch: Epoch) -> Result<bool, Fault> {
        let lower = doc! { "_id": room.as_str(), "epoch": { "$lt": int(epoch.0) } };
        let raised = doc! { "$set": { "epoch": int(epoch.0) } };
        documents::update(&self.rooms, lower, raised).await
    }

    /// Makes the head of a room that has none.
    pub(super) async fn begin(&self, room: RoomId, epoch: Epoch) -> Result<Insert, Fault> {
        let head = doc! {
            "_id": room.as_str(),
            "schema": SCHEMA,
            "epoch": int(epoch.0),
            "stored": 0_i64,
            "summary": binary(Vec::new()),
        };
        documents::insert(&self.rooms, head).await
    }

    /// The room's head.
    pub(super) async fn read(&self, room: RoomId) -> Result<Option<Standing>, Fault> {
        let found = self.rooms.find_one(doc! { "_id": room.as_str() }).await?;
        found.map(|head| documents::read(ROOMS, head)).transpose()
    }

    /// The room's head; of a room that has none, nothing stored by nobody.
    pub(super) async fn standing(&self, room: RoomId) -> Result<Standing, Fault> {
        Ok(self.read(room).await?.unwrap_or_else(Standing::none))
    }

    /// Makes records `first..=last` part of the history if `epoch` writes the room and they follow what is stored.
    pub(super) async fn advance(
        &self,
        room: RoomId,
        epoch: Epoch,
        (first, last): (Seq, Seq),
        summary: Bytes,
    ) -> Result<bool, Fault> {
        let before = doc! {
            "_id": room.as_str(),
            "epoch": int(epoch.0),
            "stored": int(first.0.saturating_sub(1)),
        };
        let after = doc! { "stored": int(last.0), "summary": binary(summary.into()) };
        documents::update(&self.rooms, before, doc! { "$set": after }).await
    }

    /// The newest checkpoint.
    pub(super) async fn checkpoint(&self, room: RoomId) -> Result<Option<(Seq, Body)>, Fault> {
        let found = self.checkpoints.find_one(doc! { "_id": room.as_str() });
        let Some(found) = found.await? else {
            return Ok(None);
        };
        let Checkpoint { seq, state } = documents::read(CHECKPOINTS, found)?;
        Ok(Some((seq, Body::from_checked(state.bytes.into()))))
    }

    /// Keeps a checkpoint unless there is a newer one.
    pub(super) async fn keep(&self, room: RoomId, seq: Seq, state: &Body) -> Result<(), Fault> {
        let (id, seq) = (room.as_str(), int(seq.0));
        let state = binary(state.as_bytes().to_vec());
        let older = doc! { "_id": id, "seq": { "$lt": seq } };
        let newer = doc! { "$set": { "seq": seq, "state": &state } };
        if documents::update(&self.checkpoints, older.clone(), newer.clone()).await? {
            return Ok(());
        }
        let first = doc! { "_id": id, "schema": SCHEMA, "seq": seq, "state": state };
        if documents::insert(&self.checkpoints, first).await? == Insert::Exists {
            // It is as new or newer, or an older one was made just now.
            documents::update(&self.checkpoints, older, newer).await?;
        }
        Ok(())
    }
}

pub(super) fn binary(bytes: Vec<u8>) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes,
    }
}
