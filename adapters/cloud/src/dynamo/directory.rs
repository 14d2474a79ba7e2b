//! The directory of hosts and rooms. What a claim or a handover comes to is decided by [`latchkey_host::ownership`]; here
//! items are read in an order, and written on conditions, by which every call is one step:
//!
//! - A slot changes by one write of its item. Enlisting writes on condition of the generation that was read, all else on
//!   condition of the generation that is meant.
//! - A room changes by one write of its item on condition of the revision that was read ([`super::rooms`]). What is decided
//!   by slots as well is decided as of the moment at which the slot of its owner was read: the room, read before, does not
//!   change until the write; the claimer, read after and found present, had been so since it enlisted. Whatever becomes of
//!   a slot between that moment and the write is as if it came after the call. So a claim needs no transaction, and no two
//!   claims, nor a claim and a renewal, meet in the item of a host.
//! - Nothing is answered to a handover that lets its caller play on (`NoTaker`) before the room has a new revision, under
//!   which no handover that was given up earlier is carried out any more.
//!
//! No clock is read: who is lost is said by those who watch.

use async_trait::async_trait;
use aws_config::SdkConfig;
use latchkey_host::ownership::{RoomItem, SlotItem, Verdict, judge};
use latchkey_host::ports::{
    Claim, Directory, DirectoryError, Enlist, HandedOver, HostId, HostItem, Load, Renewed, Slot,
};
use latchkey_protocol::{Epoch, RoomId};

use super::hosts::{self, GENERATION, HOSTS, SlotRow};
use super::item::{flag, item, number};
use super::rooms::{self, RoomRow};
use super::rounds::Rounds;
use super::table::{Before, Change, Changed, Table, TableError};
use crate::aws::{DIRECTORY, Patience};

/// The directory's table.
#[derive(Debug, Clone)]
pub struct DynamoDirectory(Table);

impl DynamoDirectory {
    /// The directory in this table, in the region of `config`, for those who count the seconds.
    #[must_use]
    pub fn new(config: &SdkConfig, table: &str) -> Self {
        Self::with_patience(config, DIRECTORY, table)
    }

    /// The same for those who can wait.
    #[must_use]
    pub fn with_patience(config: &SdkConfig, patience: Patience, table: &str) -> Self {
        Self(Table::new(config, patience, table))
    }

    /// Where the owner of `room` is reached, if there is one that lives.
    ///
    /// # Errors
    /// As every call of [`Directory`].
    pub async fn owner_url(&self, room: RoomId) -> Result<Option<String>, DirectoryError> {
        let Some(owner) = self.room(room).await?.item.owner else {
            return Ok(None);
        };
        let living = self.slot(owner.slot).await?.filter(|row| row.item.lives());
        Ok(living.map(|row| row.host.url))
    }

    async fn slot(&self, slot: Slot) -> Result<Option<SlotRow>, TableError> {
        let found = self.0.get(hosts::key(slot)).await?;
        found.as_ref().map(SlotRow::read).transpose()
    }

    async fn room(&self, room: RoomId) -> Result<RoomRow, TableError> {
        let found = self.0.get(rooms::key(room)).await?;
        let row = found.as_ref().map(RoomRow::read).transpose();
        row.map(Option::unwrap_or_default)
    }

    /// What a claim is judged by, in the order in which it must be read.
    async fn look(&self, me: HostId, room: RoomId) -> Result<Look, TableError> {
        let row = self.room(room).await?;
        let theirs = match row.item.owner {
            Some(owner) if owner.slot != me.slot => self.slot(owner.slot).await?,
            _ => None,
        };
        let mine = self.slot(me.slot).await?;
        Ok(Look { row, mine, theirs })
    }

    /// Writes `next` unless somebody has written the room since `row` was read.
    async fn put(&self, room: RoomId, row: RoomRow, next: RoomItem) -> Result<bool, TableError> {
        let item = row.followed_by(room, next);
        self.0.put(item, row.unchanged()).await
    }

