//! The edge leads each path to its origin and no further, and taking an origin away ends its connections.

use std::net::SocketAddr;
use std::time::Duration;

use latchkey_emulators::edge::Edge;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// A machine that agrees to every upgrade, says the request's head in lower case, and then whatever it hears.
async fn machine() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    Ok(address)
}

async fn echo(mut stream: TcpStream) -> anyhow::Result<()> {
    let head = head(&mut stream).await?.to_lowercase();
    stream
        .write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
        )
        .await?;
    stream.write_all(head.as_bytes()).await?;
    let (mut from, mut to) = stream.split();
    tokio::io::copy(&mut from, &mut to).await?;
    Ok(())
}

/// Reads to the end of a head.
async fn head(stream: &mut TcpStream) -> anyhow::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await??);
    }
    Ok(String::from_utf8(head)?)
}

async fn ask(edge: &Edge, path: &str) -> anyhow::Result<(TcpStream, String)> {
    let url = edge.url();
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: echo\r\nx-forwarded-for: 192.0.2.7\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let head = head(&mut stream).await?;
    Ok((stream, head))
}

#[tokio::test]
async fn a_slots_path_leads_to_its_machine_and_says_who_asks() -> anyhow::Result<()> {
    let edge = Edge::start().await?;
    edge.register(12, machine().await?);
    let (mut stream, answer) = ask(&edge, "/s/12/room?x=1").await?;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    let seen = head(&mut stream).await?;
    anyhow::ensure!(seen.starts_with("get /s/12/room?x=1 http/1.1"), "{seen}");
    anyhow::ensure!(
        seen.contains("x-forwarded-for: 192.0.2.7, 127.0.0.1\r\n"),
        "{seen}"
    );
    stream.write_all(b"and on\r\n\r\n").await?;
    anyhow::ensure!(head(&mut stream).await? == "and on\r\n\r\n");
    Ok(())
}

#[tokio::test]
async fn what_belongs_to_no_slot_is_refused() -> anyhow::Result<()> {
    let edge = Edge::start().await?;
    edge.register(1, machine().await?);
    for path in ["/", "/s/2/room", "/s/1", "/s/one/room", "/admin"] {
        let (_, answer) = ask(&edge, path).await?;
        anyhow::ensure!(answer.starts_with("HTTP/1.1 503"), "{path}: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn connections_end_when_their_machine_is_taken_away_and_others_stay() -> anyhow::Result<()> {
    let edge = Edge::start().await?;
    edge.register(1, machine().await?);
    edge.register(2, machine().await?);
    let (mut taken, _) = ask(&edge, "/s/1/room").await?;
    let (mut kept, _) = ask(&edge, "/s/2/room").await?;
    head(&mut taken).await?;
    head(&mut kept).await?;
    edge.deregister(1);
    let end = timeout(PATIENCE, taken.read(&mut [0; 8])).await?;
    anyhow::ensure!(!matches!(end, Ok(more) if more > 0), "it goes on");
    kept.write_all(b"still\r\n\r\n").await?;
    anyhow::ensure!(head(&mut kept).await? == "still\r\n\r\n");
    let (_, answer) = ask(&edge, "/s/1/room").await?;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_machine_that_does_not_answer_is_a_bad_gateway() -> anyhow::Result<()> {
    let edge = Edge::start().await?;
    let nobody = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    edge.register(1, nobody);
    let (_, answer) = ask(&edge, "/s/1/room").await?;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn the_longest_beginning_of_a_path_decides_and_is_put_behind_what_its_origin_wants()
-> anyhow::Result<()> {
    let edge = Edge::start().await?;
    let nobody = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    edge.lead("/", nobody, "");
    edge.lead("/t/", machine().await?, "/bucket");
    let (mut stream, _) = ask(&edge, "/t/a/file?x").await?;
    let seen = head(&mut stream).await?;
    anyhow::ensure!(
        seen.starts_with("get /bucket/t/a/file?x http/1.1"),
        "{seen}"
    );
    let (_, answer) = ask(&edge, "/elsewhere").await?;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    Ok(())
}
