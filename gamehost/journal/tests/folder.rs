//! The journal on the real file system: the golden segments, the lock, and going on after a restart (J1, J2).

mod sim;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use latchkey_journal::{Finding, Folder, Journal, JournalId, Limits, OpenError, Recovered};
use latchkey_protocol::{Record, Seq};
use sim::world::{record, room_id};
use sim::{Plan, SimDisk};

const LIMITS: Limits = Limits {
    bytes: 64 * 1024,
    segment: 1024,
};

fn open(path: &Path) -> (Journal, Recovered) {
    let folder = Folder::open(path).expect("the folder is free");
    Journal::open(Arc::new(folder), LIMITS).expect("the journal opens")
}

/// What the golden segments hold: three records of one room, one of another, and then the first room's third
/// replaced, and continued in a second segment.
fn golden_story(journal: &Journal) {
    let (one, two) = (room_id(1), room_id(2));
    let records = [record(1, 1, 1, 0), record(2, 1, 2, 3), record(3, 1, 3, 0)];
    journal.append_all(one, &records).expect("appended");
    journal.append(two, &record(41, 7, 9, 0)).expect("appended");
    journal.append(one, &record(3, 2, 4, 1)).expect("appended");
    journal
        .append(one, &record(4, 2, 5, 500))
        .expect("appended");
}

const GOLDEN: [(&str, &[u8]); 2] = [
    (
        "0000000001.segment",
        include_bytes!("golden/0000000001.segment"),
    ),
    (
        "0000000002.segment",
        include_bytes!("golden/0000000002.segment"),
    ),
];

#[test]
fn segments_are_written_as_the_golden_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, _) = open(folder.path());
    golden_story(&journal);
    for (name, golden) in GOLDEN {
        let written = fs::read(folder.path().join(name)).expect("the segment is there");
        assert_eq!(
            written, golden,
            "{name}: a change of the format needs a new version"
        );
    }
}

#[test]
fn the_golden_segments_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, golden) in GOLDEN {
        fs::write(folder.path().join(name), golden).expect("written");
    }
    let (_, mut recovered) = open(folder.path());
    assert_eq!(recovered.findings(), []);
    let expected = [
        record(1, 1, 1, 0),
        record(2, 1, 2, 3),
        record(3, 2, 4, 1),
        record(4, 2, 5, 500),
    ];
    assert_eq!(recovered.take(room_id(1), Seq(0)), expected);
    assert_eq!(recovered.take(room_id(2), Seq(40)), [record(41, 7, 9, 0)]);
    assert_eq!(recovered.rooms().count(), 0);
}

#[test]
fn a_folder_in_use_is_refused_and_free_again_when_the_journal_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, _) = open(folder.path());
    let refused = Folder::open(folder.path()).expect_err("it is in use");
    assert!(matches!(refused, OpenError::InUse { .. }));
    assert!(
        refused.to_string().contains("in use by another process"),
        "{refused}"
    );
    drop(journal);
    open(folder.path());
}

#[test]
fn a_restart_goes_on_in_a_new_segment_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let room = room_id(3);
    let mut expected: Vec<Record> = Vec::new();
    for life in 1..=5 {
        let (journal, mut recovered) = open(folder.path());
        assert_eq!(recovered.take(room, Seq::ZERO), expected);
        assert_eq!(
            journal.figures().segments as u64,
            life - 1,
            "opening creates nothing"
        );
        let next = record(life, life, 7, 20);
        journal.append(room, &next).expect("appended");
        journal.sync().expect("synced");
        expected.push(next);
        assert_eq!(journal.tail(room, Seq::ZERO).expect("read"), expected);
    }
}

#[test]
fn what_is_stored_leaves_the_disk_with_the_next_sync_except_the_segment_in_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, _) = open(folder.path());
    let (one, two) = (room_id(1), room_id(2));
    journal.append(two, &record(1, 1, 1, 10)).expect("appended");
    for seq in 1..=30 {
        journal
            .append(one, &record(seq, 1, seq, 100))
            .expect("appended");
    }
    let before = journal.figures();
    assert!(before.segments > 4, "{before:?}");
    journal.stored(one, Seq(30));
    journal.sync().expect("synced");
    assert_eq!(
        journal.figures().segments,
        before.segments,
        "the other room keeps the oldest (J5.2)"
    );
    journal.stored(two, Seq(1));
    journal.sync().expect("synced");
    let after = journal.figures();
    assert_eq!(
        (after.segments, after.rooms, after.oldest_unstored),
        (1, 0, None)
    );
    let names = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("listed"));
    let files: Vec<_> = names.filter(|entry| entry.file_name() != "lock").collect();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].metadata().expect("a file").len(), after.bytes);
}

