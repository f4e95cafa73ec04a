use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use grammars::Language;

use super::types::Said;
use super::*;
use crate::documents::DocVersion;
use crate::index::language::detect;
use crate::index::symbols::symbols_of_text;
use crate::syntax;

const ROOT: &str = "/workspace";

/// A project with a cursor in one of its files.
struct Project {
    index: WorkspaceSymbols,
    snapshot: Snapshot,
    cursor: usize,
}

/// Of files by their paths, one of which has the cursor as `$0`.
fn project<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Project {
    let mut index = WorkspaceSymbols::default();
    index.set_roots(vec![Path::new(ROOT).into()]);
    let mut open = None;
    for (path, text) in files {
        let path: Arc<Path> = Path::new(ROOT).join(path).into();
        let language = detect(&path, text).expect("the language of the file is known");
        let cursor = text.find("$0");
        let text = text.replacen("$0", "", 1);
        if let Some(cursor) = cursor {
            open = Some((snapshot(&path, language, &text), cursor));
        }
        let symbols =
            symbols_of_text(&text, language).expect("the symbols of the language can be told");
        index.insert(path, Arc::new(symbols));
    }
    let (snapshot, cursor) = open.expect("one of the files has a cursor");
    Project {
        index,
        snapshot,
        cursor,
    }
}

pub(super) fn snapshot(path: &Arc<Path>, language: &'static Language, text: &str) -> Snapshot {
    let rope = Rope::from_str(text);
    let grammar = language.parser();
    let parse = |grammar| syntax::parse(&rope, grammar, None, Duration::from_secs(60));
    Snapshot {
        uri: "file:///open".into(),
        version: DocVersion(1),
        tree: grammar.as_ref().and_then(parse),
        rope,
        language: Some(language),
        grammar,
        path: Some(path.clone()),
        notebook: None,
    }
}

impl Project {
    fn pieces(&self, window: Range<usize>) -> Vec<Piece> {
        pieces(&self.index, &self.snapshot, self.cursor, window)
    }

    /// Path and name of each piece, with a window that shows all of the file.
    fn found(&self) -> Vec<String> {
        self.names(&self.pieces(0..self.snapshot.rope.len_bytes()))
    }

    fn names(&self, pieces: &[Piece]) -> Vec<String> {
        let name = |piece: &Piece| {
            let symbols = self
                .index
                .file(&piece.path)
                .expect("a piece is of a file of the index");
            let mut definitions = symbols.definitions.iter();
            let found =
                definitions.find(|each| each.lines == piece.lines && each.outline == piece.text);
            let path = piece
                .path
                .strip_prefix(ROOT)
                .expect("all files lie in the workspace");
            format!(
                "{} {}",
                path.display(),
                found.expect("a piece is a definition").name
            )
        };
        pieces.iter().map(name).collect()
    }
}

