//! What an operator does to a room over the admin router: take a seat away, close it, hand it over, put its records
//! aside, say something. The doing itself is in `operate`; here are the routes, and what came of it in a sentence.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use latchkey_protocol::ids::BadId;
use latchkey_protocol::{Body, MemberId, RoomId};
use serde::{Deserialize, Serialize};

use super::Failed;
use super::rooms::At;
use crate::host::Shared;
use crate::operate::NotDone;

/// What came of it.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    done: String,
}

fn done(what: impl Into<String>) -> Result<Json<Done>, Failed> {
    Ok(Json(Done { done: what.into() }))
}

impl From<NotDone> for Failed {
    fn from(why: NotDone) -> Self {
        match why {
            NotDone::NotHere(room) => Self::NoRoom(room.to_string()),
            _ => Self::Conflict(why.to_string()),
        }
    }
}

pub(super) fn bad_id(error: BadId) -> Failed {
    Failed::Bad(error.to_string())
}

/// Which seat the path names.
#[derive(Debug, Deserialize)]
pub(super) struct Seat {
    room: String,
    member: String,
}

/// What the operator wants to say; it is the notice's body as well (P4.2).
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notice {
    text: String,
}

/// `POST /rooms/{room}/close`.
pub(super) async fn close(
    State(shared): State<Arc<Shared>>,
    Path(At { room }): Path<At>,
) -> Result<Json<Done>, Failed> {
    let closed = shared.close(room.parse().map_err(bad_id)?)?;
    done(format!(
        "The room is closed: {closed} connections were ended for good."
    ))
}

/// `POST /rooms/{room}/handover`.
pub(super) async fn hand_over(
    State(shared): State<Arc<Shared>>,
    Path(At { room }): Path<At>,
) -> Result<Json<Done>, Failed> {
    let handed = shared.hand_over(room.parse().map_err(bad_id)?).await;
    handed.map_err(|why| Failed::Conflict(why.to_string()))?;
    done("The room lives at another host now.")
}

/// `POST /rooms/{room}/aside`.
pub(super) async fn put_aside(
    State(shared): State<Arc<Shared>>,
    Path(At { room }): Path<At>,
) -> Result<Json<Done>, Failed> {
    let records = shared.put_aside(room.parse().map_err(bad_id)?).await?;
    done(format!(
        "{records} records are put aside in the journal's folder, and the journal forgets them."
    ))
}

/// `POST /rooms/{room}/notice`.
pub(super) async fn notice(
    State(shared): State<Arc<Shared>>,
    Path(At { room }): Path<At>,
    asked: Result<Json<Notice>, JsonRejection>,
) -> Result<Json<Done>, Failed> {
    let Json(asked) = asked.map_err(|error| Failed::Bad(error.body_text()))?;
    let room: RoomId = room.parse().map_err(bad_id)?;
    if asked.text.trim().is_empty() {
        return Err(Failed::Bad("a notice needs some text".to_owned()));
    }
    shared.notice(room, Body::of(&asked))?;
    done("The notice is in the room's log, and its members see it.")
}

/// `POST /rooms/{room}/members/{member}/kick`.
pub(super) async fn kick(
    State(shared): State<Arc<Shared>>,
    Path(Seat { room, member }): Path<Seat>,
) -> Result<Json<Done>, Failed> {
    let member: MemberId = member.parse().map_err(bad_id)?;
    shared.take_away(room.parse().map_err(bad_id)?, member)?;
    done(format!("The seat of member {member} is taken away."))
}
