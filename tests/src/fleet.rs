//! The host processes of a platform that was started with `--hosts`: found, killed, paused, drained, lost with their
//! disk, and started anew from another binary. Everything is done from outside, as an operator or a misfortune does it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use tokio::process::Command;

use crate::platform::Platform;
use crate::wait::{eventually, within};
use crate::{process, settings};

/// How long a drain or a new process may take before a test calls it broken.
const CHANGE_WITHIN: Duration = Duration::from_secs(60);

/// A line of `latchkey hosts --json`: what a test needs of it.
#[derive(Debug, Clone, Deserialize)]
pub struct HostLine {
    /// Its slot.
    pub slot: u16,
    /// Which incarnation of the slot.
    pub generation: u64,
    /// What it is doing.
    pub state: String,
    /// Rooms it has in memory.
    pub rooms: u64,
}

/// A host as it runs now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// Its slot.
    pub slot: u16,
    /// Its process.
    pub pid: u32,
    /// Which incarnation of the slot.
    pub generation: u64,
}

impl Platform {
    /// The process of the host in `slot`, if there is one.
    fn process(&self, slot: u16) -> anyhow::Result<Option<u32>> {
        let wanted = slot.to_string();
        let is_it = |arguments: &[String]| {
            let at = arguments.iter().position(|argument| argument == "--slot");
            at.and_then(|at| arguments.get(at + 1)) == Some(&wanted)
        };
        let children = process::children(self.pid())?;
        let mut of_slot = children
            .into_iter()
            .filter(|(_, arguments)| is_it(arguments));
        Ok(of_slot.next().map(|(pid, _)| pid))
    }

    /// The host in `slot`, which must serve.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn host(&self, slot: u16) -> anyhow::Result<Running> {
        self.serving(slot, None).await
    }

    /// Waits until another process than `former` serves in its slot.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn next_host(&self, former: Running) -> anyhow::Result<Running> {
        self.serving(former.slot, Some(former)).await
    }

    async fn serving(&self, slot: u16, former: Option<Running>) -> anyhow::Result<Running> {
        let what = format!("a host to serve in slot {slot}");
        let found = eventually(CHANGE_WITHIN, &what, async || {
            let hosts = self.hosts().await?;
            let listed = hosts
                .iter()
                .find(|host| host.slot == slot && host.state == "serving");
            let (Some(pid), Some(listed)) = (self.process(slot)?, listed) else {
                return Ok(None);
            };
            let running = Running {
                slot,
                pid,
                generation: listed.generation,
            };
            let is_new = former.is_none_or(|former| {
                former.pid != running.pid && former.generation != running.generation
            });
            Ok(is_new.then_some(running))
        });
        found.await.with_context(|| self.log_tail())
    }

    /// What `latchkey hosts --json` says.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn hosts(&self) -> anyhow::Result<Vec<HostLine>> {
        let said = self.latchkey(&["hosts", "--json"]).await?;
        serde_json::from_str(&said).with_context(|| format!("not the list of hosts: {said}"))
    }

    /// Runs a command of the operator on this platform's data, and returns what it printed.
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub async fn latchkey(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(settings::binary()?);
        command
            .args(arguments)
            .arg("--data")
            .arg(self.data())
            .kill_on_drop(true);
        let output = within(CHANGE_WITHIN, "the command to end", command.output()).await??;
        let complaint = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success(),
            "latchkey {arguments:?}: {complaint}"
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Drains the host in `slot` and waits until it has no room any more.
    ///
    /// # Errors
    /// When it keeps some.
    pub async fn drain(&self, slot: u16) -> anyhow::Result<()> {
        let slot = slot.to_string();
        self.latchkey(&["hosts", "drain", &slot, "--wait"])
            .await
            .map(drop)
    }

    /// Lets the host in `slot` take rooms again.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn undrain(&self, slot: u16) -> anyhow::Result<()> {
        self.latchkey(&["hosts", "undrain", &slot.to_string()])
            .await
            .map(drop)
    }

    /// The journal of the host in `slot`.
    #[must_use]
    pub fn journal(&self, slot: u16) -> PathBuf {
        let name = match slot {
            1 => "journal".to_owned(),
            slot => format!("journal-{slot}"),
        };
        self.data().join(name)
    }

    /// Bytes of its files.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn journal_bytes(&self, slot: u16) -> anyhow::Result<u64> {
        let mut bytes = 0;
        for file in fs::read_dir(self.journal(slot))? {
            // A segment may go between the listing and the look at it.
            bytes += file?.metadata().map_or(0, |file| file.len());
        }
        Ok(bytes)
    }

    /// The machine of the host in `slot` is gone, and its disk with it. The process ends without another instruction
    /// (it is paused before its journal goes), and none can take its place until [`Lost::replaced`].
    ///
    /// # Errors
    /// When no host runs there.
    pub async fn lose(&self, slot: u16) -> anyhow::Result<Lost> {
        let host = self.host(slot).await?;
        process::signal(host.pid, "-STOP").await?;
        let journal = self.journal(slot);
        fs::remove_dir_all(&journal)?;
        // Where a folder should be made there is a file, so that no process of this slot comes up.
        fs::write(&journal, "the disk of this host is gone")?;
        process::signal(host.pid, "-KILL").await?;
        Ok(Lost { host, journal })
    }
}

/// A host that was lost with its disk.
#[derive(Debug)]
pub struct Lost {
    host: Running,
    journal: PathBuf,
}

impl Lost {
    /// Puts an empty disk into the slot, so that a new process can come up there. Returns the host that was lost.
    ///
    /// # Errors
    /// When the file in its place cannot be removed.
    pub fn replaced(self) -> anyhow::Result<Running> {
        fs::remove_file(&self.journal)?;
        Ok(self.host)
    }
}
