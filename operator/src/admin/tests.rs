//! Tests of the admin routes of a machine whose hosts are in this process.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Method};
use latchkey_embedded::rooms::Rooms;
use latchkey_host::ports::Enlist;
use latchkey_journal::JournalId;
use tower::ServiceExt as _;

use super::*;
use crate::proxy::Proxy;

struct Fixture {
    _folder: tempfile::TempDir,
    machine: Machine,
}

async fn fixture() -> Fixture {
    fixture_of(2).await
}

async fn fixture_of(hosts: u16) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let rooms = Rooms::open(&folder.path().join("rooms.db")).unwrap();
    let directory = EmbeddedDirectory::open(&folder.path().join("directory.db"), &rooms).unwrap();
    for slot in 1..=hosts {
        let new = Enlist {
            slot: Slot(slot),
            region: "here".into(),
            url: format!("/s/{slot}/room"),
            version: "<1>".into(),
            journal: JournalId(slot.into()),
        };
        directory.enlist(new).await.unwrap();
    }
    let here = LocalHost::Here {
        rooms: Router::new(),
        admin: Router::new()
            .route("/", get(|| async { "the host's page" }))
            .route(
                "/rooms",
                get(|request: Request| async move { request.uri().to_string() }),
            ),
    };
    let hosts: BTreeMap<_, _> = (1..=hosts).map(|slot| (slot, here.clone())).collect();
    let secret = HeaderValue::from_static("Basic x");
    Fixture {
        _folder: folder,
        machine: Machine {
            hosts: LocalHosts::new(hosts, Proxy::default(), secret),
            directory,
        },
    }
}

impl Fixture {
    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, String) {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "here.test");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let Ok(response) = self.machine.admin().oneshot(request).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn draining(&self) -> bool {
        self.machine.listed().await[0].draining
    }
}

#[tokio::test]
async fn a_host_is_drained_and_taken_back_by_its_buttons_and_by_programs() {
    let fixture = fixture().await;
    let page = [("accept", "text/html"), ("origin", "http://here.test")];
    let (status, _) = fixture.ask(Method::POST, "/hosts/1/drain", &page).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(fixture.draining().await);
    let (_, words) = fixture.ask(Method::GET, "/", &[]).await;
    assert!(
        words.contains("Undrain host 1") && words.contains("drained"),
        "{words}"
    );
    let (status, _) = fixture.ask(Method::POST, "/hosts/1/undrain", &[]).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert!(!fixture.draining().await);
}

#[tokio::test]
async fn a_host_is_not_drained_when_no_other_takes_rooms() {
    let fixture = fixture_of(1).await;
    let (status, words) = fixture.ask(Method::POST, "/hosts/1/drain", &[]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(words.contains("no other host takes rooms"), "{words}");
    assert!(
        !fixture.draining().await,
        "it was asked before it was judged"
    );
}

#[tokio::test]
async fn a_host_between_two_processes_is_said_to_come_back() {
    let fixture = fixture().await;
    let directory = &fixture.machine.directory;
    let second = directory.hosts().await.unwrap()[1].id;
    directory.withdraw(second).await.unwrap();
    for asked in ["/hosts/2/drain", "/hosts/2/undrain"] {
        let (status, words) = fixture.ask(Method::POST, asked, &[]).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{words}");
        assert!(words.contains("host 2 is not running just now"), "{words}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_ask_in_vain() {
    let fixture = fixture().await;
    let asked = ["drain", "undrain", "roll"].map(|what| format!("/hosts/1/{what}"));
    for path in asked {
        for foreign in [
            ("origin", "http://evil.test"),
            ("origin", "null"),
            ("origin", "http://here.test:81"),
            ("sec-fetch-site", "same-site"),
        ] {
            let (status, _) = fixture.ask(Method::POST, &path, &[foreign]).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path} {foreign:?}");
        }
    }
    assert!(!fixture.draining().await);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_the_reason() {
    let fixture = fixture().await;
    let (status, words) = fixture.ask(Method::POST, "/hosts/3/drain", &[]).await;
    assert_eq!(
        (status, words.trim()),
        (StatusCode::NOT_FOUND, "there is no host in slot 3")
    );
    let (status, words) = fixture.ask(Method::POST, "/hosts/1/roll", &[]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(words.contains("--hosts 2"), "{words}");
    let (status, _) = fixture.ask(Method::GET, "/hosts/1/drain", &[]).await;
    assert_eq!(
        status,
        StatusCode::METHOD_NOT_ALLOWED,
        "GET never changes anything"
    );
}

#[tokio::test]
async fn the_overview_shows_text_as_text() {
    let (_, page) = fixture().await.ask(Method::GET, "/", &[]).await;
    assert!(
        page.contains("&lt;1&gt;") && !page.contains("<1>"),
        "{page}"
    );
}

#[tokio::test]
async fn a_hosts_own_pages_are_below_its_folder() {
    let fixture = fixture().await;
    let (status, _) = fixture.ask(Method::GET, "/hosts/1", &[]).await;
    assert_eq!(status, StatusCode::PERMANENT_REDIRECT);
    let (_, words) = fixture.ask(Method::GET, "/hosts/1/", &[]).await;
    assert_eq!(words, "the host's page");
    let (_, words) = fixture
        .ask(Method::GET, "/hosts/1/rooms?sort=id", &[])
        .await;
    assert_eq!(words, "/rooms?sort=id");
}
