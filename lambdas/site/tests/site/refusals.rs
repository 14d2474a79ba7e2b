//! Refusals: each has its status, its headers, and words that help.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::ConnectInfo;
use latchkey_platform::rate;
use latchkey_platform::store::{Insert, StoreError};
use latchkey_platform::titles::{Bundle, FilePath, Slug, TitleVersion, Titles, VersionRef};

use crate::app::App;
use crate::browser::{get, post};
use crate::made;

/// A catalogue with a bug.
struct Buggy;

#[async_trait]
impl Titles for Buggy {
    async fn list(&self) -> Result<Vec<TitleVersion>, StoreError> {
        panic!("ada@example.org made it panic")
    }
    async fn newest(&self, _: &Slug) -> Result<Option<TitleVersion>, StoreError> {
        Err(StoreError::Corrupt("half a title".into()))
    }
    async fn version(&self, _: &VersionRef) -> Result<Option<TitleVersion>, StoreError> {
        Ok(None)
    }
    async fn file(&self, _: &VersionRef, _: &FilePath) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
    async fn put(&self, _: &TitleVersion, _: &Bundle) -> Result<Insert, StoreError> {
        Ok(Insert::Exists)
    }
}

#[tokio::test]
async fn a_panic_becomes_a_page_with_an_incident_number_and_the_site_lives_on() {
    let app = App::with(|world, _| world.platform.titles = Arc::new(Buggy), true);
    let page = get("/").to(&app).await.expect(500);
    assert!(page.text().contains("Incident") && !page.text().contains("ada@example.org"));
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'none'")
    );
    get("/healthz").to(&app).await.expect(200);
    let json = get("/").script().to(&app).await.expect(500).json();
    assert!(
        json["incident"]
            .as_str()
            .is_some_and(|incident| incident.len() == 10),
        "{json}"
    );
}

#[tokio::test]
async fn an_unknown_address_says_so_to_people_and_programs() {
    let app = App::new();
    let page = get("/nothing/here").to(&app).await.expect(404);
    assert!(page.text().contains("No key fits here") && page.text().contains("/resend"));
    assert_eq!(
        get("/nothing").script().to(&app).await.expect(404).json()["error"],
        "not_found"
    );
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_work() {
    let app = App::new();
    app.world.publish("1").await;
    assert_eq!(
        get("/")
            .by("POST")
            .to(&app)
            .await
            .expect(405)
            .header("allow"),
        "GET,HEAD"
    );
    assert_eq!(
        get("/resend")
            .by("DELETE")
            .to(&app)
            .await
            .expect(405)
            .header("allow"),
        "GET,HEAD,POST"
    );
    let odd = get("/titles/small-game")
        .by("BREW")
        .to(&app)
        .await
        .expect(405);
    assert!(odd.text().contains("not for this kind of request"));
    get("/l/x/seat").by("PUT").to(&app).await.expect(405);
}

#[tokio::test]
async fn a_form_of_another_type_or_size_is_refused_by_name() {
    let app = App::new();
    app.world.publish("1").await;
    let form = post("/titles/small-game/buy", &[("email", "a@b.de")]);
    let media = form
        .clone()
        .with("content-type", "application/json")
        .to(&app)
        .await
        .expect(415);
    assert!(media.text().contains("application/x-www-form-urlencoded"));
    let large = form
        .clone()
        .body(vec![b'a'; 8 * 1024 + 1])
        .to(&app)
        .await
        .expect(413);
    assert!(large.text().contains("8192"));
    form.clone()
        .body(*b"terms=1&terms=2")
        .to(&app)
        .await
        .expect(400);
    form.body(*b"email=%FF%FE&country=DE")
        .to(&app)
        .await
        .expect(422);
}

#[tokio::test]
async fn addresses_and_headers_that_are_too_long_are_refused_by_name() {
    let app = App::new();
    let long = get(format!("/?{}", "a".repeat(1024)))
        .to(&app)
        .await
        .expect(414);
    assert!(long.text().contains("1024"));
    let heavy = get("/")
        .with("cookie", &"c".repeat(17_000))
        .to(&app)
        .await
        .expect(431);
    assert!(heavy.text().contains("16384"));
}

#[tokio::test]
async fn forms_sent_from_elsewhere_change_nothing() {
    let app = App::new();
    let bought = made::bought(&app).await;
    let before = app.world.games.all();
    let begin = post(format!("/l/{}/begin", bought.link), &[]).cookie(&bought.cookie());
    for site in ["cross-site", "same-site"] {
        let page = begin
            .clone()
            .with("sec-fetch-site", site)
            .to(&app)
            .await
            .expect(403);
        assert!(page.text().contains("another site"));
    }
    let unlabelled = begin.without("sec-fetch-site");
    unlabelled
        .clone()
        .with("origin", "null")
        .to(&app)
        .await
        .expect(403);
    unlabelled
        .clone()
        .with("origin", "http://site.test.evil.example")
        .to(&app)
        .await
        .expect(403);
    assert_eq!(app.world.games.all(), before);
    unlabelled
        .with("origin", "http://site.test")
        .to(&app)
        .await
        .leads_to();
}

#[tokio::test]
async fn too_many_tries_are_refused_until_a_while_has_passed() {
    let app = App::new();
    let wrong = get(format!("/l/{}", "A".repeat(43)));
    for _ in 0..30 {
        wrong.to(&app).await.expect(404);
    }
    let refused = wrong.to(&app).await.expect(429);
    let seconds: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds));
    assert!(
        refused.text().contains("30 in 60 seconds")
            && refused.text().contains(&format!("Wait {seconds} seconds"))
    );
    app.world
        .clock
        .advance(std::time::Duration::from_secs(seconds));
    wrong.to(&app).await.expect(404);
}

