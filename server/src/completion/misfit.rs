//! Whether the line that the model finds likeliest can stand where it is to stand. A line that says the next one again, or after which
//! the code below no longer parses or lacks a name, is no answer, however likely: then another line is tried. Owns what a misfit is and
//! where another line parts from it; generates nothing.

use std::time::Duration;

use ropey::Rope;

use super::{
    brackets::scan,
    generation::TokenEnd,
    post::{self, Place},
    rules::Rule,
    show::leaves_open,
    site::{BlockStyle, Site, indentation, last_line},
};
use crate::{syntax, words::is_word_char};

/// Lines that are tried at one place.
pub const GUESSES: usize = 3;

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

/// A line that was generated, from the place on, and cannot stand there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attempt {
    pub text: String,
    /// Where the tokens end in `text`.
    pub tokens: Vec<TokenEnd>,
    /// Another line parts from it before this byte.
    pub parts_before: usize,
}

impl Attempt {
    /// The token that follows `kept`, if it begins with that.
    fn next_token(&self, kept: &str) -> Option<(&str, f32)> {
        let start = kept.len();
        let is_boundary = start == 0 || self.tokens.iter().any(|token| token.at == start);
        let next = self.tokens.iter().find(|token| token.at > start)?;
        (is_boundary && self.text.starts_with(kept))
            .then(|| (&self.text[start..next.at], next.probability))
    }
}

/// Where the next guess parts from the attempts before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parting {
    /// What it begins with, and where the tokens end in that.
    pub kept: String,
    pub tokens: Vec<TokenEnd>,
    /// How the attempts go on that begin with that.
    pub avoided: Vec<String>,
    /// What led to it.
    pub rule: Rule,
}

/// The next line to try at `site`. After the first attempt that is one which defines the name that the code below needs.
pub fn next_guess(site: &Site, attempts: &[Attempt]) -> Option<Parting> {
    let first = attempts
        .first()
        .filter(|_| attempts.len() == 1 && site.rules.contains(Rule::NeededName));
    let opening =
        first.and_then(|first| Some((first, site.needs.opening_line(site, &first.text)?)));
    if let Some((first, kept)) = opening.filter(|(first, _)| site.needs.are_missed_by(&first.text))
    {
        // At most what the model did not give the word that it would rather have begun with.
        let word = first
            .tokens
            .iter()
            .find(|token| !first.text[..token.at].trim().is_empty());
        let probability = word.map_or(1.0, |word| 1.0 - word.probability);
        return Some(Parting {
            tokens: vec![TokenEnd {
                at: kept.len(),
                probability,
            }],
            kept,
            avoided: Vec::new(),
            rule: Rule::NeededName,
        });
    }
    parting(attempts).filter(|_| site.rules.contains(Rule::SecondGuess))
}

/// Where another line most likely parts from `attempts`: where what they begin with, times what is left for other tokens there, is greatest.
fn parting(attempts: &[Attempt]) -> Option<Parting> {
    let mut best: Option<(f32, &Attempt, usize)> = None;
    for attempt in attempts {
        let (mut start, mut before) = (0, 1.0);
        for token in &attempt.tokens {
            let kept = &attempt.text[..start];
            // The token that the answer's first word is in may begin with the indentation.
            let is_blank = attempt.text[..token.at].trim().is_empty();
            if !is_blank && start < attempt.parts_before {
                let score = before * (1.0 - taken(attempts, kept));
                if best.is_none_or(|(best, ..)| score > best) {
                    best = Some((score, attempt, start));
                }
            }
            before *= token.probability;
            start = token.at;
        }
    }
    let (_, attempt, start) = best?;
    let kept = &attempt.text[..start];
    let tokens = attempt.tokens.iter().take_while(|token| token.at <= start);
    let going_on = attempts
        .iter()
        .filter(|other| other.next_token(kept).is_some());
    Some(Parting {
        avoided: going_on
            .map(|other| other.text[start..].to_owned())
            .collect(),
        tokens: tokens.copied().collect(),
        kept: kept.to_owned(),
        rule: Rule::SecondGuess,
    })
}

