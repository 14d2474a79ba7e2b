//! Rooms, their archive and a journal on a simulated disk, with the plainest possible account of what each room's
//! history is and how much of it may not be lost.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use latchkey_journal::{AppendError, Journal, Limits};
use latchkey_protocol::{Body, Epoch, Kind, Mac, Record, RoomId, Seq, UnixMs};

use super::{Accident, Plan, Rng, SimDisk};

/// Segments so small that every few records begin another one.
pub(crate) const LIMITS: Limits = Limits {
    bytes: 24 * 1024,
    segment: 1024,
};
const ROOMS: usize = 4;

pub(crate) fn room_id(n: usize) -> RoomId {
    RoomId::from_random([u8::try_from(n).expect("few rooms"); 20])
}

pub(crate) fn record(seq: u64, epoch: u64, tag: u64, length: usize) -> Record {
    let body = format!("\"{tag:x}{}\"", "x".repeat(length));
    Record {
        seq: Seq(seq),
        epoch: Epoch(epoch),
        from: None,
        n: tag,
        at: UnixMs(1_000 + seq),
        kind: Kind::Said,
        body: Body::from_checked(body.into()),
        mac: Mac([7; 16]),
    }
}

struct Room {
    id: RoomId,
    epoch: u64,
    /// What the archive holds; safe from everything.
    archive: Vec<Record>,
    /// What the room's owner knows, which begins with the archive.
    log: Vec<Record>,
    /// How much of `log` was synced or is archived.
    durable: usize,
    /// Whether the archive went another way and nothing was appended since.
    moved: bool,
    /// Histories this process gave up, which the disk may still tell when it lost what replaced them.
    former: Vec<Vec<Record>>,
    /// Histories with records that a failed append may have left on the disk.
    ghosts: Vec<Vec<Record>>,
}

/// A history as seq, epoch and number of each record.
fn brief(history: &[Record]) -> String {
    let name = |record: &Record| format!("{}/{}#{}", record.seq, record.epoch, record.n);
    history.iter().map(name).collect::<Vec<_>>().join(" ")
}

