//! A directory in memory, shared by the hosts of a test, with switches for what can go wrong on the way to one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use latchkey_protocol::{Epoch, RoomId};
use tokio::sync::watch;

use super::lock;
use crate::ownership::{RoomItem, SlotItem, Verdict, judge};
use crate::ports::{
    Claim, Directory, DirectoryError, Enlist, Former, HandedOver, HostId, HostItem, Load, Renewed,
    Slot,
};

/// A directory in memory.
#[derive(Debug)]
pub struct MemoryDirectory {
    state: Mutex<State>,
    /// Answers nothing, and does nothing, while true.
    pub refusing: AtomicBool,
    /// Does what it is asked and fails to say so, while true.
    pub forgets_to_answer: AtomicBool,
    /// Answers only while false.
    held: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    slots: BTreeMap<Slot, (SlotItem, HostItem)>,
    rooms: HashMap<RoomId, RoomItem>,
}

impl Default for MemoryDirectory {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            refusing: AtomicBool::new(false),
            forgets_to_answer: AtomicBool::new(false),
            held: watch::Sender::new(false),
        }
    }
}

impl MemoryDirectory {
    /// Makes every call wait until it is let go again.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// What is known of `room`, if it was ever claimed.
    #[must_use]
    pub fn room(&self, room: RoomId) -> Option<RoomItem> {
        lock(&self.state).rooms.get(&room).copied()
    }

    /// What is known of the host in `slot`.
    #[must_use]
    pub fn host(&self, slot: Slot) -> Option<HostItem> {
        let state = lock(&self.state);
        state.slots.get(&slot).map(|(_, host)| host.clone())
    }

    /// Marks the host in `slot` lost, whatever its beat.
    pub fn lose(&self, slot: Slot) {
        let found = self.host(slot);
        if let Some(host) = found {
            lock(&self.state).mark_lost(host.id, host.beat);
        }
    }

    /// Claims `room` for `me`, which must be allowed.
    ///
    /// # Panics
    /// When it is not.
    pub async fn take(&self, me: HostId, room: RoomId) -> (Epoch, Former) {
        match self.claim(me, room, false).await {
            Ok(Claim::Owned { epoch, former }) => (epoch, former),
            other => panic!("the room cannot be claimed: {other:?}"),
        }
    }

    async fn call<T>(
        &self,
        work: impl FnOnce(&mut State) -> T + Send,
    ) -> Result<T, DirectoryError> {
        let mut held = self.held.subscribe();
        let _ = held.wait_for(|held| !held).await;
        if self.refusing.load(Ordering::Acquire) {
            return Err(DirectoryError("the test switched it off".to_owned()));
        }
        let answer = work(&mut lock(&self.state));
        if self.forgets_to_answer.load(Ordering::Acquire) {
            return Err(DirectoryError("the answer was lost".to_owned()));
        }
        Ok(answer)
    }
}

impl State {
    fn enlist(&mut self, new: Enlist) -> HostId {
        let before = self.slots.get(&new.slot).map(|(item, _)| *item);
        let item = SlotItem::enlisted(before, new.journal);
        let id = HostId {
            slot: new.slot,
            generation: item.generation,
        };
        let host = HostItem {
            id,
            region: new.region,
            url: new.url,
            version: new.version,
            beat: 0,
            load: Load::default(),
            draining: false,
            lost: false,
        };
        self.slots.insert(new.slot, (item, host));
        id
    }

    fn present(&mut self, me: HostId) -> Option<&mut (SlotItem, HostItem)> {
        let found = self.slots.get_mut(&me.slot);
        found.filter(|(item, _)| item.generation == me.generation && !item.withdrawn)
    }

    fn renew(&mut self, me: HostId, beat: u64, load: Load) -> Renewed {
        match self.present(me) {
            None => Renewed::Replaced,
            Some((item, _)) if item.lost => Renewed::Lost,
            Some((_, host)) => {
                if beat > host.beat {
                    (host.beat, host.load) = (beat, load);
                }
                Renewed::Kept {
                    drain: host.draining,
                }
            }
        }
    }

    fn mark_lost(&mut self, host: HostId, beat: u64) -> bool {
        let Some((item, host)) = self.present(host).filter(|(_, host)| host.beat == beat) else {
            return false;
        };
        (item.lost, host.lost) = (true, true);
        true
    }

