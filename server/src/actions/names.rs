//! What messages say of names that nothing bears, and the mends that follow from that without a model: the name that the tool proposes; or the
//! member of that name of the object itself; or a class that is made with `new`; or the only name of the file that the unknown one is a slip of
//! the pen away from.

use std::ops::Range;

use super::Problem;
use crate::completion::site::indentation;
use crate::words::is_word_char;

/// What messages say of a name that means nothing. Lower case.
pub const UNKNOWN: [&str; 13] = [
    "not defined",
    "undefined",
    "undeclared",
    "not declared",
    "cannot find",
    "can't find",
    "not found in",
    "not in scope",
    "unresolved",
    "no attribute",
    "no member",
    "not a member",
    "does not exist",
];

/// What messages say of a member that is there, but is not what it is used as. Lower case.
const MISUSED: [&str; 3] = ["is not a function", "no method named", "no field"];
/// Before what is unknown, Java's compiler says what kind of thing it is.
const SYMBOL: &str = "symbol: ";

/// What stands before a name that a tool proposes: GCC, clang, TypeScript, Python, Swift; rustc. Lower case.
const PROPOSALS: [&str; 2] = ["did you mean", "a similar name exists"];
/// A proposal to do something, not a name.
const DEED: &str = "did you mean to";

/// Shorter names are often one sign from another one.
const LEAST_MISSPELT: usize = 4;

/// What messages say of a class that is called like a function: JavaScript, TypeScript. Lower case.
const WITHOUT_NEW: [&str; 2] = [
    "cannot be invoked without 'new'",
    "did you mean to include 'new'",
];
/// What Java's compiler says before the name of a function that it does not know.
const UNKNOWN_METHOD: &str = "symbol: method ";

/// Another name in the place of one that means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renaming {
    /// Bytes of the document.
    pub range: Range<usize>,
    /// With what has to stand before it.
    pub name: String,
}

impl Renaming {
    /// What mends `problem`, if its message and the document leave no choice.
    pub fn of(document: &str, problem: &Problem) -> Option<Self> {
        proposed(document, problem)
            .or_else(|| own_member(document, problem))
            .or_else(|| made_with_new(document, problem))
            .or_else(|| misspelt(document, problem))
    }
}

/// The name that the tool proposes.
fn proposed(document: &str, problem: &Problem) -> Option<Renaming> {
    let message = problem.message.to_ascii_lowercase();
    let at = PROPOSALS.iter().find_map(|words| message.find(words))?;
    if message[at..].starts_with(DEED) {
        return None;
    }
    let (said, proposal) = problem.message.split_at(at);
    let name = quoted(proposal).next()?;
    let is_name =
        name.starts_with(is_word_char) && name.chars().all(|c| is_word_char(c) || ".:".contains(c));
    let range = quoted(said)
        .filter(|unknown| *unknown != name)
        .find_map(|unknown| place(document, problem, unknown))?;
    is_name.then(|| Renaming {
        range,
        name: name.to_owned(),
    })
}

/// The member of the object itself that has the unknown name: one that stands elsewhere behind `self.` or `this.`.
fn own_member(document: &str, problem: &Problem) -> Option<Renaming> {
    let line = &document[line_around(document, problem)?];
    let unknown = unknown_name(problem, line)?;
    let range = place(document, problem, unknown)?;
    let before = &document[..range.start];
    if before.ends_with('.') {
        return None;
    }
    let is_known = |own: &&str| mentions(document, &format!("{own}.{unknown}"));
    let own = ["self", "this"].into_iter().find(is_known)?;
    // A function without `self` has no such members; `this` is not said in the head.
    let is_head = |head: &&str| {
        indentation(head) < indentation(line) && (mentions(head, "def") || mentions(head, "fn"))
    };
    let has_own = || {
        let head = before.lines().rev().skip(1).find(is_head);
        head.is_some_and(|head| mentions(head, own))
    };
    (own == "this" || has_own()).then(|| Renaming {
        range,
        name: format!("{own}.{unknown}"),
    })
}

/// The class that is called like a function.
fn made_with_new(document: &str, problem: &Problem) -> Option<Renaming> {
    let called = if says(problem, &WITHOUT_NEW) {
        &problem.message
    } else {
        problem.message.split_once(UNKNOWN_METHOD)?.1
    };
    let line = line_around(document, problem)?;
    // Where it is called: its name may stand there as a type as well.
    let is_called = |name: &str, at: usize| {
        let [before, behind] = [&document[line.start..at], &document[at + name.len()..]];
        behind.starts_with('(') && !before.trim_end().ends_with("new")
    };
    let classes = words(called).filter(|word| word.starts_with(char::is_uppercase));
    let mut calls = classes.flat_map(|name| {
        let all = places(&document[line.clone()], name).map(|at| line.start + at);
        let calls: Vec<usize> = all.filter(|at| is_called(name, *at)).collect();
        calls.into_iter().map(move |at| (at, name))
    });
    let (at, name) = calls.next()?;
    calls.next().is_none().then(|| Renaming {
        range: at..at + name.len(),
        name: format!("new {name}"),
    })
}

