//! The directory: which hosts live, and which of them owns which room. The port and its words; the rule by which a room
//! may be claimed is [`crate::ownership`], how a host uses it is `membership`.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
pub use latchkey_journal::JournalId;
use latchkey_protocol::{Epoch, RoomId};

/// A host's stable place behind the load balancer, from 1 to [`Slot::LAST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u16);

impl Slot {
    /// The highest slot: a load balancer takes 100 rules, one for each slot and a few more.
    pub const LAST: Self = Self(90);
}

/// Text that is not a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a slot: expected a number from 1 to {}", Slot::LAST)]
pub struct BadSlot;

impl FromStr for Slot {
    type Err = BadSlot;

    fn from_str(text: &str) -> Result<Self, BadSlot> {
        let slot = text.parse().map(Self).map_err(|_| BadSlot)?;
        if (Self(1)..=Self::LAST).contains(&slot) {
            Ok(slot)
        } else {
            Err(BadSlot)
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Incarnation of a slot, from 1: one more at every enlisting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One enlisted host: the owner of rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId {
    /// Its place.
    pub slot: Slot,
    /// Which of those that had the place.
    pub generation: Generation,
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot, self.generation)
    }
}

/// How much a host carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Load {
    /// Rooms in memory.
    pub rooms: u32,
    /// Connections.
    pub connections: u32,
}

/// A host as the directory knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostItem {
    /// Which host.
    pub id: HostId,
    /// Where it stands.
    pub region: String,
    /// Where clients reach it: an absolute WebSocket address, or a path on the site's own origin.
    pub url: String,
    /// What program it runs.
    pub version: String,
    /// Counts its renewals.
    pub beat: u64,
    /// What it carried at the last of them.
    pub load: Load,
    /// Whether it is to give its rooms away and take no others.
    pub draining: bool,
    /// Whether others found it lost.
    pub lost: bool,
}

impl HostItem {
    /// Whether rooms may be given to it.
    #[must_use]
    pub fn takes_rooms(&self) -> bool {
        !self.lost && !self.draining
    }

    /// Whether rooms of the host in `giver` may be given to it.
    #[must_use]
    pub fn takes_rooms_of(&self, giver: Slot) -> bool {
        self.id.slot != giver && self.takes_rooms()
    }
}

/// What a process says of itself when it takes its slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enlist {
    /// The slot to take.
    pub slot: Slot,
    /// As in [`HostItem`].
    pub region: String,
    /// As in [`HostItem`].
    pub url: String,
    /// As in [`HostItem`].
    pub version: String,
    /// The journal it holds the lock of: when an earlier generation held it, that one's process is dead (J1.3).
    pub journal: JournalId,
}

/// The answer to a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// The host keeps its slot.
    Kept {
        /// Whether the operator wants it drained.
        drain: bool,
    },
    /// It was marked lost: others may have claimed its rooms.
    Lost,
    /// Another process has the slot, or this one has withdrawn from it.
    Replaced,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The room is this host's.
    Owned {
        /// The epoch it writes under, above every earlier one.
        epoch: Epoch,
        /// Who had the room.
        former: Former,
    },
    /// Another host has it.
    Elsewhere {
        /// That host's slot.
        slot: Slot,
        /// Where clients reach it.
        url: String,
    },
    /// An earlier machine of this slot has it and may still be alive; it will not be for long.
    Wait,
    /// The host is marked lost, replaced or withdrawn; it owns nothing.
    NotMine,
}

/// Who had a room that was claimed, and so where its history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Former {
    /// Nobody, or somebody who gave it away in good order: all of it is in the archive.
    Nobody,
    /// This very host, or one with the same journal: it is in the archive and the journal.
    Itself,
    /// A host that is lost: records that members saw may be in their hands alone.
    Lost,
}

