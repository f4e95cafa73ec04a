//! The program. One subcommand, one line; what a subcommand does lives in the library.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser};
use tacit::engine::host::HostArguments;
use tacit::engine::local::LocalEngine;
use tacit::engine::toy::{ToyLoader, ToySettings};

/// Code completion from a model on your own machine
#[derive(Parser)]
#[command(version)]
enum Tacit {
    /// The process that runs the model for all windows (started by tacit itself)
    #[command(hide = true)]
    Engine(EngineArguments),
}

#[derive(Args)]
struct EngineArguments {
    #[command(flatten)]
    host: HostArguments,
    /// Run the toy back end instead of a model, for tests
    #[arg(long, required = true)]
    toy: bool,
    /// Milliseconds that the toy takes for each token
    #[arg(long, default_value_t = 0)]
    toy_token_time: u64,
}

fn main() -> ExitCode {
    let result = match Tacit::parse() {
        Tacit::Engine(arguments) => engine(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn engine(arguments: EngineArguments) -> anyhow::Result<()> {
    let settings = ToySettings {
        token_time: Duration::from_millis(arguments.toy_token_time),
        ..ToySettings::default()
    };
    let engine = LocalEngine::start(ToyLoader(settings), Duration::from_secs(600))?;
    arguments.host.serve(Arc::new(engine)).await?;
    Ok(())
}
