//! The only place that reads the environment: where the binary is, where output goes, which seed was asked for.

use std::path::PathBuf;

use anyhow::Context as _;

#[expect(
    clippy::disallowed_methods,
    reason = "the suites are told by the environment; this is the single place"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The binary under test: `LATCHKEY_BIN`, else the one built into the same target folder as the suites.
///
/// # Errors
/// When there is no such file, with the command that makes it.
pub fn binary() -> anyhow::Result<PathBuf> {
    let path = match variable("LATCHKEY_BIN") {
        Some(path) => PathBuf::from(path),
        None => beside("latchkey")?,
    };
    anyhow::ensure!(
        path.is_file(),
        "no binary at {}: run `cargo build -p latchkey`, or set LATCHKEY_BIN",
        path.display()
    );
    Ok(path)
}

/// Another binary of ours, built into the same target folder as the suites.
///
/// # Errors
/// When there is no such file, with the command that makes it.
pub fn built(name: &str) -> anyhow::Result<PathBuf> {
    let path = beside(name)?;
    anyhow::ensure!(
        path.is_file(),
        "no binary at {}: run `cargo build --bin {name}`",
        path.display()
    );
    Ok(path)
}

fn beside(name: &str) -> anyhow::Result<PathBuf> {
    let suite = std::env::current_exe().context("where this suite runs from")?;
    let folder = suite.parent().context("the folder of this program")?;
    // Suites lie in a folder below the one of the binaries.
    let folder = folder
        .parent()
        .filter(|_| folder.ends_with("deps"))
        .unwrap_or(folder);
    Ok(folder.join(name))
}

/// The folder of this package. Cargo tells it at run time; what was compiled in may be another checkout's.
fn folder() -> PathBuf {
    PathBuf::from(
        variable("CARGO_MANIFEST_DIR")
            .as_deref()
            .unwrap_or(env!("CARGO_MANIFEST_DIR")),
    )
}

/// Where a suite leaves logs: a folder of this name below `LATCHKEY_OUTPUT`, else below `tests/output`.
#[must_use]
pub fn output(name: &str) -> PathBuf {
    let below = variable("LATCHKEY_OUTPUT").map_or_else(|| folder().join("output"), PathBuf::from);
    below.join(name)
}

/// The folder with the sdk and the games of this tree, laid out as `--titles` takes it.
#[must_use]
pub fn web() -> PathBuf {
    folder().join("../web")
}

/// The seed of this run: `LATCHKEY_SEED`, else a fresh one. Suites print it, so that a found failure can be repeated.
#[must_use]
pub fn seed() -> u64 {
    use std::hash::BuildHasher as _;
    variable("LATCHKEY_SEED")
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| std::hash::RandomState::new().hash_one(()))
}

/// A number a suite may be told to use instead of its own, as `LATCHKEY_KILLS`.
#[must_use]
pub fn number(name: &str, default: usize) -> usize {
    variable(name)
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}
