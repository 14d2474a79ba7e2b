//! What is kept of a run: a row for each workload and contestant, in a file to which later runs add theirs.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// What machine they are of.
    pub machine: String,
    /// The day of the newest.
    pub date: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// One contestant under one workload; figures that the workload does not give are `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The workload's letter.
    pub workload: String,
    /// The contestant's name.
    pub contestant: String,
    /// Its version.
    pub version: String,
    /// The figures: medians of the runs, faults their sum.
    #[serde(flatten)]
    pub sample: Sample,
    /// How many runs.
    pub runs: u32,
}

/// The figures of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Processor time of all of the contestant's processes for each message delivered to one member.
    pub cpu_us_per_delivery: Option<f64>,
    /// Of that, in the program.
    pub user_us: Option<f64>,
    /// Of that, in the kernel.
    pub kernel_us: Option<f64>,
    /// From when a message was due until a member had it; for `g`, from the drop until a room is back in play.
    pub p50_ms: Option<f64>,
    /// See `p50_ms`.
    pub p99_ms: Option<f64>,
    /// See `p50_ms`.
    pub p999_ms: Option<f64>,
    /// Memory of the contestant's processes above that without connections, for each connection.
    pub kib_per_connection: Option<f64>,
    /// Memory of the kernel for the server's end of each connection.
    pub kernel_kib_per_connection: Option<f64>,
    /// Most rooms within the bound of `b`.
    pub rooms_max: Option<f64>,
    /// Deliveries that never came.
    pub lost: u64,
    /// Deliveries out of order or repeated.
    pub misordered: u64,
}

impl Sample {
    /// Median of each figure; sums of faults.
    #[must_use]
    pub fn of(runs: &[Self]) -> Self {
        let figure = |of: fn(&Self) -> Option<f64>| median(runs.iter().filter_map(of).collect());
        Self {
            cpu_us_per_delivery: figure(|run| run.cpu_us_per_delivery),
            user_us: figure(|run| run.user_us),
            kernel_us: figure(|run| run.kernel_us),
            p50_ms: figure(|run| run.p50_ms),
            p99_ms: figure(|run| run.p99_ms),
            p999_ms: figure(|run| run.p999_ms),
            kib_per_connection: figure(|run| run.kib_per_connection),
            kernel_kib_per_connection: figure(|run| run.kernel_kib_per_connection),
            rooms_max: figure(|run| run.rooms_max),
            lost: runs.iter().map(|run| run.lost).sum(),
            misordered: runs.iter().map(|run| run.misordered).sum(),
        }
    }
}

/// The middle of some figures, or of the two in the middle; three digits after the point.
fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let last = figures.len().checked_sub(1)?;
    let middle = f64::midpoint(figures[last / 2], figures[last.div_ceil(2)]);
    Some((middle * 1_000.0).round() / 1_000.0)
}

impl Figures {
    /// Reads a file; an empty one when there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is no such file.
    pub fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(path)?;
        serde_json::from_str(&text).with_context(|| format!("{} has other rows", path.display()))
    }

    /// Writes the file, a line for each row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| Ok(format!("    {}", serde_json::to_string(row)?)))
            .collect::<Result<_>>()?;
        let (machine, date) = (
            serde_json::to_string(&self.machine)?,
            serde_json::to_string(&self.date)?,
        );
        let rows = rows.join(",\n");
        let text = format!(
            "{{\n  \"machine\": {machine},\n  \"date\": {date},\n  \"rows\": [\n{rows}\n  ]\n}}\n"
        );
        fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Puts a row in, instead of an earlier one of the same workload and contestant.
    pub fn put(&mut self, row: Row) {
        let same =
            |other: &&mut Row| other.workload == row.workload && other.contestant == row.contestant;
        match self.rows.iter_mut().find(same) {
            Some(place) => *place = row,
            None => self.rows.push(row),
        }
    }

    /// The row of a workload and contestant.
    #[must_use]
    pub fn get(&self, workload: &str, contestant: &str) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.workload == workload && row.contestant == contestant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(workload: &str, contestant: &str, cpu: f64) -> Row {
        Row {
            workload: workload.into(),
            contestant: contestant.into(),
            version: "1.0.0".into(),
            sample: Sample {
                cpu_us_per_delivery: Some(cpu),
                ..Sample::default()
            },
            runs: 3,
        }
    }

    #[test]
    fn a_row_replaces_the_earlier_one_of_its_workload_and_contestant_and_no_other() {
        let mut figures = Figures::default();
        for (workload, contestant) in [("a", "floor"), ("a", "latchkey"), ("b", "floor")] {
            figures.put(row(workload, contestant, 1.0));
        }
        figures.put(row("a", "latchkey", 2.0));
        let cpu: Vec<_> = figures
            .rows
            .iter()
            .map(|row| row.sample.cpu_us_per_delivery)
            .collect();
        assert_eq!(cpu, [Some(1.0), Some(2.0), Some(1.0)]);
        assert_eq!(
            figures.get("a", "latchkey"),
            Some(&row("a", "latchkey", 2.0))
        );
        assert_eq!(figures.get("c", "latchkey"), None);
    }

    #[test]
    fn figures_are_the_same_after_writing_and_reading_and_have_all_fields() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("figures.json");
        assert_eq!(Figures::read(&path).unwrap(), Figures::default());
        let figures = Figures {
            machine: "a \"machine\"".into(),
            date: "2026-11-23".into(),
            rows: vec![row("a", "floor", 11.25), row("b", "floor", 12.0)],
        };
        figures.write(&path).unwrap();
        assert_eq!(Figures::read(&path).unwrap(), figures);
        let text = fs::read_to_string(&path).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut fields: Vec<_> = value["rows"][0].as_object().unwrap().keys().collect();
        fields.sort_unstable();
        let expected = "contestant cpu_us_per_delivery kernel_kib_per_connection kernel_us kib_per_connection lost \
                        misordered p50_ms p999_ms p99_ms rooms_max runs user_us version workload";
        assert_eq!(fields, expected.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn a_sample_of_runs_is_the_median_of_figures_and_the_sum_of_faults() {
        let run = |p50_ms, rooms_max, lost| Sample {
            p50_ms: Some(p50_ms),
            rooms_max,
            lost,
            ..Sample::default()
        };
        let sample = Sample::of(&[
            run(3.0, None, 1),
            run(1.0, Some(10.0), 0),
            run(2.0, Some(20.0), 2),
        ]);
        assert_eq!(sample.p50_ms, Some(2.0));
        assert_eq!(sample.rooms_max, Some(15.0));
        assert_eq!(sample.p99_ms, None);
        assert_eq!(sample.lost, 3);
    }
}
