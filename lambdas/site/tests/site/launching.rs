//! From the link to the room: seats, the lobby, Begin, the play page, connecting.

use std::collections::BTreeSet;
use std::sync::Arc;

use latchkey_platform::placement::{Place, Placement, PlacementError, Region, RoundTrips};
use latchkey_protocol::GameId;

use crate::app::App;
use crate::browser::{attribute, get, post};
use crate::made::{self, Bought};

const BLUE: &str = "#175cd3";

async fn game() -> (App, Bought, String) {
    let app = App::new();
    let bought = made::bought(&app).await;
    let path = format!("/l/{}", bought.link);
    (app, bought, path)
}

#[tokio::test]
async fn whoever_opens_the_link_takes_a_seat_by_a_form_and_comes_to_the_lobby() {
    let (app, bought, path) = game().await;
    let page = get(&path).to(&app).await.expect(200);
    assert!(page.text().contains("Take your seat") && page.text().contains("Ada"));
    let claim = attribute(page.text(), "name=\"claim\"", "value")
        .expect("a claim")
        .to_owned();
    let fields = [
        ("name", "明日香 🗝️"),
        ("colour", BLUE),
        ("claim", claim.as_str()),
    ];
    let taken = post(format!("{path}/seat"), &fields).to(&app).await;
    assert_eq!(taken.leads_to(), path);
    let cookie = taken.header("set-cookie").to_owned();
    for part in [
        format!("seat-{}=", bought.game),
        "Path=/".into(),
        "HttpOnly".into(),
        "SameSite=Lax".into(),
        "Max-Age=34560000".into(),
    ] {
        assert!(cookie.contains(&part), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure"),
        "over http a secure cookie would be lost"
    );
    let again = post(format!("{path}/seat"), &fields).to(&app).await;
    assert_eq!(
        again.header("set-cookie"),
        cookie,
        "the form sent twice takes one seat"
    );
    let lobby = get(&path)
        .cookie(cookie.split(';').next().expect("a pair"))
        .to(&app)
        .await
        .expect(200);
    assert!(lobby.text().contains("Begin") && lobby.text().contains("明日香 🗝️"));
    assert_eq!(
        attribute(lobby.text(), "id=\"lobby\"", "data-connect"),
        Some(&*format!("/games/{}/connect", bought.game))
    );
    assert_eq!(app.world.games.all()[0].seats.len(), 2);
}

#[tokio::test]
async fn looking_at_a_link_changes_nothing() {
    let (app, bought, path) = game().await;
    let before = app.world.games.all();
    for method in ["GET", "HEAD"] {
        get(&path).by(method).to(&app).await.expect(200);
        get(&path)
            .by(method)
            .cookie(&bought.cookie())
            .to(&app)
            .await
            .expect(200);
        get(format!("{path}/seat"))
            .by(method)
            .to(&app)
            .await
            .expect(405);
        get(format!("{path}/begin"))
            .by(method)
            .cookie(&bought.cookie())
            .to(&app)
            .await
            .expect(405);
        get(format!("/games/{}/play", bought.game))
            .by(method)
            .cookie(&bought.cookie())
            .to(&app)
            .await
            .expect(200);
    }
    assert_eq!(app.world.games.all(), before);
}

#[tokio::test]
async fn a_name_or_colour_out_of_form_is_refused_beside_its_field() {
    let (app, _, path) = game().await;
    let seat = format!("{path}/seat");
    for name in ["", "   ", "a\u{202e}b", &"x".repeat(25)] {
        let page = post(&seat, &[("name", name), ("colour", BLUE)])
            .to(&app)
            .await
            .expect(422);
        assert!(
            page.text().contains("1 to 24 visible characters"),
            "{name:?}"
        );
        assert!(page.text().contains("checked"), "the colour is kept");
    }
    let page = post(&seat, &[("name", "Bob"), ("colour", "#000000")])
        .to(&app)
        .await
        .expect(422);
    assert!(page.text().contains("Choose one of the colours."));
    assert_eq!(attribute(page.text(), "id=\"name\"", "value"), Some("Bob"));
    let script = post(&seat, &[("name", ""), ("colour", BLUE)])
        .script()
        .to(&app)
        .await
        .expect(422);
    assert_eq!(script.json()["error"], "profile");
}

#[tokio::test]
async fn who_holds_a_seat_changes_its_name_and_takes_no_second_one() {
    let (app, bought, path) = game().await;
    let change = post(
        format!("{path}/seat"),
        &[("name", "Countess"), ("colour", BLUE)],
    )
    .cookie(&bought.cookie());
    change.to(&app).await.leads_to();
    change.clone().script().to(&app).await.expect(200);
    let seats = app.world.games.all().remove(0).seats;
    assert_eq!(seats.len(), 1);
    assert_eq!(seats[0].profile.name.as_str(), "Countess");
}

#[tokio::test]
async fn names_are_shown_escaped() {
    let (app, _, path) = game().await;
    post(
        format!("{path}/seat"),
        &[("name", "<script>x</script>"), ("colour", BLUE)],
    )
    .to(&app)
    .await
    .leads_to();
    let page = get(&path).to(&app).await.expect(200);
    assert!(!page.text().contains("<script>x") && page.text().contains("&#60;script&#62;"));
}

#[tokio::test]
async fn the_65th_is_told_that_all_seats_are_taken() {
    let (app, _, path) = game().await;
    for number in 2..=64 {
        post(
            format!("{path}/seat"),
            &[("name", &format!("P{number}")), ("colour", BLUE)],
        )
        .to(&app)
        .await
        .leads_to();
        app.world.clock.advance(std::time::Duration::from_secs(5));
    }
    let page = get(&path).to(&app).await.expect(200);
    assert!(page.text().contains("All 64 seats") && !page.text().contains("name=\"claim\""));
    let late = post(
        format!("{path}/seat"),
        &[("name", "Late"), ("colour", BLUE)],
    )
    .to(&app)
    .await
    .expect(409);
    assert!(late.text().contains("All 64 seats of this game are taken"));
}

#[tokio::test]
async fn begin_is_noted_once_and_leads_into_the_game() {
    let (app, bought, path) = game().await;
    post(format!("{path}/begin"), &[])
        .to(&app)
        .await
        .expect(403);
    let begun = post(format!("{path}/begin"), &[])
        .cookie(&bought.cookie())
        .to(&app)
        .await;
    assert_eq!(begun.leads_to(), format!("/games/{}/play", bought.game));
    let at = app.world.games.all()[0].begun_at;
    app.world.clock.advance(std::time::Duration::from_secs(9));
    post(format!("{path}/begin"), &[])
        .cookie(&bought.cookie())
        .to(&app)
        .await
        .leads_to();
    assert_eq!(app.world.games.all()[0].begun_at, at);
    let lobby = get(&path)
        .cookie(&bought.cookie())
        .to(&app)
        .await
        .expect(200);
    assert!(lobby.text().contains("Enter the game"));
}

#[tokio::test]
async fn the_play_page_keeps_its_contract_with_the_sdk() {
    let (app, bought, path) = game().await;
    app.world.publish("2").await;
    let page = get(format!("/games/{}/play", bought.game))
        .cookie(&bought.cookie())
        .to(&app)
        .await
        .expect(200);
    let html = page.text();
    let game = bought.game;
    for (name, value) in [
        ("data-game", game.to_string()),
        ("data-connect", format!("/games/{game}/connect")),
        ("data-end", format!("/games/{game}/end")),
        ("data-launch", path),
        ("data-faults", "/faults".to_owned()),
    ] {
        assert_eq!(attribute(html, " data-connect=", name), Some(&*value));
    }
    assert!(html.contains("<main id=\"game\">"));
    assert!(
        html.contains("/t/small-game/1/games/small-game/main.js"),
        "the game keeps its version"
    );
    assert!(html.contains("/t/small-game/1/games/small-game/style.css"));
    assert!(html.contains("<noscript>"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("connect-src 'self' ws://site.test")
            && policy.contains("script-src 'self'")
    );
}

#[tokio::test]
async fn without_the_seats_cookie_nothing_of_a_game_opens() {
    let (app, bought, _) = game().await;
    let forged = format!(
        "seat-{}={}.{}",
        bought.game,
        bought.seat.member,
        "A".repeat(43)
    );
    let strange = format!("seat-{}=rubbish", bought.game);
    for cookie in ["a=b", &forged, &strange] {
        for path in ["play", "end", "stats"] {
            get(format!("/games/{}/{path}", bought.game))
                .cookie(cookie)
                .to(&app)
                .await
                .expect(403);
        }
        post(format!("/games/{}/connect", bought.game), &[])
            .cookie(cookie)
            .to(&app)
            .await
            .expect(403);
    }
    let elsewhere = format!("/games/{}/play", "0".repeat(20));
    get(elsewhere)
        .cookie(&bought.cookie())
        .to(&app)
        .await
        .expect(403);
    get("/games/what/play").to(&app).await.expect(404);
}

#[tokio::test]
async fn connecting_answers_with_the_host_and_a_ticket() {
    let (app, bought, _) = game().await;
    let connect = post(format!("/games/{}/connect", bought.game), &[]).cookie(&bought.cookie());
    let answer = connect.to(&app).await.expect(200);
    assert_eq!(answer.json()["url"], "ws://play.test/s/1/room");
    assert_eq!(
        answer.json()["ticket"]
            .as_str()
            .map(|ticket| ticket.split('.').count()),
        Some(3)
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let foreign = connect
        .clone()
        .without("sec-fetch-site")
        .with("origin", "https://evil.example");
    assert_eq!(
        foreign.to(&app).await.expect(403).json()["error"],
        "foreign_origin"
    );
}

/// All rooms are on the site's own origin.
struct Here;

#[async_trait::async_trait]
impl Placement for Here {
    async fn place(&self, _: GameId, _: &[RoundTrips]) -> Result<Place, PlacementError> {
        Ok(Place::settled("/s/1/room"))
    }

    async fn regions(&self) -> Result<BTreeSet<Region>, PlacementError> {
        Ok(BTreeSet::new())
    }
}

#[tokio::test]
async fn a_host_on_the_sites_own_origin_is_named_as_the_page_is() {
    let app = App::with(
        |world, _| world.platform.launch.placement = Arc::new(Here),
        true,
    );
    let bought = made::bought(&app).await;
    let connect = post(format!("/games/{}/connect", bought.game), &[]).cookie(&bought.cookie());
    for (origin, url) in [
        ("https://localhost:8443", "wss://localhost:8443/s/1/room"),
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/s/1/room"),
        ("null", "ws://site.test/s/1/room"),
    ] {
        let answer = connect
            .clone()
            .with("origin", origin)
            .to(&app)
            .await
            .expect(200);
        assert_eq!(answer.json()["url"], url);
    }
    assert_eq!(
        connect.to(&app).await.expect(200).json()["url"],
        "ws://site.test/s/1/room"
    );
}

/// No host is up.
struct Nowhere;

#[async_trait::async_trait]
impl Placement for Nowhere {
    async fn place(&self, _: GameId, _: &[RoundTrips]) -> Result<Place, PlacementError> {
        Err(PlacementError("none is up".to_owned()))
    }

    async fn regions(&self) -> Result<BTreeSet<Region>, PlacementError> {
        Ok(BTreeSet::new())
    }
}

#[tokio::test]
async fn without_a_host_connecting_says_when_to_try_again() {
    let app = App::with(
        |world, _| world.platform.launch.placement = Arc::new(Nowhere),
        false,
    );
    let bought = made::bought(&app).await;
    let connect = post(format!("/games/{}/connect", bought.game), &[]).cookie(&bought.cookie());
    let answer = connect.to(&app).await.expect(503);
    assert_eq!(answer.json()["error"], "unavailable");
    assert_eq!(answer.header("retry-after"), "10");
}

#[tokio::test]
async fn over_https_the_seats_cookie_is_secure() {
    let app = App::with(
        |world, _| world.platform.site = "https://site.test".parse().expect("an origin"),
        false,
    );
    let bought = made::bought(&app).await;
    let taken = post(
        format!("/l/{}/seat", bought.link),
        &[("name", "Bob"), ("colour", BLUE)],
    )
    .to(&app)
    .await;
    assert!(taken.header("set-cookie").ends_with("; Secure"));
    assert!(
        taken
            .header("strict-transport-security")
            .starts_with("max-age=")
    );
}
