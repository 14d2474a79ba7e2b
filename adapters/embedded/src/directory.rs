//! Which hosts live and who owns which room, in `directory.db`, a file of its own: hosts go on to serve with one of the
//! two files gone that they could not go on without the other. The hosts of one machine share it, each as a process of
//! its own. What a claim or a handover comes to is decided by [`latchkey_host::ownership`].

use std::path::Path;

use async_trait::async_trait;
use latchkey_host::ownership::{RoomItem, SlotItem, Verdict, judge};
use latchkey_host::ports::{
    Claim, Directory, DirectoryError, Enlist, Generation, HandedOver, HostId, HostItem, Load,
    Renewed, Slot,
};
use latchkey_platform::store::StoreError;
use latchkey_protocol::{Epoch, RoomId};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use crate::database::{Database, DatabaseError, Fault, changed, int, migrations, number};
use crate::rooms::Rooms;

/// The directory in `directory.db`.
#[derive(Clone)]
pub struct EmbeddedDirectory {
    database: Database,
}

impl EmbeddedDirectory {
    /// Opens the file, making or migrating it as needed. A new file takes the epochs over that `rooms` knows.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn open(file: &Path, rooms: &Rooms) -> Result<Self, DatabaseError> {
        let history = ("history", rooms.0.path());
        let database = Database::open_beside(file, migrations::DIRECTORY, Some(history))?;
        Ok(Self { database })
    }

    /// Where the owner of `room` is reached, if there is one that lives.
    ///
    /// # Errors
    /// As every call of [`Directory`].
    pub async fn owner_url(&self, room: RoomId) -> Result<Option<String>, DirectoryError> {
        let owner = move |file: &Connection| {
            let Some(owner) = room_item(file, room)?.owner else {
                return Ok(None);
            };
            let living = slot_item(file, owner.slot)?.filter(|row| row.item.lives());
            Ok(living.map(|row| row.url))
        };
        self.database.read(owner).await.map_err(unanswered)
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, DirectoryError> {
        self.database.write(work).await.map_err(unanswered)
    }
}

#[async_trait]
impl Directory for EmbeddedDirectory {
    async fn enlist(&self, new: Enlist) -> Result<HostId, DirectoryError> {
        self.write(move |tx| enlist(tx, &new)).await
    }

    async fn renew(&self, me: HostId, beat: u64, load: Load) -> Result<Renewed, DirectoryError> {
        self.write(move |tx| renew(tx, me, beat, load)).await
    }

    async fn hosts(&self) -> Result<Vec<HostItem>, DirectoryError> {
        self.database.read(hosts).await.map_err(unanswered)
    }

    async fn mark_lost(&self, host: HostId, beat: u64) -> Result<bool, DirectoryError> {
        self.write(move |tx| {
            let rows = tx
                .prepare_cached(
                    "UPDATE hosts SET lost = TRUE \
                     WHERE slot = ?1 AND generation = ?2 AND beat = ?3 AND NOT withdrawn",
                )?
                .execute(params![host.slot.0, int(host.generation.0), int(beat)])?;
            Ok(changed(rows))
        })
        .await
    }

    async fn drain(&self, slot: Slot, drain: bool) -> Result<bool, DirectoryError> {
        self.write(move |tx| {
            let rows = tx
                .prepare_cached(
                    "UPDATE hosts SET draining = ?2 \
                     WHERE slot = ?1 AND NOT withdrawn AND journal IS NOT NULL",
                )?
                .execute(params![slot.0, drain])?;
            Ok(changed(rows))
        })
        .await
    }

    async fn withdraw(&self, me: HostId) -> Result<(), DirectoryError> {
        self.write(move |tx| {
            tx.prepare_cached(
                "UPDATE hosts SET withdrawn = TRUE WHERE slot = ?1 AND generation = ?2",
            )?
            .execute(params![me.slot.0, int(me.generation.0)])?;
            Ok(())
        })
        .await
    }

