//! What the entries of one room mean together (J2.4), in whatever order they are met.

use std::collections::BTreeMap;
use std::ops::Bound;

use latchkey_protocol::{Record, Seq};

use crate::format::{Entry, Run};

/// The history of one room as far as the entries tell it.
#[derive(Debug, Default)]
pub(crate) struct RoomLog {
    /// Where each run begins. A later run that begins no later makes an earlier one irrelevant, so both the runs and
    /// the seqs they begin with ascend.
    runs: BTreeMap<Run, Seq>,
    records: BTreeMap<Seq, (Run, Record)>,
}

impl RoomLog {
    /// Adds an entry, unless a later run has replaced it.
    pub(crate) fn add(&mut self, entry: Entry) {
        let Entry {
            run, from, record, ..
        } = entry;
        let later = self.begins_after(run);
        let current = |seq: Seq| later.is_none_or(|later| seq < later);
        if current(from) && self.runs.insert(run, from).is_none() {
            self.replace_from(run, from, later);
        }
        if current(record.seq) {
            self.records.insert(record.seq, (run, record));
        }
    }

    /// Drops what runs before `run` hold from `from` on. From `later` on there is nothing of them any more.
    fn replace_from(&mut self, run: Run, from: Seq, later: Option<Seq>) {
        while let Some((&earlier, _)) = self
            .runs
            .range(..run)
            .next_back()
            .filter(|(_, begin)| **begin >= from)
        {
            self.runs.remove(&earlier);
        }
        let end = later.map_or(Bound::Unbounded, Bound::Excluded);
        let range = self.records.range((Bound::Included(from), end));
        let replaced: Vec<Seq> = range
            .filter(|(_, (of, _))| *of < run)
            .map(|(seq, _)| *seq)
            .collect();
        for seq in replaced {
            self.records.remove(&seq);
        }
    }

    /// The first seq that belongs to runs later than `run`.
    fn begins_after(&self, run: Run) -> Option<Seq> {
        let mut later = self.runs.range((Bound::Excluded(run), Bound::Unbounded));
        later.next().map(|(_, begin)| *begin)
    }

    /// The first record there is.
    pub(crate) fn first(&self) -> Option<&Record> {
        self.records
            .first_key_value()
            .map(|(_, (_, record))| record)
    }

    /// The last record's seq and run, and where the run begins.
    pub(crate) fn end(&self) -> Option<(Seq, Run, Seq)> {
        let (seq, (run, _)) = self.records.last_key_value()?;
        self.runs.get(run).map(|from| (*seq, *run, *from))
    }

    /// First and last seq of each gapless run of records.
    pub(crate) fn spans(&self) -> Vec<(Seq, Seq)> {
        let mut spans: Vec<(Seq, Seq)> = Vec::new();
        for seq in self.records.keys() {
            match spans.last_mut() {
                Some((_, last)) if last.next() == *seq => *last = *seq,
                _ => spans.push((*seq, *seq)),
            }
        }
        spans
    }

    /// Every record, whether or not others are missing between them.
    pub(crate) fn all(&self) -> Vec<Record> {
        let records = self.records.values();
        records.map(|(_, record)| record.clone()).collect()
    }

    /// The records from `after + 1` on, until one is missing.
    pub(crate) fn following(mut self, after: Seq) -> Vec<Record> {
        let mut records = Vec::new();
        let mut expected = Seq(after.0.saturating_add(1));
        for (seq, (_, record)) in self.records.split_off(&expected) {
            if seq != expected {
                break;
            }
            records.push(record);
            expected = Seq(seq.0.saturating_add(1));
        }
        records
    }
}

#[cfg(test)]
mod tests;
