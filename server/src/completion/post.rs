//! What becomes of the model's text before the user sees it. Pure text rules: fit the file's line ends and indentation, keep brackets
//! as balanced as they were, say nothing twice that already stands around the cursor, and nothing that nobody can see.
//!
//! Nothing is ever added but what the file's form demands. A bracket that the model left open is not closed here: where it should
//! close is a guess, and a guess that is wrong costs more than a line that is not shown.

use super::{
    brackets::{Lexis, scan},
    indent,
    rules::{Rule, Rules},
    show::{Around, Open, leaves_open},
    site::{last_line, says_the_same, significant},
};
use crate::{display, words::is_word_char};

/// A line with fewer characters stands in many places: a second one means nothing by itself.
const TELLING: usize = 3;

/// The same for a line that says what the line above says: rows of data do.
const TELLING_ABOVE: usize = 6;

/// Where an answer goes.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The text before the cursor, lines ended by line feeds alone.
    pub before: &'a str,
    /// The text behind the cursor.
    pub after: &'a str,
    /// What the file ends its lines with.
    pub line_end: &'a str,
    pub lexis: Lexis,
}

impl<'a> Place<'a> {
    /// The cursor's line up to the cursor.
    pub fn line_before(&self) -> &'a str {
        last_line(self.before)
    }

    /// There is text on both sides of the cursor, so no room for more lines.
    pub fn is_inside_line(&self) -> bool {
        !self.line_before().trim().is_empty() && !self.rest_of_line().trim().is_empty()
    }

    /// There are letters on both sides of the cursor: what is there is finished.
    pub fn is_inside_word(&self) -> bool {
        self.before.ends_with(is_word_char) && self.after.starts_with(is_word_char)
    }

    /// Only indentation stands between the cursor's line start and the text behind it: what comes here are lines of their own.
    fn is_above_line(&self) -> bool {
        self.line_before().trim().is_empty() && !self.rest_of_line().trim().is_empty()
    }

    /// From the cursor to the end of its line.
    pub fn rest_of_line(&self) -> &'a str {
        self.after.split(['\n', '\r']).next().unwrap_or_default()
    }

    /// The next line with something in it, below what the answer goes on with.
    fn next_line(&self) -> Option<&'a str> {
        if self.is_above_line() {
            return Some(self.rest_of_line());
        }
        let below = self.after.lines().skip(1);
        below.into_iter().find(|line| !line.trim().is_empty())
    }

    pub fn around(&self) -> Around<'a> {
        Around {
            before: self.line_before(),
            after: self.rest_of_line(),
            below: &self.after[self.rest_of_line().len()..],
            lexis: self.lexis,
        }
    }
}

/// An answer as it goes into the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// May be empty.
    pub text: String,
    /// The rules that changed something, in their order. If nothing is left, that is the last one's doing.
    pub changed_by: Vec<Rule>,
}

/// Fits a raw answer into the file. `at_line_end`: it was cut off before a line feed.
pub fn fit(raw: &str, place: Place, at_line_end: bool, rules: Rules) -> Fitted {
    let mut text = raw.replace("\r\n", "\n").replace('\r', "");
    if place.is_inside_line() {
        text.truncate(text.find('\n').unwrap_or(text.len()));
    }
    let mut changed_by = Vec::new();
    // No rule that one may do without: it is about who can be trusted, not about what is good.
    if let Some(hidden) = text.find(display::is_unfit_for_code) {
        text.truncate(text[..hidden].rfind('\n').map_or(0, |end| end + 1));
        changed_by.push(Rule::HiddenSign);
    }
    let mut apply = |rule: Rule, text: &mut String, mend: fn(&mut String, &Place)| {
        if rules.contains(rule) && !text.trim().is_empty() {
            let before = text.clone();
            mend(text, &place);
            if *text != before {
                changed_by.push(rule);
            }
        }
    };
    // What comes to stand in front of an indentation is a line of its own, and so is what is put at the beginning of a line.
    let rest = place.rest_of_line();
    let ends_line = place.is_above_line()
        && (at_line_end || place.line_before().is_empty() || rest.starts_with([' ', '\t']));
    let meets_rest =
        place.is_inside_line() || (place.is_above_line() && !ends_line && !text.contains('\n'));
    if meets_rest {
        apply(Rule::Overlap, &mut text, trim_overlap);
    }
    apply(Rule::LineAbove, &mut text, drop_line_above);
    apply(Rule::NextLine, &mut text, drop_next_line);
    if ends_line && !text.is_empty() {
        end_line(&mut text, place.line_before());
    }
    apply(Rule::Balance, &mut text, drop_what_stays_open);
    apply(Rule::IndentationUnit, &mut text, indent::as_in_file);
    if !place.is_above_line() {
        text.truncate(text.trim_end().len());
    } else if text.trim().is_empty() {
        text.clear();
    }
    if place.line_end != "\n" {
        text = text.replace('\n', place.line_end);
    }
    Fitted { text, changed_by }
}

