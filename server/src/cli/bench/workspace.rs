//! `tacit bench workspace`: how often each installed model is right on the user's own files, and how quick it is, so that he can choose.
//! Nothing of the files' text is printed, logged or kept.

mod figures;
mod holes;

use std::{
    collections::HashSet,
    io::{IsTerminal, stderr},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use tokio::sync::watch;

use super::{fill::Filler, warm_up};
use crate::{
    cli::{engine::RunArguments, for_stdout, resolve_model, store, user_settings},
    completion::{Comparison, Completion, LIKELY_ENOUGH, Trigger},
    config::{self, Config, ModelChoice, Settings},
    context::workspace::Workspace,
    display,
    engine::{
        Engine, Status,
        memory::{Memory, needed_for},
    },
    models::{
        catalogue::Entry,
        choice,
        pull::human_bytes,
        store::{Resolved, Store},
    },
};
use figures::{Measured, Outcome, Table, Times, recommend, summary};
use holes::{Hole, SourceFile};

/// How often the progress of reading the workspace is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Reading one file again takes a moment, but the index yields to all other programs.
const INDEX_PATIENCE: Duration = Duration::from_secs(20);

/// How often each model on this machine is right on your own files, how fast it is, and which to choose
///
/// Lines of your source files, or their ends, are cut out, each is asked of each model as in an editor, and what it says is compared
/// with what was there. Nothing leaves the machine and nothing is kept. Ctrl-C ends it with what has been measured.
/// Other programs that compute meanwhile make the times longer.
///
/// Recommended is, of the models that write a line within half a second (median), the one with the most lines right, where a
/// difference of 3 lines in 100 does not count and the faster one is taken; if none is so quick, the fastest.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The project's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Lines that are cut out; the default takes about five minutes with the 0.5B model on two cores
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    holes: u32,
    /// Measure this model: a name from `tacit models list`, or a trusted file; may be repeated (default: all on this machine)
    #[arg(long, value_name = "MODEL")]
    model: Vec<String>,
    /// Another number cuts out other lines
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments) -> Result<()> {
    let folder = folder(&arguments.dir)?;
    let config = settings(&folder);
    let models = models(&store(&config)?, &arguments.model)?;
    let mut measured = Vec::new();
    let interrupted = tokio::select! {
        done = measure(&arguments, &folder, &config, models, &mut measured) => done.map(|()| false)?,
        _ = tokio::signal::ctrl_c() => true,
    };
    end_progress();
    measured.retain(|measured: &Measured| !measured.languages.is_empty());
    ensure!(!measured.is_empty(), "Nothing was measured.");
    if interrupted && measured.iter().any(|measured| !measured.is_complete) {
        eprintln!("Interrupted: the figures of the last model are those of its first holes.");
    }
    if arguments.json {
        println!("{}", summary(&measured, arguments.seed, LIKELY_ENOUGH));
    } else {
        print!("{}", for_stdout(&in_words(&measured, &config)));
    }
    Ok(())
}

/// The folder by the name that its files have in the language server too, where they are named by URIs.
fn folder(dir: &Path) -> Result<PathBuf> {
    let folder = std::fs::canonicalize(dir).ok().filter(|path| path.is_dir());
    let uri = folder.and_then(|folder| url::Url::from_file_path(folder).ok());
    uri.and_then(|uri| uri.to_file_path().ok())
        .with_context(|| {
            format!(
                "{} is not a folder. Name the folder of your project, or run the command in it.",
                dir.display()
            )
        })
}

/// What the user has set, but that completion is on.
fn settings(folder: &Path) -> Config {
    let mut config = user_settings(Some(folder)).of(Some(folder)).clone();
    config.completion.enabled = true;
    config
}

