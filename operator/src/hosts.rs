//! `latchkey hosts`: the hosts of a data folder as its directory knows them, and what an operator asks of them. Reading
//! works whether or not anything runs; asking needs somebody who hears it.

mod rolling;
mod table;

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use latchkey_embedded::directory::EmbeddedDirectory;
use latchkey_embedded::rooms::Rooms;
use latchkey_host::ports::{Directory as _, HostItem, Slot};

use crate::cli::{Hosts, HostsCommand};
use crate::data::DataFolder;
use crate::draining;

/// Between two looks at something that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Carries the command out.
pub(crate) fn run(settings: &Hosts) -> Result<()> {
    #[cfg(feature = "cloud")]
    if let Some(environment) = &settings.cloud.environment {
        return crate::cloud::hosts::run(settings, environment);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    runtime.block_on(async {
        let fleet = Fleet::open(&settings.data)?;
        match &settings.command {
            None => fleet.list(settings.json).await,
            Some(HostsCommand::Drain { slot, wait }) => fleet.drain(*slot, *wait).await,
            Some(HostsCommand::Undrain { slot }) => fleet.undrain(*slot).await,
            #[cfg(not(feature = "cloud"))]
            Some(HostsCommand::Roll {}) => rolling::roll(&fleet).await,
            #[cfg(feature = "cloud")]
            Some(HostsCommand::Roll { version: None }) => rolling::roll(&fleet).await,
            #[cfg(feature = "cloud")]
            Some(HostsCommand::Roll { .. } | HostsCommand::Publish { .. }) => {
                bail!("versions are of hosts on AWS: name their environment with --environment")
            }
        }
    })
}

/// The hosts of a data folder.
struct Fleet {
    data: DataFolder,
    directory: EmbeddedDirectory,
}

impl Fleet {
    fn open(data: &Path) -> Result<Self> {
        let data = DataFolder::existing(data)?;
        let (file, rooms) = (data.place("directory.db"), data.place("rooms.db"));
        // Opening would make them, and then it would look as if there had been hosts here.
        if !file.exists() || !rooms.exists() {
            bail!(
                "there is no directory of hosts in {}: `latchkey up` makes it at its first start; is --data right?",
                data.path().display()
            );
        }
        let directory = EmbeddedDirectory::open(&file, &Rooms::open(&rooms)?)?;
        Ok(Self { data, directory })
    }

    async fn hosts(&self) -> Result<Vec<HostItem>> {
        Ok(self.directory.hosts().await?)
    }

    /// The host in `slot`, if there is one.
    async fn host(&self, slot: Slot) -> Result<HostItem> {
        Ok(draining::host(&self.directory, slot).await?)
    }

    async fn list(&self, json: bool) -> Result<()> {
        let runs = self.data.holder()?.is_some();
        show(&self.hosts().await?, runs, json)
    }

    async fn drain(&self, slot: Slot, wait: bool) -> Result<()> {
        // Only a running host hears it, and one that starts anew takes rooms.
        self.data.running()?;
        draining::drain(&self.directory, slot).await?;
        match wait {
            true => self.wait_until_empty(slot).await,
            false => say(&format!(
                "host {slot} hands its rooms over and takes no others; `latchkey hosts` shows how many are left"
            )),
        }
    }

    /// Tells how many rooms are left until there are none.
    async fn wait_until_empty(&self, slot: Slot) -> Result<()> {
        let mut told = None;
        let drained = self.host(slot).await?.id;
        loop {
            let host = self.host(slot).await?;
            if host.id != drained || !host.draining {
                bail!("host {slot} takes rooms again: it was started anew, or somebody said so");
            }
            if host.load.rooms == 0 {
                return say(&format!("host {slot} has no rooms left"));
            }
            if told != Some(host.load.rooms) {
                say(&format!("host {slot} has {} rooms left", host.load.rooms))?;
                told = Some(host.load.rooms);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn undrain(&self, slot: Slot) -> Result<()> {
        self.data.running()?;
        draining::undrain(&self.directory, slot).await?;
        say(&format!("host {slot} takes rooms"))
    }
}

/// Lists `hosts`, for programs when `json`.
pub(crate) fn show(hosts: &[HostItem], runs: bool, json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match json {
        true => writeln!(out, "{}", table::json(hosts, runs))?,
        false => write!(out, "{}", table::text(hosts, runs))?,
    }
    Ok(())
}

/// Tells how it goes.
pub(crate) fn say(words: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{words}")?;
    Ok(out.flush()?)
}
