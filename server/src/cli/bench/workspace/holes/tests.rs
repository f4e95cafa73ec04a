use std::{collections::HashMap, fs};

use tempfile::TempDir;

use super::*;

/// A folder with files, each with the language of its name.
struct Project {
    folder: TempDir,
    paths: Vec<String>,
}

impl Project {
    fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |(path, text): (String, String)| {
            let file = folder.path().join(&path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
            path
        };
        let paths = files.into_iter().map(write).collect();
        Self { folder, paths }
    }

    fn holes(&self, seed: u64, count: usize) -> Vec<Hole> {
        let source = |path: &String| {
            let path = self.folder.path().join(path);
            SourceFile {
                language: Language::detect(&path, "").unwrap(),
                path,
            }
        };
        let files = self.paths.iter().map(source).collect();
        choose(files, self.folder.path(), seed, count)
    }

    /// What was chosen, whatever the folder is called.
    fn chosen(&self, seed: u64, count: usize) -> Vec<(String, Range<usize>)> {
        let holes = self.holes(seed, count).into_iter();
        holes
            .map(|hole| {
                let path = hole.path.strip_prefix(self.folder.path()).unwrap();
                (path.display().to_string(), hole.missing)
            })
            .collect()
    }
}

/// Ten lines that may be cut out.
fn code() -> String {
    (0..10)
        .map(|n| format!("value_{n} = compute(first_{n}, second_{n})\n"))
        .collect()
}

fn project() -> Project {
    let python = (0..8).map(|n| (format!("src/file{n}.py"), code()));
    let lua = (0..2).map(|n| (format!("lib/file{n}.lua"), code()));
    let go = (
        "main.go".to_owned(),
        format!("package main\n\nfunc main() {{\n{}}}\n", code()),
    );
    Project::new(python.chain(lua).chain([go]))
}

#[test]
fn the_seed_decides_alone() {
    let (one, other) = (project(), project());
    let first = one.chosen(1, 30);
    assert_eq!(first.len(), 30);
    assert_eq!(first, other.chosen(1, 30));
    assert_ne!(first, one.chosen(2, 30));
    assert_eq!(
        first[..12],
        one.chosen(1, 12),
        "fewer are the first of more"
    );
}

#[test]
fn holes_are_spread_over_languages_and_files() {
    let project = project();
    let holes = project.holes(1, 24);
    let mut first: Vec<_> = holes[..3].iter().map(|hole| hole.language.id()).collect();
    first.sort_unstable();
    assert_eq!(first, ["go", "lua", "python"]);
    let count = |holes: &[Hole]| {
        let mut languages: HashMap<&str, usize> = HashMap::new();
        for hole in holes {
            *languages.entry(hole.language.id()).or_default() += 1;
        }
        languages
    };
    // By the square roots of eight files, two and one.
    let by_weight = HashMap::from([("python", 7), ("lua", 3), ("go", 2)]);
    assert_eq!(count(&holes[..12]), by_weight);
    // Three of each file at most, while others have some; and each has one before any of its language has two.
    let by_file = HashMap::from([("python", 15), ("lua", 6), ("go", 3)]);
    assert_eq!(count(&holes), by_file);
    let mut files: HashMap<&Path, usize> = HashMap::new();
    for hole in &holes {
        *files.entry(&hole.path).or_default() += 1;
    }
    assert_eq!(files.len(), 11);
    assert!(
        files.values().all(|&count| count <= HOLES_PER_FILE),
        "{files:?}"
    );
}

#[test]
fn a_single_file_gives_all_it_has() {
    let project = Project::new([("only.py".to_owned(), code())]);
    let mut missing: Vec<_> = project
        .holes(1, 100)
        .into_iter()
        .map(|hole| hole.missing.end)
        .collect();
    assert_eq!(missing.len(), 10);
    missing.dedup();
    assert_eq!(missing.len(), 10, "no line twice");
}

