//! What an operator does over the admin router: a notice, a seat taken away, a room closed; and what cannot be done.

use std::sync::atomic::Ordering;

use axum::body::Body;
use http::{Request, StatusCode};
use latchkey_protocol::CloseCode;
use serde_json::{Value, json};

use crate::support::{Client, TestHost, World, ask, eventually, members, path_of, post, room};

#[tokio::test]
async fn p7_4_a_kicked_member_loses_its_seat_and_a_stranger_has_none() {
    let host = TestHost::start().await;
    let members = members(3);
    let (mut ada, _) = Client::join(&host, room(1), members[0]).await;
    let (mut bob, _) = Client::join(&host, room(1), members[1]).await;
    let kick = |member| path_of(room(1), &format!("/members/{member}/kick"));
    let (status, done) = post(&host, &kick(members[1]), &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert!(done["done"].as_str().unwrap().contains(members[1].as_str()));
    assert_eq!(bob.close_code().await, 4507);
    let left = ada.until(|frame| frame["kind"] == "left").await;
    assert_eq!(left["body"]["why"], "taken_away");
    ada.stored_to(3).await;
    for gone in [members[1], members[2]] {
        let (status, why) = post(&host, &kick(gone), &json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT, "{why}");
        assert!(why.to_string().contains("the member has no seat"), "{why}");
    }
}

#[tokio::test]
async fn a_notice_is_a_record_and_a_closed_room_sends_everybody_away_for_good() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    let notice = path_of(room(1), "/notice");
    let (status, _) = post(&host, &notice, &json!({"text": "back at nine"})).await;
    assert_eq!(status, StatusCode::OK);
    let record = ada.until(|frame| frame["kind"] == "notice").await;
    assert_eq!(
        (&record["body"], &record["from"]),
        (&json!({"text": "back at nine"}), &Value::Null)
    );
    for bad in [json!({"text": " "}), json!({"words": 1})] {
        let (status, _) = post(&host, &notice, &bad).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
    let long = json!({"text": "x".repeat(20_000)});
    let (status, why) = post(&host, &notice, &long).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(why.to_string().contains("16384 fit"), "{why}");
    let (status, done) = post(&host, &path_of(room(1), "/close"), &json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        done["done"].as_str().unwrap().contains("1 connection"),
        "{done}"
    );
    assert_eq!(ada.close_code().await, 4508);
    // What was said is not lost with it.
    eventually("the room is stored", || host.stored(room(1)) == 2).await;
}

#[tokio::test]
async fn p9_a_room_the_operator_closes_sends_everybody_away_for_good_and_keeps_its_history() {
    let host = TestHost::start().await;
    let people = members(2);
    let (mut ada, _) = Client::join(&host, room(1), people[0]).await;
    let (mut grace, _) = Client::join(&host, room(1), people[1]).await;
    let closed = host.order(room(1), "/close").await.unwrap();
    assert!(closed.contains("2 connections"), "{closed}");
    for client in [&mut ada, &mut grace] {
        assert_eq!(client.close_code().await, CloseCode::Closed.as_u16());
    }
    let (_, welcome) = Client::join(&host, room(1), people[0]).await;
    assert_eq!(welcome["tail"], 2);
}

#[tokio::test]
async fn what_cannot_be_handed_over_or_put_aside_stays_and_the_answer_says_why() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    for (number, what, reason) in [
        (1, "/handover", "no other host takes rooms"),
        (2, "/handover", "not in this host's memory"),
        (2, "/aside", "there is nothing to put aside"),
    ] {
        let (status, why) = post(&host, &path_of(room(number), what), &json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT, "{why}");
        assert!(why.to_string().contains(reason), "{why}");
    }
    ada.say(1, "still here").await;
    ada.until(|frame| frame["kind"] == "said").await;
}

#[tokio::test]
async fn a_room_that_takes_no_records_says_why_and_one_that_is_elsewhere_is_not_found() {
    let world = World::new().with(|limits| limits.unstored_bytes = 1);
    world.archive.refusing_chunks.store(true, Ordering::Release);
    let host = world.host().await;
    let (_ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    let notice = json!({"text": "back at nine"});
    let (status, why) = post(&host, &path_of(room(1), "/notice"), &notice).await;
    assert_eq!(status, StatusCode::CONFLICT, "{why}");
    let reason = "that the archive has not taken (1 bytes); try again";
    assert!(why.to_string().contains(reason), "{why}");
    let (status, why) = post(&host, &path_of(room(9), "/notice"), &notice).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{why}");
}

#[tokio::test]
async fn nothing_is_done_that_another_page_sends_with_the_operators_credential() {
    let host = TestHost::start().await;
    let member = members(1)[0];
    let (mut ada, _) = Client::join(&host, room(1), member).await;
    let kick = format!("/members/{member}/kick");
    for what in ["/close", "/handover", "/aside", "/notice", &kick] {
        for foreign in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ] {
            let request = Request::post(path_of(room(1), what))
                .header("host", "admin.example")
                .header(foreign.0, foreign.1);
            let (status, text) = ask(&host, request.body(Body::empty()).unwrap()).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{what} {foreign:?}");
            assert!(text.contains("admin page"), "{text}");
        }
    }
    ada.say(1, "still here").await;
    ada.caught_up(2).await;
}
