//! Which epoch ordered which records: what decides whether a position is part of the history (P6.1).

use latchkey_protocol::{Epoch, Seq, limits};
use serde::{Deserialize, Serialize};

/// Epochs that ordered something, each with the first record ordered in it; both ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Epochs(Vec<(Epoch, Seq)>);

impl Epochs {
    /// Notes that `seq` was ordered in `epoch`.
    pub(crate) fn note(&mut self, epoch: Epoch, seq: Seq) {
        if self.0.last().is_some_and(|(last, _)| *last >= epoch) {
            return;
        }
        self.0.push((epoch, seq));
        if self.0.len() > limits::EPOCHS {
            // The oldest epoch's records count as the next one's from here on. A position of the oldest is then
            // rewound although it may hold, which costs that reader a fresh start; the reverse would cost it the truth.
            let (_, first) = self.0.remove(0);
            self.0[0].1 = first;
        }
    }

    /// The last epoch that ordered something.
    pub(crate) fn last(&self) -> Epoch {
        self.0.last().map_or(Epoch::ZERO, |(epoch, _)| *epoch)
    }

    /// The last record, of a log that ends at `tail`, that was ordered in `epoch`; zero when none was. To there, and no
    /// further, the log of that epoch's host is this log.
    pub(crate) fn last_in(&self, epoch: Epoch, tail: Seq) -> Seq {
        match self.0.binary_search_by_key(&epoch, |(noted, _)| *noted) {
            Ok(at) => self
                .0
                .get(at + 1)
                .map_or(tail, |(_, first)| Seq(first.0 - 1)),
            Err(_) => Seq::ZERO,
        }
    }

    /// The last record, of a log that ends at `tail`, that was ordered in an epoch at or before `epoch`.
    pub(crate) fn last_by(&self, epoch: Epoch, tail: Seq) -> Seq {
        let later = self.0.partition_point(|(noted, _)| *noted <= epoch);
        self.0
            .get(later)
            .map_or(tail, |(_, first)| Seq(first.0.saturating_sub(1)))
    }

    /// The epoch that ordered `seq`, which is part of the log; zero for the place before its first record.
    pub(crate) fn of(&self, seq: Seq) -> Epoch {
        let later = self.0.partition_point(|(_, first)| *first <= seq);
        later.checked_sub(1).map_or(Epoch::ZERO, |at| self.0[at].0)
    }

    /// Whether this is something [`Epochs::note`] could have made for a log that ends at `tail`.
    pub(crate) fn is_sound(&self, tail: Seq) -> bool {
        let ascending = self
            .0
            .windows(2)
            .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        let within = self.0.last().is_none_or(|(_, first)| *first <= tail);
        let begins = self.0.first().map_or(Seq::ZERO, |(_, first)| *first);
        ascending && within && begins == Seq(tail.0.min(1)) && self.0.len() <= limits::EPOCHS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_1_of_an_epoch_that_ordered_nothing_here_nothing_is_known() {
        let mut epochs = Epochs::default();
        epochs.note(Epoch(1), Seq(1));
        epochs.note(Epoch(1), Seq(2));
        epochs.note(Epoch(4), Seq(11));
        let last = |epoch| epochs.last_in(Epoch(epoch), Seq(20)).0;
        assert_eq!([0, 1, 3, 4, 9].map(last), [0, 10, 0, 20, 0]);
        let last = |epoch| epochs.last_by(Epoch(epoch), Seq(20)).0;
        assert_eq!([0, 1, 3, 4, 9].map(last), [0, 10, 10, 20, 20]);
        let of = |seq| epochs.of(Seq(seq)).0;
        assert_eq!([0, 1, 10, 11, 20].map(of), [0, 1, 1, 4, 4]);
    }

    #[test]
    fn beyond_the_limit_the_oldest_epochs_are_rewound_rather_than_trusted() {
        let mut epochs = Epochs::default();
        let most = limits::EPOCHS as u64;
        for epoch in 1..=most + 2 {
            epochs.note(Epoch(epoch), Seq(epoch * 10 - 9));
        }
        let tail = Seq((most + 2) * 10);
        assert!(epochs.is_sound(tail));
        assert_eq!(epochs.last_in(Epoch(2), tail), Seq(0));
        assert_eq!(epochs.last_in(Epoch(3), tail), Seq(30));
        assert_eq!(epochs.last_in(Epoch(most + 2), tail), tail);
    }
}
