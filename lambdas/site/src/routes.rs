//! The table of routes: every address of the site in one place.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::guard;
use crate::limits::{FAULT_BYTES, FORM_BYTES, WEBHOOK_BYTES};
use crate::pages::{catalogue, checkout, end, launch, order, play, resend};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::{dev, files, programs};

/// Where the payment provider posts its events.
pub const WEBHOOK: &str = "/webhooks/payments";

/// The router of the site. It has a fallback (404) of its own, so what it is merged with must have none.
///
/// Requests should carry `axum::extract::ConnectInfo<SocketAddr>` where no proxy stands in front; without it all visitors
/// share one count of the rate limits.
pub fn router(site: &Site) -> Router {
    let forms = Router::new()
        .route("/", get(catalogue::list))
        .route("/titles/{slug}", get(catalogue::title))
        .route(
            "/titles/{slug}/buy",
            get(checkout::form).post(checkout::submit),
        )
        .route("/orders/{key}", get(order::show))
        .route("/orders/{key}/confirm", post(order::confirm))
        .route("/orders/{key}/cancelled", get(order::cancelled))
        .route("/l/{token}", get(launch::show))
        .route("/l/{token}/seat", post(launch::seat))
        .route("/l/{token}/begin", post(launch::begin))
        .route("/games/{game}/play", get(play::show))
        .route("/games/{game}/connect", post(play::connect))
        .route("/games/{game}/end", get(end::show))
        .route("/games/{game}/stats", get(end::stats))
        .route("/resend", get(resend::form).post(resend::submit))
        .route("/healthz", get(programs::health))
        .route("/favicon.ico", get(files::icon))
        .route("/robots.txt", get(files::robots))
        .route("/assets/{tree}/{*path}", get(files::asset))
        .route("/t/{slug}/{version}/{*path}", get(files::title_file))
        .layer(DefaultBodyLimit::max(FORM_BYTES));
    let faults = Router::new()
        .route("/faults", post(programs::fault))
        .layer(DefaultBodyLimit::max(FAULT_BYTES));
    let webhook = Router::new()
        .route(WEBHOOK, post(programs::payment_event))
        .layer(DefaultBodyLimit::max(WEBHOOK_BYTES));
    let mut routes = forms.merge(faults).merge(webhook);
    if site.is_dev() {
        routes = routes.merge(dev::routes(site).layer(DefaultBodyLimit::max(FORM_BYTES)));
    }
    let routes = routes
        .method_not_allowed_fallback(|| async { Refusal::Method })
        .fallback(|| async { Refusal::NotFound });
    guard::around(routes, site).with_state(site.clone())
}
