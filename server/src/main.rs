//! The `tacit` program: one subcommand, one line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tacit::{engine, models};

#[derive(Parser)]
#[command(name = "tacit", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Models(models::cli::Args),
    #[command(hide = true)]
    Engine(engine::cli::Args),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Models(args) => models::cli::run(&args),
        Command::Engine(args) => engine::cli::run(args),
    }
}
