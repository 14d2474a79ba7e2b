//! Stands where the site stands, for tests that are about hosts alone: gives whoever has a seat a place and a ticket. It asks the
//! hosts, each by the balancer, which one takes rooms; a host that does not have the room knows who has.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use hyper::Method;
use latchkey_tests::http::{Ask, Visitor};
use latchkey_tests::seat::Seat;
use latchkey_tests::secrets::{Claims, Secrets};
use latchkey_tests::seeded::Seeded;
use latchkey_tests::wait::unix_seconds;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::aws::Endpoint;
use crate::made;

/// What ids are made of (P2.1).
const LETTERS: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Letters of a room's id, and of a member's.
const ROOM: usize = 20;
const MEMBER: usize = 12;
/// Whom a ticket is for (P1.4).
const AUDIENCE: &str = "latchkey.1";

/// The door. It ends with its handle.
#[derive(Debug)]
pub struct Door {
    url: String,
    serving: JoinHandle<()>,
}

struct Known {
    secrets: Secrets,
    /// The origin of the edge.
    edge: String,
    slots: Vec<u16>,
}

impl Door {
    /// Opens one to the hosts in `slots` behind `edge`.
    ///
    /// # Errors
    /// When the secrets are not filled.
    pub async fn open(secrets: &Endpoint, edge: &str, slots: &[u16]) -> anyhow::Result<Self> {
        let known = Known {
            secrets: tickets(secrets).await?,
            edge: edge.to_owned(),
            slots: slots.to_vec(),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let routes = Router::new()
            .route("/games/{game}/connect", post(connect))
            .with_state(Arc::new(known));
        let serving = tokio::spawn(async move {
            // It serves until its task is ended.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { url, serving })
    }

    /// Seats in `rooms` new rooms, `seats` in each.
    #[must_use]
    pub fn seats(&self, rooms: usize, seats: usize, random: &mut Seeded) -> Vec<Vec<Seat>> {
        let mut id = |length: usize| -> String {
            let bytes = random.bytes(length);
            bytes
                .iter()
                .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
                .collect()
        };
        let mut room = || {
            let game = id(ROOM);
            let mut seat = || {
                let (mut visitor, member) = (Visitor::new(&self.url), id(MEMBER));
                visitor.set_cookie("seat", &member);
                Seat {
                    visitor,
                    game: game.clone(),
                    member,
                }
            };
            (0..seats).map(|_| seat()).collect()
        };
        (0..rooms).map(|_| room()).collect()
    }

    /// Its origin, which is that of the pages it stands for.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The site's own key for tickets.
async fn tickets(secrets: &Endpoint) -> anyhow::Result<Secrets> {
    let asked = json!({"SecretId": made::secret("site")});
    let got = secrets.call("GetSecretValue", &asked).await?;
    let text = got["SecretString"].as_str().context("a secret is a text")?;
    let site: Value = serde_json::from_str(text)?;
    let folder = TempDir::new()?;
    let stored = json!({"webhook": site["stripe_webhook"], "tickets": site["tickets"]});
    std::fs::write(folder.path().join("secrets.json"), stored.to_string())?;
    Secrets::of(folder.path())
}

async fn connect(
    State(known): State<Arc<Known>>,
    Path(game): Path<String>,
    headers: HeaderMap,
) -> Response {
    let cookie = headers
        .get("cookie")
        .and_then(|cookie| cookie.to_str().ok());
    let Some(member) = cookie.and_then(|cookie| cookie.strip_prefix("seat=")) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let ticket = known.secrets.ticket(&Claims {
        audience: AUDIENCE,
        room: &game,
        member,
        issued: unix_seconds(),
    });
    // Rooms are spread, and those of a host that is away go to the next one.
    let first = game.bytes().map(usize::from).sum::<usize>();
    for number in 0..known.slots.len() {
        let slot = known.slots[(first + number) % known.slots.len()];
        let ready = Ask::new(Method::GET, &format!("/s/{slot}/readyz"));
        let answer = Visitor::new(&known.edge).send(ready).await;
        if answer.is_ok_and(|answer| answer.status == 200) {
            let url = format!("{}/s/{slot}/room", known.edge.replacen("http", "ws", 1));
            return Json(json!({"url": url, "ticket": ticket})).into_response();
        }
    }
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
