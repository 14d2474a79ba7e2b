//! The end page: the stats of a game once they are computed, and the wait until then.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use latchkey_platform::stats::{Comparison, GameStats, Outcome as How, PlayerStats, StatsReport};
use latchkey_protocol::GameId;
use serde::Serialize;

use super::launch::refused;
use super::play::game_and_key;
use crate::charts::{self, Bars, Tally, Timeline};
use crate::forms::Part;
use crate::guard::policy::Allow;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::text::{End, fill};
use crate::view::{self, Shell};

/// How far a game is from its stats.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// The site has not heard of its end.
    Running,
    /// It has ended, and its records are being counted.
    Counting,
}

impl Stage {
    /// Progress for the eye; the two steps take about as long.
    fn percent(self) -> u8 {
        match self {
            Self::Running => 15,
            Self::Counting => 60,
        }
    }
}

enum Outcome {
    Waiting(Stage),
    Done(Box<Report>),
}

struct Report {
    heading: &'static str,
    duration: String,
    comparison: String,
    timeline: Option<Timeline>,
    milestones: Vec<MilestoneRow>,
    durations: Option<Bars>,
    tallies: Vec<Tally>,
    players: Vec<PlayerStats>,
}

struct MilestoneRow {
    name: String,
    by: String,
    at: String,
}

#[derive(Template)]
#[template(path = "end.html")]
struct EndPage {
    shell: Shell,
    game: String,
    outcome: Outcome,
}

async fn look(
    site: &Site,
    headers: &HeaderMap,
    text: &str,
) -> Result<Result<StatsReport, Stage>, Refusal> {
    let (id, key) = game_and_key(text, headers)?;
    let (game, _) = site.platform.launch.seat(id, &key).await.map_err(refused)?;
    let waiting = if game.finished.is_some() {
        Stage::Counting
    } else {
        Stage::Running
    };
    Ok(report(site, id).await?.ok_or(waiting))
}

async fn report(site: &Site, id: GameId) -> Result<Option<StatsReport>, Refusal> {
    site.platform.stats.get(id).await.map_err(Refusal::busy)
}

/// `GET /games/{game}/end`.
pub(crate) async fn show(
    State(site): State<Site>,
    Part(text): Part<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let shell = Shell::private(site.is_dev());
    let outcome = match look(&site, &headers, &text).await? {
        Ok(report) => Outcome::Done(Box::new(Report::new(&report, &shell.t.end))),
        Err(stage) => Outcome::Waiting(stage),
    };
    let allow = if matches!(outcome, Outcome::Waiting(_)) {
        Allow::scripts()
    } else {
        Allow::nothing()
    };
    Ok(view::private(
        &EndPage {
            shell,
            game: text,
            outcome,
        },
        allow,
    ))
}

#[derive(Serialize)]
struct Progress {
    state: Stage,
    percent: u8,
}

/// `GET /games/{game}/stats`: the report, or 202 and how far it is.
pub(crate) async fn stats(
    State(site): State<Site>,
    Part(text): Part<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    Ok(match look(&site, &headers, &text).await? {
        Ok(report) => view::json(StatusCode::OK, &report),
        Err(state) => view::json(
            StatusCode::ACCEPTED,
            &Progress {
                state,
                percent: state.percent(),
            },
        ),
    })
}

impl Report {
    fn new(report: &StatsReport, t: &End) -> Self {
        let stats = &report.stats;
        Self {
            heading: match stats.outcome {
                How::Escaped => t.escaped,
                How::GivenUp => t.given_up,
                How::Other => t.finished,
            },
            duration: charts::clock(stats.duration_ms),
            comparison: compared(&report.comparison, t),
            timeline: charts::timeline(stats, t.nobody),
            milestones: stats
                .milestones
                .iter()
                .map(|milestone| row(stats, milestone, t))
                .collect(),
            durations: report.comparison.histogram.as_ref().map(charts::histogram),
            tallies: vec![
                charts::tally(t.messages, &stats.players, |player| player.messages),
                charts::tally(t.hints, &stats.players, |player| player.hints),
                charts::tally(t.milestones, &stats.players, |player| player.milestones),
            ],
            players: stats.players.clone(),
        }
    }
}

fn row(
    stats: &GameStats,
    milestone: &latchkey_platform::stats::Milestone,
    t: &End,
) -> MilestoneRow {
    let by = stats
        .players
        .iter()
        .find(|player| Some(player.member) == milestone.member);
    MilestoneRow {
        name: readable(&milestone.name),
        by: by
            .map_or(t.nobody, |player| player.name.as_str())
            .to_owned(),
        at: charts::clock(milestone.after_ms),
    }
}

/// A milestone's name as words: titles name them for programs (`desk-opened`).
fn readable(name: &str) -> String {
    let words = name.replace(['-', '_'], " ");
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// The sentence that compares a group with all others of the same title version.
fn compared(comparison: &Comparison, t: &End) -> String {
    let others = comparison.escaped.saturating_sub(1);
    match (comparison.rank, comparison.faster_than) {
        (Some(_), None) => t.first.to_owned(),
        (Some(1), Some(_)) if others == 1 => t.fastest_of_two.to_owned(),
        (Some(_), Some(_)) if others == 1 => t.slowest_of_two.to_owned(),
        (Some(1), Some(_)) => fill(t.fastest, &[("n", &others.to_string())]),
        (Some(_), Some(percent)) => fill(
            t.compared,
            &[
                ("percent", &percent.to_string()),
                ("n", &others.to_string()),
            ],
        ),
        (None, _) => fill(
            t.not_out,
            &[
                ("escaped", &comparison.escaped.to_string()),
                ("games", &comparison.games.to_string()),
            ],
        ),
    }
}
