use grammars::Language;

use super::*;
use crate::completion::{cache::Surroundings, rules::Rules, scope::Scope};

/// What stands around `$0` in a whole document of a language.
fn site(language: &str, marked: &str) -> Site {
    let around = Surroundings::of_cursor(marked);
    let language = Language::by_lsp_id(language);
    Site::new(
        &around,
        language,
        language.and_then(Language::parser),
        Rules::default(),
    )
}

/// Gives the answer to the rules character by character, as a model would: what they leave of it, and the rule.
fn stopped<'a>(site: &Site, text: &'a str) -> (&'a str, Option<Rule>) {
    let mut ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    ends.push(text.len());
    for end in &ends {
        for is_over in [false, true] {
            if is_over && *end < text.len() {
                continue;
            }
            let answer = Answer {
                text: &text[..*end],
                is_over,
            };
            if let Some(stop) = end_of(site, answer) {
                return (&text[..stop.at], Some(stop.rule));
            }
        }
    }
    (text, None)
}

fn check(cases: &[(&str, &str, &str, &str, Option<Rule>)]) {
    for (language, document, answer, expected, rule) in cases {
        let site = site(language, document);
        assert_eq!(
            stopped(&site, answer),
            (*expected, *rule),
            "{language}: {document:?} {answer:?}"
        );
    }
}

#[test]
fn closers_that_stand_behind_the_cursor_end_the_answer() {
    let by = Some(Rule::Closer);
    check(&[
        (
            "rust",
            "fn f() {\n    $0\n}\n",
            "a();\n    b();\n}\n\nfn g() {",
            "a();\n    b();\n",
            by,
        ),
        (
            "rust",
            "fn f() {\n    g($0);\n}\n",
            "a, b(c));\n",
            "a, b(c)",
            by,
        ),
        (
            "typescript",
            "f(() => {\n  $0\n});\n",
            "a();\n});\nb();",
            "a();\n",
            by,
        ),
        (
            "go",
            "func f() {\n\tx := []int{$0}\n}\n",
            "1, 2}\n",
            "1, 2",
            by,
        ),
        (
            "java",
            "class A {\n    void f() {\n        $0\n    }\n}\n",
            "g();\n    }\n\n    void h() {",
            "g();\n",
            by,
        ),
        (
            "cpp",
            "int f() {\n  if (x) {\n    $0\n  }\n}\n",
            "g(\"}\");\n  }\n",
            "g(\"}\");\n",
            by,
        ),
        (
            "python",
            "x = [\n    $0\n]\n",
            "1,\n    2,\n]\ny",
            "1,\n    2,\n",
            by,
        ),
        // The inner block is not closed yet: the closer behind belongs to the function.
        (
            "rust",
            "fn f() {\n    if x {\n        $0\n}\n",
            "a();\n    }\n    b();\n",
            "a();\n    }\n",
            Some(Rule::Indentation),
        ),
        (
            "rust",
            "fn f() {$0",
            "\n    a();\n}\n",
            "\n    a();\n}\n",
            None,
        ),
        // Nothing was opened at all.
        ("go", "var x = 1$0\n", " + 2)\n", " + 2", by),
        // A case of the shell closes what it has not opened.
        (
            "shellscript",
            "case $1 in\n  $0\nesac\n",
            "a) f ;;\n",
            "a) f ;;\n",
            None,
        ),
        (
            "markdown",
            "Points:\n$0",
            "1) one\n2) two\n",
            "1) one\n2) two\n",
            None,
        ),
    ]);
}

