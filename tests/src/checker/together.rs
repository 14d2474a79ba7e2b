//! What all clients of a room saw, judged together: one log, everything said in it once, and nothing that was seen or
//! stored at one moment missing at a later one.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::reader::Reader;
use super::{Promise, Wrong};
use crate::history::{History, Record, Seen};

/// The kinds of records that a member's own frames make (P2.3).
const COUNTED: [&str; 4] = ["said", "profile", "finished", "left"];

/// The one log of the room: what holds at the end under each number.
pub(super) type Log<'a> = BTreeMap<u64, &'a Record>;

/// Compares all clients, notes what is wrong, and returns the log they share.
pub(super) fn judge<'a>(
    histories: &[History],
    readers: &'a [Reader],
    promise: Promise,
    wrong: &mut Vec<Wrong>,
) -> Log<'a> {
    let log = one_log(readers, promise, wrong);
    let tail = log.last_key_value().map_or(0, |(seq, _)| *seq);
    in_order(&log, wrong);
    said_once(histories, &log, promise, wrong);
    welcomes_count(histories, &log, wrong);
    over_time(histories, promise, wrong);
    checkpoints_were_offered(histories, wrong);
    for history in histories {
        for event in &history.events {
            if let Seen::Stored(stored) = event.seen
                && stored > tail
                && promise.settled
            {
                let member = history.member.clone();
                wrong.push(Wrong::StoredAhead {
                    member,
                    stored,
                    tail,
                });
            }
        }
    }
    if promise.settled {
        for reader in readers {
            ends_alike(reader, &log, tail, wrong);
        }
    }
    log
}

/// At the end a client's copy is the log, to its last record.
fn ends_alike(reader: &Reader, log: &Log<'_>, tail: u64, wrong: &mut Vec<Wrong>) {
    if reader.held < tail {
        wrong.push(Wrong::Behind {
            member: reader.member.clone(),
            held: reader.held,
            tail,
        });
    }
    let other = reader
        .copy
        .iter()
        .find_map(|own| Some((own, *log.get(&own.seq)?)).filter(|(own, log)| own.as_ref() != *log));
    if let Some((own, log)) = other {
        wrong.push(Wrong::Differs {
            seq: own.seq,
            one: "the history".to_owned(),
            other: reader.member.clone(),
            first: format!("{log:?}"),
            second: format!("{own:?}"),
        });
    }
}

/// Puts all copies on top of each other. Where disks may be lost, a later epoch's record replaces an earlier one
/// under its number; what is stored is protected from that by the clients' own histories.
fn one_log<'a>(readers: &'a [Reader], promise: Promise, wrong: &mut Vec<Wrong>) -> Log<'a> {
    let mut log: BTreeMap<u64, (&'a str, &'a Record)> = BTreeMap::new();
    for reader in readers {
        for record in &reader.seen {
            let Some((one, first)) = log.get(&record.seq).copied() else {
                log.insert(record.seq, (&reader.member, record.as_ref()));
                continue;
            };
            if first == record.as_ref() {
                continue;
            }
            if promise.keeps_seen() || first.epoch == record.epoch {
                wrong.push(Wrong::Differs {
                    seq: record.seq,
                    one: one.to_owned(),
                    other: reader.member.clone(),
                    first: format!("{first:?}"),
                    second: format!("{record:?}"),
                });
            } else if record.epoch > first.epoch {
                log.insert(record.seq, (&reader.member, record.as_ref()));
            }
        }
    }
    let mut log: Log<'a> = log
        .into_iter()
        .map(|(seq, (_, record))| (seq, record))
        .collect();
    if !promise.keeps_seen() {
        // Behind a rewind, numbers that were not given again yet are no part of the history.
        let mut newest = 0;
        log.retain(|_, record| {
            newest = newest.max(record.epoch);
            record.epoch == newest
        });
    }
    log
}

fn in_order(log: &Log<'_>, wrong: &mut Vec<Wrong>) {
    let mut before: Option<&Record> = None;
    let mut counts: HashMap<&str, u64> = HashMap::new();
    let mut joined: HashMap<&str, bool> = HashMap::new();
    for (seq, record) in log {
        if let Some(before) = before {
            if record.at < before.at {
                wrong.push(Wrong::ClockBack {
                    seq: *seq,
                    at: record.at,
                });
            }
            if record.epoch < before.epoch {
                wrong.push(Wrong::EpochBack {
                    seq: *seq,
                    epoch: record.epoch,
                });
            }
        }
        before = Some(record);
        let Some(member) = record.from.as_deref() else {
            continue;
        };
        match record.kind.as_str() {
            "joined" if joined.insert(member, true) == Some(true) => {
                wrong.push(Wrong::JoinedTwice {
                    member: member.to_owned(),
                    seq: *seq,
                });
            }
            "left" => _ = joined.insert(member, false),
            _ => {}
        }
        if record.n > 0 && COUNTED.contains(&record.kind.as_str()) {
            let count = counts.entry(member).or_default();
            if record.n != *count + 1 {
                wrong.push(Wrong::Count {
                    member: member.to_owned(),
                    seq: *seq,
                    expected: *count + 1,
                    found: record.n,
                });
            }
            *count = record.n;
        }
    }
}

