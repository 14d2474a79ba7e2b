//! Members are told when storing lags, and when it has caught up (P4.7).

use latchkey_protocol::limits::{BEHIND_AFTER_MS, STORED_ALONE_MS, STORED_EVERY_MS};
use latchkey_room::ConnectionId;
use serde_json::{Value, json};

use crate::harness::*;

/// A room whose one record waits for the archive, of which member 1 has taken everything.
fn waiting() -> Table {
    let mut table = Table::new();
    table.join(1);
    table.read(1);
    table
}

fn due(table: &Table) -> Option<u64> {
    table.room.next_due(ConnectionId(1))
}

/// The marks among what a connection reads.
fn marks(table: &mut Table, connection: u64) -> Vec<Value> {
    let frames = table.read(connection);
    frames
        .into_iter()
        .filter(|frame| frame["op"] == "stored")
        .collect()
}

#[test]
fn p4_7_members_are_told_that_storing_lags_at_the_time_the_room_named_and_again_when_it_caught_up()
{
    let mut table = waiting();
    assert_eq!(due(&table), Some(OPENED_MS + BEHIND_AFTER_MS));
    table.pass(BEHIND_AFTER_MS - 1);
    assert_eq!(marks(&mut table, 1), [] as [Value; 0]);
    table.pass(1);
    let lags = json!({"op": "stored", "seq": 0, "behind": true});
    assert_eq!(marks(&mut table, 1), [lags]);
    assert_eq!(due(&table), None, "only storing changes anything now");
    table.pass(60_000);
    assert_eq!(marks(&mut table, 1), [] as [Value; 0]);
    table.stored(1);
    assert_eq!(marks(&mut table, 1), [json!({"op": "stored", "seq": 1})]);
    assert_eq!(due(&table), None);
}

#[test]
fn p4_7_storing_lags_as_long_as_the_oldest_record_waits_too_long_however_much_is_stored() {
    let mut table = waiting();
    table.pass(5_000);
    table.say(1, 1);
    table.pass(7_000);
    assert_eq!(marks(&mut table, 1)[0]["behind"], true);
    table.pass(5_000);
    table.stored(1);
    table.pass(STORED_ALONE_MS);
    let told = marks(&mut table, 1);
    assert_eq!(told, [json!({"op": "stored", "seq": 1, "behind": true})]);
    table.say(1, 2);
    table.pass(STORED_ALONE_MS);
    table.stored(2);
    let told = marks(&mut table, 1);
    assert_eq!(
        told,
        [json!({"op": "stored", "seq": 2})],
        "record 3 is young"
    );
    assert_eq!(
        due(&table),
        Some(table.ms - STORED_ALONE_MS + BEHIND_AFTER_MS)
    );
}

#[test]
fn p4_7_that_storing_lags_is_told_in_the_rhythm_of_the_watermark() {
    let mut table = waiting();
    table.say(1, 1);
    table.pass(BEHIND_AFTER_MS - 1);
    table.stored(1);
    assert_eq!(marks(&mut table, 1), [json!({"op": "stored", "seq": 1})]);
    table.pass(1);
    assert_eq!(
        marks(&mut table, 1),
        [] as [Value; 0],
        "it was told a moment ago"
    );
    assert_eq!(due(&table), Some(table.ms - 1 + STORED_ALONE_MS));
    table.pass(STORED_EVERY_MS);
    table.say(1, 2);
    let lags = json!({"op": "stored", "seq": 1, "behind": true});
    assert_eq!(
        marks(&mut table, 1),
        [lags],
        "beside another frame it need not wait so long"
    );
}

#[test]
fn p4_7_who_joins_while_storing_lags_is_told_so_in_the_welcome() {
    let mut table = waiting();
    let in_time = &replies(&table.join(2))[0];
    assert_eq!(in_time.get("behind"), None);
    table.pass(BEHIND_AFTER_MS);
    assert_eq!(replies(&table.join(3))[0]["behind"], true);
    table.pass(STORED_ALONE_MS);
    assert_eq!(marks(&mut table, 3), [] as [Value; 0], "once is enough");
    table.stored(3);
    assert_eq!(marks(&mut table, 3), [json!({"op": "stored", "seq": 3})]);
    assert_eq!(replies(&table.join_on(9, 1, None))[0].get("behind"), None);
}

#[test]
fn records_of_an_earlier_process_wait_for_the_archive_since_the_room_was_opened() {
    let mut before = waiting();
    before.say(1, 1);
    let mut table = before.reopened(2);
    table.join_on(1, 1, None);
    table.read(1);
    assert_eq!(due(&table), Some(OPENED_MS + BEHIND_AFTER_MS));
}

#[test]
fn what_unstored_records_cost_is_known_and_nothing_when_all_is_stored() {
    let mut table = waiting();
    let one = table.room.unstored_cost();
    let body = "x".repeat(10_000);
    table.send(1, &json!({"op": "say", "n": 1, "body": body}));
    assert!(table.room.unstored_cost() > one + body.len());
    table.stored(1);
    assert!(table.room.unstored_cost() > body.len());
    table.stored(2);
    assert_eq!(table.room.unstored_cost(), 0);
}
