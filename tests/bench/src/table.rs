//! The table of a workload, aligned, in colour on a terminal.

use std::io::IsTerminal as _;

use crate::rows::{Row, Sample};
use crate::workloads::{Kind, Workload};

/// Digits after the point.
type Digits = usize;
/// A column: its head, its figure, and with how many digits.
type Column = (&'static str, fn(&Sample) -> Option<f64>, Digits);

const COLUMNS: [Column; 9] = [
    ("cpu us", |row| row.cpu_us_per_delivery, 1),
    ("user", |row| row.user_us, 1),
    ("kernel", |row| row.kernel_us, 1),
    ("p50 ms", |row| row.p50_ms, 2),
    ("p99 ms", |row| row.p99_ms, 2),
    ("p999 ms", |row| row.p999_ms, 2),
    ("KiB/conn", |row| row.kib_per_connection, 1),
    ("+kernel", |row| row.kernel_kib_per_connection, 1),
    ("rooms", |row| row.rooms_max, 0),
];

/// The table.
#[must_use]
pub fn of(workload: &Workload, rows: &[Row]) -> String {
    let colour = std::io::stdout().is_terminal();
    let paint = |code: &str, text: String| {
        if colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text
        }
    };
    let shown: Vec<&Column> = COLUMNS
        .iter()
        .filter(|(_, figure, _)| rows.iter().any(|row| figure(&row.sample).is_some()))
        .collect();
    let heads: String = shown
        .iter()
        .map(|(head, ..)| format!("{head:>9}"))
        .collect();
    let mut lines = vec![
        paint("1", format!("({}) {}", workload.name, workload.title)),
        paint(
            "2",
            format!(
                "{:<20}{:<9}{heads}{:>8}{:>8}{:>7}",
                "", "version", "x floor", "lost", "misord"
            ),
        ),
    ];
    let floor = cost(rows, "floor");
    let best = rows
        .iter()
        .filter(|row| row.contestant != "floor")
        .filter_map(|row| rank(workload, &row.sample))
        .min_by(f64::total_cmp);
    for row in rows {
        let figures: String = shown
            .iter()
            .map(|(_, figure, digits)| match figure(&row.sample) {
                Some(figure) => format!("{figure:>9.digits$}"),
                None => format!("{:>9}", "-"),
            })
            .collect();
        let ratio = floor.zip(row.sample.cpu_us_per_delivery);
        let ratio = ratio.map_or("-".to_owned(), |(floor, cost)| {
            format!("{:.2}", cost / floor)
        });
        let Sample {
            lost, misordered, ..
        } = row.sample;
        let faults = format!("{lost:>8}{misordered:>7}");
        let faults = if lost + misordered > 0 {
            paint("31", faults)
        } else {
            faults
        };
        let name = format!("{:<20}", row.contestant);
        let name =
            if best.is_some() && rank(workload, &row.sample) == best && row.contestant != "floor" {
                paint("32", name)
            } else {
                name
            };
        lines.push(format!(
            "{name}{:<9}{figures}{ratio:>8}{faults}",
            row.version
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn cost(rows: &[Row], contestant: &str) -> Option<f64> {
    let row = rows.iter().find(|row| row.contestant == contestant)?;
    row.sample.cpu_us_per_delivery
}

/// What a workload is about: less is better.
fn rank(workload: &Workload, sample: &Sample) -> Option<f64> {
    match workload.kind {
        Kind::Talking(_) => sample.cpu_us_per_delivery,
        Kind::Growing => sample.rooms_max.map(|rooms| -rooms),
        Kind::Idle => sample.kib_per_connection,
        Kind::Rejoining => sample.p99_ms,
    }
}
