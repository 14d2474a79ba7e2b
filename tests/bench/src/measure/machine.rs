//! What machine the figures are of.

use std::fs;

use super::field;

/// One line: processor, cores, memory, kernel.
#[must_use]
pub fn describe() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("an unknown processor", |(_, model)| model.trim());
    let cores = cores();
    let gib = (field(&read("/proc/meminfo"), "MemTotal:").unwrap_or(0) + (1 << 19)) >> 20;
    let release = read("/proc/sys/kernel/osrelease");
    format!(
        "{model}, {cores} cores, {gib} GiB, Linux {}",
        release.trim()
    )
}

/// How many cores the machine has, whatever this process may use of them.
#[must_use]
pub fn cores() -> usize {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let lines = processors.lines();
    lines
        .filter(|line| line.starts_with("processor"))
        .count()
        .max(1)
}

/// Today as `2026-11-23`.
#[must_use]
pub fn date() -> String {
    let days = i64::try_from(crate::clock::wall().0 / 86_400_000).unwrap_or(0);
    // Days from 0000-03-01, in eras of 400 years that all have the same length; months count from March, so that the
    // leap day is the last of a year.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let in_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let in_month = in_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{in_month:02}")
}