#[test]
fn a_write_cut_off_by_the_end_of_the_process_is_reported_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let room = room_id(1);
    open(folder.path())
        .0
        .append_all(room, &[record(1, 1, 1, 0), record(2, 1, 2, 0)])
        .expect("appended");
    let file = folder.path().join("0000000001.segment");
    let whole = fs::read(&file).expect("read");
    fs::write(&file, &whole[..whole.len() - 1]).expect("written");
    let (journal, mut recovered) = open(folder.path());
    let found = format!("{:?}", recovered.findings());
    assert!(
        matches!(recovered.findings(), [Finding::TornTail { .. }]),
        "{found}"
    );
    assert_eq!(recovered.take(room, Seq::ZERO), [record(1, 1, 1, 0)]);
    journal.append(room, &record(2, 2, 3, 0)).expect("appended");
    drop(journal);
    let (_, mut recovered) = open(folder.path());
    assert_eq!(recovered.findings(), []);
    assert_eq!(
        recovered.take(room, Seq::ZERO),
        [record(1, 1, 1, 0), record(2, 2, 3, 0)]
    );
}

#[test]
fn j5_4_what_a_full_disk_took_of_records_put_aside_is_removed_again() {
    let disk = SimDisk::new(1, Plan::default());
    let (journal, _) = Journal::open(disk.arc(), LIMITS).expect("the journal opens");
    let records = [record(1, 1, 1, 50)];
    // Making the file is one operation; then it is written, and then synced.
    for refused in 1..=2 {
        disk.plan(Plan {
            refuses: (refused, refused + 1),
            refuses_syncs: true,
            ..Plan::default()
        });
        let put = journal.put_aside(room_id(1), &records);
        put.expect_err("the disk is full");
        assert!(disk.files().is_empty(), "{:?}", disk.files().keys());
    }
    journal
        .put_aside(room_id(1), &records)
        .expect("there is space again");
    assert_eq!(disk.files().len(), 1);
}

#[test]
fn j5_4_records_put_aside_are_in_a_file_of_their_own_once_and_the_journal_forgets_them_only_when_told()
 {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, _) = open(folder.path());
    let records: Vec<Record> = (1..=3).map(|seq| record(seq, 1, seq, 5)).collect();
    journal
        .append_all(room_id(1), &records)
        .expect("the disk is sound");
    let held = journal.held(room_id(1)).expect("it can be read back");
    assert_eq!(held, records);
    let put = |records: &[Record]| {
        journal
            .put_aside(room_id(1), records)
            .expect("the disk is sound")
    };
    let name = put(&held);
    assert_eq!(put(&held), name, "the same again is the same file");
    assert_ne!(
        put(&[record(1, 2, 9, 5), records[1].clone(), records[2].clone()]),
        name
    );
    let text = fs::read_to_string(folder.path().join(&name)).expect("it is there");
    let frames: Vec<String> = records
        .iter()
        .map(|record| String::from_utf8(record.to_frame().to_vec()).expect("a frame is text"))
        .collect();
    assert_eq!(text.lines().collect::<Vec<_>>(), frames);
    assert!(journal.holds(room_id(1)));
    assert_eq!(journal.rooms(), [room_id(1)]);
    journal.stored(room_id(1), Seq(u64::MAX));
    assert!(!journal.holds(room_id(1)));
    drop(journal);
    let (_, recovered) = open(folder.path());
    assert!(recovered.findings().is_empty(), "such files are left alone");
}

#[test]
fn j1_3_a_folder_keeps_its_id_and_gets_a_new_one_when_it_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let id = |random| {
        let folder = Folder::open(folder.path()).expect("the folder is free");
        folder.id(random).expect("the disk is sound")
    };
    assert_eq!(id(7), JournalId(7));
    assert_eq!(id(8), JournalId(7), "for the life of the folder");
    fs::write(folder.path().join("id"), "0000").expect("written");
    assert_eq!(id(9), JournalId(9), "what is torn is nobody's id");
    assert_eq!(id(10), JournalId(9));
    fs::remove_file(folder.path().join("id")).expect("removed");
    assert_eq!(id(11), JournalId(11));
    let (journal, _) = open(folder.path());
    golden_story(&journal);
}
