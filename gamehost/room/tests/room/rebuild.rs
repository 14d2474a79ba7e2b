//! Rebuilding from members, one by one by clause: P6.5 to P6.9, and what is answered to those who do it wrongly.

use latchkey_protocol::{Body, CloseCode, Epoch, Record, RoomId, RoomKey, Seq, Vouch, limits};
use latchkey_room::{ConnectionId, Rebuild, Summary};
use serde_json::json;
use serde_json::value::RawValue;

use crate::harness::*;

/// A lost host's log: member 1's `joined` and `says` says, ordered in one epoch.
fn lost(epoch: u64, says: u64) -> Vec<Record> {
    let mut table = Table::open(start(epoch, Summary::default(), Vec::new()));
    table.join(1);
    table.say_many(1, 1, says);
    table.journal.records
}

/// What the next owner makes of the log's first records when they end up in its own journal, and says on.
fn continued(records: &[Record], epoch: u64, more: u64) -> Vec<Record> {
    let mut table = Table::open(start(epoch, Summary::default(), records.to_vec()));
    table.journal.records = records.to_vec();
    table.join_on(1, 1, None);
    let last = records.last().unwrap().n;
    table.say_many(1, last + 1, last + more);
    table.journal.records
}

fn summary_of(records: &[Record]) -> Summary {
    let epoch = records.last().map_or(1, |record| record.epoch.0 + 1);
    let table = Table::open(start(epoch, Summary::default(), records.to_vec()));
    table.room.summary_at(table.room.tail()).unwrap()
}

fn rebuild(base: &[Record], below: u64) -> Rebuild {
    Rebuild::new(key(), &summary_of(base), Epoch(below), Vec::new())
}

/// One frame of `who` on connection `who`.
fn give(
    rebuild: &mut Rebuild,
    who: usize,
    records: &[Record],
    online: &[usize],
    more: bool,
) -> Result<(), CloseCode> {
    let frames = records
        .iter()
        .map(|record| String::from_utf8(record.to_frame().to_vec()).unwrap());
    let texts: Vec<_> = frames
        .map(|frame| RawValue::from_string(frame).unwrap())
        .collect();
    let vouch = Vouch {
        records: texts.iter().map(|text| &**text).collect(),
        online: online.iter().map(|who| member(*who)).collect(),
        more,
    };
    rebuild.vouch(ConnectionId(who as u64), &vouch)
}

/// `who` comes and gives all its records at once.
fn come(rebuild: &mut Rebuild, who: usize, records: &[Record]) -> Result<(), CloseCode> {
    rebuild.arrive(ConnectionId(who as u64), member(who));
    give(rebuild, who, records, &[who], false)
}

#[test]
fn p6_5_what_a_member_gives_back_goes_on_from_the_archive() {
    let log = lost(1, 9);
    let mut rebuild = rebuild(&log[..4], 2);
    assert_eq!(rebuild.after(), Seq(4));
    rebuild.arrive(ConnectionId(1), member(1));
    assert_eq!(give(&mut rebuild, 1, &log[4..6], &[1], true), Ok(()));
    assert_eq!(give(&mut rebuild, 1, &log[6..], &[1], false), Ok(()));
    assert_eq!(rebuild.finish(), log[4..]);
}

#[test]
fn p6_5_with_nothing_stored_the_whole_log_is_rebuilt() {
    let log = lost(1, 9);
    let mut rebuild = rebuild(&[], 2);
    assert_eq!(come(&mut rebuild, 1, &log), Ok(()));
    assert_eq!(rebuild.finish(), log);
}

#[test]
fn p6_6_a_record_that_no_host_ordered_in_that_place_ends_what_is_believed_and_is_no_fault() {
    let log = lost(1, 5);
    let changes: [fn(&mut Record); 6] = [
        |record| record.body = Body::of(&"forged"),
        |record| record.mac.0[3] ^= 1,
        |record| record.epoch = Epoch(2),
        |record| record.n += 1,
        |record| record.from = None,
        |record| record.epoch = Epoch(9),
    ];
    for change in changes {
        let mut forged = log.clone();
        change(&mut forged[3]);
        let mut rebuild = rebuild(&log[..1], 3);
        assert_eq!(come(&mut rebuild, 1, &forged[1..]), Ok(()));
        assert_eq!(rebuild.finish(), log[1..3], "{:?}", forged[3]);
    }
    let other_key = RoomKey::derive(&[5; 32], RoomId::from_random([4; 20]));
    let mut rebuild = Rebuild::new(other_key, &Summary::default(), Epoch(3), Vec::new());
    assert_eq!(come(&mut rebuild, 1, &log), Ok(()));
    assert_eq!(rebuild.finish(), [], "records of another room");
}

