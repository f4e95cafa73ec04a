use grammars::Language;
use tree_sitter::Parser;

use super::{
    Wanted::{Block, Line},
    *,
};
use crate::completion::{cache::Surroundings, rules::Rules};

fn wanted(id: &str, marked: &str) -> Wanted {
    let around = Surroundings::of_cursor(marked);
    let language = Language::by_lsp_id(id);
    let grammar = language.and_then(Language::parser);
    let tree = grammar.as_ref().and_then(|grammar| {
        let mut parser = Parser::new();
        parser.set_language(grammar).expect("the ABI fits");
        parser.parse(around.before.clone() + &around.after, None)
    });
    let site = Site::new(&around, language, grammar, Rules::default());
    wanted_extent(&site, tree.as_ref(), around.before.len())
}

#[test]
fn empty_bodies_get_blocks_and_all_else_lines() {
    for (language, document, expected) in [
        ("python", "def f():$0\n", Block),
        ("python", "def f():\n    $0\n\nx = 1\n", Block),
        (
            "python",
            "def f():\n    \"\"\"Does it.\n\n    Well.\n    \"\"\"\n    $0\n",
            Block,
        ),
        ("python", "if a:\n    b()\nelse:\n    $0", Block),
        ("python", "def f():\n    # how\n    $0\n", Block),
        ("python", "def f():\n    a()\n    $0\n", Line),
        ("python", "def f():\n    $0\n    return 1\n", Line),
        ("python", "def f(a, $0):\n    pass\n", Line),
        ("python", "# if so:$0\n", Line),
        ("python", "x = \"if so:$0\"\n", Line),
        ("python", "x = \"\"\"\nif so:\n    $0\n\"\"\"\n", Line),
        ("rust", "fn f() {\n    $0\n}\n", Block),
        ("rust", "/// Does it.\nfn f() -> u8 {$0", Block),
        ("rust", "fn f() {\n    a($0)\n}\n", Line),
        ("rust", "fn f() {\n    // {$0\n}\n", Line),
        ("rust", "fn f() {\n    a();\n    $0\n}\n", Line),
        ("typescript", "const f = () => {\n  $0\n};\n", Block),
        ("typescript", "const f = (a: $0) => {};\n", Line),
        (
            "go",
            "func f() {\n\tif err != nil {\n\t\t$0\n\t}\n}\n",
            Block,
        ),
        ("go", "func f() {\n\tx := $0\n}\n", Line),
        (
            "java",
            "class A {\n    void f() {\n        $0\n    }\n}\n",
            Block,
        ),
        (
            "java",
            "class A {\n    void f() {\n        g();$0\n    }\n}\n",
            Line,
        ),
        ("cpp", "int f()\n{\n  $0\n}\n", Block),
        ("cpp", "int f() {\n  int x = $0;\n}\n", Line),
        ("ruby", "def f(x)\n  $0\nend\n", Block),
        ("ruby", "def f(x)\n  a\n  $0\nend\n", Line),
        ("lua", "if a then\n  $0\nend\n", Block),
        ("markdown", "Points:\n$0\n", Line),
        ("", "a {\n$0\n", Line),
    ] {
        assert_eq!(
            wanted(language, document),
            expected,
            "{language}: {document:?}"
        );
    }
}
