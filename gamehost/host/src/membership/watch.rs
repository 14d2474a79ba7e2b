//! Watching the other hosts as plain data: what was seen when, and who has been at one beat for too long. It reads no
//! clock and marks nobody itself.

use std::collections::BTreeMap;

use crate::ports::{HostId, HostItem, Slot};
use crate::timing::{EXPIRY, LATE_AFTER, LOOK_WITHIN, ms};

/// A host that is to be marked lost, if it still is at that beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expired {
    pub(crate) host: HostId,
    pub(crate) beat: u64,
}

/// What one host has seen of the others without a break.
#[derive(Debug)]
pub(crate) struct Watch {
    me: Slot,
    /// The beat each host was last seen at, and when that beat was first seen.
    seen: BTreeMap<Slot, (HostId, u64, u64)>,
    /// When the last look was answered.
    last_ms: Option<u64>,
}

impl Watch {
    /// Nothing seen yet by the host in slot `me`.
    pub(crate) fn new(me: Slot) -> Self {
        Self {
            me,
            seen: BTreeMap::new(),
            last_ms: None,
        }
    }

    /// A look failed, or a renewal of one's own: then the others cannot be seen, or could not renew either. That is
    /// nothing they did, so watching them begins anew.
    pub(crate) fn failed(&mut self) {
        self.seen.clear();
        self.last_ms = None;
    }

    /// A look that was sent at `sent_ms` and answered at `now_ms` saw these. Returns who is to be marked lost.
    pub(crate) fn saw(&mut self, sent_ms: u64, now_ms: u64, hosts: &[HostItem]) -> Vec<Expired> {
        let slow = now_ms - sent_ms > ms(LOOK_WITHIN);
        let late = |last: u64| now_ms - last > ms(LATE_AFTER);
        if slow || self.last_ms.is_some_and(late) {
            self.failed();
        }
        self.last_ms = Some(now_ms);
        let others = hosts
            .iter()
            .filter(|host| host.id.slot != self.me && !host.lost);
        let before = std::mem::take(&mut self.seen);
        let mut expired = Vec::new();
        for host in others {
            let same = before
                .get(&host.id.slot)
                .filter(|(id, beat, _)| (*id, *beat) == (host.id, host.beat));
            // Counted from the answer, when the beat had certainly been sent, to the sending, when it was certainly
            // still the last one.
            let since = same.map_or(now_ms, |(_, _, since)| *since);
            self.seen.insert(host.id.slot, (host.id, host.beat, since));
            if sent_ms.saturating_sub(since) >= ms(EXPIRY) {
                expired.push(Expired {
                    host: host.id,
                    beat: host.beat,
                });
            }
        }
        expired
    }
}