/// What stands behind the cursor keeps its own line, and its indentation.
fn end_line(text: &mut String, indentation: &str) {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(indentation);
}

/// Nothing is left of an answer whose first line makes the cursor's line a copy of the one above.
fn drop_line_above(text: &mut String, place: &Place) {
    let line_before = place.line_before();
    let above = place.before[..place.before.len() - line_before.len()].strip_suffix('\n');
    let Some(above) = above.map(last_line) else {
        return;
    };
    let first = text.lines().next().unwrap_or_default();
    let line = line_before.to_owned() + first + place.rest_of_line();
    let is_telling = significant(above) >= TELLING_ABOVE && above.contains(char::is_alphabetic);
    if is_telling && !first.trim().is_empty() && line.trim_end() == above.trim_end() {
        text.clear();
    }
}

/// Ends the answer before a line that says what the next line says.
fn drop_next_line(text: &mut String, place: &Place) {
    let Some(next) = place.next_line() else {
        return;
    };
    let line_before = place.line_before();
    let first_end = text.find('\n').unwrap_or(text.len());
    let with_rest = line_before.to_owned() + &text[..first_end] + place.rest_of_line();
    let mut start = 0;
    let mut end = None;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let whole = match index {
            0 => line_before.to_owned() + line,
            _ => line.to_owned(),
        };
        let repeats = says_the_same(&whole, next)
            || (index == 0 && place.is_inside_line() && says_the_same(&with_rest, next));
        if repeats && !line.trim().is_empty() {
            let is_telling = significant(next) >= TELLING;
            if is_telling || closes_from_above(text, start..start + line.len(), place) {
                end = Some(start);
                break;
            }
        }
        start += line.len();
    }
    let Some(end) = end else { return };
    text.truncate(end);
    // What is left was meant to go on.
    if leaves_open(place.around(), text).is_some() {
        text.clear();
    }
}

/// A closing bracket in these bytes of the answer has its partner before the answer's line, or nowhere.
fn closes_from_above(text: &str, bytes: std::ops::Range<usize>, place: &Place) -> bool {
    let line_before = place.line_before();
    let found = scan(&(line_before.to_owned() + text), 0, place.lexis);
    let unmatched = found
        .unmatched
        .iter()
        .filter_map(|bracket| bracket.at.checked_sub(line_before.len()));
    unmatched.into_iter().any(|at| bytes.contains(&at))
}

