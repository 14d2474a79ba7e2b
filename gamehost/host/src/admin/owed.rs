//! Which rooms are owed to the archive, so that an operator who sees that there are some knows which, and why.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use latchkey_protocol::RoomId;
use serde::Serialize;

use crate::host::Shared;
use crate::limits::ROOMS_SHOWN;

/// A room as it is shown.
#[derive(Debug, Serialize)]
struct Row {
    id: RoomId,
    /// Seconds for which it is owed.
    age_s: u64,
    /// How often opening it failed.
    failures: u32,
    /// Why it failed the last time; empty before the first.
    why: String,
}

/// All of them, or as many as fit into one answer.
#[derive(Debug, Serialize)]
pub(super) struct Rooms {
    rooms: usize,
    /// Those that are owed longest come first.
    rows: Vec<Row>,
}

/// `GET /owed`.
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Json<Rooms> {
    let now = shared.time.elapsed();
    let (rooms, longest) = shared.owed.longest(ROOMS_SHOWN);
    let rows = longest.into_iter().map(|(id, owed)| Row {
        id,
        age_s: now.saturating_sub(owed.since).as_secs(),
        failures: owed.failures,
        why: owed.why,
    });
    Json(Rooms {
        rooms,
        rows: rows.collect(),
    })
}
