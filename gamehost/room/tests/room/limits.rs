//! P8: what is too large, too fast or too much.

use latchkey_protocol::{Body, CloseCode, Kind, Mac, Record, RefusalCode, Seq, UnixMs, limits};
use latchkey_room::{Command, Input, Summary, Unavailable, WhyNot};
use serde_json::{Value, json};

use crate::harness::*;

/// A JSON string of exactly this many bytes.
fn text_of(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

#[test]
fn p8_a_body_over_the_soft_limit_is_refused_and_one_over_the_hard_limit_closes() {
    for field in [
        r#""op":"say","n":1,"body""#,
        r#""op":"finish","n":1,"result""#,
    ] {
        let mut table = Table::new();
        table.join(1);
        let mut send = |bytes| table.send_text(1, &format!("{{{field}:{}}}", text_of(bytes)));
        let over = replies(&send(limits::BODY_SOFT + 1));
        assert_eq!(
            (&over[0]["code"], &over[0]["n"]),
            (&json!("too_large"), &json!(1))
        );
        assert_eq!(refused(&send(limits::BODY_HARD)), ["too_large"]);
        assert!(replies(&send(limits::BODY_SOFT)).is_empty());
        assert_eq!(
            closes(&send(limits::BODY_HARD + 1)),
            [(1, CloseCode::TooLarge)]
        );
        assert_eq!(table.room.tail(), Seq(2));
    }
}

#[test]
fn p8_the_hard_limit_holds_for_every_frame_with_a_body_whatever_else_is_wrong_with_it() {
    let huge = text_of(limits::BODY_HARD + 1);
    for frame in [
        format!(r#"{{"op":"say","n":77,"body":{huge}}}"#),
        format!(r#"{{"op":"say","n":0,"body":{huge}}}"#),
        format!(r#"{{"op":"signal","key":"?","body":{huge}}}"#),
        format!(r#"{{"op":"beat","t":{huge}}}"#),
    ] {
        let mut table = Table::new();
        table.join(1);
        assert_eq!(
            closes(&table.send_text(1, &frame)),
            [(1, CloseCode::TooLarge)]
        );
        assert_eq!(table.room.connections(), 0);
    }
}

#[test]
fn p8_a_burst_of_sixty_says_is_taken_and_the_next_waits() {
    let mut table = Table::new();
    table.join(1);
    for n in 1..=60 {
        assert_eq!(table.say(1, n), [Command::Wake]);
    }
    let refusal = replies(&table.say(1, 61)).remove(0);
    assert_eq!(
        (&refusal["code"], &refusal["n"]),
        (&json!("rate"), &json!(61))
    );
    let wait = refusal["retry_after"].as_u64().unwrap();
    table.pass(wait - 1);
    assert_eq!(refused(&table.say(1, 61)), ["rate"]);
    table.pass(1);
    assert_eq!(table.say(1, 61), [Command::Wake]);
}

#[test]
fn p8_coming_back_or_taking_over_does_not_refill_the_rate_and_others_have_their_own() {
    let mut table = Table::new();
    table.join(1);
    table.join(2);
    for n in 1..=60 {
        table.say(1, n);
    }
    table.join_on(10, 1, None);
    assert_eq!(refused(&table.say(10, 61)), ["rate"]);
    table.gone(10);
    table.join_on(11, 1, None);
    assert_eq!(refused(&table.say(11, 61)), ["rate"]);
    assert_eq!(table.say(2, 1), [Command::Wake]);
}

#[test]
fn p8_1_a_refused_or_repeated_frame_costs_nothing_of_the_rate() {
    let mut table = Table::new();
    table.join(1);
    table.say(1, 1);
    table.journal.failing = true;
    for _ in 0..100 {
        assert_eq!(refused(&table.say(1, 2)), ["unavailable"]);
        table.say(1, 1);
        table.say(1, 9);
        table.send(
            1,
            &json!({"op": "profile", "n": 2, "name": "", "colour": ""}),
        );
    }
    table.journal.failing = false;
    for n in 2..=60 {
        assert_eq!(table.say(1, n), [Command::Wake]);
    }
    assert_eq!(refused(&table.say(1, 61)), ["rate"]);
}

#[test]
fn p8_three_hundred_refusals_in_ten_seconds_are_borne_and_one_more_is_a_flood() {
    let mut table = Table::new();
    table.join(1);
    for round in 0..2 {
        for _ in 0..300 {
            table.pass(33);
            assert_eq!(closes(&table.say(1, 5)), [], "round {round}");
        }
        table.pass(133);
    }
    for _ in 0..300 {
        assert_eq!(closes(&table.say(1, 5)), []);
    }
    let commands = table.say(1, 5);
    assert_eq!(refused(&commands), ["gap"]);
    assert_eq!(closes(&commands), [(1, CloseCode::Flood)]);
    assert_eq!(table.say(1, 1), []);
}

#[test]
fn p8_a_host_in_trouble_does_not_take_its_members_for_a_flood() {
    let mut table = Table::new();
    table.join(1);
    table.journal.failing = true;
    for _ in 0..900 {
        assert_eq!(refused(&table.say(1, 1)), ["unavailable"]);
    }
    assert_eq!(table.room.connections(), 1);
}

#[test]
fn p8_a_thousand_frames_in_a_second_are_borne_and_one_more_is_a_flood() {
    let mut table = Table::new();
    table.join(1);
    let beat = json!({"op": "beat", "t": 1});
    for _ in 0..3 {
        table.pass(1_000);
        for _ in 0..1_000 {
            assert_eq!(closes(&table.send(1, &beat)), []);
        }
    }
    assert_eq!(
        table.send(1, &beat)[0],
        Command::Close(latchkey_room::ConnectionId(1), CloseCode::Flood)
    );
}

#[test]
fn p1_5_an_unknown_op_is_refused_with_its_number_and_the_connection_stays() {
    let mut table = Table::new();
    table.join(1);
    let replies_with = replies(&table.send(1, &json!({"op": "dance", "n": 4})));
    assert_eq!(
        (&replies_with[0]["code"], &replies_with[0]["n"]),
        (&json!("unknown_op"), &json!(4))
    );
    let without = replies(&table.send(1, &json!({"op": "x".repeat(5_000)}))).remove(0);
    assert_eq!(without.get("n"), None);
    assert!(
        without["message"].as_str().unwrap().len() < 200,
        "the op is not sent back whole"
    );
    assert_eq!(table.room.connections(), 1);
}

#[test]
fn p3_9_a_beat_is_answered_with_what_it_carried_and_the_time() {
    let mut table = Table::new();
    table.join(1);
    let answers = replies(&table.send_text(1, r#"{"op":"beat","t":[1, "a"]}"#));
    assert_eq!(
        answers,
        [json!({"op": "beat", "t": [1, "a"], "now": table.wall})]
    );
}

#[test]
fn p4_10_every_refusal_says_what_was_wrong_which_limit_and_what_to_do() {
    let mut table = Table::new();
    table.join(1);
    let mut messages: Vec<(Value, Value)> = Vec::new();
    for frame in [
        json!({"op": "say", "n": 1, "body": "x".repeat(limits::BODY_SOFT)}),
        json!({"op": "say", "n": 2, "body": 1}),
        json!({"op": "profile", "n": 1, "name": "", "colour": "#000000"}),
        json!({"op": "profile", "n": 1, "name": "Ada", "colour": "blue"}),
        json!({"op": "signal", "key": "A", "body": 1}),
        json!({"op": "signal", "key": "a", "body": "x".repeat(limits::SIGNAL_BODY)}),
        json!({"op": "checkpoint", "seq": 1, "state": 1}),
        json!({"op": "checkpoint", "seq": 1, "state": "x".repeat(limits::CHECKPOINT)}),
        json!({"op": "dance"}),
    ] {
        let refusal = replies(&table.send(1, &frame)).remove(0);
        assert_eq!(refusal["op"], "refused");
        messages.push((refusal["code"].clone(), refusal["message"].clone()));
    }
    for (code, message) in messages {
        let message = message.as_str().unwrap();
        let names_a_number = message.chars().any(|c| c.is_ascii_digit());
        assert!(
            names_a_number || code == json!(RefusalCode::UnknownOp) || message.contains("six"),
            "{message}"
        );
        assert!(message.split_whitespace().count() > 6, "{message}");
    }
}

#[test]
fn a_room_whose_archive_takes_nothing_stops_at_its_bound_of_records() {
    let most = limits::UNSTORED_RECORDS as u64;
    let notice = |seq| Record {
        seq: Seq(seq),
        epoch: latchkey_protocol::Epoch(1),
        from: None,
        n: 0,
        at: UnixMs(1),
        kind: Kind::Notice,
        body: Body::of(&0),
        mac: Mac([0; 16]),
    };
    let records: Vec<_> = (1..most).map(notice).collect();
    let mut table = Table::open(start(2, Summary::default(), records));
    assert_eq!(table.room.tail(), Seq(most - 1));
    table.join(1);
    assert_eq!(refused(&table.say(1, 1)), ["unavailable"]);
    assert_eq!(closes(&table.join(2)), [(2, CloseCode::NotReady)]);
    let why = WhyNot::Unavailable(Unavailable::RoomUnstored);
    let denied = table.handle(Input::Notice(Body::of(&1)));
    assert_eq!(denied, [Command::NotDone(why)]);
    table.stored(2);
    assert_eq!(table.say(1, 1), [Command::Wake]);
    assert_eq!(table.say(1, 2), [Command::Wake]);
    assert_eq!(refused(&table.say(1, 3)), ["unavailable"]);
}

#[test]
fn a_room_whose_archive_takes_nothing_stops_at_its_bound_of_bytes() {
    let mut table = Table::new();
    table.join(1);
    let body = "x".repeat(limits::BODY_SOFT - 2);
    let mut said = 0;
    while refused(&table.send(1, &json!({"op": "say", "n": said + 1, "body": body}))).is_empty() {
        said += 1;
        table.pass(34);
        assert!(
            said < limits::UNSTORED_BYTES / limits::BODY_SOFT + 1,
            "it goes on for ever"
        );
    }
    assert!(said > limits::UNSTORED_BYTES / (limits::BODY_SOFT + 400));
    table.stored(2);
    assert_eq!(table.say(1, said as u64 + 1), [Command::Wake]);
}
