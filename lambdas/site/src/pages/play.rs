//! The page a game runs on, and the way to its room. What the page shows is the title's; its frame is a contract with the
//! sdk: the `data-` attributes of `body`.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::header::ORIGIN;
use http::{HeaderMap, StatusCode};
use latchkey_platform::launch::SeatKey;
use latchkey_platform::placement::RoundTrips;
use latchkey_platform::rate;
use latchkey_protocol::GameId;
use serde::Deserialize;

use super::catalogue::file_url;
use super::launch::refused;
use crate::cookie;
use crate::forms::{Part, Raw};
use crate::guard::policy::Allow;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::view::{self, Shell};

#[derive(Template)]
#[template(path = "play.html")]
struct PlayPage {
    shell: Shell,
    game: String,
    name: String,
    style: String,
    entry: String,
    launch: String,
}

/// The game in the path and the key of this browser's seat in it.
pub(crate) fn game_and_key(text: &str, headers: &HeaderMap) -> Result<(GameId, SeatKey), Refusal> {
    let game: GameId = text.parse().map_err(|_| Refusal::NotFound)?;
    let key = cookie::seat_key(headers, game).ok_or(Refusal::NoSeat)?;
    Ok((game, key))
}

/// `GET /games/{game}/play`.
pub(crate) async fn show(
    State(site): State<Site>,
    Part(text): Part<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (id, key) = game_and_key(&text, &headers)?;
    let (game, _) = site.platform.launch.seat(id, &key).await.map_err(refused)?;
    let title = site
        .platform
        .titles
        .version(&game.title)
        .await
        .map_err(Refusal::busy)?;
    let title = title
        .ok_or_else(|| Refusal::fault(format_args!("title version {} is gone", game.title)))?;
    let page = PlayPage {
        shell: Shell::private(site.is_dev()),
        game: text,
        style: file_url(&game.title, &title.manifest.style),
        entry: file_url(&game.title, &title.manifest.entry),
        name: title.manifest.name,
        launch: site
            .platform
            .launch
            .link_token(&game)
            .map(|token| format!("/l/{token}"))
            .unwrap_or_default(),
    };
    Ok(view::private(&page, Allow::game()))
}

/// What a client may say of itself when it asks for a room.
#[derive(Default, Deserialize)]
struct Measured {
    #[serde(default)]
    round_trips: RoundTrips,
}

/// Reads the body, which may be empty: who has measured nothing says nothing.
fn measured(body: &[u8]) -> Result<Measured, Refusal> {
    if body.is_empty() {
        return Ok(Measured::default());
    }
    serde_json::from_slice(body).map_err(|error| {
        Refusal::bad(format!(
            "The body must be empty or JSON as {{\"round_trips\": {{\"region\": milliseconds}}}}: {error}."
        ))
    })
}

/// `POST /games/{game}/connect`: where the room is, and a ticket for it.
pub(crate) async fn connect(
    State(site): State<Site>,
    Part(text): Part<String>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Response, Refusal> {
    let (id, key) = game_and_key(&text, &headers)?;
    let Measured { round_trips } = measured(&body)?;
    // Counted once the key is known to be right: ids of members are no secret among players, and whoever knows one must
    // not be able to use up somebody else's share.
    site.platform.launch.seat(id, &key).await.map_err(refused)?;
    site.allow(rate::CONNECTS, key.member.as_str()).await?;
    let mut connection = site
        .platform
        .launch
        .connect(id, &key, &round_trips)
        .await
        .map_err(refused)?;
    if connection.url.starts_with('/') {
        connection.url = on_this_site(&connection.url, &headers, site.platform.site.as_str());
    }
    Ok(view::json(StatusCode::OK, &connection))
}

/// The WebSocket address of a host that answers under the site's own origin. The page's origin comes first, because a site
/// on one machine is reached by several names, and a page may connect to its own alone.
fn on_this_site(path: &str, headers: &HeaderMap, site: &str) -> String {
    let page = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let origin = page
        .filter(|origin| origin.starts_with("http"))
        .unwrap_or(site);
    format!("{}{path}", origin.replacen("http", "ws", 1))
}
