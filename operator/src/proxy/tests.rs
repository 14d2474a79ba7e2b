//! Tests of the proxy, over real sockets: our own listener in front, and behind it whatever a test wants to be there.

use axum::Router;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::*;
use crate::listener::{self, Callers};

const PATIENCE: Duration = Duration::from_secs(20);

/// Our listener with nothing but the proxy to `to` behind it; it ends with the sender.
async fn in_front(proxy: Proxy, to: SocketAddr) -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let pass = move |request: Request| async move {
        let passed = proxy.pass(to, request).await;
        passed.unwrap_or_else(IntoResponse::into_response)
    };
    let router = Router::new().fallback(pass);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(listener::serve(listener, router, Callers::Proxy, stopped));
    (address, stop)
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Everything up to the empty line.
async fn head(stream: &mut BufReader<TcpStream>) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let line = timeout(PATIENCE, stream.read_line(&mut head)).await;
        assert!(line.unwrap().unwrap() > 0, "ended after {head:?}");
    }
    head
}

/// Sends `words` and reads until the other side ends.
async fn say(to: SocketAddr, words: &str) -> String {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(words.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    answer
}

const HANDSHAKE: &str = "GET /s/2/room HTTP/1.1\r\nhost: here.test\r\nconnection: keep-alive, Upgrade\r\n\
    upgrade: websocket\r\nsec-websocket-key: k\r\norigin: http://here.test\r\n\r\n";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-accept: a\r\n\r\n";

/// A host that takes every upgrade and says everything back.
async fn echo(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            head(&mut stream).await;
            stream.write_all(SWITCHED.as_bytes()).await.unwrap();
            let (mut from, mut to) = tokio::io::split(stream);
            let _ = tokio::io::copy(&mut from, &mut to).await;
            let _ = to.shutdown().await;
        });
    }
}

/// A client whose connection was switched.
async fn switched(to: SocketAddr, with: &[u8]) -> BufReader<TcpStream> {
    let mut client = TcpStream::connect(to).await.unwrap();
    client
        .write_all(&[HANDSHAKE.as_bytes(), with].concat())
        .await
        .unwrap();
    let mut client = BufReader::new(client);
    let head = head(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("sec-websocket-accept: a"), "{head}");
    client
}

#[tokio::test]
async fn a_request_comes_through_as_it_was_but_for_what_belongs_to_the_connection() {
    let (listener, to) = listen().await;
    let (front, _stop) = in_front(Proxy::default(), to).await;
    let behind = async {
        let mut stream = BufReader::new(listener.accept().await.unwrap().0);
        let head = head(&mut stream).await;
        let mut body = [0; 4];
        stream.read_exact(&mut body).await.unwrap();
        let answer = "HTTP/1.1 418 I'm a teapot\r\ncontent-length: 5\r\nx-said: yes\r\nkeep-alive: 7\r\n\r\nshort";
        stream.write_all(answer.as_bytes()).await.unwrap();
        (head, body)
    };
    let request = "POST /s/2/some%20where?a=b%26c HTTP/1.1\r\nhost: here.test:8080\r\nx-kept: 1\r\nx-dropped: 1\r\n\
        proxy-authorization: secret\r\nte: trailers\r\nconnection: close, X-Dropped\r\ncontent-length: 4\r\n\r\nbody";
    let ((head, body), answer) = tokio::join!(behind, say(front, request));
    assert!(
        head.starts_with("POST /s/2/some%20where?a=b%26c HTTP/1.1\r\n"),
        "{head}"
    );
    for kept in ["host: here.test:8080", "x-kept: 1", "content-length: 4"] {
        assert!(head.contains(kept), "{kept} is missing in {head}");
    }
    for dropped in ["x-dropped", "proxy-authorization", "te:", "connection"] {
        assert!(!head.contains(dropped), "{dropped} is in {head}");
    }
    assert_eq!(&body, b"body");
    assert!(answer.starts_with("HTTP/1.1 418 "), "{answer}");
    assert!(
        answer.contains("x-said: yes") && !answer.contains("keep-alive"),
        "{answer}"
    );
    assert!(answer.ends_with("\r\n\r\nshort"), "{answer}");
}

