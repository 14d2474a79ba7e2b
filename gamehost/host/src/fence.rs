//! What the end of the right to serve does to rooms: they leave memory at once, and everybody in them is told to come
//! back. Nothing is written and nothing is given up: the journal has what was ordered, and the rooms are opened from it
//! when the host serves again, if they are still its own.

use std::sync::Arc;

use latchkey_protocol::CloseCode;

use crate::host::Shared;

/// Follows the host's standing until the host is gone.
pub(crate) async fn follow(shared: Arc<Shared>) {
    let mut changes = shared.membership.changes();
    while changes.changed().await.is_ok() {
        fence(&shared);
    }
}

/// Stops every room that was not claimed under the present right to serve.
pub(crate) fn fence(shared: &Shared) {
    let term = shared.membership.serving();
    let mut fenced = 0;
    for live in shared.rooms.all() {
        let ours = term.as_ref().is_some_and(|term| term.me == live.owner);
        if !ours && !live.ended() {
            live.stop(CloseCode::NotReady);
            fenced += 1;
        }
    }
    if fenced > 0 {
        tracing::warn!(
            rooms = fenced,
            "rooms are stopped because the host may not serve them"
        );
    }
}
