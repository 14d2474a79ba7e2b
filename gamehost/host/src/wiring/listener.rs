//! A listener: accepts connections, speaks HTTP/1.1 on them, and stops gracefully.
//! Connections that become room connections leave it with the upgrade.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use super::places::{NO_PLACE, Places};

/// HTTP connections at one time; room connections are counted by the host. Further ones wait to be accepted.
const CONNECTIONS: usize = 1_024;
/// From the first byte of a connection, or from its last answer, until a whole request head is there.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
/// The same for a proxy's connections: longer than a load balancer keeps one that is idle (120 s), which takes it ill when a
/// connection ends under a request.
const PROXYS_HEAD_WITHIN: Duration = Duration::from_secs(130);
/// From a whole request head until its answer begins. Bodies are read within it, so that a few connections that send
/// theirs a byte at a time cannot take all places for good.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// What is sent and not acknowledged for so long ends the connection: a client that asks and never reads cannot keep its
/// place. It holds for room connections too, whose own rule (P8.3) is no stricter.
const UNREAD_FOR: Duration = Duration::from_secs(30);
/// Bytes of a request head.
const HEAD_BYTES: usize = 32 * 1024;
/// Header lines of a request.
const HEAD_LINES: usize = 64;
/// Connections that the system holds for this program to accept them. Tens of thousands may come back at once, and one
/// that finds no place there is not refused but hears nothing.
const UNACCEPTED: u32 = 4_096;
/// After the system refused to give a connection.
const AFTER_A_FAILED_ACCEPT: Duration = Duration::from_millis(50);
/// From asking to stop until open requests are cut off.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Who connects to a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// Anybody: places are shared out by address.
    Strangers,
    /// A proxy on behalf of all, which shares its places out itself and keeps connections for later.
    Proxy,
}

impl Callers {
    fn head_within(self) -> Duration {
        match self {
            Self::Strangers => HEAD_WITHIN,
            Self::Proxy => PROXYS_HEAD_WITHIN,
        }
    }
}

/// Takes the address.
///
/// # Errors
/// When the system does not give it.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // As Tokio does, so that a program that is started again finds its address free.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(UNACCEPTED)
}

/// Serves `router` until `stop` becomes true; then lets open requests end, for a while.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    callers: Callers,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let places = Places::for_callers(callers);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS => accepted,
            Some(_ended) = connections.join_next() => continue,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, peer)) => match places.take(peer.ip()) {
                Some(place) => {
                    let served = serve_one((stream, peer), callers, router.clone(), stop.clone());
                    connections.spawn(async move {
                        served.await;
                        drop(place);
                    });
                }
                // Whether the words arrive does not matter: the connection ends.
                None => drop(stream.try_write(NO_PLACE)),
            },
            Err(error) => {
                // Out of file descriptors, most likely: connections that end will free some.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(AFTER_A_FAILED_ACCEPT).await;
            }
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_WITHIN, all).await.is_err() {
        tracing::warn!("some requests were still open and are cut off");
    }
}

/// Serves one HTTP connection, which may be upgraded, until it ends or is told to stop between two requests.
async fn serve_one(
    (stream, peer): (TcpStream, SocketAddr),
    callers: Callers,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    // Failing to set them costs milliseconds, or a place for longer, and not correctness.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(UNREAD_FOR));
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        answer(router.clone(), request.map(Body::new), ANSWER_WITHIN)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(callers.head_within())
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEAD_LINES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    // How a connection ends is the client's affair.
    tokio::select! {
        _ended = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ended = connection.await;
}

/// The answer to a request, or that it took too long. What was under way stops then, as it would if the process did:
/// whatever has several steps is finished by others.
async fn answer(
    router: Router,
    request: hyper::Request<Body>,
    within: Duration,
) -> Result<Response, Infallible> {
    tokio::time::timeout(within, router.oneshot(request))
        .await
        .unwrap_or_else(|_late| {
            let words = format!(
                "The request was not answered within {} seconds. Send it again, whole at once.\n",
                within.as_secs()
            );
            let close = [(header::CONNECTION, "close")];
            Ok((StatusCode::REQUEST_TIMEOUT, close, words).into_response())
        })
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_request_whose_body_never_comes_gives_its_place_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", post(|_whole: Bytes| async { "read" }));
        let mut client = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            answer(
                router.clone(),
                request.map(Body::new),
                Duration::from_millis(20),
            )
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf";
        client.write_all(head).await.unwrap();
        let mut said = String::new();
        let (_ended, read) = tokio::join!(connection, client.read_to_string(&mut said));
        read.unwrap();
        assert!(
            said.starts_with("HTTP/1.1 408") && said.contains("whole at once"),
            "{said}"
        );
    }
}
