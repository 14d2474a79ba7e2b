//! The reference model: a room as one list of records. Every question is answered by looking through the whole list,
//! so that nothing here can go stale; positions are judged by comparing copies record by record.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::member;

/// What must become of a frame or a join.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing at all.
    Dropped,
    Refused(&'static str),
    /// A record of this kind and body.
    Ordered,
}

/// Tokens of one member, counted in thousandths, refilled by thirty each millisecond.
#[derive(Debug, Clone, Copy)]
struct Tokens {
    thousandths: u64,
    at_ms: u64,
}

#[derive(Debug, Default)]
pub(crate) struct History {
    /// Every record, as the frame all members must see.
    pub(crate) log: Vec<Value>,
    /// How many of them the room knows to be stored.
    pub(crate) stored: usize,
    pub(crate) epoch: u64,
    /// Whether the journal takes nothing just now.
    pub(crate) failing: bool,
    tokens: BTreeMap<usize, Tokens>,
}

impl History {
    /// An empty log in its first epoch.
    pub(crate) fn begin() -> Self {
        Self {
            epoch: 1,
            ..Self::default()
        }
    }

    /// A process begins with this much of the log, all of its `stored` in the archive.
    pub(crate) fn reopen(&mut self, length: usize, stored: usize) {
        self.log.truncate(length);
        self.stored = stored;
        self.epoch += 1;
        self.tokens.clear();
    }

    fn of(&self, who: usize) -> impl Iterator<Item = &Value> {
        let who = json!(member(who));
        self.log.iter().filter(move |record| record["from"] == who)
    }

    /// The last number of a member in the log.
    pub(crate) fn last_n(&self, who: usize) -> u64 {
        self.of(who)
            .map(|record| record["n"].as_u64().unwrap())
            .max()
            .unwrap_or(0)
    }

    pub(crate) fn has_joined(&self, who: usize) -> bool {
        self.of(who).any(|record| record["kind"] == "joined")
    }

    pub(crate) fn has_left(&self, who: usize) -> bool {
        self.of(who).any(|record| record["kind"] == "left")
    }

    pub(crate) fn finished(&self) -> Option<&Value> {
        let finished = self.log.iter().find(|record| record["kind"] == "finished");
        finished.map(|record| &record["seq"])
    }

    /// What a frame that adds to the log must come to.
    pub(crate) fn judge(&mut self, who: usize, frame: &Value, now_ms: u64) -> Outcome {
        let (n, last) = (frame["n"].as_u64().unwrap(), self.last_n(who));
        if n <= last {
            return Outcome::Dropped;
        }
        if n > last + 1 {
            return Outcome::Refused("gap");
        }
        if frame["op"] == "finish" && self.finished().is_some() {
            return Outcome::Refused("finished");
        }
        let full = Tokens {
            thousandths: 60_000,
            at_ms: now_ms,
        };
        let tokens = self.tokens.entry(who).or_insert(full);
        let refilled = tokens.thousandths + 30 * (now_ms - tokens.at_ms);
        *tokens = Tokens {
            thousandths: refilled.min(60_000),
            at_ms: now_ms,
        };
        if tokens.thousandths < 1_000 {
            return Outcome::Refused("rate");
        }
        if self.failing {
            return Outcome::Refused("unavailable");
        }
        tokens.thousandths -= 1_000;
        Outcome::Ordered
    }

    /// The new record must be the next one and say what it was asked to say.
    pub(crate) fn take(&mut self, record: Value, expected: &Value) {
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&record[field], value, "{field} of {record}");
        }
        assert_eq!(
            record["seq"],
            json!(self.log.len() + 1),
            "numbers have no gaps"
        );
        assert_eq!(record["epoch"], json!(self.epoch));
        let times = |record: &Value| record["at"].as_u64();
        assert!(
            self.log.last().and_then(times) <= times(&record),
            "times never decrease"
        );
        self.log.push(record);
    }

    /// How many records of `copy` are part of this history.
    pub(crate) fn common(&self, copy: &[Value]) -> usize {
        let pairs = copy.iter().zip(&self.log);
        pairs.take_while(|(one, other)| one == other).count()
    }

    /// A game's state after `seq`: anything that depends on every record to there.
    pub(crate) fn state(&self, seq: usize) -> Value {
        let all: Vec<_> = self.log[..seq]
            .iter()
            .map(|record| &record["mac"])
            .collect();
        json!(all)
    }
}