    async fn claim(
        &self,
        me: HostId,
        room: RoomId,
        former_expired: bool,
    ) -> Result<Claim, DirectoryError> {
        self.write(move |tx| claim(tx, me, room, former_expired))
            .await
    }

    async fn forgotten(
        &self,
        me: HostId,
        room: RoomId,
        epoch: Epoch,
        archived: Epoch,
    ) -> Result<(), DirectoryError> {
        self.write(move |tx| {
            let found = room_item(tx, room)?;
            let known = found.forgotten(me, epoch, archived);
            if known != found {
                put_room(tx, room, known)?;
            }
            Ok(())
        })
        .await
    }

    async fn rebuilt(&self, me: HostId, room: RoomId, epoch: Epoch) -> Result<(), DirectoryError> {
        self.write(move |tx| {
            let found = room_item(tx, room)?;
            if found.is_of(me, epoch) {
                let doubt = false;
                put_room(tx, room, RoomItem { doubt, ..found })?;
            }
            Ok(())
        })
        .await
    }

    async fn hand_over(
        &self,
        me: HostId,
        room: RoomId,
        epoch: Epoch,
        to: Slot,
    ) -> Result<HandedOver, DirectoryError> {
        self.write(move |tx| {
            let found = room_item(tx, room)?;
            let taker = slot_item(tx, to)?;
            let takes_rooms = taker.as_ref().is_some_and(|taker| !taker.draining);
            let to = (to, taker.as_ref().map(|taker| &taker.item));
            let (after, answer) = found.hand_over(me, epoch, to, takes_rooms);
            if after != found {
                put_room(tx, room, after)?;
            }
            Ok(answer)
        })
        .await
    }

    async fn release(&self, me: HostId, room: RoomId, epoch: Epoch) -> Result<(), DirectoryError> {
        self.write(move |tx| {
            let found = room_item(tx, room)?;
            if found.is_of(me, epoch) {
                put_room(tx, room, found.released())?;
            }
            Ok(())
        })
        .await
    }
}

fn unanswered(error: StoreError) -> DirectoryError {
    DirectoryError(error.to_string())
}

/// A slot as the file has it: what the rule of claims asks for, and what it does not.
struct SlotRow {
    item: SlotItem,
    url: String,
    draining: bool,
}

fn slot_item(file: &Connection, slot: Slot) -> Result<Option<SlotRow>, Fault> {
    let row = |row: &Row<'_>| {
        let item = SlotItem {
            generation: Generation(number(row.get(0)?)),
            journal: row
                .get::<_, Option<String>>(1)?
                .and_then(|id| id.parse().ok()),
            journal_since: Generation(number(row.get(2)?)),
            lost: row.get(3)?,
            withdrawn: row.get(4)?,
        };
        Ok(SlotRow {
            item,
            url: row.get(5)?,
            draining: row.get(6)?,
        })
    };
    let query = "SELECT generation, journal, journal_since, lost, withdrawn, url, draining \
                 FROM hosts WHERE slot = ?1";
    let mut statement = file.prepare_cached(query)?;
    Ok(statement.query_row([slot.0], row).optional()?)
}

fn room_item(file: &Connection, room: RoomId) -> Result<RoomItem, Fault> {
    let row = |row: &Row<'_>| {
        let owner = match (row.get(1)?, row.get(2)?) {
            (Some(slot), Some(generation)) => Some(HostId {
                slot: Slot(slot),
                generation: Generation(number(generation)),
            }),
            _ => None,
        };
        Ok(RoomItem {
            epoch: Epoch(number(row.get(0)?)),
            owner,
            handed: row.get(3)?,
            doubt: row.get(4)?,
        })
    };
    let query = "SELECT epoch, slot, generation, handed, doubt FROM rooms WHERE room = ?1";
    let mut statement = file.prepare_cached(query)?;
    let found = statement.query_row([room.as_str()], row).optional()?;
    Ok(found.unwrap_or_default())
}

