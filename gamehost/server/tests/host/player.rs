//! A member who keeps what it saw and follows its room.

use futures_util::{SinkExt as _, StreamExt as _};
use latchkey_protocol::{MemberId, RoomId};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::PATIENCE;
use crate::services::Services;

/// A member.
pub(crate) struct Player<'s> {
    services: &'s Services,
    room: RoomId,
    member: MemberId,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    epoch: u64,
    said: u64,
    /// Records, from the first one on.
    pub(crate) records: Vec<Value>,
    /// The last one that is stored, as far as it was told.
    pub(crate) stored: u64,
}

impl<'s> Player<'s> {
    /// Joins a room that nobody has been in.
    pub(crate) async fn join(services: &'s Services, url: &str, room: RoomId) -> Self {
        let member = MemberId::from_random([3; 12]);
        let mut player = Self {
            socket: connect(url).await,
            services,
            room,
            member,
            epoch: 0,
            said: 0,
            records: Vec::new(),
            stored: 0,
        };
        player.ask_to_join(Value::Null).await;
        player.sees(1).await;
        player
    }

    /// Comes back to its room elsewhere, where nothing of what it saw may be missing.
    pub(crate) async fn comes_back(&mut self, url: &str) {
        self.socket = connect(url).await;
        let seq = self.records.len();
        self.ask_to_join(json!({"epoch": self.epoch, "seq": seq}))
            .await;
    }

    async fn ask_to_join(&mut self, have: Value) {
        let ticket = self.services.ticket(self.room, self.member);
        let mut join = json!({"op": "join", "ticket": ticket, "sdk": "test"});
        if !have.is_null() {
            join["have"] = have;
        }
        self.send(join).await;
        let welcome = self.next().await.expect("a welcome");
        assert_eq!(
            welcome["op"], "welcome",
            "and nothing is taken back: {welcome}"
        );
        self.epoch = welcome["epoch"].as_u64().unwrap();
    }

    /// Says something and sees it come back.
    pub(crate) async fn says(&mut self, body: &str) {
        self.said += 1;
        let said = json!({"op": "say", "n": self.said, "body": body});
        self.send(said).await;
        let seen = self.records.len() as u64;
        self.sees(seen + 1).await;
        assert_eq!(self.records.last().unwrap()["body"], body);
    }

    /// Ends the game.
    pub(crate) async fn finishes(&mut self) {
        self.said += 1;
        let result = json!({"outcome": "escaped"});
        self.send(json!({"op": "finish", "n": self.said, "result": result}))
            .await;
        let all = self.records.len() as u64 + 1;
        self.sees(all).await;
        while self.stored < all {
            self.next().await.expect("its room goes on");
        }
    }

    /// Waits until it is told that the room has moved, and where it is.
    pub(crate) async fn is_sent_on(&mut self) -> String {
        loop {
            let frame = self.next().await.expect("a word before the end");
            if frame["op"] == "moved" {
                return frame["url"].as_str().unwrap().to_owned();
            }
        }
    }

    async fn sees(&mut self, count: u64) {
        while (self.records.len() as u64) < count {
            self.next().await.expect("its room goes on");
        }
    }

    async fn send(&mut self, frame: Value) {
        let text = Message::text(frame.to_string());
        self.socket.send(text).await.unwrap();
    }

    /// The next frame, noted; nothing at the end.
    async fn next(&mut self) -> Option<Value> {
        loop {
            let next = timeout(PATIENCE, self.socket.next()).await;
            let Ok(Message::Text(text)) = next.expect("a frame in time")? else {
                continue;
            };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["op"] == "record" {
                assert_eq!(frame["seq"], self.records.len() + 1, "in order, once");
                self.records.push(frame.clone());
            }
            if let Some(stored) = frame["stored"].as_u64().or(match frame["op"] == "stored" {
                true => frame["seq"].as_u64(),
                false => None,
            }) {
                self.stored = stored;
            }
            return Some(frame);
        }
    }
}

async fn connect(url: &str) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", "latchkey.1".parse().unwrap());
    headers.insert("origin", "https://games.test".parse().unwrap());
    let connected = timeout(PATIENCE, connect_async(request)).await;
    connected.expect("it answers in time").unwrap().0
}
