//! What the archive holds at the end, read by somebody who has nothing, against what was reported stored meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Wrong;
use crate::history::{History, Record, Seen};

/// Judges what the archive alone gives back of one room. Everything a member held and was told to be stored is there,
/// as it was seen; further records may be.
#[must_use]
pub fn check_archive(histories: &[History], archived: &[Arc<Record>]) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for two in archived.windows(2) {
        if let [before, record] = two
            && record.seq != before.seq + 1
        {
            wrong.push(Wrong::ArchiveGap {
                expected: before.seq + 1,
                found: record.seq,
            });
        }
    }
    let first = archived.first().map_or(1, |record| record.seq);
    let tail = archived.last().map_or(0, |record| record.seq);
    let archived: BTreeMap<u64, &Arc<Record>> =
        archived.iter().map(|record| (record.seq, record)).collect();
    for history in histories {
        let member = &history.member;
        let promised = Promised::of(history);
        if promised.upto > tail {
            wrong.push(Wrong::StoredMissing {
                member: member.clone(),
                seq: promised.upto,
                tail,
            });
        }
        // What lies before a checkpoint that the reader started from was not read.
        for (seq, seen) in promised.records.range(first..) {
            if let Some(record) = archived.get(seq).filter(|record| **record != seen) {
                wrong.push(Wrong::StoredChanged {
                    member: member.clone(),
                    seq: *seq,
                    archived: format!("{record:?}"),
                    seen: format!("{seen:?}"),
                });
            }
        }
    }
    wrong
}

/// What one member held while it was told that it is stored.
#[derive(Default)]
struct Promised {
    upto: u64,
    records: BTreeMap<u64, Arc<Record>>,
}

impl Promised {
    fn of(history: &History) -> Self {
        let mut promised = Self::default();
        // What it holds and was not yet told to be stored.
        let mut waiting: BTreeMap<u64, Arc<Record>> = BTreeMap::new();
        for event in &history.events {
            match &event.seen {
                Seen::Record(record) => {
                    waiting.insert(record.seq, Arc::clone(record));
                }
                Seen::Stored(seq) => promised.upto = promised.upto.max(*seq),
                Seen::Welcomed(welcome) => {
                    if !welcome.resumed {
                        waiting.clear();
                    }
                    promised.upto = promised.upto.max(welcome.stored);
                }
                _ => continue,
            }
            let beyond = waiting.split_off(&(promised.upto + 1));
            promised.records.append(&mut waiting);
            waiting = beyond;
        }
        promised
    }
}
