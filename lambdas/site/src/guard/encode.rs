//! Compression of answers and their validators. Assets bring both along; here it is done for everything made on the spot.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::assets::content_tag;
use crate::encoding::{Encoding, compress};
use crate::limits::{COMPRESS_FROM, COMPRESS_TO};

/// How hard pages are compressed: visitors wait for it.
const EFFORT: u32 = 4;

/// Adds an entity tag to what may be kept, answers 304 to whoever has it, and compresses texts.
///
/// Compressing a page that holds a secret beside text of an attacker's choice would leak the secret by the page's size.
/// No page here does that: forms that repeat input hold no secret, and pages with a link show only what its holders wrote.
pub(super) async fn encode(request: Request, next: Next) -> Response {
    let wanted = Encoding::wanted(request.headers());
    let conditions = request
        .headers()
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .cloned()
        .collect::<Vec<_>>();
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let (mut parts, body) = next.run(request).await.into_parts();
    let small = body
        .size_hint()
        .upper()
        .is_some_and(|size| size <= COMPRESS_TO as u64);
    // Files bring their tag and their coding along.
    if !small || !is_text(&parts.headers) || parts.headers.contains_key(header::ETAG) {
        return Response::from_parts(parts, body);
    }
    let Ok(plain) = to_bytes(body, COMPRESS_TO).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    parts
        .headers
        .append(header::VARY, HeaderValue::from_static("accept-encoding"));
    if parts.status == StatusCode::OK && safe && may_be_kept(&parts.headers) {
        // Weak, because the same tag stands for the page in every coding.
        let tag = weak(&content_tag(&plain));
        let known = matches(&conditions, &tag);
        parts.headers.insert(header::ETAG, tag);
        if known {
            return not_modified(parts.headers);
        }
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    match wanted.name().filter(|_| plain.len() >= COMPRESS_FROM) {
        Some(name) => {
            parts
                .headers
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
            Response::from_parts(parts, Body::from(compress(&plain, wanted, EFFORT)))
        }
        None => Response::from_parts(parts, Body::from(plain)),
    }
}

/// A weak entity tag.
fn weak(tag: &str) -> HeaderValue {
    HeaderValue::try_from(format!("W/\"{tag}\"")).expect("hexadecimal digits are a header value")
}

/// Whether `If-None-Match` names the tag, compared weakly (RFC 9110, section 13.1.2).
pub(crate) fn matches(conditions: &[HeaderValue], tag: &HeaderValue) -> bool {
    fn core(tag: &str) -> &str {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag)
    }
    let tag = core(tag.to_str().unwrap_or_default());
    let mut named = conditions
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    named.any(|named| named.trim() == "*" || core(named) == tag)
}

/// The answer 304 with the headers that a cache needs.
pub(crate) fn not_modified(mut headers: HeaderMap) -> Response {
    for gone in [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
    ] {
        headers.remove(gone);
    }
    (StatusCode::NOT_MODIFIED, headers).into_response()
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    kind.starts_with("text/")
        || kind.starts_with("application/json")
        || kind.starts_with("image/svg")
        || kind.starts_with("application/wasm")
}

fn may_be_kept(headers: &HeaderMap) -> bool {
    let rule = headers
        .get(header::CACHE_CONTROL)
        .and_then(|rule| rule.to_str().ok())
        .unwrap_or("no-store");
    !rule.contains("no-store")
}
