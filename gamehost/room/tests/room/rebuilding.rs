//! The property of rebuilding: hosts are lost one after another, each with what it had not stored, and each next one is
//! rebuilt from whichever members come. What goes on is always what a plain model says, members of that history are
//! never rewound, and all end with one log, each record once.

use std::cell::RefCell;
use std::collections::BTreeMap;

use latchkey_protocol::{Epoch, Position, Record, Seq, Vouch};
use latchkey_room::{ConnectionId, Read, Rebuild, Summary};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use serde_json::value::RawValue;

use crate::harness::*;

const MEMBERS: usize = 4;
const SEED: u64 = 7;

/// What the runs must have come through.
const MUST_HAPPEN: [&str; 10] = [
    "a copy longer than the archive went on",
    "histories were rivals",
    "a member was resumed",
    "a member was rewound",
    "a member that was not waited for was rewound",
    "an absent member knew an epoch that ordered nothing here",
    "a journal's tail went on",
    "an epoch ordered nothing",
    "a rewind was told exactly",
    "a rewind was told less than exactly",
];

/// The life of one host: who comes while it gathers, who comes later, what is said and heard and stored.
#[derive(Debug, Clone)]
struct Life {
    come: [bool; MEMBERS],
    late: [bool; MEMBERS],
    piece: usize,
    says: Vec<usize>,
    /// How many of the records sent each one hears before the host is lost.
    hears: [usize; MEMBERS],
    stores: usize,
    /// This host's journal is found again by the next one.
    journal_kept: bool,
}

fn life() -> impl Strategy<Value = Life> {
    let says = prop_oneof![1 => Just(Vec::new()), 4 => prop::collection::vec(0..MEMBERS, 1..12)];
    let who = || prop::array::uniform4(prop::bool::weighted(0.5));
    let hears = prop::array::uniform4(prop_oneof![0..6_usize, Just(usize::MAX)]);
    let stores = prop_oneof![2 => Just(0_usize), 1 => 0..10_usize];
    (
        who(),
        who(),
        1..5_usize,
        says,
        hears,
        stores,
        prop::bool::weighted(0.2),
    )
        .prop_map(
            |(come, late, piece, says, hears, stores, journal_kept)| Life {
                come,
                late,
                piece,
                says,
                hears,
                stores,
                journal_kept,
            },
        )
}

#[derive(Debug, Default)]
struct World {
    archive: Vec<Record>,
    copies: [Vec<Record>; MEMBERS],
    /// What each was told to be stored.
    stored: [usize; MEMBERS],
    /// What a former host's journal holds.
    journal: Vec<Record>,
    epoch: u64,
    seen: BTreeMap<&'static str, u64>,
}

fn frames(records: &[Record]) -> Vec<Box<RawValue>> {
    let text = |record: &Record| String::from_utf8(record.to_frame().to_vec()).unwrap();
    records
        .iter()
        .map(|record| RawValue::from_string(text(record)).unwrap())
        .collect()
}

/// The records of a copy after the archive's, if it is of the archive's history.
fn tail_of<'a>(copy: &'a [Record], archive: &[Record]) -> &'a [Record] {
    copy.strip_prefix(archive).unwrap_or_default()
}