/// The files of `fixtures/modules`, each a project and what is expected of it.
#[test]
fn standard_layouts() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/modules"));
    let languages = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let languages = languages.filter(|path| path.is_dir());
    let mut cases: Vec<PathBuf> = languages
        .flat_map(|language| {
            std::fs::read_dir(language)
                .unwrap()
                .map(|entry| entry.unwrap().path())
        })
        .collect();
    cases.sort();
    assert!(cases.len() >= 14, "fixtures are missing");
    let mut wrong = Vec::new();
    for case in cases {
        let text = std::fs::read_to_string(&case).unwrap();
        let (files, expected) = text
            .split_once("=== expected\n")
            .expect("every case says what it expects");
        let files = files.split("--- ").skip(1);
        let files: Vec<_> = files.map(|file| file.split_once('\n').unwrap()).collect();
        let reversed = project(files.iter().rev().copied());
        let project = project(files);
        let found = project.found();
        assert_eq!(found, reversed.found(), "the order of files must not show");
        if found != expected.lines().collect::<Vec<_>>() {
            let pieces = project.pieces(0..project.snapshot.rope.len_bytes());
            let reasons: Vec<_> = pieces
                .iter()
                .map(|piece| format!("{:.2} {}", piece.score, piece.reason))
                .collect();
            wrong.push(format!(
                "{}:\nfound {found:#?}\nbecause {reasons:#?}\nexpected {expected}",
                case.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_the_prompt_shows_is_left_out() {
    let text = "class Shelf:\n    def put(self) -> None: ...\n\n\n\n\ndef fill(shelf: Shelf):\n    shelf.$0\n";
    let project = project([("a.py", text)]);
    assert_eq!(project.found(), Vec::<String>::new());
    let window = text.find("def fill").unwrap()..text.len() - 2;
    assert_eq!(project.names(&project.pieces(window)), ["a.py Shelf"]);
}

#[test]
fn members_of_the_own_type_outside_of_the_window() {
    let many = "    def other(self) -> int:\n        return 1\n\n";
    let text =
        format!("class Shelf:\n{many}{many}{many}    def last(self):\n        return self.$0\n");
    let project = project([("a.py", text.as_str())]);
    let window = text.find("    def last").unwrap()..project.snapshot.rope.len_bytes();
    let pieces = project.pieces(window);
    assert!(
        project
            .names(&pieces)
            .iter()
            .any(|name| name == "a.py other" || name == "a.py Shelf")
    );
    assert!(pieces.iter().all(|piece| *piece.lines.start() < 11));
}

#[test]
fn a_name_without_import_is_found_if_nothing_else_has_it() {
    let use_it = ("app/main.py", "def main():\n    open_warehouse($0\n");
    let one = ("stock/a.py", "def open_warehouse(): ...\n");
    let other = ("old/b.py", "def open_warehouse(): ...\n");
    assert_eq!(
        project([use_it, one]).found(),
        ["stock/a.py open_warehouse"]
    );
    assert_eq!(project([use_it, one, other]).found(), Vec::<String>::new());
    let variable = (
        "app/main.py",
        "def main():\n    open_warehouse = 1\n    $0\n",
    );
    assert_eq!(project([variable, one]).found(), Vec::<String>::new());
}

#[test]
fn words_in_comments_and_strings_do_not_count() {
    let files = |line: &str| {
        format!(
            "from stock import Shelf, Item\n\ndef main():\n    {line}\n    $0\n    Shelf\n    Item\n"
        )
    };
    let stock = ("stock.py", "class Shelf: ...\nclass Item: ...\n");
    let first = |line: &str| {
        let text = files(line);
        let project = project([stock, ("main.py", text.as_str())]);
        project.pieces(0..text.len())[0].reason.clone()
    };
    assert_eq!(first("Item()"), "`Item` is used one line above");
    assert_eq!(first("# Item"), "`Shelf` is used one line below");
    assert_eq!(first("print('Item')"), "`Shelf` is used one line below");
    assert_eq!(
        first("\"\"\"\n    Item\n    \"\"\""),
        "`Shelf` is used one line below"
    );
}

#[test]
fn a_head_is_found_by_indentation_where_the_tree_is_missing() {
    let text = "class Cart(Base):\n    def add(\n        self,\n        shelf: Shelf,\n    ):\n        if True:\n            ";
    let rope = Rope::from_str(text);
    let scope = scope::scope(&rope, None, text.len());
    assert_eq!(scope.class.map(|class| class.name).as_deref(), Some("Cart"));
    let heads: Vec<_> = scope
        .functions
        .iter()
        .map(|head| scope::text(&rope, head))
        .collect();
    assert!(
        heads.iter().any(|head| head.contains("shelf: Shelf")),
        "{heads:?}"
    );
}

#[test]
fn what_is_said_of_a_variable() {
    let cases = [
        (
            "python",
            "x: Shelf = 1",
            "x",
            vec![Said::Type("Shelf".into())],
        ),
        (
            "python",
            "x = await stock.open()",
            "x",
            vec![Said::Made("stock.open".into())],
        ),
        (
            "python",
            "with Shelf(1) as x:",
            "x",
            vec![Said::Made("Shelf".into())],
        ),
        (
            "python",
            "def f(a: Optional['Item'], x)",
            "a",
            vec![Said::Type("Optional".into()), Said::Type("Item".into())],
        ),
        (
            "rust",
            "let mut x = Shelf::new(3);",
            "x",
            vec![Said::Made("Shelf.new".into())],
        ),
        (
            "rust",
            "fn f(x: &mut Shelf) {",
            "x",
            vec![Said::Type("mut".into()), Said::Type("Shelf".into())],
        ),
        (
            "typescript",
            "const x = new Shelf();",
            "x",
            vec![Said::Made("Shelf".into())],
        ),
        (
            "java",
            "private final Shelf x;",
            "x",
            vec![Said::Type("Shelf".into())],
        ),
        (
            "cpp",
            "const shop::Shelf& x)",
            "x",
            vec![Said::Type("shop.Shelf".into())],
        ),
        (
            "cpp",
            "std::unique_ptr<Shelf> x;",
            "x",
            vec![
                Said::Type("std.unique_ptr".into()),
                Said::Type("Shelf".into()),
            ],
        ),
        (
            "go",
            "func f(x *store.Shelf) {",
            "x",
            vec![Said::Type("store.Shelf".into())],
        ),
        (
            "go",
            "x, err := store.Open(1)",
            "x",
            vec![Said::Made("store.Open".into())],
        ),
        ("python", "y.x = Shelf()", "x", vec![]),
    ];
    for (language, text, name, expected) in cases {
        let language = Language::by_lsp_id(language);
        let tokens = words::tokens(text, language);
        assert_eq!(
            types::said_of(&tokens, name, false, language),
            expected,
            "{text}"
        );
    }
}

#[test]
fn what_a_function_gives_back() {
    let cases = [
        (
            "python",
            "async def f(a: Item) -> Shelf: ...",
            vec!["Shelf"],
        ),
        (
            "rust",
            "fn f(a: Item) -> Result<Shelf>;",
            vec!["Result", "Shelf"],
        ),
        (
            "typescript",
            "function f(a: Item): Promise<Shelf>",
            vec!["Promise", "Shelf"],
        ),
        (
            "go",
            "func (s *Store) f(a Item) (*Shelf, error)",
            vec!["Shelf"],
        ),
        ("java", "public Shelf f(Item a);", vec!["Shelf"]),
        ("cpp", "const Shelf &f(Item a) const;", vec!["Shelf"]),
    ];
    for (language, outline, expected) in cases {
        let language = Language::by_lsp_id(language).unwrap();
        let tokens = words::tokens(outline, Some(language));
        assert_eq!(
            types::returned(&tokens, "f", language),
            expected,
            "{outline}"
        );
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    /// Whatever the text, the cursor and the window; the tree may be behind.
    #[test]
    fn nothing_panics(
        text in "([a-zé(){}:.,;=\"'<>*&\n ]|self\\.|class |def |fn |impl |import |Shelf|\t){0,80}",
        inserted in "[a-zé\n(){\"]{0,9}",
        cursor in 0..200_usize,
        start in 0..200_usize,
        end in 0..200_usize,
        language in proptest::sample::select(vec!["a.py", "a.rs", "a.ts", "a.go", "a.java", "a.cs", "a.cc"]),
    ) {
        let mut project = project([(language, "$0"), ("b.py", "class Shelf: ...\n")]);
        let path = project.snapshot.path.clone().unwrap();
        project.snapshot = snapshot(&path, project.snapshot.language.unwrap(), &text);
        let at = project.snapshot.rope.byte_to_char(cursor.min(project.snapshot.rope.len_bytes()));
        project.snapshot.rope.insert(at, &inserted);
        project.cursor = cursor;
        project.pieces(start.min(end)..end);
    }
}

/// A measurement: `cargo test --release --lib -- --ignored --nocapture time_of_one_request`.
#[test]
#[ignore = "a measurement, not a test"]
fn time_of_one_request() {
    let mut files: Vec<(String, String)> = (0..2_000)
        .map(|number| {
            let imports = format!(
                "from .module_{} import Class{}\n",
                (number * 7) % 2_000,
                (number * 7) % 2_000
            );
            let members: String = (0..10)
                .map(|i| {
                    format!("    def method_{i}(self, value: int) -> str:\n        return ''\n")
                })
                .collect();
            let functions: String = (0..10)
                .map(|i| {
                    format!("def function_{number}_{i}(a: Class{number}) -> int:\n    return 1\n")
                })
                .collect();
            (
                format!("package/module_{number}.py"),
                format!("{imports}\n\nclass Class{number}:\n{members}\n{functions}"),
            )
        })
        .collect();
    let mut open: String = (0..60)
        .map(|i| format!("from package.module_{i} import Class{i}, function_{i}_3\n"))
        .collect();
    for i in 0..1_400 {
        let class = i % 60;
        open += &format!(
            "\nclass Local{i}(Class{class}):\n    def run(self, item: Class{}):\n        value = function_{class}_3(item)\n        other = Class{}()\n        print(value, other.method_3(1))\n        return self.method_2(value)\n",
            (i + 1) % 60,
            (i + 2) % 60
        );
    }
    let middle = open[..open.len() / 2].rfind("        return").unwrap();
    open.insert_str(middle, "        other.$0\n");
    println!("lines of the open file: {}", open.lines().count());
    files.push(("open.py".to_owned(), open));
    let project = project(
        files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    );
    let window = project.cursor - 4_000..project.cursor + 1_000;
    println!(
        "found: {:#?}",
        project
            .pieces(window.clone())
            .iter()
            .map(|piece| (&piece.reason, piece.score))
            .collect::<Vec<_>>()
    );
    let mut times: Vec<_> = (0..200)
        .map(|_| {
            let start = Instant::now();
            assert!(!project.pieces(window.clone()).is_empty());
            start.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "least {:?}, median {:?}, p99 {:?}",
        times[0], times[100], times[197]
    );
}
