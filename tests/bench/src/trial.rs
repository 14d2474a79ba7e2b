//! One contestant under one workload, once: from its start to its end.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::clock::{pass, wall};
use crate::contestants::{Contestant, Start};
use crate::drive::orders::{Connect, Faults, Together};
use crate::generators::Generators;
use crate::measure::kernel;
use crate::measure::processes::Usage;
use crate::progress::Progress;
use crate::rows::Sample;
use crate::server::{PER_PROCESS, Places, Server};
use crate::workloads::{Kind, Workload};

/// The latency at which workload b ends.
const BOUND_MS: f64 = 50.0;
/// Rooms are found to this part.
const PRECISION: f64 = 0.06;
/// A growing workload takes no more steps than these.
const STEPS: u32 = 12;
/// By what part rooms grow or shrink while it is not known where the bound lies, and while an earlier run is a guide.
const FAR: f64 = 0.6;
/// See [`FAR`].
const NEAR: f64 = 0.1;
/// Idle connections are looked at after this, so that what joining left behind is stored and freed.
const SETTLE: Duration = Duration::from_secs(2);
/// A generator later than this was itself too slow, and a latency says nothing of the server.
const LAG_MS: f64 = 5.0;

/// A trial under way.
struct Trial<'a> {
    contestant: &'a Contestant,
    workload: Workload,
    /// Whether it is the run that takes longer where one does.
    long: bool,
    /// What workload b found in an earlier run.
    found: Option<u32>,
    /// Ended before the server, which would else seem to end their connections.
    generators: Generators,
    server: Server,
    connect: Connect,
    /// Memory before the first connection.
    base: Usage,
    base_kernel: u64,
    connections: u32,
    progress: &'a Progress,
}

/// Does one run after `earlier` ones.
///
/// # Errors
/// When contestant or generator fail.
pub fn trial(
    contestant: &Contestant,
    workload: &Workload,
    earlier: &[Sample],
    places: &Places,
    progress: &Progress,
) -> Result<Sample> {
    let connections = workload.connections();
    let server = Server::start(contestant, connections, places)?;
    let generators = Generators::start(connections)?;
    let connect = Connect {
        language: contestant.language,
        servers: server.addresses.clone(),
        generator: 0,
        rooms: 0,
        seats: workload.seats,
        total_order: contestant.total_order,
        late: workload.late,
        salt: wall().0.wrapping_mul(0x9e37_79b9_7f4a_7c15),
    };
    let mut trial = Trial {
        base: server.usage(true)?,
        base_kernel: kernel::sockets_kib(),
        contestant,
        workload: *workload,
        long: earlier.is_empty() && contestant.start == Start::Host { journal: true },
        found: earlier
            .last()
            .and_then(|sample| sample.rooms_max)
            .map(|rooms| scaled(1, rooms).max(1)),
        server,
        generators,
        connect,
        connections: 0,
        progress,
    };
    let sample = match workload.kind {
        Kind::Talking(_) => trial.talking(),
        Kind::Growing => trial.growing(),
        Kind::Idle => trial.idle(),
        Kind::Rejoining => trial.rejoining(),
    };
    sample.with_context(|| format!("the server said last:\n{}", trial.server.said()))
}

