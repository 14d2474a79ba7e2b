//! What the orchestrator orders a generator to do, and what it reports.

use std::net::SocketAddr;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::latency::{Counts, Latency};
use crate::dialect::Language;

/// One line to a generator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Connect the members of rooms that are not connected yet. The first one says what kind of rooms they are.
    Connect(Connect),
    /// Let members talk.
    Talk(Talk),
    /// Drop all connections at once, and come back at once.
    Rejoin,
}

/// See [`Order::Connect`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Connect {
    /// What is spoken.
    pub language: Language,
    /// Room `i` is served by server `i % servers`.
    pub servers: Vec<SocketAddr>,
    /// Number of the generator, which is its part of the rooms and of the loopback addresses.
    pub generator: u32,
    /// Rooms that should be connected, counted from the first.
    pub rooms: u32,
    /// Members of each.
    pub seats: u8,
    /// Whether the contestant promises one order for all members of a room.
    pub total_order: bool,
    /// Of each room's seats, how many join later.
    pub late: u8,
    /// Makes the rooms of one run others than those of the next.
    pub salt: u64,
}

/// See [`Order::Talk`].
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Talk {
    /// Rooms that talk, from the first; the others keep silent.
    pub rooms: u32,
    /// Messages a second of each member.
    pub rate: f64,
    /// Bytes of a body, as a JSON string with its quotation marks.
    pub body: usize,
    /// Seconds before anything counts.
    pub warm_up: f64,
    /// Seconds that count.
    pub window: f64,
    /// Given up when a delivery is this many seconds late.
    pub give_up: f64,
    /// What else happens.
    pub evening: Evening,
}

/// What else happens while members talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evening {
    /// Nothing.
    Steady,
    /// Talk comes in bursts, members drop off and come back, the late ones join half-way.
    Lively,
}

/// One line from a generator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum Report {
    /// All rooms asked for are connected.
    Connected {
        /// Connections there are.
        connections: u32,
        /// How often a server had no place at first.
        turned_away: u64,
    },
    /// What counts begins now.
    Opened,
    /// What counts has ended; late deliveries are still awaited.
    Closed,
    /// It is over.
    Talked(Talked),
    /// All rooms are in play again.
    Rejoined {
        /// For each room, how long from the drop until all its members saw what one of them said then.
        rooms: Counts,
        /// What went wrong.
        faults: Faults,
        /// How often a server had no place at first.
        turned_away: u64,
    },
}

/// What members saw of a talk.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Talked {
    /// Deliveries received while the window was open.
    pub deliveries: u64,
    /// From when a message was due until a member had it; of messages due in the window.
    pub latency: Counts,
    /// How late the generator itself was with sending.
    pub lag: Counts,
    /// What went wrong.
    pub faults: Faults,
    /// Whether it was given up.
    pub given_up: bool,
}

/// What went wrong in all rooms of a generator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    /// Deliveries that never came.
    pub lost: u64,
    /// Deliveries out of order or repeated.
    pub misordered: u64,
    /// Connections the server ended.
    pub broken: u64,
}

impl Faults {
    /// Those of two generators.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            lost: self.lost + other.lost,
            misordered: self.misordered + other.misordered,
            broken: self.broken + other.broken,
        }
    }
}

/// What all generators saw of a talk.
#[derive(Debug, Clone, Default)]
pub struct Together {
    /// Deliveries received while the window was open.
    pub deliveries: u64,
    /// From when a message was due until a member had it.
    pub latency: Latency,
    /// How late the generators were with sending.
    pub lag: Latency,
    /// What went wrong.
    pub faults: Faults,
    /// Whether one of them gave up.
    pub given_up: bool,
}

impl Together {
    /// Adds what one generator saw.
    ///
    /// # Errors
    /// When its counts make no histogram.
    pub fn add(&mut self, talked: &Talked) -> Result<()> {
        self.deliveries += talked.deliveries;
        self.latency.add(&talked.latency.latency()?);
        self.lag.add(&talked.lag.latency()?);
        self.faults = self.faults.and(talked.faults);
        self.given_up |= talked.given_up;
        Ok(())
    }
}
