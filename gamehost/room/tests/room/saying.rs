//! Frames that add to the log: P2.4, P3.2 to P3.4, P3.7, P3.8, P4.2, P5.

use std::iter;

use latchkey_protocol::{CloseCode, Mac, Seq, UnixMs};
use latchkey_room::{Command, Input, Unavailable, WhyNot};
use serde_json::{Value, json};

use crate::harness::*;

#[test]
fn p4_4_a_say_comes_back_to_all_as_the_same_record_and_is_answered_by_nothing_else() {
    let mut table = Table::new();
    table.join(1);
    table.join(2);
    table.read(1);
    table.read(2);
    let body = r#"{"a": [1.50, "\u00e9"]}"#;
    let said = format!(r#"{{"op":"say","n":1,"body":{body}}}"#);
    assert_eq!(table.send_text(1, &said), [Command::Wake]);
    let (_, one) = table.read_once(1);
    let (_, two) = table.read_once(2);
    assert_eq!(one, two);
    assert_eq!(
        one[0].as_ptr(),
        two[0].as_ptr(),
        "it was encoded once for both"
    );
    let text = std::str::from_utf8(&one[0]).unwrap();
    assert!(
        text.contains(body),
        "the body is passed on as it was written: {text}"
    );
    let record = value(&one[0]);
    assert_eq!(record["from"], json!(member(1)));
    assert_eq!(
        (&record["seq"], &record["n"], &record["epoch"]),
        (&json!(3), &json!(1), &json!(1))
    );
}

#[test]
fn p5_2_and_p5_4_what_is_read_is_what_the_journal_has_with_a_mac_that_verifies() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 3);
    table.handle(Input::Notice(latchkey_protocol::Body::of(
        &"Maintenance at noon.",
    )));
    let read = table.read(1);
    let journaled = table.journal.records.iter();
    let journaled: Vec<Value> = journaled.map(|record| value(&record.to_frame())).collect();
    assert_eq!(read[..5], journaled);
    assert_eq!(
        (&read[4]["kind"], &read[4]["from"]),
        (&json!("notice"), &Value::Null)
    );
    let before = iter::once(Mac::NONE).chain(table.journal.records.iter().map(|r| r.mac));
    for (before, record) in before.zip(&table.journal.records) {
        assert!(key().verifies(before, record), "P5.4: {record:?}");
    }
}

#[test]
fn p3_3_a_repeated_frame_is_dropped_without_an_answer_for_ever() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 5);
    let huge = "x".repeat(20_000);
    let mut reopened = table.reopened(2);
    reopened.join_on(9, 1, None);
    for (table, connection) in [(&mut table, 1), (&mut reopened, 9)] {
        let tail = table.room.tail();
        for n in 0..=5 {
            assert_eq!(table.say(connection, n), []);
            let frame = json!({"op": "profile", "n": n, "name": "", "colour": ""});
            assert_eq!(table.send(connection, &frame), []);
            let frame = json!({"op": "say", "n": n, "body": huge});
            assert_eq!(table.send(connection, &frame), []);
            let frame = json!({"op": "leave", "n": n});
            assert_eq!(table.send(connection, &frame), []);
        }
        assert_eq!(table.room.tail(), tail);
        assert_eq!(table.say(connection, 6), [Command::Wake]);
    }
}

#[test]
fn p3_3_a_skipped_number_is_refused_and_names_the_one_expected() {
    let mut table = Table::new();
    table.join(1);
    table.say(1, 1);
    let replies = replies(&table.say(1, 3));
    assert_eq!(replies[0]["code"], "gap");
    assert_eq!(replies[0]["n"], 3);
    assert!(
        replies[0]["message"]
            .as_str()
            .unwrap()
            .contains("from 2 on")
    );
    assert_eq!(table.room.tail(), Seq(2));
    assert_eq!(table.say(1, 2), [Command::Wake]);
}

#[test]
fn p3_4_a_profile_in_form_is_a_record_and_one_out_of_form_is_refused() {
    let mut table = Table::new();
    table.join(1);
    for (name, colour) in [
        ("", "#000000"),
        ("Ada", "red"),
        (&"a".repeat(25), "#000000"),
    ] {
        let frame = json!({"op": "profile", "n": 1, "name": name, "colour": colour});
        assert_eq!(refused(&table.send(1, &frame)), ["profile"]);
    }
    let frame = json!({"op": "profile", "n": 1, "name": " Ada ", "colour": "#ABCDEF"});
    assert_eq!(table.send(1, &frame), [Command::Wake]);
    let profile = table.read(1).remove(1);
    assert_eq!(profile["kind"], "profile");
    assert_eq!(profile["body"], json!({"name": "Ada", "colour": "#abcdef"}));
}