/// The answer to a handover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandedOver {
    /// The room is the other slot's, by this call or an earlier one whose answer was lost.
    Done,
    /// No host that takes rooms has that slot; nothing changed.
    NoTaker,
    /// The room is not the giver's under that epoch; nothing changed.
    NotMine,
}

/// The directory did not answer. Whether it did what it was asked is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the directory cannot be reached: {0}")]
pub struct DirectoryError(pub String);

/// Which hosts live and who owns which room (one writer per room, fenced by epoch). Every call is one step that nothing
/// comes between. Every call may be repeated when its answer was lost.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Takes the slot under its next generation: not lost, not draining, at beat 0. The process that had it is replaced.
    /// When repeated it takes the slot again, from itself; so a call that its process gave up must never be carried out
    /// after a later one.
    async fn enlist(&self, new: Enlist) -> Result<HostId, DirectoryError>;

    /// Says that the host lives. A beat below one that was seen changes nothing but is answered.
    async fn renew(&self, me: HostId, beat: u64, load: Load) -> Result<Renewed, DirectoryError>;

    /// Every host that has not withdrawn, in the order of slots.
    async fn hosts(&self) -> Result<Vec<HostItem>, DirectoryError>;

    /// Marks `host` lost if it still has that generation and that very beat. Whether it is marked, by this call or an
    /// earlier one.
    async fn mark_lost(&self, host: HostId, beat: u64) -> Result<bool, DirectoryError>;

    /// Asks the host in a slot to drain, or to take rooms again. Whether there is one.
    async fn drain(&self, slot: Slot, drain: bool) -> Result<bool, DirectoryError>;

    /// The host ends in good order with everything stored: it is no longer listed, and rooms it forgot to release are
    /// free. The slot's generations go on.
    async fn withdraw(&self, me: HostId) -> Result<(), DirectoryError>;

    /// Takes a room by the rule of [`crate::ownership`]. `former_expired` says that this host has waited out the expiry
    /// since it enlisted, so that no earlier machine of its slot serves any more.
    async fn claim(
        &self,
        me: HostId,
        room: RoomId,
        former_expired: bool,
    ) -> Result<Claim, DirectoryError>;

    /// The archive has had `archived`, which is not below the `epoch` that this host was just given: the directory had
    /// forgotten the room, and with it whose it was. The next claim is above both, and takes the room as a lost host's. A
    /// no-op when it is not this host's under that epoch.
    async fn forgotten(
        &self,
        me: HostId,
        room: RoomId,
        epoch: Epoch,
        archived: Epoch,
    ) -> Result<(), DirectoryError>;

    /// The room that was claimed from a lost host under `epoch` is whole again in this host's journal, so that a later
    /// claim by the slot need not gather it once more. A no-op when it is not this host's under that epoch.
    async fn rebuilt(&self, me: HostId, room: RoomId, epoch: Epoch) -> Result<(), DirectoryError>;

    /// Gives a room of which everything is stored to another slot, for its present host or a later one. The epoch
    /// stays until that host claims. A call that its process gave up must never be carried out after a later one: to
    /// [`HandedOver::NoTaker`] the process plays the room on.
    async fn hand_over(
        &self,
        me: HostId,
        room: RoomId,
        epoch: Epoch,
        to: Slot,
    ) -> Result<HandedOver, DirectoryError>;

    /// Gives a room of which everything is stored up; a no-op when it is not this host's under `epoch`.
    async fn release(&self, me: HostId, room: RoomId, epoch: Epoch) -> Result<(), DirectoryError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_a_number_from_1_to_90() {
        assert_eq!("1".parse(), Ok(Slot(1)));
        assert_eq!("90".parse(), Ok(Slot(90)));
        for bad in ["0", "91", "-1", "", "one", "65537"] {
            assert_eq!(bad.parse::<Slot>(), Err(BadSlot), "{bad}");
        }
        assert_eq!(
            BadSlot.to_string(),
            "not a slot: expected a number from 1 to 90"
        );
    }
}
