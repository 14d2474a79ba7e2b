//! The numbers of a finished game as shapes: where each mark of a chart goes. Templates draw them. Positions along the
//! time are per cent of the chart's width, so that charts stretch while their words keep a readable size.

use latchkey_platform::stats::{GameStats, Histogram, PlayerStats};

/// Height of one player's lane in the timeline, in pixels.
const LANE: usize = 58;
/// Where the line of a lane runs, from its top.
const LANE_LINE: usize = 40;
/// Bars that fit a chart at least, so that a single one is a bar and not a wall.
const LEAST_BARS: usize = 6;
/// Height of the highest bar of the histogram, in pixels.
const BAR_HEIGHT: u64 = 150;
/// Room above the bars for their numbers.
const BAR_TOP: u64 = 40;
/// Most labels below the histogram; more would run into each other on a phone.
const LABELS: usize = 5;
/// Marks stay this far from both edges, in per cent, so that they are whole.
const MARGIN: f64 = 3.0;

/// Milestones over time, one lane per player.
pub(crate) struct Timeline {
    pub(crate) height: usize,
    pub(crate) axis: usize,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) ticks: Vec<Tick>,
}

/// One player's line.
pub(crate) struct Lane {
    pub(crate) name: String,
    pub(crate) text: usize,
    pub(crate) line: usize,
}

/// One milestone.
pub(crate) struct Mark {
    pub(crate) number: usize,
    pub(crate) x: String,
    pub(crate) y: usize,
    pub(crate) colour: String,
}

/// A number on the axis of time.
pub(crate) struct Tick {
    pub(crate) x: String,
    pub(crate) label: String,
    pub(crate) anchor: &'static str,
}

/// Draws the milestones of a game; nothing if there are none. Those of nobody (or of somebody who is not among the
/// players) get a lane of their own, named `nobody`.
pub(crate) fn timeline(stats: &GameStats, nobody: &str) -> Option<Timeline> {
    if stats.milestones.is_empty() {
        return None;
    }
    let lane_of = |milestone: &latchkey_platform::stats::Milestone| {
        stats
            .players
            .iter()
            .position(|player| Some(player.member) == milestone.member)
    };
    let mut names: Vec<String> = stats
        .players
        .iter()
        .map(|player| player.name.as_str().to_owned())
        .collect();
    if stats
        .milestones
        .iter()
        .any(|milestone| lane_of(milestone).is_none())
    {
        names.push(nobody.to_owned());
    }
    let whole = stats.duration_ms.max(1);
    let marks = stats
        .milestones
        .iter()
        .enumerate()
        .map(|(index, milestone)| {
            let lane = lane_of(milestone).unwrap_or(stats.players.len());
            Mark {
                number: index + 1,
                x: percent(milestone.after_ms.min(whole), whole),
                y: lane * LANE + LANE_LINE,
                colour: stats
                    .players
                    .get(lane)
                    .map_or_else(|| "#475467".to_owned(), |player| player.colour.to_string()),
            }
        });
    let axis = names.len() * LANE + 8;
    Some(Timeline {
        height: axis + 30,
        axis,
        marks: marks.collect(),
        ticks: ticks(whole),
        lanes: names
            .into_iter()
            .enumerate()
            .map(|(index, name)| Lane {
                name,
                text: index * LANE + 18,
                line: index * LANE + LANE_LINE,
            })
            .collect(),
    })
}

/// Labels at the beginning, the thirds and the end.
fn ticks(whole: u64) -> Vec<Tick> {
    let anchors = ["start", "middle", "middle", "end"];
    let at = |part: u64| whole * part / 3;
    (0..)
        .zip(anchors)
        .map(|(part, anchor)| Tick {
            x: percent(at(part), whole),
            label: clock(at(part)),
            anchor,
        })
        .collect()
}

/// How often groups took how long.
pub(crate) struct Bars {
    pub(crate) height: u64,
    pub(crate) base: u64,
    pub(crate) bars: Vec<Bar>,
}

