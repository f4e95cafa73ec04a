//! On the toy engine: its text is noise, but always the same noise after the same text.

use std::path::Path;

use ropey::Rope;

use super::*;
use crate::{
    config::Config,
    documents::{DocVersion, Snapshot},
    engine::{
        local::{LocalEngine, LocalSettings},
        toy::{ToyLoader, ToySettings},
    },
    history::{Edit, Offer},
};

const FAR_ABOVE: usize = 40;

/// A cursor in the middle of a document, behind `typed`. The toy says something else for each `seed`.
fn document(seed: u32, typed: &str, line_end: &str) -> (String, usize) {
    let line = |n| format!("line {n}{line_end}");
    let above: String = (0..FAR_ABOVE).map(line).collect();
    let below: String = (0..FAR_ABOVE).map(line).collect();
    let before = format!("{above}let x{seed} {typed}");
    (format!("{before}{line_end}{below}"), before.len())
}

fn request((text, cursor): (String, usize), trigger: Trigger) -> Request {
    Request {
        snapshot: Snapshot {
            uri: "file:///project/main.rs".into(),
            version: DocVersion(0),
            rope: Rope::from_str(&text),
            tree: None,
            language: None,
            grammar: None,
            path: Some(Path::new("/project/main.rs").into()),
            notebook: None,
        },
        cursor,
        trigger,
        selected: None,
        workspace: None,
    }
}

pub fn completer(token_time: Duration, max_tokens: u32) -> Completer {
    completer_with(token_time, max_tokens, Arc::default())
}

fn completer_with(token_time: Duration, max_tokens: u32, history: Arc<History>) -> Completer {
    build(token_time, config_of(max_tokens), Arc::default(), history)
}

pub fn completer_of(workspace: Arc<Workspace>) -> Completer {
    build(Duration::ZERO, config_of(1), workspace, Arc::default())
}

fn config_of(max_tokens: u32) -> Config {
    let mut config = Config::default();
    config.completion.max_tokens = max_tokens;
    config
}

fn build(
    token_time: Duration,
    config: Config,
    workspace: Arc<Workspace>,
    history: Arc<History>,
) -> Completer {
    let toy = ToySettings {
        token_time,
        ..ToySettings::default()
    };
    let engine = LocalEngine::start(Box::new(ToyLoader(toy)), LocalSettings::default()).unwrap();
    let settings = watch::Sender::new(Arc::new(Settings::from(config)));
    Completer::new(Arc::new(engine), settings.subscribe(), workspace, history)
}

/// The first seed with which the toy suggests something to type, and that.
async fn suggested(completer: &Completer, line_end: &str) -> (u32, String) {
    for seed in 0.. {
        let answer = completer
            .complete(request(document(seed, "", line_end), Trigger::Line))
            .await;
        assert!(!answer.metrics.from_cache);
        if answer.text.chars().count() > 8 {
            return (seed, answer.text);
        }
    }
    unreachable!("a toy that says nothing")
}

#[tokio::test]
async fn typing_a_suggestion_and_going_back_in_it_asks_the_model_once() {
    for line_end in ["\n", "\r\n"] {
        let completer = completer(Duration::ZERO, 24);
        let (seed, text) = suggested(&completer, line_end).await;
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for at in places.iter().chain(places.iter().rev()) {
            let here = request(document(seed, &text[..*at], line_end), Trigger::Line);
            let answer = completer.complete(here).await;
            assert!(answer.metrics.from_cache, "after {at} bytes");
            assert_eq!(answer.text, text[*at..]);
        }
        let searched = u64::from(seed) + 1;
        assert_eq!(completer.stats().requests, searched);
    }
}

#[tokio::test]
async fn an_edit_far_away_leaves_the_suggestion() {
    let completer = completer(Duration::ZERO, 24);
    let (seed, text) = suggested(&completer, "\n").await;
    let (changed, cursor) = document(seed, "", "\n");
    let mut here = request(
        (format!("use x;\n{changed}use y;\n"), cursor + 7),
        Trigger::Line,
    );
    let answer = completer.complete(here.clone()).await;
    assert!(answer.metrics.from_cache);
    assert_eq!(answer.text, text);

    here.snapshot.uri = "file:///project/other.rs".into();
    assert!(!completer.complete(here).await.metrics.from_cache);
}

#[tokio::test]
async fn another_key_asks_the_model_again() {
    let completer = completer(Duration::ZERO, 24);
    let (seed, text) = suggested(&completer, "\n").await;
    let other = if text.starts_with('q') { "z" } else { "q" };
    let answer = completer
        .complete(request(document(seed, other, "\n"), Trigger::Line))
        .await;
    assert!(!answer.metrics.from_cache);
    // And going back finds the first again.
    let answer = completer
        .complete(request(document(seed, "", "\n"), Trigger::Line))
        .await;
    assert!(answer.metrics.from_cache);
    assert_eq!(answer.text, text);
}

