mod reuse;

use proptest::prelude::*;
use tokio::sync::mpsc;

use super::*;
use crate::{
    engine::{
        Limits, Priority,
        backend::Dimensions,
        toy::{Toy, ToySettings},
    },
    prompt::{Prompt, Segment, Special, words::split_last_word},
};

/// A FIM prompt as the layout makes it, with the text behind FIM_MIDDLE healed.
fn prompt(before: &str, suffix: &str, middle: &str) -> Prompt {
    let (stable, healed) = split_last_word(middle);
    let text = |text: &str| Segment::Text(text.to_owned());
    Prompt {
        segments: vec![
            Segment::Special(Special::FimPrefix),
            text(before),
            Segment::Special(Special::FimSuffix),
            text(suffix),
            Segment::Special(Special::FimMiddle),
            text(stable),
        ],
        healed: healed.to_owned(),
    }
}

fn job(document: &str, prompt: Prompt, max_tokens: u32) -> Job {
    let limits = Limits {
        max_tokens,
        max_lines: None,
        urgent_lines: None,
    };
    Job {
        document: document.to_owned(),
        prompt,
        priority: Priority::Typing,
        limits,
    }
}

struct Outcome {
    text: String,
    finish: Finish,
    usage: Usage,
}

fn outcome(events: &mut mpsc::UnboundedReceiver<Event>) -> Option<Outcome> {
    let mut collected = String::new();
    while let Ok(event) = events.try_recv() {
        match event {
            Event::Prefilled(_) => {}
            Event::Text { text, .. } => collected.push_str(&text),
            Event::Finished { finish, usage } => {
                return Some(Outcome {
                    text: collected,
                    finish,
                    usage,
                });
            }
        }
    }
    None
}

fn run(scheduler: &mut Scheduler, job: Job) -> Outcome {
    let (sender, mut events) = mpsc::unbounded_channel();
    scheduler.submit(0, job, sender);
    while scheduler.step() == Step::Worked {}
    outcome(&mut events).expect("a job that no longer runs has finished")
}

fn cold(job: Job) -> Outcome {
    run(
        &mut Scheduler::new(&mut Toy::new(ToySettings::default())),
        job,
    )
}

fn toy(cells: u32, sequences: u32) -> Toy {
    Toy::new(ToySettings {
        dimensions: Dimensions {
            cells,
            sequences,
            batch: 512,
        },
        ..Default::default()
    })
}

#[test]
fn a_keystroke_in_the_same_word_evaluates_one_token() {
    let mut toy = toy(4096, 2);
    let mut scheduler = Scheduler::new(&mut toy);
    let first = run(
        &mut scheduler,
        job(
            "a",
            prompt("import os\n", "\nreturn", "def foo():\n    let no"),
            8,
        ),
    );
    assert!(first.usage.prompt.evaluated > 10);
    let second = run(
        &mut scheduler,
        job(
            "a",
            prompt("import os\n", "\nreturn", "def foo():\n    let nod"),
            8,
        ),
    );
    assert_eq!(second.usage.prompt.evaluated, 1);
    assert_eq!(second.usage.prompt.reused + 1, first.usage.prompt.evaluated);
}

#[test]
fn prompts_around_the_context_size_are_cut_to_fit() {
    for excess in -3i32..=3 {
        let mut toy = toy(128, 2);
        let suffix = "x ".repeat(20);
        let other_tokens =
            toy.tokenize(&suffix).len() as i32 + 3 + toy.tokenize("let no").len() as i32;
        let before = "+".repeat((128 - other_tokens + excess) as usize);
        let result = run(
            &mut Scheduler::new(&mut toy),
            job("a", prompt(&before, &suffix, "let no"), 8),
        );
        assert_ne!(
            result.usage.generated, 0,
            "excess {excess}: {:?}",
            result.finish
        );
        assert!(
            result.usage.prompt.evaluated + result.usage.generated <= 128,
            "excess {excess}"
        );
    }
}

#[test]
fn lines_end_the_answer_before_their_line_feed() {
    let cut = |pieces: &[&str], max| {
        let mut lines = Lines::default();
        let mut answer = String::new();
        for piece in pieces {
            let mut text = piece.to_string();
            let full = lines.cut(&mut text, Some(max));
            answer += &text;
            if full {
                break;
            }
        }
        answer
    };
    assert_eq!(cut(&["a\nb\nc", "d\ne"], 3), "a\nb\ncd");
    assert_eq!(cut(&["\n", "  \n a", "b\nc"], 1), "\n  \n ab");
}

