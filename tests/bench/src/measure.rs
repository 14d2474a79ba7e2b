//! What the kernel says of a contestant's processes, of sockets, and of the machine. All of it is read from `/proc`.

pub mod kernel;
pub mod machine;
pub mod processes;
pub mod quiet;

/// The number after `name` in a text of lines such as `Pss:   12 kB`.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