impl Trial<'_> {
    fn enlarge(&mut self, rooms: u32) -> Result<()> {
        self.connect.rooms = rooms;
        self.connections = self.generators.connect(&self.connect)?;
        Ok(())
    }

    /// Lets the members of `rooms` talk.
    fn talk(&mut self, rooms: u32) -> Result<Sample> {
        let talk = crate::drive::orders::Talk {
            rooms,
            ..self.workload.talk(self.long)
        };
        let (before, after) = (Cell::default(), Cell::default());
        let server = &self.server;
        let together = self.generators.talk(
            &talk,
            || server.usage(false).map(|usage| before.set(Some(usage))),
            || server.usage(true).map(|usage| after.set(Some(usage))),
        )?;
        let (before, after): (Usage, Usage) = (
            before.take().unwrap_or_default(),
            after.take().unwrap_or_default(),
        );
        self.warn(&together);
        Ok(Sample {
            p50_ms: together.latency.quantile(0.5),
            p99_ms: together.latency.quantile(0.99),
            p999_ms: together.latency.quantile(0.999),
            ..self.with_memory(
                &after,
                with_cost(&before, &after, together.deliveries, together.faults),
            )
        })
    }

    /// Says what makes figures doubtful.
    fn warn(&self, together: &Together) {
        let who = format!("{} {}", self.workload.name, self.contestant.name);
        if together.faults.broken > 0 {
            self.progress.note(&format!(
                "{who}: the server ended {} connections",
                together.faults.broken
            ));
        }
        if let Some(lag) = together.lag.quantile(0.99).filter(|lag| *lag > LAG_MS) {
            self.progress.note(&format!(
                "{who}: the generator itself was late, p99 {lag:.0} ms"
            ));
        }
    }

    fn talking(&mut self) -> Result<Sample> {
        self.enlarge(self.workload.rooms)?;
        self.talk(self.workload.rooms)
    }

    fn idle(&mut self) -> Result<Sample> {
        self.enlarge(self.workload.rooms)?;
        pass(SETTLE + Duration::from_secs_f64(self.workload.window.0));
        Ok(self.with_memory(&self.server.usage(true)?, Sample::default()))
    }

    /// Grows the number of rooms until the latency passes the bound, then halves the doubt.
    fn growing(&mut self) -> Result<Sample> {
        // One server process and one generator hold so many.
        let most = PER_PROCESS / u32::from(self.workload.seats);
        // What an earlier run found is nearly right.
        let (first, stride) = match self.found {
            Some(found) => (found, NEAR),
            None => (self.contestant.first_rooms, FAR),
        };
        let mut rooms = first.min(most);
        let (mut good, mut bad, mut best) = (0, most + 1, Sample::default());
        for _ in 0..STEPS {
            if rooms * u32::from(self.workload.seats) > self.connections {
                self.enlarge(rooms)?;
            }
            let sample = self.talk(rooms)?;
            let p99 = sample.p99_ms.unwrap_or(f64::INFINITY);
            self.progress.say(&format!(
                "b {}: {rooms} rooms, p99 {p99:.1} ms",
                self.contestant.name
            ));
            if p99 <= BOUND_MS {
                (good, best) = (rooms, sample);
            } else {
                bad = rooms;
            }
            let Some(next) = next_rooms(rooms, good, bad, most, stride) else {
                break;
            };
            rooms = next;
        }
        Ok(Sample {
            rooms_max: Some(f64::from(good)),
            ..best
        })
    }

    fn rejoining(&mut self) -> Result<Sample> {
        self.enlarge(self.workload.rooms)?;
        // Something to come back to.
        self.talk(self.workload.rooms)?;
        let back = self.generators.rejoin()?;
        if back.turned_away > 0 {
            self.progress.note(&format!(
                "g {}: {} upgrades or joins were turned away at first and came back",
                self.contestant.name, back.turned_away
            ));
        }
        let after = self.server.usage(true)?;
        let sample = Sample {
            p50_ms: back.rooms.quantile(0.5),
            p99_ms: back.rooms.quantile(0.99),
            p999_ms: back.rooms.quantile(0.999),
            lost: back.faults.lost,
            misordered: back.faults.misordered,
            ..Sample::default()
        };
        Ok(self.with_memory(&after, sample))
    }

    fn with_memory(&self, now: &Usage, sample: Sample) -> Sample {
        let connections = f64::from(self.connections.max(1));
        let kernel = kernel::sockets_kib().saturating_sub(self.base_kernel);
        Sample {
            kib_per_connection: Some(
                whole(now.pss_kib.saturating_sub(self.base.pss_kib)) / connections,
            ),
            // Half of the ends are the generator's.
            kernel_kib_per_connection: Some(whole(kernel) / connections / 2.0),
            ..sample
        }
    }
}

