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

use super::fill::Filler;
use crate::{
    cli::{EngineArguments, complete::INDEX_PATIENCE},
    completion::{Comparison, Completion, Metrics, Rule, Rules, Trigger},
    config::{Config, Settings},
    context::Source,
    prompt::layout::{AnchorPlace, Layout},
};

/// Fill the holes of a data set (JSON lines with task_id, prompt, suffix, and the other files as context_files or crossfile_context; may be gzipped)
#[derive(Debug, Args)]
pub struct Arguments {
    /// The data set
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
    /// Fill each hole again without all context, and without each source and each rule that had a say in the answer: lines with "without"
    #[arg(long)]
    each: bool,
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

    fn name(&self) -> serde_json::Value {
        match self {
            Self::Context => json!("context"),
            Self::Source(source) => json!(source),
            Self::Rule(rule) => json!(rule),
        }
    }

    /// What had a say in an answer; rules first, because without them the prompt is the same.
    fn of(completion: &Completion) -> Vec<Self> {
        let has_said = |source: &&Source| {
            let mut pieces = completion.context.iter();
            pieces.any(|piece| piece.source == Some(**source))
        };
        let rules = Rule::ALL
            .iter()
            .filter(|rule| completion.rules.contains(rule));
        let sources: Vec<Self> = Source::ALL
            .iter()
            .filter(has_said)
            .map(|source| Self::Source(*source))
            .collect();
        let context = (!sources.is_empty()).then_some(Self::Context);
        rules
            .map(|rule| Self::Rule(*rule))
            .chain(context)
            .chain(sources)
            .collect()
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
    /// CrossCodeEval has no files, but pieces of them that its retrieval found, best first.
    #[serde(default)]
    crossfile_context: Vec<ContextText>,
    #[serde(default)]
    metadata: HoleMetadata,
}

/// A file of the hole's workspace, or a piece of one.
#[derive(Deserialize)]
struct ContextText {
    #[serde(alias = "filename")]
    path: String,
    text: String,
}

/// What CrossCodeEval says of a hole.
#[derive(Deserialize, Default)]
struct HoleMetadata {
    /// Path of the file in its repository.
    file: Option<String>,
}

impl Hole {
    /// The other files of the workspace, by their paths; pieces of one file stand in it as they are ranked.
    fn workspace(&self) -> BTreeMap<&str, String> {
        let mut files = BTreeMap::<&str, String>::new();
        for ContextText { path, text } in self.context_files.iter().chain(&self.crossfile_context) {
            let file = files.entry(path).or_default();
            if !file.is_empty() {
                file.push_str("\n\n");
            }
            file.push_str(text);
        }
        files
    }
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
    let mut run = Run {
        filler: Filler {
            engine: arguments.engine.open()?,
            settings: settings.subscribe(),
            workspace: Arc::default(),
            trigger: if arguments.whole {
                Trigger::Invoked
            } else {
                Trigger::Line
            },
            patience: INDEX_PATIENCE,
        },
        comparison: Comparison {
            layout: Some(layout),
            related_bytes: arguments.related_bytes,
            ..Comparison::default()
        },
        figures: Figures::default(),
    };
    let mut out: Box<dyn Write> = match &arguments.out {
        Some(path) => Box::new(BufWriter::new(
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?,
        )),
        None => Box::new(std::io::stdout()),
    };

