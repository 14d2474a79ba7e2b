//! Seats and positions: P4.1, P6, P7.

use latchkey_protocol::{CloseCode, RoomId, Seq};
use latchkey_room::{Checkpoint, Command, ConnectionId, Input, Unavailable, WhyNot};
use serde_json::{Value, json};

use crate::harness::*;

#[test]
fn p4_1_the_welcome_tells_the_seats_the_tail_the_own_number_and_the_limits() {
    let mut table = Table::new();
    table.join(1);
    table.say(1, 1);
    let commands = table.join(2);
    let expected = json!({
        "op": "welcome", "member": member(2), "epoch": 1, "tail": 3, "stored": 0, "resumed": false, "n": 0,
        "members": [
            {"id": member(1), "name": "Member 1", "colour": "#3366cc", "online": true},
            {"id": member(2), "name": "Member 2", "colour": "#3366cc", "online": true},
        ],
        "finished": null,
        "limits": {"body": 16384, "says_per_second": 30, "says_burst": 60, "signal_body": 1024,
                   "checkpoint": 262_144, "members": 64},
        "now": table.wall,
    });
    assert_eq!(replies(&commands), [expected]);
    assert_eq!(commands.last(), Some(&Command::Wake));
    let back = replies(&table.join_on(9, 1, None));
    assert_eq!(back[0]["n"], 1);
}

#[test]
fn p7_1_only_the_first_join_appends_and_it_carries_the_tickets_profile() {
    let mut table = Table::new();
    table.join(1);
    table.gone(1);
    table.join_on(2, 1, None);
    let frames = table.read(2);
    assert_eq!(seqs(&frames), [1]);
    assert_eq!(frames[0]["kind"], "joined");
    assert_eq!(frames[0]["from"], json!(member(1)));
    assert_eq!(frames[0]["n"], 0);
    assert_eq!(
        frames[0]["body"],
        json!({"name": "Member 1", "colour": "#3366cc"})
    );
    assert_eq!(table.journal.records.len(), 1);
}

#[test]
fn p7_1_a_member_that_changed_its_name_keeps_it_whatever_its_next_ticket_says() {
    let mut table = Table::new();
    table.join(1);
    table.send(
        1,
        &json!({"op": "profile", "n": 1, "name": "Ada", "colour": "#000000"}),
    );
    let welcome = replies(&table.join_on(2, 1, None)).remove(0);
    assert_eq!(welcome["members"][0]["name"], "Ada");
}

#[test]
fn p7_2_a_second_device_takes_the_seat_over() {
    let mut table = Table::new();
    table.join(1);
    table.join(2);
    table.read(2);
    let commands = table.join_on(7, 1, None);
    assert_eq!(closes(&commands), [(1, CloseCode::TakenOver)]);
    assert_eq!(ops(&replies(&commands)), ["welcome"]);
    assert!(
        table.read(1).is_empty(),
        "the former connection is forgotten"
    );
    assert_eq!(table.say(1, 1), [], "and what it still sends is nobody's");
    assert!(table.gone(1).is_empty(), "its end changes nothing");
    assert!(table.read(2).is_empty(), "the member never was offline");
    table.say(7, 1);
    assert_eq!(seqs(&table.read(2)), [3]);
}

#[test]
fn p7_3_a_sixty_fifth_member_is_turned_away_until_a_seat_is_free() {
    let mut table = Table::new();
    for who in 0..64 {
        assert!(closes(&table.join(who)).is_empty());
        table.gone(who as u64);
    }
    let tail = table.room.tail();
    assert_eq!(
        table.join(64),
        [Command::Close(ConnectionId(64), CloseCode::RoomFull)]
    );
    assert_eq!(table.room.tail(), tail);
    assert!(
        closes(&table.join(5)).is_empty(),
        "those with a seat come back"
    );
    table.send(5, &json!({"op": "leave", "n": 1}));
    assert!(closes(&table.join(64)).is_empty());
    assert_eq!(closes(&table.join(65)), [(65, CloseCode::RoomFull)]);
}

#[test]
fn p7_3_a_room_has_had_at_most_512_seats() {
    let mut table = Table::new();
    for who in 0..512 {
        assert!(closes(&table.join(who)).is_empty());
        table.send(who as u64, &json!({"op": "leave", "n": 1}));
    }
    assert_eq!(closes(&table.join(512)), [(512, CloseCode::RoomFull)]);
}

