//! What an operator sees of a running host and does to its rooms: a page with everything it needs compiled in, the
//! figures behind it, and the health checks. It has no credential of its own: the wiring puts one in front of it, and
//! never serves it where players are served.
//!
//! All addresses in it are relative, so that it may be served below any path that ends in a slash.

mod acts;
mod census;
mod guard;
mod history;
mod owed;
mod page;
mod rooms;
mod streams;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::health::{self, Asked};
use crate::host::Shared;
use crate::limits::{ADMIN_BODY, WATCHERS};
use crate::metrics;

pub(crate) use history::sample;

/// What the admin page keeps between requests.
pub(crate) struct Kept {
    /// The last quarter of an hour.
    history: history::History,
    /// The newest look through all rooms.
    census: census::Keeper,
    /// Places for readers of streams.
    watchers: Arc<Semaphore>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            history: history::History::default(),
            census: census::Keeper::default(),
            watchers: Arc::new(Semaphore::new(WATCHERS)),
        }
    }
}

/// Everything below the admin listener's root.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(page::router())
        .route("/metrics", get(figures))
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/host", get(host))
        .route("/live", get(streams::live))
        .route("/owed", get(owed::list))
        .route("/rooms", get(rooms::list))
        .route("/rooms/{room}", get(rooms::one))
        .route("/rooms/{room}/records", get(streams::records))
        .route("/rooms/{room}/close", post(acts::close))
        .route("/rooms/{room}/handover", post(acts::hand_over))
        .route("/rooms/{room}/aside", post(acts::put_aside))
        .route("/rooms/{room}/notice", post(acts::notice))
        .route("/rooms/{room}/members/{member}/kick", post(acts::kick))
        .layer(DefaultBodyLimit::max(ADMIN_BODY))
        .layer(middleware::from_fn(guard::guard))
        .with_state(shared)
}

/// Why something was not answered, as `{"error": "…"}` with a sentence for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Failed {
    #[error("no room {0} is in this host's memory; it may be idle, or with another host")]
    NoRoom(String),
    #[error("{0}")]
    Bad(String),
    #[error("{0}")]
    Conflict(String),
    #[error("{WATCHERS} streams are being read, which is as many as there may be; close one")]
    Busy,
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NoRoom(_) => StatusCode::NOT_FOUND,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        };
        let error = serde_json::json!({ "error": self.to_string() });
        (status, Json(error)).into_response()
    }
}

async fn figures(State(shared): State<Arc<Shared>>) -> Response {
    let rendered = tokio::task::spawn_blocking(move || metrics::render(&shared)).await;
    let headers = [
        (CONTENT_TYPE, metrics::CONTENT_TYPE),
        (CACHE_CONTROL, "no-store"),
    ];
    match rendered {
        Ok(text) => (headers, text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn alive(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    health::answer(shared, Asked::Alive, &headers).await
}

async fn ready(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    health::answer(shared, Asked::Ready, &headers).await
}

/// Which host this is.
#[derive(Debug, Serialize)]
struct About {
    slot: String,
    /// What stands in the directory while it serves.
    host: Option<String>,
    region: String,
    version: String,
    connections_limit: usize,
    rooms_limit: usize,
    journal_limit_bytes: u64,
}

async fn host(State(shared): State<Arc<Shared>>) -> Json<About> {
    let limits = &shared.config.limits;
    Json(About {
        slot: shared.config.slot.to_string(),
        host: shared.membership.serving().map(|term| term.me.to_string()),
        region: shared.config.region.clone(),
        version: shared.config.version.clone(),
        connections_limit: limits.connections,
        rooms_limit: limits.rooms,
        journal_limit_bytes: shared.desk.journal.figures().limit,
    })
}
