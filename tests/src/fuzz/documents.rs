//! Documents in every language of the table: good ones, and what comes of them in strange hands.

use std::fs;
use std::path::Path;

use grammars::Language;

use super::mutate::{self, repeats};
use crate::dice::Dice;

/// A good file of a language.
#[derive(Debug, Clone)]
pub struct Sample {
    pub language: &'static Language,
    /// A name by which the language is known.
    pub file_name: String,
    pub text: String,
}

/// One for each language; where `fixtures/languages` has none, a few lines that could be anything.
///
/// # Panics
/// If the fixtures are not there.
pub fn samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/languages");
    let files = fs::read_dir(folder).expect("fixtures").flatten();
    let mut samples: Vec<Sample> = files
        .filter_map(|file| {
            let text = fs::read_to_string(file.path()).ok()?;
            let language = Language::detect(&file.path(), text.lines().next()?)?;
            let file_name = file.file_name().to_string_lossy().into_owned();
            Some(Sample {
                language,
                file_name,
                text,
            })
        })
        .collect();
    // The order of a folder is the machine's.
    samples.sort_by(|one, two| one.file_name.cmp(&two.file_name));
    for language in Language::all() {
        if samples.iter().all(|sample| sample.language != language) {
            let extension = language.extensions.first().map_or("txt", String::as_str);
            samples.push(Sample {
                language,
                file_name: format!("sample.{extension}"),
                text: "name = value;\nif (name) {\n    call(\"text\", 'c', 12);\n}\n".to_owned(),
            });
        }
    }
    samples
}

/// What opens a level in some language, and what closes it.
const LEVELS: &[(&str, &str)] = &[
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("<a>", "</a>"),
    ("\"", "\""),
    ("'", "'"),
    ("`${", "}`"),
    ("f\"{", "}\""),
    ("\"#{", "}\""),
    ("r#\"", "\"#"),
    ("$(", ")"),
    ("/*", "*/"),
    ("(*", "*)"),
    ("{-", "-}"),
    ("<!--", "-->"),
    ("'''", "'''"),
    ("[==[", "]==]"),
    ("<<A\n", "\nA\n"),
    ("begin\n", "\nend"),
    ("do |x|\n", "\nend"),
    ("fn f() {\n", "\n}"),
    ("```\n", "\n```"),
    ("- ", ""),
    ("? ", ""),
    ("> ", ""),
    ("# ", ""),
    ("::", ""),
    ("!", ""),
    ("a.", ""),
    ("a<", ">"),
    ("if a:", ""),
];

const LINE_ENDS: &[&str] = &["\r\n", "\r", "\u{2028}", " "];

/// Text that its language's authors did not think of.
pub fn odd(dice: &mut Dice, sample: &Sample) -> String {
    let good = &sample.text;
    match dice.below(12) {
        0 => good.clone(),
        1 => good.replace('\n', LINE_ENDS[dice.below(LINE_ENDS.len())]),
        2 => format!("\u{feff}{good}"),
        3 => good.chars().take(dice.below(good.len())).collect(),
        4 => nested(dice),
        5 => format!("{}{}", cut(dice, good), nested(dice)),
        6 => indented(dice),
        7 => {
            let lines: Vec<&str> = good.lines().collect();
            let line = dice.pick(&lines);
            format!("{line}\n").repeat(repeats(dice))
        }
        8 => cut(dice, good).repeat(repeats(dice).min(64)),
        9 => "x".repeat(repeats(dice) * 8),
        _ => {
            let mut text = good.clone();
            for _ in 0..1 + dice.below(12) {
                text = mutate::text(dice, &text, good);
            }
            text
        }
    }
}

/// A piece of a text, on character boundaries.
fn cut<'a>(dice: &mut Dice, text: &'a str) -> &'a str {
    let mut at = || (dice.below(text.len() + 1)..).find(|&at| text.is_char_boundary(at));
    let (one, two) = (at().unwrap_or_default(), at().unwrap_or_default());
    &text[one.min(two)..one.max(two)]
}

fn nested(dice: &mut Dice) -> String {
    let (open, close) = dice.pick(LEVELS);
    let depth = repeats(dice);
    let closed = if dice.one_in(2) { depth } else { 0 };
    format!("{}x{}", open.repeat(depth), close.repeat(closed))
}

/// Lines each of which is one step deeper.
fn indented(dice: &mut Dice) -> String {
    let step = dice.pick(&[" ", "  ", "\t", "    "]);
    let line = dice.pick(&[
        "if x:", "a:", "- ", "def f():", "x", "{", "case 1:", "\"\"\"",
    ]);
    let levels =
        (0..repeats(dice).min(1100)).map(|level| format!("{}{line}\n", step.repeat(level)));
    levels.collect()
}
