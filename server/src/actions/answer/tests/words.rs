//! Documentation, tests and explanations.

use super::*;

#[test]
fn documentation_is_taken_out_of_code() {
    let documented = |language: &str, name: &str, document: &str, answer: &str| {
        let (offer, snapshot) = asked(language, Action::Document, name, document);
        let text = answer.trim_end_matches('✂');
        documentation(
            Said {
                text,
                is_cut_off: text != answer,
            },
            &offer,
            &snapshot,
        )
    };
    let python = "«def add(a, b):\n    return a + b»\n";
    let rust = "«fn add(a: u8, b: u8) -> u8 {\n    a + b\n}»\n";
    for (language, document, answer, expected) in [
        (
            "python",
            python,
            "Adds two numbers.",
            Ok("Adds two numbers."),
        ),
        (
            "python",
            python,
            "This function returns the sum of both.",
            Ok("Returns the sum of both."),
        ),
        (
            "python",
            python,
            "This function is old.",
            Ok("This function is old."),
        ),
        (
            "python",
            python,
            "\"\"\"\nAdds two numbers.\n\nArgs:\n    a: one\n\"\"\"\n```",
            Ok("Adds two numbers.\n\nArgs:\n    a: one"),
        ),
        (
            "python",
            python,
            "def add(a, b):\n    \"\"\"\n    Adds two numbers.\n\n    Args:\n        a: one\n    \"\"\"\n    return a * b\n",
            Ok("Adds two numbers.\n\nArgs:\n    a: one"),
        ),
        (
            "python",
            python,
            "Here is the docstring:\n\n```python\n\"\"\"Adds two numbers.\"\"\"\n```\nLet me know if it helps.",
            Ok("Adds two numbers."),
        ),
        (
            "rust",
            rust,
            "/// Adds two numbers.\n///\n/// # Panics\n/// On overflow.\nfn add(a: u8, b: u8) -> u8 {\n    a + b\n}",
            Ok("Adds two numbers.\n\n# Panics\nOn overflow."),
        ),
        (
            "java",
            "class A {\n    «int add() { return 1; }»\n}\n",
            "/**\n * Adds two numbers.\n *\n * @return the sum\n */\nint add() { return 1; }",
            Ok("Adds two numbers.\n\n@return the sum"),
        ),
        (
            "go",
            "package p\n\n«func add() {}»\n",
            "// add adds.\n// It is quick.\nfunc add() {}",
            Ok("add adds.\nIt is quick."),
        ),
        (
            "rust",
            rust,
            "fn add(a: u8, b: u8) -> u8 {\n    a + b // the sum of both\n}",
            Err(Fault::NoDocumentation),
        ),
        ("rust", rust, "", Err(Fault::Empty)),
        (
            "python",
            python,
            "\"\"\"Adds two numbers and then it goes✂",
            Err(Fault::Endless),
        ),
    ] {
        let expected = expected.map(str::to_owned);
        assert_eq!(
            documented(language, "add", document, answer),
            expected,
            "{answer}"
        );
    }
}

#[test]
fn tests_come_without_the_code_that_they_test() {
    let tested = |language: &str, name: &str, document: &str, answer: &str| {
        let (offer, snapshot) = asked(language, Action::Test, name, document);
        let found = tests(
            Said {
                text: answer,
                is_cut_off: false,
            },
            &offer,
            &snapshot,
        );
        found.map(|tests| (tests.imports.join("|"), tests.code))
    };
    let python = "«def add(a, b):\n    return a + b»\n";
    let rust = "«fn add(a: u8, b: u8) -> u8 {\n    a + b\n}»\n";
    let test = "def test_add():\n    assert add(1, 2) == 3";
    let rust_test = "#[test]\nfn adds() {\n    assert_eq!(add(1, 2), 3);\n}";
    for (language, document, answer, expected) in [
        ("python", python, test.to_owned(), Ok(("", test))),
        (
            "python",
            python,
            format!("import pytest\nfrom x import add\n\n{test}\n```\n"),
            Ok(("import pytest|from x import add", test)),
        ),
        (
            "python",
            python,
            format!("def add(a, b):\n    return a + b\n\n\n{test}\n"),
            Ok(("", test)),
        ),
        (
            "rust",
            rust,
            format!(
                "#[cfg(test)]\nmod tests {{\n    use super::*;\n\n    {}\n}}",
                rust_test.replace('\n', "\n    ")
            ),
            Ok(("use super::*;", rust_test)),
        ),
        ("rust", rust, rust_test.to_owned(), Ok(("", rust_test))),
        (
            "python",
            python,
            "def test_other():\n    assert other() == 1".to_owned(),
            Err(Fault::NoTest("add".into())),
        ),
        (
            "python",
            python,
            "def add(a, b):\n    return a + b".to_owned(),
            Err(Fault::NoTest("add".into())),
        ),
        (
            "python",
            python,
            "def test_add():\n    assert add(1, == 3".to_owned(),
            Err(Fault::Broken),
        ),
        (
            "python",
            python,
            "You can test it by calling it with two numbers.".to_owned(),
            Err(Fault::Prose),
        ),
        (
            "python",
            python,
            "def test_add():\n    # your code here\n    assert add(1, 2)".to_owned(),
            Err(Fault::Placeholder),
        ),
    ] {
        let expected =
            expected.map(|(imports, code): (&str, &str)| (imports.to_owned(), code.to_owned()));
        assert_eq!(
            tested(language, "add", document, &answer),
            expected,
            "{answer}"
        );
    }
}

