//! `tacit bench decode`: what a forward pass costs on this machine, and how many of them a keystroke takes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use clap::Args;
use serde_json::json;
use tokio::sync::watch;

use crate::{
    cli::{EngineArguments, complete, engine::RunArguments},
    completion::{Complete, Completer, Request, Trigger},
    config::Settings,
    engine::backend::{Backend, SeqId, Token},
};

/// Measure prefill and decode speed, and the time to the first token while typing
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineArguments,
}

/// Passes of each size; the median is reported.
const ROUNDS: usize = 15;

/// What is typed, key by key: its first line, then all others, with everything before known to the model.
const TYPED_FILE: &str = "inventory.py";
const BEFORE: &str = include_str!("typed_before.py");
const TYPED: &str = "    total = 0\n    for item in self.items:\n        total += item.price * item.count\n    return total\n";
const AFTER: &str =
    "\n\ndef main():\n    inventory = Inventory()\n    print(inventory.total_value())\n";

/// Tokens in one pass: one is decoding, a few are drafts, many are prefill.
const PASS_SIZES: [usize; 8] = [1, 2, 4, 8, 32, 64, 128, 256];

/// Tokens in the cache while passes are timed: attention over them is part of a pass.
const HELD_TOKENS: usize = 512;

struct Passes {
    /// Median time for each of [`PASS_SIZES`], in milliseconds.
    ms: [f64; PASS_SIZES.len()],
    device: String,
}

pub async fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.engine.run()?;
    let passes = tokio::task::block_in_place(|| measure_passes(&run))?;

    // The same thread count in the same process, one after the other: the ratio is what counts.
    let settings = watch::Sender::new(Arc::new(Settings::default()));
    let completer = Completer::new(Arc::new(run.start()?), settings.subscribe());
    let mut typing = Vec::new();
    let mut evaluated = Vec::new();
    for end in 0..=TYPED.len() {
        let prompt = format!("{BEFORE}{}", &TYPED[..end]);
        let file = std::env::temp_dir().join(TYPED_FILE);
        let request = Request {
            snapshot: complete::snapshot(&file, &format!("{prompt}{AFTER}"))?,
            cursor: prompt.len(),
            trigger: Trigger::Automatic,
            selected: None,
            workspace: None,
        };
        let completion = completer.complete(request).await;
        // The first request fills the cache; it is no keystroke.
        if end > 0 && completion.metrics.first_token_ms > 0.0 {
            typing.push(completion.metrics.first_token_ms);
            evaluated.push(f64::from(completion.metrics.prompt_tokens_evaluated));
        }
    }
    let typing_ms = median(&mut typing);
    let [pass_ms, ..] = passes.ms;
    let by_size: Vec<_> = PASS_SIZES
        .into_iter()
        .zip(passes.ms)
        .map(|(tokens, ms)| json!({ "tokens": tokens, "ms": ms, "passes": ms / pass_ms, "tokens_per_second": tokens as f64 * 1000.0 / ms }))
        .collect();
    let summary = json!({
        "model": run.model_name(),
        "device": passes.device,
        "pass_ms": pass_ms,
        "passes_by_size": by_size,
        "keystrokes": typing.len(),
        "keystroke_first_token_ms_median": typing_ms,
        "keystroke_first_token_passes_median": typing_ms / pass_ms,
        "keystroke_prompt_tokens_evaluated_median": median(&mut evaluated),
    });
    if arguments.json {
        println!("{summary}");
    } else {
        println!("{summary:#}");
    }
    Ok(())
}

fn measure_passes(run: &RunArguments) -> Result<Passes> {
    let mut passes = None;
    run.loader()?.load(&mut |_| {}, &mut |backend| {
        passes = Some(time_passes(backend))
    })?;
    passes.ok_or_else(|| anyhow!("the model was not run"))?
}

fn time_passes(backend: &mut dyn Backend) -> Result<Passes> {
    let text: Vec<Token> = backend.tokenize(BEFORE);
    let tokens = |count: usize| text.iter().copied().cycle().take(count).collect::<Vec<_>>();
    let seq = SeqId(0);
    let mut held = 0u32;
    for chunk in tokens(HELD_TOKENS).chunks(128) {
        backend.evaluate(seq, held, chunk, 1)?;
        held += chunk.len() as u32;
    }
    let mut ms = [0.0; PASS_SIZES.len()];
    for (size, ms) in PASS_SIZES.into_iter().zip(&mut ms) {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let started = Instant::now();
            backend.evaluate(seq, held, &tokens(size), 1)?;
            times.push(milliseconds(started.elapsed()));
            backend.truncate(seq, held)?;
        }
        *ms = median(&mut times);
    }
    Ok(Passes {
        ms,
        device: backend.device(),
    })
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// 0 of nothing.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
