//! What the kernel says of this process, under the names that every Prometheus client uses for it. Where there is no
//! `/proc`, nothing is shown.

use std::fs;

use super::delays::float;

/// Clock ticks of a second, in which Linux states CPU time to programs on every machine it runs on.
const TICKS: f64 = 100.0;
/// What is known of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Process {
    pub(super) cpu_seconds: f64,
    pub(super) started: f64,
    pub(super) resident_bytes: u64,
    pub(super) virtual_bytes: u64,
    pub(super) threads: u64,
    pub(super) open_fds: u64,
    pub(super) max_fds: u64,
}

impl Process {
    /// Reads it. With tens of thousands of sockets it takes some milliseconds, so it is not for a runtime's thread.
    pub(super) fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let machine = fs::read_to_string("/proc/stat").unwrap_or_default();
        let mut found = parse(&stat, &status, &machine)?;
        found.open_fds = fs::read_dir("/proc/self/fd").map_or(0, |open| open.count() as u64);
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        found.max_fds = number(&limits, "Max open files").unwrap_or(0);
        Some(found)
    }
}

/// Bytes of memory the process holds; 0 when the kernel does not say. Cheap: it is one small file that is no file.
pub(crate) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    number(&status, "VmRSS:").unwrap_or(0) * 1024
}

/// What `/proc/self/stat`, `/proc/self/status` and `/proc/stat` say (proc(5)).
fn parse(stat: &str, status: &str, machine: &str) -> Option<Process> {
    // The fields follow a name that may have spaces and brackets in it; the first one behind it has the number 3.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let field = |at: usize| fields.get(at - 3)?.parse::<u64>().ok();
    Some(Process {
        cpu_seconds: float(field(14)? + field(15)?) / TICKS,
        started: float(number(machine, "btime").unwrap_or(0)) + float(field(22)?) / TICKS,
        threads: number(status, "Threads:")?,
        virtual_bytes: number(status, "VmSize:")? * 1024,
        resident_bytes: number(status, "VmRSS:")? * 1024,
        open_fds: 0,
        max_fds: 0,
    })
}

/// The first number of the line that begins with `name`.
fn number(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_brackets_does_not_shift_the_fields() {
        let stat =
            "42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 5 0 1000 8192000 250 0";
        let status = "Name:\ta (b) c\nVmSize:\t    8000 kB\nVmRSS:\t    1000 kB\nThreads:\t5\n";
        let found = parse(stat, status, "cpu 1 2\nbtime 1700000000\n").unwrap();
        let expected = Process {
            cpu_seconds: 2.0,
            started: 1_700_000_010.0,
            resident_bytes: 1_024_000,
            virtual_bytes: 8_192_000,
            threads: 5,
            open_fds: 0,
            max_fds: 0,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn this_process_has_memory_threads_and_open_files() {
        let found = Process::read().unwrap();
        assert!(found.resident_bytes > 0 && resident_bytes() > 0);
        assert!(found.threads >= 1 && found.open_fds >= 3 && found.max_fds >= found.open_fds);
    }
}