/// The models to measure, small ones first: those of these names, else all on this machine that can fill holes.
fn models(store: &Store, names: &[String]) -> Result<Vec<Resolved>> {
    let mut models = Vec::new();
    for name in names {
        let model = choice::for_completion(store, &ModelChoice::from(name.as_str()))?;
        ensure!(
            model.facts.fill_in_the_middle,
            "{} cannot complete: its vocabulary has no fill-in-the-middle tokens. `tacit models list` names models that can.",
            model.name
        );
        models.push(model);
    }
    if names.is_empty() {
        models = installed(store);
        models.retain(|model| model.facts.fill_in_the_middle);
        ensure!(
            !models.is_empty(),
            "No model that completes is on this machine. Get one with `tacit models pull`."
        );
    }
    models.sort_by_key(|model| model.bytes());
    let mut seen = HashSet::new();
    models.retain(|model| seen.insert(model.sha256.clone()));
    Ok(models)
}

/// The usable models on this machine; why another one is not is said on stderr.
fn installed(store: &Store) -> Vec<Resolved> {
    let inventory = store.inventory();
    let is_here = |(entry, place): (Entry, Option<_>)| place.map(|_| store.find(&entry));
    let pinned = inventory.pinned.into_iter().filter_map(is_here);
    let trusted = inventory.trusted.iter();
    let trusted = trusted.map(|path| store.resolve(&path.to_string_lossy()));
    let mut usable = Vec::new();
    for found in pinned.chain(trusted) {
        match found {
            Ok(model) => usable.push(model),
            Err(error) => eprintln!("Left out: {}", display::on_terminal(&error.to_string())),
        }
    }
    usable
}

/// Why a model is not tried; `None` if nothing speaks against it.
fn too_large(model: &Resolved) -> Option<String> {
    let (needed, free) = (needed_for(model.bytes()), Memory::now().available?);
    (needed > free).then(|| {
        format!(
            "{} is left out: it needs {} of memory, and {} are free. Close something large to measure it.",
            model.name,
            human_bytes(Some(needed)),
            human_bytes(Some(free))
        )
    })
}

/// Fills the same holes with each model. What has been `measured` stays when this is dropped.
async fn measure(
    arguments: &Arguments,
    folder: &Path,
    config: &Config,
    models: Vec<Resolved>,
    measured: &mut Vec<Measured>,
) -> Result<()> {
    let workspace = Arc::<Workspace>::default();
    let files = files(&workspace, folder, config).await?;
    let count = files.len();
    let holes = holes::choose(files, folder, arguments.seed, arguments.holes as usize);
    ensure!(
        !holes.is_empty(),
        "None of the {count} source files in {} has a line to measure with: they are generated, too large, or say too little.",
        folder.display()
    );
    let subject = Subject {
        workspace,
        folder: folder.to_owned(),
        settings: watch::Sender::new(Arc::new(Settings::from(config.clone()))),
        holes,
    };
    for model in models {
        if let Some(reason) = too_large(&model) {
            eprintln!("{}", display::on_terminal(&reason.to_string()));
            continue;
        }
        // In this process: the shared engine would keep what it computes of these files.
        let engine = Arc::new(RunArguments::new(&model, config).start()?);
        let mut status = engine.status();
        let (subject, number) = (&subject, measured.len());
        measured.push(Measured::new(&model.name));
        let of_model = &mut measured[number];
        let asked = async move {
            show_progress(&format!("{}: loading", of_model.model));
            let costs = warm_up(&*engine).await?.costs;
            subject.ask(engine, costs.pass_ms(1).into(), of_model).await
        };
        if let Err(error) = asked.await {
            end_progress();
            eprintln!("{} was not measured to the end: {error:#}", model.name);
        }
        // Or else two models would be in memory. An error is the end of its thread.
        let _ = status.wait_for(|status| *status == Status::Stopped).await;
    }
    Ok(())
}