    fn claim(&mut self, me: HostId, room: RoomId, former_expired: bool) -> Claim {
        let slot = |slot: Slot| self.slots.get(&slot).map(|(item, _)| item);
        let found = self.rooms.get(&room).copied().unwrap_or_default();
        let theirs = found.owner.and_then(|owner| slot(owner.slot));
        match judge(me, slot(me.slot), &found, theirs, former_expired) {
            Verdict::Take(former) => {
                let taken = found.taken(me, former);
                self.rooms.insert(room, taken);
                Claim::Owned {
                    epoch: taken.epoch,
                    former,
                }
            }
            Verdict::Elsewhere(slot) => Claim::Elsewhere {
                slot,
                url: self.slots[&slot].1.url.clone(),
            },
            Verdict::Wait => Claim::Wait,
            Verdict::NotMine => Claim::NotMine,
        }
    }

    /// The room, while `me` has it under `epoch`.
    fn of(&mut self, me: HostId, room: RoomId, epoch: Epoch) -> Option<&mut RoomItem> {
        let found = self.rooms.get_mut(&room);
        found.filter(|room| room.is_of(me, epoch))
    }

    fn hand_over(&mut self, me: HostId, room: RoomId, epoch: Epoch, to: Slot) -> HandedOver {
        let found = self.rooms.get(&room).copied().unwrap_or_default();
        let taker = self.slots.get(&to);
        let takes_rooms = taker.is_some_and(|(_, host)| host.takes_rooms());
        let to = (to, taker.map(|(item, _)| item));
        let (after, answer) = found.hand_over(me, epoch, to, takes_rooms);
        if after != found {
            self.rooms.insert(room, after);
        }
        answer
    }
}

#[async_trait]
impl Directory for MemoryDirectory {
    async fn enlist(&self, new: Enlist) -> Result<HostId, DirectoryError> {
        self.call(|state| state.enlist(new)).await
    }

    async fn renew(&self, me: HostId, beat: u64, load: Load) -> Result<Renewed, DirectoryError> {
        self.call(|state| state.renew(me, beat, load)).await
    }

    async fn hosts(&self) -> Result<Vec<HostItem>, DirectoryError> {
        self.call(|state| {
            let listed = state.slots.values().filter(|(item, _)| !item.withdrawn);
            listed.map(|(_, host)| host.clone()).collect()
        })
        .await
    }

    async fn mark_lost(&self, host: HostId, beat: u64) -> Result<bool, DirectoryError> {
        self.call(|state| state.mark_lost(host, beat)).await
    }

    async fn drain(&self, slot: Slot, drain: bool) -> Result<bool, DirectoryError> {
        self.call(|state| {
            let found = state.slots.get_mut(&slot);
            let Some((_, host)) = found.filter(|(item, _)| !item.withdrawn) else {
                return false;
            };
            host.draining = drain;
            true
        })
        .await
    }

    async fn withdraw(&self, me: HostId) -> Result<(), DirectoryError> {
        self.call(|state| {
            if let Some((item, _)) = state.present(me) {
                item.withdrawn = true;
            }
        })
        .await
    }

    async fn claim(
        &self,
        me: HostId,
        room: RoomId,
        former_expired: bool,
    ) -> Result<Claim, DirectoryError> {
        self.call(|state| state.claim(me, room, former_expired))
            .await
    }

    async fn forgotten(
        &self,
        me: HostId,
        room: RoomId,
        epoch: Epoch,
        archived: Epoch,
    ) -> Result<(), DirectoryError> {
        self.call(|state| {
            if let Some(room) = state.rooms.get_mut(&room) {
                *room = room.forgotten(me, epoch, archived);
            }
        })
        .await
    }

    async fn rebuilt(&self, me: HostId, room: RoomId, epoch: Epoch) -> Result<(), DirectoryError> {
        self.call(|state| {
            if let Some(room) = state.of(me, room, epoch) {
                room.doubt = false;
            }
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
        self.call(|state| state.hand_over(me, room, epoch, to))
            .await
    }

    async fn release(&self, me: HostId, room: RoomId, epoch: Epoch) -> Result<(), DirectoryError> {
        self.call(|state| {
            if let Some(room) = state.of(me, room, epoch) {
                *room = room.released();
            }
        })
        .await
    }
}
