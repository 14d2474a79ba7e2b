//! The real binary on the services it runs on, as emulators, with a service manager and a machine's metadata that the test
//! plays.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod leaving;
mod manager;
mod player;
mod program;
mod services;
mod settings;
mod starting;

use std::time::Duration;

/// How long anything may take before a test calls it broken; far above what is normal on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until it is so.
async fn eventually(what: &str, mut question: impl AsyncFnMut() -> bool) {
    let asked = async {
        while !question().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, asked).await.is_err() {
        panic!("not within {PATIENCE:?}: {what}");
    }
}
