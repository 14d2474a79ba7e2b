//! The one kind of cookie: the key of a seat, one per game.

use http::{HeaderMap, HeaderValue, header};
use latchkey_platform::launch::SeatKey;
use latchkey_protocol::GameId;

/// A seat is kept this long by the browser, the longest that browsers allow.
const MAX_AGE_SECONDS: u32 = 400 * 24 * 60 * 60;

/// The key of the seat this browser holds in a game. A cookie that cannot be read counts as none.
pub(crate) fn seat_key(headers: &HeaderMap, game: GameId) -> Option<SeatKey> {
    let name = format!("seat-{game}");
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(known, _)| *known == name)
        .and_then(|(_, value)| SeatKey::parse(value).ok())
}

/// The header that makes the browser keep a seat. `Lax`, so that the cookie comes along when somebody follows the link in
/// an e-mail.
pub(crate) fn keep_seat(game: GameId, key: &SeatKey, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!(
        "seat-{game}={key}; Path=/; HttpOnly; SameSite=Lax; Max-Age={MAX_AGE_SECONDS}{secure}"
    );
    HeaderValue::try_from(cookie).expect("ids and base64url are header values")
}
