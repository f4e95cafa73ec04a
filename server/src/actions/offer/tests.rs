use std::time::{Duration, Instant};

use grammars::Language;

use super::*;
use crate::documents::{DocVersion, Documents};
use crate::syntax::{self, Parsed};

mod cases;
mod places;

/// A document and the range that `«»` or `$0` mark in it.
pub fn marked(language: &str, text: &str) -> (Snapshot, Range<usize>) {
    let (start, end, text) = match text.find("$0") {
        Some(at) => (at, at, text.replacen("$0", "", 1)),
        None => {
            let start = text.find('«').expect("a mark");
            let text = text.replacen('«', "", 1);
            let end = text.find('»').expect("an end mark");
            (start, end, text.replacen('»', "", 1))
        }
    };
    (document(language, &text), start..end)
}

pub fn document(language: &str, text: &str) -> Snapshot {
    let extension = match language {
        "python" => "py",
        "rust" => "rs",
        "typescript" => "ts",
        "javascript" => "js",
        "csharp" => "cs",
        "kotlin" => "kt",
        other => other,
    };
    let uri = format!("file:///w/shop.{extension}");
    let mut documents = Documents::default();
    let snapshot = documents.open(&uri, language, DocVersion(1), text);
    let tree = syntax::newest_tree(&snapshot, Duration::from_secs(20));
    if tree.is_some() {
        documents.store(Parsed { snapshot, tree });
    }
    documents.snapshot(&uri).expect("open")
}

pub fn problem(text: &str, at: &str, message: &str) -> Problem {
    let start = text.find(at).expect("the place of the problem");
    Problem::error(start..start + at.len(), message)
}

/// An offer on one line: its title and its target.
pub fn shown(snapshot: &Snapshot, offer: &Offer) -> String {
    let text = snapshot.rope.to_string();
    let target = text[offer.target.range.clone()]
        .replace("\r\n", "⏎")
        .replace('\n', "⏎")
        .replace('\t', "→");
    let count = target.chars().count();
    let target = match count {
        0..=60 => target,
        _ => {
            let head: String = target.chars().take(30).collect();
            let tail: String = target.chars().skip(count - 25).collect();
            format!("{head}[...]{tail}")
        }
    };
    format!("{} | {target}", offer.title())
}

/// Whatever is offered has to be found again when the client comes back with it.
pub fn listed(snapshot: &Snapshot, range: Range<usize>, problems: &[Problem]) -> Vec<String> {
    let offers = offers(snapshot, range, problems);
    for offer in &offers {
        let json = serde_json::to_string(offer).expect("JSON");
        let back: Offer = serde_json::from_str(&json).expect("an offer");
        assert_eq!(&back, offer);
        assert!(
            place(snapshot, &back).is_ok(),
            "{} is not found again",
            shown(snapshot, offer)
        );
    }
    offers.iter().map(|offer| shown(snapshot, offer)).collect()
}

proptest::proptest! {
    /// Whatever is half-typed or selected, a list is made, its targets are text, and what is found again can be filled.
    #[test]
    fn no_text_and_no_range_fails(
        language in 0..Language::all().len(),
        lines in proptest::collection::vec(0..LINES.len(), 0..14),
        cut in 0..400usize,
        start in 0..400usize,
        len in 0..60usize,
    ) {
        let mut text: String = lines.iter().map(|&line| LINES[line]).collect();
        text.truncate(floor_char_boundary(&text, cut));
        let snapshot = document(Language::all()[language].id(), &text);
        let problem = Problem::error(start / 2..start / 2 + len / 7, "é is not defined");
        for offer in offers(&snapshot, start..start + len, &[problem]) {
            assert!(text.get(offer.target.range.clone()).is_some());
            // Code that does not parse may be read in another way from another place: then the offer is refused.
            if let Ok(place) = place(&snapshot, &offer) {
                assert!(place.fill("x").contains('x'));
            }
        }
    }
}

/// Where a word ends at a sign of several bytes, at every place of it, in every language.
#[test]
fn no_place_beside_signs_of_several_bytes_fails() {
    const TEXTS: [&str; 3] = [
        "pass — (see below)\n\u{feff}ß→\u{a0}(é,\n",
        "int “größe”(ü) {\n\treturn «x»;\n}\u{2028}\n",
        "class Ä<Ö> {\n  @É\n  void —\u{1f600}(a) {\n// tacit: größer…\n/** ü\n",
    ];
    for language in Language::all() {
        for text in TEXTS {
            let snapshot = document(language.id(), text);
            for at in 0..=text.len() {
                for offer in offers(&snapshot, at..at, &[]) {
                    let target = text.get(offer.target.range.clone());
                    assert!(target.is_some(), "{} at {at} of {text:?}", language.name);
                }
            }
        }
    }
}

/// Lines of code in all of the languages, whole and not.
const LINES: [&str; 29] = [
    "pass — (é\n",
    "void “é”(ü) {\n",
    "  …\u{a0}→\u{1f600}(",
    "def é(a):\n",
    "    pass\n",
    "    \"\"\"Ä doc.\"\"\"\n",
    "\n",
    "fn f() -> u32 {\n",
    "    todo!()\n",
    "}\n",
    "/// Doc é\n",
    "/** é */\n",
    "# tacit: do it\n",
    "// tacit: mach's größer\n",
    "@Test\n",
    "#[test]\n",
    "class A {\r\n",
    "\tpublic int x() { return 1; }\r\n",
    "  }\n",
    "export const é = () => {\n",
    "func F() int {\n",
    "  fun a() = 1\n",
    "/*",
    "*/",
    "\"é",
    "# TODO write é and more\n",
    "import é\n",
    "      if x: y = (\n",
    "package é\n",
];

fn large(functions: usize) -> String {
    let function = "def handle_NAME(items, limit):\n    \"\"\"Handles items.\"\"\"\n    total = 0\n    for item in items:\n        if item > limit:\n            total += item * 2\n        else:\n            total -= 1\n    return total\n\n";
    (0..functions)
        .map(|index| function.replace("NAME", &index.to_string()))
        .collect()
}

#[test]
fn a_list_of_a_large_file_takes_less_than_ten_milliseconds() {
    let text = large(1_000);
    let at = text.find("handle_900").expect("a function");
    let whole = document("python", &text);
    let unparsed = Documents::default().open(
        "file:///w/a.kt",
        "kotlin",
        DocVersion(1),
        &text.replace("def ", "fun "),
    );
    // Its tree cannot be had in time.
    let unread = Documents::default().open("file:///w/a.py", "python", DocVersion(1), &text);
    for snapshot in [whole, unparsed, unread] {
        assert!(snapshot.rope.len_lines() >= 10_000);
        let fastest = (0..5)
            .map(|_| {
                let start = Instant::now();
                assert!(offers(&snapshot, at..at, &[]).len() > 2);
                start.elapsed()
            })
            .min()
            .unwrap_or(Duration::MAX);
        println!("{} lines: {fastest:?}", snapshot.rope.len_lines());
        assert!(fastest < Duration::from_millis(10), "{fastest:?}");
    }
}
