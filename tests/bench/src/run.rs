//! A whole run: installs what is needed, then goes through workloads, rounds and contestants, and keeps the rows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::contestants::{self, Contestant, Start};
use crate::measure::{machine, quiet};
use crate::progress::Progress;
use crate::rows::{Figures, Row, Sample};
use crate::server::Places;
use crate::table;
use crate::trial::trial;
use crate::workloads::{self, Workload};

/// What a run can be told.
#[derive(Debug, Args)]
pub struct Settings {
    /// Short and small: shows that all works, gives no figures to keep. Of the contestants, ours alone unless named.
    #[arg(long)]
    pub quick: bool,
    /// Contestants, by comma.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub only: Vec<String>,
    /// Workloads, by comma.
    #[arg(long, value_delimiter = ',', value_name = "LETTERS")]
    pub workload: Vec<String>,
    /// File of rows to add to.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Runs of which the median is taken; 3, or 1 when quick.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub runs: Option<u32>,
    /// Seconds to wait for a quiet machine before each round; 120, or 0 when quick.
    #[arg(long)]
    pub patience: Option<u64>,
    /// Folder for what is installed.
    #[arg(long, env = "LATCHKEY_BENCH_CACHE", hide_env = true)]
    pub cache: PathBuf,
}

/// Does a run.
///
/// # Errors
/// When nothing of the kind asked for exists. A contestant that fails is told of, and the run goes on.
pub fn run(settings: &Settings) -> Result<()> {
    let contestants = chosen_contestants(settings)?;
    let workloads = chosen_workloads(settings)?;
    let progress = Progress::new();
    let places = Places {
        cache: settings.cache.clone(),
        scratch: settings.cache.join("scratch"),
    };
    fs::create_dir_all(&places.scratch)
        .with_context(|| format!("{} cannot be made", places.scratch.display()))?;
    for contestant in &contestants {
        install(contestant, &places, &progress)?;
    }
    let mut figures = match &settings.json {
        Some(path) => Figures::read(path)?,
        None => Figures::default(),
    };
    let mut failures = 0;
    for workload in &workloads {
        let who: Vec<_> = contestants
            .iter()
            .filter(|contestant| workload.is_for(contestant))
            .copied()
            .collect();
        let (rows, failed) = rounds(workload, &who, settings, &places, &progress)?;
        failures += failed;
        progress.clear();
        println!("{}", table::of(workload, &rows));
        rows.into_iter().for_each(|row| figures.put(row));
        if let Some(path) = &settings.json {
            figures.machine = machine::describe();
            figures.date = machine::date();
            figures.write(path)?;
        }
    }
    anyhow::ensure!(failures == 0, "{failures} runs failed; each said why above");
    Ok(())
}

/// All rounds of one workload. Contestants take turns within a round, so that a machine that drifts drifts for all.
fn rounds(
    workload: &Workload,
    who: &[&Contestant],
    settings: &Settings,
    places: &Places,
    progress: &Progress,
) -> Result<(Vec<Row>, u32)> {
    let runs = settings.runs.unwrap_or(if settings.quick { 1 } else { 3 });
    let patience = settings
        .patience
        .unwrap_or(if settings.quick { 0 } else { 120 });
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); who.len()];
    let mut failures = 0;
    for run in 0..runs {
        if patience > 0 {
            quiet::wait(Duration::from_secs(patience), progress);
        }
        for (contestant, samples) in who.iter().zip(&mut samples) {
            let name = contestant.name;
            progress.say(&format!(
                "{} {name}: run {} of {runs}",
                workload.name,
                run + 1
            ));
            match trial(contestant, workload, samples, places, progress) {
                Ok(sample) => samples.push(sample),
                Err(error) => {
                    failures += 1;
                    progress.note(&format!("{} {name} failed: {error:#}", workload.name));
                }
            }
        }
    }
    let rows = who
        .iter()
        .zip(samples)
        .filter(|(_, samples)| !samples.is_empty());
    let rows = rows.map(|(contestant, samples)| {
        Ok(Row {
            workload: workload.name.to_owned(),
            contestant: contestant.name.to_owned(),
            version: contestant.version()?,
            sample: Sample::of(&samples),
            runs: u32::try_from(samples.len())?,
        })
    });
    Ok((rows.collect::<Result<_>>()?, failures))
}

fn install(contestant: &Contestant, places: &Places, progress: &Progress) -> Result<()> {
    if contestant.start != Start::Script {
        return Ok(());
    }
    progress.say(&format!("installing {}", contestant.name));
    let cache = places.cache.join(contestant.name);
    fs::create_dir_all(&cache)?;
    let script = contestant.folder().join("install");
    let output = Command::new(&script).arg(&cache).output();
    let output = output.with_context(|| format!("{} cannot be run", script.display()))?;
    anyhow::ensure!(
        output.status.success(),
        "{} cannot be installed:\n{}{}",
        contestant.name,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn chosen_contestants(settings: &Settings) -> Result<Vec<&'static Contestant>> {
    let names: Vec<&str> = contestants::ALL.iter().map(|one| one.name).collect();
    check("contestant", &settings.only, &names)?;
    let chosen = |one: &&Contestant| {
        if settings.only.is_empty() {
            !settings.quick || one.ours
        } else {
            settings.only.iter().any(|name| name == one.name)
        }
    };
    Ok(contestants::ALL.iter().filter(chosen).collect())
}

fn chosen_workloads(settings: &Settings) -> Result<Vec<Workload>> {
    let names: Vec<&str> = workloads::ALL.iter().map(|one| one.name).collect();
    check("workload", &settings.workload, &names)?;
    let chosen = |one: &&Workload| {
        settings.workload.is_empty() || settings.workload.iter().any(|name| name == one.name)
    };
    let all = workloads::ALL.iter().filter(chosen).copied();
    Ok(all
        .map(|one| if settings.quick { one.quick() } else { one })
        .collect())
}

fn check(what: &str, asked: &[String], there: &[&str]) -> Result<()> {
    match asked.iter().find(|name| !there.contains(&name.as_str())) {
        Some(name) => anyhow::bail!("no {what} `{name}`; there are: {}", there.join(", ")),
        None => Ok(()),
    }
}

/// The folder of the bench. The run script tells it; what was compiled in may be another checkout's.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the bench is its own wiring")]
pub fn home() -> PathBuf {
    let told = std::env::var("LATCHKEY_BENCH_HOME");
    told.map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(),
        PathBuf::from,
    )
}

/// Where the full run's rows are kept.
#[must_use]
pub fn kept() -> PathBuf {
    home().join("../../docs/performance.json")
}
