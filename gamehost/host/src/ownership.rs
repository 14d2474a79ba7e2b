//! Who may take a room: the rule of claims and of giving rooms away, as plain data. Directories keep the items and make
//! each change one step; what the change is stands here, so that it is the same in all of them.

use latchkey_protocol::Epoch;

use crate::ports::{Former, Generation, HandedOver, HostId, JournalId, Slot};

/// What a directory keeps of a slot for this rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotItem {
    /// The last generation.
    pub generation: Generation,
    /// The journal of that generation; nothing when it held the slot before journals had ids.
    pub journal: Option<JournalId>,
    /// The first generation in an unbroken row that had this journal.
    pub journal_since: Generation,
    /// Whether that generation was marked lost.
    pub lost: bool,
    /// Whether it withdrew.
    pub withdrawn: bool,
}

impl SlotItem {
    /// The slot after it was taken by a process with `journal`, given what was there.
    #[must_use]
    pub fn enlisted(before: Option<Self>, journal: JournalId) -> Self {
        let generation = Generation(before.map_or(0, |before| before.generation.0) + 1);
        // A slot whose journal is not known was used by one folder alone, which is the one that comes back.
        let known_again = |before: &Self| before.journal.is_none_or(|known| known == journal);
        let same = before.filter(known_again);
        Self {
            generation,
            journal: Some(journal),
            journal_since: same.map_or(generation, |before| before.journal_since),
            lost: false,
            withdrawn: false,
        }
    }

    /// Whether a host has it that may own rooms.
    #[must_use]
    pub fn lives(&self) -> bool {
        !self.lost && !self.withdrawn
    }
}

/// What a directory keeps of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RoomItem {
    /// The last epoch that was given out. It never goes back.
    pub epoch: Epoch,
    /// Whose it is.
    pub owner: Option<HostId>,
    /// Whether it was handed over and its owner has not claimed it yet. Everything of it is stored then.
    pub handed: bool,
    /// Whether records that members saw may be in their hands alone. A claim whose answer was lost, or whose host died
    /// before it had gathered them, must not make a later claim believe that the journal has them.
    pub doubt: bool,
}

/// What comes of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The claimer takes it.
    Take(Former),
    /// The host that lives in this slot has it.
    Elsewhere(Slot),
    /// An earlier machine of the claimer's own slot may still serve it.
    Wait,
    /// The claimer may own nothing.
    NotMine,
}

/// Judges a claim of `me` on `room`. `mine` is the slot of the claimer, `theirs` the slot of the room's owner.
#[must_use]
pub fn judge(
    me: HostId,
    mine: Option<&SlotItem>,
    room: &RoomItem,
    theirs: Option<&SlotItem>,
    former_expired: bool,
) -> Verdict {
    let present = |mine: &&SlotItem| mine.generation == me.generation && mine.lives();
    let Some(mine) = mine.filter(present) else {
        return Verdict::NotMine;
    };
    let in_doubt = |otherwise| Verdict::Take(if room.doubt { Former::Lost } else { otherwise });
    match room.owner {
        None => in_doubt(Former::Nobody),
        // Nobody has written since everything was stored, whatever became of the slot it was handed to.
        Some(owner) if room.handed && owner.slot == me.slot => in_doubt(Former::Nobody),
        Some(owner) if owner.slot == me.slot && owner.generation >= mine.journal_since => {
            in_doubt(Former::Itself)
        }
        Some(owner) if owner.slot == me.slot => {
            if former_expired {
                Verdict::Take(Former::Lost)
            } else {
                Verdict::Wait
            }
        }
        Some(owner) if theirs.is_some_and(SlotItem::lives) => Verdict::Elsewhere(owner.slot),
        Some(_) if room.handed => in_doubt(Former::Nobody),
        Some(_) => Verdict::Take(Former::Lost),
    }
}

impl RoomItem {
    /// The room after `me` took it from `former`.
    #[must_use]
    pub fn taken(self, me: HostId, former: Former) -> Self {
        Self {
            epoch: self.epoch.next(),
            owner: Some(me),
            handed: false,
            doubt: former == Former::Lost,
        }
    }

    /// The room after `me`, who has claimed it under `epoch`, learnt from the archive that it had been forgotten: whoever
    /// wrote it under `archived` may have ordered records that are not stored.
    #[must_use]
    pub fn forgotten(self, me: HostId, epoch: Epoch, archived: Epoch) -> Self {
        if !self.is_of(me, epoch) {
            return self;
        }
        Self {
            epoch: epoch.max(archived),
            doubt: true,
            ..self
        }
    }

    /// Whether `me` has claimed it under `epoch` and nobody since.
    #[must_use]
    pub fn is_of(&self, me: HostId, epoch: Epoch) -> bool {
        self.owner == Some(me) && self.epoch == epoch && !self.handed
    }

    /// The room after its owner, who stored everything, gave it up.
    #[must_use]
    pub fn released(self) -> Self {
        Self {
            owner: None,
            handed: false,
            doubt: false,
            ..self
        }
    }

    /// Judges a handover by `me` under `epoch` to the host in slot `to`, and gives the room as it is afterwards.
    #[must_use]
    pub fn hand_over(
        self,
        me: HostId,
        epoch: Epoch,
        to: (Slot, Option<&SlotItem>),
        takes_rooms: bool,
    ) -> (Self, HandedOver) {
        let (slot, item) = to;
        if self.handed && self.epoch == epoch && self.owner.is_some_and(|owner| owner.slot == slot)
        {
            return (self, HandedOver::Done);
        }
        if !self.is_of(me, epoch) {
            return (self, HandedOver::NotMine);
        }
        let taker = item.filter(|item| item.lives() && takes_rooms && slot != me.slot);
        let Some(taker) = taker else {
            return (self, HandedOver::NoTaker);
        };
        let owner = Some(HostId {
            slot,
            generation: taker.generation,
        });
        let handed = Self {
            owner,
            handed: true,
            doubt: false,
            ..self
        };
        (handed, HandedOver::Done)
    }
}
