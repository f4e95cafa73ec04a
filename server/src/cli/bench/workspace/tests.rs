//! On real folders, with the toy engine: its text is noise, but what it is shown is what a model is shown.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::{
    engine::{
        Job, JobHandle,
        local::{LocalEngine, LocalSettings},
        toy::{ToyLoader, ToySettings},
    },
    models::{catalogue::Catalogue, discover::Places},
};

fn project(files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let project = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let path = folder(project.path()).unwrap();
    (project, path)
}

fn toy(token_time: Duration) -> Arc<dyn Engine> {
    let toy = ToySettings {
        token_time,
        ..ToySettings::default()
    };
    Arc::new(LocalEngine::start(Box::new(ToyLoader(toy)), LocalSettings::default()).unwrap())
}

/// Longer than the index takes on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(60);

/// A function whose name only its own line says.
const SHOP: &str = "class Shop:\n    def open_doors(self, hour):\n        self.hour = hour\n\n    def quartz_price(self, item):\n        \
                    return item.cents + self.hour\n";
const TILL: &str = "from shop import Shop\n\n\nclass Till:\n    def __init__(self, shop: Shop):\n        self.shop = shop\n";

async fn subject(files: &[(&str, &str)], count: usize) -> (TempDir, Subject) {
    let (project, folder) = project(files);
    let workspace = Arc::<Workspace>::default();
    let config = Config::default();
    let files = super::files(&workspace, &folder, &config).await.unwrap();
    let subject = Subject {
        workspace,
        holes: holes::choose(files, &folder, 1, count),
        folder,
        settings: watch::Sender::new(Arc::new(Settings::from(config))),
    };
    (project, subject)
}

/// A class whose first lines are too far above its last method to be in one window, and what follows it.
fn long_class() -> String {
    let method = |n| {
        format!("    def method_{n}(self, item):\n        return item.cents * {n} + self.hour\n\n")
    };
    let methods: String = (0..80).map(method).collect();
    let used = "\n\ndef total(shop: Shop, other: Shop):\n    return shop.hour + other.hour\n";
    SHOP.replace("    def quartz", &(methods + "    def quartz")) + used
}

#[tokio::test]
async fn the_model_is_not_shown_what_is_missing() {
    let shop = long_class();
    let (_project, subject) = subject(&[("shop.py", &shop), ("till.py", TILL)], 1).await;
    let filler = Filler {
        engine: toy(Duration::ZERO),
        settings: subject.settings.subscribe(),
        workspace: subject.workspace.clone(),
        trigger: Trigger::Line,
        patience: PATIENCE,
    };
    let knows_name = || subject.workspace.index.read().count_named("quartz_price") > 0;
    let fill = async |file: &str, text: &str, missing: &str| {
        assert!(subject.workspace.index.wait_until_ready(PATIENCE) && knows_name());
        let (before, after) = text.split_once(missing).unwrap();
        let file = subject.folder.join(file);
        let open = filler.open(&file, before, after).unwrap();
        assert!(open.is_indexed);
        assert_eq!(knows_name(), !missing.contains("quartz_price"));
        let completion = filler.fill(open, subject.folder.clone(), Comparison::default());
        completion.await.prompt
    };
    // Its own file: the outline of the class, which is shown, is not that of the file on disk.
    let prompt = fill("shop.py", &shop, "def quartz_price(self, item):").await;
    assert!(prompt.contains("(self, item): ..."), "{prompt}");
    assert!(!prompt.contains("quartz"), "{prompt}");
    // When another file has the hole, it is whole again.
    let prompt = fill("till.py", TILL, "self.shop = shop").await;
    assert!(!prompt.contains("self.shop = shop"), "{prompt}");
}

#[tokio::test]
async fn each_hole_is_counted_once() {
    let (_project, subject) = subject(&[("shop.py", SHOP), ("till.py", TILL)], 5).await;
    let mut measured = Measured::new("toy");
    subject
        .ask(toy(Duration::ZERO), 40.0, &mut measured)
        .await
        .unwrap();
    assert!(measured.is_complete);
    let told = summary(&[measured], 1, LIKELY_ENOUGH);
    assert_eq!(told["models"][0]["languages"]["python"]["holes"], 5);
}

/// An engine that tells how many jobs it was given.
struct Counted {
    engine: Arc<dyn Engine>,
    jobs: watch::Sender<usize>,
}

impl Engine for Counted {
    fn submit(&self, job: Job) -> JobHandle {
        self.jobs.send_modify(|jobs| *jobs += 1);
        self.engine.submit(job)
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.engine.status()
    }

    fn warm_up(&self) {
        self.engine.warm_up();
    }
}

