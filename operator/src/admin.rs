//! The admin routes of a machine: an overview of its hosts, where Prometheus finds them, and the order to roll one.
//! Each host's own routes are below `/hosts/{slot}/`; the credential that all of it asks for is in
//! [`crate::credential`].

use axum::extract::{Path, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::local::{LocalHost, LocalHosts};

/// The admin routes of the machine.
pub(crate) fn of_machine(hosts: &LocalHosts) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/hosts", get(list))
        .route("/targets", get(targets))
        .route("/hosts/{slot}/roll", post(roll))
        .with_state(hosts.clone())
        .merge(hosts.admin())
}

/// One host as `/hosts` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// Its slot.
    pub(crate) slot: u16,
    /// The process that serves it now.
    pub(crate) pid: Option<u32>,
}

fn listed(hosts: &LocalHosts) -> Vec<Listed> {
    let pid = |slot| match hosts.get(slot)? {
        LocalHost::Here { .. } => Some(std::process::id()),
        LocalHost::Apart(host) => host.running().map(|ready| ready.pid),
    };
    let one = |slot| Listed {
        slot,
        pid: pid(slot),
    };
    hosts.slots().map(one).collect()
}

async fn list(State(hosts): State<LocalHosts>) -> Json<Vec<Listed>> {
    Json(listed(&hosts))
}

/// What Prometheus's HTTP service discovery asks for: every host as a target of its own, all at this address.
async fn targets(State(hosts): State<LocalHosts>, headers: HeaderMap) -> Json<Value> {
    let here = headers.get(HOST).and_then(|host| host.to_str().ok());
    let target = |slot: u16| {
        json!({
            "targets": [here.unwrap_or_default()],
            "labels": {"__metrics_path__": format!("/hosts/{slot}/metrics"), "slot": slot.to_string()},
        })
    };
    Json(hosts.slots().map(target).collect())
}

/// Has a host hand its rooms over and start again.
async fn roll(
    State(hosts): State<LocalHosts>,
    Path(slot): Path<u16>,
    headers: HeaderMap,
) -> Response {
    if !is_of_this_site(&headers) {
        let words = "Pages of other sites may not do this.\n";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    let (status, words) = match hosts.get(slot) {
        None => (StatusCode::NOT_FOUND, "There is no host in this slot.\n"),
        Some(LocalHost::Here { .. }) => (
            StatusCode::CONFLICT,
            "This host has no process of its own: start `latchkey up` with --hosts 2 or more to roll hosts one by one.\n",
        ),
        Some(LocalHost::Apart(host)) => match host.roll() {
            true => (
                StatusCode::ACCEPTED,
                "The host hands over its rooms and starts again.\n",
            ),
            false => (
                StatusCode::SERVICE_UNAVAILABLE,
                "This host is not running just now; it is started again: come back in a second.\n",
            ),
        },
    };
    (status, words).into_response()
}

/// Browsers send the credential along whoever asks, so a page of another site must not be able to.
fn is_of_this_site(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let of_origin = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some() && host == of_origin.map(|(_, host)| host)
}

async fn page(State(hosts): State<LocalHosts>) -> Response {
    let row = |host: &Listed| {
        let slot = host.slot;
        let state = match host.pid {
            Some(pid) => format!("running, process {pid}"),
            None => "not running; it is started again".to_owned(),
        };
        format!(
            "<tr><td><a href=\"hosts/{slot}/\">Host {slot}</a></td><td>{state}</td>\
             <td><a href=\"hosts/{slot}/metrics\">Figures</a></td></tr>\n"
        )
    };
    let rows: String = listed(&hosts).iter().map(row).collect();
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Latchkey: hosts</title></head>\n\
         <body><main><h1>Hosts</h1>\n<table>\n\
         <thead><tr><th scope=\"col\">Host</th><th scope=\"col\">State</th><th scope=\"col\">Metrics</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table>\n</main></body></html>\n"
    );
    let nothing_else = [(CONTENT_SECURITY_POLICY, "default-src 'none'")];
    (nothing_else, Html(page)).into_response()
}
