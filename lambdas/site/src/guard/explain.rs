//! Refusals become pages or JSON here, and panics become refusals. Each fault of ours gets an incident number that stands on
//! the page and in the log.

use std::panic::AssertUnwindSafe;

use askama::Template;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::{HeaderValue, StatusCode, header};
use latchkey_platform::entropy;
use latchkey_platform::hex::hex;
use serde::Serialize;

use super::policy::Allow;
use crate::Site;
use crate::forms::to_script;
use crate::refusal::Refusal;
use crate::view::{self, Shell};

/// Routes that programs call; their refusals are always JSON.
const PROGRAMS: &[&str] = &[
    "/games/{game}/connect",
    "/games/{game}/stats",
    "/faults",
    "/webhooks/payments",
    "/healthz",
];

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    shell: Shell,
    status: u16,
    heading: &'static str,
    what: String,
    todo: String,
    incident: Option<String>,
}

#[derive(Serialize)]
struct ErrorBody {
    error: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

/// Turns a panic of a handler into a fault. The panic's message stays out of the log line: it may quote a person's data.
pub(super) async fn catch(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => Refusal::fault("a handler panicked").into_response(),
    }
}

/// Gives a refusal its words.
pub(super) async fn explain(State(site): State<Site>, request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let program = to_script(request.headers())
        || route
            .as_deref()
            .is_some_and(|route| PROGRAMS.contains(&route));
    let response = next.run(request).await;
    let Some(refusal) = response.extensions().get::<Refusal>().cloned() else {
        return response;
    };
    let incident = refusal.cause().map(|cause| {
        let incident = incident(&site);
        tracing::error!(
            incident,
            route = route.as_deref().unwrap_or("none"),
            cause,
            "a request failed"
        );
        incident
    });
    let shell = Shell::private(site.is_dev());
    let (heading, what, todo) = refusal.words(&shell.t.errors);
    let status = refusal.status();
    let mut explained = if program {
        let message = format!("{what} {todo}");
        let body = ErrorBody {
            error: refusal.code(),
            message,
            incident,
            retry_after: refusal.retry_after(),
        };
        view::json(status, &body)
    } else {
        let page = ErrorPage {
            shell,
            status: status.as_u16(),
            heading,
            what,
            todo,
            incident,
        };
        page.render().map_or_else(
            |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            |html| (status, axum::response::Html(html)).into_response(),
        )
    };
    let headers = explained.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for kept in [header::RETRY_AFTER, header::ALLOW, header::SET_COOKIE] {
        if let Some(value) = response.headers().get(&kept) {
            headers.insert(kept, value.clone());
        }
    }
    explained.extensions_mut().insert(Allow::nothing());
    explained
}

fn incident(site: &Site) -> String {
    let bytes: [u8; 5] = entropy::bytes(&*site.platform.launch.entropy);
    hex(&bytes)
}
