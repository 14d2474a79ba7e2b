//! What an operator sees of a host over its admin router: figures, health, rooms, the page itself. What is done over it
//! is in `operating`, the streams are in `watching`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{
    Client, DEADLINE, TestHost, World, ask, eventually, get, get_json, members, path_of, room,
};

/// A figure by its name and labels as they stand in the text.
fn figure(text: &str, name: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name} is not there"))
        .parse()
        .unwrap()
}

/// Every figure is `name{labels} number` behind the HELP and TYPE of its family, and the text has an end.
#[tokio::test]
async fn the_figures_are_openmetrics_text_in_which_every_family_says_what_it_is() {
    let host = TestHost::start().await;
    let (_, text) = get(&host, "/metrics").await;
    let mut lines = text.lines().peekable();
    let (mut families, mut ended) = (Vec::new(), false);
    while let Some(line) = lines.next() {
        assert!(!ended, "something follows the end");
        if line == "# EOF" {
            ended = true;
            continue;
        }
        let (family, help) = line
            .strip_prefix("# HELP ")
            .unwrap()
            .split_once(' ')
            .unwrap();
        assert!(help.len() > 5, "{family} does not say what it is");
        let kind = lines.next().unwrap().strip_prefix("# TYPE ").unwrap();
        let (named, kind) = kind.split_once(' ').unwrap();
        assert_eq!(named, family);
        let ends: &[&str] = match kind {
            "counter" => &["_total"],
            "histogram" => &["_bucket", "_sum", "_count"],
            "info" => &["_info"],
            "gauge" => &[""],
            other => panic!("{family} is a {other}"),
        };
        let mut values = 0;
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let bare = name.split('{').next().unwrap();
            assert!(
                ends.iter().any(|end| bare == format!("{family}{end}")),
                "{name}"
            );
            value.parse::<f64>().unwrap();
            values += 1;
        }
        assert!(values > 0, "{family} has no value");
        families.push(family);
    }
    assert!(ended && families.len() > 30);
    let mut once = families.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), families.len());
}

#[tokio::test]
async fn every_figure_is_in_the_table_of_the_operators_page_with_the_same_words() {
    let host = TestHost::start().await;
    let (_, text) = get(&host, "/metrics").await;
    let page = include_str!("../../../../docs/operating.md");
    let mut help = "";
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("# HELP ") {
            help = line.split_once(' ').unwrap().1;
        }
        let Some(line) = line.strip_prefix("# TYPE ") else {
            continue;
        };
        let (family, kind) = line.split_once(' ').unwrap();
        let end = match kind {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let row = format!("\n| `{family}{end}` | {help}");
        assert!(page.contains(&row), "docs/operating.md does not say:{row}");
    }
}

#[tokio::test]
async fn play_moves_the_figures() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(2)[0]).await;
    let (mut bob, _) = Client::join(&host, room(1), members(2)[1]).await;
    ada.say(1, "hello").await;
    ada.say(5, "too far").await;
    ada.next_op("refused").await;
    bob.caught_up(3).await;
    bob.stored_to(3).await;
    // The sender's own copy is counted after it is written, so it may be seen before it is counted.
    eventually("both frames are counted", || {
        figure(
            &host.host.render_metrics(),
            "latchkey_delivery_seconds_count",
        ) >= 2.0
    })
    .await;
    let (_, text) = get(&host, "/metrics").await;
    assert_eq!(figure(&text, "latchkey_connections"), 2.0);
    assert_eq!(figure(&text, "latchkey_rooms"), 1.0);
    assert_eq!(figure(&text, "latchkey_records_total"), 3.0);
    assert_eq!(figure(&text, "latchkey_records_stored_total"), 3.0);
    assert_eq!(figure(&text, "latchkey_refusals_total{code=\"gap\"}"), 1.0);
    assert!(figure(&text, "latchkey_deliveries_total") >= 6.0);
    assert!(figure(&text, "process_resident_memory_bytes") > 1e6);
    assert!(figure(&text, "process_open_fds") > 5.0);
    let slowest = figure(&text, "latchkey_delivery_seconds_bucket{le=\"+Inf\"}");
    assert_eq!(slowest, figure(&text, "latchkey_delivery_seconds_count"));
}

