//! `tacit bench decode`: what a forward pass costs on this machine, and how many of them a keystroke takes.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use clap::Args;
use serde_json::json;

use crate::{
    cli::{EngineArguments, complete, engine::RunArguments},
    completion::{Complete, Completer, Request, Settings, Trigger},
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

struct Passes {
    one_ms: f64,
    eight_ms: f64,
    chunk_ms: f64,
    batch_ms: f64,
    device: String,
}

const CHUNK: usize = 32;
const BATCH: usize = 256;

pub async fn run(arguments: Arguments) -> Result<()> {
    let model = arguments.engine.resolve()?;
    let run = RunArguments::new(&model, arguments.engine.threads);
    let passes = tokio::task::block_in_place(|| measure_passes(&run))?;

    // The same thread count in the same process, one after the other: the ratio is what counts.
    let completer = Completer::new(std::sync::Arc::new(run.start()?), Settings::default());
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
    let summary = json!({
        "model": model.name,
        "device": passes.device,
        "pass_ms": passes.one_ms,
        "pass_of_8_ms": passes.eight_ms,
        "decode_tokens_per_second": 1000.0 / passes.one_ms,
        "prefill_tokens_per_second_in_chunks_of_32": CHUNK as f64 * 1000.0 / passes.chunk_ms,
        "prefill_tokens_per_second_in_batches_of_256": BATCH as f64 * 1000.0 / passes.batch_ms,
        "keystrokes": typing.len(),
        "keystroke_first_token_ms_median": typing_ms,
        "keystroke_first_token_passes_median": typing_ms / passes.one_ms,
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
    let text: Vec<Token> = backend.tokenize(&BEFORE.repeat(2));
    let seq = SeqId(0);
    // A usual amount of text in the cache: attention over it is part of a pass.
    let mut held = 0u32;
    for chunk in text
        .iter()
        .copied()
        .cycle()
        .take(BATCH * 2)
        .collect::<Vec<_>>()
        .chunks(BATCH)
    {
        backend.evaluate(seq, held, chunk)?;
        held += chunk.len() as u32;
    }
    let mut time = |tokens: usize| -> Result<f64> {
        let tokens: Vec<Token> = text.iter().copied().cycle().take(tokens).collect();
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let started = Instant::now();
            backend.evaluate(seq, held, &tokens)?;
            times.push(milliseconds(started.elapsed()));
            backend.truncate(seq, held)?;
        }
        Ok(median(&mut times))
    };
    Ok(Passes {
        one_ms: time(1)?,
        eight_ms: time(8)?,
        chunk_ms: time(CHUNK)?,
        batch_ms: time(BATCH)?,
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
