//! The hosts that run in processes of their own: each is started, watched, started again whenever it ends, and told to
//! end. What the process itself does is in [`crate::child`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::hosting::{LEAVE_WITHIN, STOP_WITHIN};
use crate::pipes::{Briefing, LINE, Order, Ready, line};

/// From starting a process until it serves. A full journal takes seconds to read.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// What a host that ends needs beside that.
const MARGIN: Duration = Duration::from_secs(5);
/// A host that ran for so long is well, so the next end is taken for the first.
const WELL_AFTER: Duration = Duration::from_secs(10);
/// The second wait before a host is started again; the first end needs none, and every further wait doubles.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Requests to roll a host that wait for their turn.
const ROLLS: usize = 4;

/// How every process is started.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// The binary, by the path it was started by: a file that takes its place is the next one's binary.
    pub(crate) binary: PathBuf,
    /// The arguments, without the slot.
    pub(crate) arguments: Vec<OsString>,
    /// What it is told.
    pub(crate) briefing: Briefing,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Supervisor {
    hosts: BTreeMap<u16, Watched>,
    tasks: JoinSet<()>,
}

/// One of them, as others see it. Clones see the same.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    running: watch::Receiver<Option<Ready>>,
    rolls: mpsc::Sender<()>,
}

impl Watched {
    /// The process that serves now; nothing while there is none.
    pub(crate) fn running(&self) -> Option<Ready> {
        self.running.borrow().clone()
    }

    /// Tells the process to hand its rooms over and end, so that a new one takes its place. Says whether it will be
    /// told: a host that has not begun to serve need not be.
    pub(crate) fn roll(&self) -> bool {
        self.running.borrow().is_some() && self.rolls.try_send(()).is_ok()
    }
}

impl Supervisor {
    /// Starts a host in every slot up to `hosts`; they end when `stop` becomes true.
    pub(crate) fn start(recipe: &Recipe, hosts: u16, stop: &watch::Receiver<bool>) -> Self {
        let mut tasks = JoinSet::new();
        let mut start = |slot| {
            let (serves, running) = watch::channel(None);
            let (rolls, asked) = mpsc::channel(ROLLS);
            let keeper = Keeper {
                slot,
                recipe: recipe.clone(),
                serves,
                rolls: asked,
                stop: stop.clone(),
            };
            tasks.spawn(keeper.run());
            (slot, Watched { running, rolls })
        };
        let hosts = (1..=hosts).map(&mut start).collect();
        Self { hosts, tasks }
    }

    /// The hosts by their slots.
    pub(crate) fn hosts(&self) -> &BTreeMap<u16, Watched> {
        &self.hosts
    }

    /// Waits until every host serves.
    pub(crate) async fn ready(&self) -> Result<Vec<Ready>> {
        let mut ready = Vec::new();
        for (slot, host) in &self.hosts {
            let mut running = host.running.clone();
            let serves = timeout(READY_WITHIN, running.wait_for(Option::is_some)).await;
            match serves {
                Ok(Ok(serves)) => ready.extend(serves.clone()),
                _ => bail!(
                    "host {slot} does not serve after {} seconds; its lines above say why",
                    READY_WITHIN.as_secs()
                ),
            }
        }
        Ok(ready)
    }

