//! The hosts of this machine as its listeners see them: in this process or each in one of its own, reached by the same
//! paths either way.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::any;
use tower::ServiceExt as _;

use crate::proxy::{Failed, Proxy};
use crate::supervisor::Watched;

/// A host of this machine.
#[derive(Debug, Clone)]
pub(crate) enum LocalHost {
    /// In this process, with its public and its admin routes.
    Here {
        /// Below `/s/{slot}/`.
        rooms: Router,
        /// Below `/`.
        admin: Router,
    },
    /// In a process of its own.
    Apart(Watched),
}

/// All of them. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct LocalHosts(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    hosts: BTreeMap<u16, LocalHost>,
    proxy: Proxy,
    /// What the admin listeners of processes ask for.
    admin: HeaderValue,
}

impl LocalHosts {
    /// `admin` is what the admin listeners of other processes ask for, as the `Authorization` header has it.
    pub(crate) fn new(hosts: BTreeMap<u16, LocalHost>, proxy: Proxy, admin: HeaderValue) -> Self {
        Self(Arc::new(Shared {
            hosts,
            proxy,
            admin,
        }))
    }

    /// The slots, in order.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u16> {
        self.0.hosts.keys().copied()
    }

    /// The host in `slot`.
    pub(crate) fn get(&self, slot: u16) -> Option<&LocalHost> {
        self.0.hosts.get(&slot)
    }

    /// The public routes: everything below `/s/{slot}/` is the host's.
    pub(crate) fn rooms(&self) -> Router {
        Router::new()
            .route("/s/{slot}/{*rest}", any(rooms))
            .with_state(self.clone())
    }

    /// The admin routes: everything below `/hosts/{slot}/` is the host's.
    pub(crate) fn admin(&self) -> Router {
        Router::new()
            .route("/hosts/{slot}", any(to_folder))
            .route("/hosts/{slot}/", any(admin_root))
            .route("/hosts/{slot}/{*rest}", any(admin))
            .with_state(self.clone())
    }

    fn find(&self, slot: &str) -> Result<&LocalHost, NoSuchHost> {
        let number = slot.parse().ok();
        number
            .and_then(|number| self.0.hosts.get(&number))
            .ok_or_else(|| NoSuchHost {
                slots: self.slots().collect(),
            })
    }
}

/// Nobody has that slot.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NoSuchHost {
    slots: Vec<u16>,
}

impl From<NoSuchHost> for Response {
    fn from(NoSuchHost { slots }: NoSuchHost) -> Self {
        let slots: Vec<String> = slots.iter().map(u16::to_string).collect();
        let words = format!(
            "There is no host in this slot. Hosts here: {}.\n",
            slots.join(", ")
        );
        (StatusCode::NOT_FOUND, words).into_response()
    }
}

async fn rooms(
    State(hosts): State<LocalHosts>,
    Path((slot, _)): Path<(String, String)>,
    request: Request,
) -> Response {
    match hosts.find(&slot) {
        Ok(LocalHost::Here { rooms, .. }) => here(rooms, request).await,
        Ok(LocalHost::Apart(host)) => match host.running() {
            Some(ready) => pass(&hosts, ready.rooms, request).await,
            None => Failed::Down.into_response(),
        },
        Err(none) => none.into(),
    }
}

/// Addresses in the host's pages are relative to its folder.
async fn to_folder(Path(slot): Path<String>) -> Redirect {
    Redirect::permanent(&format!("/hosts/{slot}/"))
}

async fn admin_root(
    State(hosts): State<LocalHosts>,
    Path(slot): Path<String>,
    request: Request,
) -> Response {
    below(&hosts, &slot, request).await
}

async fn admin(
    State(hosts): State<LocalHosts>,
    Path((slot, _)): Path<(String, String)>,
    request: Request,
) -> Response {
    below(&hosts, &slot, request).await
}

async fn below(hosts: &LocalHosts, slot: &str, mut request: Request) -> Response {
    let host = match hosts.find(slot) {
        Ok(host) => host,
        Err(none) => return none.into(),
    };
    *request.uri_mut() = without(request.uri(), &format!("/hosts/{slot}"));
    match host {
        LocalHost::Here { admin, .. } => here(admin, request).await,
        LocalHost::Apart(host) => match host.running() {
            Some(ready) => {
                let headers = request.headers_mut();
                headers.insert(AUTHORIZATION, hosts.0.admin.clone());
                pass(hosts, ready.admin, request).await
            }
            None => Failed::Down.into_response(),
        },
    }
}

/// The address without the folder it begins with.
fn without(uri: &Uri, folder: &str) -> Uri {
    let whole = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let inner = whole.strip_prefix(folder).unwrap_or(whole);
    inner.parse().unwrap_or_else(|_| Uri::from_static("/"))
}

async fn here(router: &Router, request: Request) -> Response {
    let Ok(response) = router.clone().oneshot(request).await;
    response
}

async fn pass(hosts: &LocalHosts, to: std::net::SocketAddr, request: Request) -> Response {
    match hosts.0.proxy.pass(to, request).await {
        Ok(response) => response,
        Err(failed) => {
            tracing::debug!(%failed, "a request was not passed on");
            failed.into_response()
        }
    }
}
