//! What becomes of records in the journal that this host cannot move to the archive (J5.3, J5.4): those of a room that
//! another host has, those that continue another history, and those the operator gives up. None is destroyed unless
//! the archive has the same one; the others are put aside, each time with a line in the log.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use latchkey_journal::{Journal, Recovered};
use latchkey_protocol::{Mac, Record, RoomId, Seq};

use crate::host::Shared;
use crate::limits::{PAGE, SETTLE_WITHIN};
use crate::ports::Slot;

/// What became of a room's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The journal holds nothing of the room any more.
    Done,
    /// It is not known yet; to be asked again.
    NotYet,
}

/// Every record of `room` that the journal holds and that is not known to be stored.
pub(crate) async fn held(shared: &Arc<Shared>, room: RoomId) -> Result<Vec<Record>, String> {
    from_journal(
        shared,
        room,
        move |recovered| recovered.held(room),
        move |journal| journal.held(room),
    )
    .await
}

/// Records of `room` from memory, if they were recovered at the start and not taken since, else from disk. Of a room
/// that was recovered memory knows all, also when that is nothing: reading the segments again is dear with many rooms.
pub(crate) async fn from_journal<E: Display + Send + 'static>(
    shared: &Arc<Shared>,
    room: RoomId,
    memory: impl FnOnce(&mut Recovered) -> Vec<Record>,
    disk: impl FnOnce(&Journal) -> Result<Vec<Record>, E> + Send + 'static,
) -> Result<Vec<Record>, String> {
    {
        let mut recovered = shared.recovered();
        if recovered.holds(room) {
            return Ok(memory(&mut recovered));
        }
    }
    let read = shared.on_journal(disk).await;
    read.map_err(|_| "reading the journal panicked".to_owned())?
        .map_err(|error| error.to_string())
}

/// Settles the records of a room that `owner` has now. To be called only while nobody here can open the room.
pub(crate) async fn settle(shared: &Arc<Shared>, room: RoomId, owner: Slot) -> Settled {
    let records = match held(shared, room).await {
        Ok(records) => records,
        Err(error) => {
            tracing::error!(%room, error, "what the journal holds of a room that another host has could not be read");
            return Settled::NotYet;
        }
    };
    let Some((first, last)) = records.first().zip(records.last()) else {
        shared.give_up(room);
        return Settled::Done;
    };
    let (first, last) = (first.seq, last.seq);
    let Some(archived) = archived(shared, room, first, last).await else {
        return Settled::NotYet;
    };
    let reached = archived.last_key_value().map(|(seq, _)| *seq);
    let same = |record: &Record| archived.get(&record.seq) == Some(&record.mac);
    let difference: Vec<Record> = records.into_iter().filter(|record| !same(record)).collect();
    let since = shared.owed.since(room).unwrap_or_default();
    let may_still_come =
        reached < Some(last) && difference.iter().all(|record| Some(record.seq) > reached);
    if may_still_come && shared.time.elapsed().saturating_sub(since) < SETTLE_WITHIN {
        return Settled::NotYet;
    }
    if difference.is_empty() {
        tracing::info!(%room, %owner, "another host has a room of which the journal holds records, all of them archived");
        shared.give_up(room);
        return Settled::Done;
    }
    tracing::warn!(%room, %owner, records = difference.len(), %first, %last, "another host has a room of which the journal holds records that the archive does not have");
    match put(shared, room, difference).await {
        Ok(()) => {
            shared.give_up(room);
            Settled::Done
        }
        Err(_) => Settled::NotYet,
    }
}

/// The MACs of what the archive has from `first` to `last`; `None` when it cannot be read.
async fn archived(
    shared: &Shared,
    room: RoomId,
    first: Seq,
    last: Seq,
) -> Option<BTreeMap<Seq, Mac>> {
    let mut found = BTreeMap::new();
    let mut after = Seq(first.0.saturating_sub(1));
    while after < last {
        let read = shared.ports.archive.read(room, after, PAGE);
        let page = match shared.archive(read).await {
            Ok(page) => page,
            Err(error) => {
                tracing::debug!(%room, %error, "the archive could not be compared with the journal");
                return None;
            }
        };
        let Some(end) = page.last() else {
            break;
        };
        after = end.seq;
        found.extend(page.into_iter().map(|record| (record.seq, record.mac)));
    }
    Some(found)
}

/// Puts all that the journal holds of `room` aside and gives it up; how many records that is. To be called only while
/// nobody here can open the room.
pub(crate) async fn give_up(shared: &Arc<Shared>, room: RoomId) -> Result<usize, String> {
    let records = held(shared, room).await?;
    let count = records.len();
    if count > 0 {
        put(shared, room, records).await?;
    }
    shared.give_up(room);
    Ok(count)
}

/// Puts records aside, durably. The journal still holds them afterwards.
pub(crate) async fn put(
    shared: &Arc<Shared>,
    room: RoomId,
    records: Vec<Record>,
) -> Result<(), String> {
    let count = records.len();
    let put = shared.on_journal(move |journal| journal.put_aside(room, &records));
    let error = match put.await {
        Ok(Ok(file)) => {
            shared.desk.metrics.records_put_aside.add(count as u64);
            tracing::warn!(%room, records = count, file, "records are put aside in the journal's folder");
            return Ok(());
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "putting them aside panicked".to_owned(),
    };
    tracing::error!(%room, records = count, error, "records could not be put aside; the journal keeps them");
    Err(error)
}
