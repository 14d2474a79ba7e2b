//! What an earlier start with more hosts left behind: their journals, and their items in the directory. Rooms of such a
//! host go to the others, but records that only its journal holds would be lost on the way.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use latchkey_embedded::archive::EmbeddedArchive;
use latchkey_host::ports::{Archive as _, Directory, Slot};
use latchkey_journal::{Folder, Journal, Limits, Recovered};
use latchkey_protocol::{RoomId, Seq};

use crate::cli::MOST_HOSTS;
use crate::data::DataFolder;

/// Makes sure that nothing is lost by running only `hosts` hosts on `data`, which this process holds: refuses when
/// records of a further one are in its journal alone, and lets the others have its rooms without waiting.
pub(crate) async fn settle(
    data: &DataFolder,
    hosts: u16,
    archive: &EmbeddedArchive,
    directory: &dyn Directory,
) -> Result<()> {
    for slot in hosts + 1..=MOST_HOSTS {
        let path = data.journal(slot);
        if !path.exists() {
            continue;
        }
        // Its lock says that the host is dead, so it may be said to be lost.
        let folder = Folder::open(&path).with_context(|| {
            format!("host {slot} of the last start has not ended yet; try again in a moment")
        })?;
        let rooms = unstored(&path, folder, archive).await?;
        if rooms > 0 {
            bail!(
                "{} holds records that are not in the archive yet (rooms: {rooms}). Start once with --hosts {slot}, which \
                 stores them; after a stop in good order fewer hosts will do",
                path.display()
            );
        }
        say_lost(Slot(slot), directory).await?;
    }
    Ok(())
}

/// How many rooms have records in the journal that the archive lacks.
async fn unstored(path: &Path, folder: Folder, archive: &EmbeddedArchive) -> Result<usize> {
    let opened = Journal::open(Arc::new(folder), Limits::default());
    let (_journal, recovered) =
        opened.with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut rooms = 0;
    for room in recovered.rooms() {
        if !is_stored(room, &recovered, archive).await? {
            rooms += 1;
        }
    }
    Ok(rooms)
}

/// Whether the archive's copy of `room` reaches as far as the journal's.
async fn is_stored(room: RoomId, recovered: &Recovered, archive: &EmbeddedArchive) -> Result<bool> {
    let Some(last) = recovered.held(room).last().map(|record| record.seq) else {
        return Ok(true);
    };
    let before = Seq(last.0.saturating_sub(1));
    Ok(!archive.read(room, before, 1).await?.is_empty())
}

async fn say_lost(slot: Slot, directory: &dyn Directory) -> Result<()> {
    let hosts = directory.hosts().await?;
    for host in hosts.iter().filter(|host| host.id.slot == slot) {
        directory.mark_lost(host.id, host.beat).await?;
        tracing::info!(host = %slot, "a host of an earlier start is no more; its rooms go to the others");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
