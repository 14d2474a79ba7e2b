//! SIGINT and SIGTERM.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Becomes true at the first SIGINT or SIGTERM; the second one ends the process.
pub(crate) fn stop() -> Result<watch::Receiver<bool>> {
    let mut interrupt = on(SignalKind::interrupt())?;
    let mut terminate = on(SignalKind::terminate())?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        let mut signals = 0;
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            signals += 1;
            if signals > 1 {
                // Ending at once is always safe: it is what a crash would do.
                tracing::warn!("told to stop twice: ending at once, as after a crash");
                std::process::exit(130);
            }
            stop.send_replace(true);
        }
    });
    Ok(stopped)
}

/// Catches a signal from here on.
pub(crate) fn on(kind: SignalKind) -> Result<Signal> {
    signal(kind).with_context(|| format!("signal {} cannot be caught", kind.as_raw_value()))
}
