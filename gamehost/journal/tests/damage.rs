//! Bytes that nobody wrote: flipped bits, holes, garbage. They are found, never taken for records, and never lead to
//! a panic (J3).

mod sim;

use latchkey_journal::{AppendError, Finding, Journal, Limits, OpenError, Recovered, TailError};
use latchkey_protocol::{Body, Record, Seq, limits};
use proptest::prelude::*;
use sim::world::{LIMITS, record, room_id};
use sim::{Plan, Rng, SimDisk};

/// Name and content.
type File = (String, Vec<u8>);

fn open(disk: &SimDisk) -> (Journal, Recovered) {
    Journal::open(disk.arc(), LIMITS).expect("damage does not keep a journal from opening")
}

/// Two rooms by turns over several segments, and a copy of their files.
fn filled() -> (Vec<File>, [Vec<Record>; 2]) {
    let disk = SimDisk::new(1, Plan::default());
    let (journal, _) = open(&disk);
    let mut histories = [Vec::new(), Vec::new()];
    for n in 0..24 {
        let (room, history) = (n % 2, &mut histories[n % 2]);
        let next = record(history.len() as u64 + 1, 1, n as u64, n);
        journal.append(room_id(room), &next).expect("appended");
        history.push(next);
    }
    (disk.files().into_iter().collect(), histories)
}

fn disk_of(files: &[File]) -> SimDisk {
    let disk = SimDisk::new(1, Plan::default());
    files
        .iter()
        .for_each(|(name, bytes)| disk.put(name, bytes.clone()));
    disk
}

#[test]
fn every_flipped_bit_is_found_and_costs_no_other_room() {
    let (files, histories) = filled();
    assert!(files.len() > 2);
    for (index, (name, bytes)) in files.iter().enumerate() {
        for bit in 0..bytes.len() * 8 {
            let mut damaged = files.clone();
            damaged[index].1[bit / 8] ^= 1 << (bit % 8);
            let (_, mut recovered) = open(&disk_of(&damaged));
            assert!(!recovered.findings().is_empty(), "bit {bit} of {name}");
            let whole = (0..2).filter(|n| {
                let records = recovered.take(room_id(*n), Seq::ZERO);
                assert!(histories[*n].starts_with(&records), "bit {bit} of {name}");
                records == histories[*n]
            });
            assert!(
                whole.count() > 0,
                "bit {bit} of {name} cost records of both rooms"
            );
        }
    }
}

#[test]
fn a_damaged_segment_is_put_aside_and_not_removed() {
    let (mut files, histories) = filled();
    let middle = files[0].1.len() / 2;
    files[0].1[middle] ^= 1;
    let disk = disk_of(&files);
    for _ in 0..2 {
        let (_, recovered) = open(&disk);
        let found = recovered.findings();
        assert!(
            matches!(found, [Finding::Damaged { file, .. }] if *file == files[0].0),
            "{found:?}"
        );
    }
    let (journal, _) = open(&disk);
    (0..2).for_each(|n| journal.stored(room_id(n), Seq(histories[n].len() as u64)));
    journal.sync().expect("synced");
    assert_eq!(journal.figures().segments, 0);
    let left = disk.files();
    assert_eq!(left.keys().collect::<Vec<_>>(), ["0000000001.damaged"]);
    assert_eq!(left["0000000001.damaged"], files[0].1);
    let (journal, _) = open(&disk);
    journal
        .append(room_id(0), &record(1, 1, 1, 1))
        .expect("appended");
    assert!(
        disk.files().contains_key("0000000002.segment"),
        "numbers are not used twice"
    );
}

#[test]
fn a_hole_ends_the_room_it_hit_and_gives_its_segments_up() {
    let (files, _) = filled();
    let mut without = files.clone();
    let hole = without.remove(1);
    let (journal, mut recovered) = open(&disk_of(&without));
    let records = recovered.take(room_id(0), Seq::ZERO);
    let last = records.last().expect("the first segment holds some").seq;
    let missing = format!("{} is gone, the room ends at {last}", hole.0);
    assert!(last < Seq(12), "{missing}");
    for n in 0..2 {
        let end = journal
            .tail(room_id(n), Seq::ZERO)
            .expect("read")
            .last()
            .expect("some")
            .seq;
        journal.stored(room_id(n), end);
    }
    journal.sync().expect("synced");
    assert_eq!(journal.figures().segments, 0, "{missing}");
}

#[test]
fn a_segment_of_a_later_version_is_refused_and_left_alone() {
    let mut header = [0; 32];
    header[..8].copy_from_slice(b"latchjrn");
    header[8] = 2;
    header[12] = 5;
    let checksum = crc32c::crc32c(&header[..28]);
    header[28..].copy_from_slice(&checksum.to_le_bytes());
    let disk = disk_of(&[("0000000005.segment".to_owned(), header.to_vec())]);
    let refused = Journal::open(disk.arc(), LIMITS).err().expect("refused");
    assert!(
        matches!(
            refused,
            OpenError::Version {
                found: 2,
                known: 1,
                ..
            }
        ),
        "{refused}"
    );
    assert_eq!(disk.files()["0000000005.segment"], header);
}

