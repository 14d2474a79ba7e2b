//! What one client saw, judged alone: its log grows by one, never repeats, starts where the welcome said, and its
//! `stored` never moves back.

use std::sync::Arc;

use super::{Promise, Wrong};
use crate::history::{History, Record, Seen, Welcome};

/// What is left of one client's history for the comparison with the others.
#[derive(Debug)]
pub(super) struct Reader {
    /// Whose.
    pub(super) member: String,
    /// Everything it ever saw, also what was taken back later.
    pub(super) seen: Vec<Arc<Record>>,
    /// Its copy of the log at the end.
    pub(super) copy: Vec<Arc<Record>>,
    /// Where its copy of the log ends.
    pub(super) held: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// Nothing is due before a welcome.
    Apart,
    /// A rewind was told; the welcome must follow.
    Rewound,
    /// Records may come.
    Live,
}

struct State<'a> {
    reader: Reader,
    turn: Turn,
    stored: u64,
    promise: Promise,
    wrong: &'a mut Vec<Wrong>,
}

/// Reads one client's history and notes what is wrong with it.
pub(super) fn read(history: &History, promise: Promise, wrong: &mut Vec<Wrong>) -> Reader {
    let reader = Reader {
        member: history.member.clone(),
        seen: Vec::new(),
        copy: Vec::new(),
        held: 0,
    };
    let mut state = State {
        reader,
        turn: Turn::Apart,
        stored: 0,
        promise,
        wrong,
    };
    for event in &history.events {
        match &event.seen {
            Seen::Asked | Seen::Lost => state.turn = Turn::Apart,
            Seen::Welcomed(welcome) => state.welcomed(welcome),
            Seen::Rewound { seq, .. } => state.rewound(*seq),
            Seen::Record(record) => state.record(record),
            Seen::Stored(seq) => state.stored(*seq),
            Seen::GaveBack { .. } => state.gave_back(),
            Seen::Said { .. } | Seen::Offered { .. } | Seen::Behind(_) | Seen::Moved => {}
        }
    }
    state.reader
}

impl State<'_> {
    fn member(&self) -> String {
        self.reader.member.clone()
    }

    fn out_of_turn(&mut self, what: &str) {
        let member = self.member();
        self.wrong.push(Wrong::OutOfTurn {
            member,
            what: what.to_owned(),
        });
    }

    fn welcomed(&mut self, welcome: &Welcome) {
        if self.turn == Turn::Live || (self.turn == Turn::Rewound && welcome.resumed) {
            self.out_of_turn("a welcome");
        }
        if welcome.stored > welcome.tail {
            let member = self.member();
            self.wrong.push(Wrong::StoredAhead {
                member,
                stored: welcome.stored,
                tail: welcome.tail,
            });
        }
        self.stored(welcome.stored);
        if self.promise.keeps_seen() && welcome.tail < self.reader.held {
            let (member, seen) = (self.member(), self.reader.held);
            self.wrong.push(Wrong::SeenUndone {
                member,
                seq: welcome.tail,
                seen,
            });
        }
        if !welcome.resumed {
            self.reader.held = welcome.checkpoint.as_ref().map_or(0, |(seq, _)| *seq);
            self.reader.copy.clear();
        }
        self.turn = Turn::Live;
    }

    fn rewound(&mut self, seq: u64) {
        if self.turn != Turn::Apart {
            self.out_of_turn("a rewind");
        }
        let member = self.member();
        if self.promise.keeps_seen() {
            let seen = self.reader.held;
            self.wrong.push(Wrong::SeenUndone {
                member: member.clone(),
                seq,
                seen,
            });
        }
        if seq < self.stored {
            self.wrong.push(Wrong::StoredUndone {
                member,
                seq,
                stored: self.stored,
            });
        }
        self.turn = Turn::Rewound;
    }

    fn gave_back(&mut self) {
        if self.turn != Turn::Apart {
            self.out_of_turn("a question for what it holds");
        }
    }

    fn record(&mut self, record: &Arc<Record>) {
        if self.turn != Turn::Live {
            self.out_of_turn(&format!("record {}", record.seq));
        }
        let (member, expected) = (self.member(), self.reader.held + 1);
        if record.seq < expected {
            self.wrong.push(Wrong::Repeated {
                member,
                seq: record.seq,
            });
        } else if record.seq > expected {
            self.wrong.push(Wrong::Gap {
                member,
                expected,
                found: record.seq,
            });
        }
        self.reader.held = self.reader.held.max(record.seq);
        self.reader.seen.push(Arc::clone(record));
        self.reader.copy.push(Arc::clone(record));
    }

    fn stored(&mut self, seq: u64) {
        if seq < self.stored {
            let member = self.member();
            self.wrong.push(Wrong::StoredBack {
                member,
                before: self.stored,
                now: seq,
            });
        }
        self.stored = self.stored.max(seq);
    }
}
