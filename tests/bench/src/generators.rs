//! The load generators of a run: processes of this binary on the cores that are not the server's, each with a part of
//! the rooms, because one process may not hold enough files for all.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result};

use crate::drive::latency::Latency;
use crate::drive::orders::{Connect, Faults, Order, Report, Talk, Together};
use crate::server::{PER_PROCESS, SERVER_CORE, on_core};

/// See the module.
#[derive(Debug)]
pub struct Generators(Vec<Generator>);

#[derive(Debug)]
struct Generator {
    child: Child,
    orders: ChildStdin,
    reports: BufReader<ChildStdout>,
}

/// How all rooms came back.
#[derive(Debug)]
pub struct Rejoined {
    /// For each room, how long it took.
    pub rooms: Latency,
    /// What went wrong.
    pub faults: Faults,
    /// How often a server had no place at first.
    pub turned_away: u64,
}

impl Generators {
    /// Starts as many as it takes for so many connections.
    ///
    /// # Errors
    /// When a process does not start.
    pub fn start(connections: u32) -> Result<Self> {
        let number = connections.div_ceil(PER_PROCESS).max(1);
        (0..number)
            .map(|_| Generator::start())
            .collect::<Result<_>>()
            .map(Self)
    }

    /// The part of `rooms` of each generator.
    fn parts(&self, rooms: u32) -> impl Iterator<Item = u32> + use<> {
        let number = u32::try_from(self.0.len()).expect("a few processes");
        (0..number).map(move |this| rooms / number + u32::from(this < rooms % number))
    }

    /// Connects rooms until there are so many.
    ///
    /// # Errors
    /// When a server refuses.
    pub fn connect(&mut self, connect: &Connect) -> Result<u32> {
        let mut connections = 0;
        for (generator, (number, rooms)) in (0..).zip(self.parts(connect.rooms)).enumerate() {
            let connect = Connect {
                generator: number,
                rooms,
                ..connect.clone()
            };
            self.0[generator].order(&Order::Connect(connect))?;
        }
        for generator in &mut self.0 {
            match generator.report()? {
                Report::Connected {
                    connections: some, ..
                } => connections += some,
                other => anyhow::bail!("connecting was answered with {other:?}"),
            }
        }
        Ok(connections)
    }

    /// Lets members talk. `opened` and `closed` are called when what counts begins and ends.
    ///
    /// # Errors
    /// When a server fails.
    pub fn talk(
        &mut self,
        talk: &Talk,
        opened: impl FnOnce() -> Result<()>,
        closed: impl FnOnce() -> Result<()>,
    ) -> Result<Together> {
        for (generator, rooms) in self.parts(talk.rooms).enumerate() {
            self.0[generator].order(&Order::Talk(Talk { rooms, ..*talk }))?;
        }
        let mut edge = |expected: fn(&Report) -> bool| {
            self.0.iter_mut().try_for_each(|generator| {
                let report = generator.report()?;
                anyhow::ensure!(expected(&report), "talking was answered with {report:?}");
                Ok(())
            })
        };
        edge(|report| matches!(report, Report::Opened))?;
        opened()?;
        edge(|report| matches!(report, Report::Closed))?;
        closed()?;
        let mut together = Together::default();
        for generator in &mut self.0 {
            match generator.report()? {
                Report::Talked(talked) => together.add(&talked)?,
                other => anyhow::bail!("talking was answered with {other:?}"),
            }
        }
        Ok(together)
    }

    /// Drops all connections and lets everybody come back at once.
    ///
    /// # Errors
    /// When a server refuses, or some do not come back.
    pub fn rejoin(&mut self) -> Result<Rejoined> {
        for generator in &mut self.0 {
            generator.order(&Order::Rejoin)?;
        }
        let mut together = Rejoined {
            rooms: Latency::default(),
            faults: Faults::default(),
            turned_away: 0,
        };
        for generator in &mut self.0 {
            let Report::Rejoined {
                rooms,
                faults,
                turned_away,
            } = generator.report()?
            else {
                anyhow::bail!("rejoining was answered with something else");
            };
            together.rooms.add(&rooms.latency()?);
            together.faults = together.faults.and(faults);
            together.turned_away += turned_away;
        }
        Ok(together)
    }
}

impl Generator {
    fn start() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("drive");
        let mut child = on_core(SERVER_CORE + 1, command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the load generator does not start; are `taskset` and `setpriv` installed?")?;
        let orders = child.stdin.take().context("its standard input")?;
        let reports = child.stdout.take().context("its standard output")?;
        Ok(Self {
            child,
            orders,
            reports: BufReader::new(reports),
        })
    }

    fn order(&mut self, order: &Order) -> Result<()> {
        let mut line = serde_json::to_string(order)?;
        line.push('\n');
        let sent = self.orders.write_all(line.as_bytes());
        sent.context("the load generator is gone")
    }

    fn report(&mut self) -> Result<Report> {
        let mut line = String::new();
        let read = self.reports.read_line(&mut line)?;
        anyhow::ensure!(read > 0, "the load generator ended; it said why above");
        serde_json::from_str(&line).with_context(|| format!("a report: {line}"))
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        // It has nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
