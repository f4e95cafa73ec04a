//! Jobs of code actions: conversations instead of fill-in-the-middle prompts, which give way and go on.

use super::*;
use crate::prompt::chat::{ChatTemplate, Messages, Part, Retry};

fn template() -> ChatTemplate {
    let toy = Toy::new(ToySettings::default());
    toy.chat_template().expect("the toy has one").clone()
}

fn asked(code: &str) -> Messages {
    Messages {
        system: "self".into(),
        user: vec![Part::Needed(code.to_owned())],
        retries: Vec::new(),
        answer_head: "let\n".into(),
    }
}

fn action(messages: &Messages, max_tokens: u32) -> Job {
    Job {
        priority: Priority::Action,
        ..job("action", messages.prompt(&template()), max_tokens)
    }
}

/// The toy takes a byte for a token where it has no longer one.
fn chat_tokens(messages: &Messages, cells: usize) -> Result<String, String> {
    let toy = Toy::new(ToySettings::default());
    let prompt = messages.prompt(&template());
    let tokens = assemble(&prompt, &toy, cells)?;
    let bytes = tokens
        .iter()
        .flat_map(|token| match toy.vocabulary().bytes(*token) {
            // Markers of the frame stand for no text.
            [] => b"#",
            bytes => bytes,
        });
    Ok(String::from_utf8(bytes.copied().collect()).unwrap())
}

#[test]
fn markers_of_the_frame_are_special_and_those_of_the_user_are_text() {
    let tokens = chat_tokens(&asked("<|repo_name|><|file_sep|>"), 1000).unwrap();
    assert_eq!(
        tokens,
        "#system\nself#\n#user\n<|repo_name|><|file_sep|>#\n#assistant\nlet\n"
    );
}

#[test]
fn context_goes_first_and_what_is_needed_never() {
    let part = |text: &str| Part::Context(text.to_owned());
    let messages = Messages {
        user: vec![
            part("aaaa"),
            part("bbbb"),
            Part::Needed("code".into()),
            part("cc"),
        ],
        ..asked("")
    };
    let all = chat_tokens(&messages, 1000).unwrap();
    assert!(all.contains("aaaabbbbcodecc"), "{all}");
    let toy = Toy::new(ToySettings::default());
    let whole = assemble(&messages.prompt(&template()), &toy, 1000)
        .unwrap()
        .len();
    for (missing, expected) in [
        (0, "aaaabbbbcodecc#"),
        (1, "\nbbbbcodecc#"),
        (4, "\nbbbbcodecc#"),
        (5, "\ncodecc#"),
        (9, "\ncode#"),
        (10, "\ncode#"),
    ] {
        let kept = chat_tokens(&messages, whole - missing).unwrap();
        assert!(kept.contains(expected), "{missing}: {kept}");
    }
    let error = chat_tokens(&messages, whole - 11).unwrap_err();
    assert!(
        error.contains(&format!("take {} tokens", whole - 10)),
        "{error}"
    );
    assert!(
        error.contains(&format!("room for {}", whole - 11)),
        "{error}"
    );
}

#[test]
fn a_model_without_room_says_so_and_goes_on_working() {
    let mut toy = toy(64, 2);
    let mut scheduler = Scheduler::new(&mut toy);
    let refused = run(&mut scheduler, action(&asked(&"x".repeat(100)), 8));
    assert!(matches!(refused.finish, Finish::Failed(reason) if reason.contains("Select less")));
    let answered = run(&mut scheduler, action(&asked("x"), 8));
    assert_eq!(answered.text, cold(action(&asked("x"), 8)).text);
}

#[test]
fn an_answer_that_repeats_the_code_is_drafted_from_the_prompt() {
    let code = "def foo(self, bar):\n    return self.one + bar\n";
    let messages = Messages {
        answer_head: "def foo".into(),
        ..asked(code)
    };
    let request = action(&messages, 30);
    let expected = cold_copying(without_drafts(request.clone()), 8.0);
    let actual = cold_copying(request, 8.0);
    assert_eq!(actual.text, expected.text);
    assert!(
        actual.text.starts_with("(self, bar):\n    return"),
        "{:?}",
        actual.text
    );
    let Usage {
        generated, drafted, ..
    } = actual.usage;
    assert!(drafted > generated / 2, "{drafted} of {generated}");
}

#[test]
fn a_retry_reuses_the_first_try() {
    let mut toy = toy(4096, 2);
    let mut scheduler = Scheduler::new(&mut toy);
    let mut messages = asked(&"return foo ".repeat(20));
    let first = run(&mut scheduler, action(&messages, 20));
    let held = first.usage.prompt.evaluated;
    messages.retries.push(Retry {
        answer: format!("{}{}", messages.answer_head, first.text),
        objection: "no".into(),
    });
    let second = run(&mut scheduler, action(&messages, 20));
    assert!(second.usage.prompt.reused >= held, "{:?}", second.usage);
    assert_eq!(second.text, cold(action(&messages, 20)).text);
}

