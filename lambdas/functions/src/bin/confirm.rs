//! The function `confirm`.

use std::process::ExitCode;

use latchkey_functions::{confirm, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(std::env::vars().collect(), confirm::begin).await
}
