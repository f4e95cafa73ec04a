//! `tacit bench decode`: what a forward pass costs on this machine, how many of them a keystroke takes, how fast text is
//! written with drafts and without, and what memory all that needs.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::{
    memory::{self, Buffers, Resident},
    percentile, warm_up,
};
use crate::{
    cli::{EngineArguments, complete, engine::RunArguments},
    completion::{Complete, Completer, Request, Trigger},
    config::{Config, Settings},
    engine::{
        Engine, Event, Finish, Job, Limits, Priority, Status, Usage,
        backend::{Backend, SeqId, Token},
        costs,
        sampling::{Demands, choose},
    },
    prompt::{Prompt, Segment, Special},
};

/// Measure forward passes, decoding with and without drafts, keystrokes and memory; takes less than a minute
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Only what goes through the engine, which yields to other programs; single passes take for ever beside them
    #[arg(long)]
    engine_only: bool,
    #[command(flatten)]
    engine: EngineArguments,
}

/// What is typed, key by key, with everything before known to the model.
const TYPED_FILE: &str = "inventory.py";
const BEFORE: &str = include_str!("typed_before.py");
const TYPED: &str = "    total = 0\n    for item in self.items:\n        total += item.price * item.count\n    return total\n";
const AFTER: &str =
    "\n\ndef main():\n    inventory = Inventory()\n    print(inventory.total_value())\n";

/// Tokens of an answer while typing is measured: enough for a first token, and few that the cache could answer from.
const TYPING_TOKENS: u32 = 4;

/// What the model goes on with when writing is measured: code that has not been there before, and the same over and over.
const TEXTS: [(&str, &str); 2] = [
    ("fresh", BEFORE),
    ("repetitive", include_str!("repetitive.py")),
];

/// Tokens that are written of each of [`TEXTS`], and for the plain speed.
const WRITTEN_TOKENS: u32 = 128;

/// Tokens in one pass: one is decoding, a few are drafts, many are prefill.
const PASS_SIZES: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

/// Tokens in the cache while passes are timed: attention over them is part of a pass.
const HELD_TOKENS: usize = 512;

/// How often a pass of so many tokens is timed; the median counts. Long ones vary little and would take a minute.
fn rounds(tokens: usize) -> usize {
    match tokens {
        0..=8 => 15,
        9..=32 => 7,
        _ => 3,
    }
}

/// What is measured on the back end itself, without the scheduler.
struct Plain {
    /// Median time for each of [`PASS_SIZES`], in milliseconds.
    pass_ms: [f64; PASS_SIZES.len()],
    /// With [`HELD_TOKENS`] in the cache.
    tokens_per_second: f64,
    device: String,
}

/// What is measured through the engine.
struct Engaged {
    /// Time to the first token and prompt tokens evaluated, of each keystroke that the engine had to answer.
    keystrokes: Vec<(f64, u32)>,
    /// For each of [`TEXTS`], with drafts and without.
    texts: [[Writing; 2]; TEXTS.len()],
    /// After all that.
    resident: Option<Resident>,
}

/// One text written by the engine.
struct Writing {
    usage: Usage,
    /// `None` of an answer that is too short to tell.
    tokens_per_second: Option<f64>,
}

pub async fn run(arguments: Arguments) -> Result<()> {
    let run = arguments.engine.run()?;
    // In the same process, one after the other: the ratios are what counts.
    let engaged = engage(&run).await?;
    let mut summary = summary(&run, &engaged);
    if !arguments.engine_only {
        let (plain, buffers) =
            tokio::task::block_in_place(|| memory::buffers_of(|| measure_plain(&run)));
        add_plain(&mut summary, &run, &plain?, &engaged, &buffers);
    }
    let summary = Value::Object(summary);
    if arguments.json {
        println!("{summary}");
    } else {
        println!("{summary:#}");
    }
    Ok(())
}

fn summary(run: &RunArguments, engaged: &Engaged) -> Map<String, Value> {
    let drafts: Map<_, _> = TEXTS
        .iter()
        .zip(&engaged.texts)
        .map(|((name, _), [written, plain])| {
            let gain = written
                .tokens_per_second
                .zip(plain.tokens_per_second)
                .map(|(with, without)| with / without);
            let figures = json!({
                "tokens": written.usage.generated,
                "drafted": written.usage.drafted,
                "tokens_per_second": written.tokens_per_second,
                "plain_tokens_per_second": plain.tokens_per_second,
                "gain": gain,
            });
            ((*name).to_owned(), figures)
        })
        .collect();
    let mut summary = Map::new();
    summary.insert("model".into(), run.model_name().into());
    summary.insert("threads".into(), run.threads().into());
    summary.insert("drafts".into(), drafts.into());
    summary
}

