//! P6.5 to P6.9: a host is lost with its disk, and its rooms go on elsewhere from what the archive has and members saw.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use latchkey_host::ports::Archive as _;
use latchkey_protocol::{CloseCode, Epoch, MemberId};
use serde_json::{Value, json};

use crate::support::{Client, World, eventually, members, room};

/// Two members who have seen `seen` records of room 1, of which the archive has the first two; their host is lost.
async fn two_survivors(world: &World, seen: u64) -> (Vec<MemberId>, Client, Client) {
    let people = members(3);
    let lost = world.host().await;
    let (mut ada, _) = Client::join(&lost, room(1), people[0]).await;
    let (mut grace, _) = Client::join(&lost, room(1), people[1]).await;
    ada.stored_to(2).await;
    world.archive.refusing.store(true, Ordering::Release);
    for n in 1..=seen - 2 {
        ada.say(n, n).await;
    }
    ada.caught_up(seen).await;
    grace.caught_up(seen).await;
    world.lose(lost).await;
    world.archive.refusing.store(false, Ordering::Release);
    assert_eq!(world.archive.records(room(1)).len(), 2);
    (people, ada, grace)
}

#[tokio::test]
async fn p6_9_a_room_whose_host_was_lost_goes_on_with_what_its_members_saw_and_the_same_numbers() {
    let world = World::new();
    let (people, mut ada, mut grace) = two_survivors(&world, 12).await;
    let next = world.host_in(2).await;
    let online = &people[..2];
    let (first, second) = tokio::join!(
        ada.back_to(&next, (room(1), people[0]), online),
        grace.back_to(&next, (room(1), people[1]), online),
    );
    for welcome in [&first, &second] {
        assert_eq!(
            (
                &welcome["op"],
                &welcome["resumed"],
                &welcome["tail"],
                &welcome["epoch"]
            ),
            (&json!("welcome"), &json!(true), &json!(12), &json!(2))
        );
    }
    assert_eq!(first["n"], 10);
    ada.say(11, "on we go").await;
    grace.caught_up(13).await;
    grace.stored_to(13).await;
    let (mut late, _) = Client::join(&next, room(1), people[2]).await;
    late.caught_up(14).await;
    assert_eq!(late.records[..13], grace.records[..]);
    let epochs: Vec<_> = grace
        .records
        .iter()
        .map(|record| &record["epoch"])
        .collect();
    assert_eq!((epochs[11], epochs[12]), (&json!(1), &json!(2)));
    assert_eq!(next.host.metrics().rooms_rebuilt.get(), 1);
}

#[tokio::test]
async fn a_directory_that_forgot_a_room_costs_nothing_that_its_members_saw() {
    for archived in [1, 6] {
        let mut world = World::new();
        let (people, mut ada, mut grace) = two_survivors(&world, 12).await;
        if archived > 1 {
            let opened = world.archive.open(room(1), Epoch(archived)).await;
            opened.unwrap();
        }
        world.directory = Arc::default();
        let next = world.host_in(2).await;
        let online = &people[..2];
        let (first, _) = tokio::join!(
            ada.back_to(&next, (room(1), people[0]), online),
            grace.back_to(&next, (room(1), people[1]), online),
        );
        assert_eq!(
            (&first["op"], &first["tail"]),
            (&json!("welcome"), &json!(12))
        );
        assert_eq!(first["epoch"], archived + 1, "above all that came before");
        ada.say(11, "on we go").await;
        grace.caught_up(13).await;
        grace.stored_to(13).await;
    }
}

#[tokio::test]
async fn p6_8_who_has_less_waits_for_the_one_it_names_who_has_more() {
    let world = World::new();
    let (people, mut ada, mut grace) = two_survivors(&world, 12).await;
    grace.records.truncate(7);
    let next = world.host_in(2).await;
    let online = &people[..2];
    let later = async {
        eventually("the other is asked", || {
            next.host.metrics().unjoined.get() == 1
        })
        .await;
        ada.back_to(&next, (room(1), people[0]), online).await
    };
    let (first, second) = tokio::join!(grace.back_to(&next, (room(1), people[1]), online), later);
    for welcome in [first, second] {
        assert_eq!(
            (&welcome["resumed"], &welcome["tail"]),
            (&json!(true), &json!(12))
        );
    }
    grace.caught_up(12).await;
    assert_eq!(grace.records, ada.records);
}

