//! What the machine says about itself: asks its metadata service again and again whether the machine is to go. What is
//! asked when, and what the answers mean, is decided in [`crate::machine`].

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::body::{Body, to_bytes};
use axum::http::header::HOST;
use axum::http::{Method, Request, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use crate::machine::{Answer, Asked, Machine, Notice};

/// From connecting to the last byte of an answer: the service is on the machine itself.
const WITHIN: Duration = Duration::from_secs(2);
/// Bytes of an answer; those that are understood are shorter.
const ANSWER: usize = 4 * 1024;

/// Where the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// As a socket is connected to.
    address: String,
}

impl FromStr for Metadata {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected http://HOST or http://HOST:PORT";
        let uri: Uri = text.parse().map_err(|_| EXPECTED)?;
        let plain = uri.scheme_str() == Some("http") && matches!(uri.path(), "" | "/");
        let host = uri.host().filter(|_| plain).ok_or(EXPECTED)?;
        let port = uri.port_u16().unwrap_or(80);
        Ok(Self {
            address: format!("{host}:{port}"),
        })
    }
}

impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.address)
    }
}

impl Metadata {
    /// Asks until the machine is to go.
    pub(crate) async fn until_told(&self) -> Notice {
        let begun = now();
        let mut machine = Machine::default();
        loop {
            sleep_until(begun + machine.due()).await;
            let asked = machine.question(begun.elapsed());
            let answer = timeout(WITHIN, self.ask(&asked)).await;
            let answer = answer.map_err(anyhow::Error::from).flatten();
            if let Err(error) = &answer {
                tracing::debug!(path = asked.path, %error, "the machine's metadata do not answer");
            }
            if let Some(notice) = machine.answered(begun.elapsed(), answer.ok()) {
                return notice;
            }
        }
    }

    async fn ask(&self, asked: &Asked) -> Result<Answer> {
        let stream = TcpStream::connect(&self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let method = match asked.puts {
            true => Method::PUT,
            false => Method::GET,
        };
        let (name, value) = &asked.header;
        let request = Request::builder()
            .method(method)
            .uri(asked.path)
            .header(HOST, &self.address)
            .header(*name, value)
            .body(Body::empty())?;
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = to_bytes(Body::new(answer.into_body()), ANSWER).await?;
        let body = String::from_utf8(body.to_vec()).context("the answer is no text")?;
        Ok(Answer { status, body })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the wiring, and only differences of these times matter"
)]
fn now() -> Instant {
    Instant::now()
}
