//! From the upgrade to the welcome: what the host refuses before somebody is in the room (P1).

use std::time::Duration;

use latchkey_tests::seat::{Seat, join_frame};
use latchkey_tests::secrets::{Claims, Secrets};
use latchkey_tests::socket::{Socket, Upgrade};
use latchkey_tests::wait::unix_seconds;
use serde_json::json;

use crate::game;

/// A connection of this seat that has not joined, and a fresh ticket for it.
async fn unjoined(seat: &mut Seat) -> anyhow::Result<(Socket, String)> {
    let place = seat.place().await?;
    Ok((seat.open(&place).await?, place.ticket))
}

/// The close code that `frame` as the first frame brings.
async fn code_of(seat: &mut Seat, frame: String) -> anyhow::Result<u16> {
    let (mut socket, _) = unjoined(seat).await?;
    socket.send(frame).await?;
    Ok(socket.expect_close().await?.code)
}

#[tokio::test]
async fn p1_2_an_upgrade_without_the_subprotocol_or_from_a_foreign_page_is_refused()
-> anyhow::Result<()> {
    let (_platform, mut seats) = game("upgrade", 1).await?;
    let place = seats[0].place().await?;
    assert!(
        !place.url.contains(&place.ticket),
        "load balancers log addresses"
    );
    let right = seats[0].upgrade(&place);
    for protocol in [None, Some("latchkey.2"), Some("chat, superchat")] {
        let wrong = Upgrade {
            protocol: protocol.map(str::to_owned),
            ..right.clone()
        };
        let refused = Socket::open(&wrong)
            .await
            .expect_err("no upgrade without latchkey.1");
        assert_eq!(refused.status, 400, "{protocol:?}: {refused:?}");
        assert!(
            refused.body.contains("latchkey.1"),
            "says what to offer: {refused:?}"
        );
    }
    for origin in ["http://evil.example", "null"] {
        let foreign = Upgrade {
            origin: Some(origin.to_owned()),
            ..right.clone()
        };
        let refused = Socket::open(&foreign)
            .await
            .expect_err("no upgrade for foreign pages");
        assert_eq!(refused.status, 403, "{origin}: {refused:?}");
    }
    Socket::open(&right)
        .await
        .expect("the same upgrade done right");
    Ok(())
}

#[tokio::test]
async fn p1_3_who_does_not_join_first_and_in_time_is_closed() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("join", 1).await?;
    let seat = &mut seats[0];
    let (mut silent, _) = unjoined(seat).await?;

    assert_eq!(
        code_of(seat, json!({"op": "say", "n": 1, "body": 1}).to_string()).await?,
        4501
    );
    assert_eq!(
        code_of(seat, json!({"op": "beat", "t": 1}).to_string()).await?,
        4501
    );
    assert_eq!(code_of(seat, "not JSON".to_owned()).await?, 4501);
    let padding = "x".repeat(9 * 1024);
    assert_eq!(
        code_of(seat, json!({"op": "join", "ticket": padding}).to_string()).await?,
        4502
    );

    let closed = silent.expect_close_within(Duration::from_secs(8)).await?;
    assert_eq!((closed.code, closed.reason.as_str()), (4009, "join_late"));
    Ok(())
}

#[tokio::test]
async fn p1_4_a_ticket_that_was_changed_in_any_part_does_not_admit() -> anyhow::Result<()> {
    let (_platform, mut seats) = game("ticket", 2).await?;
    let theirs = seats[1].place().await?.ticket;
    let mine = seats[0].place().await?.ticket;
    let parts: Vec<&str> = mine.split('.').collect();
    assert_eq!(parts.len(), 3, "a ticket is a JWT");
    let other: Vec<&str> = theirs.split('.').collect();
    let none = "eyJhbGciOiJub25lIn0";
    for forged in [
        "garbage".to_owned(),
        String::new(),
        format!("{}.{}.{}", parts[0], other[1], parts[2]),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(86)),
    ] {
        assert_eq!(
            code_of(&mut seats[0], join_frame(&forged, None)).await?,
            4505,
            "{forged}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn p1_4_a_ticket_out_of_date_or_for_another_audience_does_not_admit() -> anyhow::Result<()> {
    let (platform, mut seats) = game("minted", 1).await?;
    let (secrets, now) = (Secrets::of(platform.data())?, unix_seconds());
    let (room, member) = (seats[0].game.clone(), seats[0].member.clone());
    let right = Claims {
        audience: "latchkey.1",
        room: &room,
        member: &member,
        issued: now,
    };
    for (code, claims) in [
        (
            4007,
            Claims {
                issued: now - 90,
                ..right.clone()
            },
        ),
        (
            4007,
            Claims {
                issued: now + 90,
                ..right.clone()
            },
        ),
        (
            4505,
            Claims {
                audience: "latchkey.2",
                ..right.clone()
            },
        ),
        (
            4505,
            Claims {
                room: "not a room",
                ..right.clone()
            },
        ),
        (
            4505,
            Claims {
                member: "UPPERCASE000",
                ..right.clone()
            },
        ),
    ] {
        let frame = join_frame(&secrets.ticket(&claims), None);
        assert_eq!(code_of(&mut seats[0], frame).await?, code, "{claims:?}");
    }
    let (mut socket, _) = unjoined(&mut seats[0]).await?;
    socket
        .send(join_frame(&secrets.ticket(&right), None))
        .await?;
    socket.expect("welcome").await?;
    Ok(())
}

#[tokio::test]
async fn p7_3_a_room_has_64_seats_and_the_next_member_is_told_that_it_is_full() -> anyhow::Result<()>
{
    let (platform, mut seats) = game("full", 1).await?;
    let (secrets, room) = (Secrets::of(platform.data())?, seats[0].game.clone());
    let place = seats[0].place().await?;
    let mut inside = Vec::new();
    for number in 0..=64 {
        let member = format!("{number:0>12}");
        let issued = unix_seconds();
        let claims = Claims {
            audience: "latchkey.1",
            room: &room,
            member: &member,
            issued,
        };
        let mut socket = seats[0].open(&place).await?;
        socket
            .send(join_frame(&secrets.ticket(&claims), None))
            .await?;
        if number < 64 {
            socket.expect("welcome").await?;
            inside.push(socket);
        } else {
            let closed = socket.expect_close().await?;
            assert_eq!((closed.code, closed.reason.as_str()), (4506, "room_full"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn p1_1_a_place_is_given_to_who_holds_the_seat_and_asks_from_the_sites_own_pages()
-> anyhow::Result<()> {
    use latchkey_tests::http::{Ask, Visitor};
    let (platform, mut seats) = game("place", 1).await?;
    let path = format!("/games/{}/connect", seats[0].game);
    let post = || Ask::new(hyper::Method::POST, &path);

    Visitor::new(platform.site())
        .send(post())
        .await?
        .expect(403)?;
    let foreign = post().header("origin", "http://evil.example");
    seats[0].visitor.send(foreign).await?.expect(403)?;
    seats[0]
        .visitor
        .send(Ask::new(hyper::Method::GET, &path))
        .await?
        .expect(405)?;

    let (name, value) = seats[0]
        .visitor
        .seat_cookie()
        .expect("a seated guest has a cookie");
    let (name, (member, secret)) = (
        name.to_owned(),
        value.split_once('.').expect("member.secret"),
    );
    let mut forged = Visitor::new(platform.site());
    let flipped: String = secret.chars().rev().collect();
    forged.set_cookie(&name, &format!("{member}.{flipped}"));
    forged.send(post()).await?.expect(403)?;
    Ok(())
}