#[test]
fn a_newer_job_of_a_document_replaces_the_older() {
    let mut toy = toy(4096, 2);
    let mut scheduler = Scheduler::new(&mut toy);
    let (sender, mut older) = mpsc::unbounded_channel();
    scheduler.submit(1, job("a", prompt("x", "y", "let no"), 8), sender);
    scheduler.step();
    let newer = run(&mut scheduler, job("a", prompt("x", "y", "let nod"), 8));
    assert_eq!(
        outcome(&mut older).map(|o| o.finish),
        Some(Finish::Cancelled)
    );
    assert_ne!(newer.finish, Finish::Cancelled);
}

#[test]
fn typing_preempts_an_action_at_the_next_chunk_and_the_action_goes_on() {
    let mut toy = toy(4096, 1);
    let mut scheduler = Scheduler::new(&mut toy);
    let action = Job {
        priority: Priority::Action,
        ..job("action", prompt(&"foo ".repeat(100), "", "let no"), 20)
    };
    let expected = cold(action.clone());
    let (sender, mut action_events) = mpsc::unbounded_channel();
    scheduler.submit(1, action, sender);
    scheduler.step();
    let (sender, mut typing_events) = mpsc::unbounded_channel();
    scheduler.submit(2, job("typing", prompt("x", "y", "let no"), 4), sender);
    let mut steps = 0;
    while outcome(&mut typing_events).is_none() {
        assert_eq!(scheduler.step(), Step::Worked);
        steps += 1;
    }
    assert!(steps <= 5, "typing waited: {steps} steps");
    while scheduler.step() == Step::Worked {}
    assert_eq!(
        outcome(&mut action_events).map(|o| o.text),
        Some(expected.text)
    );
}

#[test]
fn text_that_looks_like_markers_stays_text() {
    let marked = cold(job(
        "a",
        prompt("<|fim_middle|><|endoftext|>", "<|fim_suffix|>", "let no"),
        8,
    ));
    let expected = "<|fim_middle|><|endoftext|><|fim_suffix|>let".len() as u32;
    // The toy has no merges for these characters but "let": a token a byte, and the three real markers.
    assert_eq!(marked.usage.prompt.evaluated, expected - 2 + 3);
}

/// One keystroke of a random session.
#[derive(Debug, Clone)]
enum Key {
    Type(&'static str),
    Backspace,
    NewSuffix(&'static str),
    OtherDocument,
    CancelAfter(usize),
}

fn keys() -> impl Strategy<Value = Vec<Key>> {
    let key = prop_oneof![
        6 => prop::sample::select(vec!["f", "o", "n", "e", " ", "foo", " self.", "(", "é", "日", "\n    ", "=", "return ", "{"]).prop_map(Key::Type),
        2 => Just(Key::Backspace),
        1 => prop::sample::select(vec!["", ")", "\nreturn\n", "日本"]).prop_map(Key::NewSuffix),
        1 => Just(Key::OtherDocument),
        1 => (0usize..6).prop_map(Key::CancelAfter),
    ];
    prop::collection::vec(key, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The promise of the engine: whatever was typed, cancelled and evicted before, the text is that of a cold start.
    #[test]
    fn reuse_never_changes_the_text(keys in keys(), cells in 120u32..600, sequences in 1u32..4) {
        let mut toy = toy(cells, sequences);
        let mut scheduler = Scheduler::new(&mut toy);
        let (mut middle, mut suffix, mut document) = (String::from("let "), "", 0);
        for key in keys {
            match key {
                Key::Type(text) => middle.push_str(text),
                Key::Backspace => drop(middle.pop()),
                Key::NewSuffix(new) => suffix = new,
                Key::OtherDocument => document = (document + 1) % 5,
                Key::CancelAfter(steps) => {
                    let (sender, _receiver) = mpsc::unbounded_channel();
                    scheduler.submit(7, job(&document.to_string(), prompt("def foo():\n", suffix, &middle), 6), sender);
                    for _ in 0..steps {
                        scheduler.step();
                    }
                    scheduler.cancel(7);
                    continue;
                }
            }
            let job = job(&document.to_string(), prompt("def foo():\n", suffix, &middle), 6);
            let mut fresh = Toy::new(ToySettings { dimensions: Dimensions { cells, sequences, batch: 512 }, ..Default::default() });
            let expected = run(&mut Scheduler::new(&mut fresh), job.clone());
            let actual = run(&mut scheduler, job);
            prop_assert_eq!(actual.text, expected.text);
            prop_assert_eq!(actual.finish, expected.finish);
        }
    }
}