/// Removes what the rest of the line says too: an end of the answer with which the rest begins, whatever its blanks, or all of the rest in
/// the middle of the answer. Of several ways the one that keeps the brackets as they were; of those the one that removes most.
fn trim_overlap(text: &mut String, place: &Place) {
    let rest = place.rest_of_line().trim_end();
    if rest.is_empty() {
        return;
    }
    let without = imbalance("", place);
    let cost = |end: usize| imbalance(&text[..end], place).more_than(&without);
    let untouched = cost(text.len());
    let rest_is_telling = significant(rest) >= TELLING;
    let ends = text.char_indices().map(|(at, _)| at);
    let best = ends
        .filter_map(|end| {
            let tail = &text[end..];
            if tail.starts_with([' ', '\t']) && !rest.starts_with([' ', '\t']) {
                return None;
            }
            if text[..end].ends_with(is_word_char) && tail.starts_with(is_word_char) {
                return None;
            }
            let overlaps = begins_with(rest, tail);
            if !overlaps && !begins_with(tail, rest) {
                return None;
            }
            let cost = cost(end);
            // A few characters in the middle agree by chance, unless it is the brackets that say so.
            (overlaps || cost < untouched || (rest_is_telling && cost == untouched))
                .then_some((cost, end))
        })
        .min();
    if let Some((cost, end)) = best
        && cost <= untouched
    {
        text.truncate(end);
    }
}

/// Whether `text` begins with `start`, blanks left aside.
fn begins_with(text: &str, start: &str) -> bool {
    let plain = |text| {
        let text: &str = text;
        text.chars().filter(|c| !c.is_whitespace())
    };
    let mut of_text = plain(text);
    let mut of_start = plain(start).peekable();
    of_start.peek().is_some() && of_start.all(|c| of_text.next() == Some(c))
}

/// What does not pair up when a text stands at a place.
struct Imbalance {
    own_open: usize,
    open_above: usize,
    unmatched: usize,
}

impl Imbalance {
    fn more_than(&self, other: &Self) -> usize {
        self.own_open
            + self.open_above.saturating_sub(other.open_above)
            + self.unmatched.saturating_sub(other.unmatched)
    }
}

fn imbalance(text: &str, place: &Place) -> Imbalance {
    let whole = place.before.to_owned() + text + place.rest_of_line();
    let own = place.before.len()..place.before.len() + text.len();
    let found = scan(&whole, 0, place.lexis);
    Imbalance {
        own_open: found
            .open
            .iter()
            .filter(|bracket| own.contains(&bracket.at))
            .count(),
        open_above: found
            .open
            .iter()
            .filter(|bracket| bracket.at < own.start)
            .count(),
        unmatched: found.unmatched.len(),
    }
}

/// Ends an answer that leaves brackets open at the last line where it does not. One line that opens a block may stay, because it was
/// likely enough to be shown like that: see `show`.
fn drop_what_stays_open(text: &mut String, place: &Place) {
    let around = place.around();
    let plain = text.trim_end();
    let is_fine = match leaves_open(around, plain) {
        None => true,
        Some(Open::Block) => plain.ends_with('{') && !plain.trim_start().contains('\n'),
        Some(Open::Other) => false,
    };
    if is_fine {
        return;
    }
    let ends = text.match_indices('\n').map(|(at, _)| at);
    let closed = ends.into_iter().rfind(|end| {
        let lines = &text[..*end];
        !lines.trim().is_empty() && leaves_open(around, lines).is_none()
    });
    match closed {
        // The line feed keeps what stands behind the cursor on a line of its own.
        Some(end) if place.is_above_line() => {
            text.truncate(end);
            end_line(text, place.line_before());
        }
        end => text.truncate(end.unwrap_or(0)),
    }
}