#[test]
fn p6_6_true_records_of_two_histories_cannot_be_put_together() {
    let first = lost(1, 6);
    let second = continued(&first[..4], 2, 4);
    // Records 5 and 6 of epoch 1 were lost when epoch 2 ordered its own; the liar sews its 7 and 8 to them.
    let sewn: Vec<_> = first[..6].iter().chain(&second[6..]).cloned().collect();
    let mut rebuild = rebuild(&[], 3);
    assert_eq!(come(&mut rebuild, 9, &sewn), Ok(()));
    assert_eq!(come(&mut rebuild, 2, &second[..5]), Ok(()));
    assert_eq!(rebuild.finish(), second[..5]);
}

#[test]
fn p6_6_a_member_whose_history_parted_from_the_archives_before_its_end_adds_nothing() {
    let first = lost(1, 8);
    let second = continued(&first[..4], 2, 2);
    let mut rebuild = rebuild(&second, 3);
    assert_eq!(come(&mut rebuild, 1, &first[6..]), Ok(()));
    assert_eq!(rebuild.finish(), []);
}

#[test]
fn p6_6_records_of_the_claims_own_epoch_or_a_later_one_are_not_believed() {
    let log = continued(&lost(1, 3), 5, 3);
    for (below, expected) in [(6, 7), (5, 4), (2, 4), (1, 0)] {
        let mut rebuild = rebuild(&[], below);
        assert_eq!(come(&mut rebuild, 1, &log), Ok(()));
        assert_eq!(rebuild.finish(), log[..expected], "below {below}");
    }
}

#[test]
fn p6_7_an_answer_out_of_form_or_out_of_turn_closes_with_bad_frame_and_what_was_true_before_stays()
{
    let log = lost(1, 9);
    let beginnings: [&[Record]; 4] = [
        &log[4..5],
        &log[..3],
        &log[1..2],
        &[log[2].clone(), log[2].clone()],
    ];
    for bad in beginnings {
        let mut rebuild = rebuild(&log[..2], 2);
        rebuild.arrive(ConnectionId(1), member(1));
        let outcome = give(&mut rebuild, 1, bad, &[], false);
        assert_eq!(outcome, Err(CloseCode::BadFrame), "{bad:?}");
        assert!(rebuild.is_complete(), "nobody waits for who is closed");
    }
    let mut rebuild = rebuild(&log[..2], 2);
    let bad = Err(CloseCode::BadFrame);
    assert_eq!(give(&mut rebuild, 7, &[], &[], false), bad, "not asked");
    assert_eq!(come(&mut rebuild, 1, &log[2..3]), Ok(()));
    assert_eq!(
        give(&mut rebuild, 1, &log[3..4], &[], false),
        bad,
        "answered already"
    );
    rebuild.arrive(ConnectionId(2), member(2));
    assert_eq!(
        give(&mut rebuild, 2, &[], &[], true),
        bad,
        "more of nothing"
    );
    rebuild.arrive(ConnectionId(3), member(3));
    let crowd: Vec<_> = (0..=limits::MEMBERS).collect();
    assert_eq!(
        give(&mut rebuild, 3, &[], &crowd, false),
        bad,
        "more than a room has"
    );
    rebuild.arrive(ConnectionId(4), member(4));
    let text = RawValue::from_string(json!({"op": "stored", "seq": 3}).to_string()).unwrap();
    let vouch = Vouch {
        records: vec![&text],
        online: Vec::new(),
        more: false,
    };
    assert_eq!(rebuild.vouch(ConnectionId(4), &vouch), bad, "no record");
    rebuild.arrive(ConnectionId(5), member(5));
    assert_eq!(give(&mut rebuild, 5, &log[2..5], &[], true), Ok(()));
    assert_eq!(give(&mut rebuild, 5, &log[8..], &[], false), bad, "a gap");
    assert_eq!(rebuild.finish(), log[2..5]);
}

