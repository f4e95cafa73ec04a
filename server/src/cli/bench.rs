//! `tacit bench`: measurements that compare. Quality on data sets of holes and on the user's own files, and speed in units of one
//! forward pass.

mod context;
mod decode;
mod fill;
mod fim;
mod memory;
mod workspace;

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::engine::{Engine, EngineInfo, Status, costs::PassCosts};

/// Within which the engine has measured what passes cost, if it can.
const CALIBRATION: Duration = Duration::from_secs(8);

/// Measure quality and speed on this machine
#[derive(Debug, Subcommand)]
pub enum Command {
    Fim(fim::Arguments),
    Decode(decode::Arguments),
    Workspace(workspace::Arguments),
    Context(context::Arguments),
}

pub async fn run(command: Command) -> Result<()> {
    match command {
        Command::Fim(arguments) => fim::run(arguments).await,
        Command::Decode(arguments) => decode::run(arguments).await,
        Command::Workspace(arguments) => workspace::run(arguments).await,
        Command::Context(arguments) => context::run(&arguments),
    }
}

/// Loads the model, and waits until the engine knows what passes cost: in an editor it has been idle before. Beside busy cores nothing
/// is measured, and costs stay assumed.
///
/// # Errors
/// If the model cannot be loaded.
async fn warm_up(engine: &dyn Engine) -> Result<EngineInfo> {
    let mut status = engine.status();
    engine.warm_up();
    let loaded = |status: &Status| matches!(status, Status::Ready(_) | Status::Failed(_));
    let loaded = status.wait_for(loaded).await?.clone();
    let measured = |status: &Status| matches!(status, Status::Ready(info) if info.costs != PassCosts::default());
    let measured = tokio::time::timeout(CALIBRATION, status.wait_for(measured)).await;
    let newest = measured.ok().and_then(|status| Some(status.ok()?.clone()));
    match newest.unwrap_or(loaded) {
        Status::Ready(info) => Ok(info),
        Status::Failed(reason) => bail!(reason),
        _ => bail!("The engine stopped while it loaded the model."),
    }
}

/// The value below which so many percent lie; `None` of nothing.
fn percentile(values: &[f64], percent: usize) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get(last * percent / 100).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occur() {
        let values: Vec<f64> = (1..=21).rev().map(f64::from).collect();
        assert_eq!(percentile(&values, 50), Some(11.0));
        assert_eq!(percentile(&values, 95), Some(20.0));
        assert_eq!(percentile(&[], 95), None);
    }
}
