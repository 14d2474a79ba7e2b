//! The load balancer in front of the hosts, as it looks to browsers: one address, below which `/s/SLOT/...` leads to the machine
//! of that slot, and nothing else leads anywhere. Taking a slot's machine away ends its connections without a word.

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

/// A balancer. It ends with its handle, and its connections with it.
#[derive(Debug)]
pub struct Balancer {
    port: u16,
    targets: Targets,
    serving: JoinHandle<()>,
}

#[derive(Debug, Clone, Default)]
struct Targets(Arc<Mutex<BTreeMap<u16, Target>>>);

/// The machine of a slot.
#[derive(Debug)]
struct Target {
    address: SocketAddr,
    /// Gone when it is taken away: its connections then end.
    there: watch::Sender<()>,
}

impl Targets {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u16, Target>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the slot's machine is, and what tells that it is taken away.
    fn of(&self, path: &str) -> Option<(SocketAddr, watch::Receiver<()>)> {
        let slot = path.strip_prefix("/s/")?.split_once('/')?.0.parse().ok()?;
        let targets = self.lock();
        let target = targets.get(&slot)?;
        Some((target.address, target.there.subscribe()))
    }
}

impl Balancer {
    /// Starts one that knows no machine yet, on any free port.
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
        let targets = Targets::default();
        let routes = axum::Router::new()
            .fallback(pass_on)
            .with_state(targets.clone())
            .into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move {
            // It serves until its task is ended.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self {
            port,
            targets,
            serving,
        })
    }

    /// The address of a slot's rooms.
    #[must_use]
    pub fn room(&self, slot: u16) -> String {
        format!("ws://127.0.0.1:{}/s/{slot}/room", self.port)
    }

    /// The address of a slot's machine for a page, by HTTP.
    #[must_use]
    pub fn url(&self, slot: u16) -> String {
        format!("http://127.0.0.1:{}/s/{slot}", self.port)
    }

    /// Sends a slot's requests to `machine` from now on. Connections to another one end.
    pub fn register(&self, slot: u16, machine: SocketAddr) {
        let target = Target {
            address: machine,
            there: watch::channel(()).0,
        };
        self.targets.lock().insert(slot, target);
    }

    /// Takes the slot's machine away: its connections end, and new ones are refused with 503.
    pub fn deregister(&self, slot: u16) {
        self.targets.lock().remove(&slot);
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.serving.abort();
        self.targets.lock().clear();
    }
}

async fn pass_on(
    State(targets): State<Targets>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let Some((machine, there)) = targets.of(request.uri().path()) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    match forward(machine, there, client, request).await {
        Ok(answer) => answer,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

async fn forward(
    machine: SocketAddr,
    there: watch::Receiver<()>,
    client: SocketAddr,
    mut request: Request,
) -> anyhow::Result<Response> {
    let stream = TcpStream::connect(machine)
        .await
        .context("reach the machine")?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut gone = there.clone();
    tokio::spawn(async move {
        tokio::select! {
            // What went wrong shows in the answer.
            _ = connection.with_upgrades() => {}
            _ = gone.changed() => {}
        }
    });
    let near = request.extensions_mut().remove::<OnUpgrade>();
    let path = request
        .uri()
        .path_and_query()
        .context("a request has a path")?
        .as_str()
        .parse()?;
    *request.uri_mut() = path;
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
        tokio::spawn(tunnel(near, hyper::upgrade::on(&mut answer), there));
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