#[test]
fn of_tests_without_an_end_what_is_whole_is_taken() {
    let python = "«def add(a, b):\n    return a + b»\n";
    let javascript = "«function add(a, b) {\n  return a + b;\n}»\n";
    let alike: String = (1..9)
        .map(|n| format!("\n    assert add({n}, 1) == {}", n + 1))
        .collect();
    for (language, document, answer, expected) in [
        (
            "python",
            python,
            format!("def test_add():{alike}\n    assert"),
            Ok("def test_add():\n    assert add(1, 1) == 2\n    assert add(2, 1) == 3\n    assert add(3, 1) == 4\n    assert add(4, 1) == 5\n    assert add(5, 1) == 6"),
        ),
        (
            "python",
            python,
            (1..9).map(|n| format!("def test_{n}():\n    assert add({n}, 1) == {}\n", n + 1)).collect(),
            Ok("def test_1():\n    assert add(1, 1) == 2\ndef test_2():\n    assert add(2, 1) == 3\ndef test_3():\n    assert add(3, 1) == 4\ndef test_4():\n    assert add(4, 1) == 5\ndef test_5():\n    assert add(5, 1) == 6"),
        ),
        (
            "python",
            python,
            "def test_add():\n    assert add(1, 2) == 3\n\n\ndef test_more():\n    assert add(✂".to_owned(),
            Ok("def test_add():\n    assert add(1, 2) == 3"),
        ),
        (
            "javascript",
            javascript,
            "describe('add', () => {\n  test('adds', () => {\n    expect(add(1, 2)).toBe(3);\n    expect(ad✂".to_owned(),
            Ok("describe('add', () => {\n  test('adds', () => {\n    expect(add(1, 2)).toBe(3);\n  })\n})"),
        ),
        (
            "python",
            python,
            "def test_add():\n    numbers = [1, 2✂".to_owned(),
            Err(Fault::Endless),
        ),
        (
            "javascript",
            javascript,
            format!(
                "const sums = [\n{}];\n\ntest('adds', () => {{\n  for (const {{ a, b }} of sums) expect(add(a, 1)).toBe(b);\n}});\n",
                "  { a: 1, b: 2 },\n".repeat(7)
            ),
            Ok("const sums = [\n  { a: 1, b: 2 },\n  { a: 1, b: 2 },\n  { a: 1, b: 2 },\n  { a: 1, b: 2 },\n  { a: 1, b: 2 },\n  { a: 1, b: 2 },\n  { a: 1, b: 2 },\n];\n\ntest('adds', () => {\n  for (const { a, b } of sums) expect(add(a, 1)).toBe(b);\n});"),
        ),
    ] {
        let (offer, snapshot) = asked(language, Action::Test, "add", document);
        let said = Said {
            text: answer.trim_end_matches('✂'),
            is_cut_off: answer.ends_with('✂'),
        };
        let found = tests(said, &offer, &snapshot).map(|tests| tests.code);
        assert_eq!(found, expected.map(str::to_owned), "{answer}");
    }
}

#[test]
fn explanations_end_well() {
    let explained = |answer: &str| {
        let text = answer.trim_end_matches('✂');
        explanation(Said {
            text,
            is_cut_off: text != answer,
        })
    };
    for (answer, expected) in [
        (
            "It adds.\n\nLet me know if you have questions!<|im_end|>",
            Ok("It adds."),
        ),
        (
            "Use this:\n```rust\nlet a = 1;",
            Ok("Use this:\n```rust\nlet a = 1;\n```"),
        ),
        ("It adds. Then it goes on to✂", Ok("It adds.")),
        (
            "It adds two numbers.\nIt adds two numbers.\nIt adds two numbers.\nIt adds two numbers.✂",
            Ok("It adds two numbers.\nIt adds two numbers."),
        ),
        (" \n", Err(Fault::Empty)),
    ] {
        assert_eq!(explained(answer), expected.map(str::to_owned), "{answer}");
    }
}
