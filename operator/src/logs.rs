//! Logs: lines for people on a terminal, JSON lines for programs, always on standard error. The hosts of one machine
//! share it, so the lines of each say whose they are.

use std::io::{self, IsTerminal as _, Write};

use anyhow::{Context as _, Result};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// Starts logging with `filter`, for programs when `json`; of one host among several when `slot` is given.
pub(crate) fn start(filter: &str, json: bool, slot: Option<u16>) -> Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("--log {filter:?} is not a filter; try `info`"))?;
    let mark = slot.map_or_else(String::new, |slot| match json {
        true => format!("{{\"host\":{slot},"),
        false => format!("host {slot}  "),
    });
    let mark: &'static str = mark.leak();
    let lines = tracing_subscriber::fmt::layer().with_writer(move || Marked {
        mark,
        json,
        out: io::stderr(),
    });
    let lines = match json {
        true => lines.json().flatten_event(true).boxed(),
        false => lines
            .compact()
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .boxed(),
    };
    install(lines, filter, slot);
    Ok(())
}

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

#[cfg(not(all(feature = "console", tokio_unstable)))]
fn install(lines: Lines, filter: EnvFilter, _slot: Option<u16>) {
    tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .init();
    if cfg!(feature = "console") {
        tracing::warn!(
            "tokio-console has nothing to look at: build with RUSTFLAGS=\"--cfg tokio_unstable\""
        );
    }
}

/// Serves tokio-console on this machine: on its usual port, and the hosts of several on those that follow.
#[cfg(all(feature = "console", tokio_unstable))]
fn install(lines: Lines, filter: EnvFilter, slot: Option<u16>) {
    let port = console_subscriber::Server::DEFAULT_PORT + slot.unwrap_or(0);
    let console = console_subscriber::ConsoleLayer::builder()
        .server_addr((std::net::Ipv4Addr::LOCALHOST, port))
        .spawn();
    // The filter is for the lines alone: the console needs what the runtime tells about itself.
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(console)
        .init();
    tracing::info!(port, "tokio-console may look into the runtime");
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
