//! The function `site`.

use std::process::ExitCode;

use latchkey_functions::{run, site};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(std::env::vars().collect(), site::begin).await
}
