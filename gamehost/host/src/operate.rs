//! What the operator may ask of a room of this host: take a seat away, say something, close it, hand it over, put its
//! records aside. Who may ask is judged elsewhere; every refusal says what to do instead.

use std::sync::Arc;

use latchkey_protocol::{Body, CloseCode, MemberId, RoomId};
use latchkey_room::WhyNot;
use tokio::sync::oneshot;

use crate::aside;
use crate::handover::{self, NotMoved};
use crate::host::{Host, Shared};
use crate::live::{Ended, LiveRoom};
use crate::owed::Owed;
use crate::rooms::{NotOpened, Sought};

/// Why the operator's wish was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// The room is not in this host's memory, or is being opened or handed over.
    #[error(
        "room {0} is not in this host's memory just now: look at which host has it, and try again"
    )]
    NotHere(RoomId),
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

impl Host {
    /// Takes the member's seat away for good (P7.4): the room records that it left, and its connection is closed.
    ///
    /// # Errors
    /// [`NotDone`] when nothing changed.
    pub fn take_away(&self, room: RoomId, member: MemberId) -> Result<(), NotDone> {
        self.shared.take_away(room, member)
    }

    /// Says `body` to everybody in the room, as a record of its own kind.
    ///
    /// # Errors
    /// [`NotDone`] when nothing was said.
    pub fn notice(&self, room: RoomId, body: Body) -> Result<(), NotDone> {
        self.shared.notice(room, body)
    }

    /// Closes every connection of the room with `closed`, after which clients do not come back by themselves. The room
    /// leaves memory when it is stored and idle; its seats and its history stay. Returns how many were closed.
    ///
    /// # Errors
    /// [`NotDone::NotHere`].
    pub fn close(&self, room: RoomId) -> Result<usize, NotDone> {
        self.shared.close(room)
    }

    /// Hands the room over to the least loaded other host.
    ///
    /// # Errors
    /// [`NotMoved`] says why it is not there.
    pub async fn hand_over(&self, room: RoomId) -> Result<(), NotMoved> {
        self.shared.hand_over(room).await
    }

    /// Rooms of which the journal may hold the only copy and which could not be opened yet: they keep the journal from
    /// forgetting.
    #[must_use]
    pub fn owed(&self) -> Vec<(RoomId, Owed)> {
        self.shared.owed.all()
    }

    /// Gives up what the journal holds of a room that can never be stored, after putting it aside in the journal's
    /// folder (J5.4). Who is in the room is told to come back, and finds what the archive has. Returns how many records
    /// were put aside.
    ///
    /// # Errors
    /// [`NotDone`] when nothing was given up.
    pub async fn put_aside(&self, room: RoomId) -> Result<usize, NotDone> {
        self.shared.put_aside(room).await
    }
}

impl Shared {
    /// See [`Host::take_away`].
    pub(crate) fn take_away(&self, room: RoomId, member: MemberId) -> Result<(), NotDone> {
        let live = here(self, room)?;
        let taken = live.take_away(&self.desk, self.time.now(), member);
        let taken = taken.map_err(|ended| not_here(room, ended))?;
        let pending = taken.map_err(|why| NotDone::ByRoom { room, why })?;
        self.migration.watch(&live, pending, &self.time);
        tracing::info!(%room, %member, "the operator took a seat away");
        Ok(())
    }

    /// See [`Host::notice`].
    pub(crate) fn notice(&self, room: RoomId, body: Body) -> Result<(), NotDone> {
        let live = here(self, room)?;
        let said = live.notice(&self.desk, self.time.now(), body);
        let said = said.map_err(|ended| not_here(room, ended))?;
        let pending = said.map_err(|why| NotDone::ByRoom { room, why })?;
        self.migration.watch(&live, pending, &self.time);
        tracing::info!(%room, "the operator said something");
        Ok(())
    }

    /// See [`Host::close`].
    pub(crate) fn close(&self, room: RoomId) -> Result<usize, NotDone> {
        let closed = here(self, room)?.close_connections(CloseCode::Closed);
        tracing::info!(%room, connections = closed, "the operator closed the room");
        Ok(closed)
    }

    /// See [`Host::hand_over`].
    pub(crate) async fn hand_over(self: &Arc<Self>, room: RoomId) -> Result<(), NotMoved> {
        let live = self.rooms.get(room).ok_or(NotMoved::NotHere)?;
        handover::hand_over(self, &live).await
    }

    /// See [`Host::put_aside`].
    pub(crate) async fn put_aside(self: &Arc<Self>, room: RoomId) -> Result<usize, NotDone> {
        if !self.desk.journal.holds(room) {
            return Err(NotDone::NothingOwed(room));
        }
        if let Some(live) = self.rooms.get(room) {
            live.stop(CloseCode::RoomFailed);
        }
        let (sender, put) = oneshot::channel();
        let work = |_| {
            let shared = self.clone();
            async move {
                let done = aside::give_up(&shared, room).await;
                let why = match &done {
                    Ok(_) => "its records were put aside".to_owned(),
                    Err(why) => why.clone(),
                };
                let _ = sender.send(done);
                Err(NotOpened::NotReady(why))
            }
        };
        // In the place of the room's opening, so that nobody opens it meanwhile.
        let sought = self.rooms.seek(room, None, work);
        if let Ok(Sought::Coming(mut coming)) = sought {
            let _ = coming.opened().await;
        }
        let done = put.await.map_err(|_| NotDone::NotHere(room))?;
        let count = done.map_err(|why| NotDone::NotPutAside { room, why })?;
        self.settled(room);
        Ok(count)
    }
}

fn here(shared: &Shared, room: RoomId) -> Result<Arc<LiveRoom>, NotDone> {
    shared.rooms.get(room).ok_or(NotDone::NotHere(room))
}

fn not_here(room: RoomId, ended: Ended) -> NotDone {
    tracing::debug!(%room, ?ended, "the room ended while the operator asked something of it");
    NotDone::NotHere(room)
}