/// The next number of rooms to try after `rooms`, when `good` were carried and `bad` were not; `None` when it is known well
/// enough. While one side is unknown, `stride` is the part of `rooms` by which it goes on.
fn next_rooms(rooms: u32, good: u32, bad: u32, most: u32, stride: f64) -> Option<u32> {
    if good == 0 {
        return (bad > 1).then(|| scaled(rooms, 1.0 / (1.0 + stride)).min(bad - 1));
    }
    if bad > most {
        let next = scaled(rooms, 1.0 + stride).max(good + 1).min(most);
        return (next > good).then_some(next);
    }
    let doubt = f64::from(bad - good) / f64::from(bad);
    (doubt > PRECISION).then_some(good.midpoint(bad))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rooms are some thousands"
)]
fn scaled(rooms: u32, by: f64) -> u32 {
    (f64::from(rooms) * by) as u32
}

/// What deliveries cost between two looks.
fn with_cost(before: &Usage, after: &Usage, deliveries: u64, faults: Faults) -> Sample {
    let spent = after.since(before);
    let each = |seconds: f64| (deliveries > 0).then(|| seconds * 1e6 / whole(deliveries));
    Sample {
        cpu_us_per_delivery: each(spent.cpu),
        user_us: each(spent.user),
        kernel_us: each(spent.kernel),
        lost: faults.lost,
        misordered: faults.misordered,
        ..Sample::default()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a bench are far below 2^52"
)]
fn whole(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches as workload b does, for a server that carries `carries` rooms: what it finds, and in how many steps.
    fn search(first: u32, carries: u32, most: u32, stride: f64) -> (u32, u32) {
        let (mut rooms, mut good, mut bad, mut steps) = (first, 0, most + 1, 0);
        loop {
            steps += 1;
            if rooms <= carries {
                good = rooms;
            } else {
                bad = rooms;
            }
            match next_rooms(rooms, good, bad, most, stride) {
                Some(next) => rooms = next,
                None => return (good, steps),
            }
        }
    }

    #[test]
    fn growing_finds_what_a_server_carries_wherever_it_begins() {
        for carries in [60, 280, 2_400, 3_999] {
            for (first, stride, most_steps) in [
                (carries / 4, FAR, STEPS),
                (carries * 3 / 4, FAR, STEPS),
                (carries * 2, FAR, STEPS),
                (carries * 97 / 100, NEAR, 4),
                (carries * 104 / 100, NEAR, 4),
            ] {
                let (found, steps) = search(first, carries, 4_000, stride);
                let doubt = f64::from(carries - found) / f64::from(carries);
                assert!(
                    doubt <= PRECISION + 0.02,
                    "{found} of {carries} from {first}"
                );
                assert!(
                    steps <= most_steps,
                    "{steps} steps from {first} to {carries}"
                );
            }
        }
    }

    #[test]
    fn growing_ends_at_what_one_process_holds_and_at_nothing() {
        assert_eq!(search(2_000, 10_000, 4_000, FAR).0, 4_000);
        assert_eq!(search(100, 0, 4_000, FAR).0, 0);
    }

    #[test]
    fn a_delivery_costs_the_time_between_two_looks() {
        let before = Usage {
            cpu: 1_000_000_000,
            ..Usage::default()
        };
        let after = Usage {
            cpu: 1_500_000_000,
            user_ticks: 10,
            kernel_ticks: 40,
            pss_kib: 0,
        };
        let sample = with_cost(&before, &after, 50_000, Faults::default());
        assert_eq!(sample.cpu_us_per_delivery, Some(10.0));
        assert_eq!((sample.user_us, sample.kernel_us), (Some(2.0), Some(8.0)));
        let none = with_cost(&before, &after, 0, Faults::default());
        assert_eq!(none.cpu_us_per_delivery, None);
    }
}
