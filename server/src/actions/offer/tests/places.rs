//! What becomes of the text when an offer is followed, and which offers are refused.

use super::*;

/// The text with the offer of this title carried out.
fn followed(language: &str, text: &str, title: &str, code: &str) -> String {
    let (snapshot, range) = marked(language, text);
    let offers = offers(&snapshot, range, &[]);
    let offer = offers
        .iter()
        .find(|offer| offer.title().starts_with(title))
        .unwrap_or_else(|| {
            panic!(
                "{title}: {:?}",
                offers.iter().map(Offer::title).collect::<Vec<_>>()
            )
        });
    let place = place(&snapshot, offer).expect("a place");
    let mut out = snapshot.rope.to_string();
    out.replace_range(offer.target.range.clone(), &place.fill(code));
    if let Some(removed) = place.removed {
        assert!(removed.end <= offer.target.range.start);
        out.replace_range(removed, "");
    }
    out
}

#[test]
fn what_is_filled_in_stands_as_if_written_by_hand() {
    for (language, text, title, code, expected) in [
        (
            "python",
            "def f(a):\n    \"\"\"D.\"\"\"\n    pas$0s\n",
            "Implement",
            "b = a\nreturn b",
            "def f(a):\n    \"\"\"D.\"\"\"\n    b = a\n    return b\n",
        ),
        (
            "python",
            "def f(a):\n    \"\"\"D$0.\"\"\"\n",
            "Implement",
            "b = a\nreturn b",
            "def f(a):\n    \"\"\"D.\"\"\"\n    b = a\n    return b\n",
        ),
        (
            "python",
            "class A:\n  def f(self): pas$0s\n",
            "Implement",
            "x()\nreturn 1",
            "class A:\n  def f(self):\n    x()\n    return 1\n",
        ),
        (
            "python",
            "def f(a):\r\n\tpas$0s\r\n",
            "Implement",
            "if a:\n\treturn 1\n\nreturn 2",
            "def f(a):\r\n\tif a:\r\n\t\treturn 1\r\n\r\n\treturn 2\r\n",
        ),
        (
            "rust",
            "fn f() -> u32 { todo!()$0 }\n",
            "Implement",
            "1",
            "fn f() -> u32 {\n    1\n}\n",
        ),
        (
            "rust",
            "impl A {\n    fn f() -> u32 {$0}\n}\n",
            "Implement",
            "1",
            "impl A {\n    fn f() -> u32 {\n        1\n    }\n}\n",
        ),
        (
            "go",
            "package a\n\nfunc F() int {$0\n}\n",
            "Implement",
            "return 1",
            "package a\n\nfunc F() int {\n\treturn 1\n}\n",
        ),
        (
            "typescript",
            "class A {\n  f(): number {\n    // TODO$0\n  }\n}\n",
            "Implement",
            "return 1;",
            "class A {\n  f(): number {\n    return 1;\n  }\n}\n",
        ),
        (
            "python",
            "x = 1\n\n# read all lines of the file$0",
            "Write the code",
            "y = 2\nz = 3",
            "x = 1\n\n# read all lines of the file\ny = 2\nz = 3",
        ),
        (
            "python",
            "def f(a):\n    # tacit: use a set\n    b = lis$0t(a)\n    return b\n",
            "Edit these lines",
            "b = set(a)",
            "def f(a):\n    b = set(a)\n    return b\n",
        ),
        (
            "python",
            "def f($0a):\n    return a\n",
            "Document",
            "Returns a.",
            "def f(a):\n    \"\"\"Returns a.\"\"\"\n    return a\n",
        ),
        (
            "python",
            "def f(a): retur$0n a\n",
            "Document",
            "Returns a.",
            "def f(a): \n    \"\"\"Returns a.\"\"\"\n    return a\n",
        ),
        (
            "python",
            "def f($0a):\n    '''Old.'''\n    return a\n",
            "Rewrite",
            "New.\n\nMore.",
            "def f(a):\n    '''New.\n\n    More.\n    '''\n    return a\n",
        ),
        (
            "rust",
            "mod a {\n    #[inline]\n    fn f($0) {}\n}\n",
            "Document",
            "Does.\n\nMore.",
            "mod a {\n    /// Does.\n    ///\n    /// More.\n    #[inline]\n    fn f() {}\n}\n",
        ),
        (
            "typescript",
            "class A {\n  @Log()\n  f$0(): void {}\n}\n",
            "Document",
            "Does */ this.",
            "class A {\n  /**\n   * Does * / this.\n   */\n  @Log()\n  f(): void {}\n}\n",
        ),
        (
            "go",
            "package a\n\nfunc F$0() {}\n",
            "Document",
            "Returns nothing.",
            "package a\n\n// F returns nothing.\nfunc F() {}\n",
        ),
        (
            "csharp",
            "class A\r\n{\r\n    void F$0() {}\r\n}\r\n",
            "Document",
            "Does <T>.",
            "class A\r\n{\r\n    /// <summary>\r\n    /// Does &lt;T&gt;.\r\n    /// </summary>\r\n    void F() {}\r\n}\r\n",
        ),
        (
            "rust",
            "$0use std::fmt;\n",
            "Document",
            "Files.",
            "//! Files.\n\nuse std::fmt;\n",
        ),
        (
            "python",
            "#!/usr/bin/env python3$0\nimport os\n",
            "Document",
            "Files.",
            "#!/usr/bin/env python3\n\"\"\"Files.\"\"\"\n\nimport os\n",
        ),
        (
            "kotlin",
            "class A {\n    fun f(): Int {\n        return 1$0\n    }\n}\n",
            "Document",
            "One.",
            "class A {\n    /**\n     * One.\n     */\n    fun f(): Int {\n        return 1\n    }\n}\n",
        ),
    ] {
        assert_eq!(followed(language, text, title, code), expected, "{text}");
    }
}

