//! `tacit engine`: the process that windows start when nobody serves their model. Chooses the back end; what the process does
//! is [`super::host`].

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::backend::Loader;
use super::host::HostArguments;
use super::local::LocalEngine;
use super::toy::{ToyLoader, ToySettings};

/// The process that runs the model for all windows; tacit starts it by itself
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    host: HostArguments,
    #[command(flatten)]
    model: ModelArgs,
    /// Give the weights' memory back after so many seconds without work
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    idle_unload_seconds: u64,
    /// Milliseconds that the toy takes for each token
    #[arg(long, hide = true, value_name = "MILLISECONDS", default_value_t = 0)]
    toy_token_time: u64,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct ModelArgs {
    /// The GGUF file to run, as an absolute path
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Run the toy back end instead of a model, for tests
    #[arg(long, hide = true)]
    toy: bool,
}

/// Serves windows until nobody needs the engine. Exit code 0 also where another engine serves them already.
pub fn run(args: Args) -> ExitCode {
    let result = match &args.model.model {
        #[cfg(feature = "llama")]
        Some(file) => {
            let loader = super::llama::LlamaLoader {
                file: file.clone(),
                name: file
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                context_tokens: 8192,
                threads: std::thread::available_parallelism().map_or(1, |count| count.get() as u32),
            };
            serve(loader, args)
        }
        #[cfg(not(feature = "llama"))]
        Some(_) => Err(anyhow::anyhow!(
            "This build of tacit has no llama.cpp: it runs `--toy` only."
        )),
        None => {
            let token_time = Duration::from_millis(args.toy_token_time);
            serve(
                ToyLoader(ToySettings {
                    token_time,
                    ..ToySettings::default()
                }),
                args,
            )
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(loader: impl Loader, args: Args) -> anyhow::Result<()> {
    let engine = LocalEngine::start(loader, Duration::from_secs(args.idle_unload_seconds))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(args.host.serve(Arc::new(engine)))?;
    Ok(())
}
