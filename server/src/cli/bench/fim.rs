//! `tacit bench fim`: one completion for each hole of a data set.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader, BufWriter, Read, Write},
    path::{Component, Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Instant,
};

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use crate::{
    cli::{EngineArguments, complete},
    completion::{Comparison, Complete, Completer, Request, Rule, Rules, Trigger},
    config::{Config, Settings},
    context::{Source, workspace::Workspace},
    prompt::layout::{AnchorPlace, Layout},
};

/// Fill the holes of a data set (JSON lines with task_id, prompt, suffix; may be gzipped)
#[derive(Debug, Args)]
pub struct Arguments {
    data: PathBuf,
    /// Only the first N holes
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Where to write {"task_id", "completion"} lines (default: stdout)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// As much as the model has to say, as if the user asked by key; else a line, or a block where the syntax wants one, as while typing
    #[arg(long)]
    whole: bool,
    /// Lines that an answer may have (default: as many as it likes)
    #[arg(long, value_name = "N")]
    lines: Option<u32>,
    /// Tokens that an answer may have
    #[arg(long, value_name = "N", default_value_t = 256)]
    tokens: u32,
    /// Where the anchor goes: cursor (the layout of llama-server, without healing), a number of lines back, or window
    #[arg(long, value_name = "PLACE")]
    anchor: Option<AnchorArgument>,
    /// Bytes of text before the cursor
    #[arg(long, value_name = "BYTES")]
    prefix_bytes: Option<usize>,
    /// Bytes of text after the cursor
    #[arg(long, value_name = "BYTES")]
    suffix_bytes: Option<usize>,
    /// Bytes of other files that the model sees (default: what this machine has time for)
    #[arg(long, value_name = "BYTES")]
    related_bytes: Option<usize>,
    /// Switch off a source of context or a rule by its name (similar, overlap...), or all sources (context); may be repeated
    #[arg(long, value_name = "NAME")]
    without: Vec<Part>,
    #[command(flatten)]
    engine: EngineArguments,
}

#[derive(Debug, Clone, Copy)]
struct AnchorArgument(AnchorPlace);

impl FromStr for AnchorArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "cursor" => AnchorPlace::Cursor,
            "window" => AnchorPlace::WindowStart,
            lines => AnchorPlace::LinesBack(
                lines
                    .parse()
                    .map_err(|_| "must be cursor, window or a number of lines")?,
            ),
        }))
    }
}

/// What can be switched off, to see what it is worth.
#[derive(Debug, Clone, Copy)]
enum Part {
    Context,
    Source(Source),
    Rule(Rule),
}

impl Part {
    fn sources(&self) -> Vec<Source> {
        match self {
            Self::Context => Source::ALL.to_vec(),
            Self::Source(source) => vec![*source],
            Self::Rule(_) => Vec::new(),
        }
    }

