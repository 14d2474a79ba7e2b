//! Opening a room: claim it, become the archive's writer, add what follows the archive's last record. Afterwards this
//! host, and no other, orders the room's records.

use std::future::Future;
use std::sync::Arc;

use latchkey_protocol::{Epoch, Position, RoomId, RoomKey};
use latchkey_room::{Checkpoint, Room, Start, Summary};

use crate::aside::{self, Settled};
use crate::host::Shared;
use crate::limits::PORT_WITHIN;
use crate::live::{LiveRoom, Pending};
use crate::membership::Term;
use crate::ports::{ArchiveError, Claim, Former, HandedOver, Head};
use crate::rooms::{Bringing, NotOpened, Sought};
use crate::unstored;

/// What a room is opened for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum For {
    /// A member with this position wants to join.
    Member(Option<Position>),
    /// The journal holds records of it that are not stored.
    Journal,
}

/// A room that is this host's.
pub(crate) struct Claimed {
    pub(crate) room: RoomId,
    pub(crate) term: Term,
    pub(crate) epoch: Epoch,
    pub(crate) former: Former,
}

/// Finds `room` in memory or begins to open it.
pub(crate) fn seek(shared: &Arc<Shared>, room: RoomId, why: For) -> Result<Sought, NotOpened> {
    if shared.is_stopping() {
        return Err(NotOpened::Stopping);
    }
    let member = match why {
        For::Member(have) => Some(have),
        For::Journal => None,
    };
    shared.rooms.seek(room, member, |bringing| {
        let shared = shared.clone();
        async move {
            let opened = open(&shared, room, &bringing).await;
            match &opened {
                Ok(_) => {
                    shared.settled(room);
                    shared.desk.metrics.rooms_opened.up();
                }
                Err(error) => {
                    shared.desk.metrics.rooms_not_opened.up();
                    if shared.owed.failed(room, &error.to_string()) {
                        not_opened(room, error);
                    }
                }
            }
            opened
        }
    })
}

/// A room that another host serves is no trouble, and neither are those that come while this one ends.
fn not_opened(room: RoomId, error: &NotOpened) {
    if matches!(error, NotOpened::NotReady(_)) {
        tracing::warn!(%room, %error, "the room was not opened; its members try again");
    } else {
        tracing::debug!(%room, %error, "the room was not opened");
    }
}

/// Finds `room` in memory or opens it without asking anybody.
pub(crate) async fn find(
    shared: &Arc<Shared>,
    room: RoomId,
    why: For,
) -> Result<Arc<LiveRoom>, NotOpened> {
    match seek(shared, room, why)? {
        Sought::Here(live) => Ok(live),
        Sought::Coming(mut coming) => coming.opened().await,
    }
}

async fn open(
    shared: &Arc<Shared>,
    room: RoomId,
    bringing: &Bringing,
) -> Result<Arc<LiveRoom>, NotOpened> {
    // Bounded, so that with the directory or the archive dead the places of those that wait become free again.
    let turn = within("turn to open a room", shared.openings.acquire()).await?;
    let (claimed, head) = become_writer(shared, room).await?;
    let (epoch, stored) = (claimed.epoch, head.stored);
    let mut start = start(shared, &claimed, head)?;
    let own = unstored::own(shared, &claimed, &start).await?;
    // Members take their time; others may open their rooms meanwhile.
    drop(turn);
    start.unstored = unstored::whole(shared, &claimed, &start, own, bringing).await?;
    let recovered = start.unstored.len();
    let opened = Room::open(start).map_err(|error| NotOpened::NotReady(error.to_string()))?;
    let live = Arc::new(LiveRoom::new(
        opened,
        shared.time.elapsed(),
        claimed.term,
        &shared.desk.backlog,
    ));
    tracing::info!(%room, %epoch, %stored, recovered, "the room is open");
    // Recovered records have waited, and a finish may not have been announced.
    if live.pending() == Pending::Nothing {
        shared.forget(room, stored);
    } else {
        shared
            .migration
            .watch(&live, Pending::Gathered, &shared.time);
    }
    Ok(live)
}

