//! The binary `latchkey`: the whole platform on this machine. Here are the command line and the exit code; what the
//! commands do is in the modules beside.

mod bundles;
mod cli;
mod data;
mod listener;
mod logs;
mod places;
mod report;
mod up;
mod workers;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli::Cli { command, up } = cli::Cli::parse();
    let settings = match command {
        Some(cli::Command::Up(settings)) => settings,
        None => up,
    };
    match up::run(&settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("latchkey: {error:#}");
            ExitCode::FAILURE
        }
    }
}
