//! A client of the room protocol that does as it is told, right or wrong.

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use latchkey_protocol::{MemberId, RoomId};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::host::TestHost;
use super::{DEADLINE, eventually};

/// An upgrade that was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
}

/// One WebSocket, and what it has seen.
pub(crate) struct Client {
    pub(crate) ws: WebSocketStream<TcpStream>,
    /// Records in the order they came.
    pub(crate) records: Vec<Value>,
    /// The newest `stored` told.
    pub(crate) stored: u64,
}

impl Client {
    /// Connects as a browser on the site's page does.
    pub(crate) async fn connect(host: &TestHost) -> Self {
        let headers = [
            ("sec-websocket-protocol", "latchkey.1"),
            ("origin", super::host::ORIGIN),
        ];
        Self::with_headers(host, &headers)
            .await
            .expect("the upgrade is accepted")
    }

    /// Connects with these headers.
    pub(crate) async fn with_headers(
        host: &TestHost,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Refused> {
        let stream = TcpStream::connect(("127.0.0.1", host.port)).await.unwrap();
        Self::over(stream, host, headers).await
    }

    /// Connects with a receive buffer so small that not reading is noticed soon.
    pub(crate) async fn with_small_buffer(host: &TestHost) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let address = format!("127.0.0.1:{}", host.port).parse().unwrap();
        let stream = socket.connect(address).await.unwrap();
        Self::over(stream, host, &[("sec-websocket-protocol", "latchkey.1")])
            .await
            .unwrap()
    }

    async fn over(
        stream: TcpStream,
        host: &TestHost,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Refused> {
        let mut request = host.url().into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio::time::timeout(DEADLINE, client_async(request, stream))
            .await
            .unwrap()
        {
            Ok((ws, _)) => Ok(Self {
                ws,
                records: Vec::new(),
                stored: 0,
            }),
            Err(Error::Http(response)) => {
                let retry_after = response.headers().get("retry-after");
                Err(Refused {
                    status: response.status().as_u16(),
                    retry_after: retry_after.map(|value| value.to_str().unwrap().to_owned()),
                })
            }
            Err(error) => panic!("the handshake failed: {error}"),
        }
    }

    /// Connects and joins; the welcome is returned.
    pub(crate) async fn join(host: &TestHost, room: RoomId, member: MemberId) -> (Self, Value) {
        Self::join_from(host, room, member, Value::Null).await
    }

    /// Connects and joins with a position; the welcome is returned, or the rewind that comes before it.
    pub(crate) async fn join_from(
        host: &TestHost,
        room: RoomId,
        member: MemberId,
        have: Value,
    ) -> (Self, Value) {
        let mut client = Self::connect(host).await;
        client.send_join(host, room, member, have).await;
        let first = client
            .next()
            .await
            .expect("a welcome or a rewind comes first");
        assert!(
            first["op"] == "welcome" || first["op"] == "rewind",
            "{first}"
        );
        (client, first)
    }

    pub(crate) async fn send_join(
        &mut self,
        host: &TestHost,
        room: RoomId,
        member: MemberId,
        have: Value,
    ) {
        let ticket = host.world.ticket(room, member);
        self.send(json!({"op": "join", "ticket": ticket, "have": have, "sdk": "test"}))
            .await;
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.send_text(frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: impl Into<String>) {
        self.send_message(Message::text(text.into())).await;
    }

    /// Sends; a connection that is gone already is no failure here.
    pub(crate) async fn send_message(&mut self, message: Message) {
        let sent = tokio::time::timeout(DEADLINE, self.ws.send(message)).await;
        let _ = sent.expect("the host reads");
    }

    pub(crate) async fn say(&mut self, n: u64, body: impl Into<Value>) {
        self.send(json!({"op": "say", "n": n, "body": body.into()}))
            .await;
    }

    /// The next frame; an error when the connection ends first. Records and marks are kept aside too.
    pub(crate) async fn next(&mut self) -> Result<Value> {
        loop {
            let message = tokio::time::timeout(DEADLINE, self.ws.next()).await;
            match message
                .context("nothing came in time")?
                .context("the socket ended")??
            {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text)?;
                    self.note(&frame)?;
                    return Ok(frame);
                }
                Message::Close(frame) => {
                    let code = frame.map_or(1005, |frame| frame.code.into());
                    bail!(Closed(code));
                }
                _ => {}
            }
        }
    }

