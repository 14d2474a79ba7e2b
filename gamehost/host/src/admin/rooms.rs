//! The table of rooms, and one room opened.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use latchkey_protocol::{MemberId, Seq};
use serde::{Deserialize, Serialize};

use super::Failed;
use super::acts::bad_id;
use super::census::{Asked, Page};
use crate::host::Shared;
use crate::live::LiveRoom;

/// Which room the path names. By name, because a router in front of this one may have parts of its own in the path.
#[derive(Debug, Deserialize)]
pub(super) struct At {
    pub(super) room: String,
}

/// Whether names are asked for. They are personal, and most of what an operator does needs none.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Names {
    pub(super) names: bool,
}

/// A seat as the page shows it.
#[derive(Debug, Serialize)]
struct Member {
    id: MemberId,
    colour: String,
    online: bool,
    /// Only when it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// A room as the page shows it.
#[derive(Debug, Serialize)]
pub(super) struct Opened {
    id: String,
    epoch: u64,
    connections: usize,
    tail: Seq,
    stored: Seq,
    finished: Option<Seq>,
    age_s: u64,
    /// Milliseconds since 1970.
    last_at: u64,
    members: Vec<Member>,
}

/// `GET /rooms`.
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Page>, Failed> {
    let Query(asked) = asked.map_err(|error| Failed::Bad(error.body_text()))?;
    let looking = tokio::task::spawn_blocking(move || {
        let census = shared.admin.census.newest(&shared);
        census.page(&asked)
    });
    let failed = |_| Failed::Conflict("looking through the rooms failed; try again".to_owned());
    looking.await.map(Json).map_err(failed)
}

/// `GET /rooms/{room}`.
pub(super) async fn one(
    State(shared): State<Arc<Shared>>,
    Path(At { room }): Path<At>,
    Query(Names { names }): Query<Names>,
) -> Result<Json<Opened>, Failed> {
    let live = here(&shared, &room)?;
    let gone = || Failed::NoRoom(room.clone());
    let glance = live.glance().ok_or_else(gone)?;
    let seats = live.seats().ok_or_else(gone)?;
    if names {
        tracing::info!(room = %live.id, "the operator looks at the names in the room");
    }
    let members = seats.into_iter().map(|seat| Member {
        id: seat.id,
        colour: seat.profile.colour.to_string(),
        online: seat.online,
        name: names.then(|| seat.profile.name.as_str().to_owned()),
    });
    Ok(Json(Opened {
        id: room,
        epoch: live.epoch.0,
        connections: glance.connections,
        tail: glance.tail,
        stored: glance.stored,
        finished: glance.finished,
        age_s: shared
            .time
            .elapsed()
            .saturating_sub(glance.opened)
            .as_secs(),
        last_at: glance.last_at.0,
        members: members.collect(),
    }))
}

/// The room in memory with this id. Asking opens none.
pub(super) fn here(shared: &Shared, room: &str) -> Result<Arc<LiveRoom>, Failed> {
    let id = room.parse().map_err(bad_id)?;
    let live = shared.rooms.get(id);
    live.ok_or_else(|| Failed::NoRoom(room.to_owned()))
}
