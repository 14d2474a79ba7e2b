//! Opening a room: claim it, become the archive's writer, add what the journal holds beyond the archive. Afterwards
//! this host, and no other, orders the room's records.

use std::future::Future;
use std::sync::{Arc, PoisonError};

use latchkey_protocol::{Epoch, Record, RoomId, RoomKey, Seq};
use latchkey_room::{Checkpoint, Room, Start, Summary};

use crate::host::Shared;
use crate::limits::PORT_WITHIN;
use crate::live::{LiveRoom, Pending};
use crate::ports::{Claim, Head};
use crate::rooms::NotOpened;

/// What a room is waited for when its owner was another machine in this slot.
const FORMER_MAY_LIVE: &str = "an earlier machine of this slot may still serve the room";

/// Finds `room` in memory or opens it.
pub(crate) async fn find(shared: &Arc<Shared>, room: RoomId) -> Result<Arc<LiveRoom>, NotOpened> {
    if shared.is_stopping() {
        return Err(NotOpened::Stopping);
    }
    let work = || {
        let shared = shared.clone();
        async move {
            let opened = open(&shared, room).await;
            match &opened {
                Ok(_) => shared.desk.metrics.rooms_opened.up(),
                Err(error) => {
                    shared.desk.metrics.rooms_not_opened.up();
                    not_opened(room, error);
                }
            }
            opened
        }
    };
    let found = shared.rooms.find(room, work).await;
    // A room that came into memory after the stop has gone through them would never be told to go.
    if shared.is_stopping() {
        return Err(NotOpened::Stopping);
    }
    found
}

/// A room that another host serves is no trouble, and neither are those that come while this one ends.
fn not_opened(room: RoomId, error: &NotOpened) {
    if matches!(error, NotOpened::NotReady(_)) {
        tracing::warn!(%room, %error, "the room was not opened; its members try again");
    } else {
        tracing::debug!(%room, %error, "the room was not opened");
    }
}

async fn open(shared: &Arc<Shared>, room: RoomId) -> Result<Arc<LiveRoom>, NotOpened> {
    // Bounded, so that with the directory or the archive dead the places of those that wait become free again.
    let _turn = within("turn to open a room", shared.openings.acquire()).await?;
    let term = shared.membership.serving().ok_or(NotOpened::Fenced)?;
    let former_expired = term.former_expired(shared.time.ms());
    let claim = shared.ports.directory.claim(term.me, room, former_expired);
    let epoch = match within("directory's answer", claim).await? {
        Claim::Owned { epoch, .. } => epoch,
        Claim::Elsewhere { url, .. } => return Err(NotOpened::Elsewhere(url)),
        Claim::Wait => return Err(NotOpened::NotReady(FORMER_MAY_LIVE.to_owned())),
        Claim::NotMine => return Err(NotOpened::Fenced),
    };
    let opened = shared.archive(shared.ports.archive.open(room, epoch));
    let head = within("archive's answer", opened).await?;
    let stored = head.stored;
    let mut start = start(shared, room, epoch, head)?;
    start.unstored = journal_tail(shared, room, stored).await?;
    let written_by = start.summary.epoch();
    if let Some(other) = start
        .unstored
        .first()
        .filter(|next| next.epoch < written_by)
    {
        tracing::warn!(%room, %stored, %written_by, journal = %other.epoch, "the journal continues another history; its records are given up");
        start.unstored = Vec::new();
        shared.give_up(room);
    }
    let recovered = start.unstored.len();
    let opened = Room::open(start).map_err(|error| NotOpened::NotReady(error.to_string()))?;
    let live = Arc::new(LiveRoom::new(opened, shared.time.elapsed(), term));
    tracing::info!(%room, %epoch, %stored, recovered, "the room is open");
    // Recovered records, and a finish that may not have been announced, wait for nobody.
    let pending = live.pending();
    if pending == Pending::Nothing {
        shared.forget(room, stored);
    }
    shared.migration.watch(&live, pending);
    Ok(live)
}

fn start(shared: &Shared, room: RoomId, epoch: Epoch, head: Head) -> Result<Start, NotOpened> {
    let summary = Summary::decode(&head.summary)
        .map_err(|error| NotOpened::NotReady(format!("the archive's summary: {error}")))?;
    if summary.tail() != head.stored {
        let (summary, stored) = (summary.tail(), head.stored);
        let error = format!("the archive holds records to {stored} but a summary of {summary}");
        return Err(NotOpened::NotReady(error));
    }
    let checkpoint = head
        .checkpoint
        .map(|(seq, state)| Checkpoint { seq, state });
    let key = RoomKey::derive(&shared.config.secret, room);
    Ok(Start {
        room,
        epoch,
        key,
        summary,
        unstored: Vec::new(),
        checkpoint,
    })
}

/// What the journal holds of the room beyond the archive: from memory when it was just recovered, else from disk.
async fn journal_tail(
    shared: &Arc<Shared>,
    room: RoomId,
    stored: Seq,
) -> Result<Vec<Record>, NotOpened> {
    {
        let mut recovered = shared
            .recovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Also when all of it is stored: reading the segments again to find nothing is dear with many rooms.
        if recovered.holds(room) {
            return Ok(recovered.take(room, stored));
        }
    }
    let shared = shared.clone();
    tokio::task::spawn_blocking(move || shared.desk.journal.tail(room, stored))
        .await
        .map_err(|_| NotOpened::NotReady("reading the journal panicked".to_owned()))?
        .map_err(|error| NotOpened::NotReady(error.to_string()))
}

async fn within<T, E: std::fmt::Display>(
    what: &str,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, NotOpened> {
    match tokio::time::timeout(PORT_WITHIN, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(NotOpened::NotReady(error.to_string())),
        Err(_) => {
            let error = format!("the {what} did not come within {} s", PORT_WITHIN.as_secs());
            Err(NotOpened::NotReady(error))
        }
    }
}
