use super::*;

fn convention(form: Form) -> Convention {
    Convention {
        form,
        newline: "\n",
        leading_name: None,
    }
}

#[test]
fn long_lines_are_wrapped_and_lists_keep_theirs() {
    let text = format!(
        "{}\n\n- one\n- two\n\n```\n{}\n```",
        "word ".repeat(60),
        "x".repeat(150)
    );
    let rendered = convention(Form::Lines("///")).render(&text, "    ");
    let lines: Vec<&str> = rendered.lines().collect();
    assert!(
        lines[1..4]
            .iter()
            .all(|line| line.starts_with("    /// ") && line.len() <= MAX_COLUMNS)
    );
    assert!(rendered.contains("    /// - one\n    /// - two\n    ///\n    /// ```\n    /// xxx"));
}

#[test]
fn nothing_ends_a_comment_early() {
    for (form, text, expected) in [
        (Form::Block, "a */ b", "/**\n * a * / b\n */"),
        (
            Form::Docstring("\"\"\""),
            "a \"\"\" b",
            "\"\"\"a ''' b\"\"\"",
        ),
        (
            Form::Docstring("\"\"\""),
            "says \"hi\"",
            "\"\"\"says \"hi\" \"\"\"",
        ),
        (Form::Docstring("\"\"\""), "a \\d b", "r\"\"\"a \\d b\"\"\""),
        (Form::Lines("//"), "a\rb\r\nc", "// a\n// b\n// c"),
        (
            Form::Xml,
            "a < b",
            "/// <summary>\n/// a &lt; b\n/// </summary>",
        ),
        (
            Form::Xml,
            "<summary>A.</summary>",
            "/// <summary>A.</summary>",
        ),
    ] {
        assert_eq!(convention(form).render(text, ""), expected);
    }
}

#[test]
fn go_begins_with_the_name() {
    for (text, expected) in [
        ("Returns the sum.", "Add returns the sum."),
        ("Add sums.", "Add sums."),
        ("Sum of both.", "Add: Sum of both."),
        ("An Add is a sum.", "An Add is a sum."),
    ] {
        assert_eq!(with_leading_name(text, "Add"), expected);
    }
}
