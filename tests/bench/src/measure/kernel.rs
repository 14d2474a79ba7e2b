//! Memory the kernel keeps for sockets. It belongs to no process, so it is the difference of the whole machine between
//! two looks; the generator's ends of the connections are in it as well as the server's.

use std::fs;

use super::field;

/// Kernel caches that grow with connections.
const CACHES: [&str; 7] = [
    "TCP ",
    "sock_inode_cache ",
    "filp ",
    "dentry ",
    "eventpoll_epi ",
    "eventpoll_pwq ",
    "request_sock_TCP ",
];
/// KiB of a page.
const PAGE_KIB: u64 = 4;

/// KiB the kernel holds in TCP buffers and, where this process may look (as root), in the objects behind sockets.
#[must_use]
pub fn sockets_kib() -> u64 {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    buffers_kib(&read("/proc/net/sockstat")) + objects_kib(&read("/proc/slabinfo"))
}

fn buffers_kib(sockstat: &str) -> u64 {
    let line = sockstat.lines().find(|line| line.starts_with("TCP:"));
    let pages = line.and_then(|line| line.split_once(" mem "));
    pages
        .and_then(|(_, pages)| pages.trim().parse::<u64>().ok())
        .unwrap_or(0)
        * PAGE_KIB
}

fn objects_kib(slabinfo: &str) -> u64 {
    let bytes = CACHES.iter().filter_map(|cache| {
        let line = slabinfo.lines().find(|line| line.starts_with(cache))?;
        let mut numbers = line.split_whitespace().skip(1);
        let active: u64 = numbers.next()?.parse().ok()?;
        let size: u64 = numbers.nth(1)?.parse().ok()?;
        Some(active * size)
    });
    bytes.sum::<u64>() / 1024
}

/// KiB of memory the machine has left for programs.
#[must_use]
pub fn available_kib() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    field(&text, "MemAvailable:").unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_buffers_and_objects_behind_sockets_are_added_up() {
        let sockstat =
            "sockets: used 16\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 130\nUDP: inuse 0 mem 7\n";
        assert_eq!(buffers_kib(sockstat), 520);
        let slabinfo = "slabinfo - version: 2.1\n\
            TCPv6 9 9 2560 12 8 : tunables 0 0 0\n\
            TCP 100 120 2048 13 8 : tunables 0 0 0 : slabdata 1 1 0\n\
            filp 512 600 256 16 1 : tunables 0 0 0\n";
        assert_eq!(objects_kib(slabinfo), 200 + 128);
        assert_eq!(objects_kib(""), 0);
    }
}