/// Everything.
pub(crate) struct World {
    pub(crate) disk: SimDisk,
    pub(crate) journal: Journal,
    rooms: Vec<Room>,
    rng: Rng,
    tag: u64,
    /// Appends that the journal refused because it was full.
    pub(crate) full: usize,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let disk = SimDisk::new(seed ^ 0x5eed, Plan::default());
        let (journal, recovered) = Journal::open(disk.arc(), LIMITS).expect("an empty disk opens");
        assert_eq!(recovered.rooms().count(), 0);
        let rooms = (0..ROOMS).map(|n| Room {
            id: room_id(n),
            epoch: 1,
            archive: Vec::new(),
            log: Vec::new(),
            durable: 0,
            moved: false,
            former: Vec::new(),
            ghosts: Vec::new(),
        });
        Self {
            disk,
            journal,
            rooms: rooms.collect(),
            rng: Rng::new(seed),
            tag: 0,
            full: 0,
        }
    }

    /// Does `steps` things, or fewer when the process dies or the journal fails.
    pub(crate) fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            if self.disk.is_dead() || self.journal.figures().failed {
                return;
            }
            let room = self.rng.below(ROOMS);
            match self.rng.below(20) {
                0..=9 => self.append(room, 1),
                10..=12 => {
                    let count = 1 + self.rng.below(5);
                    self.append(room, count);
                }
                13..=14 => self.sync(),
                15..=17 => self.store(room),
                18 => self.move_away_and_back(room),
                _ => self.check_tail(room),
            }
        }
    }

    pub(crate) fn append(&mut self, room: usize, count: usize) {
        let room = &mut self.rooms[room];
        let mut records = Vec::new();
        for _ in 0..count {
            self.tag += 1;
            let seq = (room.log.len() + records.len() + 1) as u64;
            records.push(record(seq, room.epoch, self.tag, self.rng.below(90)));
        }
        let appended = if count == 1 {
            self.journal.append(room.id, &records[0])
        } else {
            self.journal.append_all(room.id, &records)
        };
        match appended {
            Ok(()) => {
                room.log.extend(records);
                room.moved = false;
                // The next segment says where the failed one ends.
                self.rooms.iter_mut().for_each(|room| room.ghosts.clear());
            }
            Err(AppendError::Io(_)) => {
                let mut ghost = room.log.clone();
                ghost.extend(records);
                room.ghosts.push(ghost);
            }
            Err(AppendError::Full { .. }) => self.full += 1,
            Err(AppendError::Failed) => assert!(self.journal.figures().failed),
            Err(error @ AppendError::Body { .. }) => panic!("{error}"),
        }
    }

    pub(crate) fn sync(&mut self) {
        if self.journal.sync().is_ok() {
            self.rooms
                .iter_mut()
                .for_each(|room| room.durable = room.log.len());
        }
    }

    /// Moves a part of what is not stored to the archive.
    pub(crate) fn store(&mut self, room: usize) {
        let room = &mut self.rooms[room];
        let unstored = room.log.len() - room.archive.len();
        let stored = room.archive.len() + self.rng.below(unstored + 1).max(unstored / 2);
        room.archive = room.log[..stored].to_vec();
        room.durable = room.durable.max(stored);
        self.journal.stored(room.id, Seq(stored as u64));
    }

    /// Moves all of a room to the archive.
    pub(crate) fn store_all(&mut self, room: usize) {
        let room = &mut self.rooms[room];
        room.archive = room.log.clone();
        room.durable = room.log.len();
        self.journal.stored(room.id, Seq(room.log.len() as u64));
    }

    /// Another host, which knows the archive only, takes the room, may add records, stores them, and gives it back.
    pub(crate) fn move_away_and_back(&mut self, room: usize) {
        let room = &mut self.rooms[room];
        room.former.push(room.log.clone());
        room.epoch += 1;
        for _ in 0..self.rng.below(4) {
            self.tag += 1;
            let seq = room.archive.len() as u64 + 1;
            room.archive.push(record(seq, room.epoch, self.tag, 5));
        }
        room.epoch += 1;
        room.log = room.archive.clone();
        room.durable = room.log.len();
        room.moved = true;
        self.journal.stored(room.id, Seq(room.archive.len() as u64));
    }

    fn check_tail(&mut self, room: usize) {
        let room = &self.rooms[room];
        let tail = self.journal.tail(room.id, Seq(room.archive.len() as u64));
        if self.disk.is_dead() {
            return;
        }
        let history = room.continued(tail.expect("the disk does not refuse reads"));
        if !room.moved {
            assert_eq!(history, room.log, "tail of {}", room.id);
        }
    }

    /// The accident, and a new process that recovers; everything it finds is checked.
    pub(crate) fn crash(&mut self, accident: Accident, plan: Plan) {
        // Recovery is interrupted as well, unless it is done before.
        let operation = self.rng.below(8) as u64;
        self.disk.restart(
            accident,
            Plan {
                dies_at: Some(operation),
                ..Plan::default()
            },
        );
        let interrupted = Journal::open(self.disk.arc(), LIMITS);
        assert_eq!(interrupted.is_err(), self.disk.is_dead());
        self.disk.restart(accident, Plan::default());
        let before = self.disk.files();
        let (_, mut first) = Journal::open(self.disk.arc(), LIMITS).expect("recovery succeeds");
        let (journal, mut again) =
            Journal::open(self.disk.arc(), LIMITS).expect("recovery succeeds");
        assert_eq!(
            self.disk.files(),
            before,
            "recovery changes nothing on the disk"
        );
        assert_eq!(first.findings(), again.findings());
        self.journal = journal;
        for room in &mut self.rooms {
            let stored = Seq(room.archive.len() as u64);
            let records = first.take(room.id, stored);
            assert_eq!(
                records,
                again.take(room.id, stored),
                "recovery finds the same again"
            );
            let tail = self
                .journal
                .tail(room.id, stored)
                .expect("the disk does not refuse reads");
            assert_eq!(records, tail, "the tail is what was recovered");
            room.check(accident, room.continued(records));
            self.journal.stored(room.id, stored);
        }
        self.disk.plan(plan);
    }

    /// Stores everything, after which nothing but the segment being written may be left.
    pub(crate) fn finish(&mut self) {
        self.disk.plan(Plan::default());
        for room in &mut self.rooms {
            room.archive = room.log.clone();
            self.journal.stored(room.id, Seq(u64::MAX));
        }
        assert_eq!(self.journal.figures().rooms, 0);
        assert_eq!(self.journal.figures().oldest_unstored, None);
        if !self.journal.figures().failed {
            self.journal.sync().expect("the disk is sound");
            assert!(
                self.journal.figures().segments <= 1,
                "{:?}",
                self.journal.figures()
            );
        }
    }
}

impl Room {
    /// The archive and what the journal adds to it. Records of an epoch below the archive's last one continue
    /// another history (J5.3).
    fn continued(&self, records: Vec<Record>) -> Vec<Record> {
        let archived = self.archive.last().map(|record| record.epoch);
        let stale = records
            .first()
            .is_some_and(|first| Some(first.epoch) < archived);
        let mut history = self.archive.clone();
        history.extend(if stale { Vec::new() } else { records });
        history
    }

    fn check(&mut self, accident: Accident, history: Vec<Record>) {
        let least = match accident {
            Accident::Kill => self.log.len(),
            Accident::PowerLoss => self.durable,
        };
        assert!(
            history.starts_with(&self.log[..least]),
            "after {accident:?} room {} lost some of its {least} records:\n{}\nof\n{}",
            self.id,
            brief(&history),
            brief(&self.log)
        );
        let told = self.former.iter().chain(&self.ghosts).chain([&self.log]);
        assert!(
            told.into_iter().any(|told| told.starts_with(&history)),
            "after {accident:?} room {} has a history nobody told:\n{}\nnot {}",
            self.id,
            brief(&history),
            brief(&self.log)
        );
        if accident == Accident::PowerLoss {
            self.durable = history.len();
            self.former.clear();
        }
        self.log = history;
        self.epoch += 1;
        self.moved = false;
        self.ghosts.clear();
    }
}
