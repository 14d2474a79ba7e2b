//! The real binary as a process: started on a data folder of its own, killed, restarted on the same folder and port,
//! stopped as an operator stops it. Its log is kept in `tests/output`.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::wait::{PATIENCE, within};
use crate::{process, report, settings};

/// How long a stop may take: the host stores what is unstored before it ends.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// The line that `latchkey up --json` prints when it is ready.
#[derive(Debug, Clone, Deserialize)]
struct Ready {
    site: String,
    data: PathBuf,
    outbox: String,
    pid: u32,
}

/// How to start the platform.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Folder of titles to publish instead of the built-in ones.
    pub titles: Option<PathBuf>,
    /// Further arguments.
    pub arguments: Vec<String>,
    /// Where the data folder is to be, instead of a fresh one: a disk that a test fills.
    pub data: Option<PathBuf>,
    /// The binary, instead of the one under test: a copy that a test replaces.
    pub binary: Option<PathBuf>,
}

/// The platform under test. Dropping it kills its process.
#[derive(Debug)]
pub struct Platform {
    name: String,
    folder: PathBuf,
    /// Removed with the platform.
    _fresh: TempDir,
    log: PathBuf,
    options: Options,
    port: u16,
    ready: Ready,
    process: Process,
}

#[derive(Debug)]
struct Process {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Platform {
    /// Starts the platform on a fresh data folder and any free port. `name` names its log.
    ///
    /// # Errors
    /// When it does not become ready; the error ends with its log's last lines.
    pub async fn start(name: &str) -> anyhow::Result<Self> {
        Self::start_with(name, Options::default()).await
    }

    /// Like [`Platform::start`], with options.
    ///
    /// # Errors
    /// As [`Platform::start`].
    pub async fn start_with(name: &str, options: Options) -> anyhow::Result<Self> {
        let fresh = TempDir::with_prefix("latchkey-test-")?;
        let folder = options
            .data
            .clone()
            .unwrap_or_else(|| fresh.path().to_owned());
        let logs = settings::output("logs");
        fs::create_dir_all(&logs)?;
        let log = logs.join(format!("{name}.log"));
        fs::write(&log, "")?;
        let (process, ready) = spawn(&folder, 0, &log, &options).await?;
        let port = ready
            .site
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        let port = port.with_context(|| format!("no port in {:?}", ready.site))?;
        Ok(Self {
            name: name.to_owned(),
            folder,
            _fresh: fresh,
            log,
            options,
            port,
            ready,
            process,
        })
    }

    /// The site's origin.
    #[must_use]
    pub fn site(&self) -> &str {
        &self.ready.site
    }

    /// The address of the outbox page.
    #[must_use]
    pub fn outbox(&self) -> &str {
        &self.ready.outbox
    }

    /// The data folder, as the platform reports it.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.ready.data
    }

    /// The process that runs now.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.ready.pid
    }

    /// Publishes other titles at the next start.
    pub fn set_titles(&mut self, titles: &Path) {
        self.options.titles = Some(titles.to_owned());
    }

    /// Ends the process as a power cut would (`kill -9`), and waits until it is gone.
    ///
    /// # Errors
    /// When the process was gone already: then the platform died by itself, which is never right.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.process.child.try_wait()? {
            anyhow::bail!(
                "the platform ended by itself with {status}\n{}",
                self.log_tail()
            );
        }
        self.process.child.start_kill()?;
        within(
            PATIENCE,
            "the killed process to be gone",
            self.process.child.wait(),
        )
        .await??;
        Ok(())
    }

    /// Starts the process again on the same data and port.
    ///
    /// # Errors
    /// As [`Platform::start`].
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        let (process, ready) = spawn(&self.folder, self.port, &self.log, &self.options).await?;
        self.process = process;
        self.ready = ready;
        Ok(())
    }

    /// Stops the process as an operator does and returns how it ended.
    ///
    /// # Errors
    /// When it does not end in time, or printed more than the one line it promised.
    pub async fn stop(&mut self, signal: &str) -> anyhow::Result<ExitStatus> {
        process::signal(self.pid(), signal).await?;
        let ended = within(STOP_WITHIN, "the stop", self.process.child.wait()).await;
        let status = ended.with_context(|| self.log_tail())??;
        let more = self.process.stdout.next_line().await?;
        anyhow::ensure!(
            more.is_none(),
            "stdout went on after the ready line: {more:?}"
        );
        Ok(status)
    }

    /// Bytes of memory the process holds (resident set).
    ///
    /// # Errors
    /// When the process is gone.
    pub fn memory(&self) -> anyhow::Result<u64> {
        process::memory(self.pid())
    }

    /// The last lines of its log, for error messages.
    #[must_use]
    pub fn log_tail(&self) -> String {
        log_tail(&self.log)
    }

    /// The whole log of all its lives.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn whole_log(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if std::thread::panicking() {
            report::say(
                &self.name,
                format_args!("failed; its log is {}", self.log.display()),
            );
        }
    }
}

async fn spawn(
    data: &Path,
    port: u16,
    log: &Path,
    options: &Options,
) -> anyhow::Result<(Process, Ready)> {
    let binary = options.binary.clone().map_or_else(settings::binary, Ok)?;
    let mut command = Command::new(binary);
    command
        .arg("up")
        .arg("--data")
        .arg(data)
        .args(["--port", &port.to_string(), "--json"]);
    if let Some(titles) = &options.titles {
        command.arg("--titles").arg(titles);
    }
    command.args(&options.arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command.stderr(OpenOptions::new().append(true).open(log)?);
    let mut child = command.spawn().context("start the binary")?;
    let stdout = child.stdout.take().context("stdout is piped")?;
    let mut stdout = BufReader::new(stdout).lines();
    let line = within(PATIENCE, "the ready line", stdout.next_line()).await;
    let line = line.with_context(|| log_tail(log))??;
    let line = line.with_context(|| format!("ended before it was ready\n{}", log_tail(log)))?;
    let ready: Ready = serde_json::from_str(&line).with_context(|| format!("not JSON: {line}"))?;
    anyhow::ensure!(
        child.id() == Some(ready.pid),
        "the ready line names another process"
    );
    Ok((Process { child, stdout }, ready))
}

fn log_tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = &lines[lines.len().saturating_sub(20)..];
    format!("the last lines of {}:\n{}", log.display(), tail.join("\n"))
}
