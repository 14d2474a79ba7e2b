//! Whether the host lives and whether it should be given players: the checks behind `/healthz` and `/readyz`, and how
//! an answer looks. A host that does not live is to be restarted; one that is not ready is to be left alone for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use latchkey_journal::Figures;
use serde::Serialize;

use crate::host::Shared;
use crate::limits::{ARCHIVE_AWAY, CHECKED_WITHIN, PULSE_LATE, RETRY_AFTER_SECONDS};
use crate::ports::HostId;

/// A sign of life that a task of the host gives again and again.
#[derive(Debug, Default)]
pub(crate) struct Pulse(AtomicU64);

impl Pulse {
    /// It is alive at `now`.
    pub(crate) fn beat(&self, now: Duration) {
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        self.0.store(now, Ordering::Relaxed);
    }

    /// How long it has been silent.
    fn silent(&self, now: Duration) -> Duration {
        now.saturating_sub(Duration::from_millis(self.0.load(Ordering::Relaxed)))
    }
}

/// What the checks look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// A bound of the age of records that are not synced.
    pub(crate) journal_lag: Duration,
    /// Age of the oldest record that is not stored.
    pub(crate) archive_lag: Duration,
    /// How long every call of the archive has failed.
    pub(crate) archive_away: Duration,
    /// What the journal says of itself.
    pub(crate) journal: Figures,
    /// Whether records were refused lately, or there is no place for another.
    journal_refuses: bool,
    /// How long the host's own tasks have not run.
    silent: Duration,
    /// Which host this is while it serves, or why it does not.
    pub(crate) serving: Result<HostId, &'static str>,
    /// Whether the operator wants it emptied.
    pub(crate) draining: bool,
    /// Whether it is stopping.
    pub(crate) stopping: bool,
}

impl State {
    /// What it is now. Takes the journal's lock, which a hanging disk may hold.
    pub(crate) fn of(shared: &Shared) -> Self {
        let (journal, metrics) = (shared.desk.journal.figures(), &shared.desk.metrics);
        let (now, wall) = (shared.time.elapsed(), shared.time.wall());
        let oldest = journal.oldest_unstored;
        let lag = oldest.map_or(0, |oldest| wall.0.saturating_sub(oldest.0));
        Self {
            journal_lag: metrics.synced.lag(metrics.records.get(), now),
            archive_lag: Duration::from_millis(lag),
            archive_away: shared.archive_reach.away(now).unwrap_or_default(),
            journal,
            journal_refuses: shared.journal_reach.away(now).is_some()
                || journal.bytes >= journal.limit,
            silent: shared.pulse.silent(now),
            serving: serving(shared),
            draining: *shared.membership.drain().borrow(),
            stopping: shared.is_stopping(),
        }
    }
}

/// The right to serve at this moment.
fn serving(shared: &Shared) -> Result<HostId, &'static str> {
    let now = shared.time.ms();
    match shared.membership.serving() {
        Some(term) if term.lease.holds(now) => Ok(term.me),
        Some(_) => Err("its lease is over; it comes back when the directory answers"),
        None => Err("it is not enlisted; see its log, and whether the directory can be reached"),
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    name: &'static str,
    ok: bool,
    /// What is wrong and what to do, or how good it is.
    detail: String,
}

/// Which question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Does it live?
    Alive,
    /// Should it be given players?
    Ready,
}

#[derive(Debug, Serialize)]
struct Verdict {
    ok: bool,
    checks: Vec<Check>,
}

/// Looks at something that takes the journal's lock; nothing when it takes too long.
pub(crate) async fn look<T: Send + 'static>(at: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let looking = tokio::task::spawn_blocking(at);
    let looked = tokio::time::timeout(CHECKED_WITHIN, looking).await;
    looked.ok().and_then(Result::ok)
}

/// Whether the host lives.
pub(crate) async fn is_alive(shared: &Arc<Shared>) -> bool {
    let shared = shared.clone();
    let state = look(move || State::of(&shared)).await;
    judge(Asked::Alive, state.as_ref()).ok
}

