//! A slot and the host in it, as an item of the directory: `pk` is `hosts`, `sk` the slot with two digits. Every enlisting
//! writes it whole under the next generation; it is never taken away, so that generations go on.

use latchkey_host::ownership::SlotItem;
use latchkey_host::ports::{Generation, HostId, HostItem, Load, Slot};

use super::item::{Attributes, Read, flag, item, number, text};
use super::table::TableError;

/// The partition of all hosts.
pub(super) const HOSTS: &str = "hosts";
/// Counts the enlistings.
pub(super) const GENERATION: &str = "generation";

/// A slot as the table has it.
#[derive(Debug, Clone)]
pub(super) struct SlotRow {
    /// What the rule of claims asks for.
    pub(super) item: SlotItem,
    /// The host.
    pub(super) host: HostItem,
}

/// The key of a slot's item.
pub(super) fn key(slot: Slot) -> Attributes {
    item([("pk", text(HOSTS)), ("sk", text(format!("{:02}", slot.0)))])
}

impl SlotRow {
    pub(super) fn read(attributes: &Attributes) -> Result<Self, TableError> {
        let read = Read(attributes);
        let slot = read.text("sk")?.parse::<u16>();
        let slot = slot.map_err(|_| TableError::Unreadable("sk"))?;
        let generation = Generation(read.number(GENERATION)?);
        let journal = read.text("journal")?.parse();
        let item = SlotItem {
            generation,
            journal: Some(journal.map_err(|_| TableError::Unreadable("journal"))?),
            journal_since: Generation(read.number("journal_since")?),
            lost: read.flag("lost")?,
            withdrawn: read.flag("withdrawn")?,
        };
        let host = HostItem {
            id: HostId {
                slot: Slot(slot),
                generation,
            },
            region: read.text("region")?.to_owned(),
            url: read.text("url")?.to_owned(),
            version: read.text("version")?.to_owned(),
            beat: read.number("beat")?,
            load: Load {
                rooms: read.number("rooms")?,
                connections: read.number("connections")?,
            },
            draining: read.flag("draining")?,
            lost: item.lost,
        };
        Ok(Self { item, host })
    }

    /// The item, which of a journal that is not known has none.
    pub(super) fn attributes(&self) -> Attributes {
        let Self { item: slot, host } = self;
        let mut attributes = item([
            (GENERATION, number(slot.generation.0)),
            ("journal_since", number(slot.journal_since.0)),
            ("lost", flag(slot.lost)),
            ("withdrawn", flag(slot.withdrawn)),
            ("region", text(&*host.region)),
            ("url", text(&*host.url)),
            ("version", text(&*host.version)),
            ("beat", number(host.beat)),
            ("rooms", number(host.load.rooms.into())),
            ("connections", number(host.load.connections.into())),
            ("draining", flag(host.draining)),
        ]);
        attributes.extend(key(host.id.slot));
        let journal = slot
            .journal
            .map(|id| ("journal".to_owned(), text(id.to_string())));
        attributes.extend(journal);
        attributes
    }
}
