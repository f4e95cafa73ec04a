//! The `tacit` program: one subcommand, one line.

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use tacit::{
    cli::{self, action::Wanted},
    display, doctor, logging, models, process, subprocess,
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

impl Command {
    /// Whether llama.cpp is loaded into this process. Commands that bench do so always, the others where they are told to.
    fn runs_model_here(&self) -> bool {
        matches!(self, Self::Bench(_) | Self::Engine(_))
            || std::env::args_os().any(|argument| argument == "--in-process")
    }
}

/// A read of standard input cannot be called off, so nobody waits longer than this for one. Everything else is dropped by then.
const LEAVE_AFTER: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    process::guard();
    let log = logging::init();
    let command = Arguments::parse().command;
    if command.runs_model_here() {
        subprocess::restart_cleaned();
    }
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

/// pip runs in a session of its own, where Ctrl-C does not reach it: ends it, then this process.
async fn end_with_pip() {
    use process::Ending;
    // Not at the end of the terminal, which a download under `nohup` outlives.
    let ending = process::asked_to_end(&[Ending::Interrupt, Ending::Terminate]).await;
    subprocess::end_all();
    std::process::exit(ending.exit_code().into());
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
        Command::Models(arguments) => {
            tokio::spawn(end_with_pip());
            return models::cli::run(&arguments);
        }
        Command::Stats(arguments) => cli::stats::run(&arguments),
        Command::Bench(command) => cli::bench::run(command).await,
        Command::Engine(arguments) => cli::engine::run(arguments, log).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = format!("error: {error:#}");
            eprintln!("{}", display::on_terminal(&text));
            ExitCode::FAILURE
        }
    }
}