fn said_once(histories: &[History], log: &Log<'_>, promise: Promise, wrong: &mut Vec<Wrong>) {
    let mut said: HashMap<(&str, u64), &str> = HashMap::new();
    for history in histories {
        for event in &history.events {
            if let Seen::Said { n, body } = &event.seen {
                said.insert((&history.member, *n), body);
            }
        }
    }
    for (seq, record) in log.iter().filter(|(_, record)| record.n > 0) {
        let Some(member) = record.from.as_deref() else {
            continue;
        };
        let body = said.remove(&(member, record.n));
        // What others than our clients say is not known here; a number used twice is found by its count.
        let ours = histories.iter().any(|history| history.member == member);
        let same = match record.kind.as_str() {
            "said" | "finished" => body == Some(record.body.as_str()),
            // The host writes these bodies itself.
            _ => body.is_some(),
        };
        if ours && !same {
            let (member, found) = (member.to_owned(), record.body.clone());
            wrong.push(Wrong::NotSaid {
                member,
                seq: *seq,
                n: record.n,
                found,
            });
        }
    }
    if promise.settled {
        let mut lost: Vec<(&str, u64)> = said.into_keys().collect();
        lost.sort_unstable();
        wrong.extend(lost.into_iter().map(|(member, n)| Wrong::SayLost {
            member: member.to_owned(),
            n,
        }));
    }
}

fn welcomes_count(histories: &[History], log: &Log<'_>, wrong: &mut Vec<Wrong>) {
    for history in histories {
        let own = log
            .values()
            .filter(|record| record.from.as_deref() == Some(&history.member));
        let own: Vec<(u64, u64)> = own.map(|record| (record.seq, record.n)).collect();
        for event in &history.events {
            let Seen::Welcomed(welcome) = &event.seen else {
                continue;
            };
            // A client that starts from a checkpoint sees nothing before it, so it counts from what it was told.
            if log.first_key_value().is_none_or(|(first, _)| *first != 1) {
                continue;
            }
            let to_tail = own.partition_point(|(seq, _)| *seq <= welcome.tail);
            let expected = own[..to_tail].iter().map(|(_, n)| *n).max().unwrap_or(0);
            if welcome.n != expected {
                wrong.push(Wrong::WelcomeCount {
                    member: history.member.clone(),
                    tail: welcome.tail,
                    expected,
                    found: welcome.n,
                });
            }
        }
    }
}

/// Who starts from a checkpoint must get a state that a client offered for just that record.
fn checkpoints_were_offered(histories: &[History], wrong: &mut Vec<Wrong>) {
    let mut offered: HashSet<(u64, &str)> = HashSet::new();
    for event in histories.iter().flat_map(|history| &history.events) {
        if let Seen::Offered { seq, state } = &event.seen {
            offered.insert((*seq, state));
        }
    }
    for history in histories {
        for event in &history.events {
            if let Seen::Welcomed(welcome) = &event.seen
                && let Some((seq, state)) = &welcome.checkpoint
                && !offered.contains(&(*seq, state.as_str()))
            {
                let (member, state) = (history.member.clone(), state.clone());
                wrong.push(Wrong::NotOffered {
                    member,
                    seq: *seq,
                    state,
                });
            }
        }
    }
}

/// Walks through everything that happened to anybody in the order it happened. Whoever asks for a connection must
/// be welcomed to at least what had been seen and stored by then, and whatever is said must be ordered after it.
fn over_time(histories: &[History], promise: Promise, wrong: &mut Vec<Wrong>) {
    let mut events: Vec<(&str, u64, &Seen)> = Vec::new();
    for history in histories {
        events.extend(
            history
                .events
                .iter()
                .map(|e| (history.member.as_str(), e.stamp, &e.seen)),
        );
    }
    events.sort_unstable_by_key(|(_, stamp, _)| *stamp);
    let (mut seen, mut stored) = (0, 0);
    let mut asked: HashMap<&str, (u64, u64)> = HashMap::new();
    let mut said: HashMap<(&str, u64), u64> = HashMap::new();
    for (member, _, event) in events {
        let owner = || member.to_owned();
        match event {
            Seen::Asked => {
                asked.insert(member, (seen, stored));
            }
            Seen::Said { n, .. } => {
                said.insert((member, *n), seen);
            }
            Seen::Welcomed(welcome) => {
                let (seen_then, stored_then) = asked.get(member).copied().unwrap_or_default();
                if promise.keeps_seen() && welcome.tail < seen_then {
                    let seq = welcome.tail;
                    wrong.push(Wrong::SeenUndone {
                        member: owner(),
                        seq,
                        seen: seen_then,
                    });
                }
                if welcome.tail < stored_then {
                    let seq = welcome.tail;
                    wrong.push(Wrong::StoredUndone {
                        member: owner(),
                        seq,
                        stored: stored_then,
                    });
                }
                if welcome.stored < stored_then {
                    let now = welcome.stored;
                    wrong.push(Wrong::StoredBack {
                        member: owner(),
                        before: stored_then,
                        now,
                    });
                }
                stored = stored.max(welcome.stored);
            }
            Seen::Stored(seq) => stored = stored.max(*seq),
            Seen::Record(record) => {
                let own = record.from.as_deref() == Some(member);
                if let Some(before) = said.get(&(member, record.n)).filter(|_| own)
                    && promise.keeps_seen()
                    && record.seq <= *before
                {
                    let (n, seq) = (record.n, record.seq);
                    wrong.push(Wrong::OutOfTime {
                        member: owner(),
                        n,
                        seq,
                        seen: *before,
                    });
                }
                seen = seen.max(record.seq);
            }
            Seen::Rewound { .. }
            | Seen::Offered { .. }
            | Seen::GaveBack { .. }
            | Seen::Behind(_)
            | Seen::Moved
            | Seen::Lost => {}
        }
    }
}
