//! Logs: lines for people on a terminal, JSON lines for programs, always on standard error. The hosts of one machine
//! share it, so the lines of each say whose they are.

use std::io::{self, IsTerminal as _, Write};

use anyhow::{Context as _, Result};
use tracing_subscriber::EnvFilter;

/// Starts logging with `filter`, for programs when `json`; of one host among several when `slot` is given.
pub(crate) fn start(filter: &str, json: bool, slot: Option<u16>) -> Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("--log {filter:?} is not a filter; try `info`"))?;
    let mark = slot.map_or_else(String::new, |slot| match json {
        true => format!("{{\"host\":{slot},"),
        false => format!("host {slot}  "),
    });
    let mark: &'static str = mark.leak();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Marked {
            mark,
            json,
            out: io::stderr(),
        });
    if json {
        lines.json().flatten_event(true).init();
    } else {
        lines
            .compact()
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .init();
    }
    Ok(())
}

/// Writes a line with its mark. The library makes one for each line and writes that whole; so is it written on, lest the
/// lines of two processes mix.
struct Marked<W> {
    mark: &'static str,
    json: bool,
    out: W,
}

impl<W: Write> Write for Marked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let rest = match self.json && !self.mark.is_empty() {
            // The mark opens the object in its place.
            true => line.strip_prefix(b"{").unwrap_or(line),
            false => line,
        };
        self.out.write_all(&[self.mark.as_bytes(), rest].concat())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(mark: &'static str, json: bool, line: &str) -> String {
        let mut out = Vec::new();
        let mut marked = Marked {
            mark,
            json,
            out: &mut out,
        };
        marked.write_all(line.as_bytes()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_lines_of_a_host_say_whose_they_are() {
        assert_eq!(marked("host 2  ", false, "INFO up\n"), "host 2  INFO up\n");
        assert_eq!(
            marked("{\"host\":2,", true, "{\"message\":\"up\"}\n"),
            "{\"host\":2,\"message\":\"up\"}\n"
        );
        assert_eq!(
            marked("", true, "{\"message\":\"up\"}\n"),
            "{\"message\":\"up\"}\n"
        );
    }
}
