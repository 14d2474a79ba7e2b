//! Where `tests/emulators/install` puts the servers. It and the launchers read the same list of versions.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Lines of `name version`.
const VERSIONS: &str = include_str!("../versions");

#[expect(
    clippy::disallowed_methods,
    reason = "the cache is where the user keeps it; this is the single place that reads the environment"
)]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The folder of the server `name`.
///
/// # Errors
/// When it is not installed, with the command that does it.
pub(crate) fn folder(name: &str) -> anyhow::Result<PathBuf> {
    let cache = variable("XDG_CACHE_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME says where the servers are kept")?;
    let version = version(name).with_context(|| format!("no version of {name} is listed"))?;
    let folder = cache
        .join("latchkey/emulators")
        .join(format!("{name}-{version}"));
    anyhow::ensure!(
        folder.is_dir(),
        "{name} {version} is not at {}: run `tests/emulators/install`",
        folder.display()
    );
    Ok(folder)
}

fn version(name: &str) -> Option<&'static str> {
    let mut lines = VERSIONS.lines().filter_map(|line| line.split_once(' '));
    lines
        .find(|(listed, _)| *listed == name)
        .map(|(_, version)| version)
}

/// A folder for a server's data, in memory where the system offers that: these servers write each answer through to the disk,
/// and what a lost disk does is not tested with them.
pub(crate) fn data() -> anyhow::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("latchkey-emulator-");
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        builder.tempdir_in(memory)
    } else {
        builder.tempdir()
    };
    made.context("make a folder for a server's data")
}
