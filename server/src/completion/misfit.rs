//! Whether the line that the model finds likeliest can stand where it is to stand. A line that says the next one again, or after which
//! the code below no longer parses or lacks a name, is no answer, however likely: then another line is tried ([`super::guesses`]). Owns
//! what a misfit is.

use std::time::Duration;

use ropey::Rope;

use super::{
    brackets::scan,
    post::{self, Place},
    rules::Rule,
    show::leaves_open,
    site::{BlockStyle, Site, indentation, last_line},
};
use crate::{syntax, words::is_word_char};

/// A parse that takes longer is given up: it would hold up the answer itself.
const PARSE_BUDGET: Duration = Duration::from_millis(4);

/// Whether `text`, a line with what closes its brackets, cannot stand at `site`: nothing of it would be left, because it says what stands
/// there already or leaves brackets open, or what stands below could not follow it. If so, the byte of `text` before which another line has
/// to part from it.
pub fn misfit(site: &Site, text: &str) -> Option<usize> {
    if site.rules.contains(Rule::NeededName) && site.needs.are_missed_by(text) {
        return Some(text.len());
    }
    if !site.rules.contains(Rule::SecondGuess) {
        return None;
    }
    let after = site.rest_of_line.clone() + &site.below;
    let place = Place {
        before: &site.before,
        after: &after,
        line_end: "\n",
        lexis: site.lexis,
    };
    let fitted = post::fit(text, place, true, site.rules).text;
    if fitted.trim().is_empty() {
        return Some(text.len());
    }
    let whole = site.line_before().to_owned() + fitted.trim_end();
    let line = last_line(&whole);
    if cuts_off(site, line) {
        // Whatever follows that word.
        let word = text.trim_start();
        return Some(text.len() - word.len() + first_word(word).len());
    }
    let is_misfit = lacks_opener(site, line) || breaks_parse(site, &fitted, &place);
    is_misfit.then_some(text.len())
}

/// The line that would follow `line`, if that one had no brackets around it: inside of them indentation means nothing.
fn follower<'s>(site: &'s Site, line: &str) -> Option<&'s str> {
    let next = site.next_lines.first()?;
    let is_free = || {
        let open = scan(&site.before, 0, site.lexis).open;
        open.iter().all(|bracket| bracket.kind == '{')
    };
    let follows =
        !site.is_inside_line() && next.starts_with(&line[..indentation(line)]) && is_free();
    follows.then_some(next)
}

/// After the line, the next one would never be reached.
fn cuts_off(site: &Site, line: &str) -> bool {
    let has_blocks = matches!(site.style, BlockStyle::Indentation | BlockStyle::Brackets);
    // Who has begun to write `return` wants it there.
    let is_written = !site.line_before().trim().is_empty();
    let Some(next) = follower(site, line).filter(|_| has_blocks && !is_written) else {
        return false;
    };
    indentation(next) == indentation(line)
        && jumps(line.trim())
        && is_reached_from_above(next.trim(), site.style)
}

/// The next line is further indented, but nothing opens a block for it.
fn lacks_opener(site: &Site, line: &str) -> bool {
    let code = line.trim();
    let is_deeper = |next: &str| indentation(next) > indentation(line);
    if !follower(site, line).is_some_and(is_deeper) {
        return false;
    }
    match site.style {
        // Not in YAML and the like: there the blocks around would not begin with colons either.
        BlockStyle::Indentation => {
            let colons = site.headers.iter().any(|header| header.ends_with(':'));
            // Behind a number sign a colon may be hidden.
            let goes_on = code.contains('#') || code.ends_with([':', '\\', ',', '(', '[', '{']);
            colons && (code.starts_with('#') || !goes_on)
        }
        BlockStyle::Brackets => code.ends_with([';', '}']),
        BlockStyle::Words | BlockStyle::None => false,
    }
}

/// The line is a whole statement that always leaves its block.
fn jumps(code: &str) -> bool {
    let leaves = ["return", "raise", "throw", "break", "continue"].contains(&first_word(code));
    let is_whole = |last: char| is_word_char(last) || ";)]}\"'`".contains(last);
    leaves && code.ends_with(is_whole)
}

/// The line can only be reached from the one above it: it is no other branch, no declaration, and nothing can jump to it.
fn is_reached_from_above(code: &str, style: BlockStyle) -> bool {
    const ELSEWHERE: &str = "elif else except finally catch case default def class async function fn func struct const enum interface type";
    let word = first_word(code);
    let is_label = style == BlockStyle::Brackets && code.ends_with(':');
    !word.is_empty() && !ELSEWHERE.split(' ').any(|other| other == word) && !is_label
}

fn first_word(code: &str) -> &str {
    code.split(|c| !is_word_char(c)).next().unwrap_or_default()
}

