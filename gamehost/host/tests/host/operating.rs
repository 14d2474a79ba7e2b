//! What the operator may ask of a room.

use latchkey_host::NotDone;
use latchkey_protocol::{Body, CloseCode};
use latchkey_room::WhyNot;
use serde_json::json;

use crate::support::{Client, TestHost, members, room};

#[tokio::test]
async fn p7_4_a_seat_that_the_operator_takes_away_is_gone_and_everybody_sees_it() {
    let host = TestHost::start().await;
    let people = members(2);
    let (mut ada, _) = Client::join(&host, room(1), people[0]).await;
    let (mut grace, _) = Client::join(&host, room(1), people[1]).await;
    host.host.take_away(room(1), people[1]).unwrap();
    assert_eq!(grace.close_code().await, CloseCode::SeatGone.as_u16());
    ada.caught_up(3).await;
    assert_eq!(
        (&ada.records[2]["kind"], &ada.records[2]["body"]["why"]),
        (&json!("left"), &json!("taken_away"))
    );
    ada.stored_to(3).await;
    let room = room(1);
    let why = WhyNot::NoSeat;
    let again = host.host.take_away(room, people[1]);
    assert_eq!(again, Err(NotDone::ByRoom { room, why }));
}

#[tokio::test]
async fn a_notice_is_a_record_for_everybody() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    host.host
        .notice(room(1), Body::of(&"We close at ten."))
        .unwrap();
    ada.stored_to(2).await;
    let notice = ada.records.last().unwrap();
    assert_eq!(
        (&notice["kind"], &notice["from"], &notice["body"]),
        (&json!("notice"), &json!(null), &json!("We close at ten."))
    );
    let long = Body::of(&"x".repeat(17 * 1024));
    let refused = host.host.notice(room(1), long);
    assert!(
        matches!(refused, Err(NotDone::ByRoom { .. })),
        "{refused:?}"
    );
    let nowhere = host.host.notice(room(9), Body::of(&1));
    assert_eq!(nowhere, Err(NotDone::NotHere(room(9))));
}

#[tokio::test]
async fn p9_a_room_the_operator_closes_sends_everybody_away_for_good_and_keeps_its_history() {
    let host = TestHost::start().await;
    let people = members(2);
    let (mut ada, _) = Client::join(&host, room(1), people[0]).await;
    let (mut grace, _) = Client::join(&host, room(1), people[1]).await;
    assert_eq!(host.host.close(room(1)), Ok(2));
    for client in [&mut ada, &mut grace] {
        assert_eq!(client.close_code().await, CloseCode::Closed.as_u16());
    }
    let (_, welcome) = Client::join(&host, room(1), people[0]).await;
    assert_eq!(welcome["tail"], 2);
}
