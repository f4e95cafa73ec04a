//! Sequences that share, leave and come back: what is evaluated, and that the text stays that of a cold start.

use std::path::Path;

use super::*;
use crate::engine::{
    backend::{Parked, Vocabulary},
    states::StateSettings,
};
use crate::prompt::chat::ChatTemplate;

/// A job whose prompt begins with about `tokens` tokens that no other `name` has.
fn long_job(document: &str, name: &str, tokens: usize) -> Job {
    let before = format!("{name} ") + &"x".repeat(tokens);
    job(document, prompt(&before, "\nreturn", "let no"), 6)
}

fn assert_cold_text(outcome: &Outcome, job: Job) {
    let expected = cold(job);
    assert_eq!(outcome.text, expected.text);
    assert_eq!(outcome.finish, expected.finish);
}

#[test]
fn a_document_takes_what_its_sibling_has_prefilled() {
    let mut toy = toy(4096, 3);
    let mut scheduler = Scheduler::new(&mut toy);
    run(&mut scheduler, long_job("a", "one", 100));
    run(&mut scheduler, long_job("a\0next", "two", 100));
    let switched = run(&mut scheduler, long_job("a", "two", 100));
    assert_eq!(switched.usage.prompt.evaluated, 0);
    assert_cold_text(&switched, long_job("a", "two", 100));
}

#[test]
fn a_document_shares_the_head_of_one_at_work() {
    let mut toy = toy(4096, 3);
    let mut scheduler = Scheduler::new(&mut toy);
    let (sender, mut other_events) = mpsc::unbounded_channel();
    let other = Job {
        priority: Priority::Action,
        ..job("b", prompt(&"x".repeat(300), "", "let no"), 6)
    };
    scheduler.submit(1, other.clone(), sender);
    scheduler.step();
    scheduler.step();
    let typing = job("a", prompt(&"x".repeat(300), "\nreturn", "let no"), 6);
    let typed = run(&mut scheduler, typing.clone());
    assert_eq!(
        typed.usage.prompt.reused as usize,
        2 * scheduler.chunk_tokens
    );
    assert_cold_text(&typed, typing);
    let other_outcome = outcome(&mut other_events).expect("it went on");
    assert_cold_text(&other_outcome, other);
}

#[test]
fn shared_heads_leave_room_for_documents_that_would_not_fit_side_by_side() {
    let mut toy = toy(300, 4);
    let mut scheduler = Scheduler::new(&mut toy);
    let with_suffix =
        |document: &str, suffix: &str| job(document, prompt(&"x".repeat(200), suffix, "let no"), 6);
    for (document, suffix) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "1"), ("b", "2")] {
        let job = with_suffix(document, suffix);
        let outcome = run(&mut scheduler, job.clone());
        assert_cold_text(&outcome, job);
    }
    let held = scheduler.slots.by_use();
    assert_eq!(held.len(), 3, "nothing had to leave");
    assert!(
        held.iter()
            .map(|s| scheduler.slots.tokens(*s).len())
            .sum::<usize>()
            > 600
    );
}

#[test]
fn what_was_evicted_comes_back_without_being_evaluated() {
    let mut toy = toy(400, 8);
    let mut scheduler = Scheduler::new(&mut toy);
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        run(&mut scheduler, long_job(name, name, 150));
    }
    assert_eq!(scheduler.slots.by_use().len(), 2, "three had to leave");
    for name in names {
        let back = run(&mut scheduler, long_job(name, name, 150));
        assert_eq!(back.usage.prompt.evaluated, 0, "{name}");
        assert_cold_text(&back, long_job(name, name, 150));
    }
}

#[test]
fn a_place_in_a_document_that_was_left_is_still_known() {
    let mut toy = toy(4096, 1);
    let mut scheduler = Scheduler::new(&mut toy);
    run(&mut scheduler, long_job("a", "here", 150));
    run(&mut scheduler, long_job("a", "there", 150));
    let back = run(&mut scheduler, long_job("a", "here", 150));
    assert_eq!(back.usage.prompt.evaluated, 0);
    assert_cold_text(&back, long_job("a", "here", 150));
}

#[test]
fn using_the_head_of_a_parked_document_leaves_it_on_the_shelf() {
    let mut toy = toy(4096, 1);
    let mut scheduler = Scheduler::new(&mut toy);
    let of = |suffix: &str| job("a", prompt(&"x".repeat(40), suffix, "let no"), 6);
    let (first, other) = (of(&"y".repeat(100)), of("z"));
    run(&mut scheduler, first.clone());
    run(&mut scheduler, long_job("b", "unrelated", 100));
    let head = run(&mut scheduler, other.clone());
    assert!(head.usage.prompt.reused > 40);
    assert_cold_text(&head, other);
    let back = run(&mut scheduler, first.clone());
    assert_eq!(back.usage.prompt.evaluated, 0);
    assert_cold_text(&back, first);
}

