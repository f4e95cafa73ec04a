//! The files of `fixtures/symbols`, each with what is found in it beside it. `TACIT_REWRITE_GOLDEN=1` writes that anew.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/symbols");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("fixtures/symbols is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension != "golden")
        })
        .collect();
    files.sort();
    files
}

fn language(path: &Path) -> &'static Language {
    Language::detect(path, "").unwrap_or_else(|| panic!("{} has no language", path.display()))
}

/// However busy the machine is.
fn found_in(text: &str, language: &'static Language) -> FileSymbols {
    if language.symbols_query().is_none() {
        return plain::symbols(text, language).expect("a language that is read by lines");
    }
    let grammar = language.parser().expect("compiled in");
    let tree = syntax::parse(
        &Rope::from_str(text),
        &grammar,
        None,
        Duration::from_secs(60),
    );
    symbols(text, &tree.expect("within a minute"), language).expect("a query")
}

fn rendered(symbols: &FileSymbols) -> String {
    let mut out = String::new();
    if let Some(package) = &symbols.package {
        let _ = writeln!(out, "package {package}");
    }
    for import in &symbols.imports {
        let names = match &import.names {
            Imported::Module(name) => format!("the module as {name}"),
            Imported::All => "everything".to_owned(),
            Imported::Names(names) => {
                let names = names.iter().map(|(theirs, ours)| match theirs == ours {
                    true => theirs.clone(),
                    false => format!("{theirs} as {ours}"),
                });
                names.collect::<Vec<_>>().join(", ")
            }
        };
        let verb = if import.is_reexport {
            "re-export"
        } else {
            "import"
        };
        let _ = writeln!(out, "{verb} of {:?}: {names}", import.module);
    }
    for definition in &symbols.definitions {
        let Definition {
            name,
            kind,
            container,
            lines,
            outline,
        } = definition;
        let container = container
            .as_ref()
            .map(|container| format!(" of {container}"))
            .unwrap_or_default();
        let kind = format!("{kind:?}").to_lowercase();
        let _ = write!(
            out,
            "\n== {kind} {name}{container}, lines {} to {}\n{outline}\n",
            lines.start(),
            lines.end()
        );
    }
    out
}

