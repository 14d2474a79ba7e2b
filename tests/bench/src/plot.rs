//! Draws kept rows as bars, one SVG file for each question. The writer is ours because the plots are few and plain; the
//! colours follow the reader's light or dark page.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::contestants;
use crate::page;
use crate::rows::{Figures, Sample};

/// A part of a bar: its name and its figure.
type Part = (&'static str, fn(&Sample) -> Option<f64>);

/// One plot.
struct Plot {
    file: &'static str,
    workload: &'static str,
    title: &'static str,
    unit: &'static str,
    /// The parts of a bar, each with its name.
    parts: &'static [Part],
}

const PLOTS: [Plot; 6] = [
    Plot {
        file: "cpu-busy.svg",
        workload: "a",
        title: "Processor time for each delivered message, 100 rooms x 4 at 10 messages/s each",
        unit: "microseconds",
        parts: COST,
    },
    Plot {
        file: "cpu-calm.svg",
        workload: "a2",
        title: "Processor time for each delivered message, 100 rooms x 4 at 2 messages/s each",
        unit: "microseconds",
        parts: COST,
    },
    Plot {
        file: "rooms.svg",
        workload: "b",
        title: "Rooms of four on one core at 2 messages/s each, p99 within 50 ms",
        unit: "rooms",
        parts: &[("rooms", |row| row.rooms_max)],
    },
    Plot {
        file: "memory.svg",
        workload: "c",
        title: "Memory for each of 4,000 idle members",
        unit: "KiB",
        parts: &[
            ("processes", |row| row.kib_per_connection),
            ("kernel", |row| row.kernel_kib_per_connection),
        ],
    },
    Plot {
        file: "latency.svg",
        workload: "a2",
        title: "Latency of 99 of 100 deliveries, 100 rooms x 4 at 2 messages/s each",
        unit: "milliseconds",
        parts: &[("p99", |row| row.p99_ms)],
    },
    Plot {
        file: "large.svg",
        workload: "f",
        title: "Processor time for each delivered message of 16 KiB",
        unit: "microseconds",
        parts: COST,
    },
];

const COST: &[Part] = &[
    ("kernel", |row| row.kernel_us),
    ("program", |row| row.user_us),
];

/// Measures of a plot, in pixels.
const WIDTH: f64 = 760.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 64.0;
const BAR: f64 = 20.0;
const STEP: f64 = 30.0;

const STYLE: &str = "<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 14px }
.small { font-size: 11px; fill: #59636e }
.grid { stroke: #d1d9e0 }
.part0 { fill: #3b6ea8 } .part1 { fill: #c2782f }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .small { fill: #9198a1 } .grid { stroke: #3d444d }
.part0 { fill: #6ea8e6 } .part1 { fill: #e5a663 }
}
</style>
";

/// The plots of a workload for which there are figures: file and title.
pub fn of(workload: &str, figures: &Figures) -> impl Iterator<Item = (&'static str, &'static str)> {
    PLOTS
        .iter()
        .filter(move |plot| plot.workload == workload && !bars(plot, figures).is_empty())
        .map(|plot| (plot.file, plot.title))
}

/// Draws the figures of a file into the folder of its name beside it, and puts them into the page of its name.
///
/// # Errors
/// When they cannot be read or written.
pub fn draw(file: &Path) -> Result<()> {
    anyhow::ensure!(
        file.exists(),
        "{} is not there; measure with --json first",
        file.display()
    );
    let figures = Figures::read(file)?;
    page::fill(&file.with_extension("md"), &figures)?;
    let folder = file.with_extension("");
    fs::create_dir_all(&folder)?;
    for plot in &PLOTS {
        let bars = bars(plot, &figures);
        if bars.is_empty() {
            continue;
        }
        let path = folder.join(plot.file);
        fs::write(&path, svg(plot, &bars))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Name and parts of each contestant that has a figure.
fn bars(plot: &Plot, figures: &Figures) -> Vec<(&'static str, Vec<f64>)> {
    let row = |contestant: &contestants::Contestant| {
        let row = figures.get(plot.workload, contestant.name)?;
        let parts: Option<Vec<f64>> = plot
            .parts
            .iter()
            .map(|(_, part)| part(&row.sample))
            .collect();
        Some((contestant.name, parts?))
    };
    contestants::ALL.iter().filter_map(row).collect()
}

fn svg(plot: &Plot, bars: &[(&str, Vec<f64>)]) -> String {
    let longest = bars
        .iter()
        .map(|(_, parts)| parts.iter().sum())
        .fold(0.0, f64::max);
    let step = round_step(longest / 5.0);
    let most = (longest / step).ceil().max(1.0) * step;
    let across = |value: f64| LEFT + value / most * (WIDTH - LEFT - RIGHT);
    let bottom = bars.iter().fold(TOP, |y, _| y + STEP);
    let height = bottom + 44.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{title}, in {unit}\">\n{STYLE}<text class=\"title\" x=\"8\" y=\"20\">{title}</text>\n",
        title = plot.title,
        unit = plot.unit
    );
    legend(plot, &mut out);
    let mut line = 0.0;
    while line <= most + step / 2.0 {
        let x = across(line);
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{bottom}\"/>\
             <text class=\"small\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            TOP - 6.0,
            bottom + 14.0,
            shown(line)
        );
        line += step;
    }
    let _ = writeln!(
        out,
        "<text class=\"small\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        across(most / 2.0),
        bottom + 32.0,
        plot.unit
    );
    let mut y = TOP;
    for (name, parts) in bars {
        let middle = y + BAR / 2.0 + 4.5;
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{name}</text>",
            LEFT - 8.0
        );
        let mut from = 0.0;
        for (number, part) in parts.iter().enumerate() {
            let (x, width) = (across(from), across(from + part) - across(from));
            let _ = writeln!(
                out,
                "<rect class=\"part{number}\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\"/>"
            );
            from += part;
        }
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{middle}\">{}</text>",
            across(from) + 6.0,
            shown(from)
        );
        y += STEP;
    }
    out.push_str("</svg>\n");
    out
}

/// What the parts of a bar are, where there are several.
fn legend(plot: &Plot, out: &mut String) {
    if plot.parts.len() < 2 {
        return;
    }
    let mut x = LEFT;
    for (number, (name, _)) in plot.parts.iter().enumerate() {
        let _ = writeln!(
            out,
            "<rect class=\"part{number}\" x=\"{x}\" y=\"34\" width=\"12\" height=\"12\"/>\
             <text class=\"small\" x=\"{}\" y=\"44\">{name}</text>",
            x + 17.0
        );
        x += 100.0;
    }
}

/// The next of 1, 2, 5, 10, 20, ... at or above `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(1e-6).log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= least)
        .unwrap_or(10.0 * power)
}

/// A figure as a person writes it.
#[must_use]
pub fn shown(figure: f64) -> String {
    match figure {
        figure if figure >= 100.0 || figure == 0.0 => format!("{figure:.0}"),
        figure if figure >= 10.0 => format!("{figure:.1}"),
        figure => format!("{figure:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Row;

    #[test]
    fn lines_of_the_grid_are_round_numbers() {
        for (least, step) in [
            (0.3, 0.5),
            (1.0, 1.0),
            (1.1, 2.0),
            (6.0, 10.0),
            (480.0, 500.0),
        ] {
            assert!((round_step(least) - step).abs() < 1e-9, "{least}");
        }
    }

    #[test]
    fn a_plot_has_a_bar_for_each_contestant_with_figures_and_its_unit() {
        let row = |contestant: &str, cpu: Option<f64>| Row {
            workload: "a".into(),
            contestant: contestant.into(),
            version: "1".into(),
            sample: Sample {
                user_us: cpu,
                kernel_us: cpu,
                ..Sample::default()
            },
            runs: 3,
        };
        let figures = Figures {
            rows: vec![
                row("floor", Some(5.5)),
                row("latchkey", Some(8.0)),
                row("seed", None),
            ],
            ..Figures::default()
        };
        let bars = bars(&PLOTS[0], &figures);
        assert_eq!(bars.len(), 2);
        let drawn = svg(&PLOTS[0], &bars);
        assert!(drawn.contains(">floor<") && drawn.contains(">11.0<"));
        assert!(drawn.contains(">microseconds<") && !drawn.contains(">seed<"));
    }
}
