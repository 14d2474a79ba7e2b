//! Asking a host's admin router, as the operator's page and programs do.

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use latchkey_protocol::RoomId;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::TestHost;

/// Asks the admin router, below a path with a part of its own, as a wiring with several hosts has it.
pub(crate) async fn ask(host: &TestHost, mut request: Request<Body>) -> (StatusCode, String) {
    let nested = Router::new().nest("/hosts/{slot}", host.host.admin_router());
    *request.uri_mut() = format!("/hosts/1{}", request.uri()).parse().unwrap();
    let answered = nested.oneshot(request).await.unwrap();
    let status = answered.status();
    let body = to_bytes(answered.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) async fn get(host: &TestHost, path: &str) -> (StatusCode, String) {
    ask(host, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn get_json(host: &TestHost, path: &str) -> Value {
    let (status, text) = get(host, path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

pub(crate) async fn post(host: &TestHost, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("origin", "http://admin.example")
        .header("host", "admin.example");
    let (status, text) = ask(host, request.body(body.to_string().into()).unwrap()).await;
    (status, serde_json::from_str(&text).unwrap())
}

/// What is asked of a room.
pub(crate) fn path_of(room: RoomId, rest: &str) -> String {
    format!("/rooms/{room}{rest}")
}

impl TestHost {
    /// Has the operator ask for something without further words: what was done, or why not.
    pub(crate) async fn order(&self, room: RoomId, what: &str) -> Result<String, String> {
        let (status, told) = post(self, &path_of(room, what), &json!({})).await;
        let text = |key: &str| told[key].as_str().unwrap().to_owned();
        match status {
            StatusCode::OK => Ok(text("done")),
            _ => Err(text("error")),
        }
    }

    /// Hands the room over.
    pub(crate) async fn hand_over(&self, room: RoomId) -> Result<(), String> {
        self.order(room, "/handover").await.map(drop)
    }

    /// Puts aside what its journal holds of the room; the answer says how many records that is.
    pub(crate) async fn put_aside(&self, room: RoomId) -> Result<String, String> {
        self.order(room, "/aside").await
    }

    /// Rooms that are owed, as the operator sees them.
    pub(crate) async fn owed(&self) -> Vec<Value> {
        let owed = get_json(self, "/owed").await;
        let rows = owed["rows"].as_array().unwrap().clone();
        assert_eq!(owed["rooms"], rows.len());
        rows
    }
}
