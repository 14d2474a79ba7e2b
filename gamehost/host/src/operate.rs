//! What the operator may ask of a room of this host: take a seat away, say something, close it, hand it over, put its
//! records aside. Who may ask is judged elsewhere; every refusal says what to do instead.

use std::sync::Arc;

use latchkey_protocol::{Body, CloseCode, MemberId, RoomId};
use latchkey_room::WhyNot;

use crate::aside;
use crate::handover::{self, NotMoved};
use crate::host::Shared;
use crate::live::{Ended, LiveRoom};

/// Why the operator's wish was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotDone {
    /// The room is not in this host's memory.
    #[error("room {0} is not in this host's memory; it may be idle, or with another host")]
    NotHere(RoomId),
    /// The room is on its way into this host's memory or out of it.
    #[error(
        "room {0} is just being opened, handed over or taken out of memory: try again in a moment"
    )]
    OnItsWay(RoomId),
    /// The room did not do it.
    #[error("nothing changed in room {room}: {why}")]
    ByRoom {
        /// The room.
        room: RoomId,
        /// Why not.
        why: WhyNot,
    },
    /// The journal holds nothing of the room that is not stored.
    #[error(
        "the journal holds nothing of room {0} that is not stored: there is nothing to put aside"
    )]
    NothingOwed(RoomId),
    /// The records could not be put aside; the journal keeps them.
    #[error("the records of room {room} could not be put aside, and the journal keeps them: {why}")]
    NotPutAside {
        /// The room.
        room: RoomId,
        /// What went wrong.
        why: String,
    },
}

impl Shared {
    /// Takes the member's seat away for good (P7.4): the room records that it left, and its connection is closed.
    pub(crate) fn take_away(&self, room: RoomId, member: MemberId) -> Result<(), NotDone> {
        let live = here(self, room)?;
        let taken = live.take_away(&self.desk, self.time.now(), member);
        let taken = taken.map_err(|why| ended(room, why))?;
        let pending = taken.map_err(|why| NotDone::ByRoom { room, why })?;
        self.migration.watch(&live, pending, &self.time);
        tracing::info!(%room, %member, "the operator took a seat away");
        Ok(())
    }

    /// Says `body` to everybody in the room, as a record of its own kind.
    pub(crate) fn notice(&self, room: RoomId, body: Body) -> Result<(), NotDone> {
        let live = here(self, room)?;
        let said = live.notice(&self.desk, self.time.now(), body);
        let said = said.map_err(|why| ended(room, why))?;
        let pending = said.map_err(|why| NotDone::ByRoom { room, why })?;
        self.migration.watch(&live, pending, &self.time);
        tracing::info!(%room, "the operator said something");
        Ok(())
    }

    /// Closes every connection of the room with `closed`, after which clients do not come back by themselves. The room
    /// leaves memory when it is stored and idle; its seats and its history stay. Returns how many were closed.
    pub(crate) fn close(&self, room: RoomId) -> Result<usize, NotDone> {
        let closed = here(self, room)?.close_connections(CloseCode::Closed);
        tracing::info!(%room, connections = closed, "the operator closed the room");
        Ok(closed)
    }

    /// Hands the room over to the least loaded other host.
    pub(crate) async fn hand_over(self: &Arc<Self>, room: RoomId) -> Result<(), NotMoved> {
        let live = self.rooms.get(room).ok_or(NotMoved::NotHere)?;
        handover::hand_over(self, &live).await
    }

    /// Gives up what the journal holds of a room that can never be stored, after putting it aside in the journal's
    /// folder (J5.4). Who is in the room is told to come back, and may give back what it has seen; whoever was not
    /// there finds what the archive has. Returns how many records were put aside.
    pub(crate) async fn put_aside(self: &Arc<Self>, room: RoomId) -> Result<usize, NotDone> {
        // A task of its own, so that it is finished whoever stops waiting.
        let task = tokio::spawn(put_aside(self.clone(), room));
        task.await.unwrap_or_else(|_| {
            let why = "putting them aside panicked".to_owned();
            Err(NotDone::NotPutAside { room, why })
        })
    }
}

async fn put_aside(shared: Arc<Shared>, room: RoomId) -> Result<usize, NotDone> {
    if !shared.desk.journal.holds(room) {
        return Err(NotDone::NothingOwed(room));
    }
    let failed = |why| NotDone::NotPutAside { room, why };
    if shared.is_stopping() {
        return Err(failed("the host is stopping; ask the next one".to_owned()));
    }
    if let Some(live) = shared.rooms.get(room) {
        live.stop(CloseCode::RoomFailed);
    }
    let kept_out = shared.rooms.keep_out(room);
    let kept_out = kept_out.map_err(|full| failed(full.to_string()))?;
    let _kept_out = kept_out.ok_or(NotDone::OnItsWay(room))?;
    let count = aside::give_up(&shared, room).await.map_err(failed)?;
    shared.migration.left(room, &shared.desk.metrics);
    shared.settled(room);
    Ok(count)
}

fn here(shared: &Shared, room: RoomId) -> Result<Arc<LiveRoom>, NotDone> {
    let live = shared.rooms.get(room);
    live.ok_or_else(|| match shared.rooms.has(room) {
        true => NotDone::OnItsWay(room),
        false => NotDone::NotHere(room),
    })
}

fn ended(room: RoomId, ended: Ended) -> NotDone {
    tracing::debug!(%room, ?ended, "the room ended while the operator asked something of it");
    NotDone::OnItsWay(room)
}
