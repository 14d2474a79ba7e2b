//! A player's own frames: numbered, sent, ordered, stored. What is not ordered is sent again; what is ordered and not
//! stored is kept, because a host whose disk is lost may have to be told again (P4.8). Sending is the player's.

use std::collections::VecDeque;

/// A frame of one's own that adds to the log.
#[derive(Debug, Clone)]
pub(super) struct Own {
    /// Its number.
    pub(super) n: u64,
    /// The frame.
    pub(super) frame: String,
}

/// All of a player's own frames that may still be needed.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    n: u64,
    unordered: VecDeque<Own>,
    /// With the record each is at most.
    unstored: VecDeque<(u64, Own)>,
    /// Frames up to here have been handed to the present connection.
    sent: u64,
    last: Option<String>,
}

impl Outbox {
    /// How many are not ordered.
    pub(super) fn unordered(&self) -> usize {
        self.unordered.len()
    }

    /// The last frame that was decided on.
    pub(super) fn last(&self) -> Option<String> {
        self.last.clone()
    }

    /// The next number.
    pub(super) fn number(&mut self) -> u64 {
        self.n += 1;
        self.n
    }

    /// Takes the frame with the number just given.
    pub(super) fn push(&mut self, n: u64, frame: String) {
        self.last = Some(frame.clone());
        self.unordered.push_back(Own { n, frame });
    }

    /// Own frames to `n` are in the log, at record `seq` at most.
    pub(super) fn ordered(&mut self, n: u64, seq: u64) {
        while self.unordered.front().is_some_and(|own| own.n <= n) {
            self.unstored
                .extend(self.unordered.pop_front().map(|own| (seq, own)));
        }
    }

    /// The log holds the member's frames to `n` and ends at `tail`: those are ordered, whether their records were seen yet
    /// or not, and those beyond are to be said again.
    pub(super) fn welcome(&mut self, n: u64, tail: u64) {
        self.ordered(n, tail);
        while self.unstored.back().is_some_and(|(_, own)| own.n > n) {
            self.unordered
                .extend(self.unstored.pop_back().map(|(_, own)| own));
            self.unordered.rotate_right(1);
        }
        self.n = self.n.max(n);
    }

    /// Records to `seq` are stored.
    pub(super) fn stored(&mut self, seq: u64) {
        self.unstored.retain(|(at, _)| *at > seq);
    }

    /// Everything not ordered is due to be sent, as if it had not been.
    pub(super) fn send_again(&mut self) {
        self.sent = self.unordered.front().map_or(self.n, |first| first.n - 1);
    }

    /// The next frame to send, which counts as sent from now on.
    pub(super) fn next_due(&mut self) -> Option<String> {
        let sent = self.sent;
        let own = self.unordered.iter().find(|own| own.n > sent)?;
        self.sent = own.n;
        Some(own.frame.clone())
    }
}
