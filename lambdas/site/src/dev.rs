//! The test till and the test outbox: pages that are there only where nothing is real. They have a look and words of their
//! own, in English alone, because no buyer ever sees them.

mod outbox;
mod styles;
mod till;

use axum::Router;
use axum::routing::get;

use crate::config::Dev;
use crate::refusal::Refusal;
use crate::site::Site;

/// The routes below `/dev`.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/dev/till/{payment}", get(till::show).post(till::act))
        .route("/dev/outbox", get(outbox::list))
        .route("/dev/outbox/{id}", get(outbox::show))
        .route("/dev/outbox/{id}/html", get(outbox::html))
        .route("/dev/outbox/{id}/eml", get(outbox::eml))
}

fn dev(site: &Site) -> Result<&Dev, Refusal> {
    site.config.dev.as_ref().ok_or(Refusal::NotFound)
}
