//! `bench run` measures, `bench plot` draws what was measured; `bench drive` is the load generator that `run` starts.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use latchkey_bench::{drive, plot, run};

#[derive(Debug, Parser)]
#[command(about = "Measures the game host against what people would use instead")]
struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Starts contestants, drives them, prints a table.
    Run(run::Settings),
    /// Draws docs/performance.json as SVG files beside it, and puts tables into docs/performance.md.
    Plot,
    /// A load generator, which takes orders on standard input.
    #[command(hide = true)]
    Drive,
}

fn main() -> ExitCode {
    let done = match Bench::parse().what {
        What::Run(settings) => run::run(&settings),
        What::Plot => plot::draw(&run::kept()),
        What::Drive => drive::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
