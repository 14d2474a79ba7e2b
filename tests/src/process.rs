//! Processes as the system shows them in `/proc`: whose children they are, what they hold, and signals to them by number.

use std::fs;

use anyhow::Context as _;
use tokio::process::Command;

/// Sends a signal, by its name with a dash, to the process `pid`.
///
/// # Errors
/// When there is no such process.
pub async fn signal(pid: u32, signal: &str) -> anyhow::Result<()> {
    let mut command = Command::new("kill");
    command.args([signal, &pid.to_string()]);
    let status = command.status().await.context("run `kill`")?;
    anyhow::ensure!(
        status.success(),
        "process {pid} is gone, so {signal} did not reach it"
    );
    Ok(())
}

/// Bytes of memory the process holds (resident set).
///
/// # Errors
/// When the process is gone.
pub fn memory(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: u64 = kib.context("no VmRSS in the process's status")?.parse()?;
    Ok(kib * 1024)
}

/// Whether the process is there and has not ended; one that its parent has not buried yet has.
#[must_use]
pub fn is_running(pid: u32) -> bool {
    state(pid).is_some_and(|(state, _)| state != 'Z' && state != 'X')
}

/// Whether the process is stopped by a signal.
#[must_use]
pub fn is_paused(pid: u32) -> bool {
    state(pid).is_some_and(|(state, _)| state == 'T')
}

/// The running children of process `parent`, with their arguments.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn children(parent: u32) -> anyhow::Result<Vec<(u32, Vec<String>)>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if state(pid).is_none_or(|(state, of)| of != parent || state == 'Z') {
            continue;
        }
        // Gone since, or not yet the program it is to become.
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let arguments = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        children.push((pid, arguments.map(std::borrow::Cow::into_owned).collect()));
    }
    Ok(children)
}

/// The inode of the program the process runs: another one after the file was replaced and the process started anew.
///
/// # Errors
/// When the process is gone.
pub fn program(pid: u32) -> anyhow::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(fs::metadata(format!("/proc/{pid}/exe"))?.ino())
}

/// State letter and parent.
fn state(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}
