//! The `tacit` program: one subcommand, one line.

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use tacit::{
    cli::{self, action::Wanted},
    doctor, logging, models,
};
use tokio::runtime::Runtime;

/// Code completion from a model on your own machine
#[derive(Parser)]
#[command(name = "tacit", version, after_help = FIRST_STEPS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const FIRST_STEPS: &str = "\
First steps: `tacit models pull` gets a model, `tacit doctor` says whether all is well, and your editor starts `tacit lsp`.";

#[derive(Subcommand)]
enum Command {
    Lsp(cli::lsp::Arguments),
    Complete(cli::complete::Arguments),
    Fix(cli::action::Fix),
    /// Write the body of a stub, or the code that a comment describes
    Implement(cli::action::Arguments),
    /// Write the documentation of a function, type or module
    Document(cli::action::Arguments),
    /// Write tests, where the language usually has them
    Test(cli::action::Arguments),
    /// Rewrite code so that it is simpler and does the same
    Simplify(cli::action::Arguments),
    Edit(cli::action::Edited),
    /// Say in words what code does
    Explain(cli::action::Arguments),
    Demo(cli::demo::Arguments),
    Doctor(doctor::Arguments),
    Models(models::cli::Args),
    Stats(cli::stats::Arguments),
    #[command(subcommand)]
    Bench(cli::bench::Command),
    #[command(hide = true)]
    Engine(cli::engine::Arguments),
}

/// A read of standard input cannot be called off, so nobody waits longer than this for one. Everything else is dropped by then.
const LEAVE_AFTER: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let log = logging::init();
    let command = Arguments::parse().command;
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the program's threads cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(command, log));
    runtime.shutdown_timeout(LEAVE_AFTER);
    code
}

async fn run(command: Command, log: logging::Handle) -> ExitCode {
    let done = match command {
        Command::Lsp(arguments) => return cli::lsp::run(arguments, log).await,
        Command::Complete(arguments) => cli::complete::run(arguments).await,
        Command::Fix(fix) => cli::action::fix(fix).await,
        Command::Implement(arguments) => cli::action::act(Wanted::Implement, arguments).await,
        Command::Document(arguments) => cli::action::act(Wanted::Document, arguments).await,
        Command::Test(arguments) => cli::action::act(Wanted::Test, arguments).await,
        Command::Simplify(arguments) => cli::action::act(Wanted::Simplify, arguments).await,
        Command::Edit(edit) => cli::action::edit(edit).await,
        Command::Explain(arguments) => cli::action::act(Wanted::Explain, arguments).await,
        Command::Demo(arguments) => cli::demo::run(arguments).await,
        Command::Doctor(arguments) => return doctor::run(&arguments).await,
        Command::Models(arguments) => return models::cli::run(&arguments),
        Command::Stats(arguments) => cli::stats::run(&arguments),
        Command::Bench(command) => cli::bench::run(command).await,
        Command::Engine(arguments) => cli::engine::run(arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
