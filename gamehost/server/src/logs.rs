//! Logs: lines of JSON on standard output, which the machine's agent ships.

use anyhow::{Context as _, Result};
use tracing_subscriber::EnvFilter;

/// Starts logging with `filter`.
pub(crate) fn start(filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("LATCHKEY_LOG is {filter:?}, which is no filter; try `info`"))?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .init();
    Ok(())
}
