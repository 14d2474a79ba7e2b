//! A contestant while it runs: its processes on one core, as one group, ended as one.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::clock::{Clock, nanos, pass};
use crate::contestants::{Contestant, Start};
use crate::measure::machine;
use crate::measure::processes::{self, Usage};

/// The core of the contestants. The generators have the other ones.
pub const SERVER_CORE: usize = 0;
/// Connections of one process: a process may hold 20,000 files here, and a host takes 18,000 connections.
pub const PER_PROCESS: u32 = 16_000;
/// A server that has not opened its port after so long will not.
const START_WITHIN: f64 = 30.0;

/// Where things of a run are.
#[derive(Debug, Clone)]
pub struct Places {
    /// What is installed is kept here.
    pub cache: PathBuf,
    /// Data of servers; a folder on a disk, not in memory, for the journal's sake.
    pub scratch: PathBuf,
}

/// See the module.
#[derive(Debug)]
pub struct Server {
    children: Vec<Child>,
    /// Where it listens: each room at one of them.
    pub addresses: Vec<SocketAddr>,
    log: PathBuf,
    /// Taken away with the server.
    _data: TempDir,
}

impl Server {
    /// Starts a contestant for so many connections, and waits until it takes them.
    ///
    /// # Errors
    /// When it does not start; the error has the end of what it said.
    pub fn start(contestant: &Contestant, connections: u32, places: &Places) -> Result<Self> {
        let data = TempDir::new_in(&places.scratch).context("no folder for the server's data")?;
        let log = data.path().join("log");
        let mut server = Self {
            children: Vec::new(),
            addresses: Vec::new(),
            log: log.clone(),
            _data: data,
        };
        let processes = match contestant.start {
            Start::Script => 1,
            Start::Floor | Start::Host { .. } => connections.div_ceil(PER_PROCESS).max(1),
        };
        for number in 1..=processes {
            let port = free_port()?;
            let command = server.command(contestant, number, port, places)?;
            let mut command = on_core(SERVER_CORE, command);
            let out = File::options().create(true).append(true).open(&log)?;
            command
                .stdin(Stdio::null())
                .stdout(out.try_clone()?)
                .stderr(out)
                // All of a contestant's processes are one group: the first one's.
                .process_group(server.group().unwrap_or(0));
            let child = command.spawn().context("the contestant does not start")?;
            server.children.push(child);
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            server.until_listening(address)?;
            server.addresses.push(address);
        }
        Ok(server)
    }

    fn command(
        &self,
        contestant: &Contestant,
        number: u32,
        port: u16,
        places: &Places,
    ) -> Result<Command> {
        let data = self.log.parent().unwrap_or(Path::new("."));
        Ok(match contestant.start {
            Start::Floor => {
                let mut command = beside("bench-floor")?;
                command.arg(port.to_string());
                command
            }
            Start::Host { journal } => {
                let mut command = beside("bench-host")?;
                command.args(["--port", &port.to_string(), "--slot", &number.to_string()]);
                command.arg("--data").arg(data);
                command.args(["--journal", if journal { "folder" } else { "none" }]);
                command
            }
            Start::Script => {
                let mut command = Command::new(contestant.folder().join("start"));
                command.arg(places.cache.join(contestant.name));
                command.arg(port.to_string()).current_dir(data);
                command
            }
        })
    }

    fn until_listening(&mut self, address: SocketAddr) -> Result<()> {
        let clock = Clock::start();
        while TcpStream::connect(address).is_err() {
            let ended = self
                .children
                .iter_mut()
                .any(|child| !matches!(child.try_wait(), Ok(None)));
            if ended || clock.now() > nanos(START_WITHIN) {
                anyhow::bail!("the contestant does not listen; it said:\n{}", self.said());
            }
            pass(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The end of what the server said.
    #[must_use]
    pub fn said(&self) -> String {
        let Ok(file) = File::open(&self.log) else {
            return String::new();
        };
        let lines: Vec<String> = BufReader::new(file).lines().map_while(Result::ok).collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn group(&self) -> Option<i32> {
        self.children
            .first()
            .and_then(|child| i32::try_from(child.id()).ok())
    }

    /// What its processes have used.
    ///
    /// # Errors
    /// When they are gone.
    pub fn usage(&self, memory: bool) -> Result<Usage> {
        let group = self.children.first().map_or(0, Child::id);
        processes::usage(group, memory)
            .with_context(|| format!("the server ended; it said:\n{}", self.said()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(group) = self.group().and_then(Pid::from_raw) {
            // Nothing of its data is wanted any more.
            let _ = kill_process_group(group, Signal::KILL);
        }
        for child in &mut self.children {
            let _ = child.wait();
        }
    }
}

/// A command of a binary beside this one.
///
/// # Errors
/// When this process does not know where it is.
pub fn beside(name: &str) -> Result<Command> {
    let path = std::env::current_exe()?.with_file_name(name);
    anyhow::ensure!(path.exists(), "{} is not built", path.display());
    Ok(Command::new(path))
}

/// The same command, kept on one core, and ended when this process ends, however that is. A machine with one core has
/// to share it.
#[must_use]
pub fn on_core(core: usize, command: Command) -> Command {
    let last = machine::cores().saturating_sub(1);
    let mut pinned = Command::new("setpriv");
    pinned.args(["--pdeathsig", "KILL", "taskset", "-c"]);
    pinned.arg(core.min(last).to_string());
    pinned.arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        pinned.current_dir(folder);
    }
    pinned
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
