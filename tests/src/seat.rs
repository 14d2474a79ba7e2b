//! A person's seat in a game: the way from its cookie to a place and a ticket, and to a raw connection.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::http::{Ask, Visitor};
use crate::socket::{Socket, Upgrade};

/// A seat in a game, as a person's browser holds it.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The browser with the seat's cookie.
    pub visitor: Visitor,
    /// The game.
    pub game: String,
    /// The member.
    pub member: String,
}

/// What the site answers to `connect` (P1.1).
#[derive(Debug, Clone)]
pub struct Place {
    /// The host's address.
    pub url: String,
    /// The right to the seat.
    pub ticket: String,
}

impl Seat {
    /// Asks the site for a place.
    ///
    /// # Errors
    /// When the site refuses or does not answer.
    pub async fn place(&mut self) -> anyhow::Result<Place> {
        let origin = self.visitor.site().to_owned();
        let ask = Ask::new(
            hyper::Method::POST,
            &format!("/games/{}/connect", self.game),
        )
        .header("origin", &origin);
        let answer = self.visitor.send(ask).await?.expect(200)?.json()?;
        let text = |name: &str| {
            answer[name]
                .as_str()
                .map(str::to_owned)
                .context(name.to_owned())
        };
        Ok(Place {
            url: self.address(&text("url")?),
            ticket: text("ticket")?,
        })
    }

    /// A host's address in full: one without a host is below the page's own, as for a browser.
    #[must_use]
    pub fn address(&self, url: &str) -> String {
        if url.starts_with('/') {
            format!("{}{url}", self.visitor.site().replacen("http", "ws", 1))
        } else {
            url.to_owned()
        }
    }

    /// Opens a WebSocket to `place` as a browser does, without joining.
    ///
    /// # Errors
    /// When the host refuses.
    pub async fn open(&self, place: &Place) -> anyhow::Result<Socket> {
        Socket::open(&self.upgrade(place))
            .await
            .map_err(|refused| anyhow::anyhow!("no upgrade: {refused:?}"))
    }

    /// How a browser asks for the upgrade.
    #[must_use]
    pub fn upgrade(&self, place: &Place) -> Upgrade {
        Upgrade {
            url: place.url.clone(),
            protocol: Some("latchkey.1".to_owned()),
            origin: Some(self.visitor.site().to_owned()),
            home: self.visitor.home(),
        }
    }

    /// Takes the seat on a raw connection, without a history: returns it after the welcome, with the welcome.
    ///
    /// # Errors
    /// When any step is refused.
    pub async fn join(&mut self) -> anyhow::Result<(Socket, Value)> {
        let place = self.place().await?;
        let mut socket = self.open(&place).await?;
        socket.send(join_frame(&place.ticket, None)).await?;
        let welcome = socket.expect("welcome").await?;
        Ok((socket, welcome))
    }
}

/// A `join` frame.
#[must_use]
pub fn join_frame(ticket: &str, have: Option<(u64, u64)>) -> String {
    let have = have.map(|(epoch, seq)| json!({"epoch": epoch, "seq": seq}));
    json!({"op": "join", "ticket": ticket, "have": have, "sdk": "suite"}).to_string()
}