#[test]
fn p7_4_a_seat_that_was_given_up_or_taken_away_cannot_be_joined_again() {
    let mut table = Table::new();
    table.join(1);
    table.join(2);
    table.send(1, &json!({"op": "leave", "n": 1}));
    table.gone(2);
    table.handle(Input::TakeAway(member(2)));
    for table in [&mut table.reopened(2), &mut table] {
        let tail = table.room.tail();
        for who in [1, 2] {
            let commands = table.join_on(40 + who as u64, who, at(1, 3));
            assert_eq!(closes(&commands), [(40 + who as u64, CloseCode::SeatGone)]);
            assert_eq!(commands.len(), 1);
        }
        assert_eq!(table.room.tail(), tail);
    }
}

#[test]
fn a_seat_is_taken_away_by_a_record_and_its_connection_closed() {
    let mut table = Table::new();
    table.join(1);
    table.join(2);
    let commands = table.handle(Input::TakeAway(member(1)));
    assert_eq!(closes(&commands), [(1, CloseCode::SeatGone)]);
    let left = table
        .read(2)
        .into_iter()
        .find(|frame| frame["kind"] == "left")
        .unwrap();
    assert_eq!(left["from"], json!(member(1)));
    assert_eq!(left["n"], 0);
    assert_eq!(left["body"], json!({"why": "taken_away"}));
    for nobody in [1, 9] {
        let denied = table.handle(Input::TakeAway(member(nobody)));
        assert_eq!(denied, [Command::NotDone(WhyNot::NoSeat)]);
    }
    table.journal.failing = true;
    let why = WhyNot::Unavailable(Unavailable::Journal);
    let denied = table.handle(Input::TakeAway(member(2)));
    assert_eq!(denied, [Command::NotDone(why)]);
    table.journal.failing = false;
    table.say(2, 1);
    assert_eq!(table.room.tail(), Seq(4), "the seat is still there");
}

#[test]
fn p6_1_a_position_of_this_epoch_is_resumed_and_nothing_is_repeated() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 5);
    for seq in 0..=6 {
        let replies = replies(&table.join_on(10 + seq, 1, at(1, seq)));
        assert_eq!(ops(&replies), ["welcome"]);
        assert_eq!(replies[0]["resumed"], true);
        assert_eq!(replies[0].get("checkpoint"), None);
        assert_eq!(
            seqs(&table.read(10 + seq)),
            (seq + 1..=6).collect::<Vec<_>>()
        );
    }
}

#[test]
fn p6_1_a_position_of_an_earlier_epoch_is_resumed_as_far_as_that_epoch_went() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 5);
    let mut table = table.reopened(3);
    let resumed = |table: &mut Table, connection, have| {
        replies(&table.join_on(connection, 1, have))[0]["resumed"] == true
    };
    assert!(resumed(&mut table, 10, at(1, 6)));
    assert!(resumed(&mut table, 11, at(3, 6)));
    table.say(11, 6);
    assert!(resumed(&mut table, 12, at(1, 6)));
    assert!(resumed(&mut table, 13, at(3, 7)));
    assert_eq!(
        ops(&replies(&table.join_on(14, 1, at(1, 7)))),
        ["rewind", "welcome"]
    );
    assert_eq!(
        ops(&replies(&table.join_on(15, 1, at(2, 7)))),
        ["rewind", "welcome"]
    );
}