/// Claims the room and makes the claim's epoch the archive's writer. Where the archive is further than a directory can be
/// that knows the room, it is told that it has forgotten it, and the room is claimed once more.
async fn become_writer(shared: &Arc<Shared>, room: RoomId) -> Result<(Claimed, Head), NotOpened> {
    let claimed = claim(shared, room).await?;
    let archive = &shared.ports.archive;
    // What one host claimed twice may be its own earlier call, whose answer was lost.
    let is_news = |archived| archived > claimed.epoch || claimed.former == Former::Nobody;
    let archived = match shared.archive(archive.open(room, claimed.epoch)).await {
        Ok(head) => return Ok((claimed, head)),
        Err(ArchiveError::Fenced(archived)) if is_news(archived) => archived,
        Err(error) => return Err(NotOpened::NotReady(error.to_string())),
    };
    let (me, directory) = (claimed.term.me, &shared.ports.directory);
    let told = directory.forgotten(me, room, claimed.epoch, archived);
    within("directory's answer", told).await?;
    let claimed = claim(shared, room).await?;
    let opened = shared.archive(archive.open(room, claimed.epoch)).await;
    let head = opened.map_err(|error| NotOpened::NotReady(error.to_string()))?;
    Ok((claimed, head))
}

/// Takes ownership of the room. A host that is to give its rooms away passes on one that nobody has.
async fn claim(shared: &Arc<Shared>, room: RoomId) -> Result<Claimed, NotOpened> {
    let term = shared.membership.serving().ok_or(NotOpened::Fenced)?;
    let former_expired = term.former_expired(shared.time.ms());
    let claim = shared.ports.directory.claim(term.me, room, former_expired);
    match within("directory's answer", claim).await? {
        Claim::Owned { epoch, former } => {
            let claimed = Claimed {
                room,
                term,
                epoch,
                former,
            };
            pass_on(shared, &claimed).await?;
            Ok(claimed)
        }
        Claim::Elsewhere { url, slot } => {
            if shared.desk.journal.holds(room) {
                shared.owe(room);
                if aside::settle(shared, room, slot).await == Settled::NotYet {
                    return Err(NotOpened::ElsewhereAndOwed(url));
                }
            }
            shared.settled(room);
            Err(NotOpened::Elsewhere(url))
        }
        Claim::Wait => Err(NotOpened::FormerMayLive),
        Claim::NotMine => Err(NotOpened::Fenced),
    }
}

async fn pass_on(shared: &Shared, claimed: &Claimed) -> Result<(), NotOpened> {
    let Claimed {
        room, term, epoch, ..
    } = claimed;
    // What is not all in the archive is opened here first, and handed over as any live room.
    if !shared.is_draining() || claimed.former != Former::Nobody || shared.desk.journal.holds(*room)
    {
        return Ok(());
    }
    let Some(to) = shared.fleet.choose_taker(term.me.slot) else {
        return Ok(());
    };
    let directory = &shared.ports.directory;
    let handed = directory.hand_over(term.me, *room, *epoch, to.id.slot);
    match within("directory's answer", handed).await? {
        HandedOver::Done => Err(NotOpened::Elsewhere(to.url)),
        HandedOver::NoTaker => Ok(()),
        HandedOver::NotMine => Err(NotOpened::Fenced),
    }
}

fn start(shared: &Shared, claimed: &Claimed, head: Head) -> Result<Start, NotOpened> {
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
    Ok(Start {
        room: claimed.room,
        epoch: claimed.epoch,
        key: RoomKey::derive(&shared.config.secret, claimed.room),
        summary,
        unstored: Vec::new(),
        elapsed_ms: shared.time.ms(),
        checkpoint,
    })
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
