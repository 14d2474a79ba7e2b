//! How one game compares with the finished games of its title version.

use serde::{Deserialize, Serialize};

use super::{GameStats, Outcome, Summary};
use crate::limits::STATS_BARS;

/// How one game stands among all finished games of its title version, itself included. Only games whose
/// players escaped have a time that can be compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Finished games, whatever their outcome.
    pub games: u32,
    /// Those of them that escaped.
    pub escaped: u32,
    /// The place among those that escaped, from 1 (the fastest); equals share one. Nothing if this one did not.
    pub rank: Option<u32>,
    /// Per cent of the *other* escaped games that took longer. Nothing if this one did not escape or is the
    /// only one.
    pub faster_than: Option<f64>,
    /// The middle duration of those that escaped, in milliseconds.
    pub median_ms: Option<u64>,
    /// Per cent of the other finished games that took more hints. Nothing if this is the only one.
    pub fewer_hints_than: Option<f64>,
    /// The middle number of hints.
    pub median_hints: u64,
    /// The middle number of chat messages.
    pub median_messages: u64,
    /// Durations of those that escaped. Nothing if none did.
    pub histogram: Option<Histogram>,
}

/// How often which durations occur, in bars of equal width.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// Where the first bar begins, in milliseconds.
    pub from_ms: u64,
    /// How wide each bar is, in milliseconds; above 0.
    pub width_ms: u64,
    /// How many games each bar holds.
    pub counts: Vec<u32>,
    /// The bar this game is in; nothing if it did not escape.
    pub own: Option<usize>,
}

/// Compares a game with others. `others` may hold the game itself; it is then not counted twice.
#[must_use]
pub fn compare(stats: &GameStats, others: &[Summary]) -> Comparison {
    let own = stats.summary();
    let others: Vec<&Summary> = others
        .iter()
        .filter(|other| other.game != own.game)
        .collect();
    let escaped = |summary: &Summary| summary.outcome == Outcome::Escaped;
    let times: Vec<u64> = others
        .iter()
        .filter(|other| escaped(other))
        .map(|other| other.duration_ms)
        .collect();
    let own_time = escaped(&own).then_some(own.duration_ms);
    let all_times: Vec<u64> = times.iter().copied().chain(own_time).collect();
    let all = || others.iter().copied().chain([&own]);
    Comparison {
        games: count(others.len()) + 1,
        escaped: count(all_times.len()),
        rank: own_time.map(|own| count(times.iter().filter(|time| **time < own).count()) + 1),
        faster_than: own_time.and_then(|own| share(&times, |time| *time > own)),
        median_ms: median(all_times.clone()),
        fewer_hints_than: share(&others, |other| other.hints > own.hints),
        median_hints: median(all().map(|game| u64::from(game.hints)).collect()).unwrap_or(0),
        median_messages: median(all().map(|game| u64::from(game.messages)).collect()).unwrap_or(0),
        histogram: histogram(&all_times, own_time),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Per cent of `of` for which `is` holds, to a tenth; nothing of nothing.
fn share<T>(of: &[T], is: impl Fn(&T) -> bool) -> Option<f64> {
    if of.is_empty() {
        return None;
    }
    let part = f64::from(count(of.iter().filter(|one| is(one)).count()));
    Some((part * 1000.0 / f64::from(count(of.len()))).round() / 10.0)
}

/// The middle value; of an even number, the lower of the two.
fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// Bars from the shortest to the longest duration, of a width in whole seconds.
fn histogram(times: &[u64], own: Option<u64>) -> Option<Histogram> {
    let (first, last) = (times.iter().min()?, times.iter().max()?);
    let from_ms = first / 1000 * 1000;
    let bars = STATS_BARS as u64;
    let width_ms = ((last - from_ms) / bars + 1).div_ceil(1000) * 1000;
    let bar = |time: u64| usize::try_from((time - from_ms) / width_ms).unwrap_or(STATS_BARS - 1);
    let mut counts = vec![0; bar(*last) + 1];
    for time in times {
        counts[bar(*time)] += 1;
    }
    Some(Histogram {
        from_ms,
        width_ms,
        counts,
        own: own.map(bar),
    })
}