    fn rule(&self) -> Option<Rule> {
        match self {
            Self::Rule(rule) => Some(*rule),
            _ => None,
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "context" {
            return Ok(Self::Context);
        }
        let name = || json!(text);
        serde_json::from_value(name())
            .map(Self::Source)
            .or_else(|_| serde_json::from_value(name()).map(Self::Rule))
            .map_err(|_| {
                let names = |all: Vec<serde_json::Value>| {
                    let names = all.iter().filter_map(|name| name.as_str());
                    names.collect::<Vec<_>>().join(", ")
                };
                let sources = names(Source::ALL.iter().map(|source| json!(source)).collect());
                let rules = names(Rule::ALL.iter().map(|rule| json!(rule)).collect());
                format!("must be context, a source ({sources}) or a rule ({rules})")
            })
    }
}

#[derive(Deserialize)]
struct Hole {
    task_id: String,
    prompt: String,
    suffix: String,
    language: Option<String>,
    path: Option<String>,
    #[serde(default)]
    context_files: Vec<ContextText>,
}

/// Another file of the hole's workspace.
#[derive(Deserialize)]
struct ContextText {
    path: String,
    text: String,
}

pub async fn run(arguments: Arguments) -> Result<()> {
    let default = Layout::default();
    let layout = Layout {
        anchor: arguments
            .anchor
            .map_or(default.anchor, |argument| argument.0),
        prefix_bytes: arguments.prefix_bytes.unwrap_or(default.prefix_bytes),
        suffix_bytes: arguments.suffix_bytes.unwrap_or(default.suffix_bytes),
        ..default
    };
    let mut config = Config::default();
    config.completion.max_tokens = arguments.tokens;
    config.completion.max_lines = arguments.lines.unwrap_or(u32::MAX);
    let settings = watch::Sender::new(Arc::new(Settings::from(config)));
    let workspace = Arc::<Workspace>::default();
    let parts_off = &arguments.without;
    let comparison = Comparison {
        layout: Some(layout),
        related_bytes: arguments.related_bytes,
        without: parts_off.iter().flat_map(Part::sources).collect(),
        rules: parts_off
            .iter()
            .filter_map(Part::rule)
            .fold(Rules::default(), Rules::without),
    };
    let completer = Completer::compared(
        arguments.engine.open()?,
        settings.subscribe(),
        workspace.clone(),
        comparison,
    );
    let mut out: Box<dyn Write> = match &arguments.out {
        Some(path) => Box::new(BufWriter::new(
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?,
        )),
        None => Box::new(std::io::stdout()),
    };

    // Real files, so that the context comes by the way it has in an editor. A folder for each hole: none profits from the one before.
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let started = Instant::now();
    let mut first_token_ms = Vec::new();
    let mut empty = BTreeMap::<String, usize>::new();
    let mut model = String::new();
    let holes = holes(&arguments.data)?.take(arguments.limit.unwrap_or(usize::MAX));
    for (number, hole) in holes.enumerate() {
        let hole = hole?;
        let hole_folder = folder.path().join(number.to_string());
        let file = hole_folder.join(file_name(&hole));
        write_files(&hole, &hole_folder)?;
        let text = hole.prompt.clone() + &hole.suffix;
        let mut snapshot = complete::snapshot(&file, &text)?;
        complete::index(&workspace, &mut snapshot, &hole_folder);
        let request = Request {
            cursor: hole.prompt.len(),
            trigger: if arguments.whole {
                Trigger::Invoked
            } else {
                Trigger::Line
            },
            selected: None,
            workspace: Some(hole_folder),
            snapshot,
        };
        let uri = request.snapshot.uri.clone();
        let completion = completer.complete(request).await;
        // Or else the line behind the answer, which nobody will take, is generated beside the next hole.
        completer.closed(&uri);
        workspace.closed(&uri);
        if completion.text.is_empty() {
            *empty.entry(completion.reason).or_default() += 1;
        }
        first_token_ms.push(completion.metrics.first_token_ms);
        model.clone_from(&completion.metrics.model);
        writeln!(
            out,
            "{}",
            json!({ "task_id": hole.task_id, "completion": completion.text })
        )?;
        eprint!(
            "\r{} holes, {:.0} s ",
            first_token_ms.len(),
            started.elapsed().as_secs_f64()
        );
    }
    out.flush()?;
    eprintln!();

    let stats = completer.stats();
    first_token_ms.sort_by(f64::total_cmp);
    let seconds = started.elapsed().as_secs_f64();
    let summary = json!({
        "model": model,
        "holes": first_token_ms.len(),
        "seconds": seconds,
        "prompt_tokens_evaluated": stats.prompt_tokens_evaluated,
        "prompt_tokens_reused": stats.prompt_tokens_reused,
        "tokens_generated": stats.tokens_generated,
        "empty": empty,
        "first_token_ms_median": first_token_ms.get(first_token_ms.len() / 2),
    });
    eprintln!("{summary:#}");
    Ok(())
}

/// Writes the other files of the hole's workspace.
fn write_files(hole: &Hole, folder: &Path) -> Result<()> {
    for file in &hole.context_files {
        let inside: PathBuf = Path::new(&file.path)
            .components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .collect();
        let path = folder.join(inside);
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(&path, &file.text)
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The name under which the model sees the hole's file.
fn file_name(hole: &Hole) -> String {
    if let Some(path) = &hole.path {
        return path.trim_start_matches('/').to_owned();
    }
    let language = hole.language.as_deref().unwrap_or("python").to_lowercase();
    let extension = grammars::Language::by_lsp_id(&language)
        .and_then(|language| language.extensions.first().cloned());
    format!("solution.{}", extension.unwrap_or(language))
}

fn holes(path: &Path) -> Result<impl Iterator<Item = Result<Hole>>> {
    let open = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(open)?;
    let reader: Box<dyn Read> = if path.extension().is_some_and(|e| e == "gz") {
        Box::new(flate2::read::GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let name = path.display().to_string();
    Ok(BufReader::new(reader)
        .lines()
        .enumerate()
        .filter_map(move |(index, line)| match line {
            Ok(line) if line.trim().is_empty() => None,
            Ok(line) => Some(
                serde_json::from_str(&line)
                    .with_context(|| format!("line {} of {name} is not a hole", index + 1)),
            ),
            Err(error) => Some(Err(error).with_context(|| format!("cannot read {name}"))),
        }))
}
