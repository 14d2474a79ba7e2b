//! One log line per request: method, matched route, status, time. The route and never the path, which holds tokens; no
//! address, no agent, nothing a person could be told by.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use latchkey_platform::clock::Moment as _;

use crate::Site;

/// Writes the line.
pub(super) async fn trace(State(site): State<Site>, request: Request, next: Next) -> Response {
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let began = site.platform.clock.now();
    let response = next.run(request).await;
    let ms = u64::try_from(site.platform.clock.now().since(began).as_millis()).unwrap_or(u64::MAX);
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status().as_u16();
    // A page brings dozens of files with it, which would bury the lines that say what people do.
    if is_file(route) && status < 400 {
        tracing::debug!(method, route, status, ms, "request");
    } else {
        tracing::info!(method, route, status, ms, "request");
    }
    response
}

/// Whether the route serves files that every page is made of.
fn is_file(route: &str) -> bool {
    route.starts_with("/assets/") || route.starts_with("/t/")
}

/// The method, if it is a usual one: anything else is text of the visitor's choice.
fn known(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}