/// The code around the place parses without its line, and does not with it.
fn breaks_parse(site: &Site, text: &str, place: &Place) -> bool {
    // A line that opens a bracket goes on.
    let is_open = leaves_open(place.around(), text.trim_end()).is_some();
    let Some(grammar) = &site.grammar else {
        return false;
    };
    if is_open || site.style == BlockStyle::None {
        return false;
    }
    let errors = |text: String| {
        let tree = syntax::parse(&Rope::from(text), grammar, None, PARSE_BUDGET)?;
        Some(syntax::errors(&tree))
    };
    let line_before = site.line_before();
    let above = &site.before[..site.before.len() - line_before.len()];
    let without = match line_before.trim().is_empty() {
        true => site.before.clone() + place.after,
        false => above.to_owned() + site.below.strip_prefix('\n').unwrap_or(&site.below),
    };
    errors(without) == Some(0)
        && errors(site.before.clone() + text + place.after).is_some_and(|errors| errors > 0)
}

#[cfg(test)]
mod tests {
    use grammars::Language;

    use super::*;
    use crate::completion::{cache::Surroundings, rules::Rules};

    fn is_misfit_at(language: &str, marked: &str, line: &str) -> bool {
        let language = Language::by_lsp_id(language);
        let grammar = language.and_then(Language::parser);
        let around = Surroundings::of_cursor(marked);
        let site = Site::new(&around, language, grammar, Rules::default());
        misfit(&site, line).is_some()
    }

    #[test]
    fn lines_fit_what_stands_below() {
        let deeper = "def f(s):\n    $0\n        return []\n    return s\n";
        let alternatives = "def f(a):\n    if a:\n        x = 1\n    $0\n        x = 2\n    else:\n        x = 3\n";
        let level = "def f(a):\n    $0\n    return a\n";
        let java = "class A {\n    int f(int x) {\n        $0\n            return 1;\n        }\n        return x;\n    }\n}\n";
        for (language, document, line, misfit) in [
            // It says what stands there.
            ("python", level, "return a", true),
            ("python", level, "a += 1", false),
            // The user is about to fill it.
            ("python", level, "if a:", false),
            ("python", level, "for b in a:", false),
            // A block needs what it belongs to.
            ("python", deeper, "return s", true),
            ("python", deeper, "if not s:", false),
            ("python", deeper, "if not s: # b", false),
            ("python", deeper, "# b", true),
            ("java", java, "return 2;", true),
            ("java", java, "if (x > 1) {", false),
            // What is below would never be reached.
            (
                "python",
                "def f(a):\n    $0\n    b = a\n    return b\n",
                "return a",
                true,
            ),
            (
                "python",
                "def f(a):\n    if a:\n        $0\n    return 1\n",
                "return a",
                false,
            ),
            (
                "python",
                "def f(a):\n    try:\n        b()\n        $0\n    except E:\n        pass\n",
                "return a",
                false,
            ),
            (
                "python",
                "def f(a):\n    retu$0\n    b = a\n    return b\n",
                "rn a",
                false,
            ),
            (
                "python",
                "def f(a):\n    $0\n    for b in a:\n        c()\n",
                "return a",
                true,
            ),
            (
                "go",
                "func f(a int) int {\n\t$0\n\ta++\n\treturn a\n}\n",
                "return a",
                true,
            ),
            (
                "go",
                "func f(a int) int {\n\t$0\n\ta++\n\treturn a\n}\n",
                "a *= 2",
                false,
            ),
            (
                "javascript",
                "function f() {\n    $0\n    function g() {}\n}\n",
                "return g;",
                false,
            ),
            (
                "java",
                "class A {\n    int f(int x) {\n        $0\n        x += 1;\n        return x;\n    }\n}\n",
                "return 0;",
                true,
            ),
            (
                "c",
                "int f(int x) {\n    switch (x) {\n    case 1:\n        $0\n    case 2:\n        return 2;\n    }\n}\n",
                "break;",
                false,
            ),
            // There is one `else` only.
            ("python", alternatives, "else:", true),
            ("python", alternatives, "elif not a:", false),
            // Brackets indent as they like, and so do other languages.
            ("python", "x = f(\n    $0\n        b)\n", "a,", false),
            ("yaml", "a:\n  $0\n    c: d\n", "b:", false),
            (
                "python",
                "def f():\n    return $0\n\ndef g():\n    pass\n",
                "1",
                false,
            ),
            ("rust", "fn f() {\n    $0\n    b();\n}\n", "a();", false),
            ("rust", "fn f() {\n    $0\n    b();\n}\n", "if x {", false),
            ("rust", "fn f() {\n    $0\n    b();\n}\n", "let = 3;", true),
            // Where there are errors already, nobody knows.
            ("rust", "fn f() {\n    $0\n    b(;\n}\n", "let = 3;", false),
        ] {
            assert_eq!(
                is_misfit_at(language, document, line),
                misfit,
                "{language}: {document:?} {line:?}"
            );
        }
    }
}
