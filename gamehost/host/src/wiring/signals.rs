//! SIGINT and SIGTERM.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Becomes true at the first SIGINT or SIGTERM; the second one ends the process.
///
/// # Errors
/// When they cannot be caught.
pub fn stop() -> io::Result<watch::Receiver<bool>> {
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
///
/// # Errors
/// When it cannot be caught.
pub fn on(kind: SignalKind) -> io::Result<Signal> {
    signal(kind).map_err(|error| {
        let kind = kind.as_raw_value();
        io::Error::other(format!("signal {kind} cannot be caught: {error}"))
    })
}
