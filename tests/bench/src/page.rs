//! Puts kept rows into the page that explains them: a table for each workload, and its plots, between two marks.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::plot;
use crate::rows::{Figures, Row};
use crate::workloads;

/// What is between these lines of the page is written by [`fill`].
const MARKS: (&str, &str) = ("<!-- figures -->\n", "<!-- end of figures -->\n");

/// Writes the figures into the page.
///
/// # Errors
/// When the page is not there or has not the two marks.
pub fn fill(page: &Path, figures: &Figures) -> Result<()> {
    let text =
        fs::read_to_string(page).with_context(|| format!("{} cannot be read", page.display()))?;
    let filled = filled(&text, figures)
        .with_context(|| format!("{} lacks the marks of its figures", page.display()))?;
    fs::write(page, filled).with_context(|| format!("{} cannot be written", page.display()))
}

fn filled(text: &str, figures: &Figures) -> Option<String> {
    let (before, rest) = text.split_once(MARKS.0)?;
    let (_, after) = rest.split_once(MARKS.1)?;
    let (begin, end) = MARKS;
    Some(format!("{before}{begin}{}{end}{after}", tables(figures)))
}

fn tables(figures: &Figures) -> String {
    let mut out = format!("Measured {} on {}.\n", figures.date, figures.machine);
    for workload in &workloads::ALL {
        let rows: Vec<&Row> = figures
            .rows
            .iter()
            .filter(|row| row.workload == workload.name)
            .collect();
        if rows.is_empty() {
            continue;
        }
        let _ = write!(
            out,
            "\n### ({}) {}\n\n\
             | | version | cpu us | user | kernel | p50 ms | p99 ms | p999 ms | KiB | kernel KiB | rooms | lost | misordered | runs |\n\
             |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
            workload.name, workload.title
        );
        for row in rows {
            line(row, &mut out);
        }
        for (file, title) in plot::of(workload.name, figures) {
            let _ = write!(out, "\n![{title}](performance/{file})\n");
        }
    }
    out
}

fn line(row: &Row, out: &mut String) {
    let sample = &row.sample;
    let figures = [
        sample.cpu_us_per_delivery,
        sample.user_us,
        sample.kernel_us,
        sample.p50_ms,
        sample.p99_ms,
        sample.p999_ms,
        sample.kib_per_connection,
        sample.kernel_kib_per_connection,
        sample.rooms_max,
    ];
    let _ = write!(out, "| {} | {} |", row.contestant, row.version);
    for figure in figures {
        let shown = figure.map_or(String::new(), plot::shown);
        let _ = write!(out, " {shown} |");
    }
    let _ = writeln!(
        out,
        " {} | {} | {} |",
        sample.lost, sample.misordered, row.runs
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Sample;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let figures = Figures {
            machine: "a machine".into(),
            date: "2026-11-23".into(),
            rows: vec![Row {
                workload: "a".into(),
                contestant: "floor".into(),
                version: "1".into(),
                sample: Sample {
                    cpu_us_per_delivery: Some(11.04),
                    ..Sample::default()
                },
                runs: 3,
            }],
        };
        let page = "before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n";
        let once = filled(page, &figures).unwrap();
        assert!(once.starts_with("before\n") && once.ends_with("\nafter\n"));
        assert!(once.contains("| floor | 1 | 11.0 |") && !once.contains("old"));
        assert_eq!(filled(&once, &figures).unwrap(), once);
        assert_eq!(filled("a page without marks", &figures), None);
    }
}
