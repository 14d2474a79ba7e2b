//! What surrounds every handler, from the outside in: the log line, security headers, compression and validators, the page
//! of a refusal, the catch of panics, sizes, and where a POST comes from. No layer knows what a handler does.

pub(crate) mod client;
pub(crate) mod encode;
mod explain;
mod origin;
pub(crate) mod policy;
mod sizes;
mod trace;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::Site;

/// Puts all layers around the routes.
pub(crate) fn around(routes: Router<Site>, site: &Site) -> Router<Site> {
    // The last one added is the outermost.
    routes
        .layer(from_fn_with_state(site.clone(), origin::check))
        .layer(from_fn(sizes::check))
        .layer(from_fn(explain::catch))
        .layer(from_fn_with_state(site.clone(), explain::explain))
        .layer(from_fn(encode::encode))
        .layer(from_fn_with_state(site.clone(), policy::headers))
        .layer(from_fn_with_state(site.clone(), trace::trace))
}