#[test]
fn a_hole_is_a_line_or_what_follows_from_a_word_on() {
    let text = code().replace('\n', "\r\n").replace("value", "    value");
    let project = Project::new([("windows.py".to_owned(), text.clone())]);
    let (mut whole, mut rest) = (0, 0);
    for seed in 0..20 {
        for hole in project.holes(seed, 10) {
            let missing = &hole.text[hole.missing.clone()];
            assert_eq!(format!("{}{missing}{}", hole.before(), hole.after()), text);
            assert!(hole.after().starts_with("\r\n"));
            assert!(!missing.contains(['\r', '\n']));
            assert!(hole.is_filled_by(missing));
            assert!(hole.is_filled_by(&format!("{missing}  \n    more()")));
            assert!(!hole.is_filled_by(&missing[1..]) && !hole.is_filled_by(""));
            assert!(!hole.is_filled_by(&format!("{missing}x")));
            if hole.before().ends_with("    ") {
                whole += 1;
            } else {
                rest += 1;
                assert!(!hole.before().ends_with(is_word_char), "{missing}");
                assert!(missing.starts_with(is_word_char), "{missing}");
            }
        }
    }
    assert!(whole > 60 && rest > 60, "{whole} {rest}");
}

/// The lines of a file that may be cut out.
fn lines(name: &str, text: &str) -> Vec<String> {
    let path = Path::new(name);
    let language = Language::detect(path, "").unwrap();
    let tree = language
        .parser()
        .map(|grammar| parse(&Rope::from_str(text), &grammar, None, BACKGROUND_BUDGET).unwrap());
    code_lines(text, language, tree.as_ref())
        .map(|line| text[line].to_owned())
        .collect()
}

#[test]
fn only_lines_that_say_something_are_cut_out() {
    let key = ["AKIA", "Q7XZ2M4N6P8R1T3V"].concat();
    let cases: [(&str, String, &[&str]); 5] = [
        (
            "shop.py",
            format!(
                "\"\"\"Things for sale in a shop.\"\"\"\nfrom store import (\n    first_item, second_item,\n)\n\n\ndef price(item):\n    \
                 \"\"\"What it costs,\n    and why it does.\"\"\"\n    # the shop pays the tax\n    key = \"{key}\"\n    if item:\n        \
                 return item.price * 2\n    )\n"
            ),
            &["def price(item):", "if item:", "return item.price * 2"],
        ),
        (
            "shop.rs",
            "//! Things for sale in a shop.\nuse std::{\n    collections::HashMap,\n};\n\n/// What it costs.\n#[derive(Debug, Clone)]\n\
             struct Price {\n    in_cents: u64,\n}\n/* one\n   two three four\n*/\n"
                .to_owned(),
            &["#[derive(Debug, Clone)]", "struct Price {", "in_cents: u64,"],
        ),
        (
            "shop.c",
            "#include <stdio.h>\n#define MAX_PRICE 100\nint *found;\nvoid set(int price) {\n  *found = price + 1;\n}\n".to_owned(),
            &["#define MAX_PRICE 100", "int *found;", "void set(int price) {", "*found = price + 1;"],
        ),
        (
            "shop.kt",
            "package shop.prices\nimport store.Item\n/**\n * What it costs here\n */\nfun price(item: Item): Int {\n  return item.price\n}\n"
                .to_owned(),
            &["fun price(item: Item): Int {", "return item.price"],
        ),
        (
            "shop.php",
            "<?php\n# a comment of ours\nrequire_once 'store.php';\n$required = use_all($items);\n".to_owned(),
            &["$required = use_all($items);"],
        ),
    ];
    for (name, text, expected) in cases {
        assert_eq!(lines(name, &text), expected, "{name}");
    }
}

#[test]
fn what_programs_wrote_is_left_out() {
    let long = format!("x = [{}]\n", "12345, ".repeat(2000));
    let minified = format!("{}{}", "a = b(c, d); ".repeat(30).trim(), "\n").repeat(40);
    for (name, text) in [
        (
            "by_protoc.py",
            format!("# Code generated by protoc. DO NOT EDIT.\n{}", code()),
        ),
        (
            "by_hand_not.go",
            format!("// @generated\npackage main\n{}", code()),
        ),
        ("data.py", format!("{}{long}", code())),
        ("bundle.js", format!("{}{minified}", code())),
        ("large.py", code().repeat(MAX_FILE_BYTES / code().len() + 1)),
    ] {
        let project = Project::new([(name.to_owned(), text)]);
        assert_eq!(project.holes(1, 5), [], "{name}");
    }
}

#[test]
fn a_file_that_is_gone_is_left_out() {
    let mut project = project();
    project.paths.push("src/gone.py".to_owned());
    assert_eq!(project.holes(1, 30).len(), 30);
}