#[tokio::test]
async fn programs_are_told_the_limit_as_json() {
    let app = App::new();
    let bought = made::bought(&app).await;
    let connect = post(format!("/games/{}/connect", bought.game), &[]).cookie(&bought.cookie());
    for _ in 0..rate::CONNECTS.times {
        connect.to(&app).await.expect(200);
    }
    let refused = connect.to(&app).await.expect(429).json();
    assert_eq!(refused["error"], "rate");
    assert!(
        refused["retry_after"]
            .as_u64()
            .is_some_and(|seconds| (1..=60).contains(&seconds))
    );
}

#[tokio::test]
async fn nobody_uses_up_the_connections_of_a_seat_by_knowing_its_member() {
    let app = App::new();
    let bought = made::bought(&app).await;
    let member = bought.seat.member;
    let wrong = format!("seat-{}={member}.{}", bought.game, "A".repeat(43));
    let connect = post(format!("/games/{}/connect", bought.game), &[]);
    for _ in 0..=rate::CONNECTS.times {
        connect.clone().cookie(&wrong).to(&app).await.expect(403);
    }
    connect.cookie(&bought.cookie()).to(&app).await.expect(200);
}

#[tokio::test]
async fn keys_that_open_no_order_are_counted_for_whoever_tries_them() {
    let app = App::new();
    let made_up = |number: u32| {
        let key = format!("{}{number:02}A", "A".repeat(40));
        post(format!("/orders/{key}/confirm"), &[])
    };
    for number in 0..30 {
        made_up(number).to(&app).await.expect(404);
    }
    made_up(30).to(&app).await.expect(429);
}

#[tokio::test]
async fn a_query_that_cannot_be_read_counts_as_none() {
    let app = App::new();
    assert!(
        get("/resend?sent=1&sent=2")
            .to(&app)
            .await
            .expect(200)
            .text()
            .contains("Mail me my links")
    );
}

#[tokio::test]
async fn visitors_are_counted_apart_and_their_own_claims_are_not_believed() {
    use tower::ServiceExt as _;
    let app = App::with(|_, config| config.proxies = 0, true);
    let visit = |address: [u8; 4], claimed: &str| {
        let mut request = http::Request::get(format!("/l/{}", "A".repeat(43)))
            .header("x-forwarded-for", claimed)
            .body(axum::body::Body::empty())
            .expect("a request");
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from((address, 1))));
        let router = app.router.clone();
        async move {
            router
                .oneshot(request)
                .await
                .expect("the router always answers")
                .status()
                .as_u16()
        }
    };
    for number in 0..30 {
        assert_eq!(
            visit([192, 0, 2, 1], &format!("198.51.100.{number}")).await,
            404
        );
    }
    assert_eq!(visit([192, 0, 2, 1], "198.51.100.77").await, 429);
    assert_eq!(visit([192, 0, 2, 2], "198.51.100.77").await, 404);
}

#[tokio::test]
async fn the_test_till_and_outbox_are_not_there_in_earnest() {
    let app = App::with(|_, _| {}, false);
    app.world.publish("1").await;
    for path in ["/dev/outbox", "/dev/till/cs_1", "/dev/outbox/a/html"] {
        get(path).to(&app).await.expect(404);
    }
    post("/dev/till/cs_1", &[("action", "pay")])
        .to(&app)
        .await
        .expect(404);
    assert!(!get("/").to(&app).await.expect(200).text().contains("/dev/"));
}
