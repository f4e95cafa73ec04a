use super::*;

/// VS Code's `LINK_REGEX` (linkedText.ts), as far as it decides that there is a link: a label, and a target with one of these schemes.
fn has_link(text: &str) -> bool {
    let lower = text.to_lowercase();
    let targets = ["http://", "https://", "command:", "file:"];
    lower.match_indices("](").any(|(at, _)| {
        lower[..at].contains('[')
            && targets
                .iter()
                .any(|target| lower[at + 2..].starts_with(target))
    })
}

#[test]
fn a_message_is_one_visible_line_without_links() {
    let table = [
        ("plain  text\n", "plain text"),
        ("one\ntwo\r\nthree\tfour", "one two three four"),
        ("red \x1b[31mtext\x1b[0m\x07", "red [31mtext[0m"),
        ("C1: \u{9b}31m, \u{85}next", "C1: 31m, next"),
        (
            "bell\x07 back\x08 null\0 delete\x7f",
            "bell back null delete",
        ),
        ("a \u{202e}dlrow\u{202c} b", "a dlrow b"),
        (
            "iso\u{2066}late\u{2069} mark\u{200e}\u{200f}\u{61c}",
            "isolate mark",
        ),
        ("line\u{2028}paragraph\u{2029}end", "line paragraph end"),
        (
            "zero\u{200b}width\u{feff} soft\u{ad}hyphen",
            "zerowidth softhyphen",
        ),
        (
            "tags\u{e0041}\u{e0042}\u{e007f} filler\u{3164}",
            "tags filler",
        ),
        (
            "[Update](command:workbench.action.x?%5B%5D)",
            "[Update] (command:workbench.action.x?%5B%5D)",
        ),
        (
            "[a](https://evil.example \"title\")",
            "[a] (https://evil.example \"title\")",
        ),
        ("[a](file:///etc/passwd)", "[a] (file:///etc/passwd)"),
        // A sign that goes must not leave a link behind.
        ("[a]\u{200b}(command:x)", "[a] (command:x)"),
        ("[a]\x07(COMMAND:x)", "[a] (COMMAND:x)"),
        ("see <https://evil.example>", "see < https://evil.example>"),
        ("<command:x> and <a href=x>", "< command:x> and < a href=x>"),
        ("<IMG src=x><script>", "< IMG src=x>< script>"),
        // What compilers say of types stays as it is.
        (
            "expected `Vec<String>`, found `Map<std::string, A<B>>`",
            "expected `Vec<String>`, found `Map<std::string, A<B>>`",
        ),
        (
            "List<Object> is no Option<A> or Map<Link, Form>",
            "List<Object> is no Option<A> or Map<Link, Form>",
        ),
        ("größe → 漢字 🦀", "größe → 漢字 🦀"),
    ];
    for (text, expected) in table {
        assert_eq!(message(text), expected, "{text:?}");
        assert!(!has_link(&message(text)), "{text:?}");
    }
}

#[test]
fn a_message_is_cut_at_a_character() {
    for sign in ["a", "ü", "漢", "🦀"] {
        let exact = sign.repeat(MESSAGE_CHARACTERS);
        assert_eq!(message(&exact), exact);
        let cut = message(&sign.repeat(MESSAGE_CHARACTERS + 1));
        assert_eq!(cut, sign.repeat(MESSAGE_CHARACTERS - 1) + "…");
        assert_eq!(line(&sign.repeat(9), 4), sign.repeat(3) + "…");
    }
    // What is broken grows, and still fits.
    let links = "[a](file:x)".repeat(100);
    assert_eq!(message(&links).chars().count(), MESSAGE_CHARACTERS);
    assert!(!has_link(&message(&links)));
    assert_eq!(line("ab c", 3), "ab…", "no blank before the mark");
}

#[test]
fn every_control_sign_goes_from_messages_and_code() {
    let all = ('\0'..='\u{9f}').filter(|c| c.is_control());
    let bidi = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter();
    let more = ('\u{202a}'..='\u{202e}')
        .chain('\u{2066}'..='\u{2069}')
        .chain(['\u{2028}', '\u{2029}', '\u{feff}', '\u{e0041}']);
    for c in all.chain(bidi).chain(more) {
        assert!(!message(&format!("a{c}b")).contains(c), "{c:?}");
        assert_eq!(
            is_unfit_for_code(c),
            !matches!(c, '\t' | '\n' | '\r'),
            "{c:?}"
        );
        let shown = on_terminal(&format!("a{c}b")).into_owned();
        assert_eq!(shown.contains(c), matches!(c, '\t' | '\n'), "{c:?}");
    }
    for c in "aé漢 👨\u{200d}👩 ✔\u{fe0f} نمی\u{200c}خواهم ~€".chars() {
        assert!(!is_unfit_for_code(c), "{c:?}");
    }
}

#[test]
fn a_terminal_is_shown_what_it_must_not_obey() {
    let table = [
        (
            "+x = \"\x1b]0;title\x07\"\n",
            "+x = \"\\x1b]0;title\\x07\"\n",
        ),
        ("\u{9b}2J", "\\x9b2J"),
        ("# \u{202e}evil\u{2066}", "# \\u{202e}evil\\u{2066}"),
        ("one\r\ntwo\rthree\n", "one\r\ntwo\\x0dthree\n"),
        ("tab\tand größe\n", "tab\tand größe\n"),
    ];
    for (text, expected) in table {
        assert_eq!(on_terminal(text), expected);
    }
    assert!(matches!(on_terminal("plain\n"), Cow::Borrowed(_)));
}

#[test]
fn prose_leads_nowhere() {
    let table = [
        (
            "See [this](command:x) and ![i](http://x/y.png).",
            "See [this] (command:x) and ![i] (http://x/y.png).",
        ),
        ("[a][r]\n\n[r]: command:x\n", "[a][r]\n\n[r] : command:x\n"),
        (
            "<img src=http://x>\n<a\nhref=x>",
            "< img src=http://x>\n< a\nhref=x>",
        ),
        ("x\x1b[1m\u{202e}y", "x[1my"),
        ("> [r]:\n<https://x>", "> [r] :\n< https://x>"),
        // Whatever stands around it looks like code to some readers and not to others.
        (
            "<!--\n```\n-->\n[x](command:y)",
            "<!--\n```\n-->\n[x] (command:y)",
        ),
        ("`a\nb` [x](command:y) `c", "`a\nb` [x] (command:y) `c"),
        (
            "```py\nif seen[key]: return sizes[key]\n```",
            "```py\nif seen[key]: return sizes[key]\n```",
        ),
        (
            "Generic `Vec<T>` of *names*.\n- one\n",
            "Generic `Vec<T>` of *names*.\n- one\n",
        ),
    ];
    for (markdown, expected) in table {
        assert_eq!(prose(markdown), expected, "{markdown:?}");
    }
}

#[test]
fn of_a_long_path_the_end_is_told() {
    assert_eq!(path("/a/b/tacit.toml"), "/a/b/tacit.toml");
    let told = path(&format!("/{}/tacit.toml", "ü".repeat(4000)));
    assert!(
        told.starts_with('…') && told.ends_with("/tacit.toml"),
        "{told}"
    );
    assert_eq!(told.chars().count(), PATH_CHARACTERS + 1);
}