#[test]
fn p6_7_an_answer_without_end_is_a_flood() {
    let log = lost(1, u64::from(limits::VOUCH_FRAMES) + 5);
    let mut rebuild = rebuild(&[], 2);
    rebuild.arrive(ConnectionId(1), member(1));
    for (sent, record) in log.chunks(1).enumerate() {
        let outcome = give(&mut rebuild, 1, record, &[], true);
        if sent < limits::VOUCH_FRAMES as usize {
            assert_eq!(outcome, Ok(()));
        } else {
            assert_eq!(outcome, Err(CloseCode::Flood));
            assert!(rebuild.is_complete());
            return;
        }
    }
    panic!("it was never closed");
}

#[test]
fn p6_8_nobody_is_left_to_wait_for_once_all_who_came_or_were_seen_have_answered_or_gone() {
    let mut rebuild = rebuild(&[], 2);
    assert!(!rebuild.is_complete(), "nobody came yet");
    rebuild.arrive(ConnectionId(1), member(1));
    assert!(!rebuild.is_complete(), "it has not answered");
    assert_eq!(give(&mut rebuild, 1, &lost(1, 1), &[1, 2], true), Ok(()));
    assert!(!rebuild.is_complete(), "more of its answer comes");
    assert_eq!(give(&mut rebuild, 1, &[], &[1, 2], false), Ok(()));
    assert!(!rebuild.is_complete(), "it saw member 2");
    rebuild.arrive(ConnectionId(2), member(2));
    assert!(!rebuild.is_complete());
    rebuild.gone(ConnectionId(2));
    assert!(rebuild.is_complete(), "member 2 came and went");
    assert_eq!(come(&mut rebuild, 3, &[]), Ok(()));
    assert!(rebuild.is_complete());
}

#[test]
fn p6_9_the_history_of_the_highest_epoch_goes_on_then_the_longest() {
    let first = lost(1, 20);
    let second = continued(&first[..10], 2, 3);
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        let mut rebuild = rebuild(&first[..4], 3);
        for who in order {
            let log = [&first[..], &second[..11], &second, &first[..6]][who];
            assert_eq!(come(&mut rebuild, who, &log[4..]), Ok(()));
        }
        assert_eq!(rebuild.finish(), second[4..]);
    }
}

#[test]
fn p6_9_the_own_journals_tail_counts_as_a_members() {
    let first = lost(1, 9);
    let second = continued(&first[..6], 2, 3);
    let of = |own: &[Record], given: &[Record]| {
        let base = summary_of(&first[..4]);
        let mut rebuild = Rebuild::new(key(), &base, Epoch(3), own.to_vec());
        assert_eq!(come(&mut rebuild, 1, given), Ok(()));
        rebuild.finish()
    };
    assert_eq!(of(&first[4..], &[]), first[4..]);
    assert_eq!(of(&first[4..8], &first[4..]), first[4..]);
    assert_eq!(
        of(&first[2..], &first[4..6]),
        first[4..],
        "what is stored is passed over"
    );
    assert_eq!(of(&first[4..], &second[4..]), second[4..]);
    assert_eq!(of(&second[4..], &first[4..]), second[4..]);
    assert_eq!(of(&first[5..], &first[4..5]), first[4..5], "a gap ends it");
}

#[test]
fn the_same_records_from_a_whole_room_are_held_once() {
    let log = lost(1, 50);
    let mut rebuild = rebuild(&[], 2);
    for who in 0..limits::MEMBERS {
        assert_eq!(come(&mut rebuild, who, &log[..1 + who.min(50)]), Ok(()));
    }
    assert_eq!(rebuild.held(), log.len());
    assert_eq!(rebuild.finish(), log);
}

#[test]
fn p6_8_an_answer_that_comes_when_the_room_is_open_already_is_dropped_without_an_answer() {
    let mut table = Table::new();
    table.join(1);
    let late = json!({"op": "vouch", "records": [], "online": [member(1)], "more": false});
    assert_eq!(table.send(1, &late), []);
    assert_eq!(seqs(&table.read(1)), [1]);
}
