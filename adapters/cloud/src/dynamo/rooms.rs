//! A room, as an item of the directory: `pk` is `room#ID`, `sk` is `room`. It is never taken away, so that epochs go on. Its
//! `revision` counts every write, and every write is made on condition of the one that was read: so no two writers decide
//! by the same state, and a write that its process has given up is not carried out after a later one.

use latchkey_host::ownership::RoomItem;
use latchkey_host::ports::{Generation, HostId, Slot};
use latchkey_protocol::{Epoch, RoomId};

use super::item::{Attributes, Read, flag, item, number, text};
use super::table::{Before, TableError};

const REVISION: &str = "revision";

/// A room as the table has it; revision 0 when it does not have it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RoomRow {
    revision: u64,
    /// What the rule of claims asks for.
    pub(super) item: RoomItem,
}

/// The key of a room's item.
pub(super) fn key(room: RoomId) -> Attributes {
    item([
        ("pk", text(format!("room#{}", room.as_str()))),
        ("sk", text("room")),
    ])
}

impl RoomRow {
    pub(super) fn read(attributes: &Attributes) -> Result<Self, TableError> {
        let read = Read(attributes);
        let slot: Option<u16> = read.number_if_any("slot")?;
        let owner = match slot {
            None => None,
            Some(slot) => Some(HostId {
                slot: Slot(slot),
                generation: Generation(read.number("generation")?),
            }),
        };
        let item = RoomItem {
            epoch: Epoch(read.number("epoch")?),
            owner,
            handed: read.flag("handed")?,
            doubt: read.flag("doubt")?,
        };
        let revision = read.number(REVISION)?;
        Ok(Self { revision, item })
    }

    /// What must still hold for a write that was decided by this row.
    pub(super) fn unchanged(&self) -> Before {
        match self.revision {
            0 => Before::Nothing,
            revision => Before::Numbered(REVISION, revision),
        }
    }

    /// The item of `room` after this row, with `next` in it.
    pub(super) fn followed_by(&self, room: RoomId, next: RoomItem) -> Attributes {
        let mut attributes = item([
            (REVISION, number(self.revision + 1)),
            ("epoch", number(next.epoch.0)),
            ("handed", flag(next.handed)),
            ("doubt", flag(next.doubt)),
        ]);
        attributes.extend(key(room));
        if let Some(owner) = next.owner {
            attributes.extend(item([
                ("slot", number(owner.slot.0.into())),
                ("generation", number(owner.generation.0)),
            ]));
        }
        attributes
    }
}
