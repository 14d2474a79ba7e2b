//! Passing a request on to another process of this machine, as a load balancer would: the head as it came but for what
//! belongs to one connection, the body and the answer as they flow, and an upgrade as a [`tunnel`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CONNECTION, CONTENT_TYPE, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, RETRY_AFTER, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::tunnel::{self, End};

/// Tunnels at one time. Each takes two file descriptors, of which a process commonly has some 20,000.
pub(crate) const TUNNELS: usize = 9_000;
/// Until the other process takes the connection. It is on this machine, so whoever needs longer is down or overloaded.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// From a whole request until the head of its answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// From the answer to an upgrade until both sides have left HTTP.
const SWITCH_WITHIN: Duration = Duration::from_secs(5);
/// Bytes hyper may hold of one head.
const HEAD_BYTES: usize = 32 * 1024;
/// What those are told to wait who find nobody, in seconds.
const RETRY_SECONDS: &str = "1";
/// Headers that belong to one connection (RFC 9110, 7.6.1); those that `Connection` names are more.
const OF_ONE_CONNECTION: [HeaderName; 7] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Why a request could not be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failed {
    /// It has no process, or that does not take connections.
    #[error("this host is not running just now; it is started again: come back in a second")]
    Down,
    /// It is there and says nothing.
    #[error("this host took the request and did not answer in time; come back in a second")]
    Late,
    /// It ended, or its answer was no HTTP.
    #[error("this host ended while it answered; come back in a second")]
    Broken,
    /// Too many tunnels.
    #[error(
        "{TUNNELS} room connections are open here, which is as many as may be; come back in a second"
    )]
    Full,
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Down | Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::Late => StatusCode::GATEWAY_TIMEOUT,
            Self::Broken => StatusCode::BAD_GATEWAY,
        };
        (status, [(RETRY_AFTER, RETRY_SECONDS)], format!("{self}\n")).into_response()
    }
}

/// Passes requests on. Clones share their places.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    places: Arc<Semaphore>,
    answer_within: Duration,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(TUNNELS)),
            answer_within: ANSWER_WITHIN,
        }
    }
}

impl Proxy {
    /// Passes `request` on to `to`, and the answer back.
    pub(crate) async fn pass(&self, to: SocketAddr, request: Request) -> Result<Response, Failed> {
        let (mut parts, body) = request.into_parts();
        let client = parts.extensions.remove::<OnUpgrade>();
        let wanted = parts.headers.get(UPGRADE).cloned();
        // A place is taken before anything is spent on the request.
        let tunnel = match (client, wanted) {
            (Some(client), Some(wanted)) => {
                let place = self.places.clone().try_acquire_owned();
                Some((client, wanted, place.map_err(|_| Failed::Full)?))
            }
            _ => None,
        };
        let mut onward = axum::http::Request::new(body);
        *onward.method_mut() = parts.method;
        *onward.uri_mut() = path_of(&parts.uri);
        *onward.headers_mut() = without_connection(parts.headers);
        if let Some((_, wanted, _)) = &tunnel {
            put_upgrade(onward.headers_mut(), wanted.clone());
        }
        let answer = self.ask(to, onward).await?;
        match tunnel {
            Some((client, _, place)) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => {
                Ok(switch(client, answer, place))
            }
            _ => {
                let (mut parts, body) = answer.into_parts();
                parts.headers = without_connection(parts.headers);
                Ok(Response::from_parts(parts, Body::new(body)))
            }
        }
    }

    /// Waits until no tunnel is left, within `within`; says how many are.
    pub(crate) async fn ended(&self, within: Duration) -> usize {
        let all = u32::try_from(TUNNELS).expect("a small constant");
        let _ = timeout(within, self.places.acquire_many(all)).await;
        TUNNELS - self.places.available_permits()
    }

    /// One request on a connection of its own: connections of one machine cost little, and none is ever found closed.
    async fn ask(
        &self,
        to: SocketAddr,
        request: axum::http::Request<Body>,
    ) -> Result<axum::http::Response<Incoming>, Failed> {
        let stream = timeout(CONNECT_WITHIN, TcpStream::connect(to)).await;
        let stream = stream
            .map_err(|_| Failed::Down)?
            .map_err(|_| Failed::Down)?;
        // If it cannot be set, what is sent comes a little later.
        let _ = stream.set_nodelay(true);
        let shaken = http1::Builder::new()
            .max_buf_size(HEAD_BYTES)
            .handshake::<_, Body>(TokioIo::new(stream))
            .await;
        let (mut sender, connection): (SendRequest<Body>, _) =
            shaken.map_err(|_| Failed::Broken)?;
        tokio::spawn(connection.with_upgrades());
        timeout(self.answer_within, sender.send_request(request))
            .await
            .map_err(|_| Failed::Late)?
            .map_err(|_| Failed::Broken)
    }
}

/// Answers the client as the host did, and makes a tunnel once both have left HTTP.
fn switch(
    client: OnUpgrade,
    mut answer: axum::http::Response<Incoming>,
    place: OwnedSemaphorePermit,
) -> Response {
    let host = hyper::upgrade::on(&mut answer);
    // The task that waits is larger than the tunnel, which lives for hours: so that is a task of its own.
    tokio::spawn(async move {
        let both = timeout(SWITCH_WITHIN, async { tokio::try_join!(client, host) }).await;
        let Ok(Ok((client, host))) = both else {
            return;
        };
        if let (Some(client), Some(host)) = (end(client), end(host)) {
            tokio::spawn(async move {
                tunnel::run(client, host).await;
                drop(place);
            });
        }
    });
    let (parts, _) = answer.into_parts();
    let mut response = Response::from_parts(parts, Body::empty());
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

/// The bare socket. Both of our servers and clients run on one, so there always is one.
fn end(upgraded: Upgraded) -> Option<End> {
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    Some(End {
        stream: parts.io.into_inner(),
        read: parts.read_buf.to_vec(),
    })
}

/// What a request line asks of an origin: the path and the query, without the origin.
fn path_of(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned();
    Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
}

fn without_connection(mut headers: HeaderMap) -> HeaderMap {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&OF_ONE_CONNECTION) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers
}

fn put_upgrade(headers: &mut HeaderMap, to: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, to);
}

#[cfg(test)]
mod tests;