#[tokio::test]
async fn a_key_made_for_it_gets_all_that_there_is_room_for() {
    let completer = completer(Duration::ZERO, 200);
    let (seed, line) = suggested(&completer, "\n").await;
    let (text, cursor) = document(seed, "", "\n");
    let answer = completer
        .complete(request((text.clone(), cursor), Trigger::Invoked))
        .await;
    assert!(
        answer.text.starts_with(line.trim_end()),
        "{:?}",
        answer.text
    );

    // Inside of a line it is the line.
    let inside = format!("{});{}", &text[..cursor], &text[cursor..]);
    let answer = completer
        .complete(request((inside, cursor), Trigger::Invoked))
        .await;
    assert!(answer.shown, "{}", answer.reason);
    assert!(!answer.text.contains('\n'));
}

#[tokio::test]
async fn inside_of_a_word_nothing_is_asked() {
    let completer = completer(Duration::ZERO, 24);
    let (text, cursor) = document(0, "total", "\n");
    for trigger in [Trigger::Invoked, Trigger::Automatic] {
        let answer = completer
            .complete(request((text.clone(), cursor - 2), trigger))
            .await;
        assert_eq!(answer.reason, Rule::WordInside.reason());
    }
    assert_eq!(completer.stats().requests, 0);
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_ends() {
    let at_the_end = |seed| {
        let (text, cursor) = document(seed, "", "\n");
        request((text[..cursor].to_owned(), cursor), Trigger::Invoked)
    };
    let fast = completer(Duration::ZERO, 2000);
    let mut seed = 0;
    while fast
        .complete(at_the_end(seed))
        .await
        .metrics
        .tokens_generated
        < 150
    {
        seed += 1;
    }

    // Two seconds for the prompt alone.
    let slow = completer(Duration::from_millis(2), 2000);
    let asked = slow.complete(at_the_end(seed));
    let waited = tokio::time::timeout(Duration::from_millis(100), asked).await;
    assert!(waited.is_err(), "the answer is not there yet");
    let evaluated = async |after_ms| {
        tokio::time::sleep(Duration::from_millis(after_ms)).await;
        let stats = slow.stats();
        stats.prompt_tokens_evaluated + stats.tokens_generated
    };
    let stopped = evaluated(1500).await;
    assert_ne!(stopped, 0, "what it has cost counts");
    assert_eq!(evaluated(500).await, stopped);
}

/// A suggestion at the cursor of a document, which the user reads for a second before he writes something else.
fn refuse(history: &History, (text, cursor): &(String, usize), suggestion: &str) {
    let snapshot = request((text.clone(), *cursor), Trigger::Automatic).snapshot;
    let offer = Offer {
        uri: &snapshot.uri,
        language: "plaintext",
        line_before: text[..*cursor].rsplit('\n').next().unwrap_or_default(),
        start: *cursor,
        text: suggestion,
        typed: 0,
        probability: Some(0.5),
    };
    let start = Instant::now();
    history.offered(offer, 1.0, start);
    let other = if suggestion.starts_with('q') {
        "z"
    } else {
        "q"
    };
    let mut after = snapshot.rope.clone();
    after.insert(after.byte_to_char(*cursor), other);
    let edit = Edit::between(&snapshot.rope, &after).expect("an edit");
    let then = start + Duration::from_secs(1);
    history.edited(&snapshot.uri, &edit, &after, then);
    history.tick(then + Duration::from_secs(1), |_| None);
}

#[tokio::test]
async fn what_was_refused_is_hidden_until_it_is_asked_for() {
    let history = Arc::new(History::default());
    let completer = completer_with(Duration::ZERO, 24, history.clone());
    let (seed, text) = suggested(&completer, "\n").await;
    let here = document(seed, "", "\n");
    refuse(&history, &here, &text);
    let answer = completer
        .complete(request(here.clone(), Trigger::Line))
        .await;
    assert!(!answer.shown && answer.text.is_empty());
    assert_eq!(answer.reason, "You dismissed this suggestion a moment ago.");
    let answer = completer.complete(request(here, Trigger::Invoked)).await;
    assert!(answer.shown, "{}", answer.reason);
}

#[tokio::test]
async fn what_was_learned_decides_what_is_shown() {
    let history = Arc::new(History::default());
    let completer = completer_with(Duration::ZERO, 24, history.clone());
    for number in 0..200 {
        let elsewhere = document(1000 + number, "", "\n");
        refuse(&history, &elsewhere, "anything");
    }
    let mut reasons = Vec::new();
    for seed in 0..30 {
        let here = request(document(seed, "", "\n"), Trigger::Automatic);
        reasons.push(completer.complete(here).await.reason);
    }
    let learned = "Lines as unlikely as this one were seldom kept here (threshold 0.60).";
    assert!(
        reasons.iter().any(|reason| reason == learned),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn who_wants_only_what_is_certain_sees_little() {
    let mut config = config_of(24);
    config.completion.min_probability_percent = 100;
    let completer = build(Duration::ZERO, config, Arc::default(), Arc::default());
    let (seed, _) = suggested(&completer, "\n").await;
    let mut reasons = Vec::new();
    for seed in 0..30 {
        let here = document(seed, "", "\n");
        reasons.push(
            completer
                .complete(request(here, Trigger::Automatic))
                .await
                .reason,
        );
    }
    let set = "The line is less likely than `completion.min_probability_percent` asks.";
    assert!(reasons.iter().any(|reason| reason == set), "{reasons:?}");
    let asked_for = request(document(seed, "", "\n"), Trigger::Invoked);
    assert!(
        completer.complete(asked_for).await.shown,
        "asked for by key"
    );
}
