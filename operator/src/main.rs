//! The binary `latchkey`: the whole platform on this machine. Here are the command line and the exit code; what the
//! commands do is in the modules beside.

mod admin;
mod binary;
mod bundles;
mod business;
mod child;
mod cli;
mod client;
#[cfg(feature = "cloud")]
mod cloud;
mod credential;
mod data;
mod draining;
mod hosting;
mod hosts;
mod leftover;
mod listener;
mod local;
mod logs;
mod pipes;
mod proxy;
mod report;
mod supervisor;
mod tunnel;
mod up;
mod workers;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli::Cli { command, up } = cli::Cli::parse();
    let done = match command {
        Some(cli::Command::Up(settings)) => up::run(&settings),
        Some(cli::Command::Host(settings)) => child::run(&settings),
        Some(cli::Command::Hosts(settings)) => hosts::run(&settings),
        #[cfg(feature = "cloud")]
        Some(cli::Command::Cloud(settings)) => cloud::run(&settings),
        None => up::run(&up),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("latchkey: {error:#}");
            ExitCode::FAILURE
        }
    }
}