/// The only similar name of the document, if the unknown one stands nowhere else.
fn misspelt(document: &str, problem: &Problem) -> Option<Renaming> {
    let line = &document[line_around(document, problem)?];
    let unknown = unknown_name(problem, line)?;
    let range = place(document, problem, unknown)?;
    if unknown.len() < LEAST_MISSPELT || words(document).filter(|word| *word == unknown).count() > 1
    {
        return None;
    }
    // `items` may be what is meant where there is only `item`, and so may `limit2`.
    let is_other = |word: &str| {
        let ends = |text: &str| text.ends_with(|c: char| c == 's' || c.is_ascii_digit());
        word.len() < LEAST_MISSPELT
            || (ends(word) || ends(unknown))
                && word[..word.len() - 1] == unknown[..unknown.len() - 1]
            || word.strip_prefix(unknown).is_some()
            || unknown.strip_prefix(word).is_some()
    };
    let mut similar = words(document).filter(|word| is_misspelt(unknown, word) && *word != unknown);
    let name = similar.next()?;
    let is_only = similar.all(|other| other == name);
    (is_only && name.is_ascii() && unknown.is_ascii() && !is_other(name)).then(|| Renaming {
        range,
        name: name.to_owned(),
    })
}

/// The name that a problem says to be unknown, where it is one of `line`.
pub fn unknown_name<'a>(problem: &'a Problem, line: &str) -> Option<&'a str> {
    says(problem, &UNKNOWN).then(|| named(problem, line))?
}

/// The same, or the name of a member that is not what it is used as: then the fault may be in its place, or where the object comes from.
pub fn suspect_name<'a>(problem: &'a Problem, line: &str) -> Option<&'a str> {
    let is_suspect = says(problem, &UNKNOWN) || says(problem, &MISUSED);
    is_suspect.then(|| named(problem, line))?
}

fn says(problem: &Problem, words: &[&str]) -> bool {
    let message = problem.message.to_lowercase();
    words.iter().any(|words| message.contains(words))
}

/// The name that a message is about, where it is one of `line`.
fn named<'a>(problem: &'a Problem, line: &str) -> Option<&'a str> {
    let symbol = problem.message.split_once(SYMBOL);
    let symbol = symbol.and_then(|(_, symbol)| words(symbol).nth(1));
    // Go does not quote it; it comes last.
    let plain = problem.message.rsplit(|c: char| !is_word_char(c));
    let mut names = symbol
        .into_iter()
        .chain(quoted(&problem.message))
        .chain(plain);
    names.find(|name| !name.is_empty() && name.chars().all(is_word_char) && mentions(line, name))
}

/// Whether `name` stands in the text as a word.
pub fn mentions(text: &str, name: &str) -> bool {
    places(text, name).next().is_some()
}

/// One letter more, less, other, or two swapped; or only their case.
pub fn is_misspelt(a: &str, b: &str) -> bool {
    if a.len().abs_diff(b.len()) > 1 || a.len().min(b.len()) < 2 {
        return false;
    }
    if a.eq_ignore_ascii_case(b) {
        return true;
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    match (a, b) {
        ([x, y], [z, w]) => x == w && y == z,
        _ => a.len() <= 1 && b.len() <= 1,
    }
}

pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_word_char(c))
        .filter(|word| !word.is_empty())
}

/// Where `name` stands at the problem: at its beginning, or else once in its line.
fn place(document: &str, problem: &Problem, name: &str) -> Option<Range<usize>> {
    let line = line_around(document, problem)?;
    let all = || places(&document[line.clone()], name).map(|at| line.start + at);
    let at = match all().find(|at| *at == problem.range.start) {
        Some(at) => at,
        None => all().next().filter(|_| all().count() == 1)?,
    };
    Some(at..at + name.len())
}

fn places<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> {
    text.match_indices(name)
        .map(|(at, _)| at)
        .filter(move |&at| {
            !name.is_empty()
                && !text[..at].ends_with(is_word_char)
                && !text[at + name.len()..].starts_with(is_word_char)
        })
}

/// The line that the problem begins in.
pub fn line_around(document: &str, problem: &Problem) -> Option<Range<usize>> {
    let at = problem.range.start;
    let start = document.get(..at)?.rfind('\n').map_or(0, |feed| feed + 1);
    let end = document[at..]
        .find('\n')
        .map_or(document.len(), |feed| at + feed);
    Some(start..end)
}

