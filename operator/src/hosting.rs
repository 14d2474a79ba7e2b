//! The wiring of one game host on a data folder: the same for the only host of a process and for one in a process of
//! its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use latchkey_embedded::Embedded;
use latchkey_embedded::archive::EmbeddedArchive;
use latchkey_embedded::bridge::{FleetPlacement, QueuedStats, SameClock};
use latchkey_embedded::directory::EmbeddedDirectory;
use latchkey_embedded::rooms::Rooms;
use latchkey_host::ports::Slot;
use latchkey_host::{Config, Host, HostLimits, Origins, Ports};
use latchkey_journal::{Folder, Journal, Limits};
use latchkey_platform::Platform;
use latchkey_platform::entropy;
use latchkey_platform::links::SiteUrl;
use latchkey_platform::placement::Region;

use crate::data::DataFolder;

/// From asking a host to stop until records that did not reach the archive are left to the journal.
pub(crate) const STOP_WITHIN: Duration = Duration::from_secs(10);

/// From asking a host to leave until it has handed its rooms over or stored what is left: as many rooms as it can have,
/// at the pace at which they move, and a third of it for storing.
pub(crate) const LEAVE_WITHIN: Duration = Duration::from_secs(300);

/// How long a start waits for its host to serve before it goes on without.
const SERVING_WITHIN: Duration = Duration::from_secs(5);

/// The region of the hosts of a machine for which none is named.
const REGION: &str = "here";

/// Why a host ends whose slot another process has taken.
pub(crate) const REPLACED: &str = "another process has this host's slot in the directory; two of them would fight over the \
     rooms: see which data folder each one uses";

/// Waits until the host serves, so that whoever is told of it can join.
pub(crate) async fn serving(host: &Host) {
    let waited = tokio::time::timeout(SERVING_WITHIN, host.serving()).await;
    if waited.is_err() {
        tracing::warn!("the host does not serve yet: its directory does not answer");
    }
}

/// Path of the rooms of the host in `slot`.
pub(crate) fn rooms_path(slot: u16) -> String {
    format!("/s/{slot}/room")
}

/// The region of the host in `slot`, where `regions` names one for all hosts or one for each.
fn region_of(slot: u16, regions: &[Region]) -> String {
    let own = regions.get(usize::from(slot).saturating_sub(1));
    let region = own.or(regions.first());
    region.map_or_else(|| REGION.to_owned(), ToString::to_string)
}

/// What a host is wired to: every store of a data folder, opened.
pub(crate) struct Wiring<'a> {
    data: &'a DataFolder,
    pub(crate) embedded: Embedded,
    pub(crate) rooms: Rooms,
    pub(crate) directory: EmbeddedDirectory,
    pub(crate) platform: Platform,
}

impl<'a> Wiring<'a> {
    /// Opens what is in `data`, for a site that the public reaches at `site`.
    pub(crate) fn open(data: &'a DataFolder, site: SiteUrl) -> Result<Self> {
        let embedded = Embedded::open(data.path(), site)?;
        let rooms = Rooms::open(&data.place("rooms.db"))?;
        let directory = EmbeddedDirectory::open(&data.place("directory.db"), &rooms)?;
        let platform = embedded.platform(Arc::new(FleetPlacement(directory.clone())));
        Ok(Self {
            data,
            embedded,
            rooms,
            directory,
            platform,
        })
    }

    /// The data folder.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Starts the host in `slot` of a machine whose hosts stand in `regions`. The journal's lock keeps a second process
    /// out of the slot.
    pub(crate) fn start(&self, slot: u16, regions: &[Region]) -> Result<Host> {
        let folder = Folder::open(self.data.journal(slot)).with_context(|| {
            format!(
                "the data folder {} cannot be used",
                self.data.path().display()
            )
        })?;
        let embedded = &self.embedded;
        let journal_id = folder.id(u128::from_le_bytes(entropy::bytes(&*embedded.entropy)))?;
        let (journal, recovered) = Journal::open(Arc::new(folder), Limits::default())
            .context("the journal cannot be opened")?;
        let config = Config {
            slot: Slot(slot),
            region: region_of(slot, regions),
            url: rooms_path(slot),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            journal: journal_id,
            origins: Origins::SameHost,
            tickets: embedded.secrets.site.tickets.verifier(),
            secret: embedded.secrets.records,
            seed: u64::from_le_bytes(entropy::bytes(&*embedded.entropy)),
            limits: HostLimits::default(),
        };
        let ports = Ports {
            directory: Arc::new(self.directory.clone()),
            archive: Arc::new(EmbeddedArchive::new(self.rooms.clone())),
            finishes: Arc::new(QueuedStats(embedded.queue.clone())),
            clock: Arc::new(SameClock(embedded.clock.clone())),
        };
        Ok(Host::start(config, ports, journal, recovered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_for_all_hosts_or_each_has_its_own() {
        let named = |names: &[&str]| -> Vec<Region> {
            let names = names.iter().map(|name| (*name).to_owned().try_into());
            names.collect::<Result<_, _>>().unwrap()
        };
        for (names, slot, region) in [
            (&[][..], 2, "here"),
            (&["eu"], 1, "eu"),
            (&["eu"], 2, "eu"),
            (&["eu", "us"], 1, "eu"),
            (&["eu", "us"], 2, "us"),
        ] {
            assert_eq!(region_of(slot, &named(names)), region);
        }
    }
}
