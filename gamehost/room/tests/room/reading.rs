//! The shared log from a reader's side: P4.3, P4.6, P4.7, P8.3.

use latchkey_protocol::{Seq, limits};
use latchkey_room::{Command, ConnectionId, Read};
use serde_json::json;

use crate::harness::*;

#[test]
fn records_come_first_then_presence_signals_and_the_stored_mark() {
    let mut table = Table::new();
    table.join(1);
    table.pass(1_000);
    table.join(2);
    table.send(2, &json!({"op": "signal", "key": "cursor", "body": 1}));
    table.stored(2);
    let frames = table.read(1);
    assert_eq!(
        ops(&frames),
        ["record", "record", "presence", "signal", "stored"]
    );
    assert_eq!(
        table.read(1),
        Vec::<serde_json::Value>::new(),
        "nothing comes twice"
    );
}

#[test]
fn p4_6_presence_is_told_whole_when_somebody_comes_or_goes() {
    let mut table = Table::new();
    table.join(1);
    assert_eq!(
        ops(&table.read(1)),
        ["record"],
        "the welcome told it already"
    );
    table.join(2);
    table.join(3);
    let frames = table.read(1);
    assert_eq!(ops(&frames), ["record", "record", "presence"]);
    assert_eq!(
        frames[2]["online"],
        json!([member(1), member(2), member(3)])
    );
    assert_eq!(table.gone(2), [Command::Wake]);
    assert_eq!(
        table.read(1),
        [json!({"op": "presence", "online": [member(1), member(3)]})]
    );
    assert_eq!(table.gone(2), []);
}

#[test]
fn p4_7_stored_is_told_by_itself_when_nothing_takes_it_along_for_three_seconds_and_the_host_knows_when()
 {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 3);
    table.read(1);
    table.pass(4_000);
    assert_eq!(table.stored(1), [Command::Wake]);
    assert!(table.read(1).is_empty());
    assert_eq!(table.room.next_due(ConnectionId(1)), Some(table.ms + 3_000));
    table.pass(2_000);
    table.stored(4);
    table.pass(2_999);
    assert!(table.read(1).is_empty());
    table.pass(1);
    assert_eq!(table.read(1), [json!({"op": "stored", "seq": 4})]);
    assert_eq!(table.room.next_due(ConnectionId(1)), None);
}

#[test]
fn p4_7_stored_goes_along_with_another_frame_after_a_second() {
    let mut table = Table::new();
    table.join(1);
    table.read(1);
    table.stored(1);
    let told = |table: &mut Table, n| {
        table.say_many(1, n, n);
        table.read(1).last().unwrap()["op"] == "stored"
    };
    table.pass(900);
    assert!(!told(&mut table, 1));
    table.pass(100);
    assert!(told(&mut table, 2));
    table.stored(2);
    table.pass(900);
    assert!(!told(&mut table, 3));
}

#[test]
fn p4_7_stored_never_moves_back_and_repeats_nothing() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 3);
    table.stored(3);
    table.pass(2_000);
    table.read(1);
    for seq in [0, 2, 3] {
        assert_eq!(table.stored(seq), []);
    }
    table.pass(2_000);
    assert!(table.read(1).is_empty());
    assert_eq!(table.room.stored(), Seq(3));
    assert_eq!(replies(&table.join_on(2, 1, None))[0]["stored"], 3);
}

#[test]
fn one_read_takes_a_bounded_piece_and_at_least_one_frame() {
    let mut table = Table::new();
    table.join(1);
    for n in 1..=9 {
        let body = "x".repeat(10_000);
        table.send(1, &json!({"op": "say", "n": n, "body": body}));
    }
    let mut pieces = Vec::new();
    for _ in 0..10 {
        let (read, frames) = table.read_once(1);
        let bytes: usize = frames.iter().map(bytes::Bytes::len).sum();
        assert!(bytes <= limits::READ_AT_ONCE);
        pieces.push(frames.len());
        match read {
            Read::More => {}
            Read::CaughtUp => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pieces, [4, 3, 3]);
}

#[test]
fn p8_3_a_reader_behind_what_memory_holds_is_sent_to_the_archive_piece_by_piece() {
    let mut table = Table::new();
    table.join(1);
    table.join(2);
    table.say_many(1, 1, 998);
    assert_eq!(seqs(&table.read(1)).len(), 1_000);
    table.stored(900);
    let kept = 900 - limits::LOG_RECORDS as u64;
    let sent_to = |after, through| Read::FromArchive {
        after: Seq(after),
        through: Seq(through),
    };
    assert_eq!(table.read_once(2), (sent_to(0, kept), Vec::new()));
    let two = ConnectionId(2);
    table.room.caught_up_to(two, Seq(100));
    assert_eq!(table.read_once(2), (sent_to(100, kept), Vec::new()));
    table.room.caught_up_to(two, Seq(50));
    assert_eq!(
        table.read_once(2).0,
        sent_to(100, kept),
        "it never goes back"
    );
    table.stored(1_000);
    let kept = 1_000 - limits::LOG_RECORDS as u64;
    assert_eq!(table.read_once(2).0, sent_to(100, kept));
    table.room.caught_up_to(two, Seq(kept + 10));
    let expected: Vec<_> = (kept + 11..=1_000).collect();
    assert_eq!(seqs(&table.read(2)), expected);
}

#[test]
fn memory_keeps_every_unstored_record_and_few_bytes_of_stored_ones() {
    let mut table = Table::new();
    table.join(1);
    let body = "x".repeat(16_000);
    for n in 1..=100 {
        table.pass(34);
        table.send(1, &json!({"op": "say", "n": n, "body": body}));
    }
    table.stored(40);
    table.join_on(2, 1, at(1, 0));
    let Read::FromArchive { through, .. } = table.read_once(2).0 else {
        panic!("40 stored bodies of 16,000 bytes are more than memory keeps")
    };
    let kept = 40 - usize::try_from(through.0).unwrap();
    assert!(kept * 16_000 <= limits::LOG_BYTES && (kept + 2) * 16_000 > limits::LOG_BYTES);
    table.join_on(3, 1, at(1, 40));
    assert_eq!(seqs(&table.read(3)), (41..=101).collect::<Vec<_>>());
}

#[test]
fn a_reopened_room_has_only_its_unstored_records_in_memory() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 9);
    table.stored(6);
    let mut table = table.reopened(2);
    table.join_on(5, 1, at(1, 2));
    let from_archive = Read::FromArchive {
        after: Seq(2),
        through: Seq(6),
    };
    assert_eq!(table.read_once(5).0, from_archive);
    assert_eq!(seqs(&table.read(5)), (3..=10).collect::<Vec<_>>());
}

#[test]
fn a_connection_that_is_not_joined_reads_nothing() {
    let mut table = Table::new();
    assert_eq!(table.read_once(1), (Read::Gone, Vec::new()));
    assert_eq!(table.room.next_due(ConnectionId(1)), None);
    table.room.caught_up_to(ConnectionId(1), Seq(1));
}