#[cfg(test)]
impl<'a> Place<'a> {
    /// A place in a file of no language, whose lines end in LF.
    pub fn in_plain_text(before: &'a str, after: &'a str) -> Self {
        Self {
            before,
            after,
            line_end: "\n",
            lexis: Lexis::TEXT,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fitted(before: &str, raw: &str, after: &str) -> String {
        fit(
            raw,
            Place::in_plain_text(before, after),
            false,
            Rules::default(),
        )
        .text
    }

    #[test]
    fn answers_fit_what_stands_around_the_cursor() {
        let cases = [
            // before the cursor, raw, after it, fitted
            ("f(", "items)", ")\n", "items"),
            ("f(", "items):", "):\n", "items"),
            ("f(", "items", ")\n", "items"),
            ("f(", "a, b)\nmore", ")\n", "a, b"),
            ("    ", "x = 1\nreturn x\n", "\n    return x\n", "x = 1"),
            ("    ", "x = 1\ny = 2", "\n    return x\n", "x = 1\ny = 2"),
            ("    ", "return x", "\n    return x\n", ""),
            ("    re", "turn x", "\n    return x\n", ""),
            ("a", "é)", "é)\n", ""),
            ("f()", "\n    g()", "\n", "\n    g()"),
            ("", "done   \n\n", "", "done"),
        ];
        for (before, raw, after, expected) in cases {
            assert_eq!(
                fitted(before, raw, after),
                expected,
                "{before:?} {raw:?} {after:?}"
            );
        }
    }

    #[test]
    fn lines_above_a_line_keep_it_on_its_own() {
        assert_eq!(fitted("", "    x = 1\n", "    return x\n"), "    x = 1\n");
        assert_eq!(
            fitted("    ", "if y:\n        y()\n    ", "return x\n"),
            "if y:\n        y()\n    "
        );
        assert_eq!(
            fitted("", "    x = 1\n    return x\n", "    return x\n"),
            "    x = 1\n"
        );
        assert_eq!(fitted("    ", "return x", "return x\n"), "");
        assert_eq!(fitted("    ", "\n    ", "return x\n"), "");
        let place = Place::in_plain_text("    ", "return x\n");
        let rules = Rules::default();
        assert_eq!(fit("x = 1", place, true, rules).text, "x = 1\n    ");
    }

    #[test]
    fn what_nobody_can_see_is_not_offered() {
        for (before, raw, after, expected) in [
            ("x = ", "\"\u{1b}[0m\"", "\n", ""),
            ("x = ", "1\ny = \"\u{1b}]0;title\u{7}\"\nz = 2", "\n", "1"),
            ("x = ", "1  # \u{202e}evil\u{2066}", "\n", ""),
            ("x = ", "1\ny\0\0\0", "\n", "1"),
            ("x = ", "a\u{9b}2J", "\n", ""),
            ("x = ", "a\u{feff}b\nc", "\n", ""),
            ("f(", "a\u{e0061})", ")\n", ""),
            (
                "",
                "if x:\r\n\ty = \"größe 漢 👨\u{200d}👩\"",
                "\n",
                "if x:\n\ty = \"größe 漢 👨\u{200d}👩\"",
            ),
        ] {
            assert_eq!(fitted(before, raw, after), expected, "{raw:?}");
        }
        let place = Place::in_plain_text("x = ", "\n");
        let hidden = fit("a\u{1b}", place, false, Rules::default());
        assert_eq!(hidden.changed_by, [Rule::HiddenSign]);
    }

    #[test]
    fn line_ends_are_those_of_the_file() {
        let place = |line_end| Place {
            line_end,
            ..Place::in_plain_text("", "")
        };
        let fit = |raw, place| fit(raw, place, false, Rules::default()).text;
        assert_eq!(fit("a\nb\r\nc", place("\r\n")), "a\r\nb\r\nc");
        assert_eq!(fit("a\r\nb", place("\n")), "a\nb");
    }

    #[test]
    fn brackets_stay_as_they_were() {
        for (before, raw, after, expected) in [
            // The closer is the answer's own: that of the line closes something else.
            ("f(", "g(x)", ")\n", "g(x)"),
            ("f(", "g(x))", ")\n", "g(x)"),
            ("call(\n    ", "g(x)", ")\n", "g(x)"),
            ("x = [", "f(a", "), b]\n", "f(a"),
            ("if (", "a && b) {", ") {\n", "a && b"),
            ("if (", "a && b) { f(); }", ") {\n", "a && b"),
            ("f(", "a, b, c", ", d)\n", "a, b, c"),
            ("x = f(", "a,b) + g(c)", ") + g(c);\n", "a,b"),
            ("x = ", "a  + b;", " + b;\n", "a"),
            // What stays open is not shown, or only as far as nothing is.
            ("x = ", "f(a,", "\n", ""),
            ("x = ", "f(a)\ny = g(", "\n", "f(a)"),
            ("if x ", "{", "\n", "{"),
            ("if x ", "{\n    a", "\n", ""),
        ] {
            assert_eq!(
                fitted(before, raw, after),
                expected,
                "{before:?} {raw:?} {after:?}"
            );
        }
    }

    #[test]
    fn nothing_is_said_twice() {
        for (before, raw, after, expected, rule) in [
            (
                "a\n",
                "x = f(1)\ny = 2",
                "\ny  =  2;\n",
                "x = f(1)",
                Some(Rule::NextLine),
            ),
            ("", "let x = 1", "\nlet x = 1;\n", "", Some(Rule::NextLine)),
            ("f(", "a", ")\nf(a)\n", "", Some(Rule::NextLine)),
            (
                "",
                "if a {\n    b();\n}",
                "\n}\n",
                "if a {\n    b();\n}",
                None,
            ),
            ("", "b();\n}", "\n}\n", "b();", Some(Rule::NextLine)),
            (
                "",
                "if a {\n    b();\n}",
                "\n    b();\n",
                "",
                Some(Rule::NextLine),
            ),
            (
                "    self.a = b\n    se",
                "lf.a = b",
                "\n",
                "",
                Some(Rule::LineAbove),
            ),
            ("    0, 0, 0,\n    0, ", "0, 0,", "\n", "0, 0,", None),
            ("    self.a = b\n  se", "lf.a = b", "\n", "lf.a = b", None),
        ] {
            let place = Place::in_plain_text(before, after);
            let fitted = fit(raw, place, false, Rules::default());
            assert_eq!(
                (fitted.text.as_str(), fitted.changed_by.last().copied()),
                (expected, rule),
                "{before:?} {raw:?} {after:?}"
            );
        }
    }

    #[test]
    fn rules_that_are_off_do_nothing() {
        let place = Place::in_plain_text("f(", ")\nf(a)\n");
        let rules = Rules::default()
            .without(Rule::Overlap)
            .without(Rule::NextLine);
        assert_eq!(fit("a)", place, false, rules).text, "a)");
    }

    #[test]
    fn words_that_are_whole_are_known() {
        for (before, after, inside) in [
            ("pri", "nt()", true),
            ("print", "()", false),
            ("x = ", "y", false),
            ("é", "_", true),
        ] {
            let place = Place::in_plain_text(before, after);
            assert_eq!(place.is_inside_word(), inside, "{before} {after}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn no_answer_repeats_the_next_line_or_leaves_a_bracket_open(
            before in "[a-c(){}\\[\\] ,;\"'\n]{0,24}",
            raw in "[a-c(){}\\[\\] ,;\"'\n]{0,24}",
            rest in "[a-c(){}\\[\\] ,;]{0,6}",
            // What stands below is often what the answer says.
            below in 0usize..4,
            at_line_end in any::<bool>(),
        ) {
            let next = match below {
                0 => raw.lines().next().unwrap_or_default().to_owned(),
                1 => last_line(&before).to_owned() + raw.lines().next().unwrap_or_default(),
                2 => raw.lines().nth(1).unwrap_or_default().to_owned(),
                _ => "abc".to_owned(),
            };
            let after = format!("{rest}\n{next}\nend\n");
            let place = Place::in_plain_text(&before, &after);
            let text = fit(&raw, place, at_line_end, Rules::default()).text;
            let next = after.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default();
            if !text.is_empty() && significant(next) >= TELLING {
                for (index, line) in text.trim_end().split('\n').enumerate() {
                    let whole = if index == 0 { place.line_before().to_owned() + line } else { line.to_owned() };
                    prop_assert!(line.trim().is_empty() || place.is_above_line() || !says_the_same(&whole, next), "{text:?}");
                }
            }
            let shown = text.trim_end();
            let opens_block = shown.ends_with('{') && leaves_open(place.around(), shown) == Some(Open::Block);
            prop_assert!(text.is_empty() || opens_block || leaves_open(place.around(), shown).is_none(), "{text:?}");
        }
    }
}
