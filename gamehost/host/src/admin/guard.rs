//! What surrounds every answer of the admin page: headers that let the browser load nothing from elsewhere, and the
//! judgement whether what would change something was really sent by the page (a browser adds the credential it knows
//! to requests that other pages make).

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Judges the request and dresses the answer.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let mut response = if reads || is_of_the_page(request.headers()) {
        next.run(request).await
    } else {
        let error = "this was not sent by the admin page; open the page and do it there";
        let error = serde_json::json!({ "error": error });
        (StatusCode::FORBIDDEN, axum::Json(error)).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether no page but the host's own can have sent it. What carries neither header comes from no browser.
fn is_of_the_page(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return site == "same-origin";
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    let origin = text(origin);
    let sent_by = origin
        .as_deref()
        .and_then(|origin| origin.split_once("://"));
    let host = headers.get(HOST).and_then(text);
    sent_by.is_some_and(|(_, sent_by)| host.as_deref() == Some(sent_by))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(headers: &[(HeaderName, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        is_of_the_page(&headers.collect())
    }

    #[test]
    fn only_the_page_itself_or_what_is_no_browser_may_change_something() {
        assert!(judged(&[]));
        assert!(judged(&[
            (FETCH_SITE, "same-origin"),
            (ORIGIN, "http://a:1"),
            (HOST, "a:1")
        ]));
        assert!(judged(&[(ORIGIN, "http://a:1"), (HOST, "a:1")]));
        assert!(!judged(&[(FETCH_SITE, "cross-site")]));
        assert!(!judged(&[
            (FETCH_SITE, "same-site"),
            (ORIGIN, "http://a:1"),
            (HOST, "a:1")
        ]));
        assert!(!judged(&[(ORIGIN, "http://evil.example"), (HOST, "a:1")]));
        assert!(!judged(&[(ORIGIN, "null"), (HOST, "a:1")]));
        assert!(!judged(&[(ORIGIN, "http://a:1")]));
    }
}