    /// Makes of a room what `next` makes of it, if that is something else.
    async fn change(
        &self,
        room: RoomId,
        next: impl Fn(RoomItem) -> RoomItem + Send,
    ) -> Result<(), DirectoryError> {
        let mut rounds = Rounds::about("the room");
        loop {
            let row = self.room(room).await?;
            let next = next(row.item);
            if next == row.item || self.put(room, row, next).await? {
                return Ok(());
            }
            rounds.lost().await?;
        }
    }

    /// Changes the item of a slot where `only_if` holds.
    async fn change_slot(&self, slot: Slot, change: Change<'_>) -> Result<Changed, DirectoryError> {
        Ok(self.0.change(hosts::key(slot), change).await?)
    }
}

#[async_trait]
impl Directory for DynamoDirectory {
    async fn enlist(&self, new: Enlist) -> Result<HostId, DirectoryError> {
        let mut rounds = Rounds::about("the slot");
        loop {
            let before = self.slot(new.slot).await?.map(|row| row.item);
            let row = enlisted(&new, before);
            let unchanged = match before {
                None => Before::Nothing,
                Some(before) => Before::Numbered(GENERATION, before.generation.0),
            };
            if self.0.put(row.attributes(), unchanged).await? {
                return Ok(row.host.id);
            }
            rounds.lost().await?;
        }
    }

    async fn renew(&self, me: HostId, beat: u64, load: Load) -> Result<Renewed, DirectoryError> {
        let change = Change {
            to: "SET beat = :beat, rooms = :rooms, connections = :connections",
            only_if: Some(
                "generation = :generation AND lost = :no AND withdrawn = :no AND beat < :beat",
            ),
            values: item([
                (":generation", number(me.generation.0)),
                (":beat", number(beat)),
                (":rooms", number(load.rooms.into())),
                (":connections", number(load.connections.into())),
                (":no", flag(false)),
            ]),
        };
        let found = match self.change_slot(me.slot, change).await? {
            Changed::Now(item) => Some(item),
            Changed::Not(found) => found,
        };
        let row = found.as_ref().map(SlotRow::read).transpose()?;
        let present = |row: &SlotRow| row.host.id == me && !row.item.withdrawn;
        Ok(match row.filter(present) {
            None => Renewed::Replaced,
            Some(row) if row.item.lost => Renewed::Lost,
            Some(row) => Renewed::Kept {
                drain: row.host.draining,
            },
        })
    }

    async fn hosts(&self) -> Result<Vec<HostItem>, DirectoryError> {
        let found = self.0.all(HOSTS).await?;
        let rows = found.iter().map(SlotRow::read);
        let rows = rows.collect::<Result<Vec<_>, _>>()?.into_iter();
        let listed = rows.filter(|row| !row.item.withdrawn);
        Ok(listed.map(|row| row.host).collect())
    }

    async fn mark_lost(&self, host: HostId, beat: u64) -> Result<bool, DirectoryError> {
        let change = Change {
            to: "SET lost = :yes",
            only_if: Some("generation = :generation AND beat = :beat AND withdrawn = :no"),
            values: item([
                (":generation", number(host.generation.0)),
                (":beat", number(beat)),
                (":no", flag(false)),
                (":yes", flag(true)),
            ]),
        };
        let changed = self.change_slot(host.slot, change).await?;
        Ok(matches!(changed, Changed::Now(_)))
    }

    async fn drain(&self, slot: Slot, drain: bool) -> Result<bool, DirectoryError> {
        let change = Change {
            to: "SET draining = :drain",
            only_if: Some("withdrawn = :no"),
            values: item([(":drain", flag(drain)), (":no", flag(false))]),
        };
        let changed = self.change_slot(slot, change).await?;
        Ok(matches!(changed, Changed::Now(_)))
    }

