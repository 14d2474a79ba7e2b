//! One process of a function: its Runtime API, its start, one event after the other, and its end.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use bytes::Bytes;
use rustix::process::Signal;
use tempfile::TempDir;

use super::runtime_api::{Answer, Api, Invocation};
use super::{Figures, Outcome, Settings, lock};
use crate::process::{Process, tail};

/// Between two looks whether a process still runs.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Until when a process that is asked to end must have.
const END_WITHIN: Duration = Duration::from_secs(5);

/// A process, which somebody else may kill.
#[derive(Debug)]
pub(super) struct Running(Mutex<Process>);

impl Running {
    pub(super) fn kill(&self) {
        lock(&self.0).kill();
    }

    fn runs(&self) -> bool {
        lock(&self.0).runs()
    }
}

/// One process of a function, handed one event at a time.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) running: Arc<Running>,
    pid: u32,
    api: Api,
    folder: TempDir,
    begun: Instant,
    init: Option<Duration>,
    first: Option<Duration>,
    events: u64,
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a function takes is measured"
)]
fn now() -> Instant {
    Instant::now()
}

/// The wall clock, by which functions are told until when they have time.
#[expect(
    clippy::disallowed_methods,
    reason = "functions are told a time of the wall clock"
)]
fn deadline(timeout: Duration) -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    (now.unwrap_or_default() + timeout).as_millis()
}

impl Environment {
    /// Starts the binary.
    pub(super) async fn start(settings: &Settings) -> anyhow::Result<Self> {
        let api = Api::start().await?;
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(&settings.binary);
        command
            .env_clear()
            .envs(&settings.variables)
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", &settings.name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env(
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                settings.memory.to_string(),
            )
            .env(
                "AWS_LAMBDA_LOG_GROUP_NAME",
                format!("/aws/lambda/{}", settings.name),
            )
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "emulated")
            .env("LAMBDA_TASK_ROOT", "/var/task")
            .current_dir(folder.path());
        let begun = now();
        let log = folder.path().join("log");
        let process = Process::start(&mut command, &log, folder.path())
            .with_context(|| format!("start the function {}", settings.name))?;
        Ok(Self {
            pid: process.id(),
            running: Arc::new(Running(Mutex::new(process))),
            api,
            folder,
            begun,
            init: None,
            first: None,
            events: 0,
        })
    }

    /// Hands an event over and waits for its end.
    pub(super) async fn hand(&mut self, event: Bytes, timeout: Duration) -> Outcome {
        match self.within(timeout, self.api.asked()).await {
            Waited::There(Ok(at)) => {
                self.init
                    .get_or_insert_with(|| at.saturating_duration_since(self.begun));
            }
            Waited::There(Err(message)) => return Outcome::CannotBegin(message),
            Waited::Ended(log) => {
                return self
                    .said_why()
                    .map_or(Outcome::Ended(log), Outcome::CannotBegin);
            }
            Waited::Late => return self.late(),
        }
        self.events += 1;
        let handed = now();
        let invocation = Invocation {
            id: format!("00000000-0000-4000-8000-{:012x}", self.events),
            event,
            deadline_ms: deadline(timeout),
        };
        match self.within(timeout, self.api.carry_out(invocation)).await {
            Waited::There(answer) => {
                self.first
                    .get_or_insert(self.init.unwrap_or_default() + handed.elapsed());
                match answer {
                    Answer::Done(body) => Outcome::Answered(body),
                    Answer::Failed(message) => Outcome::Failed(message),
                }
            }
            Waited::Ended(log) => Outcome::Ended(log),
            Waited::Late => self.late(),
        }
    }

    /// Waits for something as long as the process runs and is not late.
    async fn within<T>(&self, timeout: Duration, what: impl Future<Output = T>) -> Waited<T> {
        let ended = async {
            while self.running.runs() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            biased;
            there = what => Waited::There(there),
            () = ended => Waited::Ended(tail(&self.log_file())),
            () = tokio::time::sleep(timeout) => Waited::Late,
        }
    }

    fn late(&self) -> Outcome {
        self.running.kill();
        Outcome::Late
    }

    fn said_why(&self) -> Option<String> {
        self.api.cannot_begin()
    }

    /// Asks the process to end, waits, and says whether it ended well.
    pub(super) async fn retire(self) -> anyhow::Result<bool> {
        lock(&self.running.0).signal(Signal::TERM)?;
        let ended = async {
            loop {
                if let Some(status) = lock(&self.running.0).ended() {
                    return status;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let status = tokio::time::timeout(END_WITHIN, ended).await;
        Ok(status.context("it was asked to end and did not")?.success())
    }

    pub(super) fn figures(&self) -> Figures {
        Figures {
            init: self.init.unwrap_or_default(),
            first: self.first,
            rss: rss(self.pid).unwrap_or_default(),
        }
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }
}

enum Waited<T> {
    There(T),
    Ended(String),
    Late,
}

/// KiB that a process holds in RAM.
fn rss(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
