//! Headers of model files that are nearly right: read or refused soon, in little memory, and never taken for more than there is.

use std::io::Cursor;
use std::time::Duration;

use tacit::models::gguf::{Facts, Refusal, inspect};
use tests::dice::Dice;
use tests::fuzz::mutate::bytes;
use tests::fuzz::process::resident;
use tests::fuzz::{Campaign, within};
use tests::gguf::{Gguf, Value};

const SOON: Duration = Duration::from_millis(100);

/// What no input may make this process grow by.
const GROWTH: u64 = 64 << 20;

#[test]
fn fuzz_gguf_header() {
    let good = [
        Gguf::default().bytes(),
        Gguf {
            version: 2,
            weights: 0,
            ..Gguf::default()
        }
        .bytes(),
        Gguf {
            weights: 4096,
            ..Gguf::default()
        }
        .with("general.alignment", Value::Number(64))
        .with("qwen2.block_count", Value::Number(24))
        .with("qwen2.embedding_length", Value::Number(896))
        .with("qwen2.attention.head_count", Value::Number(14))
        .with("tokenizer.ggml.fim_pre_token_id", Value::Number(2))
        .with("tokenizer.chat_template", Value::Text("{{ messages }}"))
        .bytes(),
    ];
    let mut campaign = Campaign::new("fuzz_gguf_header");
    let before = resident(std::process::id());
    let mut accepted = 0;
    while let Some(file) = campaign.next(|dice| changed(dice, &good)) {
        let facts = campaign.check(|| file.clone(), || within(SOON, || inspect_honestly(&file)));
        accepted += usize::from(facts.is_some());
    }
    println!("{accepted} of them are GGUF files");
    if let (Some(before), Some(after)) = (before, resident(std::process::id())) {
        assert!(
            after < before + GROWTH,
            "{} MiB more are used",
            (after - before) >> 20
        );
    }
}

fn changed(dice: &mut Dice, good: &[Vec<u8>]) -> Vec<u8> {
    let mut file = dice.pick(good).clone();
    let other = dice.pick(good).clone();
    for _ in 0..dice.below(6) {
        bytes(dice, &mut file, &other);
    }
    file
}

/// What is accepted has to be all there: not a byte more than the file has is needed, and with one less it is refused.
fn inspect_honestly(file: &[u8]) -> Option<Facts> {
    let inspect_first = |length: usize| inspect(Cursor::new(&file[..length]), length as u64);
    let facts = inspect_first(file.len()).ok()?;
    let needed = usize::try_from(facts.bytes_needed).expect("a length");
    assert!(
        needed <= file.len(),
        "it needs {needed} bytes of {}",
        file.len()
    );
    assert_eq!(inspect_first(needed).ok().as_ref(), Some(&facts));
    let cut = inspect_first(needed - 1);
    assert!(
        matches!(cut, Err(Refusal::Cut { .. })),
        "it is taken without its last byte: {cut:?}"
    );
    // A file that is shorter than its folder says.
    let lied = inspect(Cursor::new(&file[..needed.min(64)]), file.len() as u64);
    assert!(lied.is_err(), "more is read than there is");
    Some(facts)
}
