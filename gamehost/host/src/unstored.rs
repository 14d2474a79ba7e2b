//! What follows the archive's last record when a room is opened: this host's own journal, and after the loss of a host
//! what members give back. All of it is in the journal before the room is open, so that any crash on the way leaves
//! something to begin anew from; what does not go on is put aside.

use std::collections::BTreeMap;
use std::sync::Arc;

use latchkey_protocol::{Record, RoomId};
use latchkey_room::{Rebuild, Start};
use tokio::time::timeout;

use crate::gather::Gathering;
use crate::host::Shared;
use crate::limits::{JOURNAL_AT_ONCE, PORT_WITHIN};
use crate::opening::Claimed;
use crate::ports::Former;
use crate::rooms::{Bringing, NotOpened};
use crate::{aside, migration};

/// What the journal holds of the room behind the archive's last record, if it goes on from there. What else it holds
/// that the archive does not have is put aside (J5.3).
pub(crate) async fn own(
    shared: &Arc<Shared>,
    claimed: &Claimed,
    start: &Start,
) -> Result<Vec<Record>, NotOpened> {
    let (room, archived) = (start.room, &start.summary);
    // Only while others had the room may the archive have come to differ from what the journal holds of it. After a
    // restart nobody knows any more who had it, and all is in memory.
    let held = if claimed.former != Former::Itself || shared.recovered().holds(room) {
        let held = aside::held(shared, room).await;
        held.map_err(NotOpened::NotReady)?
    } else {
        Vec::new()
    };
    let stored = archived.tail();
    let tail = aside::from_journal(
        shared,
        room,
        move |recovered| recovered.take(room, stored),
        move |journal| journal.tail(room, stored),
    );
    let mut records = tail.await.map_err(NotOpened::NotReady)?;
    let others = records.split_off(true_length(start, &records));
    // An epoch has one host, so its number and the seq name a record.
    let differs = |record: &Record| {
        record.seq <= archived.tail() && archived.position(record.seq).epoch != record.epoch
    };
    let astray: Vec<Record> = held.into_iter().filter(differs).chain(others).collect();
    if !astray.is_empty() {
        let written_by = archived.epoch();
        tracing::warn!(%room, %stored, %written_by, records = astray.len(), "the journal has another history than the archive");
        put_aside(shared, room, astray).await?;
        if records.is_empty() {
            shared.give_up(room);
        }
    }
    Ok(records)
}

/// How many of `records` a host ordered just there, one behind the other from the archive's last one on (P5.4).
fn true_length(start: &Start, records: &[Record]) -> usize {
    let mut before = start.summary.mac();
    let follows = |record: &&Record| {
        let follows = start.key.verifies(before, record);
        before = record.mac;
        follows
    };
    records.iter().take_while(follows).count()
}

/// All that follows the archive's last record, in the journal. Members are asked when the room's host was lost, or when
/// it was this one and they have more than its journal. Of a room that was given away in good order the archive has
/// all, and whoever has seen more has seen what did not go on.
pub(crate) async fn whole(
    shared: &Arc<Shared>,
    claimed: &Claimed,
    start: &Start,
    own: Vec<Record>,
    bringing: &Bringing,
) -> Result<Vec<Record>, NotOpened> {
    let room = claimed.room;
    let tail = own.last().map_or(start.summary.tail(), |last| last.seq);
    let lost = claimed.former == Former::Lost;
    let ask = match claimed.former {
        Former::Lost => true,
        Former::Itself => bringing.somebody_saw_behind(tail, claimed.epoch),
        Former::Nobody => false,
    };
    if !ask {
        return Ok(own);
    }
    if !bringing.somebody_waits() {
        return Err(NotOpened::WaitsForMembers);
    }
    let rebuild = Rebuild::new(
        start.key.clone(),
        &start.summary,
        claimed.epoch,
        own.clone(),
    );
    let gathering = Arc::new(Gathering::new(rebuild));
    bringing.gather(gathering.clone());
    let gathered = gathering.gathered(shared).await;
    let records = gathered.ok_or(NotOpened::WaitsForMembers)?;
    shared.desk.metrics.rooms_rebuilt.up();
    let last = records.last().map_or(start.summary.tail(), |last| last.seq);
    tracing::info!(%room, stored = %start.summary.tail(), %last, own = own.len(), "the room is rebuilt from its members");
    adopt(shared, room, own, &records).await?;
    if lost {
        rebuilt(shared, claimed).await;
    }
    Ok(records)
}

/// Makes `records` what the journal holds of the room.
async fn adopt(
    shared: &Arc<Shared>,
    room: RoomId,
    own: Vec<Record>,
    records: &[Record],
) -> Result<(), NotOpened> {
    if own == records {
        return Ok(());
    }
    let places: BTreeMap<_, _> = records
        .iter()
        .map(|record| (record.seq, record.mac))
        .collect();
    let goes_on = |record: &Record| places.get(&record.seq) == Some(&record.mac);
    let outdone: Vec<Record> = own
        .iter()
        .filter(|record| !goes_on(record))
        .cloned()
        .collect();
    if !outdone.is_empty() {
        tracing::warn!(%room, records = outdone.len(), "members of a later epoch have another history than the journal");
        put_aside(shared, room, outdone).await?;
        shared.give_up(room);
    }
    // What the journal gave up must be written anew. What it has need not.
    let has = if shared.desk.journal.holds(room) {
        own.len()
    } else {
        0
    };
    let new = records[has.min(records.len())..].to_vec();
    let written = shared.on_journal(move |journal| {
        // In pieces, so that one large room does not keep all others from the journal.
        let mut pieces = new.chunks(JOURNAL_AT_ONCE);
        pieces.try_for_each(|records| journal.append_all(room, records))
    });
    match written.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(NotOpened::NotReady(error.to_string())),
        Err(_) => Err(NotOpened::NotReady(
            "writing the journal panicked".to_owned(),
        )),
    }
}

/// Tells the directory that nothing depends on the members any more, once that is durable. If it cannot be told, the
/// next opening by this slot asks them once more.
async fn rebuilt(shared: &Arc<Shared>, claimed: &Claimed) {
    let Claimed {
        room, term, epoch, ..
    } = claimed;
    if !migration::sync(shared).await {
        return;
    }
    let told = shared.ports.directory.rebuilt(term.me, *room, *epoch);
    match timeout(PORT_WITHIN, told).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(%room, %error, "the directory was not told that the room is whole");
        }
        Err(_) => {
            tracing::warn!(%room, "telling the directory that the room is whole took too long");
        }
    }
}

async fn put_aside(
    shared: &Arc<Shared>,
    room: RoomId,
    records: Vec<Record>,
) -> Result<(), NotOpened> {
    let put = aside::put(shared, room, records).await;
    put.map_err(|error| NotOpened::NotReady(format!("records could not be put aside: {error}")))
}
