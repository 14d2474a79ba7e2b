//! What is done to the contestants.

use crate::contestants::Contestant;
use crate::drive::orders::{Evening, Talk};

/// One workload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Workload {
    /// Its letter.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// What is done.
    pub kind: Kind,
    /// Rooms; for [`Kind::Growing`] unused.
    pub rooms: u32,
    /// Members of each.
    pub seats: u8,
    /// Of them, those who join half-way.
    pub late: u8,
    /// Messages a second of each member.
    pub rate: f64,
    /// Bytes of a body.
    pub body: usize,
    /// Seconds before anything counts.
    pub warm_up: f64,
    /// Seconds that count; in the first run of the host as it is used.
    pub window: (f64, f64),
    /// Who takes it.
    pub who: Who,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Members talk.
    Talking(Evening),
    /// Rooms grow in number until the latency is too long.
    Growing,
    /// Members are there.
    Idle,
    /// All connections drop, and all come back at once.
    Rejoining,
}

/// Who takes a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody.
    All,
    /// Latchkey alone: it takes several server processes.
    Latchkey,
}

/// Bytes of a usual body.
const USUAL: usize = 100;

const SMALL: Workload = Workload {
    name: "a",
    title: "100 rooms x 4, 10 messages/s each",
    kind: Kind::Talking(Evening::Steady),
    rooms: 100,
    seats: 4,
    late: 0,
    rate: 10.0,
    body: USUAL,
    warm_up: 1.0,
    window: (5.0, 5.0),
    who: Who::All,
};

/// All of them.
pub const ALL: [Workload; 10] = [
    SMALL,
    Workload {
        name: "a2",
        title: "100 rooms x 4, 2 messages/s each",
        rate: 2.0,
        ..SMALL
    },
    Workload {
        name: "b",
        title: "rooms of 4 at 2 messages/s each, until p99 passes 50 ms",
        kind: Kind::Growing,
        rate: 2.0,
        window: (2.5, 2.5),
        ..SMALL
    },
    Workload {
        name: "c",
        title: "4,000 idle members in rooms of 4",
        kind: Kind::Idle,
        rooms: 1_000,
        window: (3.0, 3.0),
        ..SMALL
    },
    Workload {
        name: "c40k",
        title: "40,000 idle members in rooms of 4",
        kind: Kind::Idle,
        rooms: 10_000,
        window: (3.0, 3.0),
        who: Who::Latchkey,
        ..SMALL
    },
    Workload {
        name: "d",
        title: "10,000 rooms x 4, one message per 5 s each",
        rooms: 10_000,
        rate: 0.2,
        warm_up: 3.0,
        window: (20.0, 300.0),
        who: Who::Latchkey,
        ..SMALL
    },
    Workload {
        name: "e",
        title: "one room of 64, 2 messages/s each",
        rooms: 1,
        seats: 64,
        rate: 2.0,
        window: (3.0, 3.0),
        ..SMALL
    },
    Workload {
        name: "f",
        title: "100 rooms x 4, a body of 16 KiB a second each",
        rate: 1.0,
        body: 16 * 1024,
        window: (3.0, 3.0),
        ..SMALL
    },
    Workload {
        name: "g",
        title: "40,000 members rejoin at once",
        kind: Kind::Rejoining,
        rooms: 10_000,
        rate: 0.2,
        window: (3.0, 3.0),
        who: Who::Latchkey,
        ..SMALL
    },
    Workload {
        name: "h",
        title: "an evening: 100 rooms x 4, bursts, reconnects, a late joiner each",
        kind: Kind::Talking(Evening::Lively),
        late: 1,
        rate: 1.0,
        warm_up: 0.5,
        window: (12.0, 12.0),
        ..SMALL
    },
];

/// Seconds of lateness after which a growing workload's step is given up, and any other.
const GIVE_UP: (f64, f64) = (1.0, 60.0);

impl Workload {
    /// The same in a hurry: to see that all works, not to learn figures.
    #[must_use]
    pub fn quick(self) -> Self {
        Self {
            rooms: self.rooms.min(1_000),
            warm_up: 0.5,
            window: match self.kind {
                Kind::Growing => (1.0, 1.0),
                Kind::Talking(Evening::Lively) => (6.0, 6.0),
                _ => (1.5, 1.5),
            },
            ..self
        }
    }

    /// Whether `contestant` takes it.
    #[must_use]
    pub fn is_for(&self, contestant: &Contestant) -> bool {
        match self.who {
            Who::All => true,
            Who::Latchkey => contestant.name.starts_with("latchkey"),
        }
    }

    /// Connections it takes, for sizing.
    #[must_use]
    pub fn connections(&self) -> u32 {
        self.rooms * u32::from(self.seats)
    }

    /// What members are told. `long`: it is the run that takes longer where one does.
    #[must_use]
    pub fn talk(&self, long: bool) -> Talk {
        let growing = self.kind == Kind::Growing;
        Talk {
            rooms: self.rooms,
            rate: self.rate,
            body: self.body,
            warm_up: self.warm_up,
            window: if long { self.window.1 } else { self.window.0 },
            give_up: if growing { GIVE_UP.0 } else { GIVE_UP.1 },
            evening: match self.kind {
                Kind::Talking(evening) => evening,
                _ => Evening::Steady,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_workload_asks_for_more_than_the_host_allows_a_member() {
        use latchkey_protocol::limits::{BODY_SOFT, SAYS_PER_SECOND};
        for workload in &ALL {
            assert!(
                workload.rate < f64::from(SAYS_PER_SECOND),
                "{}",
                workload.name
            );
            assert!(workload.body <= BODY_SOFT, "{}", workload.name);
        }
    }

    #[test]
    fn every_workload_has_a_name_of_its_own() {
        let mut names: Vec<_> = ALL.iter().map(|workload| workload.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