/// Every job on a cache that others have filled: prompts one token shorter than the context, as long, and one token longer.
#[test]
fn prompts_of_the_context_size_find_room_in_a_full_cache() {
    const CELLS: u32 = 200;
    for (max_tokens, length) in [1, 8]
        .into_iter()
        .flat_map(|max| (CELLS - 1..=CELLS + 1).map(move |length| (max, length)))
    {
        let mut filled = toy(CELLS, 4);
        let others = filled.tokenize("\nreturn").len() + 3 + filled.tokenize("let").len();
        let mut scheduler = Scheduler::new(&mut filled);
        run(&mut scheduler, long_job("a", "a", 80));
        run(&mut scheduler, long_job("b", "b", 80));
        let before = "+".repeat(length as usize - others);
        let job = job("c", prompt(&before, "\nreturn", "let no"), max_tokens);
        let result = run(&mut scheduler, job.clone());
        let expected = run(&mut Scheduler::new(&mut toy(CELLS, 4)), job);
        assert_eq!(result.text, expected.text, "{length} tokens");
        assert_eq!(result.finish, expected.finish, "{length} tokens");
        let prompt = result.usage.prompt;
        assert_eq!(
            prompt.reused + prompt.evaluated,
            length.min(CELLS - max_tokens),
            "{length} tokens"
        );
    }
}

/// A toy whose cells are in such pieces that an evaluation fails although there is room.
struct Fragmented {
    toy: Toy,
    /// Evaluations after which that happens, once.
    after: u32,
}

impl Backend for Fragmented {
    fn evaluate(
        &mut self,
        sequence: SeqId,
        start: u32,
        tokens: &[Token],
        outputs: usize,
    ) -> Result<(), EvaluateError> {
        self.after = self.after.wrapping_sub(1);
        if self.after == 0 {
            return Err(EvaluateError::CacheFull);
        }
        self.toy.evaluate(sequence, start, tokens, outputs)
    }

    fn dimensions(&self) -> Dimensions {
        self.toy.dimensions()
    }

    fn device(&self) -> String {
        self.toy.device()
    }

    fn vocabulary(&self) -> &Vocabulary {
        self.toy.vocabulary()
    }

    fn tokenize_frame(&self, frame: &str) -> Vec<Token> {
        self.toy.tokenize_frame(frame)
    }

    fn chat_template(&self) -> Option<&ChatTemplate> {
        self.toy.chat_template()
    }

    fn tokenize(&self, text: &str) -> Vec<Token> {
        self.toy.tokenize(text)
    }

    fn logits(&self, output: usize) -> &[f32] {
        self.toy.logits(output)
    }

    fn truncate(&mut self, sequence: SeqId, keep: u32) -> Result<(), EvaluateError> {
        self.toy.truncate(sequence, keep)
    }

    fn share(&mut self, from: SeqId, to: SeqId, len: u32) -> Result<(), EvaluateError> {
        self.toy.share(from, to, len)
    }

    fn park(&self, sequence: SeqId) -> Result<Parked, EvaluateError> {
        self.toy.park(sequence)
    }

    fn resume(&mut self, sequence: SeqId, parked: &Parked) -> Result<(), EvaluateError> {
        self.toy.resume(sequence, parked)
    }

    fn write(&self, sequence: SeqId, file: &Path) -> Result<(), EvaluateError> {
        self.toy.write(sequence, file)
    }

    fn read(&mut self, sequence: SeqId, file: &Path, len: u32) -> Result<(), EvaluateError> {
        self.toy.read(sequence, file, len)
    }

    fn set_threads(&mut self, threads: u32) -> Result<(), EvaluateError> {
        self.toy.set_threads(threads)
    }
}

#[test]
fn fragmented_cells_cost_the_idle_documents_their_place_but_no_answer() {
    let mut fragmented = Fragmented {
        toy: toy(4096, 4),
        after: 0,
    };
    fragmented.after = 12;
    let mut scheduler = Scheduler::new(&mut fragmented);
    let first = run(&mut scheduler, long_job("a", "a", 100));
    assert_cold_text(&first, long_job("a", "a", 100));
    let second = run(&mut scheduler, long_job("b", "b", 300));
    assert_cold_text(&second, long_job("b", "b", 300));
    assert_eq!(scheduler.slots.by_use().len(), 1, "a's place is given up");
    let back = run(&mut scheduler, long_job("a", "a", 100));
    assert_eq!(back.usage.prompt.evaluated, 0, "and comes back from memory");
    assert_cold_text(&back, long_job("a", "a", 100));
}

fn states(cache: &tempfile::TempDir) -> StateFolder {
    StateFolder::open(StateSettings {
        root: cache.path().join("states"),
        model: "toy".to_owned(),
        max_bytes: 1 << 20,
    })
    .unwrap()
}

fn save_all(scheduler: &mut Scheduler) {
    for seq in scheduler.unsaved() {
        scheduler.save(seq);
    }
}

