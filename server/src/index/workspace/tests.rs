use std::time::Instant;

use grammars::Language;

use super::*;
use crate::index::symbols::{DefinitionKind, Import};

fn definition(name: &str) -> Definition {
    Definition {
        name: name.to_owned(),
        kind: DefinitionKind::Function,
        container: None,
        lines: 1..=1,
        outline: format!("def {name}(): ..."),
    }
}

fn file(package: Option<&str>, names: &[&str]) -> Arc<FileSymbols> {
    Arc::new(FileSymbols {
        language: Language::by_lsp_id("python").unwrap(),
        package: package.map(str::to_owned),
        definitions: names.iter().map(|name| definition(name)).collect(),
        imports: vec![Import {
            module: "os".to_owned(),
            names: Imported::All,
            is_reexport: false,
        }],
    })
}

fn paths<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<&'a str> {
    let paths = entries
        .into_iter()
        .map(|entry| entry.path.to_str().unwrap());
    paths.collect()
}

fn places(index: &WorkspaceSymbols, name: &str) -> Vec<String> {
    index
        .named(name)
        .map(|(path, found)| format!("{}:{}", path.display(), found.name))
        .collect()
}

#[test]
fn answers_do_not_depend_on_the_order_in_which_files_came() {
    let files = ["/w/b/x.py", "/w/a/x.py", "/w/a/y.py", "/w/a-b/x.py"];
    let mut forward = WorkspaceSymbols::default();
    let mut backward = WorkspaceSymbols::default();
    for path in files {
        forward.insert(Path::new(path).into(), file(Some("p"), &["f", "g"]));
    }
    for path in files.iter().rev() {
        backward.insert(Path::new(path).into(), file(None, &["gone"]));
        backward.insert(Path::new(path).into(), file(Some("p"), &["f", "g"]));
    }
    for index in [&forward, &backward] {
        let sorted = ["/w/a/x.py", "/w/a/y.py", "/w/a-b/x.py", "/w/b/x.py"];
        assert_eq!(paths(index.files_of_package("p")), sorted);
        assert_eq!(paths(index.files_below(Path::new("/w"))), sorted);
        assert_eq!(places(index, "f"), sorted.map(|path| format!("{path}:f")));
        assert_eq!(index.count_named("gone"), 0);
    }
    assert_eq!(forward.bytes(), backward.bytes());
    assert_eq!(forward.len(), 4);
}

#[test]
fn files_are_found_by_folder_and_by_the_end_of_their_path() {
    let mut index = WorkspaceSymbols::default();
    for path in [
        "/w/net/http/server.go",
        "/w/net/tcp.go",
        "/v/http/server.go",
    ] {
        index.insert(Path::new(path).into(), file(None, &[]));
    }
    assert_eq!(
        paths(index.files_in(Path::new("/w/net"))),
        ["/w/net/tcp.go"]
    );
    assert_eq!(
        paths(index.files_below(Path::new("/w/net"))),
        ["/w/net/tcp.go", "/w/net/http/server.go"]
    );
    assert_eq!(
        paths(index.files_ending_in(Path::new("server.go"))),
        ["/v/http/server.go", "/w/net/http/server.go"]
    );
    assert_eq!(
        paths(index.files_ending_in(Path::new("net/http/server.go"))),
        ["/w/net/http/server.go"]
    );
    assert_eq!(
        index.folders_ending_in(Path::new("http")),
        [Path::new("/v/http"), Path::new("/w/net/http")]
    );
    assert!(index.contains(Path::new("/v/http/server.go")));
    assert!(!index.contains(Path::new("/v/http")));
}

#[test]
fn nothing_is_left_of_a_removed_file() {
    let mut index = WorkspaceSymbols::default();
    let path = Path::new("/w/a.py");
    index.insert(path.into(), file(Some("p"), &["f", "f"]));
    assert!(index.bytes() > 0);
    assert!(index.remove(path));
    assert!(!index.remove(path));
    assert_eq!(
        (index.bytes(), index.len(), index.count_named("f")),
        (0, 0, 0)
    );
    assert!(index.folders.is_empty() && index.folders_by_name.is_empty());
    assert!(
        index.by_file_name.is_empty() && index.by_package.is_empty() && index.by_name.is_empty()
    );
}

/// A measurement: `cargo test --release -- --ignored --nocapture 200_000`.
#[test]
#[ignore = "a measurement, not a test"]
fn memory_and_time_of_200_000_files() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .unwrap_or_default();
        let kilobytes = line.split_whitespace().nth(1).unwrap_or_default();
        kilobytes.parse::<usize>().unwrap_or(0) * 1024
    };
    let before = resident();
    let mut index = WorkspaceSymbols::default();
    let mut insert = std::time::Duration::ZERO;
    for number in 0..200_000 {
        let names: Vec<_> = (0..4)
            .map(|i| format!("symbol_{}", (number * 4 + i) % 300_000))
            .collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.push("__init__");
        let symbols = file(None, &names);
        let path = PathBuf::from(format!(
            "/workspace/folder{}/inner{}/file{number}.py",
            number % 100,
            number % 9_000
        ));
        let start = Instant::now();
        index.insert(path.into(), symbols);
        insert += start.elapsed();
    }
    let grown = resident() - before;
    println!(
        "1,000,000 definitions: insert {insert:?}, resident {} MB, estimated {} MB, {} bytes a definition",
        grown >> 20,
        index.bytes() >> 20,
        grown / 1_000_000
    );
    let start = Instant::now();
    assert_eq!(index.named("__init__").count(), 200_000);
    println!("named over 200,000 places: {:?}", start.elapsed());
    let start = Instant::now();
    index.remove(Path::new("/workspace/folder7/inner7/file7.py"));
    println!("remove: {:?}", start.elapsed());
}
