//! The page and what it loads, compiled in.

use std::sync::Arc;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::host::Shared;

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, kind and text of each file.
const FILES: [(&str, &str, &str); 9] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/admin.css", STYLE, include_str!("page/admin.css")),
    ("/admin.js", SCRIPT, include_str!("page/admin.js")),
    ("/charts.js", SCRIPT, include_str!("page/charts.js")),
    ("/dom.js", SCRIPT, include_str!("page/dom.js")),
    ("/owed.js", SCRIPT, include_str!("page/owed.js")),
    ("/room.js", SCRIPT, include_str!("page/room.js")),
    ("/rooms.js", SCRIPT, include_str!("page/rooms.js")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

/// The files' routes. Browsers ask anew each time, so that page and host are always of the same version.
pub(super) fn router() -> Router<Arc<Shared>> {
    FILES
        .into_iter()
        .fold(Router::new(), |router, (path, kind, text)| {
            let answer = move || async move {
                let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")];
                (headers, text).into_response()
            };
            router.route(path, get(answer))
        })
}
