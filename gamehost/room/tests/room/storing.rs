//! What goes to the archive and comes back from it: chunks, summaries, checkpoints (P3.6, P5.3).

use latchkey_protocol::{Body, Epoch, Mac, Seq, limits};
use latchkey_room::{BadStart, Input, Room, Summary};
use serde_json::json;

use crate::harness::*;

/// A room in which everything a summary knows of has happened.
fn eventful() -> Table {
    let mut table = Table::new();
    for who in 1..=4 {
        table.join(who);
    }
    table.say_many(1, 1, 3);
    table.send(
        2,
        &json!({"op": "profile", "n": 1, "name": "Ada 👩‍🚀", "colour": "#010203"}),
    );
    table.send(3, &json!({"op": "leave", "n": 1}));
    let mut table = table.reopened(4);
    table.handle(Input::TakeAway(member(4)));
    table.handle(Input::Notice(Body::of(&"x")));
    table.join_on(10, 1, None);
    table.send(10, &json!({"op": "finish", "n": 4, "result": null}));
    table.say(10, 5);
    table
}

#[test]
fn the_summary_at_any_record_is_the_fold_of_the_log_to_there() {
    let mut table = eventful();
    let records = table.journal.records.clone();
    for stored in [0, 5, 9, 13] {
        table.stored(stored);
        for seq in 0..=table.room.tail().0 + 1 {
            let prefix = records[..records.len().min(usize::try_from(seq).unwrap())].to_vec();
            let plain = Room::open(start(9, Summary::default(), prefix)).unwrap();
            let expected = plain.summary_at(plain.tail());
            let known = (stored..=table.room.tail().0).contains(&seq);
            assert_eq!(
                table.room.summary_at(Seq(seq)),
                expected.filter(|_| known),
                "{seq}"
            );
        }
    }
}

#[test]
fn a_summary_is_the_same_after_encoding_and_decoding() {
    let table = eventful();
    let summary = table.room.summary_at(table.room.tail()).unwrap();
    assert_eq!(Summary::decode(&summary.encode()), Ok(summary.clone()));
    assert_eq!(summary.finished(), Some(Seq(12)));
    let empty = Summary::default();
    assert_eq!(Summary::decode(&empty.encode()), Ok(empty.clone()));
    assert_eq!(Summary::decode(b""), Ok(empty));
}

#[test]
fn bytes_that_are_no_summary_are_not_taken_for_one() {
    let table = eventful();
    let good = table.room.summary_at(table.room.tail()).unwrap().encode();
    let good = String::from_utf8(good.to_vec()).unwrap();
    let mac = table.journal.records.last().unwrap().mac.to_text();
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from} in {good}");
        good.replace(from, to)
    };
    let one = member(1).to_string();
    for bad in [
        "{}".to_owned(),
        "null".to_owned(),
        good[..good.len() - 1].to_owned(),
        changed("\"version\":2", "\"version\":3"),
        changed("[[1,1],[4,10]]", "[[4,1],[1,10]]"),
        changed("[[1,1],[4,10]]", "[[1,1],[4,99]]"),
        changed("\"finished\":12", "\"finished\":99"),
        changed(member(2).as_str(), &one),
        changed("gave_up", "asleep"),
        changed(&format!("\"mac\":\"{}", &mac[..1]), "\"mac\":\"!"),
    ] {
        assert!(Summary::decode(bad.as_bytes()).is_err(), "{bad}");
    }
    let older = changed("\"version\":2", "\"version\":1");
    let older = older.replace(&format!("\"mac\":\"{mac}\","), "");
    let older = Summary::decode(older.as_bytes()).unwrap();
    assert_eq!((older.tail(), older.mac()), (table.room.tail(), Mac::NONE));
}

#[test]
fn a_room_does_not_open_on_records_that_do_not_follow() {
    let table = eventful();
    let mut records = table.journal.records.clone();
    records.remove(3);
    let error = Room::open(start(9, Summary::default(), records)).unwrap_err();
    assert_eq!(
        error,
        BadStart::Misfit {
            tail: Seq(3),
            found: Seq(5)
        }
    );
}