fn put_room(tx: &Transaction<'_>, room: RoomId, item: RoomItem) -> Result<(), Fault> {
    let (slot, generation) = match item.owner {
        Some(owner) => (Some(owner.slot.0), Some(int(owner.generation.0))),
        None => (None, None),
    };
    tx.prepare_cached(
        "INSERT OR REPLACE INTO rooms (room, epoch, slot, generation, handed, doubt) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        room.as_str(),
        int(item.epoch.0),
        slot,
        generation,
        item.handed,
        item.doubt
    ])?;
    Ok(())
}

fn enlist(tx: &Transaction<'_>, new: &Enlist) -> Result<HostId, Fault> {
    let before = slot_item(tx, new.slot)?.map(|row| row.item);
    let item = SlotItem::enlisted(before, new.journal);
    tx.prepare_cached(
        "INSERT OR REPLACE INTO hosts (slot, generation, journal, journal_since, region, url, \
         version, beat, rooms, connections, draining, lost, withdrawn) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0, 0, FALSE, FALSE, FALSE)",
    )?
    .execute(params![
        new.slot.0,
        int(item.generation.0),
        new.journal.to_string(),
        int(item.journal_since.0),
        new.region,
        new.url,
        new.version
    ])?;
    Ok(HostId {
        slot: new.slot,
        generation: item.generation,
    })
}

fn renew(tx: &Transaction<'_>, me: HostId, beat: u64, load: Load) -> Result<Renewed, Fault> {
    let present = slot_item(tx, me.slot)?
        .filter(|row| row.item.generation == me.generation && !row.item.withdrawn);
    let Some(row) = present else {
        return Ok(Renewed::Replaced);
    };
    if row.item.lost {
        return Ok(Renewed::Lost);
    }
    tx.prepare_cached(
        "UPDATE hosts SET beat = ?2, rooms = ?3, connections = ?4 WHERE slot = ?1 AND beat < ?2",
    )?
    .execute(params![me.slot.0, int(beat), load.rooms, load.connections])?;
    Ok(Renewed::Kept {
        drain: row.draining,
    })
}

fn hosts(file: &Connection) -> Result<Vec<HostItem>, Fault> {
    let mut statement = file.prepare_cached(
        "SELECT slot, generation, region, url, version, beat, rooms, connections, draining, lost \
         FROM hosts WHERE NOT withdrawn AND journal IS NOT NULL ORDER BY slot",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(HostItem {
            id: HostId {
                slot: Slot(row.get(0)?),
                generation: Generation(number(row.get(1)?)),
            },
            region: row.get(2)?,
            url: row.get(3)?,
            version: row.get(4)?,
            beat: number(row.get(5)?),
            load: Load {
                rooms: row.get(6)?,
                connections: row.get(7)?,
            },
            draining: row.get(8)?,
            lost: row.get(9)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn claim(
    tx: &Transaction<'_>,
    me: HostId,
    room: RoomId,
    former_expired: bool,
) -> Result<Claim, Fault> {
    let found = room_item(tx, room)?;
    let mine = slot_item(tx, me.slot)?;
    let theirs = match found.owner {
        Some(owner) => slot_item(tx, owner.slot)?,
        None => None,
    };
    let item = |row: &Option<SlotRow>| row.as_ref().map(|row| row.item);
    let verdict = judge(
        me,
        item(&mine).as_ref(),
        &found,
        item(&theirs).as_ref(),
        former_expired,
    );
    Ok(match verdict {
        Verdict::Take(former) => {
            let taken = found.taken(me, former);
            put_room(tx, room, taken)?;
            Claim::Owned {
                epoch: taken.epoch,
                former,
            }
        }
        Verdict::Elsewhere(slot) => Claim::Elsewhere {
            slot,
            url: theirs.map(|row| row.url).unwrap_or_default(),
        },
        Verdict::Wait => Claim::Wait,
        Verdict::NotMine => Claim::NotMine,
    })
}