#[test]
fn offers_that_do_not_fit_the_text_are_refused() {
    let text = "def f(a):\n    pass\n\n\ndef é(b):\n    return b\n";
    let snapshot = document("python", text);
    let offer = |action: Action, range: Range<usize>, kind, name: Option<&str>| Offer {
        action,
        target: Target {
            range,
            kind,
            name: name.map(str::to_owned),
        },
    };
    let (lines, function) = (TargetKind::Lines, TargetKind::Function);
    let out = Err(Stale::OutOfBounds);
    let moved = Err(Stale::Moved);
    let accent = text.find('é').expect("an accent");
    let elsewhere = problem(text, "return b", "wrong");
    let edit = || Action::Edit {
        instruction: "x".to_owned(),
    };
    #[rustfmt::skip]
    let cases = [
        (offer(Action::Simplify, 0..999, lines, None), &out),
        (offer(Action::Simplify, usize::MAX - 1..usize::MAX, lines, None), &out),
        (offer(Action::Simplify, accent..accent + 1, lines, None), &out),
        #[allow(clippy::reversed_empty_ranges)]
        (offer(Action::Simplify, 9..3, lines, None), &out),
        (offer(Action::Simplify, 2..5, lines, None), &moved),
        (offer(Action::Implement, 14..18, function, Some("g")), &moved),
        (offer(Action::Implement, 0..18, function, Some("f")), &moved),
        (offer(Action::Implement, 0..0, lines, None), &moved),
        (offer(Action::Document, 3..3, function, Some("f")), &moved),
        (offer(Action::Test, 0..9, function, Some("f")), &moved),
        (offer(edit(), 0..text.len(), function, Some("f")), &moved),
        (offer(edit(), 3..3, TargetKind::Selection, None), &moved),
        (offer(Action::Fix { problems: vec![elsewhere] }, 0..18, function, Some("f")), &moved),
        (offer(Action::Fix { problems: Vec::new() }, 0..18, function, Some("f")), &moved),
    ];
    for (offer, refusal) in cases {
        assert_eq!(&place(&snapshot, &offer).map(|_| ()), refusal, "{offer:?}");
    }
    assert!(
        place(
            &snapshot,
            &offer(Action::Implement, 14..18, function, Some("f"))
        )
        .is_ok()
    );
}

