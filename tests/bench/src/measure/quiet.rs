//! Waiting for a machine on which nothing else runs, for a bounded time, and saying what keeps it busy.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use super::processes::Stat;
use crate::clock::pass;
use crate::progress::Progress;

/// The machine is quiet when its processors are busy for at most this share of such a time.
const BUSY: f64 = 0.04;
/// See [`BUSY`].
const LOOK: Duration = Duration::from_millis(1_500);

/// What the processors did between two looks.
struct Look {
    busy: f64,
    /// Who was busiest, and with what share of one processor.
    busiest: Vec<(String, f64)>,
}

/// Waits until the machine is quiet, at most `patience`. Whether it is.
pub fn wait(patience: Duration, progress: &Progress) -> bool {
    let mut waited = Duration::ZERO;
    loop {
        let look = look();
        if look.busy <= BUSY {
            return true;
        }
        let who: Vec<String> = look
            .busiest
            .iter()
            .map(|(name, share)| format!("{name} {:.0} %", share * 100.0))
            .collect();
        let busy = format!(
            "the machine is {:.0} % busy: {}",
            look.busy * 100.0,
            if who.is_empty() {
                "with many short processes".to_owned()
            } else {
                who.join(", ")
            }
        );
        waited += LOOK;
        if waited >= patience {
            progress.note(&format!("{busy}; measuring all the same"));
            return false;
        }
        progress.say(&format!("waiting for quiet: {busy}"));
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "ticks of two seconds are small numbers"
)]
fn look() -> Look {
    let (total, idle) = processors();
    let before = processes();
    pass(LOOK);
    let (total, idle) = {
        let (total_now, idle_now) = processors();
        (
            total_now.saturating_sub(total),
            idle_now.saturating_sub(idle),
        )
    };
    let per_processor = LOOK.as_secs_f64() * 100.0;
    let mut busiest: Vec<(String, f64)> = processes()
        .into_iter()
        .filter_map(|(pid, (name, ticks))| {
            let before = before.get(&pid).map_or(0, |(_, ticks)| *ticks);
            let share = ticks.saturating_sub(before) as f64 / per_processor;
            (share >= 0.02).then_some((name, share))
        })
        .collect();
    busiest.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    busiest.truncate(4);
    Look {
        busy: 1.0 - idle as f64 / total.max(1) as f64,
        busiest,
    }
}

/// Ticks of all processors, and of them those without work.
fn processors() -> (u64, u64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: Vec<u64> = text
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|ticks| ticks.parse().ok())
        .collect();
    let idle = ticks.iter().skip(3).take(2).sum();
    (ticks.iter().sum(), idle)
}

/// Name and ticks of every process.
fn processes() -> HashMap<String, (String, u64)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return HashMap::new();
    };
    entries
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().into_string().ok()?;
            pid.parse::<u32>().ok()?;
            let stat = Stat::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
            Some((pid, (stat.name, stat.user_ticks + stat.kernel_ticks)))
        })
        .collect()
}