/// The files that the index has of `folder`, once it has read all of it, in languages in which the user wants completions.
async fn files(workspace: &Workspace, folder: &Path, config: &Config) -> Result<Vec<SourceFile>> {
    let index = &workspace.index;
    index.set_folders(vec![folder.to_owned()]);
    while !index.progress().is_ready {
        show_progress(&format!(
            "Reading the workspace: {} files",
            index.progress().files
        ));
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    let files: Vec<SourceFile> = index
        .read()
        .files_below(folder)
        .map(|entry| SourceFile {
            path: entry.path.to_path_buf(),
            language: entry.symbols.language,
        })
        .filter(|file| config.completion.wanted_in(file.language.id()))
        .collect();
    ensure!(
        !files.is_empty(),
        "There is no source file in {} that a model may see. Name the folder of a project; what .gitignore and .tacitignore exclude, \
         files that hold secrets, and `completion.disabled_languages` are left out.",
        folder.display()
    );
    Ok(files)
}

/// What each model is asked.
struct Subject {
    workspace: Arc<Workspace>,
    folder: PathBuf,
    settings: watch::Sender<Arc<Settings>>,
    holes: Vec<Hole>,
}

impl Subject {
    /// Fills all holes, counting each as it is filled. `one_pass_ms` is what a forward pass takes.
    ///
    /// # Errors
    /// If the model fails on the way.
    async fn ask(
        &self,
        engine: Arc<dyn Engine>,
        one_pass_ms: f64,
        measured: &mut Measured,
    ) -> Result<()> {
        let status = engine.status();
        let filler = Filler {
            engine,
            settings: self.settings.subscribe(),
            workspace: self.workspace.clone(),
            trigger: Trigger::Line,
            patience: INDEX_PATIENCE,
        };
        let started = Instant::now();
        for (filled, hole) in self.holes.iter().enumerate() {
            show_progress(&format!(
                "{}: {filled} of {} holes, {:.0} s",
                measured.model,
                self.holes.len(),
                started.elapsed().as_secs_f64()
            ));
            let open = filler.open(&hole.path, hole.before(), hole.after())?;
            if !open.is_indexed {
                // The model could be shown what is missing.
                filler.close(open);
                continue;
            }
            let completion = filler
                .fill(open, self.folder.clone(), Comparison::default())
                .await;
            if let Status::Failed(reason) = &*status.borrow() {
                bail!("{reason}");
            }
            measured.count(hole.language.id(), outcome(hole, &completion, one_pass_ms));
        }
        measured.is_complete = true;
        Ok(())
    }
}

fn outcome(hole: &Hole, completion: &Completion, one_pass_ms: f64) -> Outcome {
    let metrics = &completion.metrics;
    let line_after_first_token = metrics.first_line_ms - metrics.first_token_ms;
    Outcome {
        is_right: hole.is_filled_by(&completion.text),
        is_shown: completion.shown && completion.probability >= LIKELY_ENOUGH,
        times: (metrics.first_token_ms > 0.0).then(|| Times {
            first_token: metrics.first_token_ms,
            // While typing, one pass reads the last key and says the first token.
            line: one_pass_ms + line_after_first_token.max(0.0),
        }),
    }
}

fn in_words(measured: &[Measured], config: &Config) -> String {
    let mut words = format!(
        "{}\n\
         right: the line is what was there. shown: at least {:.0} % likely, as while typing. a line: until it is whole while typing (median).\n\
         first, cold: the first token where the model has not seen the file yet (median).\n",
        Table(measured),
        LIKELY_ENOUGH * 100.0
    );
    if let Some(recommendation) = recommend(measured) {
        let model = recommendation.model;
        let is_set = resolve_model(config).is_ok_and(|set| set.name == model);
        let how = match config::user_file() {
            _ if is_set => "It is the one that is set.".to_owned(),
            Some(file) => format!("Write `model = \"{model}\"` into {}.", file.display()),
            None => format!("Set `model` to \"{model}\"."),
        };
        words += &format!("\n{} {how}\n", recommendation.sentence());
    }
    words
}

/// Replaces the line of progress, where there is somebody to see it.
fn show_progress(text: &str) {
    if stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}

fn end_progress() {
    show_progress("");
}

#[cfg(test)]
mod tests;