#[test]
fn problems_are_mended_where_the_mend_lies() {
    let long_body = "    total = 1\n".repeat(40);
    let long = format!(
        "import os\n\n\ndef f(items):\n{long_body}    for item in items:\n        total += itme\n    return total\n"
    );
    let imports = "import os\nimport sys\n\n\ndef f(a):\n    return math.sqrt(a)\n";
    let short = "def f(a):\n    b = a\n    return b + 1\n";
    for (text, at, message, expected) in [
        (
            &*long,
            "itme",
            "name 'itme' is not defined",
            "total += itme",
        ),
        (
            imports,
            "math",
            "name 'math' is not defined",
            "import os⏎import sys",
        ),
        (
            imports,
            "import sys",
            "No module named 'sys'",
            "import os⏎import sys",
        ),
        (
            short,
            "b + 1",
            "Expected type 'str'",
            "def f(a):⏎    b = a⏎    return b + 1",
        ),
        (
            &*long,
            "for item in items:",
            "unexpected type of items",
            "total = 1⏎    total = 1⏎    total = 1⏎    for item in items:⏎        total += itme⏎    return total",
        ),
    ] {
        let snapshot = document("python", text);
        let problem = problem(text, at, message);
        let offers = offers(
            &snapshot,
            problem.range.start..problem.range.start,
            std::slice::from_ref(&problem),
        );
        let fix = offers.first().expect("an offer");
        assert_eq!(fix.title(), format!("Fix: {message}"));
        assert_eq!(fix.lsp_kind(), Some("quickfix"));
        let target = text[fix.target.range.clone()].replace('\n', "⏎");
        assert_eq!(target, expected, "{message}");
        assert!(place(&snapshot, fix).is_ok());
    }
}

#[test]
fn several_problems_of_a_function_can_be_mended_at_once() {
    let text = "def f(a):\n    b = x\n    return y\n\n\ndef g():\n    return z\n";
    let snapshot = document("python", text);
    let mut problems: Vec<Problem> = ["x", "y", "z"]
        .map(|name| {
            problem(
                text,
                &format!(" {name}\n"),
                &format!("`{name}` is wrong.\nNote: more"),
            )
        })
        .into();
    problems[0].is_error = false;
    problems.push(problems[1].clone());
    let listed = listed(&snapshot, 14..14, &problems);
    let titles: Vec<&str> = listed
        .iter()
        .filter_map(|line| line.split(" | ").next())
        .collect();
    assert_eq!(
        titles[..2],
        ["Fix: `x` is wrong", "Fix all 2 problems in `f`"]
    );
    assert!(titles.contains(&"Explain: `x` is wrong"));
}

#[test]
fn of_a_huge_function_only_a_part_is_written_anew() {
    let body = "    if a:\n        b = 1\n        c = 2\n".repeat(700);
    let text = format!("def huge(a):\n{body}    return b\n");
    let snapshot = document("python", &text);
    let at = text.len() / 2;
    let offers = offers(&snapshot, at..at, &[]);
    let lines = |offer: &Offer| text[offer.target.range.clone()].lines().count();
    assert_eq!(
        offers.iter().map(Offer::title).collect::<Vec<_>>(),
        [
            "Document `huge`",
            "Write tests for `huge`",
            "Simplify these lines",
            "Edit these lines as told",
            "Explain these lines"
        ]
    );
    assert!(
        offers[2..].iter().all(|offer| lines(offer) == 3),
        "the statement"
    );
    let selected = super::super::offers(&snapshot, 0..text.len(), &[]);
    let is_rewrite = |offer: &Offer| matches!(offer.action, Action::Simplify | Action::Edit { .. });
    assert!(
        !selected.iter().any(is_rewrite),
        "too long to be written anew"
    );
}

#[test]
fn titles_are_one_short_line() {
    let text = "def f():\n    return 1\n";
    let snapshot = document("python", text);
    for message in [
        &format!("{}\nsecond line", "long words ".repeat(20)),
        "\u{1b}[31mred\u{7} \u{202e}turned around\u{2066}\u{9b}2J",
        "[label](command:x) or [label]\u{200b}(https://x).",
        "line\u{2028}separator\u{2029}\u{e0041}",
    ] {
        let problem = problem(text, "1", message);
        for offer in offers(&snapshot, 20..20, &[problem]) {
            let title = offer.title();
            let is_hidden = |c: char| {
                c.is_control()
                    || matches!(
                        c,
                        '\u{200b}' | '\u{2028}'..='\u{202e}' | '\u{2066}' | '\u{e0041}'
                    )
            };
            assert!(
                title.chars().count() < 100
                    && !title.contains(is_hidden)
                    && !title.ends_with('.')
                    && !title.contains("]("),
                "{title}"
            );
        }
    }
}