#[test]
fn p6_2_a_position_that_is_not_part_of_the_history_is_rewound_before_the_welcome() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 5);
    let told = |replies: Vec<Value>| {
        assert_eq!(ops(&replies), ["rewind", "welcome"]);
        assert_eq!(replies[1]["resumed"], false);
        (
            replies[0]["epoch"].as_u64().unwrap(),
            replies[0]["seq"].as_u64().unwrap(),
        )
    };
    assert_eq!(told(replies(&table.join_on(10, 1, at(1, 7)))), (1, 6));
    assert_eq!(seqs(&table.read(10)), [1, 2, 3, 4, 5, 6]);
    assert_eq!(told(replies(&table.join_on(11, 1, at(2, 2)))), (1, 1));
    assert_eq!(seqs(&table.read(11)), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn p6_1_an_epoch_that_ordered_nothing_of_this_history_is_not_taken_for_a_part_of_it() {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, 5);
    // Another host had epoch 2 and went on from less; its record 6 is not the one here.
    let mut table = table.reopened(3);
    let replies = replies(&table.join_on(10, 1, at(2, 6)));
    assert_eq!(ops(&replies), ["rewind", "welcome"]);
    assert_eq!(
        (&replies[0]["seq"], &replies[1]["resumed"]),
        (&json!(5), &json!(false))
    );
    assert_eq!(seqs(&table.read(10)), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn p6_2_records_lost_with_a_machine_are_rewound_even_after_others_took_their_numbers() {
    let mut table = Table::new();
    table.join(1);
    table.join(2);
    table.say_many(1, 1, 4);
    table.stored(4);
    let summary = table.room.summary_at(Seq(4)).unwrap();
    let mut table = Table::open(start(2, summary, Vec::new()));
    let replies_of_one = replies(&table.join_on(10, 1, at(1, 6)));
    assert_eq!(ops(&replies_of_one), ["rewind", "welcome"]);
    assert_eq!(replies_of_one[0]["seq"], 4);
    assert_eq!(replies_of_one[1]["n"], 2, "the log holds says 1 and 2 only");
    table.say_many(10, 3, 6);
    assert_eq!(table.room.tail(), Seq(8));
    let replies_of_two = replies(&table.join_on(11, 2, at(1, 6)));
    assert_eq!(ops(&replies_of_two), ["rewind", "welcome"]);
    assert_eq!(replies_of_two[0]["seq"], 4);
    assert_eq!(replies(&table.join_on(12, 2, at(1, 4)))[0]["resumed"], true);
}

/// A room with a checkpoint of record 40 and `says` says after the `joined` record of member 1.
fn with_checkpoint(says: u64) -> Table {
    let mut table = Table::new();
    table.join(1);
    table.say_many(1, 1, says);
    let commands = table.send(
        1,
        &json!({"op": "checkpoint", "seq": 40, "state": {"door": "open"}}),
    );
    assert_eq!(commands, []);
    table
}

#[test]
fn p4_3_a_new_reader_starts_from_the_checkpoint() {
    let mut table = with_checkpoint(50);
    let welcome = replies(&table.join(2)).remove(0);
    assert_eq!(welcome["resumed"], false);
    assert_eq!(
        welcome["checkpoint"],
        json!({"seq": 40, "epoch": 1, "state": {"door": "open"}})
    );
    assert_eq!(seqs(&table.read(2)), (41..=52).collect::<Vec<_>>());
}

#[test]
fn p6_4_a_reader_far_behind_is_given_the_checkpoint_when_it_is_ahead_of_it() {
    let mut table = with_checkpoint(2_039);
    assert_eq!(table.room.tail(), Seq(2_040));
    let mut join = |connection, seq| {
        let replies = replies(&table.join_on(connection, 1, at(1, seq)));
        assert_eq!(ops(&replies), ["welcome"], "there is nothing to rewind");
        let from = seqs(&table.read(connection)).first().copied();
        (replies[0]["resumed"].as_bool().unwrap(), from)
    };
    assert_eq!(join(10, 39), (false, Some(41)), "2,001 behind");
    assert_eq!(join(11, 40), (true, Some(41)), "2,000 behind");
    table.say_many(11, 2_040, 2_045);
    let resumed = replies(&table.join_on(12, 1, at(1, 41)))[0]["resumed"].clone();
    assert_eq!(resumed, true, "the checkpoint is behind it");
}

#[test]
fn a_checkpoint_beyond_the_stored_records_is_not_believed_at_the_start() {
    let mut table = with_checkpoint(50);
    table.stored(39);
    let mut start = start(2, table.room.summary_at(Seq(39)).unwrap(), Vec::new());
    start.checkpoint = Some(Checkpoint {
        seq: Seq(40),
        state: latchkey_protocol::Body::of(&7),
    });
    let mut table = Table::open(start);
    assert_eq!(replies(&table.join(2))[0].get("checkpoint"), None);
}

#[test]
fn a_first_join_that_cannot_be_journaled_is_sent_away_and_changes_nothing() {
    let mut table = Table::new();
    table.join(1);
    table.journal.failing = true;
    assert_eq!(
        table.join(2),
        [Command::Close(ConnectionId(2), CloseCode::NotReady)]
    );
    assert_eq!(table.room.tail(), Seq(1));
    assert!(table.read(2).is_empty());
    let commands = table.join_on(11, 1, at(1, 1));
    assert_eq!(
        ops(&replies(&commands)),
        ["welcome"],
        "a seat that is there needs no record"
    );
    table.journal.failing = false;
    let commands = table.join_on(12, 2, None);
    assert_eq!(replies(&commands)[0]["tail"], 2);
}

#[test]
fn a_second_join_or_another_rooms_ticket_is_turned_away() {
    let mut table = Table::new();
    table.join(1);
    let commands = table.send(1, &json!({"op": "join", "ticket": "…"}));
    assert_eq!(closes(&commands), [(1, CloseCode::BadFrame)]);
    table.join(2);
    assert_eq!(closes(&table.join(2)), [(2, CloseCode::BadFrame)]);
    let mut ticket = ticket(3);
    ticket.room = RoomId::from_random([4; 20]);
    let connection = ConnectionId(3);
    let commands = table.handle(Input::Join {
        connection,
        ticket,
        have: None,
    });
    assert_eq!(
        commands,
        [Command::Close(connection, CloseCode::TicketInvalid)]
    );
}