#[test]
fn a_room_does_not_open_in_an_epoch_that_ordered_records_already() {
    let table = eventful();
    let records = table.journal.records.clone();
    let misclaimed = |seq, claimed| BadStart::Epoch {
        seq: Seq(seq),
        of: Epoch(4),
        claimed: Epoch(claimed),
    };
    for claimed in [3, 4] {
        let unstored = start(claimed, Summary::default(), records.clone());
        let error = Room::open(unstored).unwrap_err();
        assert_eq!(error, misclaimed(10, claimed));
        let summary = table.room.summary_at(Seq(13)).unwrap();
        let error = Room::open(start(claimed, summary, Vec::new())).unwrap_err();
        assert_eq!(error, misclaimed(13, claimed));
    }
}

#[test]
fn unstored_records_come_in_chunks_of_bounded_number() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 2_100);
    let chunk = table.room.unstored();
    assert_eq!(chunk, table.journal.records[..limits::CHUNK_RECORDS]);
    table.stored(limits::CHUNK_RECORDS as u64);
    assert_eq!(
        table.room.unstored(),
        table.journal.records[limits::CHUNK_RECORDS..]
    );
    table.stored(2_101);
    assert_eq!(table.room.unstored(), []);
}

#[test]
fn unstored_records_come_in_chunks_of_bounded_size() {
    let mut table = Table::new();
    table.join(1);
    let body = "x".repeat(16_000);
    for n in 1..=100 {
        table.pass(34);
        table.send(1, &json!({"op": "say", "n": n, "body": body}));
    }
    let chunk = table.room.unstored();
    let bytes: usize = chunk
        .iter()
        .map(latchkey_protocol::Record::encoded_len)
        .sum();
    assert!(
        bytes <= limits::CHUNK_BYTES && bytes + 17_000 > limits::CHUNK_BYTES,
        "{bytes}"
    );
    assert_eq!(chunk[0].seq, Seq(1));
}

#[test]
#[should_panic(expected = "beyond the tail")]
fn storing_what_was_never_ordered_is_a_fault_of_the_host() {
    Table::new().stored(1);
}

fn checkpoint(table: &mut Table, seq: u64) -> Vec<latchkey_room::Command> {
    table.send(
        1,
        &json!({"op": "checkpoint", "seq": seq, "state": {"at": seq}}),
    )
}

#[test]
fn p3_6_a_checkpoint_is_of_an_ordered_record_and_32_after_the_last() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 99);
    let early = |commands: &[latchkey_room::Command]| refused(commands) == ["checkpoint_early"];
    assert!(early(&checkpoint(&mut table, 31)));
    assert!(early(&checkpoint(&mut table, 101)), "beyond the tail");
    assert_eq!(checkpoint(&mut table, 32), []);
    assert!(early(&checkpoint(&mut table, 63)));
    assert!(early(&checkpoint(&mut table, 20)));
    assert_eq!(checkpoint(&mut table, 64), []);
    assert_eq!(
        replies(&table.join(2))[0]["checkpoint"],
        json!({"seq": 64, "epoch": 1, "state": {"at": 64}})
    );
}

#[test]
fn p3_6_a_checkpoint_has_a_largest_size() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 40);
    let state = "x".repeat(limits::CHECKPOINT - 2);
    let large = json!({"op": "checkpoint", "seq": 32, "state": format!("{state}x")});
    assert_eq!(refused(&table.send(1, &large)), ["checkpoint_too_large"]);
    let fits = json!({"op": "checkpoint", "seq": 32, "state": state});
    assert_eq!(table.send(1, &fits), []);
}

#[test]
fn a_checkpoint_is_kept_only_when_its_records_are_stored() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 199);
    assert_eq!(checkpoint(&mut table, 40), []);
    assert_eq!(kept(&table.stored(39)), [0; 0]);
    assert_eq!(kept(&table.stored(40)), [40]);
    assert_eq!(kept(&table.stored(41)), [0; 0], "once");
    table.stored(100);
    assert_eq!(
        kept(&checkpoint(&mut table, 80)),
        [80],
        "at once when they are stored already"
    );
}

#[test]
fn in_a_busy_room_newer_checkpoints_do_not_keep_an_older_one_from_being_kept() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 299);
    for seq in [40, 80, 120] {
        checkpoint(&mut table, seq);
    }
    assert_eq!(kept(&table.stored(60)), [40]);
    checkpoint(&mut table, 160);
    assert_eq!(kept(&table.stored(119)), [0; 0]);
    assert_eq!(kept(&table.stored(130)), [120]);
    checkpoint(&mut table, 200);
    assert_eq!(
        kept(&table.stored(300)),
        [200],
        "the newest of those that are stored"
    );
}
