//! The test till and the test outbox: pages that are there only where nothing is real. They have a look and words of their
//! own, in English alone, because no buyer ever sees them.

mod outbox;
mod styles;
mod till;

use std::net::IpAddr;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header;

use crate::config::Dev;
use crate::refusal::Refusal;
use crate::site::Site;

/// The routes below `/dev`.
pub(crate) fn routes(site: &Site) -> Router<Site> {
    Router::new()
        .route("/dev/till/{payment}", get(till::show).post(till::act))
        .route("/dev/outbox", get(outbox::list))
        .route("/dev/outbox/{id}", get(outbox::show))
        .route("/dev/outbox/{id}/html", get(outbox::html))
        .route("/dev/outbox/{id}/eml", get(outbox::eml))
        .layer(from_fn_with_state(site.clone(), only_by_own_names))
}

/// The outbox holds links that open games, and a page of another site can reach a server on the visitor's own machine by
/// pointing a name of its own there. Such a name stands in `Host`; addresses and the site's own name are fine.
async fn only_by_own_names(State(site): State<Site>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    if host.is_none_or(|host| is_own(host, site.platform.site.as_str())) {
        next.run(request).await
    } else {
        Refusal::NotFound.into_response()
    }
}

fn is_own(host: &str, site: &str) -> bool {
    let port = host
        .rfind(':')
        .filter(|at| host[*at..].len() > 1 && !host.ends_with(']'));
    let name = host[..port.unwrap_or(host.len())]
        .trim_start_matches('[')
        .trim_end_matches(']');
    name == "localhost"
        || name.parse::<IpAddr>().is_ok()
        || site.split_once("://").is_some_and(|(_, own)| own == host)
}

fn dev(site: &Site) -> Result<&Dev, Refusal> {
    site.config.dev.as_ref().ok_or(Refusal::NotFound)
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn names_that_others_point_here_do_not_open_the_outbox() {
        for host in [
            "localhost:8080",
            "localhost",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
            "up.example:8080",
        ] {
            assert!(is_own(host, "http://up.example:8080"), "{host}");
        }
        for host in [
            "evil.example:8080",
            "up.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:1",
            "",
        ] {
            assert!(!is_own(host, "http://up.example:8080"), "{host}");
        }
    }
}