/// Answers a check: 200 or 503, a line, or JSON when `Accept` names it.
pub(crate) async fn answer(shared: Arc<Shared>, asked: Asked, headers: &HeaderMap) -> Response {
    let state = look(move || State::of(&shared)).await;
    let verdict = judge(asked, state.as_ref());
    let status = if verdict.ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let mut response = if accept.is_some_and(|accept| accept.contains("application/json")) {
        (status, Json(verdict)).into_response()
    } else {
        (status, line(asked, &verdict)).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    if status != StatusCode::OK {
        headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
    }
    response
}

fn line(asked: Asked, verdict: &Verdict) -> String {
    let good = match asked {
        Asked::Alive => "alive",
        Asked::Ready => "ready",
    };
    if verdict.ok {
        return format!("{good}\n");
    }
    let bad = verdict.checks.iter().filter(|check| !check.ok);
    let bad: Vec<_> = bad
        .map(|check| format!("{}: {}", check.name, check.detail))
        .collect();
    format!("not {good}: {}\n", bad.join("; "))
}

fn judge(asked: Asked, state: Option<&State>) -> Verdict {
    let checks = match (state, asked) {
        (None, _) => vec![Check {
            name: "journal",
            ok: false,
            detail: format!(
                "it has not answered within {} s; look at the disk",
                CHECKED_WITHIN.as_secs()
            ),
        }],
        (Some(state), Asked::Alive) => vec![tasks(state), journal_works(state)],
        (Some(state), Asked::Ready) => vec![
            tasks(state),
            journal_works(state),
            journal_takes(state),
            archive(state),
            lease(state),
            admits(state),
        ],
    };
    Verdict {
        ok: checks.iter().all(|check| check.ok),
        checks,
    }
}

fn check(name: &'static str, ok: bool, good: impl Into<String>, bad: impl Into<String>) -> Check {
    let detail = if ok { good.into() } else { bad.into() };
    Check { name, ok, detail }
}

fn tasks(state: &State) -> Check {
    let silent = state.silent.as_secs();
    check(
        "tasks",
        state.silent < PULSE_LATE,
        "the host's tasks run",
        format!("the host's tasks have not run for {silent} s; restart the process"),
    )
}

fn journal_works(state: &State) -> Check {
    check(
        "journal",
        !state.journal.failed,
        format!("synced to {} ms", state.journal_lag.as_millis()),
        "a sync was lost, and no record is taken until everything is stored; if it lasts, look at the disk and restart",
    )
}

fn journal_takes(state: &State) -> Check {
    check(
        "journal_room",
        !state.journal_refuses,
        "records are taken",
        "the journal takes no records; look at the disk's free space and at the archive",
    )
}

fn archive(state: &State) -> Check {
    let away = state.archive_away.as_secs();
    check(
        "archive",
        state.archive_away < ARCHIVE_AWAY,
        format!("behind by {} ms", state.archive_lag.as_millis()),
        format!("no call has worked for {away} s; play goes on, but no room can be opened"),
    )
}

fn lease(state: &State) -> Check {
    let (good, bad) = match state.serving {
        Ok(me) => (format!("serves as {me}"), ""),
        Err(why) => (String::new(), why),
    };
    check("lease", state.serving.is_ok(), good, bad)
}

fn admits(state: &State) -> Check {
    let bad = if state.stopping {
        "the host is stopping"
    } else {
        "the host is being emptied (`latchkey hosts undrain` ends that)"
    };
    let admits = !state.stopping && !state.draining;
    check("admits", admits, "rooms are opened here", bad)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Generation, Slot};

    const GOOD: State = State {
        journal_lag: Duration::from_millis(30),
        archive_lag: Duration::from_millis(900),
        archive_away: Duration::ZERO,
        journal: Figures {
            bytes: 1_000,
            limit: 2_000,
            segments: 1,
            rooms: 1,
            oldest_unstored: None,
            failed: false,
        },
        journal_refuses: false,
        silent: Duration::from_secs(1),
        serving: Ok(HostId {
            slot: Slot(1),
            generation: Generation(3),
        }),
        draining: false,
        stopping: false,
    };

    fn wrong(asked: Asked, state: &State) -> Vec<&'static str> {
        let checks = judge(asked, Some(state)).checks.into_iter();
        checks
            .filter(|check| !check.ok)
            .map(|check| check.name)
            .collect()
    }

    #[test]
    fn a_host_that_plays_on_without_its_archive_lives_but_is_not_ready() {
        assert!(wrong(Asked::Alive, &GOOD).is_empty() && wrong(Asked::Ready, &GOOD).is_empty());
        let away = State {
            archive_away: ARCHIVE_AWAY,
            ..GOOD
        };
        assert!(wrong(Asked::Alive, &away).is_empty());
        assert_eq!(wrong(Asked::Ready, &away), ["archive"]);
    }

    #[test]
    fn a_lost_sync_a_dead_task_and_a_disk_that_hangs_are_reasons_to_restart() {
        let failed = State {
            journal: Figures {
                failed: true,
                ..GOOD.journal
            },
            ..GOOD
        };
        assert_eq!(wrong(Asked::Alive, &failed), ["journal"]);
        let stuck = State {
            silent: PULSE_LATE,
            ..GOOD
        };
        assert_eq!(wrong(Asked::Alive, &stuck), ["tasks"]);
        let verdict = judge(Asked::Alive, None);
        assert!(!verdict.ok);
        assert!(
            line(Asked::Alive, &verdict).starts_with("not alive: journal: it has not answered")
        );
    }

    #[test]
    fn a_full_journal_or_a_stopping_host_is_no_reason_to_restart_it() {
        let full = State {
            journal_refuses: true,
            stopping: true,
            ..GOOD
        };
        assert!(wrong(Asked::Alive, &full).is_empty());
        assert_eq!(wrong(Asked::Ready, &full), ["journal_room", "admits"]);
    }

    #[test]
    fn a_fenced_and_a_draining_host_are_given_nobody_new() {
        let fenced = State {
            serving: Err("its lease is over"),
            draining: true,
            ..GOOD
        };
        assert!(wrong(Asked::Alive, &fenced).is_empty());
        assert_eq!(wrong(Asked::Ready, &fenced), ["lease", "admits"]);
    }
}