#[tokio::test]
async fn what_was_measured_before_an_interruption_stays() {
    let (_project, subject) = subject(&[("shop.py", SHOP), ("till.py", TILL)], 7).await;
    let engine = Counted {
        engine: toy(Duration::ZERO),
        jobs: watch::Sender::new(0),
    };
    let mut jobs = engine.jobs.subscribe();
    let mut measured = Measured::new("toy");
    // A hole takes six jobs at most: three guesses, and what the code below says of each.
    tokio::select! {
        done = subject.ask(Arc::new(engine), 40.0, &mut measured) => panic!("not interrupted: {done:?}"),
        interrupted = jobs.wait_for(|jobs| *jobs >= 7) => { interrupted.unwrap(); }
    }
    assert!(!measured.is_complete);
    let told = summary(&[measured], 1, LIKELY_ENOUGH);
    let holes = told["models"][0]["holes"].as_u64().unwrap();
    assert!((1..7).contains(&holes), "{holes}");
}

#[tokio::test]
async fn holes_are_cut_only_where_a_model_may_look() {
    let code = "def price(item):\n    return item.cents + 1\n";
    let (_project, subject) = subject(
        &[
            ("shop.py", code),
            (".gitignore", "ignored.py\n/kept_out/\n"),
            (".tacitignore", "private.py\n"),
            ("ignored.py", code),
            ("private.py", code),
            ("kept_out/shop.py", code),
            (".hidden/shop.py", code),
            (
                "node_modules/shop/index.js",
                "function price(item) { return item.cents + 1 }\n",
            ),
            (".env.py", code),
            (".ssh/config.py", code),
        ],
        100,
    )
    .await;
    let allowed = subject.folder.join("shop.py");
    assert_eq!(subject.holes.len(), 2);
    assert!(subject.holes.iter().all(|hole| hole.path == allowed));
}

#[tokio::test]
async fn languages_without_completions_are_left_out() {
    let (_project, folder) =
        project(&[("shop.py", SHOP), ("shop.lua", "local price = cents + 1\n")]);
    let mut config = Config::default();
    config.completion.disabled_languages = vec!["Python".to_owned()];
    let files = files(&Arc::default(), &folder, &config).await.unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].language.id(), "lua");
}

#[tokio::test]
async fn what_is_wrong_is_said_with_the_mend() {
    let (project, folder) = project(&[("notes.txt", "Nothing to run.\n")]);
    let error = files(&Arc::default(), &folder, &Config::default()).await;
    let error = error.err().unwrap().to_string();
    assert!(
        error.contains("no source file") && error.contains(".gitignore"),
        "{error}"
    );

    for path in ["notes.txt", "nowhere"] {
        let error = super::folder(&project.path().join(path))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("is not a folder") && error.contains(path),
            "{error}"
        );
    }

    let none = Places::of(None, |_| None);
    let store = Store::new(
        project.path().to_owned(),
        Catalogue::compiled_in().unwrap(),
        none,
    );
    let error = models(&store, &[]).unwrap_err().to_string();
    assert!(error.contains("tacit models pull"), "{error}");
    let error = models(&store, &["1.5b".to_owned()])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("tacit models pull qwen2.5-coder-1.5b"),
        "{error}"
    );
}

#[test]
fn a_line_takes_a_pass_and_what_follows_the_first_token() {
    let completion = |text: &str, probability, first_token_ms, first_line_ms| {
        let mut completion = Completion::hidden(0, "");
        completion.text = text.to_owned();
        completion.shown = !text.is_empty();
        completion.probability = probability;
        completion.metrics.first_token_ms = first_token_ms;
        completion.metrics.first_line_ms = first_line_ms;
        completion
    };
    let (project, folder) = project(&[("only.py", "value = compute(item)\n")]);
    let source = SourceFile {
        path: folder.join("only.py"),
        language: grammars::Language::by_lsp_id("python").unwrap(),
    };
    let hole = &holes::choose(vec![source], project.path(), 1, 1)[0];
    let line = "value = compute(item)";
    let missing = &line[hole.before().len()..];

    let right = outcome(
        hole,
        &completion(missing, LIKELY_ENOUGH, 900.0, 1200.0),
        40.0,
    );
    assert!(right.is_right && right.is_shown);
    assert_eq!(
        right.times.map(|times| (times.first_token, times.line)),
        Some((900.0, 340.0))
    );
    let unlikely = outcome(hole, &completion(missing, 0.1, 900.0, 1200.0), 40.0);
    assert!(unlikely.is_right && !unlikely.is_shown);
    let wrong = outcome(hole, &completion("nothing", 0.9, 900.0, 1200.0), 40.0);
    assert!(!wrong.is_right && wrong.is_shown);
    let silent = outcome(hole, &completion("", 0.0, 0.0, 500.0), 40.0);
    assert!(!silent.is_right && !silent.is_shown && silent.times.is_none());
}
