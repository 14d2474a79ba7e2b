//! The admin listener's guard. It asks for no password: it listens on the machine itself, and who gets there has been
//! judged by Session Manager. What a browser sends there because another page wants it is refused, whatever name that page
//! gives the machine.

use axum::Router;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};

/// Lets only requests through that were sent to the machine itself.
pub(crate) fn guard(admin: Router) -> Router {
    admin.layer(middleware::from_fn(of_this_machine))
}

async fn of_this_machine(request: Request, next: Next) -> Response {
    if names_this_machine(request.headers()) {
        return next.run(request).await;
    }
    let words = "This page is for localhost alone: open it as http://localhost:PORT/ through a forwarded port.\n";
    (StatusCode::FORBIDDEN, words).into_response()
}

/// A page elsewhere whose name was made to lead here still sends that name.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority: Option<Authority> = host.and_then(|host| host.parse().ok());
    authority.is_some_and(|authority| {
        let host = authority.host();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let address: Option<std::net::IpAddr> = address.parse().ok();
        host == "localhost" || address.is_some_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_names_of_the_machine_itself_are_answered() {
        let judged = |host: Option<&'static str>| {
            let host = host.map(|host| (HOST, HeaderValue::from_static(host)));
            names_this_machine(&host.into_iter().collect())
        };
        for host in [
            "localhost",
            "localhost:9999",
            "127.0.0.1:8081",
            "[::1]:8081",
        ] {
            assert!(judged(Some(host)), "{host}");
        }
        for host in [
            "evil.example:8081",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "",
        ] {
            assert!(!judged(Some(host)), "{host}");
        }
        assert!(!judged(None));
    }
}
