//! Signals (P3.5): the last value per member and key, numbered so that each connection takes what is new to it.

use bytes::Bytes;
use latchkey_protocol::limits;

#[derive(Debug)]
struct Signal {
    seat: usize,
    key: Box<str>,
    /// Counts up over all signals of the room; 0 while the value has never been shown.
    version: u64,
    /// Until when a value beyond its member's rate is held back.
    held_until: Option<u64>,
    frame: Bytes,
}

/// The signals of a room, sorted by version.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    version: u64,
    held: usize,
    list: Vec<Signal>,
}

/// What became of a signal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// The others may read it.
    Shown,
    /// It waits for its member's rate; the others have something due.
    Held,
    /// It replaced one that waits already.
    Replaced,
    /// The member has as many keys as it may have.
    TooManyKeys,
}

impl Signals {
    /// Sets a member's signal. Beyond its rate, `held_until` says when the others may read it.
    pub(crate) fn set(
        &mut self,
        seat: usize,
        key: &str,
        frame: Bytes,
        held_until: Option<u64>,
    ) -> Set {
        let found = self
            .list
            .iter()
            .position(|signal| signal.seat == seat && *signal.key == *key);
        let at = match found {
            Some(at) => at,
            None if self.keys_of(seat) >= limits::SIGNAL_KEYS => return Set::TooManyKeys,
            None => {
                let signal = Signal {
                    seat,
                    key: key.into(),
                    version: 0,
                    held_until: None,
                    frame: Bytes::new(),
                };
                self.list.insert(0, signal);
                0
            }
        };
        let signal = &mut self.list[at];
        signal.frame = frame;
        match (held_until, signal.held_until) {
            (None, _) => {
                self.show(at);
                Set::Shown
            }
            (Some(_), Some(_)) => Set::Replaced,
            (Some(_), None) => {
                signal.held_until = held_until;
                self.held += 1;
                Set::Held
            }
        }
    }

    fn keys_of(&self, seat: usize) -> usize {
        self.list
            .iter()
            .filter(|signal| signal.seat == seat)
            .count()
    }

    /// Gives a signal the newest version, which is the end of the list.
    fn show(&mut self, at: usize) {
        self.version += 1;
        let signal = &mut self.list[at];
        signal.version = self.version;
        if signal.held_until.take().is_some() {
            self.held -= 1;
        }
        self.list[at..].rotate_left(1);
    }

    /// Shows what was held back for long enough.
    pub(crate) fn release(&mut self, now_ms: u64) {
        while self.held > 0 {
            let due = |signal: &Signal| signal.held_until.is_some_and(|until| until <= now_ms);
            let Some(at) = self.list.iter().position(due) else {
                return;
            };
            self.show(at);
        }
    }

    /// When the first of the signals that others hold back for `seat` is due.
    pub(crate) fn due_for(&self, seat: usize) -> Option<u64> {
        if self.held == 0 {
            return None;
        }
        let others = self.list.iter().filter(|signal| signal.seat != seat);
        others.filter_map(|signal| signal.held_until).min()
    }

    /// Ends all signals of a member.
    pub(crate) fn end(&mut self, seat: usize) {
        self.list.retain(|signal| signal.seat != seat);
        self.held = self
            .list
            .iter()
            .filter(|signal| signal.held_until.is_some())
            .count();
    }

    /// Frames of signals of other members than `seat` newer than `seen`, each with its version, oldest first.
    pub(crate) fn after(&self, seen: u64, seat: usize) -> impl Iterator<Item = (u64, &Bytes)> {
        let from = self.list.partition_point(|signal| signal.version <= seen);
        self.list[from..]
            .iter()
            .filter(move |signal| signal.seat != seat)
            .map(|signal| (signal.version, &signal.frame))
    }

    /// The newest version there is.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }
}