/// What takes single passes to know: their costs, and keystrokes in units of one.
fn add_plain(
    summary: &mut Map<String, Value>,
    run: &RunArguments,
    plain: &Plain,
    engaged: &Engaged,
    buffers: &Buffers,
) {
    let [pass_ms, ..] = plain.pass_ms;
    let by_size: Vec<_> = PASS_SIZES
        .into_iter()
        .zip(plain.pass_ms)
        .map(|(tokens, ms)| json!({ "tokens": tokens, "ms": ms, "passes": ms / pass_ms, "tokens_per_second": tokens as f64 * 1000.0 / ms }))
        .collect();
    let first_token_ms: Vec<f64> = engaged.keystrokes.iter().map(|(ms, _)| *ms).collect();
    let evaluated: Vec<f64> = engaged
        .keystrokes
        .iter()
        .map(|(_, tokens)| f64::from(*tokens))
        .collect();
    let median_ms = percentile(&first_token_ms, 50);
    let p95_ms = percentile(&first_token_ms, 95);
    let memory = engaged
        .resident
        .as_ref()
        .zip(run.model_file())
        .map(|(resident, file)| {
            let bytes = file.metadata().map_or(0, |metadata| metadata.len());
            resident.summary(bytes, buffers)
        });
    let figures = [
        ("device", json!(plain.device)),
        ("pass_ms", json!(pass_ms)),
        ("passes_by_size", json!(by_size)),
        ("decode_tokens_per_second", json!(plain.tokens_per_second)),
        ("keystrokes", json!(first_token_ms.len())),
        ("keystroke_first_token_ms_median", json!(median_ms)),
        ("keystroke_first_token_ms_p95", json!(p95_ms)),
        (
            "keystroke_first_token_passes_median",
            json!(median_ms.map(|ms| ms / pass_ms)),
        ),
        (
            "keystroke_first_token_passes_p95",
            json!(p95_ms.map(|ms| ms / pass_ms)),
        ),
        (
            "keystroke_prompt_tokens_evaluated_median",
            json!(percentile(&evaluated, 50)),
        ),
        ("memory", json!(memory)),
    ];
    summary.extend(figures.map(|(name, value)| (name.to_owned(), value)));
}

/// Types and writes through an engine that is gone when this returns.
async fn engage(run: &RunArguments) -> Result<Engaged> {
    let engine = Arc::new(run.start()?);
    let mut status = engine.status();
    warm_up(&*engine).await?;
    // Writing comes first, and with drafts before without: what was written before would be drafts for it.
    let mut texts = Vec::new();
    for (name, text) in TEXTS {
        let with = write(&*engine, name, text, true).await?;
        let without = write(&*engine, name, text, false).await?;
        texts.push([with, without]);
    }
    let keystrokes = type_keys(engine.clone()).await?;
    let resident = run.model_file().and_then(Resident::now);
    drop(engine);
    // An error is the end of its thread.
    let _ = status.wait_for(|status| *status == Status::Stopped).await;
    let texts = texts
        .try_into()
        .map_err(|_| anyhow!("a text was not written"))?;
    Ok(Engaged {
        keystrokes,
        texts,
        resident,
    })
}

/// Lets the engine go on with a text. The time runs from the first token, so that the prompt does not count.
async fn write(engine: &dyn Engine, name: &str, text: &str, drafts: bool) -> Result<Writing> {
    let mut handle = engine.submit(Job {
        document: format!("bench {name} {drafts}"),
        prompt: Prompt {
            segments: continued(text).into(),
            healed: String::new(),
            avoided: Vec::new(),
        },
        priority: Priority::Typing,
        limits: Limits {
            max_tokens: WRITTEN_TOKENS,
            max_lines: None,
            urgent_lines: None,
            says_something: false,
            drafts,
        },
        weighed: None,
    });
    let mut first_text = None;
    while let Some(event) = handle.next().await {
        match event {
            Event::Prefilled(_) | Event::Weighed { .. } => {}
            Event::Text { .. } => {
                first_text.get_or_insert_with(Instant::now);
            }
            Event::Finished {
                finish: Finish::EndOfText | Finish::Limit,
                usage,
            } => {
                let tokens_per_second =
                    first_text.and_then(|since| speed(usage.generated, since.elapsed()));
                return Ok(Writing {
                    usage,
                    tokens_per_second,
                });
            }
            Event::Finished {
                finish: Finish::Failed(reason),
                ..
            } => return Err(anyhow!(reason)),
            Event::Finished {
                finish: Finish::Cancelled,
                ..
            } => break,
        }
    }
    Err(anyhow!("the engine stopped before it had written the text"))
}

