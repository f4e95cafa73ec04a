//! What becomes of the model's text before the user sees it. Pure text rules: fit the file's line ends, and say nothing twice
//! that already stands behind the cursor.

/// Where an answer goes.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The cursor's line up to the cursor.
    pub before: &'a str,
    /// The text behind the cursor.
    pub after: &'a str,
    /// What the file ends its lines with.
    pub line_end: &'a str,
}

impl<'a> Place<'a> {
    /// There is text on both sides of the cursor, so no room for more lines.
    pub fn is_inside_line(&self) -> bool {
        !self.before.trim().is_empty() && !self.rest_of_line().trim().is_empty()
    }

    /// Only indentation stands between the cursor's line start and the text behind it: what comes here are lines of their own.
    fn is_above_line(&self) -> bool {
        self.before.trim().is_empty() && !self.rest_of_line().trim().is_empty()
    }

    /// From the cursor to the end of its line.
    pub fn rest_of_line(&self) -> &'a str {
        self.after.split(['\n', '\r']).next().unwrap_or_default()
    }
}

/// Fits a raw answer into the file. `at_line_end`: it was cut off before a line feed. The result may be empty.
pub fn fit(raw: &str, place: Place, at_line_end: bool) -> String {
    let mut text = raw.replace("\r\n", "\n").replace('\r', "");
    let after = place.after.replace("\r\n", "\n");

    if place.is_above_line() {
        cut_repeated_line(&mut text, 0, place.rest_of_line());
        if at_line_end && !text.is_empty() {
            text.push('\n');
            text.push_str(place.before);
        }
        if !text.contains('\n') {
            trim_overlap(&mut text, place.rest_of_line());
        }
        if text.trim().is_empty() {
            text.clear();
        }
    } else {
        if place.is_inside_line() {
            text.truncate(text.find('\n').unwrap_or(text.len()));
            trim_overlap(&mut text, place.rest_of_line());
        } else if let Some(next) = after.lines().skip(1).find(|line| !line.trim().is_empty()) {
            // The first line goes on with the cursor's: what it says alone says nothing.
            let first = text.lines().next().unwrap_or_default();
            if (place.before.to_owned() + first).trim() == next.trim() {
                text.clear();
            }
            cut_repeated_line(&mut text, 1, next);
        }
        text.truncate(text.trim_end().len());
    }
    if place.line_end == "\n" {
        text
    } else {
        text.replace('\n', place.line_end)
    }
}

/// Removes the end of `text` that `rest_of_line` begins with.
fn trim_overlap(text: &mut String, rest_of_line: &str) {
    let rest = rest_of_line.trim_end();
    let overlap = rest
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .rev()
        .find(|end| text.ends_with(&rest[..*end]));
    text.truncate(text.len() - overlap.unwrap_or(0));
}

/// Ends `text` before a line that says what `next_line` says; looks at lines from the `first`.
fn cut_repeated_line(text: &mut String, first: usize, next_line: &str) {
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if index >= first && line.trim() == next_line.trim() {
            text.truncate(at);
            return;
        }
        at += line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(before: &str, raw: &str, after: &str) -> String {
        fit(
            raw,
            Place {
                before,
                after,
                line_end: "\n",
            },
            false,
        )
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
        let place = Place {
            before: "    ",
            after: "return x\n",
            line_end: "\n",
        };
        assert_eq!(fit("x = 1", place, true), "x = 1\n    ");
    }

    #[test]
    fn line_ends_are_those_of_the_file() {
        let place = |line_end| Place {
            before: "",
            after: "",
            line_end,
        };
        assert_eq!(fit("a\nb\r\nc", place("\r\n"), false), "a\r\nb\r\nc");
        assert_eq!(fit("a\r\nb", place("\n"), false), "a\nb");
    }
}
