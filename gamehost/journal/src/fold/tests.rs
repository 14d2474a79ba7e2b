//! The history of a room does not depend on the order in which its entries are met.

use bytes::Bytes;
use latchkey_protocol::{Body, Epoch, Kind, Mac, RoomId, UnixMs};
use proptest::prelude::*;

use super::*;
use crate::format::Number;

fn entry(run: u32, from: u64, seq: u64) -> Entry {
    Entry {
        room: RoomId::from_random([3; 20]),
        run: Run::new(Number(1), run),
        from: Seq(from),
        record: Record {
            seq: Seq(seq),
            epoch: Epoch(u64::from(run)),
            from: None,
            n: 0,
            at: UnixMs(5),
            kind: Kind::Notice,
            body: Body::from_checked(Bytes::from_static(b"1")),
            mac: Mac([1; 16]),
        },
    }
}

/// Seq and run of the records after `after`.
fn told(entries: impl IntoIterator<Item = Entry>, after: u64) -> Vec<(u64, u64)> {
    let mut log = RoomLog::default();
    entries.into_iter().for_each(|entry| log.add(entry));
    let records = log.following(Seq(after));
    records
        .iter()
        .map(|record| (record.seq.0, record.epoch.0))
        .collect()
}

#[test]
fn a_later_run_replaces_what_it_begins_before() {
    let entries = [
        entry(1, 6, 6),
        entry(1, 6, 7),
        entry(1, 6, 8),
        entry(2, 7, 7),
    ];
    assert_eq!(told(entries, 5), [(6, 1), (7, 2)]);
}

#[test]
fn a_run_whose_first_record_is_lost_still_replaces_the_earlier_one() {
    let entries = [entry(1, 6, 6), entry(1, 6, 7), entry(2, 7, 8)];
    assert_eq!(told(entries.clone(), 5), [(6, 1)]);
    assert_eq!(
        told(entries, 7),
        [(8, 2)],
        "an archive that has the lost one goes on"
    );
}

#[test]
fn a_history_ends_where_a_record_is_missing() {
    assert_eq!(told([entry(1, 6, 6), entry(1, 6, 8)], 5), [(6, 1)]);
    assert_eq!(told([entry(1, 6, 6)], 4), []);
    assert_eq!(told([], 0), []);
}

/// What clause J2.4 says, word by word: of each seq the record of the latest run, unless a later run makes it void.
fn plainly(entries: &[Entry]) -> Vec<(u64, u64)> {
    let valid = |entry: &&Entry| {
        !entries
            .iter()
            .any(|other| other.run > entry.run && other.from <= entry.record.seq)
    };
    let records = entries
        .iter()
        .filter(valid)
        .map(|entry| (entry.record.seq, entry.record.epoch.0));
    let records: BTreeMap<Seq, u64> = records.collect();
    let gapless = (1..).map_while(|seq| records.get(&Seq(seq)).map(|epoch| (seq, *epoch)));
    gapless.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_any_entries_tells_what_the_clause_says(
        begins in proptest::collection::vec(1_u64..12, 1..6),
        mut picks in proptest::collection::vec((any::<prop::sample::Index>(), 0_u64..6), 0..40),
        turn in any::<prop::sample::Index>(),
    ) {
        let pick = |(run, above): &(prop::sample::Index, u64)| {
            let run = run.index(begins.len());
            entry(u32::try_from(run).expect("few runs"), begins[run], begins[run] + above)
        };
        let entries: Vec<Entry> = picks.iter().map(pick).collect();
        let expected = plainly(&entries);
        prop_assert_eq!(&told(entries.clone(), 0), &expected);
        prop_assert_eq!(&told(entries.into_iter().rev(), 0), &expected);
        if !picks.is_empty() {
            let by = turn.index(picks.len());
            picks.rotate_left(by);
        }
        prop_assert_eq!(&told(picks.iter().map(pick), 0), &expected);
    }
}
