//! The table of all rooms in memory. Looking through them takes each room's lock for a moment, so it is done at most
//! once a second however many operators look, off the runtime's threads, and only while somebody asks.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use latchkey_protocol::{RoomId, Seq};
use serde::{Deserialize, Serialize};

use crate::host::Shared;
use crate::limits::{CENSUS_AFTER, CENSUS_OLD, ROOMS_SHOWN};

/// A room as the table shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) id: RoomId,
    pub(super) epoch: u64,
    /// Seats that are taken.
    pub(super) members: usize,
    pub(super) connections: usize,
    /// Records ordered in the room's life.
    pub(super) records: u64,
    /// Records per second since the look before this one; `None` when the room was not there then.
    pub(super) rate: Option<f64>,
    /// Records that the archive does not have.
    pub(super) unstored: u64,
    /// Seconds since the room came into memory.
    pub(super) age_s: u64,
    /// Seconds since its last record.
    pub(super) quiet_s: u64,
    pub(super) finished: bool,
}

/// One look through all rooms.
#[derive(Debug, Default)]
pub(super) struct Census {
    at: Duration,
    rows: Vec<Row>,
}

/// Keeps the newest look.
#[derive(Debug, Default)]
pub(super) struct Keeper(Mutex<Option<Arc<Census>>>);

impl Keeper {
    /// A look no older than [`CENSUS_AFTER`]. Takes some milliseconds with many rooms.
    pub(super) fn newest(&self, shared: &Shared) -> Arc<Census> {
        // Held while looking: whoever asks meanwhile waits for the same look.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = shared.time.elapsed();
        if let Some(census) = &*kept
            && now.saturating_sub(census.at) < CENSUS_AFTER
        {
            return census.clone();
        }
        let before = kept
            .take()
            .filter(|census| now.saturating_sub(census.at) < CENSUS_OLD);
        let census = Arc::new(look(shared, before.as_deref(), now));
        *kept = Some(census.clone());
        census
    }
}

fn look(shared: &Shared, before: Option<&Census>, now: Duration) -> Census {
    let wall = shared.time.wall();
    let known: HashMap<RoomId, u64> = before
        .into_iter()
        .flat_map(|census| &census.rows)
        .map(|row| (row.id, row.records))
        .collect();
    let seconds = before.map_or(0.0, |before| now.saturating_sub(before.at).as_secs_f64());
    let rows = shared.rooms.all().into_iter().filter_map(|live| {
        let glance = live.glance()?;
        let Seq(records) = glance.tail;
        let earlier = known.get(&live.id).filter(|_| seconds > 0.0);
        Some(Row {
            id: live.id,
            epoch: live.epoch.0,
            members: glance.members,
            connections: glance.connections,
            records,
            rate: earlier.map(|earlier| per_second(records.saturating_sub(*earlier), seconds)),
            unstored: records - glance.stored.0,
            age_s: now.saturating_sub(glance.opened).as_secs(),
            quiet_s: wall.0.saturating_sub(glance.last_at.0) / 1_000,
            finished: glance.finished.is_some(),
        })
    });
    Census {
        at: now,
        rows: rows.collect(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is shown to people needs no more than 52 bits"
)]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}

/// What the table is ordered by; the largest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sort {
    Members,
    Connections,
    Records,
    #[default]
    Rate,
    Unstored,
    Age,
    Quiet,
    Id,
}

/// Which part of the table is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Asked {
    sort: Sort,
    /// The smallest first.
    up: bool,
    /// Part of a room's id.
    find: String,
    from: usize,
    limit: Option<usize>,
}

/// Part of the table.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Page {
    /// Rooms in memory.
    pub(super) rooms: usize,
    /// Those whose id has what was searched for.
    pub(super) found: usize,
    /// Number of the first row shown, from 0.
    pub(super) from: usize,
    pub(super) rows: Vec<Row>,
}

impl Census {
    /// The part that is asked for, at most [`ROOMS_SHOWN`] rows.
    pub(super) fn page(&self, asked: &Asked) -> Page {
        let find = asked.find.trim().to_ascii_lowercase();
        let mut rows: Vec<&Row> = self
            .rows
            .iter()
            .filter(|row| row.id.as_str().contains(&find))
            .collect();
        rows.sort_unstable_by(|one, other| {
            let order = compare(asked.sort, one, other);
            let order = if asked.up { order } else { order.reverse() };
            // Rooms that are alike keep their places from one look to the next.
            order.then_with(|| one.id.cmp(&other.id))
        });
        let limit = asked.limit.unwrap_or(ROOMS_SHOWN).min(ROOMS_SHOWN);
        let shown = rows.iter().skip(asked.from).take(limit);
        Page {
            rooms: self.rows.len(),
            found: rows.len(),
            from: asked.from,
            rows: shown.map(|row| (*row).clone()).collect(),
        }
    }
}

fn compare(sort: Sort, one: &Row, other: &Row) -> Ordering {
    match sort {
        Sort::Members => one.members.cmp(&other.members),
        Sort::Connections => one.connections.cmp(&other.connections),
        Sort::Records => one.records.cmp(&other.records),
        Sort::Rate => {
            let rate = |row: &Row| row.rate.unwrap_or(-1.0);
            rate(one).total_cmp(&rate(other))
        }
        Sort::Unstored => one.unstored.cmp(&other.unstored),
        Sort::Age => one.age_s.cmp(&other.age_s),
        Sort::Quiet => one.quiet_s.cmp(&other.quiet_s),
        Sort::Id => one.id.cmp(&other.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u8) -> Row {
        Row {
            id: RoomId::from_random([number; 20]),
            epoch: 1,
            members: usize::from(number),
            connections: 0,
            records: 10 - u64::from(number),
            rate: Some(f64::from(number)),
            unstored: 0,
            age_s: 0,
            quiet_s: 0,
            finished: false,
        }
    }

    fn shown(census: &Census, asked: &Asked) -> Vec<usize> {
        let page = census.page(asked);
        page.rows.iter().map(|row| row.members).collect()
    }

    #[test]
    fn the_table_is_sorted_paged_and_searched_by_id() {
        let census = Census {
            at: Duration::ZERO,
            rows: (0..6).map(row).collect(),
        };
        let asked = Asked::default();
        assert_eq!(shown(&census, &asked), [5, 4, 3, 2, 1, 0]);
        let by_records = Asked {
            sort: Sort::Records,
            from: 1,
            limit: Some(2),
            ..Asked::default()
        };
        assert_eq!(shown(&census, &by_records), [1, 2]);
        let upwards = Asked {
            sort: Sort::Members,
            up: true,
            limit: Some(1),
            ..Asked::default()
        };
        assert_eq!(shown(&census, &upwards), [0]);
        let found = Asked {
            find: " 333 ".to_owned(),
            ..Asked::default()
        };
        let page = census.page(&found);
        assert_eq!((page.rooms, page.found, page.rows.len()), (6, 1, 1));
        assert_eq!(page.rows[0].members, 3);
    }

    #[test]
    fn one_answer_is_bounded_whatever_is_asked_for() {
        let census = Census {
            at: Duration::ZERO,
            rows: vec![row(1); ROOMS_SHOWN + 50],
        };
        let all = Asked {
            limit: Some(usize::MAX),
            ..Asked::default()
        };
        assert_eq!(shown(&census, &all).len(), ROOMS_SHOWN);
        let rest = Asked {
            from: ROOMS_SHOWN,
            ..Asked::default()
        };
        assert_eq!(shown(&census, &rest).len(), 50);
    }
}