#[test]
fn less_indented_lines_end_the_answer() {
    let by = Some(Rule::Indentation);
    check(&[
        (
            "python",
            "def f():\n    $0",
            "return 1\n\n\ndef g():\n    pass\n",
            "return 1\n\n\n",
            by,
        ),
        (
            "python",
            "def f():$0",
            "\n    a()\n    b()\ng()\n",
            "\n    a()\n    b()\n",
            by,
        ),
        (
            "python",
            "def f():\n    if a:$0",
            "\n        b()\n    else:\n        c()\n    d()\n",
            "\n        b()\n    else:\n        c()\n",
            by,
        ),
        (
            "python",
            "def f():\n    x = 1$0",
            "\n    y = [\n1, 2]\n    z = \"\"\"\na\n\"\"\"\n",
            "\n    y = [\n1, 2]\n    z = \"\"\"\na\n\"\"\"\n",
            None,
        ),
        (
            "python",
            "def f():\n$0",
            "    a()\n    b()\nc()\n",
            "    a()\n    b()\n",
            by,
        ),
        ("rust", "fn f() {\n    $0", "a();\n}\n", "a();\n}\n", None),
        (
            "typescript",
            "function f() {\n  $0",
            "a();\nb();\n",
            "a();\n",
            by,
        ),
        ("go", "func f() {\n\t\t$0", "a()\n\tb()\n", "a()\n", by),
        (
            "java",
            "    int x;$0",
            "\n    int y;\nint z;\n",
            "\n    int y;\n",
            by,
        ),
        (
            "cpp",
            "  int x;$0",
            "\n#ifdef A\n  f();\nend:\n",
            "\n#ifdef A\n  f();\nend:\n",
            None,
        ),
        ("ruby", "def f\n  $0", "a\nend\n", "a\nend\n", None),
        ("", "    a$0", "\nb\n", "\nb\n", None),
    ]);
}

#[test]
fn what_follows_ends_the_answer() {
    let by = Some(Rule::SuffixMeet);
    check(&[
        (
            "python",
            "def f():\n    $0\n    return total\n",
            "x = 1\n    return  total\n",
            "x = 1\n",
            by,
        ),
        (
            "python",
            "def f():\n    $0\n    return\n",
            "x = 1\n    return\n    y\n",
            "x = 1\n    return\n    y\n",
            None,
        ),
        (
            "python",
            "def f():\n    $0\n    return\n\nx = 1\n",
            "a()\n    return\n\nx = 1\n",
            "a()\n",
            by,
        ),
        (
            "rust",
            "let a = $0;\nlet total = 2;\n",
            "1\nlet total = 2,\n",
            "1\n",
            by,
        ),
        (
            "typescript",
            "  $0\n  second(call);\n",
            "first(call);\n  second(call)\n",
            "first(call);\n",
            by,
        ),
        (
            "go",
            "\tif$0\n\treturn nil, err\n",
            " err != nil {\n\t\treturn nil, err\n",
            " err != nil {\n",
            by,
        ),
        (
            "java",
            "    $0return value;\n",
            "check(value);\n    return value;\n",
            "check(value);\n",
            by,
        ),
        (
            "cpp",
            "  a($0\n  b(c, d);\n",
            "x);\n  b(c,d);\n",
            "x);\n",
            by,
        ),
        (
            "",
            "one $0\nand the third line\n",
            "two\nand the third line\n",
            "two\n",
            by,
        ),
    ]);
}

#[test]
fn circles_end_the_answer() {
    let by = Some(Rule::Repetition);
    check(&[
        ("python", "$0", "x = 1\nx = 1\nx = 1\n", "x = 1\n", by),
        (
            "rust",
            "    assert_eq!(a, b);\n    $0",
            "assert_eq!(a, b);\n",
            "",
            by,
        ),
        (
            "rust",
            "    let a = one(1);\n    $0",
            "let b = two(2);\n    let a = one(1);\n",
            "let b = two(2);\n",
            by,
        ),
        (
            "go",
            "x := $0",
            "a + b + a + b + a + b + a + b + a + b + a + b",
            "a + b + ",
            by,
        ),
        (
            "typescript",
            "const a = [$0]",
            "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0",
            "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0",
            None,
        ),
        (
            "cpp",
            "// $0",
            "=====================================",
            "=====================================",
            None,
        ),
    ]);
}