#[test]
fn only_what_is_new_is_saved() {
    let cache = tempfile::tempdir().unwrap();
    let mut toy = toy(4096, 8);
    let mut scheduler = Scheduler::new(&mut toy);
    scheduler.keep_states(states(&cache));
    for name in ["a", "b", "c", "d", "e"] {
        run(&mut scheduler, long_job(name, name, 300));
    }
    run(&mut scheduler, job("short", prompt("x", "", "let no"), 6));
    let newest_first: Vec<_> = scheduler.slots.by_use().into_iter().rev().collect();
    // The short one is among the four most recent, but not worth it.
    assert_eq!(scheduler.unsaved(), newest_first[1..4]);
    save_all(&mut scheduler);
    assert_eq!(scheduler.unsaved(), []);
    let longer = |text: &str| {
        job(
            "e",
            prompt(&format!("e {}", "x".repeat(300)), text, "let no"),
            6,
        )
    };
    run(&mut scheduler, longer("\nreturn 1"));
    assert_eq!(scheduler.unsaved(), [], "a few tokens more");
    run(&mut scheduler, longer(&"y".repeat(100)));
    assert_eq!(scheduler.unsaved().len(), 1);
}

#[test]
fn a_state_that_the_back_end_cannot_read_is_deleted_and_the_prompt_is_cold() {
    let cache = tempfile::tempdir().unwrap();
    let mut first = toy(4096, 2);
    let mut scheduler = Scheduler::new(&mut first);
    scheduler.keep_states(states(&cache));
    run(&mut scheduler, long_job("a", "a", 300));
    let seq = scheduler.slots.by_use()[0];
    let tokens = scheduler.slots.tokens(seq).to_vec();
    let mut folder = states(&cache);
    // As it should be by all that can be checked, but for the toy.
    let write = |file: &Path| {
        std::fs::write(file, "nonsense").unwrap();
        Ok(())
    };
    folder.save("a", &tokens, write).unwrap();
    let mut second = toy(4096, 2);
    let mut scheduler = Scheduler::new(&mut second);
    scheduler.keep_states(folder);
    let cold_run = run(&mut scheduler, long_job("a", "a", 300));
    assert_eq!(cold_run.usage.prompt.reused, 0);
    assert_cold_text(&cold_run, long_job("a", "a", 300));
    assert!(states(&cache).wants(&tokens), "it is deleted");
}

/// What happens next in a session with several long documents.
#[derive(Debug, Clone)]
enum Turn {
    Type(&'static str),
    /// Another document, which may begin like the others or not.
    Open {
        document: u8,
        head: u8,
    },
    /// The same document prepared under another key.
    Prepare,
    CancelAfter(usize),
    /// What an idle engine does.
    Save,
    /// The engine's process ends and another one starts.
    Restart,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        4 => prop::sample::select(vec!["f", "one", " self.", "(", "é", "\n    "]).prop_map(Turn::Type),
        4 => (0u8..5, 0u8..3).prop_map(|(document, head)| Turn::Open { document, head }),
        1 => Just(Turn::Prepare),
        1 => (0usize..5).prop_map(Turn::CancelAfter),
        1 => Just(Turn::Save),
        1 => Just(Turn::Restart),
    ];
    prop::collection::vec(turn, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Shared, parked, saved and brought back in any order, on a cache that is always too small: the text is that of a cold start.
    #[test]
    fn moving_sequences_never_changes_the_text(turns in turns(), cells in 250u32..700, sequences in 1u32..5) {
        let cache = tempfile::tempdir().unwrap();
        let (mut document, mut head, mut middle) = (0, 0, String::from("let "));
        for turns in turns.split(|turn| matches!(turn, Turn::Restart)) {
            let mut toy = toy(cells, sequences);
            let mut scheduler = Scheduler::new(&mut toy);
            scheduler.keep_states(states(&cache));
            for turn in turns {
                let of = |key: String, middle: &str| {
                    let before = "+".repeat(80) + &["", "abc", "def"][head as usize].repeat(20);
                    job(&key, prompt(&before, &format!("\n{document}"), middle), 5)
                };
                let job = match turn {
                    Turn::Type(text) => {
                        middle.push_str(text);
                        of(document.to_string(), &middle)
                    }
                    Turn::Open { document: next, head: next_head } => {
                        (document, head) = (*next, *next_head);
                        continue;
                    }
                    Turn::Prepare => of(format!("{document}\0next"), &middle),
                    Turn::CancelAfter(steps) => {
                        let (sender, _receiver) = mpsc::unbounded_channel();
                        scheduler.submit(7, of(document.to_string(), &middle), sender);
                        for _ in 0..*steps {
                            scheduler.step();
                        }
                        scheduler.cancel(7);
                        continue;
                    }
                    Turn::Save => {
                        save_all(&mut scheduler);
                        continue;
                    }
                    Turn::Restart => unreachable!("the list is split there"),
                };
                let mut fresh = super::toy(cells, sequences);
                let expected = run(&mut Scheduler::new(&mut fresh), job.clone());
                let actual = run(&mut scheduler, job);
                prop_assert_eq!(actual.text, expected.text);
                prop_assert_eq!(actual.finish, expected.finish);
            }
        }
    }
}
