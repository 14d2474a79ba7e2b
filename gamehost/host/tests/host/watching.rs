//! What an operator sees as it happens: the streams of a room's records and of the host's figures.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use latchkey_host::limits;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{Client, DEADLINE, TestHost, get, members, path_of, room};

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