#[test]
fn talk_ends_the_answer() {
    let by = Some(Rule::ChatTail);
    check(&[
        (
            "python",
            "def f(x):\n    $0",
            "return x\n```\n\nThis",
            "return x\n",
            by,
        ),
        (
            "python",
            "class A:\n    def add_all(x):\n        a()\n    $0",
            "b = 1\n\n    def add_all(x):\n        a()\n",
            "b = 1\n\n",
            by,
        ),
        ("rust", "fn f() {\n    $0", "// Your code here\n", "", by),
        (
            "typescript",
            "$0",
            "f();\n// ... rest of the code\n",
            "f();\n",
            by,
        ),
        ("go", "$0", "f()\nExplanation: f is called\n", "f()\n", by),
        ("java", "int x = $0", "1;<|im_end|>\n", "1;", by),
        ("cpp", "$0", "f();\nThis function calls f.\n", "f();\n", by),
        (
            "markdown",
            "# Use\n$0",
            "```sh\nmake\n```\n",
            "```sh\nmake\n```\n",
            None,
        ),
        ("python", "x = $0", "here is = 1\n", "here is = 1\n", None),
        (
            "python",
            "def f():\n    \"\"\"\n    $0",
            "This function adds.\n    ```\n    f()\n    ```\n",
            "This function adds.\n    ```\n    f()\n    ```\n",
            None,
        ),
    ]);
}

#[test]
fn rules_can_be_switched_off() {
    let mut site = site("python", "def f():\n    $0");
    for rule in [Rule::Indentation, Rule::ChatTail] {
        site.rules = site.rules.without(rule);
    }
    let text = "return 1\n```\nx = 1\n";
    assert_eq!(stopped(&site, text), (text, None));
}

#[test]
fn scopes_end_where_the_block_closes() {
    for (language, document, answer, expected) in [
        (
            "rust",
            "fn f() {$0",
            "\n    a('}');\n}\n\nfn g() {",
            "\n    a('}');\n}",
        ),
        (
            "rust",
            "impl A {\n    fn f(&self) -> u8 {\n        $0",
            "if a {\n            1\n        } else {\n            2\n        }\n    }\n",
            "if a {\n            1\n        } else {\n            2\n        }\n    }",
        ),
        (
            "python",
            "def f():\n    $0",
            "a()\n    b()\n\nx = 1\n",
            "a()\n    b()",
        ),
        (
            "typescript",
            "f(() => {$0",
            "\n  a(`}`);\n});\nb();\n",
            "\n  a(`}`);\n});",
        ),
        (
            "go",
            "func f() {\n\tfor {$0",
            "\n\t\ta()\n\t}\n\tb()\n",
            "\n\t\ta()\n\t}",
        ),
        (
            "java",
            "class A {\n    void f() {$0",
            "\n        g();\n    }\n\n    void h() {\n",
            "\n        g();\n    }",
        ),
        (
            "cpp",
            "int f() {$0",
            "\n  return 1;\n}\n\nint g() {\n",
            "\n  return 1;\n}",
        ),
        ("ruby", "def f$0", "\n  a\nend\n\ndef g\n", "\n  a\nend"),
    ] {
        let site = site(language, document);
        let mut scope = Scope::new(&site);
        let ends = answer.match_indices('\n').map(|(at, _)| at + 1);
        let end = ends
            .into_iter()
            .find_map(|end| scope.end(&site, &answer[..end]));
        assert_eq!(
            end.map(|end| &answer[..end]),
            Some(expected),
            "{language}: {document:?}"
        );
    }
}

#[test]
fn scopes_go_on_while_the_statement_does() {
    for (language, document, answer) in [
        (
            "rust",
            "fn f() {\n    if a {$0",
            "\n        1\n    } else {\n",
        ),
        (
            "python",
            "def f():\n    if a:\n        $0",
            "b()\n    else:\n",
        ),
        ("typescript", "$0", "a();\nb();\n"),
        (
            "java",
            "class A {\n    void f() {$0",
            "\n        if (x) {\n        }\n",
        ),
        ("markdown", "$0", "a\n\nb\n"),
    ] {
        let site = site(language, document);
        let mut scope = Scope::new(&site);
        for (at, _) in answer.match_indices('\n') {
            assert_eq!(
                scope.end(&site, &answer[..=at]),
                None,
                "{language}: {document:?}"
            );
        }
    }
}
