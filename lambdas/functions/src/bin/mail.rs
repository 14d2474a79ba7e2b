//! The function `mail`.

use std::process::ExitCode;

use latchkey_functions::{mail, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(std::env::vars().collect(), mail::begin).await
}