#[tokio::test]
async fn p6_8_who_knows_nobody_does_not_open_the_room_before_those_who_were_there_had_their_time() {
    let world = World::new();
    let (people, mut ada, _grace) = two_survivors(&world, 12).await;
    let next = world.host_in(2).await;
    let new = async {
        let mut new = Client::connect(&next).await;
        new.send_join(&next, room(1), people[2], Value::Null).await;
        let asked = new.next_op("vouch").await;
        new.vouch(&asked, &people[2..]).await;
        new.next_op("welcome").await
    };
    let back = async {
        eventually("the other is asked", || {
            next.host.metrics().unjoined.get() == 1
        })
        .await;
        ada.back_to(&next, (room(1), people[0]), &people[..1]).await
    };
    let (new, back) = tokio::join!(new, back);
    assert_eq!((&back["resumed"], &back["n"]), (&json!(true), &json!(10)));
    assert!(new["tail"].as_u64() >= Some(12), "{new}");
}

#[tokio::test]
async fn p6_8_the_room_opens_in_time_with_what_is_there_and_who_saw_more_is_rewound() {
    let world = World::new();
    let (people, mut ada, mut grace) = two_survivors(&world, 12).await;
    ada.records.truncate(7);
    let next = world.host_in(2).await;
    // Grace is named and does not come.
    let welcome = ada.back_to(&next, (room(1), people[0]), &people[..2]).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["tail"]),
        (&json!(true), &json!(7))
    );
    let rewind = grace
        .back_to(&next, (room(1), people[1]), &people[..2])
        .await;
    assert_eq!(
        (&rewind["op"], &rewind["seq"]),
        (&json!("rewind"), &json!(7))
    );
}

#[tokio::test]
async fn p6_5_before_the_welcome_only_vouch_and_beat_are_taken() {
    let world = World::new();
    let (people, ada, _grace) = two_survivors(&world, 5).await;
    let next = world.host_in(2).await;
    let have = ada.have();
    let bad = [
        (
            json!({"op": "say", "n": 9, "body": 1}).to_string(),
            CloseCode::BadFrame,
        ),
        ("[]".to_owned(), CloseCode::BadFrame),
        (
            json!({"op": "vouch", "records": [], "online": [], "more": true}).to_string(),
            CloseCode::BadFrame,
        ),
        (
            format!(r#"{{"op":"beat","t":"{}"}}"#, "x".repeat(64 * 1024)),
            CloseCode::TooLarge,
        ),
    ];
    for (text, code) in bad {
        let mut client = Client::connect(&next).await;
        client
            .send_join(&next, room(1), people[0], have.clone())
            .await;
        client.next_op("vouch").await;
        client.send(json!({"op": "beat", "t": 7})).await;
        assert_eq!(client.next_op("beat").await["t"], 7);
        client.send_text(text).await;
        assert_eq!(client.close_code().await, code.as_u16());
    }
    assert_eq!(
        next.host.metrics().rooms_rebuilt.get(),
        0,
        "who only came and went opened nothing"
    );
}

#[tokio::test]
async fn a_host_that_dies_while_it_gathers_leaves_nothing_undone_for_the_next_one() {
    let world = World::new();
    let (people, mut ada, mut grace) = two_survivors(&world, 12).await;
    let second = world.host_in(2).await;
    let mut asked = Client::connect(&second).await;
    asked
        .send_join(&second, room(1), people[0], ada.have())
        .await;
    let question = asked.next_op("vouch").await;
    assert_eq!(question["after"], 2);
    world.lose(second).await;
    let third = world.host_in(3).await;
    let online = &people[..2];
    let (first, second) = tokio::join!(
        ada.back_to(&third, (room(1), people[0]), online),
        grace.back_to(&third, (room(1), people[1]), online),
    );
    assert_eq!(
        (&first["resumed"], &second["resumed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!((&first["tail"], &first["epoch"]), (&json!(12), &json!(3)));
}

#[tokio::test]
async fn a_host_that_rebuilt_a_room_and_was_killed_continues_it_from_its_journal_without_asking() {
    let world = World::new();
    let (people, mut ada, _grace) = two_survivors(&world, 12).await;
    let second = world.host_in(2).await;
    world.archive.refusing_chunks.store(true, Ordering::Release);
    let welcome = ada
        .back_to(&second, (room(1), people[0]), &people[..1])
        .await;
    assert_eq!(welcome["tail"], 12);
    second.kill().await;
    world
        .archive
        .refusing_chunks
        .store(false, Ordering::Release);
    let again = world.host_in(2).await;
    eventually("it is stored without anybody coming", || {
        again.stored(room(1)) == 12
    })
    .await;
    assert_eq!(again.host.metrics().rooms_rebuilt.get(), 0);
}