#[tokio::test]
async fn a_host_without_its_archive_lives_and_says_why_it_is_not_ready() {
    let world = World::new();
    let host = world.host().await;
    assert_eq!(
        get(&host, "/healthz").await,
        (StatusCode::OK, "alive\n".to_owned())
    );
    assert_eq!(
        get(&host, "/readyz").await,
        (StatusCode::OK, "ready\n".to_owned())
    );
    let json = Request::get("/readyz").header("accept", "application/json");
    let (_, text) = ask(&host, json.body(Body::empty()).unwrap()).await;
    let checks: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(checks["ok"], true);
    assert!(checks["checks"].as_array().unwrap().len() >= 4, "{checks}");

    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.stored_to(1).await;
    world.archive.refusing.store(true, Ordering::Release);
    ada.say(1, "still here").await;
    ada.caught_up(2).await;
    eventually("the archive has refused", || {
        host.host.metrics().archive_failures.get() > 0
    })
    .await;
    let (_, text) = get(&host, "/metrics").await;
    assert!(figure(&text, "latchkey_archive_away_seconds") >= 0.0);
    assert_eq!(get(&host, "/readyz").await.0, StatusCode::OK, "not at once");

    let stopping = host.host.stop(Duration::ZERO);
    tokio::time::timeout(DEADLINE, stopping).await.unwrap();
    let (status, text) = get(&host, "/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains("admits: the host is stopping"), "{text}");
}

#[tokio::test]
async fn the_table_and_one_room_show_seats_and_no_name_unless_it_is_asked_for() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(2)[0]).await;
    let (_bob, _) = Client::join(&host, room(2), members(2)[1]).await;
    ada.say(1, "one").await;
    ada.caught_up(2).await;
    let table = get_json(&host, "/rooms?sort=records").await;
    assert_eq!((&table["rooms"], &table["found"]), (&json!(2), &json!(2)));
    assert_eq!(table["rows"][0]["id"], room(1).as_str());
    assert_eq!(table["rows"][0]["records"], 2);
    assert_eq!(table["rows"][0]["members"], 1);
    let found = get_json(&host, &format!("/rooms?find={}", &room(2).as_str()[..8])).await;
    assert_eq!(found["found"], 1);

    let opened = get_json(&host, &path_of(room(1), "")).await;
    let member = &opened["members"][0];
    assert_eq!(
        (&member["id"], &member["online"]),
        (&json!(members(2)[0]), &json!(true))
    );
    assert_eq!(member["colour"], "#3366cc");
    assert!(member.get("name").is_none());
    let named = get_json(&host, &path_of(room(1), "?names=true")).await;
    assert!(
        named["members"][0]["name"]
            .as_str()
            .unwrap()
            .starts_with('M')
    );

    assert_eq!(
        get(&host, &path_of(room(9), "")).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(get(&host, "/rooms/short").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(
        get(&host, "/rooms?sort=price").await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_all_it_names_is_there() {
    let host = TestHost::start().await;
    let request = Request::get("/").body(Body::empty()).unwrap();
    let answered = host.host.admin_router().oneshot(request).await.unwrap();
    let policy = answered.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let page = to_bytes(answered.into_body(), 1 << 20).await.unwrap();
    let page = String::from_utf8(page.to_vec()).unwrap();
    let mut named = 0;
    for part in page
        .split(['"'])
        .filter(|part| part.ends_with(".js") || part.ends_with(".css") || part.ends_with(".svg"))
    {
        assert!(
            !part.starts_with('/') && !part.contains(':'),
            "{part} is not relative"
        );
        assert_eq!(
            get(&host, &format!("/{part}")).await.0,
            StatusCode::OK,
            "{part}"
        );
        named += 1;
    }
    assert!(named >= 3);
}
