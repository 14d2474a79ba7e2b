//! The admin routes of a machine: an overview of its hosts, where Prometheus finds them, and what can be asked of one.
//! Each host's own routes are below `/hosts/{slot}/`; the credential that all of it asks for is in
//! [`crate::credential`].

mod overview;

use axum::extract::{Path, Request, State};
use axum::http::header::{ACCEPT, HOST};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use latchkey_embedded::directory::EmbeddedDirectory;
use latchkey_host::ports::{Directory as _, HostItem, Slot};
use latchkey_host::sent_by_own_page;
use serde::Serialize;
use serde_json::{Value, json};

use crate::draining::{self, NotAsked};
use crate::local::{LocalHost, LocalHosts};

/// What the routes are about.
#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) hosts: LocalHosts,
    pub(crate) directory: EmbeddedDirectory,
}

impl Machine {
    /// The admin routes.
    pub(crate) fn admin(&self) -> Router {
        let asked = Router::new()
            .route("/hosts/{slot}/drain", post(drain))
            .route("/hosts/{slot}/undrain", post(undrain))
            .route("/hosts/{slot}/roll", post(roll))
            .layer(middleware::from_fn(of_this_site));
        Router::new()
            .route("/", get(page))
            .route("/overview.css", get(overview::style))
            .route("/hosts", get(list))
            .route("/targets", get(targets))
            .merge(asked)
            .with_state(self.clone())
            .merge(self.hosts.admin())
    }

    fn host(&self, slot: u16) -> Result<&LocalHost, Refused> {
        self.hosts.get(slot).ok_or(Refused::NoSuchHost(slot))
    }

    async fn listed(&self) -> Vec<Listed> {
        // A directory that is away costs the figures and not the page, which is wanted most then.
        let known = self.directory.hosts().await.unwrap_or_default();
        let one = |slot| {
            let known = known.iter().find(|host| host.id.slot == Slot(slot));
            listed(slot, self.hosts.get(slot), known)
        };
        self.hosts.slots().map(one).collect()
    }
}

/// One host as `/hosts` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Listed {
    /// Its slot.
    slot: u16,
    /// In one word.
    state: &'static str,
    /// Whether it is to give its rooms away.
    draining: bool,
    /// Whether it has a process of its own.
    apart: bool,
    /// The process that serves it now.
    pid: Option<u32>,
    /// What the directory knows of it.
    rooms: Option<u32>,
    connections: Option<u32>,
    version: Option<String>,
}

fn listed(slot: u16, host: Option<&LocalHost>, known: Option<&HostItem>) -> Listed {
    let (apart, pid) = match host {
        Some(LocalHost::Apart(host)) => (true, host.running().map(|ready| ready.pid)),
        _ => (false, Some(std::process::id())),
    };
    let state = match (pid, known) {
        (None, _) => "starting",
        (Some(_), None) => "unknown",
        (Some(_), Some(known)) => state(known),
    };
    Listed {
        slot,
        state,
        draining: known.is_some_and(|known| known.draining),
        apart,
        pid,
        rooms: known.map(|known| known.load.rooms),
        connections: known.map(|known| known.load.connections),
        version: known.map(|known| known.version.clone()),
    }
}

/// What a host that runs is doing, in one word.
pub(crate) fn state(host: &HostItem) -> &'static str {
    match (host.lost, host.draining, host.load.rooms) {
        (true, ..) => "lost",
        (false, true, 0) => "drained",
        (false, true, _) => "draining",
        (false, false, _) => "serving",
    }
}

async fn page(State(machine): State<Machine>) -> Response {
    overview::page(&machine.listed().await)
}

async fn list(State(machine): State<Machine>) -> Response {
    Json(machine.listed().await).into_response()
}

/// What Prometheus's HTTP service discovery asks for: every host as a target of its own, all at this address.
async fn targets(State(machine): State<Machine>, headers: HeaderMap) -> Json<Value> {
    let here = headers.get(HOST).and_then(|host| host.to_str().ok());
    let target = |slot: u16| {
        json!({
            "targets": [here.unwrap_or_default()],
            "labels": {"__metrics_path__": format!("/hosts/{slot}/metrics"), "slot": slot.to_string()},
        })
    };
    Json(machine.hosts.slots().map(target).collect())
}

/// What came of something that was asked.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("there is no host in slot {0}")]
    NoSuchHost(u16),
    #[error(
        "host {0} has no process of its own: start `latchkey up` with --hosts 2 or more to roll hosts one by one"
    )]
    NotApart(u16),
    #[error("host {0} is not running just now; it is started again: come back in a second")]
    NotRunning(u16),
    #[error(transparent)]
    NotAsked(NotAsked),
}

impl Refused {
    /// A host of this machine that the directory does not know is between two processes.
    fn of(slot: u16, why: NotAsked) -> Self {
        match why {
            NotAsked::NoHosts | NotAsked::NoSuchHost { .. } | NotAsked::Ended(_) => {
                Self::NotRunning(slot)
            }
            NotAsked::NoTaker(_) | NotAsked::Directory(_) => Self::NotAsked(why),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NoSuchHost(_) => StatusCode::NOT_FOUND,
            Self::NotApart(_) | Self::NotAsked(NotAsked::NoTaker(_)) => StatusCode::CONFLICT,
            Self::NotRunning(_) | Self::NotAsked(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, format!("{self}\n")).into_response()
    }
}

/// Done; those who asked from the page see it again.
fn done(headers: &HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    match accept.is_some_and(|accept| accept.contains("text/html")) {
        true => Redirect::to("/").into_response(),
        false => (StatusCode::ACCEPTED, "accepted\n").into_response(),
    }
}

async fn roll(
    State(machine): State<Machine>,
    Path(slot): Path<u16>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    match machine.host(slot)? {
        LocalHost::Here { .. } => Err(Refused::NotApart(slot)),
        LocalHost::Apart(host) if host.roll() => Ok(done(&headers)),
        LocalHost::Apart(_) => Err(Refused::NotRunning(slot)),
    }
}

async fn drain(
    State(machine): State<Machine>,
    Path(slot): Path<u16>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    machine.host(slot)?;
    let asked = draining::drain(&machine.directory, Slot(slot)).await;
    asked.map_err(|why| Refused::of(slot, why))?;
    Ok(done(&headers))
}

async fn undrain(
    State(machine): State<Machine>,
    Path(slot): Path<u16>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    machine.host(slot)?;
    let asked = draining::undrain(&machine.directory, Slot(slot)).await;
    asked.map_err(|why| Refused::of(slot, why))?;
    Ok(done(&headers))
}

/// Browsers send the credential along whoever asks, so a page of another site must not be able to ask.
async fn of_this_site(request: Request, next: Next) -> Response {
    if sent_by_own_page(request.headers(), request.uri()) {
        return next.run(request).await;
    }
    let words = "This was asked by a page of another site. Open the admin page and do it there.\n";
    (StatusCode::FORBIDDEN, words).into_response()
}

#[cfg(test)]
mod tests;
