//! One owner of the room after another: the former one orders nothing, welcomes nobody and reports nothing stored once
//! the next is in force, and the next keeps what members give back to it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::together::Log;
use super::{Promise, Survives, Wrong};
use crate::history::{History, Record, Seen, Welcome};

/// After the first member gave back what it held, so long any other's answer is in time for certain: half a second less
/// than a host waits.
const TIMELY: Duration = Duration::from_secs(1);

/// What is known of an owner from the first welcome in its epoch.
#[derive(Debug, Clone, Copy)]
struct Owner {
    epoch: u64,
    /// The host's clock at that moment, in milliseconds since 1970.
    since: u64,
    /// What it had found stored.
    stored: u64,
}

/// What a member gave back to an owner.
#[derive(Debug)]
struct Given {
    member: String,
    at: Duration,
    records: Vec<Arc<Record>>,
}

/// What an owner took back from a member.
#[derive(Debug)]
struct TakenBack {
    member: String,
    seq: u64,
    /// The member's record right after `seq`, if it held one.
    next: Option<Arc<Record>>,
}

#[derive(Debug, Default)]
struct Rebuilding {
    given: Vec<Given>,
    taken: Vec<TakenBack>,
}

/// What a member is in the middle of.
#[derive(Debug, Default)]
struct Member {
    /// The newest epoch in force when it asked for a connection.
    asked: u64,
    /// The epoch of its connection.
    epoch: u64,
    copy: Vec<Arc<Record>>,
    given: Option<(Duration, Vec<Arc<Record>>)>,
}

#[derive(Default)]
struct Story<'a> {
    owners: Vec<Owner>,
    members: HashMap<&'a str, Member>,
    rebuildings: BTreeMap<u64, Rebuilding>,
}

/// Walks through everything that happened to anybody in the order it happened, and notes what is wrong.
pub(super) fn judge(
    histories: &[History],
    log: &Log<'_>,
    promise: Promise,
    wrong: &mut Vec<Wrong>,
) {
    let mut events: Vec<_> = histories
        .iter()
        .flat_map(|history| {
            history
                .events
                .iter()
                .map(|event| (history.member.as_str(), event))
        })
        .collect();
    events.sort_unstable_by_key(|(_, event)| event.stamp);
    let mut story = Story::default();
    for (member, event) in events {
        story.event(member, event.at, &event.seen, wrong);
    }
    story.late_records(histories, log, wrong);
    if promise.survives >= Survives::GivenBack {
        for (epoch, rebuilding) in &story.rebuildings {
            rebuilding.judge(*epoch, wrong);
        }
    }
}

impl<'a> Story<'a> {
    fn event(&mut self, name: &'a str, at: Duration, seen: &Seen, wrong: &mut Vec<Wrong>) {
        let newest = self.owners.last().copied();
        let member = self.members.entry(name).or_default();
        match seen {
            Seen::Asked => {
                member.asked = newest.map_or(0, |owner| owner.epoch);
                member.given = None;
            }
            Seen::GaveBack { after } => {
                let from = member.copy.partition_point(|record| record.seq <= *after);
                member.given = Some((at, member.copy[from..].to_vec()));
            }
            Seen::Rewound { epoch, seq } => {
                let next = member.copy.iter().find(|record| record.seq == seq + 1);
                let taken = TakenBack {
                    member: name.to_owned(),
                    seq: *seq,
                    next: next.cloned(),
                };
                self.rebuildings
                    .entry(*epoch)
                    .or_default()
                    .taken
                    .push(taken);
            }
            Seen::Welcomed(welcome) => self.welcomed(name, welcome, wrong),
            Seen::Record(record) => member.copy.push(Arc::clone(record)),
            Seen::Stored(stored) => {
                if let Some(newest) = newest
                    && member.epoch < newest.epoch
                    && *stored > newest.stored
                {
                    wrong.push(Wrong::OldOwnerStores {
                        member: name.to_owned(),
                        epoch: member.epoch,
                        stored: *stored,
                        newer: newest.epoch,
                        found: newest.stored,
                    });
                }
            }
            Seen::Said { .. }
            | Seen::Offered { .. }
            | Seen::Behind(_)
            | Seen::Moved
            | Seen::Lost => {}
        }
    }

    fn welcomed(&mut self, name: &'a str, welcome: &Welcome, wrong: &mut Vec<Wrong>) {
        let member = self.members.entry(name).or_default();
        if welcome.epoch < member.asked {
            wrong.push(Wrong::OldOwnerWelcomes {
                member: name.to_owned(),
                epoch: welcome.epoch,
                newer: member.asked,
            });
        }
        member.epoch = welcome.epoch;
        if !welcome.resumed {
            member.copy.clear();
        }
        if let Some((at, records)) = member
            .given
            .take()
            .filter(|(_, records)| !records.is_empty())
        {
            let member = name.to_owned();
            let given = Given {
                member,
                at,
                records,
            };
            self.rebuildings
                .entry(welcome.epoch)
                .or_default()
                .given
                .push(given);
        }
        if self
            .owners
            .last()
            .is_none_or(|newest| newest.epoch < welcome.epoch)
        {
            self.owners.push(Owner {
                epoch: welcome.epoch,
                since: welcome.now,
                stored: welcome.stored,
            });
        }
    }

    /// No record has an epoch whose successor was in force when it was ordered. All hosts of a test share one clock.
    fn late_records(&self, histories: &[History], log: &Log<'_>, wrong: &mut Vec<Wrong>) {
        for history in histories {
            let records = history.events.iter().filter_map(|event| match &event.seen {
                Seen::Record(record) => Some(record),
                _ => None,
            });
            for record in records {
                let later = self.owners.iter().find(|owner| owner.epoch > record.epoch);
                // A record of the history that many saw is told once.
                let told = log.get(&record.seq).is_some_and(|log| *log == record.as_ref())
                    && wrong.iter().any(|wrong| matches!(wrong, Wrong::OldOwnerOrders { seq, .. } if *seq == record.seq));
                if let Some(owner) = later.filter(|owner| record.at > owner.since && !told) {
                    wrong.push(Wrong::OldOwnerOrders {
                        member: history.member.clone(),
                        seq: record.seq,
                        epoch: record.epoch,
                        newer: owner.epoch,
                    });
                }
            }
        }
    }
}

impl Rebuilding {
    /// Of what was given back in time, the records that were ordered last, and of those the longest run, are the history.
    fn judge(&self, epoch: u64, wrong: &mut Vec<Wrong>) {
        let Some(first) = self.given.iter().map(|given| given.at).min() else {
            return;
        };
        let rank = |given: &&Given| given.records.last().map(|last| (last.epoch, last.seq));
        let timely = self.given.iter().filter(|given| given.at <= first + TIMELY);
        let Some(best) = timely.max_by_key(rank) else {
            return;
        };
        for taken in &self.taken {
            let undone = taken
                .next
                .as_ref()
                .filter(|next| best.records.contains(next));
            if undone.is_some() {
                wrong.push(Wrong::GivenBackUndone {
                    member: taken.member.clone(),
                    seq: taken.seq,
                    epoch,
                    gave: best.member.clone(),
                    upto: best.records.last().map_or(0, |last| last.seq),
                });
            }
        }
    }
}