/// How likely it was that one of the attempts goes on behind `kept`.
fn taken(attempts: &[Attempt], kept: &str) -> f32 {
    let mut next: Vec<(&str, f32)> = attempts
        .iter()
        .filter_map(|attempt| attempt.next_token(kept))
        .collect();
    next.sort_by_key(|(text, _)| *text);
    next.dedup_by_key(|(text, _)| *text);
    next.iter().map(|(_, probability)| probability).sum()
}

#[cfg(test)]
mod tests {
    use grammars::Language;

    use super::*;
    use crate::completion::{cache::Surroundings, needs::Needs, rules::Rules};

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

    #[test]
    fn after_a_line_that_lacks_a_name_comes_one_that_defines_it() {
        let next = |marked: &str, tokens: &[(&str, f32)], rules| {
            let language = Language::by_lsp_id("python");
            let grammar = language.and_then(Language::parser);
            let mut site = Site::new(&Surroundings::of_cursor(marked), language, grammar, rules);
            site.needs = Needs::of_cursor("python", marked);
            let mut attempt = attempt(tokens);
            attempt.parts_before = misfit(&site, &attempt.text)?;
            let parting = next_guess(&site, &[attempt])?;
            Some((parting.kept, parting.rule))
        };
        let all = Rules::default();
        let needed = |kept: &str| Some((kept.to_owned(), Rule::NeededName));
        let at_start = "def f(a):\n$0    for b in a:\n        c += b\n    return c\n";
        let returns = [("    return", 0.6), (" a", 0.9)];
        assert_eq!(next(at_start, &returns, all), needed("    c"));
        assert_eq!(next(at_start, &[("    c", 0.6), (" = 0", 0.9)], all), None);
        assert_eq!(
            next(
                &at_start.replace("$0    ", "    $0\n    "),
                &[("return", 0.6), (" a", 0.9)],
                all
            ),
            needed("c")
        );
        // What the lines below belong to.
        let loops = "def f(a):\n$0        g(b)\n    return a\n";
        assert_eq!(next(loops, &returns, all), needed("    for b"));
        // Where they stand, not where the model is.
        let outer = "def f(a):\n    while a:\n        g(a)\n$0    return b\n";
        assert_eq!(
            next(outer, &[("        g", 0.6), ("(1)", 0.9)], all),
            needed("    b")
        );
        let without = all.without(Rule::NeededName);
        let other = next(at_start, &returns, without).map(|(_, rule)| rule);
        assert_eq!(other, Some(Rule::SecondGuess));
        assert_eq!(
            next(at_start, &returns, without.without(Rule::SecondGuess)),
            None
        );
    }

    fn attempt(tokens: &[(&str, f32)]) -> Attempt {
        let mut attempt = Attempt::default();
        for (text, probability) in tokens {
            attempt.text += text;
            attempt.tokens.push(TokenEnd {
                at: attempt.text.len(),
                probability: *probability,
            });
        }
        attempt.parts_before = attempt.text.len();
        attempt
    }

    #[test]
    fn another_line_parts_where_it_is_likeliest_to() {
        let first = attempt(&[("    ", 0.1), ("return", 0.8), (" a", 0.5), (" + b", 0.6)]);
        let parting_of = |attempts: &[Attempt]| {
            let Parting {
                kept,
                tokens,
                avoided,
                ..
            } = parting(attempts).unwrap();
            (kept, tokens.len(), avoided)
        };
        // 0.8 * 0.5 is left at `a`, more than 0.2 at `return` and 0.8 * 0.5 * 0.4 at `+ b`; all of it times the indentation's 0.1.
        let at_a = ("    return".to_owned(), 2);
        let (kept, tokens, avoided) = parting_of(std::slice::from_ref(&first));
        assert_eq!(
            (kept, tokens, avoided),
            (at_a.0.clone(), at_a.1, vec![" a + b".to_owned()])
        );
        // Now 0.8 * 0.1 is left at `a`, and 0.2 at `return`.
        let second = attempt(&[("    ", 0.1), ("return", 0.8), (" c", 0.4)]);
        let (kept, tokens, avoided) = parting_of(&[first.clone(), second]);
        assert_eq!((kept.as_str(), tokens), ("    ", 1));
        assert_eq!(avoided, ["return a + b", "return c"]);
        assert_eq!(parting(&[]), None);
        // Whatever follows the word, it is no better.
        let mut first = first;
        first.parts_before = "    return".len();
        let (kept, ..) = parting_of(&[first]);
        assert_eq!(kept, "    ");
    }
}
