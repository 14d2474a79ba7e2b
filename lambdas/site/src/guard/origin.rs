//! Where a request that changes something comes from. Cookies go along with forms of other sites only where browsers fail,
//! but a link token in an address is no secret from whoever was sent it, so the origin is checked for all of them.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, header};

use crate::Site;
use crate::refusal::Refusal;
use crate::routes::WEBHOOK;

/// Refuses changes asked for by other sites. The webhook is called by a server and proves itself by its signature.
pub(super) async fn check(State(site): State<Site>, request: Request, next: Next) -> Response {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let exempt = request.uri().path() == WEBHOOK;
    if reads || exempt || is_ours(request.headers(), site.platform.site.as_str()) {
        next.run(request).await
    } else {
        Refusal::Foreign.into_response()
    }
}

/// Every browser tells the origin of a POST; a request that tells nothing comes from a program, which carries nobody's
/// cookies but its own. The `Host` header is compared as well, because a site can be reached by several names and no page
/// of another site can choose it.
fn is_ours(headers: &HeaderMap, site: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            origin == site || (host.is_some() && host == text(header::HOST.as_str()))
        }
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sites_own_pages_and_programs_may_change_things() {
        let ours = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    value.parse().expect("a header value"),
                )
            });
            is_ours(&headers.collect(), "https://latchkey.example")
        };
        assert!(ours(&[]));
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("origin", "https://latchkey.example")]));
        assert!(ours(&[
            ("origin", "http://127.0.0.1:8080"),
            ("host", "127.0.0.1:8080")
        ]));
        assert!(!ours(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://latchkey.example")
        ]));
        assert!(!ours(&[("sec-fetch-site", "same-site")]));
        assert!(!ours(&[
            ("origin", "https://evil.example"),
            ("host", "latchkey.example")
        ]));
        assert!(!ours(&[("origin", "null"), ("host", "null")]));
        assert!(!ours(&[("origin", "null")]));
    }
}
