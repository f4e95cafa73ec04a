mod actions;
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
        avoided: Vec::new(),
    }
}

fn job(document: &str, prompt: Prompt, max_tokens: u32) -> Job {
    Job {
        document: document.to_owned(),
        prompt,
        priority: Priority::Typing,
        limits: limits(max_tokens),
        weighed: None,
    }
}

fn limits(max_tokens: u32) -> Limits {
    Limits {
        max_tokens,
        max_lines: None,
        urgent_lines: None,
        says_something: false,
        drafts: true,
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
            Event::Prefilled(_) | Event::Weighed { .. } => {}
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

fn cold_copying(job: Job, copying: f32) -> Outcome {
    run(&mut Scheduler::new(&mut copying_toy(copying)), job)
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

/// See [`ToySettings::copying`].
fn copying_toy(copying: f32) -> Toy {
    Toy::new(ToySettings {
        copying,
        ..Default::default()
    })
}

#[test]
fn a_keystroke_in_the_same_word_evaluates_nothing() {
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
    assert_eq!(second.usage.prompt.evaluated, 0);
    assert_eq!(second.usage.prompt.reused, first.usage.prompt.evaluated);
}

#[test]
fn a_suggestion_left_in_its_middle_goes_on_without_a_pass() {
    let mut toy = toy(4096, 2);
    let mut scheduler = Scheduler::new(&mut toy);
    let request = job(
        "a",
        prompt("import os\n", "\nreturn", "def foo():\n    let no"),
        8,
    );
    let first = run(&mut scheduler, request.clone());
    let prompt_len = first.usage.prompt.evaluated as usize;
    let suggested = scheduler.slots.tokens(SeqId(0)).to_vec();
    for accepted in (0..suggested.len() - prompt_len).rev() {
        let (sender, mut events) = mpsc::unbounded_channel();
        scheduler.submit(
            1,
            Job {
                limits: limits(1),
                ..request.clone()
            },
            sender,
        );
        scheduler.jobs[0].tokens = suggested[..prompt_len + accepted].to_vec();
        while scheduler.step() == Step::Worked {}
        let usage = outcome(&mut events).unwrap().usage;
        assert_eq!(usage.prompt.evaluated, 0, "after {accepted} tokens");
    }
}

#[test]
fn a_long_answer_does_not_cost_the_end_of_its_prompt() {
    let mut toy = copying_toy(8.0);
    let mut scheduler = Scheduler::new(&mut toy);
    let request = |middle| job("a", prompt("", "", middle), 2 * BOUNDARIES as u32);
    let first = run(&mut scheduler, request("foo bar foo bar fo"));
    assert_eq!(first.finish, Finish::Limit);
    let second = run(&mut scheduler, request("foo bar foo bar foo"));
    assert_eq!(second.usage.prompt.evaluated, 0);
}

#[test]
fn a_job_without_tokens_prepares_the_first_token() {
    let mut toy = toy(4096, 2);
    let mut scheduler = Scheduler::new(&mut toy);
    let request = |max_tokens| job("a", prompt("import os\n", "\nreturn", "let no"), max_tokens);
    for expected_work in [true, false] {
        let prepared = run(&mut scheduler, request(0));
        assert_eq!(
            (prepared.text.as_str(), prepared.finish),
            ("", Finish::Limit)
        );
        assert_eq!(prepared.usage.generated, 0);
        assert_eq!(prepared.usage.prompt.evaluated > 0, expected_work);
    }
    let answer = run(&mut scheduler, request(8));
    assert_eq!(answer.usage.prompt.evaluated, 0);
    assert_eq!(answer.text, cold(request(8)).text);
}

#[test]
fn a_text_weighs_as_much_as_it_is_likely_to_be_written() {
    let mut toy = toy(4096, 2);
    let mut scheduler = Scheduler::new(&mut toy);
    let asked = |healed: &str, weighed: Option<&str>| {
        let mut prompt = prompt("import os\n", "\nreturn", "");
        prompt.healed = healed.to_owned();
        Job {
            weighed: weighed.map(str::to_owned),
            ..job("a", prompt, 1)
        }
    };
    let mut events_of = |job: Job| {
        let (sender, mut events) = mpsc::unbounded_channel();
        scheduler.submit(0, job, sender);
        while scheduler.step() == Step::Worked {}
        std::iter::from_fn(|| events.try_recv().ok()).collect::<Vec<Event>>()
    };
    let written = events_of(asked("", None));
    let [
        ..,
        Event::Text { text, probability },
        Event::Finished { usage, .. },
    ] = &written[..]
    else {
        panic!("{written:?}");
    };
    let mut weigh = |healed: &str, weighed: &str| {
        let events = events_of(asked(healed, Some(weighed)));
        let [
            ..,
            Event::Weighed { log_probability },
            Event::Finished { finish, .. },
        ] = &events[..]
        else {
            panic!("{events:?}");
        };
        assert_eq!(*finish, Finish::Limit);
        *log_probability
    };
    let is_close = |a: f32, b: f32| (a - b).abs() < 1e-3;
    assert!(is_close(weigh("", text), probability.ln()));
    let (first, second) = ("1;", "2;");
    let both = weigh("", &(first.to_owned() + second));
    assert!(is_close(both, weigh("", first) + weigh(first, second)));
    // Nothing of it stays where an answer would go on.
    let again = events_of(asked("", None));
    let Some(Event::Finished { usage: now, .. }) = again.last() else {
        panic!("{again:?}");
    };
    assert!(now.prompt.evaluated <= 1, "{now:?}, at first {usage:?}");
    assert_eq!(again[again.len() - 2], written[written.len() - 2]);
}

#[test]
fn a_prompt_of_nothing_is_refused() {
    let nothing = Prompt {
        segments: vec![],
        healed: String::new(),
        avoided: Vec::new(),
    };
    let refused = cold(job("a", nothing, 8));
    assert!(
        matches!(refused.finish, Finish::Failed(_)),
        "{:?}",
        refused.finish
    );
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
fn an_answer_whose_lines_are_there_gives_way_to_an_action() {
    let mut toy = toy(4096, 2);
    let mut scheduler = Scheduler::new(&mut toy);
    let typing = Job {
        limits: Limits {
            urgent_lines: Some(1),
            says_something: false,
            ..limits(400)
        },
        ..job("typing", prompt("x", "y", "let no"), 0)
    };
    let (sender, mut events) = mpsc::unbounded_channel();
    scheduler.submit(1, typing, sender);
    let mut answer = String::new();
    while scheduler.urgency() == Some(Priority::Typing) {
        assert!(!answer.trim_start().contains('\n'), "{answer:?}");
        scheduler.step();
        while let Ok(event) = events.try_recv() {
            if let Event::Text { text, .. } = event {
                answer.push_str(&text);
            }
        }
    }
    assert!(answer.trim_start().contains('\n'), "{answer:?}");
    assert_eq!(scheduler.urgency(), Some(Priority::Prefetch));

    let (sender, mut action_events) = mpsc::unbounded_channel();
    let action = Job {
        priority: Priority::Action,
        ..job("action", prompt("x", "y", "let no"), 4)
    };
    scheduler.submit(2, action, sender);
    assert_eq!(scheduler.urgency(), Some(Priority::Action));
    while outcome(&mut action_events).is_none() {
        scheduler.step();
    }
    assert_eq!(
        outcome(&mut events).map(|o| o.finish),
        None,
        "it only waits"
    );

    let (sender, _newer) = mpsc::unbounded_channel();
    scheduler.submit(3, job("typing", prompt("x", "y", "let nod"), 8), sender);
    assert_eq!(
        outcome(&mut events).map(|o| o.finish),
        Some(Finish::Cancelled)
    );
    assert_eq!(scheduler.urgency(), Some(Priority::Typing));
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

fn without_drafts(job: Job) -> Job {
    Job {
        limits: Limits {
            drafts: false,
            ..job.limits
        },
        ..job
    }
}

#[test]
fn drafts_save_passes_where_text_repeats_itself() {
    let request = job("a", prompt("", "", "foo bar foo bar foo"), 60);
    let (mut plain, mut drafting) = (copying_toy(8.0), copying_toy(8.0));
    let expected = run(
        &mut Scheduler::new(&mut plain),
        without_drafts(request.clone()),
    );
    let actual = run(&mut Scheduler::new(&mut drafting), request);
    assert_eq!(
        (actual.text, actual.finish),
        (expected.text, expected.finish)
    );
    assert_eq!(actual.usage.generated, expected.usage.generated);
    assert_eq!((expected.usage.drafted, plain.passes()), (0, 60));
    let passes = drafting.passes();
    assert_eq!(passes + u64::from(actual.usage.drafted), 60);
    assert!(passes <= 25, "{passes} passes");
}

#[test]
fn drafts_that_come_true_now_and_then_change_nothing() {
    let mut drafted = 0;
    for n in 0..40 {
        let mut toy = copying_toy(5.0);
        let costs = PassCosts::new(vec![(1, 1.0), (16, 1.0)]).unwrap();
        let mut scheduler = Scheduler::with_costs(&mut toy, costs);
        let before = format!("foo bar self.one {n} foo bar self.one");
        for max_lines in [None, Some(1), Some(2)] {
            let mut request = job("a", prompt("\n", ")", &before), 30);
            request.limits.max_lines = max_lines;
            let expected = cold_copying(without_drafts(request.clone()), 5.0);
            let actual = run(&mut scheduler, request);
            assert_eq!(
                (actual.text, actual.finish),
                (expected.text, expected.finish)
            );
            assert_eq!(actual.usage.generated, expected.usage.generated);
            assert!(actual.usage.drafted < actual.usage.generated);
            drafted += actual.usage.drafted;
        }
    }
    assert!(drafted > 100, "{drafted}");
}

#[test]
fn what_a_keystroke_cuts_off_is_guessed_again() {
    let mut toy = toy(4096, 1);
    let mut scheduler = Scheduler::new(&mut toy);
    run(&mut scheduler, job("a", prompt("x", "y", "let no"), 12));
    let held = scheduler.slots.tokens(SeqId(0)).to_vec();
    let other = run(&mut scheduler, job("a", prompt("x", "y", "let ("), 1));
    let kept = other.usage.prompt.reused as usize;
    assert!((2..held.len()).contains(&kept), "{kept} of {}", held.len());
    let guess = scheduler.drafts.propose(&held[..kept], std::iter::empty());
    assert_eq!(guess.tokens, held[kept..]);
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

    /// The promise of the engine: whatever was typed, cancelled, evicted and guessed before, the text is that of a cold start
    /// without drafts.
    #[test]
    fn reuse_never_changes_the_text(
        keys in keys(),
        cells in 120u32..600,
        sequences in 1u32..4,
        copying in prop::sample::select(vec![0.0, 5.0, 8.0]),
        flat_costs in any::<bool>(),
        max_tokens in 0u32..20,
        max_lines in prop::option::of(1u32..3),
    ) {
        let new_toy = || Toy::new(ToySettings {
            dimensions: Dimensions { cells, sequences, batch: 512 },
            copying,
            ..Default::default()
        });
        let costs = if flat_costs {
            PassCosts::new(vec![(1, 1.0), (16, 1.0)]).unwrap()
        } else {
            PassCosts::default()
        };
        let limits = Limits { max_lines, ..limits(max_tokens) };
        let mut toy = new_toy();
        let mut scheduler = Scheduler::with_costs(&mut toy, costs);
        let (mut middle, mut suffix, mut document) = (String::from("let "), "", 0);
        for key in keys {
            match key {
                Key::Type(text) => middle.push_str(text),
                Key::Backspace => drop(middle.pop()),
                Key::NewSuffix(new) => suffix = new,
                Key::OtherDocument => document = (document + 1) % 5,
                Key::CancelAfter(_) => {}
            }
            let job = Job {
                limits: limits.clone(),
                ..job(&document.to_string(), prompt("def foo():\n", suffix, &middle), 0)
            };
            if let Key::CancelAfter(steps) = key {
                let (sender, _receiver) = mpsc::unbounded_channel();
                scheduler.submit(7, job, sender);
                for _ in 0..steps {
                    scheduler.step();
                }
                scheduler.cancel(7);
                continue;
            }
            let expected = run(&mut Scheduler::new(&mut new_toy()), without_drafts(job.clone()));
            let actual = run(&mut scheduler, job);
            prop_assert_eq!(actual.text, expected.text);
            prop_assert_eq!(actual.finish, expected.finish);
            prop_assert_eq!(actual.usage.generated, expected.usage.generated);
            let held = |usage: Usage| usage.prompt.reused + usage.prompt.evaluated;
            prop_assert_eq!(held(actual.usage), held(expected.usage));
        }
    }
}
