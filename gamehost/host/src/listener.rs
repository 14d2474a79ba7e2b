//! The host's routes: the WebSocket upgrade, judged before anything is spent on it (P1.2), and the two health checks.
//! Opening a port is the wiring's work.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    CONNECTION, CONTENT_TYPE, ORIGIN, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, StatusCode, Uri};
use hyper::upgrade::OnUpgrade;
use latchkey_protocol::SUBPROTOCOL;
use tokio::sync::OwnedSemaphorePermit;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::health::{self, Asked};
use crate::host::{Origins, Shared};
use crate::limits::RETRY_AFTER_SECONDS;
use crate::own_page::sent_by_own_page;
use crate::upgrade;

/// The routes below `/s/{slot}/`.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let slot = shared.config.slot;
    Router::new()
        .route(&format!("/s/{slot}/room"), get(room))
        .route(&format!("/s/{slot}/healthz"), get(alive))
        .route(&format!("/s/{slot}/readyz"), get(ready))
        .with_state(shared)
}

async fn alive(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    health::answer(shared, Asked::Alive, &headers).await
}

async fn ready(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    health::answer(shared, Asked::Ready, &headers).await
}

async fn room(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    match admit(&shared, request) {
        Ok(response) => response,
        Err(refused) => {
            shared.desk.metrics.upgrades_refused.up();
            tracing::debug!(reason = %refused, "an upgrade was refused");
            refused.into_response()
        }
    }
}

/// Places of a connection, given back when it ends.
pub(crate) struct Places {
    /// Among all connections.
    pub(crate) connection: OwnedSemaphorePermit,
    /// Among those that have not joined.
    pub(crate) unjoined: OwnedSemaphorePermit,
}

/// Why an upgrade is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Refused {
    #[error(
        "this address speaks WebSocket version 13: connect with `new WebSocket(url, \"{SUBPROTOCOL}\")`"
    )]
    NotWebSocket,
    #[error("the WebSocket handshake has no key, or one that is not valid")]
    Key,
    #[error("the WebSocket must offer the subprotocol {SUBPROTOCOL}")]
    Subprotocol,
    #[error("this host does not serve pages of that origin")]
    Origin,
    #[error(
        "the host has as many connections as it may; come back in {RETRY_AFTER_SECONDS} seconds"
    )]
    Full,
    #[error("the host is stopping; come back in {RETRY_AFTER_SECONDS} seconds")]
    Stopping,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let text = format!("{self}\n");
        match self {
            Self::NotWebSocket => {
                let headers = [(SEC_WEBSOCKET_VERSION, "13"), (UPGRADE, "websocket")];
                (StatusCode::UPGRADE_REQUIRED, headers, text).into_response()
            }
            Self::Key | Self::Subprotocol => (StatusCode::BAD_REQUEST, text).into_response(),
            Self::Origin => (StatusCode::FORBIDDEN, text).into_response(),
            Self::Full | Self::Stopping => {
                let after = [(RETRY_AFTER, RETRY_AFTER_SECONDS.to_string())];
                (StatusCode::SERVICE_UNAVAILABLE, after, text).into_response()
            }
        }
    }
}

/// Judges the request and, if it may be upgraded, answers 101 and starts the connection's task.
fn admit(shared: &Arc<Shared>, mut request: Request) -> Result<Response, Refused> {
    let key = judge(request.headers(), request.uri(), &shared.config.origins)?;
    let on_upgrade = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or(Refused::NotWebSocket)?;
    if shared.is_stopping() {
        return Err(Refused::Stopping);
    }
    let connection = shared
        .places
        .clone()
        .try_acquire_owned()
        .map_err(|_| Refused::Full)?;
    let unjoined = shared
        .unjoined
        .clone()
        .try_acquire_owned()
        .map_err(|_| Refused::Full)?;
    tokio::spawn(upgrade::run(
        shared.clone(),
        on_upgrade,
        Places {
            connection,
            unjoined,
        },
    ));
    let headers = [
        (CONNECTION, "upgrade".to_owned()),
        (UPGRADE, "websocket".to_owned()),
        (SEC_WEBSOCKET_ACCEPT, key),
        (SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL.to_owned()),
    ];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, headers).into_response();
    response.headers_mut().remove(CONTENT_TYPE);
    Ok(response)
}