impl World {
    fn see(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn summary(&self) -> Summary {
        let table = Table::open(start(u64::MAX, Summary::default(), self.archive.clone()));
        table.room.summary_at(table.room.tail()).unwrap()
    }

    fn live(&mut self, life: &Life) {
        self.epoch += 1;
        let rebuilt = self.gather(life);
        self.judge(life, &rebuilt);
        let mut table = Table::open(start(self.epoch, self.summary(), rebuilt.clone()));
        table.journal.records = [&self.archive[..], &rebuilt].concat();
        for who in (0..MEMBERS).filter(|who| life.come[*who]) {
            self.join(&mut table, who, &rebuilt);
            self.hear(&mut table, who, life.hears[who]);
        }
        for (turn, who) in life.says.iter().copied().enumerate() {
            if turn == life.says.len() / 2 {
                for who in (0..MEMBERS).filter(|who| life.late[*who] && !life.come[*who]) {
                    self.join(&mut table, who, &rebuilt);
                    self.hear(&mut table, who, life.hears[who]);
                }
            }
            let said = table
                .journal
                .records
                .iter()
                .filter(|r| r.from == Some(member(who)));
            let n = said.map(|record| record.n).max().map_or(1, |n| n + 1);
            table.pass(40);
            table.send(
                who as u64,
                &json!({"op": "say", "n": n, "body": [self.epoch, turn]}),
            );
        }
        for who in 0..MEMBERS {
            self.hear(&mut table, who, life.hears[who]);
        }
        if table
            .journal
            .records
            .last()
            .is_none_or(|last| last.epoch.0 < self.epoch)
        {
            self.see("an epoch ordered nothing");
        }
        let stored = (self.archive.len() + life.stores).min(table.journal.records.len());
        self.archive = table.journal.records[..stored].to_vec();
        for who in 0..MEMBERS {
            // Those still on the line are told.
            if table.journal.records.starts_with(&self.copies[who]) {
                self.stored[who] = stored;
            }
        }
        if life.journal_kept {
            self.journal = table.journal.records;
        }
    }

    fn gather(&mut self, life: &Life) -> Vec<Record> {
        let after = self.archive.len();
        let own = self.journal.get(after..).unwrap_or_default().to_vec();
        let mut rebuild = Rebuild::new(key(), &self.summary(), Epoch(self.epoch), own);
        assert_eq!(rebuild.after(), Seq(after as u64));
        for who in (0..MEMBERS).filter(|who| life.come[*who]) {
            let id = ConnectionId(who as u64);
            rebuild.arrive(id, member(who));
            let texts = frames(self.copies[who].get(after..).unwrap_or_default());
            let mut pieces: Vec<_> = texts.chunks(life.piece).collect();
            let last = pieces.pop().unwrap_or_default();
            let mut vouch = |piece: &[Box<RawValue>], more| {
                let records = piece.iter().map(|text| &**text).collect();
                let online = vec![member(who)];
                let vouch = Vouch {
                    records,
                    online,
                    more,
                };
                rebuild.vouch(id, &vouch)
            };
            for piece in pieces {
                assert_eq!(
                    vouch(piece, true),
                    Ok(()),
                    "an honest member is never closed"
                );
            }
            assert_eq!(vouch(last, false), Ok(()));
        }
        assert_eq!(rebuild.is_complete(), life.come.contains(&true));
        rebuild.finish()
    }

    /// The model: of all tails in the hands of who came, the one whose last record has the highest epoch, then the
    /// longest.
    fn judge(&mut self, life: &Life, rebuilt: &[Record]) {
        let came = (0..MEMBERS).filter(|who| life.come[*who]);
        let tails = came.map(|who| tail_of(&self.copies[who], &self.archive));
        let own = tail_of(&self.journal, &self.archive);
        let mut tails: Vec<_> = tails.chain([own]).filter(|tail| !tail.is_empty()).collect();
        tails.sort_by_key(|tail| (tail.last().map(|last| last.epoch), tail.len()));
        let best = tails.last().copied().unwrap_or_default();
        assert_eq!(rebuilt, best);
        let rivals = tails.iter().any(|tail| !best.starts_with(tail));
        let (went_on, from_journal) = (!best.is_empty(), !best.is_empty() && best == own);
        if rivals {
            self.see("histories were rivals");
        }
        if went_on {
            self.see("a copy longer than the archive went on");
        }
        if from_journal {
            self.see("a journal's tail went on");
        }
    }

    fn join(&mut self, table: &mut Table, who: usize, rebuilt: &[Record]) {
        let last = self.copies[who].last();
        let have = last.map(|last| Position {
            epoch: last.epoch,
            seq: last.seq,
        });
        let log = table.journal.records.clone();
        let holds = log.starts_with(&self.copies[who]);
        let opened = self.archive.len() + rebuilt.len();
        let replies = replies(&table.join_on(who as u64, who, have));
        let Some(have) = have else {
            assert_eq!(ops(&replies), ["welcome"]);
            return;
        };
        if holds {
            assert_eq!(
                ops(&replies),
                ["welcome"],
                "{have:?} is part of the history"
            );
            assert_eq!(replies[0]["resumed"], true);
            self.see("a member was resumed");
            return;
        }
        assert_eq!(ops(&replies), ["rewind", "welcome"], "{have:?} is not");
        let common = self.copies[who]
            .iter()
            .zip(&log)
            .take_while(|(a, b)| a == b)
            .count();
        let told = usize::try_from(replies[0]["seq"].as_u64().unwrap()).unwrap();
        let most = self.copies[who].len();
        assert!(
            (common..most).contains(&told),
            "P4.8: {common} hold, told {told}"
        );
        assert!(told >= self.stored[who], "P5.3: what is stored holds");
        self.see("a member was rewound");
        if log.len() > opened {
            self.see("a member that was not waited for was rewound");
        }
        if log.iter().all(|record| record.epoch != have.epoch) {
            self.see("an absent member knew an epoch that ordered nothing here");
        }
        if common == told {
            self.see("a rewind was told exactly");
        } else {
            self.see("a rewind was told less than exactly");
        }
        self.copies[who].clear();
    }

    /// The member takes in up to `most` of the records sent to it.
    fn hear(&mut self, table: &mut Table, who: usize, most: usize) {
        let mut sent = Vec::new();
        loop {
            let (read, frames) = table.read_once(who as u64);
            let texts = frames
                .iter()
                .map(|frame| std::str::from_utf8(frame).unwrap());
            sent.extend(texts.filter_map(|text| Record::from_frame(text).ok()));
            match read {
                Read::CaughtUp | Read::Gone => break,
                Read::More => {}
                Read::FromArchive { after, through } => {
                    let archived = table.journal.records.iter();
                    let missing = archived.filter(|r| r.seq > after && r.seq <= through);
                    sent.extend(missing.cloned());
                    table.room.caught_up_to(ConnectionId(who as u64), through);
                }
            }
        }
        if sent.is_empty() {
            return;
        }
        let heard = sent.len().min(most);
        if heard < sent.len() {
            // The line broke in the middle.
            table.gone(who as u64);
        }
        self.copies[who].extend_from_slice(&sent[..heard]);
        assert!(
            table.journal.records.starts_with(&self.copies[who]),
            "P5.1: each record once"
        );
    }

    /// One more host, and everybody comes to it.
    fn settle(&mut self) {
        self.live(&Life {
            come: [true; MEMBERS],
            late: [false; MEMBERS],
            piece: 3,
            says: vec![0, 1, 2, 3],
            hears: [usize::MAX; MEMBERS],
            stores: 0,
            journal_kept: false,
        });
        for copy in &self.copies {
            assert_eq!(copy, &self.copies[0], "P5.1: the same for all");
        }
    }
}

#[test]
fn p6_9_whoever_comes_the_best_history_goes_on_its_members_are_not_rewound_and_all_end_with_one_log()
 {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&SEED.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    };
    let seen = RefCell::new(BTreeMap::new());
    let lives = prop::collection::vec(life(), 1..12);
    TestRunner::new_with_rng(config, rng)
        .run(&lives, |lives| {
            let mut world = World::default();
            lives.iter().for_each(|life| world.live(life));
            world.settle();
            for (what, times) in world.seen {
                *seen.borrow_mut().entry(what).or_insert(0) += times;
            }
            Ok(())
        })
        .unwrap();
    let seen = seen.into_inner();
    for what in MUST_HAPPEN {
        assert!(seen.contains_key(what), "never seen: {what}; seen {seen:?}");
    }
}
