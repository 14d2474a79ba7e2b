//! A host's own membership as a plain state machine: which call is due when, and whether the host may serve. It does
//! nothing itself and reads no clock.

use std::fmt;
use std::sync::Arc;

use crate::lease::Lease;
use crate::ports::{HostId, Renewed};
use crate::timing::{BEAT_EVERY, EXPIRY, RETRY_AFTER, ms};

/// One enlisting: who the host is in it, and its right to serve.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    pub(crate) me: HostId,
    pub(crate) lease: Arc<Lease>,
    enlisted_ms: u64,
}

impl Term {
    /// The term of `me`, by a call that was sent at `sent_ms` and answered at `now_ms`.
    pub(crate) fn new(me: HostId, sent_ms: u64, now_ms: u64) -> Self {
        Self {
            me,
            lease: Arc::new(Lease::from(sent_ms)),
            enlisted_ms: now_ms,
        }
    }

    /// Whether every earlier machine of the slot has stopped serving by now: it could not renew after this one had
    /// enlisted.
    pub(crate) fn former_expired(&self, now_ms: u64) -> bool {
        now_ms >= self.enlisted_ms + ms(EXPIRY)
    }
}

/// Two are the same when they are of the same enlisting.
impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.me == other.me && Arc::ptr_eq(&self.lease, &other.lease)
    }
}

/// Whether the host may serve.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Standing {
    /// It may.
    Serving(Term),
    /// It may not, for now.
    Fenced(Why),
    /// It never may again: another process has its slot.
    Replaced,
}

/// Why a host may not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It has no slot yet.
    NotEnlisted,
    /// Its renewals fail. Nobody has claimed its rooms as long as it is not marked lost.
    NotRenewed,
    /// Others found it lost; it enlists anew.
    Lost,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotEnlisted => "it is not enlisted yet",
            Self::NotRenewed => "the directory does not answer its renewals",
            Self::Lost => "others found it lost",
        })
    }
}

/// What the host is to ask of the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// Take the slot.
    Enlist,
    /// Say that it lives.
    Renew(HostId, u64),
}

/// The membership of one process.
#[derive(Debug)]
pub(crate) struct Member {
    phase: Phase,
    due_ms: u64,
    beat: u64,
}

#[derive(Debug)]
enum Phase {
    Outside(Why),
    Inside(Term),
    Replaced,
}

impl Member {
    /// Not enlisted, and about to.
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            phase: Phase::Outside(Why::NotEnlisted),
            due_ms: now_ms,
            beat: 0,
        }
    }

    /// Whether the host may serve at this moment.
    pub(crate) fn standing(&self, now_ms: u64) -> Standing {
        match &self.phase {
            Phase::Outside(why) => Standing::Fenced(*why),
            Phase::Inside(term) if term.lease.holds(now_ms) => Standing::Serving(term.clone()),
            Phase::Inside(_) => Standing::Fenced(Why::NotRenewed),
            Phase::Replaced => Standing::Replaced,
        }
    }

    /// Whether another process has the slot.
    pub(crate) fn is_replaced(&self) -> bool {
        matches!(self.phase, Phase::Replaced)
    }

    /// When the next call is to be sent, unless one is under way.
    pub(crate) fn due(&self) -> Option<u64> {
        (!self.is_replaced()).then_some(self.due_ms)
    }

    /// When the standing changes by itself, if it does.
    pub(crate) fn over(&self, now_ms: u64) -> Option<u64> {
        match &self.phase {
            Phase::Inside(term) => Some(term.lease.until_ms()).filter(|until| *until > now_ms),
            Phase::Outside(_) | Phase::Replaced => None,
        }
    }

    /// The call that is due.
    pub(crate) fn call(&mut self) -> Call {
        match &self.phase {
            Phase::Inside(term) => {
                self.beat += 1;
                Call::Renew(term.me, self.beat)
            }
            Phase::Outside(_) | Phase::Replaced => Call::Enlist,
        }
    }

    /// The call got no answer.
    pub(crate) fn failed(&mut self, now_ms: u64) {
        self.due_ms = now_ms + ms(RETRY_AFTER);
    }

    /// The call that was sent at `sent_ms` took the slot.
    pub(crate) fn enlisted(&mut self, sent_ms: u64, now_ms: u64, me: HostId) {
        self.beat = 0;
        self.due_ms = sent_ms + ms(BEAT_EVERY);
        self.phase = Phase::Inside(Term::new(me, sent_ms, now_ms));
    }

    /// The renewal that was sent at `sent_ms` was answered.
    pub(crate) fn renewed(&mut self, sent_ms: u64, answer: Renewed) {
        let Phase::Inside(term) = &self.phase else {
            return;
        };
        match answer {
            Renewed::Kept { .. } => {
                term.lease.renew(sent_ms);
                self.due_ms = sent_ms + ms(BEAT_EVERY);
            }
            Renewed::Lost => {
                term.lease.end();
                self.due_ms = sent_ms;
                self.phase = Phase::Outside(Why::Lost);
            }
            Renewed::Replaced => {
                term.lease.end();
                self.phase = Phase::Replaced;
            }
        }
    }
}
