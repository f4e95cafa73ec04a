use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::{fs, path::PathBuf};

use super::*;

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/languages");
    fs::read_dir(folder)
        .expect("fixtures/languages is there")
        .map(|entry| entry.expect("readable").path())
        .collect()
}

fn id(path: &str, first_line: &str) -> Option<&'static str> {
    Language::detect(Path::new(path), first_line).map(Language::id)
}

#[test]
fn every_language_with_a_grammar_has_a_fixture_without_parse_errors() {
    let mut seen = BTreeSet::new();
    let mut broken = Vec::new();
    for path in fixtures() {
        let text = fs::read_to_string(&path).expect("fixtures are UTF-8");
        let first_line = text.lines().next().unwrap_or_default();
        let language = Language::detect(&path, first_line)
            .unwrap_or_else(|| panic!("{} has no language", path.display()));
        seen.insert(language.id());
        let Some(grammar) = language.parser() else {
            continue;
        };
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&grammar).expect("ABI fits");
        let tree = parser.parse(&text, None).expect("a tree");
        if tree.root_node().has_error() {
            broken.push((path, tree.root_node().to_sexp()));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    for language in Language::all() {
        if language.grammar.is_some() && language.id() != "jsonc" {
            assert!(
                seen.contains(language.id()),
                "{} has no fixture",
                language.name
            );
        }
    }
}

#[test]
fn every_grammar_of_the_table_is_in_the_full_build() {
    let missing: Vec<_> = Language::all()
        .iter()
        .filter(|language| language.grammar.is_some() && language.parser().is_none())
        .map(Language::id)
        .collect();
    if cfg!(feature = "all") {
        assert_eq!(missing, Vec::<&str>::new());
    } else {
        let optional = [
            "kotlin",
            "swift",
            "scala",
            "zig",
            "haskell",
            "elixir",
            "sql",
            "dockerfile",
        ];
        assert_eq!(missing, optional);
    }
}

#[test]
fn no_two_languages_claim_the_same_thing() {
    for column in [
        |language: &Language| &language.lsp_ids,
        |language: &Language| &language.file_names,
        |language: &Language| &language.extensions,
        |language: &Language| &language.interpreters,
    ] as [fn(&Language) -> &Vec<String>; 4]
    {
        let mut owner = HashMap::new();
        for language in Language::all() {
            for entry in column(language) {
                let other = owner.insert(entry.as_str(), &language.name);
                assert_eq!(other, None, "{entry} is also {}", language.name);
            }
        }
    }
    for language in Language::all() {
        assert!(!language.lsp_ids.is_empty(), "{}", language.name);
        for extension in &language.extensions {
            assert_eq!(extension, &extension.to_lowercase());
            assert!(!extension.contains('.'), "{extension} is never looked up");
        }
    }
}

#[test]
fn editors_ids_are_understood() {
    for (lsp_id, canonical) in [
        ("javascriptreact", "javascript"),
        ("typescriptreact", "typescriptreact"),
        ("tsx", "typescriptreact"),
        ("shellscript", "shellscript"),
        ("sh", "shellscript"),
        ("c-sharp", "csharp"),
        ("dockerfile", "dockerfile"),
    ] {
        assert_eq!(
            Language::by_lsp_id(lsp_id).map(Language::id),
            Some(canonical)
        );
    }
    assert_eq!(Language::by_lsp_id("plaintext"), None);
    assert_eq!(Language::by_lsp_id(""), None);
}

#[test]
fn files_are_recognised() {
    for (path, first_line, expected) in [
        ("/src/main.rs", "", Some("rust")),
        ("C:/src/App.TSX", "", Some("typescriptreact")),
        ("lib/widget.jsx", "", Some("javascript")),
        ("tsconfig.json", "", Some("jsonc")),
        ("package.json", "", Some("json")),
        ("Cargo.lock", "", Some("toml")),
        ("deploy/Dockerfile", "", Some("dockerfile")),
        ("deploy/Dockerfile.dev", "", Some("dockerfile")),
        ("CMakeLists.txt", "", Some("cmake")),
        ("notes.txt", "", None),
        ("LICENSE", "MIT License", None),
        ("", "", None),
        ("/", "", None),
        (".bashrc", "", Some("shellscript")),
        ("bin/run", "#!/bin/sh", Some("shellscript")),
        ("bin/run", "#!/usr/bin/env python3.12", Some("python")),
        (
            "bin/run",
            "#!/usr/bin/env -S FOO=1 deno run",
            Some("typescript"),
        ),
        ("bin/run", "#! /usr/local/bin/ruby -w", Some("ruby")),
        ("bin/run", "#!/usr/bin/lua5.4\r", Some("lua")),
        ("bin/run", "#!", None),
        ("bin/run", "#!/usr/bin/env", None),
        ("bin/run", "#!/opt/own/thing", None),
        // The extension says more than the first line.
        ("setup.py", "#!/bin/sh", Some("python")),
    ] {
        assert_eq!(id(path, first_line), expected, "{path:?} {first_line:?}");
    }
}

#[test]
fn a_line_becomes_a_comment() {
    let comment = |lsp_id: &str, text: &str| {
        Language::by_lsp_id(lsp_id)
            .expect("in the table")
            .comment_line(text)
    };
    assert_eq!(comment("python", "x = 1").as_deref(), Some("# x = 1"));
    assert_eq!(
        comment("html", "a -> b").as_deref(),
        Some("<!-- a -> b -->")
    );
    assert_eq!(comment("html", "a --> b"), None);
    assert_eq!(comment("css", "a */ b"), None);
    assert_eq!(comment("json", "no comments"), None);
    assert_eq!(comment("rust", "two\nlines"), None);
}

#[test]
fn every_query_fits_its_grammar() {
    let mut failures = Vec::new();
    for language in Language::all() {
        let (Some(grammar), Some(query)) = (language.parser(), language.symbols_query()) else {
            continue;
        };
        if let Err(error) = tree_sitter::Query::new(&grammar, query) {
            failures.push(format!("{}: {error}", language.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