#[test]
fn files_are_understood_as_their_goldens_say() {
    let rewrite = std::env::var_os("TACIT_REWRITE_GOLDEN").is_some();
    let mut failures = Vec::new();
    for path in fixtures() {
        let text = fs::read_to_string(&path).expect("fixtures are UTF-8");
        let symbols = found_in(&text, language(&path));
        let found = rendered(&symbols);
        let mut golden = path.clone().into_os_string();
        golden.push(".golden");
        if rewrite {
            fs::write(&golden, &found).expect("writable");
        } else if fs::read_to_string(&golden).ok().as_deref() != Some(&found) {
            failures.push(format!("{}:\n{found}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn languages() -> Vec<&'static Language> {
    Language::all()
        .iter()
        .filter(|language| reads(language))
        .collect()
}

#[test]
fn every_language_with_a_query_has_a_golden() {
    let tested: Vec<_> = fixtures().iter().map(|path| language(path).id()).collect();
    for language in languages()
        .into_iter()
        .filter(|each| query::of(each).is_some())
    {
        assert!(
            tested.contains(&language.id()),
            "{} has no fixture in fixtures/symbols",
            language.name
        );
    }
}

#[test]
fn a_large_file_costs_a_bounded_index() {
    let python = Language::by_lsp_id("python").expect("in the table");
    let text: String = (0..MAX_DEFINITIONS + 500)
        .map(|i| format!("def f{i}(): pass\n"))
        .collect();
    let found = found_in(&text, python);
    assert_eq!(found.definitions.len(), MAX_DEFINITIONS);

    let many: String = (0..1_000)
        .map(|i| format!("    def f{i}(self, value: int) -> int: ...\n"))
        .collect();
    let found = found_in(&format!("class Big:\n{many}"), python);
    let big = &found.definitions[0].outline;
    assert!(
        big.len() <= text::MAX_OUTLINE_BYTES && big.lines().count() <= text::MAX_OUTLINE_LINES,
        "{big}"
    );
    assert!(big.ends_with("    ..."), "{big}");
}

#[test]
fn minified_files_have_no_definitions() {
    let javascript = Language::by_lsp_id("javascript").expect("in the table");
    let text = "function a(b){return b}".repeat(1000);
    assert_eq!(found_in(&text, javascript).definitions, []);
}

#[test]
fn broken_syntax_costs_only_what_stands_there() {
    let rust = Language::by_lsp_id("rust").expect("in the table");
    let found = symbols_of_text(
        "pub fn one() {}\n\nfn two( {\n\npub struct Three { a: u8 }\n",
        rust,
    )
    .expect("parsed");
    let names: Vec<&str> = found
        .definitions
        .iter()
        .map(|definition| definition.name.as_str())
        .collect();
    assert!(
        names.contains(&"one") && names.contains(&"Three"),
        "{names:?}"
    );
}

#[test]
fn a_tree_of_another_text_does_no_harm() {
    let rust = Language::by_lsp_id("rust").expect("in the table");
    let parser = rust.parser().expect("compiled in");
    let tree = syntax::parse(
        &Rope::from_str("/// Doc.\npub fn one(a: u8) { 1 }\nmod x;\n"),
        &parser,
        None,
        PARSE_BUDGET,
    );
    let tree = tree.expect("parsed");
    assert!(symbols("", &tree, rust).is_some());
    assert!(symbols("ééééééééééééééééééééé", &tree, rust).is_some());
}

/// The signature has the tag on one line, with fewer bytes than the tag has in the file.
#[test]
fn a_tag_of_several_lines_and_bytes_is_left_out() {
    let go = Language::by_lsp_id("go").expect("in the table");
    let text =
        "package a\n\ntype Shop struct {\n\tGröße世界 int `json:\"x\"\n\t\t\t\t\tdb:\"é\"`\n}\n";
    let found = found_in(text, go);
    let outlines: String = found
        .definitions
        .iter()
        .map(|definition| &*definition.outline)
        .collect();
    assert!(
        outlines.contains("Größe世界 int") && !outlines.contains("json"),
        "{outlines}"
    );
}

/// On the stack of a test's thread, which has no more than that of the index.
#[test]
fn no_depth_overflows_the_stack() {
    let nested = [
        ("c", "{\n", 100_000),
        ("c", "struct a { \n", 30_000),
        ("cpp", "namespace a {\n", 30_000),
        ("csharp", "class A {\n", 30_000),
        ("go", "(\n", 100_000),
        ("java", "class A {\n", 30_000),
        ("javascript", "[\n", 100_000),
        ("python", "(\n", 100_000),
        ("rust", "mod a {\n", 50_000),
        ("typescript", "class A { a = \n", 30_000),
        ("kotlin", "class A {\n", 40_000),
    ];
    for (language, opener, levels) in nested {
        let language = Language::by_lsp_id(language).expect("in the table");
        symbols_of_text(&opener.repeat(levels), language);
        let closer = if opener.contains('{') { "}" } else { "" };
        symbols_of_text(
            &(opener.repeat(levels / 4) + &closer.repeat(levels / 4)),
            language,
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        for language in languages() {
            symbols_of_text(&text, language);
        }
    }

    /// Cut and shuffled code is harder than noise: most of it parses.
    #[test]
    fn any_shuffled_code_is_survived(cuts in prop::collection::vec((any::<prop::sample::Index>(), 1..60usize), 1..12)) {
        for path in fixtures() {
            let text: Vec<char> = fs::read_to_string(&path).expect("fixtures are UTF-8").chars().collect();
            let pieces = cuts.iter().flat_map(|(at, length)| {
                let at = at.index(text.len());
                &text[at..(at + length).min(text.len())]
            });
            let shuffled: String = pieces.collect();
            let whole: String = text.iter().collect();
            for text in [shuffled.clone(), format!("{shuffled}{whole}")] {
                if let Some(found) = symbols_of_text(&text, language(&path)) {
                    let lines = 1 + text.matches('\n').count() as u32;
                    for definition in found.definitions {
                        prop_assert!(definition.lines.start() <= definition.lines.end());
                        prop_assert!(*definition.lines.end() <= lines);
                        prop_assert!(definition.outline.len() <= text::MAX_OUTLINE_BYTES);
                    }
                }
            }
        }
    }
}
