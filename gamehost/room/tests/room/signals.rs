//! Signals: P3.5, P4.5, P8.2.

use latchkey_protocol::limits;
use latchkey_room::{Command, ConnectionId};
use serde_json::{Value, json};

use crate::harness::*;

fn signal(table: &mut Table, connection: u64, key: &str, body: u64) -> Vec<Command> {
    table.send(
        connection,
        &json!({"op": "signal", "key": key, "body": body}),
    )
}

/// Three members, all caught up.
fn three() -> Table {
    let mut table = Table::new();
    for who in 1..=3 {
        table.join(who);
    }
    for who in 1..=3 {
        table.read(who);
    }
    table
}

fn heard(table: &mut Table, connection: u64) -> Vec<(Value, u64)> {
    let frames = table.read(connection).into_iter();
    let signals = frames.filter(|frame| frame["op"] == "signal");
    signals
        .map(|frame| (frame["key"].clone(), frame["body"].as_u64().unwrap()))
        .collect()
}

#[test]
fn p3_5_a_signal_goes_to_the_others_and_into_no_log() {
    let mut table = three();
    let tail = table.room.tail();
    assert_eq!(signal(&mut table, 1, "cursor", 7), [Command::Wake]);
    let expected = json!({"op": "signal", "from": member(1), "key": "cursor", "body": 7});
    assert_eq!(table.read(2), std::slice::from_ref(&expected));
    assert_eq!(table.read(3), [expected]);
    assert!(table.read(1).is_empty(), "not to its sender");
    assert!(table.read(2).is_empty(), "and once");
    assert_eq!(table.room.tail(), tail);
}

#[test]
fn p4_5_a_reader_that_falls_behind_gets_only_the_newest_per_member_and_key() {
    let mut table = three();
    for value in 1..=20 {
        signal(&mut table, 1, "cursor", value);
        signal(&mut table, 2, "cursor", 100 + value);
    }
    signal(&mut table, 1, "typing", 1);
    let cursor = json!("cursor");
    let expected = [
        (cursor.clone(), 20),
        (cursor.clone(), 120),
        (json!("typing"), 1),
    ];
    assert_eq!(heard(&mut table, 3), expected);
    signal(&mut table, 1, "cursor", 21);
    assert_eq!(heard(&mut table, 3), [(cursor, 21)]);
}

#[test]
fn p4_5_a_members_signals_end_with_its_connection() {
    let mut table = three();
    signal(&mut table, 1, "cursor", 1);
    signal(&mut table, 2, "cursor", 2);
    table.gone(1);
    assert_eq!(heard(&mut table, 3), [(json!("cursor"), 2)]);
    table.join_on(9, 2, None);
    table.join_on(8, 1, None);
    assert_eq!(heard(&mut table, 8), [], "a takeover ends them too");
}

#[test]
fn a_newcomer_is_told_the_signals_there_are() {
    let mut table = three();
    signal(&mut table, 1, "cursor", 4);
    table.join(4);
    assert_eq!(heard(&mut table, 4), [(json!("cursor"), 4)]);
}

#[test]
fn p3_5_keys_and_bodies_out_of_form_are_refused() {
    let mut table = three();
    let long = "k".repeat(limits::SIGNAL_KEY + 1);
    for key in ["", "Cursor", "a b", "é", &long] {
        assert_eq!(refused(&signal(&mut table, 1, key, 1)), ["signal"], "{key}");
    }
    assert!(refused(&signal(&mut table, 1, &long[1..], 1)).is_empty());
    let fits = "x".repeat(limits::SIGNAL_BODY - 2);
    let frame = json!({"op": "signal", "key": "a", "body": fits});
    assert!(refused(&table.send(1, &frame)).is_empty());
    let frame = json!({"op": "signal", "key": "a", "body": format!("{fits}x")});
    assert_eq!(refused(&table.send(1, &frame)), ["signal"]);
}

#[test]
fn p3_5_a_member_has_a_limited_number_of_keys_and_others_have_their_own() {
    let mut table = three();
    for key in 0..limits::SIGNAL_KEYS {
        assert!(refused(&signal(&mut table, 1, &format!("k{key}"), 1)).is_empty());
    }
    assert_eq!(refused(&signal(&mut table, 1, "one-more", 1)), ["signal"]);
    assert!(refused(&signal(&mut table, 1, "k0", 2)).is_empty());
    assert!(refused(&signal(&mut table, 2, "one-more", 1)).is_empty());
}

#[test]
fn p8_2_beyond_the_rate_signals_are_held_and_the_newest_comes_through_when_it_may() {
    let mut table = three();
    // What waits for the archive is due one day too (P4.7).
    let lags = table.ms + limits::BEHIND_AFTER_MS;
    for value in 1..=120 {
        assert_eq!(signal(&mut table, 1, "cursor", value), [Command::Wake]);
    }
    assert_eq!(heard(&mut table, 2), [(json!("cursor"), 120)]);
    assert_eq!(table.room.next_due(ConnectionId(2)), Some(lags));
    assert_eq!(
        signal(&mut table, 1, "cursor", 121),
        [Command::Wake],
        "a reader is to set its clock"
    );
    for value in 122..=150 {
        assert_eq!(signal(&mut table, 1, "cursor", value), []);
    }
    assert_eq!(heard(&mut table, 2), []);
    assert_eq!(
        table.room.next_due(ConnectionId(1)),
        Some(lags),
        "its own is nothing to wait for"
    );
    let due = table.room.next_due(ConnectionId(2)).unwrap();
    assert_eq!(due, table.ms + 17);
    table.pass(17);
    assert_eq!(heard(&mut table, 2), [(json!("cursor"), 150)]);
    assert_eq!(heard(&mut table, 3), [(json!("cursor"), 150)]);
    assert_eq!(table.room.next_due(ConnectionId(2)), Some(lags));
}

#[test]
fn p8_2_over_a_second_no_more_signals_are_shown_than_the_rate_allows() {
    let mut table = three();
    let mut shown = 0;
    for step in 0..900 {
        signal(&mut table, 1, &format!("k{}", step % 8), step);
        shown += heard(&mut table, 2).len();
        table.pass(2);
    }
    assert!((120 + 100..=120 + 109).contains(&shown), "{shown} in 1.8 s");
}
