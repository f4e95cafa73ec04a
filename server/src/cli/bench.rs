//! `tacit bench`: measurements that compare. Quality on data sets of holes, and speed in units of one forward pass.

mod decode;
mod fim;
mod memory;

use anyhow::Result;
use clap::Subcommand;

/// Measure quality and speed on this machine
#[derive(Debug, Subcommand)]
pub enum Command {
    Fim(fim::Arguments),
    Decode(decode::Arguments),
}

pub async fn run(command: Command) -> Result<()> {
    match command {
        Command::Fim(arguments) => fim::run(arguments).await,
        Command::Decode(arguments) => decode::run(arguments).await,
    }
}