/// One bar of the histogram.
pub(crate) struct Bar {
    pub(crate) x: String,
    pub(crate) middle: String,
    pub(crate) width: String,
    pub(crate) y: u64,
    pub(crate) height: u64,
    pub(crate) count: u32,
    pub(crate) from: String,
    pub(crate) label: String,
    pub(crate) labelled: bool,
    pub(crate) ours: bool,
}

/// Draws the durations of all groups, with the bar of this one marked.
pub(crate) fn histogram(histogram: &Histogram) -> Bars {
    let most = u64::from(histogram.counts.iter().copied().max().unwrap_or(0)).max(1);
    let bars = histogram.counts.len().max(1);
    let step = 100.0 / bars.max(LEAST_BARS) as f64;
    let base = BAR_TOP + BAR_HEIGHT;
    let every = bars.div_ceil(LABELS);
    let bar = |(index, count): (usize, &u32)| {
        let from = histogram.from_ms + index as u64 * histogram.width_ms;
        let height = (u64::from(*count) * BAR_HEIGHT / most).max(u64::from(*count > 0) * 3);
        Bar {
            x: format!("{:.2}", step * (index as f64 + 0.08)),
            middle: format!("{:.2}", step * (index as f64 + 0.5)),
            width: format!("{:.2}", step * 0.84),
            y: base - height,
            height,
            count: *count,
            from: clock(from),
            label: format!("{} – {}", clock(from), clock(from + histogram.width_ms)),
            labelled: index % every == 0,
            ours: histogram.own == Some(index),
        }
    };
    Bars {
        height: base + 28,
        base,
        bars: histogram.counts.iter().enumerate().map(bar).collect(),
    }
}

/// One thing that was counted, for all players.
pub(crate) struct Tally {
    pub(crate) name: &'static str,
    pub(crate) rows: Vec<TallyRow>,
}

/// One player's count.
pub(crate) struct TallyRow {
    pub(crate) name: String,
    pub(crate) colour: String,
    pub(crate) value: u32,
    pub(crate) width: String,
}

/// Draws one count of all players, the largest over the whole width.
pub(crate) fn tally(
    name: &'static str,
    players: &[PlayerStats],
    count: impl Fn(&PlayerStats) -> u32,
) -> Tally {
    let most = players.iter().map(&count).max().unwrap_or(0).max(1);
    let row = |player: &PlayerStats| TallyRow {
        name: player.name.as_str().to_owned(),
        colour: player.colour.to_string(),
        value: count(player),
        width: format!("{:.2}", f64::from(count(player)) * 100.0 / f64::from(most)),
    };
    Tally {
        name,
        rows: players.iter().map(row).collect(),
    }
}

/// A length of time as a clock shows it: `12:05`, `1:02:05`.
pub(crate) fn clock(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

fn percent(part: u64, whole: u64) -> String {
    let share = part as f64 / whole as f64;
    format!("{:.2}", MARGIN + share * (100.0 - 2.0 * MARGIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_read_like_a_clock() {
        assert_eq!(clock(0), "0:00");
        assert_eq!(clock(725_900), "12:05");
        assert_eq!(clock(3_725_000), "1:02:05");
    }

    #[test]
    fn bars_keep_within_the_chart_and_ours_is_marked() {
        let shape = histogram(&Histogram {
            from_ms: 600_000,
            width_ms: 60_000,
            counts: vec![1, 0, 400, 2],
            own: Some(2),
        });
        assert!(
            shape
                .bars
                .iter()
                .all(|bar| bar.y + bar.height == shape.base && bar.y >= BAR_TOP)
        );
        assert_eq!(shape.bars.iter().filter(|bar| bar.ours).count(), 1);
        assert_eq!(shape.bars[1].height, 0);
        assert!(
            shape.bars[0].height > 0,
            "a single group is still to be seen"
        );
        assert_eq!(shape.bars[2].label, "12:00 – 13:00");
    }
}