/// The prompt that asks for more of a text, with nothing before and behind.
fn continued(text: &str) -> [Segment; 4] {
    [
        Segment::Special(Special::FimPrefix),
        Segment::Special(Special::FimSuffix),
        Segment::Special(Special::FimMiddle),
        Segment::Text(text.to_owned()),
    ]
}

/// Tokens per second of an answer, from its first token on; `None` if it is too short to tell.
fn speed(generated: u32, since_first: Duration) -> Option<f64> {
    (generated > 16).then(|| f64::from(generated - 1) / since_first.as_secs_f64())
}

async fn type_keys(engine: Arc<dyn Engine>) -> Result<Vec<(f64, u32)>> {
    let mut config = Config::default();
    config.completion.max_tokens = TYPING_TOKENS;
    let settings = watch::Sender::new(Arc::new(Settings::from(config)));
    let completer = Completer::new(engine, settings.subscribe(), Arc::default(), Arc::default());
    let file = std::env::temp_dir().join(TYPED_FILE);
    let mut keystrokes = Vec::new();
    for end in 0..=TYPED.len() {
        let prompt = format!("{BEFORE}{}", &TYPED[..end]);
        let request = Request {
            snapshot: complete::snapshot(&file, &format!("{prompt}{AFTER}"))?,
            cursor: prompt.len(),
            trigger: Trigger::Automatic,
            selected: None,
            workspace: None,
        };
        let completion = completer.complete(request).await;
        // The first request fills the cache; it is no keystroke.
        let asked_engine =
            !completion.metrics.from_cache && completion.metrics.first_token_ms > 0.0;
        if end > 0 && asked_engine {
            keystrokes.push((
                completion.metrics.first_token_ms,
                completion.metrics.prompt_tokens_evaluated,
            ));
        }
    }
    Ok(keystrokes)
}

fn measure_plain(run: &RunArguments) -> Result<Plain> {
    let mut plain = None;
    run.loader()?
        .load(&mut |_| {}, &mut |backend| plain = Some(time(backend)))?;
    plain.ok_or_else(|| anyhow!("the model was not run"))?
}

fn time(backend: &mut dyn Backend) -> Result<Plain> {
    let text: Vec<Token> = backend.tokenize(BEFORE);
    let tokens = |count: usize| text.iter().copied().cycle().take(count).collect::<Vec<_>>();
    let seq = SeqId(0);
    let held = prefill(backend, seq, &tokens(HELD_TOKENS))?;
    let mut pass_ms = [0.0; PASS_SIZES.len()];
    for (size, ms) in PASS_SIZES.into_iter().zip(&mut pass_ms) {
        let mut times = Vec::new();
        for _ in 0..rounds(size) {
            let started = Instant::now();
            backend.evaluate(seq, held, &tokens(size), costs::outputs(size))?;
            times.push(started.elapsed().as_secs_f64() * 1000.0);
            backend.truncate(seq, held)?;
        }
        *ms = percentile(&times, 50).unwrap_or_default();
    }
    // What the model says at the end does not matter here, as with other benchmarks.
    backend.truncate(seq, held - 1)?;
    backend.evaluate(seq, held - 1, &tokens(HELD_TOKENS)[HELD_TOKENS - 1..], 1)?;
    let tokens_per_second = decode(backend, seq, held)?.context("nothing was decoded")?;

    Ok(Plain {
        pass_ms,
        tokens_per_second,
        device: backend.device(),
    })
}

/// Gives a sequence its first tokens; returns how many it holds.
fn prefill(backend: &mut dyn Backend, seq: SeqId, tokens: &[Token]) -> Result<u32> {
    let mut held = 0;
    for chunk in tokens.chunks(128) {
        backend.evaluate(seq, held, chunk, 1)?;
        held += chunk.len() as u32;
    }
    Ok(held)
}

/// Tokens per second, one token a pass, each chosen as the scheduler chooses: what writing costs without drafts.
fn decode(backend: &mut dyn Backend, seq: SeqId, start: u32) -> Result<Option<f64>> {
    let started = Instant::now();
    let mut generated = 0;
    while generated < WRITTEN_TOKENS {
        let choice = choose(backend.logits(0), backend.vocabulary(), Demands::NONE)
            .context("the model gave no usable probabilities")?;
        backend.evaluate(seq, start + generated, &[choice.token], 1)?;
        generated += 1;
    }
    // As many passes as tokens: the one before the first is not among them, that of the last is.
    Ok(speed(generated + 1, started.elapsed()))
}