#[test]
fn p3_7_a_game_is_finished_once_and_talked_about_after() {
    let mut table = Table::new();
    table.join(1);
    table.join(2);
    let finish = |n| json!({"op": "finish", "n": n, "result": {"outcome": "escaped"}});
    assert_eq!(
        table.send(1, &finish(1)),
        [Command::Wake, Command::Finished(Seq(3))]
    );
    assert_eq!(table.room.finished(), Some(Seq(3)));
    assert_eq!(refused(&table.send(2, &finish(1))), ["finished"]);
    assert_eq!(
        table.send(1, &finish(1)),
        [],
        "resending the first is no second"
    );
    assert_eq!(refused(&table.send(1, &finish(2))), ["finished"]);
    assert_eq!(table.say(1, 2), [Command::Wake]);
    assert_eq!(table.say(2, 1), [Command::Wake]);
    let mut table = table.reopened(2);
    assert_eq!(replies(&table.join(1))[0]["finished"], 3);
    assert_eq!(refused(&table.send(1, &finish(3))), ["finished"]);
}

#[test]
fn p3_8_leaving_is_a_record_and_then_the_end_of_the_connection() {
    let mut table = Table::new();
    table.join(1);
    table.join(2);
    table.read(2);
    let commands = table.send(1, &json!({"op": "leave", "n": 1}));
    assert_eq!(closes(&commands), [(1, CloseCode::SeatGone)]);
    let frames = table.read(2);
    assert_eq!(ops(&frames), ["record", "presence"]);
    assert_eq!(frames[0]["body"], json!({"why": "gave_up"}));
    assert_eq!(frames[0]["n"], 1);
    assert_eq!(frames[1]["online"], json!([member(2)]));
    let members = replies(&table.join(3))[0]["members"].clone();
    assert_eq!(
        members.as_array().unwrap().len(),
        2,
        "its seat is not listed"
    );
}

#[test]
fn p2_4_times_of_records_never_decrease_even_when_the_clock_is_set_back() {
    let mut table = Table::new();
    table.join(1);
    table.wall += 5_000;
    table.say(1, 1);
    let highest = table.wall;
    table.wall -= 3_600_000;
    table.say(1, 2);
    let mut table = table.reopened(2);
    table.wall = highest - 7;
    table.join_on(5, 1, None);
    table.say(5, 3);
    table.wall = highest + 7;
    table.say(5, 4);
    let times: Vec<_> = table
        .journal
        .records
        .iter()
        .map(|record| record.at)
        .collect();
    let expected = [highest - 5_000, highest, highest, highest, highest + 7];
    assert_eq!(times, expected.map(UnixMs));
}

#[test]
fn p8_1_what_the_journal_cannot_take_is_refused_and_may_be_sent_again() {
    let mut table = Table::new();
    table.join(1);
    table.join(2);
    table.read(2);
    table.journal.failing = true;
    for frame in [
        json!({"op": "say", "n": 1, "body": 1}),
        json!({"op": "profile", "n": 1, "name": "Ada", "colour": "#000000"}),
        json!({"op": "finish", "n": 1, "result": 1}),
        json!({"op": "leave", "n": 1}),
    ] {
        let commands = table.send(1, &frame);
        let replies = replies(&commands);
        assert_eq!(commands.len(), 1, "{frame}");
        assert_eq!(replies[0]["code"], "unavailable");
        assert_eq!(replies[0]["retry_after"], 1_000);
    }
    assert_eq!(table.room.tail(), Seq(2));
    assert_eq!(table.room.finished(), None);
    assert!(table.read(2).is_empty());
    let why = WhyNot::Unavailable(Unavailable::Journal);
    let notice = Input::Notice(latchkey_protocol::Body::of(&1));
    assert_eq!(table.handle(notice), [Command::NotDone(why)]);
    table.journal.failing = false;
    assert_eq!(table.say(1, 1), [Command::Wake]);
    assert_eq!(seqs(&table.read(2)), [3]);
}
