//! Answers as small models give them, and what becomes of each.

mod forms;
mod refused;
mod words;

use std::sync::Arc;

use ropey::Rope;

use super::*;
use crate::actions::{Problem, Target};
use crate::documents::DocVersion;

/// A document whose target is in `«»`, and an offer for it. A name makes the target a function, or a type if it begins with a capital
/// letter and the target does not begin with `def`.
fn asked(language: &str, action: Action, name: &str, document: &str) -> (Offer, Snapshot) {
    let start = document.find('«').expect("a target");
    let end = document.find('»').expect("its end") - '«'.len_utf8();
    let text = document.replace(['«', '»'], "");
    let language = Language::by_lsp_id(language).expect("in the table");
    let kind = match name.chars().next() {
        None => TargetKind::Lines,
        Some(c) if c.is_uppercase() => TargetKind::Type,
        Some(_) => TargetKind::Function,
    };
    let target = Target {
        range: start..end,
        kind,
        name: (!name.is_empty()).then(|| name.to_owned()),
    };
    let snapshot = Snapshot {
        uri: Arc::from("file:///open"),
        version: DocVersion(1),
        rope: Rope::from_str(&text),
        tree: None,
        language: Some(language),
        grammar: language.parser(),
        path: None,
        notebook: None,
    };
    (Offer { action, target }, snapshot)
}

/// As offers lay code out: the indentation of the target's line before every line but the first, and the line ends of the file.
fn fill(offer: &Offer, snapshot: &Snapshot) -> impl Fn(&str) -> String {
    let text = snapshot.rope.to_string();
    let line = text[..offer.target.range.start]
        .rfind('\n')
        .map_or(0, |feed| feed + 1);
    let indent: String = text[line..]
        .chars()
        .take_while(|c| matches!(c, ' ' | '\t'))
        .collect();
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    move |code: &str| {
        let lines =
            code.lines()
                .enumerate()
                .map(|(index, line)| match index == 0 || line.is_empty() {
                    true => line.to_owned(),
                    false => format!("{indent}{line}"),
                });
        lines.collect::<Vec<_>>().join(newline)
    }
}

/// What replaces the target.
fn replaced(
    language: &str,
    action: Action,
    name: &str,
    document: &str,
    answer: &str,
) -> Result<String, Fault> {
    let (offer, snapshot) = asked(language, action, name, document);
    let said = Said {
        text: answer,
        is_cut_off: answer.ends_with('✂'),
    };
    let text = said.text.trim_end_matches('✂');
    let replacement = read(
        Said { text, ..said },
        &offer,
        &snapshot,
        &fill(&offer, &snapshot),
    )?;
    assert_eq!(
        replacement.range, offer.target.range,
        "nothing but the target changes"
    );
    Ok(replacement.text)
}

fn fix(message: &str) -> Action {
    Action::Fix {
        problems: vec![Problem::error(0..0, message)],
    }
}

fn edit(instruction: &str) -> Action {
    Action::Edit {
        instruction: instruction.to_owned(),
    }
}

type Case<'a> = (
    &'a str,
    &'a str,
    Action,
    &'a str,
    &'a str,
    &'a str,
    Result<&'a str, Fault>,
);

#[track_caller]
fn check_all(cases: Vec<Case>) {
    let failures: Vec<String> = cases
        .into_iter()
        .filter_map(
            |(title, language, action, name, document, answer, expected)| {
                let found = replaced(language, action, name, document, answer);
                let expected = expected.map(str::to_owned);
                (found != expected)
                    .then(|| format!("{title}:\n  expected {expected:?}\n  found    {found:?}"))
            },
        )
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

const PY: &str = "import os\n\n«def add(a, b):\n    return a - b»\n\n\nprint(add(1, 2))\n";
const PY_FIXED: &str = "def add(a, b):\n    return a + b";
const METHOD: &str = "class A:\n    x = 1\n\n    «def area(self):\n        return self.w * self.w»\n\n    def other(self):\n        return 2\n";
const METHOD_FIXED: &str = "def area(self):\n        return self.w * self.h";
const LONG: &str = "«def mean(values):\n    total = 0\n    for value in values:\n        total += values\n    count = len(values)\n    print(total, count)\n    return total / count»\n";

#[test]
fn a_target_that_is_not_there_is_refused() {
    let (mut offer, snapshot) = asked("python", fix("wrong"), "", "é«a»\n");
    let said = Said {
        text: "b",
        is_cut_off: false,
    };
    for range in [0..100, 1..3] {
        offer.target.range = range;
        assert_eq!(
            read(said, &offer, &snapshot, &|code| code.to_owned()),
            Err(Fault::NoPlace)
        );
    }
}

/// No answer makes it panic, and every replacement is of the target.
mod any_answer {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]
        #[test]
        fn is_read_or_refused(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("```python\n"), Just("```\n"), Just("def add(a, b):\n"), Just("    return a + b\n"), Just("@@ -1 +1 @@\n"),
                    Just("-    return a - b\n"), Just("+    return é\n"), Just("\"\"\""), Just("\t"), Just("\r\n"), Just("{"), Just("}"),
                    Just("class A:\n"), Just("1: "), Just("# ...\n"), Just("é"), Just("<|im_end|>"), Just("import math\n"), Just("/**"),
                ],
                0..14,
            ),
            language in prop_oneof![Just("python"), Just("rust"), Just("kotlin"), Just("typescript"), Just("lua"), Just("markdown")],
        ) {
            let text = parts.concat();
            let said = Said { text: &text, is_cut_off: false };
            let _ = explanation(said);
            for (action, name) in [(fix("wrong"), "add"), (Action::Implement, "add"), (edit("é"), ""), (Action::Test, "add"), (Action::Document, "add")] {
                let (offer, snapshot) = asked(language, action, name, PY);
                if let Ok(read) = read(said, &offer, &snapshot, &fill(&offer, &snapshot)) {
                    prop_assert_eq!(read.range, offer.target.range.clone());
                }
                let _ = documentation(said, &offer, &snapshot);
                let _ = tests(said, &offer, &snapshot);
            }
        }
    }
}
