//! Which of several lines the code below goes on from. A model that fills a gap looks at the text behind it less than at the text before, and takes
//! its likeliest token at each step; so a line is weighed with what comes then: how likely the model finds the next line behind it. Owns where
//! that tells something and how much it counts; generates nothing and evaluates nothing.

use super::{
    brackets::is_closer,
    post::{self, Place},
    rules::Rule,
    site::{Site, indentation, last_line},
};
use crate::words::is_word_char;

/// A line that is this likely is taken as it is: no other one could make up for it.
pub const CERTAIN: f32 = 0.8;

/// How much the code below counts beside the line itself, both as logarithms. Half: more lines than one may be missing above it.
const WEIGHT: f32 = 0.5;

/// More of the text below is not looked at: the engine weighs some tokens of it.
const BELOW_CHARS: usize = 200;

/// A line and what stands behind it, for the engine to weigh.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighing {
    /// From the place on, as it would stand there.
    pub line: String,
    /// What follows it then.
    pub below: String,
}

/// What to weigh of `text`, a line with what closes its brackets; `None` where the text behind the place tells nothing of it: a blank line, the
/// end of a block, whose last line it may not be, and what an editor closes by itself.
pub fn weighing(site: &Site, text: &str) -> Option<Weighing> {
    let after = site.rest_of_line.clone() + &site.below;
    let place = Place {
        before: &site.before,
        after: &after,
        line_end: "\n",
        lexis: site.lexis,
    };
    let fitted = post::fit(text, place, true, site.rules).text;
    let line = fitted.trim_end();
    let tells = match site.is_inside_line() {
        true => site.rest_of_line.contains(is_word_char),
        false => goes_on(site, line, &after),
    };
    if !tells || line.trim().is_empty() || !site.rules.contains(Rule::CodeBelow) {
        return None;
    }
    let below = fitted[line.len()..].chars().chain(after.chars());
    Some(Weighing {
        line: line.to_owned(),
        below: below.take(BELOW_CHARS).collect(),
    })
}

/// The line directly below `text` is in the same block or in one that `text` opens.
fn goes_on(site: &Site, text: &str, after: &str) -> bool {
    let is_above_line = !site.rest_of_line.trim().is_empty();
    let Some(next) = after.lines().nth(usize::from(!is_above_line)) else {
        return false;
    };
    let whole = last_line(&site.before).to_owned() + text;
    let first = whole.trim_start_matches('\n').lines().next();
    !next.trim().is_empty()
        && indentation(next) >= first.map_or(0, indentation)
        && !next.trim_start().starts_with(is_closer)
}

/// How good a line is that has `probability`, if the code below has `log_probability` behind it. Higher is better, 0 is best.
pub fn score(probability: f32, log_probability: f32) -> f32 {
    probability.ln() + WEIGHT * log_probability
}

#[cfg(test)]
mod tests {
    use grammars::Language;

    use super::*;
    use crate::completion::{cache::Surroundings, rules::Rules};

    #[test]
    fn a_line_is_weighed_where_the_code_below_goes_on_from_it() {
        for (language, marked, line, expected) in [
            // In the same block, and in one that the line opens.
            (
                "python",
                "def f(a):\n    $0\n    b += 1\n",
                "b = a",
                Some(("b = a", "\n    b += 1\n")),
            ),
            (
                "python",
                "def f(a):\n    $0\n        b += 1\n",
                "if a:",
                Some(("if a:", "\n        b += 1\n")),
            ),
            (
                "rust",
                "fn f() {\n    let $0\n    g(a);\n}\n",
                "a = 1;",
                Some(("a = 1;", "\n    g(a);\n}\n")),
            ),
            // The line is yet to be made.
            (
                "python",
                "def f(a):\n$0    b += 1\n",
                "    b = a",
                Some(("    b = a", "\n    b += 1\n")),
            ),
            // What stands in the line goes on from it, not what the editor has closed.
            (
                "python",
                "x = f($0, key=len)\n",
                "a",
                Some(("a", ", key=len)\n")),
            ),
            ("python", "x = f($0)\n", "a", None),
            // It may not be the last line of its block.
            ("python", "if a:\n    $0\nb = 1\n", "c = 1", None),
            ("rust", "fn f() {\n    $0\n}\n", "g();", None),
            // Or of its paragraph.
            ("python", "def f(a):\n    $0\n\n    b += 1\n", "b = a", None),
            ("python", "def f(a):\n    $0", "b = a", None),
        ] {
            let language = Language::by_lsp_id(language);
            let grammar = language.and_then(Language::parser);
            let around = Surroundings::of_cursor(marked);
            let weighed = |rules: Rules| {
                let site = Site::new(&around, language, grammar.clone(), rules);
                weighing(&site, line)
            };
            let expected = expected.map(|(line, below)| Weighing {
                line: line.to_owned(),
                below: below.to_owned(),
            });
            assert_eq!(weighed(Rules::default()), expected, "{marked:?}");
            assert_eq!(weighed(Rules::default().without(Rule::CodeBelow)), None);
        }
    }
}
