use std::time::Duration;

use super::*;
use crate::engine::{
    Engine, Event, Job, JobHandle, Limits, Priority, Usage,
    local::{LocalEngine, LocalSettings},
    toy::{ToyLoader, ToySettings},
};
use crate::prompt::{Prompt, Segment, Special};

const PATIENCE: Duration = Duration::from_secs(20);

fn settings(cache: &tempfile::TempDir) -> StateSettings {
    StateSettings {
        root: cache.path().join("tacit").join("states"),
        model: "a".to_owned(),
        max_bytes: 100_000,
    }
}

fn tokens(range: std::ops::Range<u32>) -> Vec<Token> {
    range.map(Token).collect()
}

/// What a back end does with the file it is given.
fn writing(bytes: usize) -> impl FnOnce(&Path) -> Result<(), EvaluateError> {
    move |file| {
        fs::write(file, vec![7; bytes]).unwrap();
        Ok(())
    }
}

fn save(states: &mut StateFolder, document: &str, tokens: &[Token], bytes: usize) {
    states.save(document, tokens, writing(bytes)).unwrap();
}

/// All files of all models.
fn all_files(settings: &StateSettings) -> Vec<PathBuf> {
    let folders = folders_in(&settings.root);
    folders.iter().flat_map(|f| files_in(f)).collect()
}

#[test]
fn a_saved_state_is_found_again_by_its_tokens() {
    let cache = tempfile::tempdir().unwrap();
    let mut states = StateFolder::open(settings(&cache)).unwrap();
    save(&mut states, "doc", &tokens(0..100), 500);
    let mut again = StateFolder::open(settings(&cache)).unwrap();
    assert!(!again.wants(&tokens(0..104)));
    assert!(again.wants(&tokens(0..120)));
    let mut prompt = tokens(0..80);
    prompt.extend(tokens(500..600));
    assert!(again.find(&prompt, 81).is_none());
    let (id, found) = again.find(&prompt, 80).unwrap();
    assert_eq!(found, tokens(0..100));
    let file = again.verify(&id).unwrap();
    assert_eq!(fs::read(file).unwrap(), vec![7; 500]);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_and_no_name_tells_anything() {
    use std::os::unix::fs::PermissionsExt;
    let cache = tempfile::tempdir().unwrap();
    let settings = settings(&cache);
    let mut states = StateFolder::open(settings.clone()).unwrap();
    save(&mut states, "secret_plan.py", &tokens(0..100), 500);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&settings.root), 0o700);
    assert_eq!(mode(&states.folder), 0o700);
    let files = all_files(&settings);
    assert_eq!(files.len(), 2, "and no temporary file: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        assert!(!file.to_string_lossy().contains("secret_plan"));
        assert!(!String::from_utf8_lossy(&fs::read(&file).unwrap()).contains("secret_plan"));
    }
    fs::set_permissions(&settings.root, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(matches!(
        StateFolder::open(settings),
        Err(StateError::Folder(PrivateFolderError::OpenFolder(_)))
    ));
}