/// The accept key for a request that is a WebSocket handshake this host answers.
fn judge(headers: &HeaderMap, uri: &Uri, origins: &Origins) -> Result<String, Refused> {
    let is_upgrade =
        lists(headers, &CONNECTION, "upgrade") && lists(headers, &UPGRADE, "websocket");
    if !is_upgrade
        || headers
            .get(SEC_WEBSOCKET_VERSION)
            .is_none_or(|version| version != "13")
    {
        return Err(Refused::NotWebSocket);
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).ok_or(Refused::Key)?;
    // 16 bytes in base64 (RFC 6455, 4.1).
    if key.len() != 24 {
        return Err(Refused::Key);
    }
    if !serves(origins, headers, uri) {
        return Err(Refused::Origin);
    }
    if !lists(headers, &SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        return Err(Refused::Subprotocol);
    }
    Ok(derive_accept_key(key.as_bytes()))
}

fn serves(origins: &Origins, headers: &HeaderMap, uri: &Uri) -> bool {
    match origins {
        Origins::Listed(listed) => headers
            .get(ORIGIN)
            .is_none_or(|origin| listed.iter().any(|served| origin == served)),
        Origins::SameHost => sent_by_own_page(headers, uri),
    }
}

/// Whether a comma-separated header has `wanted` among its values.
fn lists(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use http::header::HOST;

    use super::*;

    fn handshake(changes: &[(&HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (&HOST, "here.example:8080"),
            (&CONNECTION, "keep-alive, Upgrade"),
            (&UPGRADE, "WebSocket"),
            (&SEC_WEBSOCKET_VERSION, "13"),
            (&SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
            (&SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL),
        ]
        .iter()
        .chain(changes)
        {
            headers.insert(*name, http::HeaderValue::from_static(value));
        }
        headers
    }

    fn judged(changes: &[(&HeaderName, &'static str)]) -> Result<String, Refused> {
        judge(
            &handshake(changes),
            &Uri::from_static("/s/1/room"),
            &Origins::SameHost,
        )
    }

    #[test]
    fn p1_2_a_handshake_gets_the_accept_key_of_the_rfc() {
        assert_eq!(judged(&[]).as_deref(), Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }

    #[test]
    fn p1_2_anything_else_is_refused_for_what_is_wrong_with_it() {
        assert_eq!(
            judged(&[(&SEC_WEBSOCKET_VERSION, "8")]),
            Err(Refused::NotWebSocket)
        );
        assert_eq!(judged(&[(&UPGRADE, "h2c")]), Err(Refused::NotWebSocket));
        assert_eq!(
            judged(&[(&CONNECTION, "close")]),
            Err(Refused::NotWebSocket)
        );
        assert_eq!(judged(&[(&SEC_WEBSOCKET_KEY, "short")]), Err(Refused::Key));
        assert_eq!(
            judged(&[(&SEC_WEBSOCKET_PROTOCOL, "latchkey.11")]),
            Err(Refused::Subprotocol)
        );
    }

    #[test]
    fn pages_of_the_same_host_and_port_are_served_and_no_others() {
        for origin in ["http://here.example:8080", "https://here.example:8080"] {
            assert!(judged(&[(&ORIGIN, origin)]).is_ok(), "{origin}");
        }
        for origin in [
            "http://here.example",
            "http://evil.example:8080",
            "null",
            "",
        ] {
            assert_eq!(
                judged(&[(&ORIGIN, origin)]),
                Err(Refused::Origin),
                "{origin}"
            );
        }
    }
}
