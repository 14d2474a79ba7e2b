//! What browsers reach, behind one address: the CDN, which leads to the site and to files in a bucket, and the load balancers, where
//! `/s/SLOT/...` leads to the machine of that slot. Taking an origin away ends its connections without a word.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::serve::ListenerExt as _;
use http::{HeaderValue, StatusCode};
use hyper::client::conn::http1;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What says of a request from how far away it comes, one entry for each balancer it went through.
const FORWARDED: &str = "x-forwarded-for";

/// The edge. It ends with its handle, and its connections with it.
#[derive(Debug)]
pub struct Edge {
    port: u16,
    origins: Origins,
    serving: JoinHandle<()>,
}

/// By the beginning of the path.
#[derive(Debug, Clone, Default)]
struct Origins(Arc<Mutex<BTreeMap<String, Origin>>>);

/// Whoever answers what begins in one way.
#[derive(Debug)]
struct Origin {
    address: SocketAddr,
    /// What is put before the path.
    before: String,
    /// Gone when it is taken away: its connections then end.
    there: watch::Sender<()>,
}

/// Where a request goes.
struct Way {
    address: SocketAddr,
    path: String,
    there: watch::Receiver<()>,
}

impl Origins {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Origin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The longest beginning decides.
    fn way(&self, path: &str) -> Option<Way> {
        let origins = self.lock();
        let mut fitting = origins
            .iter()
            .filter(|(begin, _)| path.starts_with(&**begin));
        // Of two beginnings of one path the longer one is the later in order.
        let (_, origin) = fitting.next_back()?;
        Some(Way {
            address: origin.address,
            path: format!("{}{path}", origin.before),
            there: origin.there.subscribe(),
        })
    }
}

impl Edge {
    /// Starts one that leads nowhere yet, on any free port.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let listener = listener.tap_io(|connection| {
            // Without it a frame now and then waits a moment; if it cannot be set, it does.
            let _ = connection.set_nodelay(true);
        });
        let origins = Origins::default();
        let routes = axum::Router::new()
            .fallback(pass_on)
            .with_state(origins.clone())
            .into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move {
            // It serves until its task is ended.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self {
            port,
            origins,
            serving,
        })
    }

    /// Its origin, which is that of the pages behind it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of a slot's rooms.
    #[must_use]
    pub fn room(&self, slot: u16) -> String {
        format!("ws://127.0.0.1:{}/s/{slot}/room", self.port)
    }

    /// Sends paths that begin with `begin` to `origin` from now on, with `before` before the path. Connections to another
    /// one end.
    pub fn lead(&self, begin: &str, origin: SocketAddr, before: &str) {
        let origin = Origin {
            address: origin,
            before: before.to_owned(),
            there: watch::channel(()).0,
        };
        self.origins.lock().insert(begin.to_owned(), origin);
    }

    /// Sends what is below the path of `slot` to `machine`, as a load balancer's rule does.
    pub fn register(&self, slot: u16, machine: SocketAddr) {
        self.lead(&below(slot), machine, "");
    }

    /// Takes the slot's machine away: its connections end.
    pub fn deregister(&self, slot: u16) {
        self.origins.lock().remove(&below(slot));
    }
}

fn below(slot: u16) -> String {
    format!("/s/{slot}/")
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.serving.abort();
        self.origins.lock().clear();
    }
}

async fn pass_on(
    State(origins): State<Origins>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let Some(way) = origins.way(path) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    match forward(way, client, request).await {
        Ok(answer) => answer,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

async fn forward(way: Way, client: SocketAddr, mut request: Request) -> anyhow::Result<Response> {
    let stream = TcpStream::connect(way.address)
        .await
        .context("reach the origin")?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut gone = way.there.clone();
    tokio::spawn(async move {
        tokio::select! {
            // What went wrong shows in the answer.
            _ = connection.with_upgrades() => {}
            _ = gone.changed() => {}
        }
    });
    let near = request.extensions_mut().remove::<OnUpgrade>();
    *request.uri_mut() = way.path.parse()?;
    let forwarded = match request
        .headers()
        .get(FORWARDED)
        .and_then(|known| known.to_str().ok())
    {
        Some(known) => format!("{known}, {}", client.ip()),
        None => client.ip().to_string(),
    };
    request
        .headers_mut()
        .insert(FORWARDED, HeaderValue::from_str(&forwarded)?);
    let mut answer = sender.send_request(request).await.context("no answer")?;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let near = near.context("an upgrade nobody asked for")?;
        tokio::spawn(tunnel(near, hyper::upgrade::on(&mut answer), way.there));
    }
    Ok(answer.map(Body::new))
}

/// Carries bytes both ways until one side ends or the machine is taken away.
async fn tunnel(near: OnUpgrade, far: OnUpgrade, mut there: watch::Receiver<()>) {
    let Ok((near, far)) = tokio::try_join!(near, far) else {
        // One side was gone before it began.
        return;
    };
    let (mut near, mut far): (TokioIo<Upgraded>, _) = (TokioIo::new(near), TokioIo::new(far));
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        _ = there.changed() => {}
    }
}