/// What stands between quotes of any form.
pub fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message
        .split(['\'', '"', '`', '‘', '’'])
        .skip(1)
        .step_by(2)
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code with its last line mended, of which the message is.
    fn mended(code: &str, message: &str) -> Option<String> {
        const REST: &str =
            "total = sum(values)\nself.expires = now + limit\nitem = 1\nwidth2 = 2\n";
        let document = format!("{REST}{code}\n");
        let at = document.trim_end().rfind('\n').unwrap() + 1;
        let problem = Problem::error(at..at, message);
        let renaming = Renaming::of(&document, &problem)?;
        let changed = format!(
            "{}{}{}",
            &document[..renaming.range.start],
            renaming.name,
            &document[renaming.range.end..]
        );
        Some(changed[REST.len()..].trim_end().to_owned())
    }

    #[test]
    fn what_a_tool_proposes_is_taken() {
        let cases = [
            (
                "return vaules->second;",
                "‘vaules’ was not declared in this scope; did you mean ‘values’?",
                Some("return values->second;"),
            ),
            (
                "optional<int> known;",
                "‘optional’ was not declared in this scope; did you mean ‘std::optional’?",
                Some("std::optional<int> known;"),
            ),
            (
                "text.substring(0, at)",
                "‘std::string’ {aka ‘class std::basic_string<char>’} has no member named ‘substring’; did you mean ‘substr’?",
                Some("text.substr(0, at)"),
            ),
            (
                "lenght(a)",
                "Cannot find name 'lenght'. Did you mean 'length'?",
                Some("length(a)"),
            ),
            (
                "if token in variables:",
                "NameError: name 'variables' is not defined. Did you mean: 'self.variables'?",
                Some("if token in self.variables:"),
            ),
            (
                "println!(\"{cuont}\");",
                "cannot find value `cuont` in this scope: help: a local variable with a similar name exists: `count`",
                Some("println!(\"{count}\");"),
            ),
            (
                "drop(cuont);",
                "cannot find value `cuont` in this scope: a similar name exists: `count`",
                Some("drop(count);"),
            ),
            (
                "load()",
                "Cannot find name 'load'. Did you mean to write this in an async function?",
                None,
            ),
            ("f(x, x)", "unknown 'x'; did you mean 'y'?", None),
            ("call", "'call' is no value; did you mean 'call()'?", None),
        ];
        for (line, message, expected) in cases {
            assert_eq!(mended(line, message).as_deref(), expected, "{message}");
        }
    }

    #[test]
    fn members_and_classes_are_named_as_such() {
        let cases = [
            (
                "class A:\n    def f(self):\n        return expires",
                "name 'expires' is not defined",
                Some("class A:\n    def f(self):\n        return self.expires"),
            ),
            (
                "def f(a):\n    return expires",
                "name 'expires' is not defined",
                None,
            ),
            (
                "class A:\n    def f(self, a):\n        return a.expires",
                "no attribute 'expires'",
                None,
            ),
            (
                "class A:\n    def f(self):\n        return unheard",
                "name 'unheard' is not defined",
                None,
            ),
            (
                "f() {\n  this.ended = 1;\n}\ng() {\n  return ended;",
                "ended is not defined",
                Some("f() {\n  this.ended = 1;\n}\ng() {\n  return this.ended;"),
            ),
            (
                "return parts.map((cents) => Money(cents));",
                "Class constructor Money cannot be invoked without 'new'",
                Some("return parts.map((cents) => new Money(cents));"),
            ),
            (
                "return Money(cents);",
                "Value of type 'typeof Money' is not callable. Did you mean to include 'new'?",
                Some("return new Money(cents);"),
            ),
            (
                "StringBuilder text = StringBuilder();",
                "cannot find symbol symbol: method StringBuilder() location: class Roman",
                Some("StringBuilder text = new StringBuilder();"),
            ),
            (
                "text.add(Name(a), Name(b));",
                "cannot find symbol symbol: method Name(String) location: class Roman",
                None,
            ),
            (
                "var text = builder();",
                "cannot find symbol symbol: method builder() location: class Roman",
                None,
            ),
        ];
        for (code, message, expected) in cases {
            assert_eq!(mended(code, message).as_deref(), expected, "{code}");
        }
    }

    #[test]
    fn the_only_similar_name_is_meant() {
        let cases = [
            ("a = totl", "totl", Some("a = total")),
            ("a = self.exipres", "exipres", Some("a = self.expires")),
            // Several, none, a name that is used as if it were right, another number, one of many.
            ("a = tota1 + tota2", "tota1", None),
            ("a = nothing", "nothing", None),
            ("totl = totl + 1", "totl", None),
            ("a = width3", "width3", None),
            ("a = items", "items", None),
            ("a = lim", "lim", None),
        ];
        for (line, name, expected) in cases {
            let message = format!("name '{name}' is not defined");
            assert_eq!(mended(line, &message).as_deref(), expected, "{line}");
        }
        assert_eq!(
            mended(
                "a = totl",
                "cannot find symbol symbol: variable totl location: class A"
            )
            .as_deref(),
            Some("a = total")
        );
        assert_eq!(mended("a = totl", "'totl' is too long"), None);
    }
}
