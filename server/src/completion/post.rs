//! What becomes of the model's text before the user sees it. Pure text rules: fit the file's line ends, and say nothing twice
//! that already stands behind the cursor.

/// Fits a raw answer into the file: `after` is the text behind the cursor, `line_end` what the file ends its lines with.
/// The result may be empty.
pub fn fit(raw: &str, after: &str, line_end: &str) -> String {
    let mut text = raw.replace("\r\n", "\n").replace('\r', "");
    let after = after.replace("\r\n", "\n");
    let rest_of_line = after.split('\n').next().unwrap_or_default();

    if !rest_of_line.trim().is_empty() {
        // In the middle of a line there is no room for more lines.
        text.truncate(text.find('\n').unwrap_or(text.len()));
        trim_overlap(&mut text, rest_of_line);
    } else {
        let next_line = after.lines().skip(1).find(|line| !line.trim().is_empty());
        if let Some(next_line) = next_line {
            cut_repeated_line(&mut text, next_line);
        }
    }
    text.truncate(text.trim_end().len());
    if line_end == "\n" {
        text
    } else {
        text.replace('\n', line_end)
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

/// Ends `text` before a line, other than its first, that says what `next_line` says.
fn cut_repeated_line(text: &mut String, next_line: &str) {
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if index > 0 && line.trim() == next_line.trim() {
            text.truncate(at);
            return;
        }
        at += line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::fit;

    #[test]
    fn answers_fit_what_stands_behind_the_cursor() {
        let cases = [
            // raw, after the cursor, fitted
            ("items)", ")\n", "items"),
            ("items):", "):\n", "items"),
            ("items", ")\n", "items"),
            ("a, b)\nmore", ")\n", "a, b"),
            ("x = 1\nreturn x\n", "\n    return x\n", "x = 1"),
            ("x = 1\ny = 2", "\n    return x\n", "x = 1\ny = 2"),
            ("return x", "\n    return x\n", "return x"),
            ("é)", "é)\n", ""),
            ("done   \n\n", "", "done"),
        ];
        for (raw, after, fitted) in cases {
            assert_eq!(fit(raw, after, "\n"), fitted, "{raw:?} before {after:?}");
        }
    }

    #[test]
    fn line_ends_are_those_of_the_file() {
        assert_eq!(fit("a\nb\r\nc", "", "\r\n"), "a\r\nb\r\nc");
        assert_eq!(fit("a\r\nb", "", "\n"), "a\nb");
    }
}
