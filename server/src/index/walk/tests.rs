//! On real folders. Nothing sleeps: the index says when it has done what it was told.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::*;
use crate::{
    documents::{DocVersion, Documents},
    index::Index,
    syntax,
};

/// Longer than anything here takes on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of small Python files: the names of the functions that they define.
struct Workspace {
    folder: TempDir,
    index: Index,
}

impl Workspace {
    fn new(files: &[(&str, &str)]) -> Self {
        let workspace = Self {
            folder: tempfile::tempdir().unwrap(),
            index: Index::new(),
        };
        for (path, text) in files {
            workspace.write(path, text);
        }
        workspace
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn walk(&self) {
        self.index
            .set_folders(vec![self.folder.path().to_path_buf()]);
        self.rest();
    }

    fn rest(&self) {
        assert!(self.index.wait_until_ready(PATIENCE));
    }

    /// Tells of a change and waits until it counts.
    fn changed(&self, path: &str) {
        self.index.changed(&self.path(path));
        self.rest();
    }

    fn defines(&self, name: &str) -> bool {
        self.index.read().count_named(name) > 0
    }

    #[track_caller]
    fn assert_defined(&self, defined: &[&str], undefined: &[&str]) {
        for name in defined {
            assert!(self.defines(name), "{name} is not in the index");
        }
        for name in undefined {
            assert!(!self.defines(name), "{name} is in the index");
        }
    }
}

/// A file that defines a function of this name.
fn defining(name: &str) -> String {
    format!("def {name}():\n    return 1\n")
}

#[test]
fn what_is_no_source_of_the_user_is_left_out() {
    let fine = defining("fine");
    let workspace = Workspace::new(&[
        (".gitignore", "made/\n*_pb.py\n"),
        (".tacitignore", "private.py\n!kept_pb.py\n"),
        ("deep/.tacitignore", "local/\n"),
        ("fine.py", &fine),
        ("kept_pb.py", &defining("kept")),
        ("build/tracked.py", &defining("tracked")),
        ("made/x.py", &defining("made")),
        ("x_pb.py", &defining("generated")),
        ("private.py", &defining("private")),
        ("deep/local/x.py", &defining("local")),
        ("deep/fine.py", &defining("deep")),
        (".hidden/x.py", &defining("hidden_folder")),
        (".hidden.py", &defining("hidden_file")),
        ("node_modules/x.py", &defining("dependency")),
        (
            "minified.py",
            &format!("x = '{}'\n{}", "x".repeat(6000), defining("minified")),
        ),
        (
            "large.py",
            &(defining("large") + &"# comment\n".repeat(110_000)),
        ),
        ("notes.txt", &defining("text")),
    ]);
    fs::write(
        workspace.path("binary.py"),
        b"def binary():\n    return '\0'\n",
    )
    .unwrap();
    fs::write(
        workspace.path("latin.py"),
        b"def latin():\n    return '\xe4'\n",
    )
    .unwrap();
    let sparse = File::create(workspace.path("sparse.py")).unwrap();
    sparse.set_len(100 * 1024 * 1024).unwrap();
    workspace.walk();
    workspace.assert_defined(
        &["fine", "kept", "tracked", "deep"],
        &[
            "made",
            "generated",
            "private",
            "local",
            "hidden_folder",
            "hidden_file",
            "dependency",
            "minified",
            "large",
            "text",
            "binary",
            "latin",
        ],
    );
}

#[cfg(unix)]
#[test]
fn loops_and_pipes_end_no_walk() {
    let workspace = Workspace::new(&[("a/fine.py", &defining("fine"))]);
    std::os::unix::fs::symlink(workspace.folder.path(), workspace.path("a/loop")).unwrap();
    std::os::unix::fs::symlink("a/fine.py", workspace.path("link.py")).unwrap();
    let pipe = std::process::Command::new("mkfifo")
        .arg(workspace.path("a/pipe.py"))
        .status();
    assert!(pipe.unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(workspace.path("a/socket.py")).unwrap();
    workspace.walk();
    workspace.changed("a/pipe.py");
    assert_eq!(workspace.index.read().len(), 1);
    workspace.assert_defined(&["fine"], &[]);
}

#[test]
fn builds_are_left_out_where_no_gitignore_says_which() {
    let workspace = Workspace::new(&[
        ("build/x.py", &defining("built")),
        ("src/x.py", &defining("source")),
    ]);
    workspace.walk();
    workspace.assert_defined(&["source"], &["built"]);
}

#[test]
fn changes_of_files_and_folders_count() {
    let workspace = Workspace::new(&[
        ("a.py", &defining("old")),
        ("sub/deep/b.py", &defining("below")),
    ]);
    workspace.walk();
    workspace.write("a.py", &defining("new"));
    workspace.changed("a.py");
    workspace.assert_defined(&["new", "below"], &["old"]);

    fs::rename(workspace.path("sub"), workspace.path("moved")).unwrap();
    workspace.index.changed(&workspace.path("sub"));
    workspace.changed("moved");
    workspace.assert_defined(&["below"], &[]);
    let path = workspace.path("moved/deep/b.py");
    assert!(workspace.index.read().contains(&path));
    assert_eq!(workspace.index.read().len(), 2);

    fs::remove_file(workspace.path("a.py")).unwrap();
    fs::remove_dir_all(workspace.path("moved")).unwrap();
    workspace.index.changed(&workspace.path("moved"));
    workspace.changed("a.py");
    assert!(workspace.index.read().is_empty());

    // What is nobody's business stays so when it changes.
    workspace.write("node_modules/x/y.py", &defining("dependency"));
    workspace.changed("node_modules/x/y.py");
    workspace.changed("node_modules/x");
    assert!(workspace.index.read().is_empty());
}

#[test]
fn changed_ignore_files_count_at_once() {
    let workspace = Workspace::new(&[("sub/x.py", &defining("x")), ("y.py", &defining("y"))]);
    workspace.walk();
    workspace.write(".tacitignore", "sub/\n");
    workspace.changed(".tacitignore");
    workspace.assert_defined(&["y"], &["x"]);
    workspace.write(".tacitignore", "y.py\n");
    workspace.changed(".tacitignore");
    workspace.assert_defined(&["x"], &["y"]);
    fs::remove_file(workspace.path(".tacitignore")).unwrap();
    workspace.changed(".tacitignore");
    workspace.assert_defined(&["x", "y"], &[]);
}

#[test]
fn a_burst_of_changes_is_one_look_at_everything() {
    let workspace = Workspace::new(&[("a.py", &defining("old"))]);
    workspace.walk();
    workspace.write("a.py", &defining("younger"));
    for n in 0..3 * super::super::MAX_CHANGED {
        workspace
            .index
            .changed(&workspace.path(&format!("gone{n}.py")));
    }
    workspace.index.changed(&workspace.path("a.py"));
    workspace.rest();
    workspace.assert_defined(&["younger"], &["old"]);
}

/// What the parse worker delivers for this text.
fn parsed(uri: &str, text: &str) -> Snapshot {
    let snapshot = Documents::default().open(uri, "python", DocVersion(1), text);
    let tree = syntax::newest_tree(&snapshot, PATIENCE);
    Snapshot { tree, ..snapshot }
}

#[test]
fn open_text_counts_more_than_its_file() {
    let workspace = Workspace::new(&[
        (".gitignore", "made.py\n"),
        ("a.py", &defining("on_disk")),
        ("made.py", ""),
    ]);
    workspace.walk();
    let uri = |name: &str| {
        url::Url::from_file_path(workspace.path(name))
            .unwrap()
            .to_string()
    };
    let (a, made, untitled) = (
        uri("a.py"),
        uri("made.py"),
        "untitled:Untitled-1".to_owned(),
    );
    for (uri, name) in [(&a, "typed"), (&made, "ignored"), (&untitled, "nowhere")] {
        workspace.index.edited(parsed(uri, &defining(name)));
    }
    workspace.rest();
    workspace.assert_defined(&["typed", "nowhere"], &["on_disk", "ignored"]);

    workspace.changed("a.py");
    workspace.assert_defined(&["typed"], &["on_disk"]);

    for uri in [&a, &made, &untitled] {
        workspace.index.closed(uri);
    }
    workspace.rest();
    workspace.assert_defined(&["on_disk"], &["typed", "nowhere", "ignored"]);
}

#[test]
fn languages_without_a_grammar_are_read_too() {
    let kotlin = |name: &str| format!("fun {name}() = 1\n");
    let context = crate::context::workspace::Workspace::default();
    let mut workspace = Workspace::new(&[
        ("a.kt", &kotlin("on_disk")),
        ("b.swift", "func swift() {}\n"),
        ("notes.txt", &defining("text")),
        ("shelf.h", "class Shelf {\npublic:\n    int size();\n};\n"),
    ]);
    workspace.index = context.index.clone();
    workspace.walk();
    workspace.assert_defined(&["on_disk", "swift"], &["text"]);
    let header = workspace.path("shelf.h");
    let language = workspace
        .index
        .read()
        .file(&header)
        .map(|file| file.language.id());
    assert_eq!(language, Some("cpp"));

    let uri = url::Url::from_file_path(workspace.path("a.kt")).unwrap();
    let opened = Documents::default().open(uri.as_str(), "", DocVersion(1), &kotlin("typed"));
    context.opened(&opened);
    workspace.rest();
    workspace.assert_defined(&["typed"], &["on_disk"]);
}

#[test]
fn folders_come_and_go() {
    let workspace = Workspace::new(&[("a/x.py", &defining("x")), ("b/y.py", &defining("y"))]);
    let (a, b) = (workspace.path("a"), workspace.path("b"));
    workspace.index.set_folders(vec![a.clone(), b.clone()]);
    workspace.rest();
    workspace.assert_defined(&["x", "y"], &[]);
    workspace.index.set_folders(vec![b]);
    workspace.rest();
    workspace.assert_defined(&["y"], &["x"]);
    // One that is removed while it is walked, or never was.
    workspace
        .index
        .set_folders(vec![a.clone(), workspace.path("none")]);
    fs::remove_dir_all(&a).unwrap();
    workspace.index.changed(&a);
    workspace.rest();
    assert!(workspace.index.read().is_empty());
}

#[test]
fn no_secret_value_comes_into_the_index() {
    let token = ["gh", "p_aB3dE6gH9j", "K2mN5pQ8s", "T1vW4yZ7bC0dE3fG"].concat();
    let text = format!("API_TOKEN = \"{token}\"\n\n\nclass Settings:\n    token = \"{token}\"\n");
    let workspace = Workspace::new(&[("a.py", &text)]);
    workspace.walk();
    let symbols = workspace.index.read();
    let outlines: Vec<_> = symbols
        .named("API_TOKEN")
        .chain(symbols.named("Settings"))
        .map(|(_, definition)| definition.outline.as_str())
        .collect();
    assert!(outlines.concat().contains("API_TOKEN"), "{outlines:?}");
    assert!(!outlines.concat().contains(&token), "{outlines:?}");
}

/// `count` files in folders of a hundred, ten folders in each folder above.
fn many_files(workspace: &Workspace, count: usize) {
    for n in 0..count {
        let path = format!("p{}/q{}/file{n}.py", n / 1000, n / 100);
        let text = format!(
            "import os\n\n\n{}\n\nclass Class{n}:\n    def method(self, x: int) -> int:\n        return x\n",
            defining(&format!("function{n}"))
        );
        workspace.write(&path, &text);
    }
}

#[test]
fn the_files_around_the_open_one_come_first() {
    let workspace = Workspace::new(&[]);
    many_files(&workspace, 3000);
    let open = workspace.path("p2/q25/open.py");
    let uri = url::Url::from_file_path(open).unwrap();
    let snapshot = Documents::default().open(uri.as_str(), "python", DocVersion(1), "");
    workspace.index.opened(&snapshot);
    workspace
        .index
        .set_folders(vec![workspace.folder.path().to_path_buf()]);
    let deadline = Instant::now() + PATIENCE;
    let siblings_at = loop {
        let symbols = workspace.index.read();
        if (2500..2600).all(|n| symbols.count_named(&format!("function{n}")) > 0) {
            break symbols.len();
        }
        assert!(Instant::now() < deadline);
        drop(symbols);
        // The walk has a lower priority than a loop that only yields.
        std::thread::sleep(Duration::from_micros(100));
    };
    assert!(siblings_at < 1500, "{siblings_at} files were read before");
    workspace.rest();
    assert_eq!(workspace.index.read().len(), 3000);
}

/// Seconds, processor seconds of this thread's process and memory of a large workspace: `FILES=200000 cargo test -- --ignored --nocapture
/// a_large_workspace`.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "a measurement; writes FILES files"]
fn a_large_workspace_is_read_within_bounds() {
    let count = std::env::var("FILES").map_or(20_000, |files| files.parse().unwrap());
    let workspace = Workspace::new(&[]);
    many_files(&workspace, count);
    let resident = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            / 1024
    };
    // User and system time in hundredths of a second.
    let processor = || {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
    };
    let (before, busy, started) = (resident(), processor(), Instant::now());
    workspace
        .index
        .set_folders(vec![workspace.folder.path().to_path_buf()]);
    assert!(workspace.index.wait_until_ready(Duration::from_secs(600)));
    let progress = workspace.index.progress();
    let (seconds, busy) = (started.elapsed().as_secs_f64(), processor() - busy);
    println!(
        "{progress:?} in {seconds:.1} s, {busy:.1} s of processor time, {} MB",
        resident() - before
    );
    let started = Instant::now();
    workspace
        .index
        .set_folders(vec![workspace.folder.path().to_path_buf()]);
    assert!(workspace.index.wait_until_ready(Duration::from_secs(600)));
    println!("again in {:.1} s", started.elapsed().as_secs_f64());
    assert!(progress.is_full || progress.files == count);
}

#[test]
fn the_focus_decides_what_is_near() {
    let index = Index::new();
    let mut walker = Walker::new(index.0.0.clone());
    walker.focus = vec![PathBuf::from("/w/a/b")];
    let distances = ["/w/a/b", "/w/a", "/w/a/b/c", "/w/a/c", "/w", "/w/x/y"]
        .map(|folder| walker.distance(Path::new(folder)));
    assert_eq!(distances, [0, 1, 1, 2, 2, 4]);
}

/// The scanner of tree-sitter-python has no room for so many levels and aborts, if nobody keeps it from that.
#[test]
fn a_file_too_deep_for_its_scanner_costs_that_file_only() {
    let levels = |count: usize| -> String {
        (0..count)
            .map(|level| " ".repeat(level) + "if x:\n")
            .collect()
    };
    let bottom = " ".repeat(520) + "y = \"\"\"a\nb\"\"\"\n";
    let workspace = Workspace::new(&[
        ("a.py", &(levels(520) + &bottom)),
        ("b.py", &levels(520)),
        ("c.py", "def found(): ...\n"),
    ]);
    workspace.walk();
    assert!(workspace.defines("found"));
}