    async fn withdraw(&self, me: HostId) -> Result<(), DirectoryError> {
        let change = Change {
            to: "SET withdrawn = :yes",
            only_if: Some("generation = :generation"),
            values: item([
                (":generation", number(me.generation.0)),
                (":yes", flag(true)),
            ]),
        };
        match self.change_slot(me.slot, change).await? {
            Changed::Now(_) | Changed::Not(_) => Ok(()),
        }
    }

    async fn claim(
        &self,
        me: HostId,
        room: RoomId,
        former_expired: bool,
    ) -> Result<Claim, DirectoryError> {
        let mut rounds = Rounds::about("the room");
        loop {
            let Look { row, mine, theirs } = self.look(me, room).await?;
            let slot = |row: &Option<SlotRow>| row.as_ref().map(|row| row.item);
            let (my_slot, their_slot) = (slot(&mine), slot(&theirs));
            let (my_slot, their_slot) = (my_slot.as_ref(), their_slot.as_ref());
            match judge(me, my_slot, &row.item, their_slot, former_expired) {
                Verdict::Take(former) => {
                    let taken = row.item.taken(me, former);
                    let epoch = taken.epoch;
                    if self.put(room, row, taken).await? {
                        return Ok(Claim::Owned { epoch, former });
                    }
                }
                Verdict::Elsewhere(slot) => {
                    let url = theirs.map(|row| row.host.url).unwrap_or_default();
                    return Ok(Claim::Elsewhere { slot, url });
                }
                Verdict::Wait => return Ok(Claim::Wait),
                Verdict::NotMine => return Ok(Claim::NotMine),
            }
            rounds.lost().await?;
        }
    }

    async fn forgotten(
        &self,
        me: HostId,
        room: RoomId,
        epoch: Epoch,
        archived: Epoch,
    ) -> Result<(), DirectoryError> {
        self.change(room, |found| found.forgotten(me, epoch, archived))
            .await
    }

    async fn rebuilt(&self, me: HostId, room: RoomId, epoch: Epoch) -> Result<(), DirectoryError> {
        let rebuilt = |found: RoomItem| RoomItem {
            doubt: found.doubt && !found.is_of(me, epoch),
            ..found
        };
        self.change(room, rebuilt).await
    }

    async fn hand_over(
        &self,
        me: HostId,
        room: RoomId,
        epoch: Epoch,
        to: Slot,
    ) -> Result<HandedOver, DirectoryError> {
        let mut rounds = Rounds::about("the room");
        loop {
            let row = self.room(room).await?;
            let taker = self.slot(to).await?;
            let takes_rooms = taker.as_ref().is_some_and(|taker| !taker.host.draining);
            let slot = (to, taker.as_ref().map(|taker| &taker.item));
            let (next, answer) = row.item.hand_over(me, epoch, slot, takes_rooms);
            // The giver will play on: what it asked before must find another revision.
            let is_to_be_written = next != row.item || answer == HandedOver::NoTaker;
            if !is_to_be_written || self.put(room, row, next).await? {
                return Ok(answer);
            }
            rounds.lost().await?;
        }
    }

    async fn release(&self, me: HostId, room: RoomId, epoch: Epoch) -> Result<(), DirectoryError> {
        let released = |found: RoomItem| match found.is_of(me, epoch) {
            true => found.released(),
            false => found,
        };
        self.change(room, released).await
    }
}

/// A room, the slot of the one who claims it, and its owner's where that is another.
struct Look {
    row: RoomRow,
    mine: Option<SlotRow>,
    theirs: Option<SlotRow>,
}

/// The slot after it was taken by `new`, given what was there.
fn enlisted(new: &Enlist, before: Option<SlotItem>) -> SlotRow {
    let item = SlotItem::enlisted(before, new.journal);
    let id = HostId {
        slot: new.slot,
        generation: item.generation,
    };
    let host = HostItem {
        id,
        region: new.region.clone(),
        url: new.url.clone(),
        version: new.version.clone(),
        beat: 0,
        load: Load::default(),
        draining: false,
        lost: false,
    };
    SlotRow { item, host }
}
