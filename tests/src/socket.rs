//! One WebSocket to the game host, raw: for tests that send what no sdk would, and under the faithful client.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::http;
use crate::wait::{PATIENCE, within};

/// What the host closed a connection with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The code; 1006 when the connection ended without one.
    pub code: u16,
    /// The reason.
    pub reason: String,
}

impl Closed {
    /// The end of a connection that was not closed but broke.
    #[must_use]
    pub fn without_a_word() -> Self {
        Self {
            code: 1006,
            reason: String::new(),
        }
    }

    /// The end of a connection to a host that said where its room has gone.
    #[must_use]
    pub fn moved() -> Self {
        Self {
            code: 4004,
            reason: "moved".to_owned(),
        }
    }
}

/// What came from the host.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    /// A text frame, as text.
    Frame(String),
    /// The end.
    Closed(Closed),
}

/// Why an upgrade did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoUpgrade {
    /// The status; 0 when there was no HTTP answer at all.
    pub status: u16,
    /// The header, when there is one.
    pub retry_after: Option<String>,
    /// What the answer says.
    pub body: String,
}

impl NoUpgrade {
    fn of(error: anyhow::Error) -> Self {
        let response = match error.downcast::<Error>() {
            Ok(Error::Http(response)) => response,
            Ok(other) => return Self::without_answer(&other.into()),
            Err(error) => return Self::without_answer(&error),
        };
        let retry_after = response.headers().get("retry-after");
        let body = response.body().as_deref().unwrap_or_default();
        Self {
            status: response.status().as_u16(),
            retry_after: retry_after
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            body: String::from_utf8_lossy(body).into_owned(),
        }
    }

    fn without_answer(error: &anyhow::Error) -> Self {
        Self {
            status: 0,
            retry_after: None,
            body: format!("{error:#}"),
        }
    }
}

/// How to ask for the upgrade.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// Where.
    pub url: String,
    /// Subprotocol to offer.
    pub protocol: Option<String>,
    /// Origin to claim.
    pub origin: Option<String>,
    /// Network address to come from.
    pub home: Ipv4Addr,
}

/// An open connection.
#[derive(Debug)]
pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens a connection as asked.
    ///
    /// # Errors
    /// The host's answer when it refuses.
    pub async fn open(upgrade: &Upgrade) -> Result<Self, NoUpgrade> {
        Self::open_on(upgrade, http::connect(&upgrade.url, upgrade.home)).await
    }

    /// Opens a connection whose kernel takes in next to nothing that is not read.
    ///
    /// # Errors
    /// The host's answer when it refuses.
    pub async fn open_narrow(upgrade: &Upgrade) -> Result<Self, NoUpgrade> {
        Self::open_on(upgrade, http::connect_narrow(&upgrade.url, upgrade.home)).await
    }

    async fn open_on(
        upgrade: &Upgrade,
        stream: impl Future<Output = anyhow::Result<TcpStream>>,
    ) -> Result<Self, NoUpgrade> {
        let opened = within(
            PATIENCE,
            "the answer to the upgrade",
            upgraded(upgrade, stream),
        )
        .await;
        match opened.and_then(|opened| opened) {
            Ok(socket) => Ok(Self(socket)),
            Err(error) => Err(NoUpgrade::of(error)),
        }
    }

    /// Sends a text frame.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, frame: impl Into<String>) -> anyhow::Result<()> {
        self.0
            .send(Message::text(frame.into()))
            .await
            .context("send a frame")
    }

    /// Sends a binary frame, which the protocol does not have.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send_binary(&mut self, bytes: Vec<u8>) -> anyhow::Result<()> {
        self.0
            .send(Message::binary(bytes))
            .await
            .context("send a binary frame")
    }

    /// Hands a frame over without waiting for it to leave; [`Socket::flush`] sends it.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn feed(&mut self, frame: impl Into<String>) -> anyhow::Result<()> {
        self.0
            .feed(Message::text(frame.into()))
            .await
            .context("feed a frame")
    }

    /// Sends what was fed.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn flush(&mut self) -> anyhow::Result<()> {
        self.0.flush().await.context("flush")
    }

    /// The next frame, however long it takes; may be dropped and asked again without loss.
    pub async fn next(&mut self) -> Incoming {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Incoming::Frame(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame.map_or((1005, String::new()), |f| {
                        (f.code.into(), f.reason.to_string())
                    });
                    return Incoming::Closed(Closed { code, reason });
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    return Incoming::Closed(Closed {
                        code: 1006,
                        reason: error.to_string(),
                    });
                }
                None => return Incoming::Closed(Closed::without_a_word()),
            }
        }
    }

    /// The next frame as JSON whose `op` is `op`; others are passed over.
    ///
    /// # Errors
    /// When the connection ends or too much time passes first.
    pub async fn expect(&mut self, op: &str) -> anyhow::Result<Value> {
        let what = format!("a frame `{op}`");
        within(PATIENCE, &what, async {
            loop {
                match self.next().await {
                    Incoming::Frame(text) => {
                        let frame: Value = serde_json::from_str(&text)?;
                        if frame["op"] == op {
                            return Ok(frame);
                        }
                    }
                    Incoming::Closed(closed) => anyhow::bail!("closed with {closed:?}, no {op}"),
                }
            }
        })
        .await?
    }

    /// Waits for the end of the connection, passing over frames.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn expect_close(&mut self) -> anyhow::Result<Closed> {
        self.expect_close_within(PATIENCE).await
    }

    /// As [`Socket::expect_close`], with a deadline of its own.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn expect_close_within(
        &mut self,
        longest: std::time::Duration,
    ) -> anyhow::Result<Closed> {
        within(longest, "the close", async {
            loop {
                if let Incoming::Closed(closed) = self.next().await {
                    return closed;
                }
            }
        })
        .await
    }

    /// The TCP stream below, for tests that go below frames.
    pub fn tcp(&mut self) -> &mut TcpStream {
        self.0.get_mut()
    }
}

async fn upgraded(
    upgrade: &Upgrade,
    stream: impl Future<Output = anyhow::Result<TcpStream>>,
) -> anyhow::Result<WebSocketStream<TcpStream>> {
    let mut request = upgrade.url.as_str().into_client_request()?;
    if let Some(protocol) = &upgrade.protocol {
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol.parse()?);
    }
    if let Some(origin) = &upgrade.origin {
        request.headers_mut().insert("origin", origin.parse()?);
    }
    let stream = stream.await?;
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(Some(4 << 20));
    let (socket, _) =
        tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}