    // Real files, so that the context comes by the way it has in an editor. A folder for each hole: none profits from the one before.
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let started = Instant::now();
    let holes = holes(&arguments.data)?.take(arguments.limit.unwrap_or(usize::MAX));
    for (number, hole) in holes.enumerate() {
        let hole = hole?;
        let hole_folder = folder.path().join(number.to_string());
        write_files(&hole, &hole_folder)?;
        let completion = run.fill(&hole, &hole_folder, &arguments.without).await?;
        writeln!(
            out,
            "{}",
            json!({ "task_id": hole.task_id, "completion": completion.text })
        )?;
        run.figures.count(&completion);
        let parts = Part::of(&completion).into_iter().filter(|_| arguments.each);
        for part in parts {
            let mut without = arguments.without.clone();
            without.push(part);
            let other = run.fill(&hole, &hole_folder, &without).await?;
            writeln!(
                out,
                "{}",
                json!({ "task_id": hole.task_id, "without": part.name(), "completion": other.text })
            )?;
        }
        // What there is counts, whatever ends the run.
        out.flush()?;
        eprint!(
            "\r{} holes, {:.0} s ",
            number + 1,
            started.elapsed().as_secs_f64()
        );
    }
    eprintln!();
    eprintln!("{:#}", run.figures.summary(started));
    Ok(())
}

/// What all holes have in common.
struct Run {
    filler: Filler,
    comparison: Comparison,
    figures: Figures,
}

impl Run {
    /// Fills a hole whose workspace is `folder`, with some parts switched off.
    async fn fill(&self, hole: &Hole, folder: &Path, without: &[Part]) -> Result<Completion> {
        let comparison = Comparison {
            without: without.iter().flat_map(Part::sources).collect(),
            rules: without
                .iter()
                .filter_map(Part::rule)
                .fold(Rules::default(), Rules::without),
            ..self.comparison.clone()
        };
        let index = &self.filler.workspace.index;
        index.set_folders(vec![folder.to_owned()]);
        let file = folder.join(file_name(hole));
        let open = self.filler.open(&file, &hole.prompt, &hole.suffix)?;
        Ok(self.filler.fill(open, folder.to_owned(), comparison).await)
    }
}

/// What the answers cost, those that are only compared left aside.
#[derive(Default)]
struct Figures {
    model: String,
    first_token_ms: Vec<f64>,
    prompt_tokens_evaluated: u64,
    prompt_tokens_reused: u64,
    tokens_generated: u64,
    /// Why there was no answer, and how often.
    empty: BTreeMap<String, usize>,
}

impl Figures {
    fn count(&mut self, completion: &Completion) {
        let Metrics {
            prompt_tokens_evaluated,
            prompt_tokens_reused,
            tokens_generated,
            first_token_ms,
            model,
            ..
        } = &completion.metrics;
        self.prompt_tokens_evaluated += u64::from(*prompt_tokens_evaluated);
        self.prompt_tokens_reused += u64::from(*prompt_tokens_reused);
        self.tokens_generated += u64::from(*tokens_generated);
        self.first_token_ms.push(*first_token_ms);
        self.model.clone_from(model);
        if completion.text.is_empty() {
            *self.empty.entry(completion.reason.clone()).or_default() += 1;
        }
    }

    fn summary(mut self, started: Instant) -> serde_json::Value {
        self.first_token_ms.sort_by(f64::total_cmp);
        let median = self.first_token_ms.get(self.first_token_ms.len() / 2);
        json!({
            "model": self.model,
            "holes": self.first_token_ms.len(),
            "seconds": started.elapsed().as_secs_f64(),
            "prompt_tokens_evaluated": self.prompt_tokens_evaluated,
            "prompt_tokens_reused": self.prompt_tokens_reused,
            "tokens_generated": self.tokens_generated,
            "empty": self.empty,
            "first_token_ms_median": median,
        })
    }
}

/// Writes the other files of the hole's workspace.
fn write_files(hole: &Hole, folder: &Path) -> Result<()> {
    for (name, text) in hole.workspace() {
        let inside: PathBuf = Path::new(name)
            .components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .collect();
        let path = folder.join(inside);
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(&path, text)
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The name under which the model sees the hole's file.
fn file_name(hole: &Hole) -> String {
    if let Some(path) = hole.path.as_ref().or(hole.metadata.file.as_ref()) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_crosscodeeval_are_files_of_the_workspace() {
        let row = json!({
            "task_id": "1", "prompt": "", "suffix": "",
            "crossfile_context": [
                { "filename": "shop/cart.py", "text": "class Cart:", "score": 2.5 },
                { "filename": "shop/price.py", "text": "VAT = 0.2" },
                { "filename": "shop/cart.py", "text": "def total(cart):" },
            ],
            "metadata": { "file": "shop/order.py", "repository": "shop" },
        });
        let hole: Hole = serde_json::from_value(row).unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_files(&hole, folder.path()).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("shop/cart.py"), "class Cart:\n\ndef total(cart):");
        assert_eq!(read("shop/price.py"), "VAT = 0.2");
        assert_eq!(file_name(&hole), "shop/order.py");
    }
}