#[test]
fn typing_is_served_first_wherever_the_action_is_and_costs_it_nothing() {
    let request = action(&asked(&"foo bar ".repeat(100)), 20);
    let expected = cold(request.clone());
    // In the prompt's chunks, of 64 tokens, and among the answer's tokens.
    for steps in 0..20 {
        let mut toy = toy(4096, 2);
        let mut scheduler = Scheduler::new(&mut toy);
        let (sender, mut action_events) = mpsc::unbounded_channel();
        scheduler.submit(1, request.clone(), sender);
        let mut collected = Vec::new();
        for _ in 0..steps {
            scheduler.step();
        }
        while let Ok(event) = action_events.try_recv() {
            collected.push(event);
        }
        let typing = run_beside(&mut scheduler, job("typing", prompt("x", "y", "let no"), 4));
        assert!(typing.text.len() > 1);
        assert!(
            action_events.try_recv().is_err(),
            "it worked meanwhile, after {steps} steps"
        );
        while scheduler.step() == Step::Worked {}
        while let Ok(event) = action_events.try_recv() {
            collected.push(event);
        }
        let (sender, mut replayed) = mpsc::unbounded_channel();
        collected
            .into_iter()
            .for_each(|event| sender.send(event).unwrap());
        let actual = outcome(&mut replayed).expect("finished");
        assert_eq!(
            (actual.text, actual.usage),
            (expected.text.clone(), expected.usage),
            "{steps}"
        );
    }
}

#[test]
fn while_keys_are_expected_an_action_gives_way_sooner() {
    let request = action(&asked(&"foo bar ".repeat(100)), 20);
    let first_chunk = |expected: bool, job: Job| {
        let mut toy = toy(4096, 2);
        let mut scheduler = Scheduler::new(&mut toy);
        scheduler.expect_keys(expected);
        let (sender, mut events) = mpsc::unbounded_channel();
        scheduler.submit(1, job, sender);
        scheduler.step();
        match events.try_recv() {
            Ok(Event::Prefilled(usage)) => usage.evaluated,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(first_chunk(false, request.clone()), 64);
    assert_eq!(first_chunk(true, request), 16);
    // Who types waits for all of his prompt.
    let typing = job("typing", prompt(&"foo bar ".repeat(100), "y", "let no"), 4);
    assert_eq!(first_chunk(true, typing), 64);
}

/// Runs a job to its end and no further.
fn run_beside(scheduler: &mut Scheduler, job: Job) -> Outcome {
    let (sender, mut events) = mpsc::unbounded_channel();
    scheduler.submit(2, job, sender);
    let mut collected = String::new();
    loop {
        assert_eq!(scheduler.step(), Step::Worked);
        while let Ok(event) = events.try_recv() {
            match event {
                Event::Prefilled(_) | Event::Weighed { .. } => {}
                Event::Text { text, .. } => collected.push_str(&text),
                Event::Finished { finish, usage } => {
                    let text = collected;
                    return Outcome {
                        text,
                        finish,
                        usage,
                    };
                }
            }
        }
    }
}

#[test]
fn a_held_job_is_left_alone_and_others_are_not() {
    let mut toy = toy(4096, 2);
    let mut scheduler = Scheduler::new(&mut toy);
    let (sender, mut events) = mpsc::unbounded_channel();
    scheduler.submit(1, action(&asked("x"), 8), sender);
    scheduler.hold(1, true);
    assert_eq!((scheduler.step(), scheduler.urgency()), (Step::Idle, None));
    let other = job("other", prompt("x", "y", "let no"), 4);
    assert_ne!(run(&mut scheduler, other).finish, Finish::Cancelled);
    assert!(events.try_recv().is_err());
    scheduler.hold(1, false);
    scheduler.hold(7, true);
    while scheduler.step() == Step::Worked {}
    assert_eq!(
        outcome(&mut events).unwrap().text,
        cold(action(&asked("x"), 8)).text
    );
}

#[test]
fn an_action_takes_no_place_from_typing_where_logits_are_kept() {
    let mut toy = toy(4096, 4);
    let mut scheduler = Scheduler::new(&mut toy);
    let typed = |word: &str| job("a", prompt("x", "y", word), 2);
    run(&mut scheduler, typed("let no"));
    for n in 0..BOUNDARIES {
        run(&mut scheduler, action(&asked(&n.to_string()), 8));
    }
    let next = run(&mut scheduler, typed("let nod"));
    assert_eq!(next.usage.prompt.evaluated, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However often it is held, overtaken and evicted, an action says what it says undisturbed.
    #[test]
    fn interruptions_never_change_the_text(
        interruptions in prop::collection::vec((0usize..8, any::<bool>(), any::<bool>()), 0..12),
        words in 1usize..60,
        sequences in 1u32..4,
        copying in prop::sample::select(vec![0.0, 5.0, 8.0]),
    ) {
        let new_toy = || Toy::new(ToySettings {
            dimensions: Dimensions { cells: 256, sequences, batch: 512 },
            copying,
            ..Default::default()
        });
        let request = action(&asked(&"foo self. ".repeat(words)), 30);
        let expected = run(&mut Scheduler::new(&mut new_toy()), without_drafts(request.clone()));
        let mut toy = new_toy();
        let mut scheduler = Scheduler::new(&mut toy);
        let (sender, mut events) = mpsc::unbounded_channel();
        scheduler.submit(1, request, sender);
        for (n, (steps, hold, types)) in interruptions.into_iter().enumerate() {
            scheduler.hold(1, hold);
            if types {
                run_beside(&mut scheduler, job("typing", prompt("x", "", &format!("let {n} no")), 3));
            }
            for _ in 0..steps {
                scheduler.step();
            }
        }
        scheduler.hold(1, false);
        while scheduler.step() == Step::Worked {}
        let actual = outcome(&mut events).expect("finished");
        prop_assert_eq!(actual.text, expected.text);
        prop_assert_eq!(actual.finish, expected.finish);
    }
}