#[tokio::test]
async fn an_upgrade_becomes_a_tunnel_that_carries_what_was_said_early_too() {
    let (listener, to) = listen().await;
    let (front, _stop) = in_front(Proxy::default(), to).await;
    let behind = async {
        let mut stream = BufReader::new(listener.accept().await.unwrap().0);
        let head = head(&mut stream).await;
        stream
            .write_all(&[SWITCHED.as_bytes(), b"welcome"].concat())
            .await
            .unwrap();
        let mut early = [0; 5];
        stream.read_exact(&mut early).await.unwrap();
        (head, early, stream)
    };
    let ((head, early, _host), mut client) = tokio::join!(behind, switched(front, b"early"));
    for kept in [
        "connection: upgrade",
        "upgrade: websocket",
        "origin: http://here.test",
        "host: here.test",
    ] {
        assert!(head.contains(kept), "{kept} is missing in {head}");
    }
    assert_eq!(&early, b"early");
    let mut welcome = [0; 7];
    timeout(PATIENCE, client.read_exact(&mut welcome))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&welcome, b"welcome");
}

#[tokio::test]
async fn a_refused_upgrade_is_an_answer_like_any_other() {
    let (listener, to) = listen().await;
    let (front, _stop) = in_front(Proxy::default(), to).await;
    let behind = async {
        let mut stream = BufReader::new(listener.accept().await.unwrap().0);
        head(&mut stream).await;
        let answer = "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
        stream.write_all(answer.as_bytes()).await.unwrap();
    };
    let asked = HANDSHAKE.replace("keep-alive, Upgrade", "close, Upgrade");
    let ((), answer) = tokio::join!(behind, say(front, &asked));
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nno"), "{answer}");
}

#[tokio::test]
async fn two_thousand_tunnels_stand_at_one_time_and_their_places_come_back() {
    const MANY: usize = 2_000;
    let (listener, to) = listen().await;
    tokio::spawn(echo(listener));
    let proxy = Proxy::default();
    let (front, _stop) = in_front(proxy.clone(), to).await;
    let mut clients = Vec::new();
    while clients.len() < MANY {
        clients.push(switched(front, b"").await);
    }
    assert_eq!(proxy.places.available_permits(), TUNNELS - MANY);
    for client in &mut clients {
        client.write_all(b"hello").await.unwrap();
    }
    for client in &mut clients {
        let mut said = [0; 5];
        let read = client.read_exact(&mut said);
        timeout(PATIENCE, read).await.unwrap().unwrap();
        assert_eq!(&said, b"hello");
    }
    drop(clients);
    assert_eq!(proxy.ended(PATIENCE).await, 0);
}

#[tokio::test]
async fn who_finds_no_place_is_told_to_come_back() {
    let (listener, to) = listen().await;
    tokio::spawn(echo(listener));
    let proxy = Proxy::default();
    let taken = proxy
        .places
        .clone()
        .acquire_many_owned(u32::try_from(TUNNELS).unwrap());
    let taken = taken.await.unwrap();
    let (front, _stop) = in_front(proxy.clone(), to).await;
    let asked = HANDSHAKE.replace("keep-alive, Upgrade", "close, Upgrade");
    let answer = say(front, &asked).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    assert!(answer.contains(&TUNNELS.to_string()), "{answer}");
    drop(taken);
    switched(front, b"").await;
}

#[tokio::test]
async fn a_host_that_is_down_or_silent_or_ends_is_said_to_be() {
    let ask = "GET /s/2/readyz HTTP/1.1\r\nhost: here.test\r\nconnection: close\r\n\r\n";
    let (listener, nobody) = listen().await;
    drop(listener);
    let (front, _stop) = in_front(Proxy::default(), nobody).await;
    let answer = say(front, ask).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");

    // Nobody accepts, so the system takes the connection and the request waits.
    let (_silent, to) = listen().await;
    let hasty = Proxy {
        answer_within: Duration::from_millis(20),
        ..Proxy::default()
    };
    let (front, _stop) = in_front(hasty, to).await;
    let answer = say(front, ask).await;
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");

    let (listener, to) = listen().await;
    let (front, _stop) = in_front(Proxy::default(), to).await;
    let behind = async { drop(listener.accept().await.unwrap()) };
    let ((), answer) = tokio::join!(behind, say(front, ask));
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
}
