//! What surrounds every answer of the admin page: headers that let the browser load nothing from elsewhere, and the
//! refusal of what would change something and was sent by another page.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, StatusCode};

use crate::own_page::sent_by_own_page;

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Judges the request and dresses the answer.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let mut response = if reads || sent_by_own_page(request.headers(), request.uri()) {
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
