//! Connections that never come to anything: slow, half, silent, and thousands of them.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context as _;
use latchkey_tests::http::{Visitor, connect};
use latchkey_tests::seat::Seat;
use latchkey_tests::socket::{Socket, Upgrade};
use latchkey_tests::wait::{now, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::ANSWER;

/// Sockets opened at one time and left alone: more than may wait to join (2,000), fewer than the machine allows.
const SOCKETS: usize = 3_000;

/// Connections on which nothing ever comes, more than the listener serves at one time.
pub(crate) async fn silent_connections(site: String) -> anyhow::Result<String> {
    let mut silent = Vec::new();
    for number in 0..1_500_u32 {
        let [_, _, high, low] = number.to_be_bytes();
        silent.push(connect(&site, Ipv4Addr::new(127, 202, high, low)).await?);
    }
    let ending = now();
    for stream in silent {
        ended(stream).await?;
    }
    Visitor::new(&site).get("/").await?.expect(200)?;
    Ok(format!(
        "1500 silent connections were hung up on within {:.0?}",
        ending.elapsed()
    ))
}

/// Requests that come a byte at a time.
pub(crate) async fn slow_requests(site: String) -> anyhow::Result<String> {
    let mut slow = JoinSet::new();
    for number in 0..200_u8 {
        let site = site.clone();
        slow.spawn(async move {
            let mut stream = connect(&site, Ipv4Addr::new(127, 200, 1, number)).await?;
            let request = format!(
                "GET / HTTP/1.1\r\nhost: {site}\r\nx-slow: {}",
                "s".repeat(4_000)
            );
            let mut answer = [0; 256];
            for byte in request.bytes() {
                if stream.write_all(&[byte]).await.is_err() {
                    break;
                }
                let pause =
                    tokio::time::timeout(Duration::from_millis(500), stream.read(&mut answer));
                if pause.await.is_ok() {
                    break;
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(one) = slow.join_next().await {
        one??;
    }
    Ok("200 requests that came byte by byte were hung up on".to_owned())
}

/// Connections that never finish asking for the upgrade.
pub(crate) async fn half_a_handshake(site: String) -> anyhow::Result<String> {
    let mut half = Vec::new();
    for number in 0..200_u8 {
        let mut stream = connect(&site, Ipv4Addr::new(127, 200, 2, number)).await?;
        stream
            .write_all(b"GET /s/1/room HTTP/1.1\r\nupgrade: websocket\r\n")
            .await?;
        half.push(stream);
    }
    for stream in half {
        ended(stream).await?;
    }
    Ok("200 half handshakes were hung up on".to_owned())
}

/// Waits until the server ends this connection.
async fn ended(mut stream: TcpStream) -> anyhow::Result<()> {
    let mut rest = Vec::new();
    let read = within(
        ANSWER,
        "the end of a stalled connection",
        stream.read_to_end(&mut rest),
    );
    // A reset is an end as well.
    let _ = read.await?;
    Ok(())
}

/// Thousands of upgraded sockets that never join: so many are let in, the rest is told to come back.
pub(crate) async fn thousands_of_sockets(mut seat: Seat) -> anyhow::Result<String> {
    let place = seat.place().await?;
    let mut opening = JoinSet::new();
    let (mut open, mut refused, mut other) = (Vec::new(), 0, Vec::new());
    for number in 0..SOCKETS {
        let [_, _, high, low] = u32::try_from(number)?.to_be_bytes();
        let upgrade = Upgrade {
            home: Ipv4Addr::new(127, 201, high, low),
            ..seat.upgrade(&place)
        };
        opening.spawn(async move { Socket::open(&upgrade).await });
        if opening.len() >= 200 || number + 1 == SOCKETS {
            while opening.len() > 100 || (number + 1 == SOCKETS && !opening.is_empty()) {
                match opening.join_next().await.context("some are opening")?? {
                    Ok(socket) => open.push(socket),
                    Err(answer) if answer.status == 503 && answer.retry_after.is_some() => {
                        refused += 1;
                    }
                    Err(answer) => other.push(answer),
                }
            }
        }
    }
    anyhow::ensure!(
        other.is_empty(),
        "{} others, as {:?}",
        other.len(),
        other.first()
    );
    let admitted = open.len();
    for mut socket in open {
        let closed = socket.expect_close().await?;
        anyhow::ensure!(
            closed.code == 4009,
            "who does not join is closed with 4009: {closed:?}"
        );
    }
    // When they are gone, people can come in again.
    let mut late = Visitor::new(seat.visitor.site());
    late.get("/").await?.expect(200)?;
    seat.join().await?;
    Ok(format!(
        "of {SOCKETS} sockets that never joined {admitted} were let in and closed in time, {refused} told to come back"
    ))
}