    fn note(&mut self, frame: &Value) -> Result<()> {
        match frame["op"].as_str() {
            Some("record") => {
                if let Some(last) = self.records.last() {
                    let (last, seq) = (last["seq"].as_u64(), frame["seq"].as_u64());
                    anyhow::ensure!(seq == last.map(|last| last + 1), "{last:?} then {seq:?}");
                }
                self.records.push(frame.clone());
            }
            Some("stored") => {
                let seq = frame["seq"].as_u64().context("stored has a seq")?;
                anyhow::ensure!(
                    seq >= self.stored,
                    "stored went back from {} to {seq}",
                    self.stored
                );
                self.stored = seq;
            }
            _ => {}
        }
        Ok(())
    }

    /// The next frame with this op.
    pub(crate) async fn next_op(&mut self, op: &str) -> Value {
        self.until(|frame| frame["op"] == op).await
    }

    /// The next frame that is as wanted.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = async {
            loop {
                let frame = self.next().await?;
                if wanted(&frame) {
                    return Ok::<_, anyhow::Error>(frame);
                }
            }
        };
        tokio::time::timeout(DEADLINE, found)
            .await
            .expect("it came in time")
            .unwrap()
    }

    /// Reads until record `seq` has come.
    pub(crate) async fn caught_up(&mut self, seq: u64) {
        while self
            .records
            .last()
            .is_none_or(|record| record["seq"].as_u64() < Some(seq))
        {
            self.next_op("record").await;
        }
    }

    /// Reads until `stored` is at least `seq`.
    pub(crate) async fn stored_to(&mut self, seq: u64) {
        while self.stored < seq {
            self.next_op("stored").await;
        }
    }

    /// The code the connection is closed with; what comes before is read over.
    pub(crate) async fn close_code(&mut self) -> u16 {
        let closed = async {
            loop {
                if let Err(error) = self.next().await {
                    return error;
                }
            }
        };
        let error = tokio::time::timeout(DEADLINE, closed)
            .await
            .expect("it ends in time");
        match error.downcast_ref::<Closed>() {
            Some(Closed(code)) => *code,
            None => panic!("the connection ended without a close frame: {error:#}"),
        }
    }

    /// The bodies of what was said, in order.
    pub(crate) fn said(&self) -> Vec<Value> {
        let said = self
            .records
            .iter()
            .filter(|record| record["kind"] == "said");
        said.map(|record| record["body"].clone()).collect()
    }

    /// The position of the last record, as `have`.
    pub(crate) fn position(&self, epoch: u64) -> Value {
        json!({"epoch": epoch, "seq": self.records.last().map_or(0, |last| last["seq"].as_u64().unwrap())})
    }

    /// What it has seen, as `have`: the last record and the epoch that one was ordered in (P6.1).
    pub(crate) fn have(&self) -> Value {
        match self.records.last() {
            Some(last) => json!({"epoch": last["epoch"], "seq": last["seq"]}),
            None => Value::Null,
        }
    }

    /// Comes back to another host, as the same browser: asked to vouch, it gives what it has seen and the names of
    /// `online`. The welcome is returned, or the rewind that comes before it.
    pub(crate) async fn back_to(
        &mut self,
        host: &TestHost,
        (room, member): (RoomId, MemberId),
        online: &[MemberId],
    ) -> Value {
        let Self { ws, .. } = Self::connect(host).await;
        self.ws = ws;
        self.send_join(host, room, member, self.have()).await;
        loop {
            let frame = self
                .next()
                .await
                .expect("a welcome, a rewind or a question");
            if frame["op"] != "vouch" {
                return frame;
            }
            self.vouch(&frame, online).await;
        }
    }

    /// Answers `vouch` with what it has seen.
    pub(crate) async fn vouch(&mut self, asked: &Value, online: &[MemberId]) {
        let after = asked["after"].as_u64();
        let seen = self.records.iter();
        let records: Vec<&Value> = seen.filter(|seen| seen["seq"].as_u64() > after).collect();
        let answer = json!({"op": "vouch", "records": records, "online": online, "more": false});
        self.send(answer).await;
    }

    /// Goes away without a word.
    pub(crate) async fn vanish(self, host: &TestHost) {
        let before = host.host.metrics().connections.get();
        drop(self.ws);
        eventually("the host notices", || {
            host.host.metrics().connections.get() < before
        })
        .await;
    }
}

/// A close frame's code.
#[derive(Debug, thiserror::Error)]
#[error("closed with {0}")]
struct Closed(u16);