#[test]
fn a_tail_that_the_disk_has_changed_is_an_error_and_not_a_shorter_history() {
    let disk = SimDisk::new(1, Plan::default());
    let (journal, _) = open(&disk);
    let room = room_id(0);
    for seq in 1..=3 {
        journal
            .append(room, &record(seq, 1, seq, 0))
            .expect("appended");
    }
    assert_eq!(journal.tail(room, Seq(1)).expect("read").len(), 2);
    let mut bytes = disk.files()["0000000001.segment"].clone();
    let end = bytes.len();
    bytes[end - 1] ^= 1;
    disk.put("0000000001.segment", bytes);
    let error = journal
        .tail(room, Seq(1))
        .expect_err("the third is damaged");
    let damaged = matches!(
        error,
        TailError::Damaged {
            expected: Seq(3),
            found: Seq(2),
            ..
        }
    );
    assert!(damaged, "{error}");
}

#[test]
fn a_body_that_could_not_be_read_back_is_refused_with_its_limit() {
    let disk = SimDisk::new(1, Plan::default());
    let (journal, _) = open(&disk);
    for length in [0, limits::BODY_HARD + 1] {
        let mut bad = record(1, 1, 1, 0);
        bad.body = Body::from_checked(vec![b' '; length].into());
        let refused = journal.append(room_id(0), &bad).expect_err("refused");
        let named = matches!(refused, AppendError::Body { length: told, .. } if told == length);
        assert!(named, "{refused}");
    }
    assert_eq!(disk.files().len(), 0);
    let mut large = record(1, 1, 1, 0);
    large.body = Body::from_checked(vec![b' '; limits::BODY_HARD].into());
    let wide = Limits {
        bytes: 1 << 20,
        segment: 1024,
    };
    let (journal, _) = Journal::open(disk.arc(), wide).expect("opens");
    journal
        .append(room_id(0), &large)
        .expect("the largest body there is");
    assert_eq!(open(&disk).1.take(room_id(0), Seq::ZERO), [large]);
}

#[test]
fn limits_that_contradict_each_other_are_refused() {
    for (bytes, segment) in [(1 << 20, 1023), (4096, 2049), (0, 0)] {
        let disk = SimDisk::new(1, Plan::default());
        let refused = Journal::open(disk.arc(), Limits { bytes, segment })
            .err()
            .expect("refused");
        assert!(matches!(refused, OpenError::Limits { .. }), "{refused}");
    }
}

/// A change to the files of a journal: which file, where, and how.
fn mangle(files: &mut [File], rng: &mut Rng) {
    let bytes = &mut files[rng.below(3)].1;
    let at = rng.below(bytes.len());
    let length = rng.below(bytes.len() - at).min(200);
    match rng.below(4) {
        0 => bytes.truncate(at),
        1 => bytes[at..at + length].fill(0),
        2 => {
            let copy = bytes[at..at + length].to_vec();
            let to = rng.below(bytes.len());
            bytes.splice(to..to, copy);
        }
        _ => bytes[at..at + length]
            .iter_mut()
            .for_each(|byte| *byte = rng.next().to_le_bytes()[0]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_bytes_there_are_recovery_does_not_panic_and_the_journal_goes_on(
        contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..4),
        header in any::<bool>(),
    ) {
        let (files, _) = filled();
        let disk = SimDisk::new(1, Plan::default());
        for (index, mut bytes) in contents.into_iter().enumerate() {
            let (name, real) = &files[index];
            if header {
                bytes.splice(0..0, real[..32].iter().copied());
            }
            disk.put(name, bytes);
        }
        let (journal, recovered) = open(&disk);
        prop_assert_eq!(recovered.rooms().count(), 0);
        journal.append(room_id(0), &record(1, 1, 1, 1)).expect("appended");
        prop_assert_eq!(open(&disk).1.take(room_id(0), Seq::ZERO).len(), 1);
    }

    #[test]
    fn however_the_segments_are_mangled_no_history_is_invented(seed in any::<u64>()) {
        let (mut files, histories) = filled();
        let mut rng = Rng::new(seed);
        for _ in 0..=rng.below(3) {
            mangle(&mut files, &mut rng);
        }
        let disk = disk_of(&files);
        let (_, mut recovered) = open(&disk);
        for (n, history) in histories.iter().enumerate() {
            let records = recovered.take(room_id(n), Seq::ZERO);
            prop_assert!(history.starts_with(&records), "room {n}: {records:?}");
        }
    }
}
