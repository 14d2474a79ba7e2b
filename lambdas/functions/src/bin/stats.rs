//! The function `stats`.

use std::process::ExitCode;

use latchkey_functions::{run, stats};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(std::env::vars().collect(), stats::begin).await
}
