//! The binary `gamehost`: one host on a machine of its own, on the cloud adapters. What it is given, and what it owes the
//! machine, is agreed in `deploy/README.md`. Here are its settings' source and its exit status; what it does is in the
//! modules beside.

mod admin;
mod figures;
mod hosting;
mod leaving;
mod logs;
mod machine;
mod metadata;
mod notify;
mod run;
mod settings;

use std::process::ExitCode;

use crate::run::Ended;
use crate::settings::Settings;

/// Another machine has the slot: starting again would take it back, and the two would go on so for ever.
const REPLACED: u8 = 78;

fn main() -> ExitCode {
    let settings = match Settings::read(environment) {
        Ok(settings) => settings,
        Err(wrong) => {
            eprintln!("gamehost: {wrong}");
            return ExitCode::FAILURE;
        }
    };
    match run::run(settings, environment("NOTIFY_SOCKET")) {
        Ok(Ended::Left) => ExitCode::SUCCESS,
        Ok(Ended::Replaced) => ExitCode::from(REPLACED),
        Err(error) => {
            eprintln!("gamehost: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the wiring, which reads the environment"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