    /// Waits until all have ended, which they do after the stop.
    pub(crate) async fn ended(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Keeps a host running in one slot.
struct Keeper {
    slot: u16,
    recipe: Recipe,
    serves: watch::Sender<Option<Ready>>,
    rolls: mpsc::Receiver<()>,
    stop: watch::Receiver<bool>,
}

/// What became of a process.
enum Ended {
    /// It ended, or could not be started, for the reason given; it was well for a while before, or not.
    Again { why: String, was_well: bool },
    /// It was told to stop.
    Stopped,
}

impl Keeper {
    async fn run(mut self) {
        let mut wait = Duration::ZERO;
        loop {
            let ended = self.one_life().await.unwrap_or_else(|error| Ended::Again {
                why: format!("{error:#}"),
                was_well: false,
            });
            self.serves.send_replace(None);
            let Ended::Again { why, was_well } = ended else {
                return;
            };
            if was_well {
                wait = Duration::ZERO;
            }
            tracing::warn!(host = self.slot, why, wait = ?wait, "a host is started again");
            tokio::select! {
                () = sleep(wait) => {}
                () = stopped(&mut self.stop) => return,
            }
            wait = longer(wait);
        }
    }

    /// Starts the process and stays with it until it has ended.
    async fn one_life(&mut self) -> Result<Ended> {
        // Whoever asked before this process served has got a new one by now.
        while self.rolls.try_recv().is_ok() {}
        let mut process = self.spawn()?;
        let mut orders = process.stdin.take().context("its pipe is missing")?;
        let ready = tokio::select! {
            ready = begin(&self.recipe.briefing, &mut process, &mut orders) => ready,
            () = stopped(&mut self.stop) => {
                end(self.slot, process, orders).await;
                return Ok(Ended::Stopped);
            }
        };
        match ready {
            Ok(ready) => {
                tracing::info!(host = self.slot, process = ready.pid, "a host serves");
                self.serves.send_replace(Some(ready));
            }
            Err(error) => {
                // Dropping it would end it as well; only then is its status of use.
                let _ = process.start_kill();
                let status = process.wait().await.context("it cannot be waited for")?;
                return Err(error.context(describe(status)));
            }
        }
        self.stay(process, orders).await
    }

    /// Waits until the serving process ends, passing on what it is told.
    async fn stay(&mut self, mut process: Child, mut orders: ChildStdin) -> Result<Ended> {
        let mut well = std::pin::pin!(sleep(WELL_AFTER));
        let mut was_well = false;
        let mut patience = std::pin::pin!(sleep(Duration::MAX));
        loop {
            tokio::select! {
                status = process.wait() => {
                    let why = describe(status.context("it cannot be waited for")?);
                    return Ok(Ended::Again { why, was_well });
                }
                () = &mut well, if !was_well => was_well = true,
                Some(()) = self.rolls.recv() => {
                    tracing::info!(host = self.slot, "a host is told to hand over its rooms and end");
                    tell(&mut orders, Order::Leave).await;
                    // It is asked to, so its end is no sign of trouble.
                    was_well = true;
                    patience.set(sleep(LEAVE_WITHIN + MARGIN));
                }
                () = &mut patience => {
                    tracing::warn!(host = self.slot, "a host took too long to leave and is ended");
                    let _ = process.start_kill();
                    patience.set(sleep(Duration::MAX));
                }
                () = stopped(&mut self.stop) => {
                    end(self.slot, process, orders).await;
                    return Ok(Ended::Stopped);
                }
            }
        }
    }

    fn spawn(&self) -> Result<Child> {
        let mut command = Command::new(&self.recipe.binary);
        command
            .arg("host")
            .args(["--slot", &self.slot.to_string()])
            .args(&self.recipe.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the parent alone, which lets all hosts end in order.
            .process_group(0)
            .kill_on_drop(true);
        command
            .spawn()
            .with_context(|| format!("{} cannot be started", self.recipe.binary.display()))
    }
}

/// Briefs the process and waits until it serves.
async fn begin(briefing: &Briefing, process: &mut Child, orders: &mut ChildStdin) -> Result<Ready> {
    let out = process.stdout.take().context("its pipe is missing")?;
    orders
        .write_all(&line(briefing))
        .await
        .context("it ended before it was told anything")?;
    let mut text = String::new();
    let mut out = BufReader::new(out.take(LINE as u64));
    timeout(READY_WITHIN, out.read_line(&mut text))
        .await
        .context("it did not serve in time")?
        .context("it cannot be listened to")?;
    if text.is_empty() {
        bail!("it ended before it served");
    }
    serde_json::from_str(&text).context("it said something else than that it serves")
}

/// Ends the process: in order if it can be, by force if it takes too long.
async fn end(slot: u16, mut process: Child, mut orders: ChildStdin) {
    tell(&mut orders, Order::Stop).await;
    if timeout(STOP_WITHIN + MARGIN, process.wait()).await.is_err() {
        tracing::warn!(
            host = slot,
            "a host took too long to stop and is killed; its journal has what is unstored"
        );
        let _ = process.kill().await;
    }
}

/// A process that does not take an order has ended or will be ended by force.
async fn tell(orders: &mut ChildStdin, order: Order) {
    if let Err(error) = orders.write_all(&line(&order)).await {
        tracing::debug!(%error, ?order, "a host does not listen");
    }
}

/// Resolves when it is time to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is left to say so, which is the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn longer(wait: Duration) -> Duration {
    (wait * 2).clamp(FIRST_WAIT, LONGEST_WAIT)
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(0), _) => "it ended in good order".to_owned(),
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by signal {signal}"),
        (None, None) => "it ended".to_owned(),
    }
}
