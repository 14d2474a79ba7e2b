//! Sizes of what comes before the body. Bodies are limited where they are read, each by its own limit.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::limits::{HEADER_BYTES, URI_BYTES};
use crate::refusal::Refusal;

/// Refuses addresses and headers that are too long.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let address = request
        .uri()
        .path_and_query()
        .map_or(0, |address| address.as_str().len());
    if address > URI_BYTES {
        return Refusal::UriTooLong { limit: URI_BYTES }.into_response();
    }
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers > HEADER_BYTES {
        return Refusal::HeadersTooLarge {
            limit: HEADER_BYTES,
        }
        .into_response();
    }
    next.run(request).await
}
