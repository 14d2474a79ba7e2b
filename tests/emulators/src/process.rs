//! A server as a process: its log, signals to it, and its end with this process, whatever way that ends.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// Waits for the end of its standard input, which comes with the end of whoever started it, and then ends the process `$1`
/// and removes the folder `$2`. Emulators live in statics, which are never dropped.
const WATCH: &str = r#"read -r _; kill -KILL "$1" 2>/dev/null; rm -rf "$2""#;

/// A running process and its watcher. Dropping it ends both.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    watcher: Child,
}

impl Process {
    /// Starts `command` with all it says in the file `log`; `folder` goes with this process.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(command: &mut Command, log: &Path, folder: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(log)?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let mut child = command
            .spawn()
            .with_context(|| format!("run {}", command.get_program().display()))?;
        let watcher = Command::new("sh")
            .args(["-c", WATCH, "watch", &child.id().to_string()])
            .arg(folder)
            .stdin(Stdio::piped())
            .spawn();
        match watcher {
            Ok(watcher) => Ok(Self { child, watcher }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error).context("run `sh`, which ends the server with this process")
            }
        }
    }

    /// Whether it runs; a paused one does.
    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; nothing while it runs.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends it a signal. One that is to stop stands still afterwards.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        anyhow::ensure!(self.runs(), "the server has ended");
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal)?;
        if signal == Signal::STOP {
            // Its threads run on for a moment, and may answer one more question.
            let still = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            waitid(WaitId::Pid(pid), still)?;
        }
        Ok(())
    }

    /// Ends it as a power cut would, and waits until it is gone. One that has ended stays so.
    pub(crate) fn kill(&mut self) {
        // First the watcher: after that nobody else knows the process's number, which the system may give away again.
        for process in [&mut self.watcher, &mut self.child] {
            // It can only fail because the process is gone, which is what is asked for.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last lines of a log, for an error.
pub(crate) fn tail(log: &Path) -> String {
    const LINES: usize = 25;
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_and_its_folder_go_when_the_one_that_started_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = Command::new("sleep");
        let mut process =
            Process::start(command.arg("1000"), &log, folder.path()).expect("sleep starts");
        assert!(process.runs());
        // What the system does to a process that ends.
        drop(process.watcher.stdin.take());
        process.watcher.wait().unwrap();
        assert!(!process.child.wait().unwrap().success());
        assert!(!folder.path().exists());
    }
}
