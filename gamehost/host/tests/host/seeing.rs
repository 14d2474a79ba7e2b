//! What an operator sees and does over the admin router: figures, health, rooms, streams.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use latchkey_host::limits;
use latchkey_protocol::RoomId;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{Client, DEADLINE, TestHost, World, eventually, members, room};

/// Asks the admin router, below a path with a part of its own, as a wiring with several hosts has it.
async fn ask(host: &TestHost, mut request: Request<Body>) -> (StatusCode, String) {
    let nested = Router::new().nest("/hosts/{slot}", host.host.admin_router());
    *request.uri_mut() = format!("/hosts/1{}", request.uri()).parse().unwrap();
    let answered = nested.oneshot(request).await.unwrap();
    let status = answered.status();
    let body = to_bytes(answered.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn get(host: &TestHost, path: &str) -> (StatusCode, String) {
    ask(host, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn get_json(host: &TestHost, path: &str) -> Value {
    let (status, text) = get(host, path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

async fn post(host: &TestHost, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("origin", "http://admin.example")
        .header("host", "admin.example");
    let (status, text) = ask(host, request.body(body.to_string().into()).unwrap()).await;
    (status, serde_json::from_str(&text).unwrap())
}

/// A figure by its name and labels as they stand in the text.
fn figure(text: &str, name: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("{name} is not there"))
        .parse()
        .unwrap()
}

fn path_of(room: RoomId, rest: &str) -> String {
    format!("/rooms/{room}{rest}")
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
async fn what_cannot_be_handed_over_or_put_aside_stays_and_the_answer_says_why() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    let (status, why) = post(&host, &path_of(room(1), "/handover"), &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{why}");
    assert!(
        why.to_string().contains("no other host takes rooms"),
        "{why}"
    );
    let (status, why) = post(&host, &path_of(room(2), "/handover"), &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{why}");
    let (status, why) = post(&host, &path_of(room(2), "/aside"), &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{why}");
    ada.say(1, "still here").await;
    ada.until(|frame| frame["kind"] == "said").await;
}

#[tokio::test]
async fn what_another_page_sends_with_the_operators_credential_is_refused() {
    let host = TestHost::start().await;
    let (_ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    let request = Request::post(path_of(room(1), "/close"))
        .header("sec-fetch-site", "cross-site")
        .header("origin", "https://evil.example");
    let (status, text) = ask(&host, request.body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.contains("admin page"), "{text}");
    assert_eq!(host.host.metrics().connections.get(), 1);
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

/// Events of a stream as they come.
struct Events {
    body: axum::body::BodyDataStream,
    text: String,
}

impl Events {
    async fn of(host: &TestHost, path: &str) -> Self {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answered = host.host.admin_router().oneshot(request).await.unwrap();
        assert_eq!(answered.status(), StatusCode::OK, "{path}");
        Self {
            body: answered.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next event's name and data; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        use futures_util::StreamExt as _;
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let found = field("event: ").zip(field("data: "));
                let found = found
                    .map(|(name, data)| (name.to_owned(), serde_json::from_str(data).unwrap()));
                self.text = rest.to_owned();
                match found {
                    Some(found) => return Some(found),
                    None => continue,
                }
            }
            let bytes = tokio::time::timeout(DEADLINE, self.body.next())
                .await
                .unwrap()?
                .unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

#[tokio::test]
async fn an_operator_reads_a_rooms_records_as_they_come_and_its_end() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    ada.say(1, json!({"<b>": "one"})).await;
    ada.caught_up(2).await;
    let mut events = Events::of(&host, &path_of(room(1), "/records")).await;
    let (name, joined) = events.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &joined["kind"]),
        ("record", &json!("joined"))
    );
    assert!(!joined["body"].as_str().unwrap().contains('M'), "{joined}");
    let (_, said) = events.next().await.unwrap();
    assert_eq!(said["body"], r#"{"<b>":"one"}"#);
    ada.say(2, "two").await;
    let (_, said) = events.next().await.unwrap();
    assert_eq!(
        (&said["seq"], &said["body"]),
        (&json!(3), &json!("\"two\""))
    );
    let stopping = host.host.stop(DEADLINE);
    tokio::time::timeout(DEADLINE, stopping).await.unwrap();
    while events.next().await.is_some() {}
}

#[tokio::test]
async fn a_reader_that_asks_for_more_than_memory_holds_is_told_what_it_misses() {
    let host = TestHost::start().await;
    let mut tail = 0;
    for member in members(6) {
        let (mut member, _) = Client::join(&host, room(1), member).await;
        tail += 1;
        for n in 1..=50 {
            member.say(n, n).await;
            tail += 1;
        }
        member.stored_to(tail).await;
    }
    assert!(tail > latchkey_protocol::limits::LOG_RECORDS as u64);
    let mut events = Events::of(&host, &path_of(room(1), "/records")).await;
    let (name, gap) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &gap["after"]), ("gap", &json!(0)));
    let (_, first) = events.next().await.unwrap();
    assert_eq!(
        first["seq"].as_u64().unwrap(),
        gap["to"].as_u64().unwrap() + 1
    );
}

#[tokio::test]
async fn streams_are_few_and_their_places_come_back() {
    let host = TestHost::start().await;
    let (_ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    let path = path_of(room(1), "/records");
    let mut open = Vec::new();
    for _ in 0..limits::WATCHERS {
        open.push(Events::of(&host, &path).await);
    }
    let (status, text) = get(&host, &path).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{text}");
    drop(open);
    let free = async {
        while get_status(&host, &path).await != StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, free).await.unwrap();
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_given_up_and_its_place_is_free() {
    let host = TestHost::start().await;
    let (mut ada, _) = Client::join(&host, room(1), members(1)[0]).await;
    for n in 1..=20 {
        ada.say(n, n).await;
    }
    ada.caught_up(21).await;
    let path = path_of(room(1), "/records");
    let mut unread = Vec::new();
    for _ in 0..limits::WATCHERS {
        unread.push(Events::of(&host, &path).await);
    }
    tokio::time::pause();
    tokio::time::advance(limits::WATCHER_WAITS + Duration::from_secs(1)).await;
    tokio::time::resume();
    let free = async {
        while get_status(&host, &path).await != StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, free).await.unwrap();
    ada.say(21, "still here").await;
    ada.caught_up(22).await;
}

async fn get_status(host: &TestHost, path: &str) -> StatusCode {
    let request = Request::get(path).body(Body::empty()).unwrap();
    host.host
        .admin_router()
        .oneshot(request)
        .await
        .unwrap()
        .status()
}

#[tokio::test]
async fn the_figures_are_drawn_from_what_is_kept_and_go_on() {
    let host = TestHost::start().await;
    let mut events = Events::of(&host, "/live").await;
    let (name, samples) = events.next().await.unwrap();
    assert_eq!(name, "history");
    let mut samples = samples.as_array().unwrap().clone();
    while samples.is_empty() {
        samples = events.next().await.unwrap().1.as_array().unwrap().clone();
    }
    assert!(
        samples[0]["resident_bytes"].as_u64().unwrap() > 0,
        "{samples:?}"
    );
    assert_eq!(samples[0]["p99_ms"], Value::Null);
}
