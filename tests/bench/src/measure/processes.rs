//! Processor time and memory of all processes of a contestant: those of one process group, so that what a server starts
//! (a database, workers) counts as its own.

use std::fs;

use anyhow::{Context as _, Result};

use super::field;

/// Ticks in which the kernel tells user and system time; fixed on Linux.
const TICKS_PER_SECOND: u64 = 100;

/// What a group of processes has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Nanoseconds on a processor, exact.
    pub cpu: u64,
    /// Ticks in the program and in the kernel, sampled by the kernel; only their proportion is used.
    pub user_ticks: u64,
    /// See `user_ticks`.
    pub kernel_ticks: u64,
    /// Memory of the processes, shared pages by their share.
    pub pss_kib: u64,
}

/// Processor time between two looks.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// Seconds in all.
    pub cpu: f64,
    /// Of them, in the program.
    pub user: f64,
    /// Of them, in the kernel.
    pub kernel: f64,
}

impl Usage {
    /// What was spent from `before` until this look.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a bench of an hour has 42 bits of nanoseconds"
    )]
    pub fn since(&self, before: &Self) -> Spent {
        let ticks = |now: u64, before: u64| now.saturating_sub(before) as f64;
        let user = ticks(self.user_ticks, before.user_ticks);
        let kernel = ticks(self.kernel_ticks, before.kernel_ticks);
        let mut cpu = self.cpu.saturating_sub(before.cpu) as f64 / 1e9;
        if cpu == 0.0 {
            // A kernel without scheduler statistics: the ticks are all there is.
            cpu = (user + kernel) / TICKS_PER_SECOND as f64;
        }
        let share = user / (user + kernel).max(1.0);
        Spent {
            cpu,
            user: cpu * share,
            kernel: cpu * (1.0 - share),
        }
    }
}

/// What the processes of `group` have used. `memory`: also how much they hold, which takes the kernel a while to add up.
///
/// # Errors
/// When there is no such group any more.
pub fn usage(group: u32, memory: bool) -> Result<Usage> {
    let mut usage = Usage::default();
    let mut any = false;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        let Ok(pid) = name.parse::<u32>() else {
            continue;
        };
        // A process may end while it is looked at.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
            continue;
        };
        let Some(stat) = Stat::parse(&stat).filter(|stat| stat.group == group) else {
            continue;
        };
        any = true;
        usage.user_ticks += stat.user_ticks;
        usage.kernel_ticks += stat.kernel_ticks;
        usage.cpu += on_processor(pid);
        if memory {
            let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
            usage.pss_kib += rollup
                .ok()
                .and_then(|text| field(&text, "Pss:"))
                .unwrap_or(0);
        }
    }
    any.then_some(usage)
        .context("the contestant's processes are gone")
}

/// Nanoseconds all threads of a process were on a processor.
fn on_processor(pid: u32) -> u64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return 0;
    };
    let each = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    each.sum()
}

/// The line of a process, as far as it is needed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) name: String,
    pub(super) group: u32,
    pub(super) user_ticks: u64,
    pub(super) kernel_ticks: u64,
}

impl Stat {
    pub(super) fn parse(line: &str) -> Option<Self> {
        // The name may itself hold blanks and brackets; it ends at the last one.
        let (head, rest) = line.rsplit_once(')')?;
        let name = head.split_once('(')?.1.to_owned();
        let fields: Vec<&str> = rest.split_whitespace().collect();
        Some(Self {
            name,
            group: fields.get(2)?.parse().ok()?,
            user_ticks: fields.get(11)?.parse().ok()?,
            kernel_ticks: fields.get(12)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_line_is_read_whatever_the_process_is_called() {
        let line = "7 (a) b (c)) S 1 42 42 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 1 0 1 2 3";
        let stat = Stat::parse(line).unwrap();
        assert_eq!(stat.name, "a) b (c)");
        assert_eq!(
            (stat.group, stat.user_ticks, stat.kernel_ticks),
            (42, 250, 50)
        );
    }

    #[test]
    fn exact_time_is_parted_by_the_sampled_proportion() {
        let before = Usage::default();
        let now = Usage {
            cpu: 2_000_000_000,
            user_ticks: 30,
            kernel_ticks: 90,
            pss_kib: 0,
        };
        let spent = now.since(&before);
        assert_eq!((spent.cpu, spent.user, spent.kernel), (2.0, 0.5, 1.5));
    }

    #[test]
    fn this_very_process_uses_time_and_memory() {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let group = Stat::parse(&stat).unwrap().group;
        let usage = usage(group, true).unwrap();
        assert!(usage.pss_kib > 500, "{usage:?}");
    }
}
