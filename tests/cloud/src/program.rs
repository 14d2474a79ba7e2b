//! One of our binaries as a process with settings of its own: started, killed, paused, told to end, and started again. Its log is
//! kept in `tests/output`.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::{Child, Command};

use latchkey_tests::wait::{PATIENCE, within};
use latchkey_tests::{process, settings};

/// Settings, as the environment gives them.
pub type Settings = Vec<(String, String)>;

/// A program and its present process. It ends with its handle.
#[derive(Debug)]
pub struct Program {
    binary: PathBuf,
    settings: Settings,
    log: PathBuf,
    child: Child,
}

impl Program {
    /// Starts the binary `name` with nothing in its environment but `settings`. `log` names its log.
    ///
    /// # Errors
    /// When it is not built, or cannot be started.
    pub fn start(name: &str, log: &str, settings: Settings) -> anyhow::Result<Self> {
        let logs = settings::output("logs");
        fs::create_dir_all(&logs)?;
        let log = logs.join(format!("{log}.log"));
        fs::write(&log, "")?;
        let binary = settings::built(name)?;
        let child = spawn(&binary, &settings, &log)?;
        Ok(Self {
            binary,
            settings,
            log,
            child,
        })
    }

    /// Its process.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.child
            .id()
            .with_context(|| format!("it has ended\n{}", self.log_tail()))
    }

    /// Ends it as a power cut would, and waits until it is gone.
    ///
    /// # Errors
    /// When it had ended by itself.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            anyhow::bail!("it ended by itself with {status}\n{}", self.log_tail());
        }
        self.child.start_kill()?;
        within(PATIENCE, "the killed process to be gone", self.child.wait()).await??;
        Ok(())
    }

    /// Sends it a signal, by its name with a dash.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn signal(&self, signal: &str) -> anyhow::Result<()> {
        process::signal(self.pid()?, signal).await
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// When that takes longer than `longest`.
    pub async fn ended(&mut self, longest: Duration) -> anyhow::Result<ExitStatus> {
        let ended = within(longest, "the program to end", self.child.wait()).await;
        Ok(ended.with_context(|| self.log_tail())??)
    }

    /// Starts it again with the same settings.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.child = spawn(&self.binary, &self.settings, &self.log)?;
        Ok(())
    }

    /// The last lines of its log, for error messages.
    #[must_use]
    pub fn log_tail(&self) -> String {
        const LINES: usize = 20;
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(LINES)..];
        format!(
            "the last lines of {}:\n{}",
            self.log.display(),
            tail.join("\n")
        )
    }
}

fn spawn(binary: &PathBuf, settings: &Settings, log: &PathBuf) -> anyhow::Result<Child> {
    let log = OpenOptions::new().append(true).open(log)?;
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true);
    command
        .spawn()
        .with_context(|| format!("start {}", binary.display()))
}
