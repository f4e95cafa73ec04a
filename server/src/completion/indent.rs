//! Indents an answer with what the file indents with. Pure.

use super::{post::Place, site::indentation};

/// What a file indents with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Tab,
    Spaces(usize),
}

/// Widths of a level that models use when they ought to use tabs, the most usual first.
const WIDTHS: [usize; 3] = [4, 2, 8];

/// Gives the lines of an answer behind its first the file's indentation, where they have another.
pub fn as_in_file(text: &mut String, place: &Place) {
    let Some((first, more)) = text.split_once('\n') else {
        return;
    };
    let Some(unit) = unit_of(place.before) else {
        return;
    };
    let line_before = place.line_before();
    let tabs = line_before.len() - line_before.trim_start_matches('\t').len();
    let opens = line_before.trim_end().ends_with(['{', '(', '[', ':']);
    let width = width_of(more, tabs + usize::from(opens));
    let mended: Vec<String> = more
        .split('\n')
        .map(|line| mend(line, unit, width))
        .collect();
    *text = format!("{first}\n{}", mended.join("\n"));
}

fn mend(line: &str, unit: Unit, width: usize) -> String {
    let (blanks, body) = line.split_at(indentation(line));
    let is_all = |c: char| blanks.chars().all(|blank| blank == c);
    match unit {
        // Spaces behind tabs align something.
        Unit::Tab if !blanks.is_empty() && is_all(' ') => {
            "\t".repeat(blanks.len() / width) + &" ".repeat(blanks.len() % width) + body
        }
        Unit::Spaces(spaces) => blanks.replace('\t', &" ".repeat(spaces)) + body,
        Unit::Tab => line.to_owned(),
    }
}

/// `None` if nothing is indented, or some lines with tabs and some with spaces.
fn unit_of(before: &str) -> Option<Unit> {
    let mut tabs = false;
    let mut least = usize::MAX;
    for line in before.lines() {
        if line.starts_with('\t') {
            tabs = true;
        } else if line.starts_with("  ") {
            least = least.min(indentation(line));
        }
    }
    match (tabs, least) {
        (true, usize::MAX) => Some(Unit::Tab),
        (false, 2..=8) => Some(Unit::Spaces(least)),
        _ => None,
    }
}

/// How many spaces the answer means by a level, if its first indented line is at `level`.
fn width_of(lines: &str, level: usize) -> usize {
    let first = lines
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(indentation)
        .find(|spaces| *spaces > 0);
    let fits = |width: &usize| first == Some(level * width);
    WIDTHS.into_iter().find(fits).unwrap_or(WIDTHS[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_indented_as_the_file() {
        for (before, answer, expected) in [
            (
                "func f() {\n\tif x {",
                "\n        g()\n    }",
                "\n\t\tg()\n\t}",
            ),
            ("func f() {\n\tif x {", "\n    g()\n  }", "\n\t\tg()\n\t}"),
            ("func f() {\n\tif x {", "\n\t\tg()\n\t}", "\n\t\tg()\n\t}"),
            ("class A:\n  def f():\n", "    x\n\ty", "    x\n  y"),
            ("def f():\n    if x:", "\n\t\tg()", "\n        g()"),
            ("def f():", "\n    g()", "\n    g()"),
            ("\ta\n    b {", "\n    g()", "\n    g()"),
        ] {
            let place = Place::in_plain_text(before, "");
            let mut text = answer.to_owned();
            as_in_file(&mut text, &place);
            assert_eq!(text, expected, "{before:?} {answer:?}");
        }
    }
}