/// Ways in which a pair of files can be wrong. Each is found when the index is read or, at the latest, when the state is to be used.
#[test]
fn what_is_not_as_it_was_saved_is_refused_and_deleted() {
    type Damage = (&'static str, fn(state: &Path, description: &Path));
    fn edit(description: &Path, from: &str, to: &str) {
        let text = fs::read_to_string(description).unwrap();
        assert!(text.contains(from));
        fs::write(description, text.replace(from, to)).unwrap();
    }
    let damages: &[Damage] = &[
        ("one byte changed", |state, _| {
            let mut bytes = fs::read(state).unwrap();
            bytes[250] ^= 1;
            fs::write(state, bytes).unwrap();
        }),
        ("state cut", |state, _| {
            fs::write(state, vec![7; 499]).unwrap()
        }),
        ("state longer", |state, _| {
            fs::write(state, vec![7; 501]).unwrap()
        }),
        ("no state", |state, _| fs::remove_file(state).unwrap()),
        ("no description", |_, json| fs::remove_file(json).unwrap()),
        ("description cut", |_, json| {
            let bytes = fs::read(json).unwrap();
            fs::write(json, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("another version", |_, json| {
            edit(json, "\"version\":1", "\"version\":2")
        }),
        ("another model's", |_, json| {
            edit(json, "\"model\":\"", "\"model\":\"0")
        }),
        ("another length", |_, json| {
            edit(json, "\"bytes\":500", "\"bytes\":501")
        }),
        ("larger than the bound", |state, json| {
            edit(json, "\"bytes\":500", "\"bytes\":200000");
            fs::write(state, vec![7; 200_000]).unwrap();
        }),
        ("a huge description", |_, json| {
            fs::write(json, vec![b' '; LONGEST_DESCRIPTION as usize + 1]).unwrap();
        }),
    ];
    for (name, damage) in damages {
        let cache = tempfile::tempdir().unwrap();
        let mut states = StateFolder::open(settings(&cache)).unwrap();
        save(&mut states, "doc", &tokens(0..100), 500);
        let (id, _) = states.find(&tokens(0..100), 1).unwrap();
        damage(&states.state_file(&id), &states.description_file(&id));

        let mut again = StateFolder::open(settings(&cache)).unwrap();
        if let Some((id, _)) = again.find(&tokens(0..100), 1) {
            assert_eq!(again.verify(&id), None, "{name}");
        }
        assert!(again.find(&tokens(0..100), 1).is_none(), "{name}");
        assert!(!again.description_file(&id).exists(), "{name}");
        // A state alone may be another process's that is about to describe it; it goes when it is old.
        if *name != "no description" {
            assert!(!again.state_file(&id).exists(), "{name}");
        }
    }
}

#[test]
fn models_do_not_meet_and_share_the_bound() {
    let cache = tempfile::tempdir().unwrap();
    let (a, mut b) = (settings(&cache), settings(&cache));
    b.model = "b".to_owned();
    let mut of_a = StateFolder::open(a.clone()).unwrap();
    let mut of_b = StateFolder::open(b.clone()).unwrap();
    save(&mut of_a, "doc", &tokens(0..100), 40_000);
    assert!(
        StateFolder::open(b.clone())
            .unwrap()
            .find(&tokens(0..100), 1)
            .is_none()
    );
    let old = SystemTime::now() - Duration::from_secs(3600);
    for file in all_files(&a) {
        let file = File::options().append(true).open(file).unwrap();
        file.set_modified(old).unwrap();
    }
    save(&mut of_b, "doc", &tokens(0..100), 40_000);
    save(&mut of_b, "other", &tokens(500..600), 40_000);
    let sizes = all_files(&a).iter().filter_map(|file| length(file)).sum();
    assert!((80_000..=100_000u64).contains(&sizes), "{sizes} bytes");
    let mut of_a = StateFolder::open(a).unwrap();
    assert!(of_a.find(&tokens(0..100), 1).is_none(), "the oldest went");
    let found = StateFolder::open(b).unwrap().saved.len();
    assert_eq!(found, 2);
    let too_large = of_a.save("huge", &tokens(0..100), writing(100_001));
    assert!(matches!(too_large, Err(StateError::TooLarge)));
    assert!(!of_a.wants(&tokens(700..800)), "nor will one that long fit");
    assert!(of_a.wants(&tokens(700..750)));
    assert_eq!(files_in(&of_a.folder), [] as [PathBuf; 0]);
}

#[test]
fn a_document_has_one_state_and_a_vanished_folder_is_no_disaster() {
    let cache = tempfile::tempdir().unwrap();
    let mut states = StateFolder::open(settings(&cache)).unwrap();
    save(&mut states, "doc", &tokens(0..100), 500);
    save(&mut states, "doc", &tokens(300..400), 600);
    // Another window's key for the same text.
    save(&mut states, "doc again", &tokens(300..420), 700);
    assert_eq!(states.saved.len(), 1);
    assert_eq!(all_files(&settings(&cache)).len(), 2);
    fs::remove_dir_all(cache.path()).unwrap();
    let (id, _) = states.find(&tokens(300..400), 1).unwrap();
    assert_eq!(states.verify(&id), None);
    let saved = states.save("doc", &tokens(0..100), writing(500));
    assert!(matches!(saved, Err(StateError::Io { .. })));
}

fn job(document: &str, text: &str) -> Job {
    Job {
        document: document.to_owned(),
        prompt: Prompt {
            segments: vec![
                Segment::Special(Special::FimPrefix),
                Segment::Text(text.to_owned()),
                Segment::Special(Special::FimSuffix),
                Segment::Text("}\n".to_owned()),
                Segment::Special(Special::FimMiddle),
            ],
            healed: String::new(),
            avoided: Vec::new(),
        },
        priority: Priority::Typing,
        limits: Limits {
            max_tokens: 10,
            max_lines: None,
            urgent_lines: None,
            says_something: false,
            drafts: true,
        },
        weighed: None,
    }
}

fn engine(cache: &tempfile::TempDir, idle_unload: Duration) -> LocalEngine {
    let loader = Box::new(ToyLoader(ToySettings::default()));
    let settings = LocalSettings {
        idle_unload,
        states: Some(settings(cache)),
        ..LocalSettings::default()
    };
    LocalEngine::start(loader, settings).unwrap()
}

/// The whole prompt was needed again, and at most a tenth of it evaluated.
fn assert_warm(warm: &Usage, cold: &Usage) {
    assert_eq!(
        warm.prompt.reused + warm.prompt.evaluated,
        cold.prompt.evaluated
    );
    assert!(
        warm.prompt.evaluated * 10 <= cold.prompt.evaluated,
        "{warm:?}"
    );
}

async fn answer(mut job: JobHandle) -> (String, Usage) {
    let mut answer = String::new();
    let events = async {
        loop {
            match job.next().await {
                Some(Event::Text { text, .. }) => answer += &text,
                Some(Event::Finished { usage, .. }) => return usage,
                Some(Event::Prefilled(_) | Event::Weighed { .. }) => {}
                None => panic!("a job ended without Finished"),
            }
        }
    };
    let usage = tokio::time::timeout(PATIENCE, events).await.unwrap();
    (answer, usage)
}

#[tokio::test]
async fn the_next_engine_evaluates_at_most_a_tenth() {
    let cache = tempfile::tempdir().unwrap();
    let text = "x = y;\n".repeat(100);
    let first = engine(&cache, Duration::from_secs(3600));
    let (cold_text, cold) = answer(first.submit(job("1 a", &text))).await;
    first.close(PATIENCE);

    let second = engine(&cache, Duration::from_secs(3600));
    let (warm_text, warm) = answer(second.submit(job("2 a", &text))).await;
    assert_eq!(warm_text, cold_text);
    assert!(cold.prompt.evaluated > 300, "{cold:?}");
    assert_warm(&warm, &cold);
}

#[tokio::test]
async fn unloading_saves_and_the_same_engine_comes_back_warm() {
    let cache = tempfile::tempdir().unwrap();
    let text = "x = y;\n".repeat(100);
    let engine = engine(&cache, Duration::from_millis(100));
    let (_, cold) = answer(engine.submit(job("a", &text))).await;
    let mut status = engine.status();
    let stopped = status.wait_for(|status| *status == crate::engine::Status::Stopped);
    tokio::time::timeout(PATIENCE, stopped)
        .await
        .unwrap()
        .unwrap();
    let (_, warm) = answer(engine.submit(job("a", &text))).await;
    assert_warm(&warm, &cold);
}

#[tokio::test]
async fn a_closed_engine_ends_its_jobs_and_refuses_new_ones() {
    let cache = tempfile::tempdir().unwrap();
    let engine = engine(&cache, Duration::from_secs(3600));
    answer(engine.submit(job("a", "x"))).await;
    engine.close(PATIENCE);
    let mut refused = engine.submit(job("a", "x"));
    let end = tokio::time::timeout(PATIENCE, refused.next())
        .await
        .unwrap();
    assert!(matches!(end, Some(Event::Finished { .. })), "{end:?}");
}
