//! Text that tacit reads and others have written: settings, files with secrets in them, answers of a model.

use std::fs;
use std::time::Duration;

use grammars::Notation;
use serde_json::json;
use tacit::actions::answer::{self, Said};
use tacit::actions::offer::offers;
use tacit::config::{Files, Layer, Sources};
use tacit::context::privacy::{shown_in, without_secrets};
use tacit::documents::{DocVersion, Documents};
use tempfile::TempDir;
use tests::dice::Dice;
use tests::fuzz::documents::{Sample, odd, samples};
use tests::fuzz::mutate::{self, bytes, repeats};
use tests::fuzz::{Campaign, within};

/// For each 64 KiB of a text: the time follows from the length alone. Builds without optimisation take their time.
const SOON: Duration = Duration::from_millis(if cfg!(debug_assertions) { 500 } else { 100 });

fn soon(bytes: usize) -> Duration {
    SOON * (1 + bytes / (64 << 10)) as u32
}

/// Bytes; a model is stopped long before that.
const LONGEST_ANSWER: usize = 16 << 10;

#[test]
fn fuzz_settings() {
    const GOOD: &str = "model = \"1.5b\"\nlog_level = \"info\"\n\n[completion]\nenabled = true\nmax_lines = 8\ndebounce_ms = 20\n\
        disabled_languages = [\"markdown\", \"text\"]\n\n[actions]\nmodel = \"auto\"\n\n[engine]\nthreads = 2\ngpu_layers = -1\n";
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("tacit.toml");
    let mut campaign = Campaign::new("fuzz_settings");
    let input = |dice: &mut Dice| {
        let mut text = GOOD.as_bytes().to_vec();
        for _ in 0..1 + dice.below(8) {
            bytes(dice, &mut text, GOOD.as_bytes());
        }
        if dice.one_in(20) {
            let keys = 0..repeats(dice);
            text.extend(keys.flat_map(|key| format!("mdoel{key} = {key}\n").into_bytes()));
        }
        text
    };
    while let Some(text) = campaign.next(input) {
        fs::write(&file, &text).expect("a file");
        let folders = [folder.path().to_owned()];
        campaign.check(
            || text.clone(),
            || {
                within(soon(text.len()), || {
                    let sources = Sources {
                        files: Files::read(Some(&file), &folders),
                        editor: Some(Layer::of_editor(
                            &json!({ "tacit": String::from_utf8_lossy(&text) }),
                        )),
                        ..Sources::default()
                    };
                    let (settings, issues) = sources.resolve();
                    settings.of(Some(folder.path()));
                    assert!(issues.iter().all(|issue| !issue.text.is_empty()));
                })
            },
        );
    }
}

#[test]
fn fuzz_privacy() {
    let samples = samples();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/secrets");
    let secrets = fs::read_to_string(folder.join("app/settings.py")).expect("a fixture");
    let block =
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA0000\n-----END RSA PRIVATE KEY-----\n";
    let mut campaign = Campaign::new("fuzz_privacy");
    let input = |dice: &mut Dice| {
        let mut text = match dice.below(3) {
            0 => odd(dice, &samples[dice.clone().below(samples.len())]),
            1 => format!("{secrets}{block}{secrets}"),
            _ => format!("password = \"{}\"\n", "aB3$".repeat(repeats(dice))),
        };
        for _ in 0..1 + dice.below(6) {
            text = mutate::text(dice, &text, &secrets);
        }
        text.into_bytes()
    };
    while let Some(text) = campaign.next(input) {
        campaign.check(|| text.clone(), || masks(&String::from_utf8_lossy(&text)));
    }
}

/// Lines keep their numbers, and the same text is masked in the same way wherever it is asked for.
fn masks(text: &str) {
    for notation in [
        Notation::Code,
        Notation::Data,
        Notation::Shell,
        Notation::Prose,
    ] {
        let masked = within(soon(text.len()), || {
            without_secrets(text, notation).into_owned()
        });
        assert_eq!(
            masked.matches('\n').count(),
            text.matches('\n').count(),
            "lines are lost"
        );
        assert_eq!(
            shown_in(text, 0..text.len(), notation),
            masked,
            "the same text is masked in two ways"
        );
    }
}

#[test]
fn fuzz_actions_answer() {
    let samples = samples();
    let mut campaign = Campaign::new("fuzz_actions_answer");
    // The number of the sample and of the place come first, so that a replay finds them.
    let input = |dice: &mut Dice| {
        let sample = dice.below(samples.len());
        let good = &samples[sample].text;
        let code = odd(dice, &samples[sample]);
        let mut said = match dice.below(4) {
            0 => code,
            1 => format!("Here it is:\n```\n{code}\n```\nThat is all."),
            2 => format!("```{}\n{good}", samples[sample].language.id()),
            _ => format!("1. {code}\n\n```\n```\n{good}"),
        };
        for _ in 0..dice.below(6) {
            said = mutate::text(dice, &said, good);
        }
        let mut input = vec![sample as u8, dice.number() as u8, dice.number() as u8];
        input.extend(said.into_bytes());
        input.truncate(LONGEST_ANSWER);
        input
    };
    while let Some(input) = campaign.next(input) {
        campaign.check(|| input.clone(), || read_answer(&samples, &input));
    }
}

/// Reads an answer in all ways. Whatever it says, only what was asked for changes.
fn read_answer(samples: &[Sample], input: &[u8]) -> Option<()> {
    let [sample, line, kind, said @ ..] = input else {
        return None;
    };
    let sample = samples.get(usize::from(*sample))?;
    let uri = format!("file:///{}", sample.file_name);
    let mut documents = Documents::default();
    let snapshot = documents.open(&uri, sample.language.id(), DocVersion(1), &sample.text);
    let line = usize::from(*line) % snapshot.rope.len_lines();
    let at = snapshot.rope.line_to_byte(line);
    let offers = offers(&snapshot, at..at, &[]);
    let offer = offers.get(usize::from(*kind) % offers.len().max(1))?;
    let text = String::from_utf8_lossy(said);
    for is_cut_off in [false, true] {
        let said = Said {
            text: &text,
            is_cut_off,
        };
        if let Ok(replacement) = answer::read(said, offer, &snapshot, &str::to_owned) {
            assert_eq!(replacement.range, offer.target.range);
            replacement.edits(&snapshot.rope);
        }
        let _ = answer::documentation(said, offer, &snapshot);
        let _ = answer::explanation(said);
        let _ = answer::tests(said, offer, &snapshot);
    }
    Some(())
}
